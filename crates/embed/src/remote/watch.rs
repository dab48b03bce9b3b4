//! Keeps an eye on a service for one lane: counts what fails, and sends the witness where that tells something.
//!
//! Each lane has its own, with its own patience: a service that is too slow for whoever waits may be fast enough for documents.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use wardgraph_kernel::{Chance, Clock, metric};

use super::answer::Missed;
use super::{breaker::Breaker, service::Service};
use crate::EmbedError;

/// What the service is asked for to see whether it is there.
const WITNESS: &str = "a witness";

/// What is known of the service in one lane.
#[derive(Debug)]
pub(super) struct Watch {
    witness: Arc<Witness>,
    /// Whoever sends the witness now and then, until it is heard: one at most.
    sender: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
struct Witness {
    lane: &'static str,
    /// How long an answer may take.
    patience: Duration,
    service: Arc<Service>,
    breaker: Breaker,
    chance: Arc<dyn Chance>,
}

/// A request of somebody's, from its first try to its last. What is given up by whoever waits for it may tell as much as what fails.
#[derive(Debug)]
pub(super) struct Asking<'a> {
    watch: &'a Watch,
    failed: bool,
    /// When the try began that is on its way.
    since: Option<Instant>,
}

impl Watch {
    /// Of a service that is asked until it fails.
    pub(super) fn new(
        lane: &'static str,
        patience: Duration,
        service: Arc<Service>,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Self {
        let witness = Witness { lane, patience, service, breaker: Breaker::new(clock), chance };
        Self { witness: Arc::new(witness), sender: Mutex::default() }
    }

    /// How long the service is left alone still, if it is.
    pub(super) fn resting(&self) -> Option<Duration> {
        let resting = self.witness.breaker.resting()?;
        // One whose runtime ended would leave it alone for ever.
        self.send();
        Some(resting)
    }

    /// Whether the service may be asked.
    ///
    /// # Errors
    /// [`EmbedError::Resting`] while it is left alone.
    pub(super) fn admit(&self) -> Result<(), EmbedError> {
        let Some(retry_after) = self.resting() else { return Ok(()) };
        metric::EMBEDDING_NOT_ASKED.of([self.witness.lane]).increment(1);
        Err(EmbedError::Resting { retry_after })
    }

    /// A request that is about to be made.
    pub(super) const fn asking(&self) -> Asking<'_> {
        Asking { watch: self, failed: false, since: None }
    }

    /// Has the witness sent, unless it is being sent.
    fn send(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        while sender.try_join_next().is_some() {}
        if sender.is_empty() {
            sender.spawn_on(self.witness.clone().send(), &runtime);
        }
    }
}

impl Asking<'_> {
    /// A try goes on its way.
    pub(super) fn tries(&mut self) {
        self.since = Some(Instant::now());
    }

    /// The try failed, and another may not.
    pub(super) const fn fails(&mut self) {
        (self.failed, self.since) = (true, None);
    }

    /// The service answered.
    pub(super) fn end_answered(mut self) {
        (self.failed, self.since) = (false, None);
        self.watch.witness.heard();
    }

    /// What was tried says nothing about the service.
    pub(super) const fn is_void(&mut self) {
        (self.failed, self.since) = (false, None);
    }
}

impl Drop for Asking<'_> {
    /// A try that had hardly any time says nothing.
    fn drop(&mut self) {
        let enough = self.watch.witness.patience / 2;
        let in_vain = self.failed || self.since.is_some_and(|since| since.elapsed() >= enough);
        if in_vain && self.watch.witness.breaker.failed() {
            self.watch.send();
        }
    }
}

impl Witness {
    /// Sends the witness until it is heard, or somebody else is answered.
    async fn send(self: Arc<Self>) {
        while self.breaker.is_doubted() {
            let asked = timeout(self.patience, self.service.ask(&[WITNESS])).await;
            let retry_after = match asked {
                // Whatever it says, it is there.
                Ok(Ok(_) | Err(Missed::Final(_))) => return self.heard(),
                Ok(Err(Missed::Passing { retry_after, .. })) => retry_after,
                Err(_) => None,
            };
            let [first, ..] = self.chance.bytes();
            let (wait, opened) = self.breaker.witness_failed(retry_after, 0.5 + f64::from(first) / 255.0);
            if opened {
                tracing::warn!(model = %self.service.id, lane = self.lane, "the embedding service is not available: it is left alone");
                metric::EMBEDDING_SERVICE_LOST.of([self.lane]).increment(1);
                self.tell(true);
            }
            sleep(wait).await;
        }
    }

    /// The service answered the witness, or somebody.
    fn heard(&self) {
        if self.breaker.answered() {
            tracing::info!(model = %self.service.id, lane = self.lane, "the embedding service is available again");
            self.tell(false);
        }
    }

    fn tell(&self, away: bool) {
        metric::EMBEDDING_SERVICE_AWAY.of([self.lane]).set(f64::from(u8::from(away)));
    }
}
