//! Reviews that are due: what nobody decided about is decided by the review's own rule, some of it in a transaction, with an event for each.

use std::time::Duration;

use serde_json::json;
use wardgraph_audit::Entry;
use wardgraph_gate::{StoreError, SystemParts, Tx};
use wardgraph_kernel::{EventType, Timestamp, Write};
use wardgraph_organizations::{
    OrganizationError,
    review::{self, Claim, Turn},
};

use crate::due::{self, Due};

/// The actor of this work's events.
const WHY: &str = "reviews";

/// Decides what is due. Any number of them may run, in any number of servers.
#[derive(Debug, Clone)]
pub struct ReviewKeeper {
    parts: SystemParts,
}

impl ReviewKeeper {
    /// A keeper that has not begun.
    pub const fn new(parts: SystemParts) -> Self {
        Self { parts }
    }

    /// Works until the task is dropped. What is not finished by then falls due again.
    pub async fn run(self) {
        due::run(self).await;
    }

    /// Works the reviews that are due. Returns how many there were.
    pub async fn turn(&self) -> Result<usize, OrganizationError> {
        due::turn(self).await
    }
}

impl Due for ReviewKeeper {
    type Claim = Claim;
    type Error = OrganizationError;
    const BATCHES: usize = 50;
    const TROUBLE: &'static str = "a review that is due could not be closed";

    fn parts(&self) -> &SystemParts {
        &self.parts
    }

    async fn claim(tx: &mut Tx<'_, Write>, most: i64, now: Timestamp, lease: Duration) -> Result<Vec<Claim>, StoreError> {
        review::claim(tx, most, now, lease).await
    }

    async fn batch(&self, claim: &Claim) -> Result<bool, OrganizationError> {
        let mut work = self.parts.due_in(WHY, claim.organization.clone())?;
        let now = work.now();
        let Some(turn) = review::turn(&mut work.tx(), claim, now).await? else { return Ok(true) };
        let is_over = turn.closed.is_some();
        work.commit(told(claim, &turn)).await?;
        Ok(is_over)
    }
}

fn told(claim: &Claim, turn: &Turn) -> Vec<Entry> {
    let decided = turn.decided.iter().map(|(item, outcome)| {
        let thing = &item.thing;
        Entry::done(EventType::ReviewDecided, item.id.into()).with(json!({
            "review_id": claim.review,
            "before": {
                "kind": thing.kind.word(),
                "holder": thing.holder.to_string(),
                "thing_id": thing.id,
                "role": thing.role,
                "scopes": thing.scopes,
                "expires_at": thing.expires_at,
            },
            "after": { "decision": turn.verdict.word(), "outcome": outcome.word() },
        }))
    });
    let closed = turn.closed.as_ref().map(|review| {
        Entry::done(EventType::ReviewClosed, review.id.into())
            .with(json!({ "after": { "undecided": review.undecided, "items": review.items } }))
    });
    let handed_over = turn.handed_over.iter().map(|handed_over| {
        let (event_type, payload) = handed_over.told();
        Entry::done(event_type, (&claim.organization).into()).with(payload)
    });
    decided.chain(handed_over).chain(closed).collect()
}
