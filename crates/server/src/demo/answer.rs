//! What the server answered.

use std::time::Duration;

use serde::de::DeserializeOwned;
use wardgraph_api::Problem;

use super::verdict::Failed;

/// An answer, whatever its status.
#[derive(Debug)]
pub(super) struct Answer {
    /// Method and path, for messages.
    pub(super) call: String,
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
    /// From the request's first byte to the answer's last.
    pub(super) took: Duration,
}

impl Answer {
    /// When to come back, if the server asks for that.
    pub(super) fn come_back(&self) -> Option<Duration> {
        matches!(self.status, 429 | 503).then(|| self.retry_after.unwrap_or(Duration::from_secs(1)))
    }

    /// The body of an answer that must have this status.
    pub(super) fn read<T: DeserializeOwned>(&self, status: u16) -> Result<T, Failed> {
        self.must_be(status)?;
        serde_json::from_slice(&self.body)
            .map_err(|error| Failed::unexpected(format!("a body of the contract from {}", self.call), error))
    }

    /// Fails unless the answer has this status.
    pub(super) fn must_be(&self, status: u16) -> Result<(), Failed> {
        if self.status == status {
            return Ok(());
        }
        Err(Failed::unexpected(format!("{status} for {}", self.call), self.summary()))
    }

    /// Fails unless the call was refused with this status: success is a leak, another refusal a fault.
    pub(super) fn must_refuse(&self, status: u16) -> Result<(), Failed> {
        if (200..300).contains(&self.status) {
            return Err(Failed::leaked(format!("{status} for {}", self.call), self.summary()));
        }
        self.must_be(status)
    }

    /// The problem document of a refusal.
    pub(super) fn problem(&self) -> Option<Problem> {
        serde_json::from_slice(&self.body).ok()
    }

    fn summary(&self) -> String {
        match self.problem() {
            Some(problem) => {
                let fields = problem.errors.iter().take(3).map(|error| format!("{}: {}", error.field, error.detail));
                let said = std::iter::once(problem.detail.to_string()).chain(fields).collect::<Vec<_>>();
                format!("{}, {}: {}", self.status, problem.title, said.join("; "))
            }
            None => self.status.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16) -> Answer {
        Answer { call: "GET /x".into(), status, retry_after: None, body: b"{}".to_vec(), took: Duration::ZERO }
    }

    #[test]
    fn an_attack_that_succeeds_is_a_leak_and_another_refusal_is_a_fault() {
        assert!(answer(404).must_refuse(404).is_ok());
        assert!(matches!(answer(200).must_refuse(404), Err(Failed::Leaked { .. })));
        assert!(matches!(answer(500).must_refuse(404), Err(Failed::Unexpected { .. })));
    }

    #[test]
    fn only_the_refusals_that_pass_are_waited_for() {
        assert_eq!(answer(429).come_back(), Some(Duration::from_secs(1)));
        assert_eq!([200, 403, 500].map(|status| answer(status).come_back()), [None; 3]);
    }
}
