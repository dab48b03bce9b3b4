//! What the server answered.

use std::time::Duration;

use serde::de::DeserializeOwned;
use wardgraph_api::Problem;

use super::verdict::Failed;
use crate::client::Reply;

/// An answer, whatever its status.
#[derive(Debug)]
pub(super) struct Answer {
    /// Method and path, for messages.
    pub(super) call: String,
    pub(super) reply: Reply,
    /// From the request's first byte to the answer's last.
    pub(super) took: Duration,
}

impl Answer {
    /// When to come back, if the server asks for that.
    pub(super) fn come_back(&self) -> Option<Duration> {
        matches!(self.reply.status, 429 | 503).then(|| self.reply.retry_after.unwrap_or(Duration::from_secs(1)))
    }

    /// The body of an answer that must have this status.
    pub(super) fn read<T: DeserializeOwned>(&self, status: u16) -> Result<T, Failed> {
        self.must_be(status)?;
        serde_json::from_slice(&self.reply.body)
            .map_err(|error| Failed::unexpected(format!("a body of the contract from {}", self.call), error))
    }

    /// Fails unless the answer has this status.
    pub(super) fn must_be(&self, status: u16) -> Result<(), Failed> {
        if self.reply.status == status {
            return Ok(());
        }
        Err(Failed::unexpected(format!("{status} for {}", self.call), self.reply.summary()))
    }

    /// Fails unless the call was refused with this status: success is a leak, another refusal a fault.
    pub(super) fn must_refuse(&self, status: u16) -> Result<(), Failed> {
        if (200..300).contains(&self.reply.status) {
            return Err(Failed::leaked(format!("{status} for {}", self.call), self.reply.summary()));
        }
        self.must_be(status)
    }

    /// The problem document of a refusal.
    pub(super) fn problem(&self) -> Option<Problem> {
        serde_json::from_slice(&self.reply.body).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16) -> Answer {
        let reply = Reply { status, retry_after: None, body: b"{}".to_vec() };
        Answer { call: "GET /x".into(), reply, took: Duration::ZERO }
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
