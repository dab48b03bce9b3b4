//! Keeping accounts: those that nobody came for go, with their organizations; and so do clients that nobody agreed to.

use std::time::Duration;

use serde_json::json;
use wardgraph_audit::Entry;
use wardgraph_gate::{StoreError, SystemParts};
use wardgraph_identity::{IdentityError, people};
use wardgraph_kernel::{EventType, UserId};
use wardgraph_oauth::{
    OAuthError,
    client::{self, initial, registered},
};

/// The actor of this work.
const WHY: &str = "keeper of accounts";
/// How often it looks.
const EVERY: Duration = Duration::from_mins(10);

/// Deletes accounts whose address nobody showed to be theirs, where that is asked of them. Any number of them may run.
#[derive(Debug, Clone)]
pub struct AccountKeeper {
    parts: SystemParts,
    verifies: bool,
}

impl AccountKeeper {
    /// A keeper that has not begun. `verifies` says whether an account signs in only once its address was shown: else whoever has one works with
    /// it, and nothing tells who does not.
    pub const fn new(parts: SystemParts, verifies: bool) -> Self {
        Self { parts, verifies }
    }

    /// Works until the task is dropped.
    pub async fn run(self) {
        let mut often = tokio::time::interval(EVERY);
        often.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            often.tick().await;
            if let Err(error) = self.turn().await {
                tracing::warn!(%error, "accounts that nobody came for could not be deleted; trying again");
            }
            if let Err(error) = self.sweep_clients().await {
                tracing::warn!(%error, "clients that nobody agreed to could not be forgotten; trying again");
            }
        }
    }

    /// Deletes those that are due, each in a transaction of its own. Tells how many.
    pub async fn turn(&self) -> Result<usize, IdentityError> {
        let (mut deleted, mut after) = (0, None);
        if !self.verifies {
            return Ok(deleted);
        }
        loop {
            let mut work = self.parts.people(WHY)?;
            let now = work.now();
            let found = people::unproven(&mut work.tx(), after, now).await?;
            work.commit(Vec::new()).await?;
            if found.is_empty() {
                return Ok(deleted);
            }
            for user in found {
                deleted += usize::from(self.delete(user).await?);
                // Those that stay keep nobody else.
                after = Some(user);
            }
        }
    }

    /// Forgets clients of no organization that nobody agreed to, and initial tokens that are past.
    pub async fn sweep_clients(&self) -> Result<(), OAuthError> {
        let mut more = true;
        while more {
            let mut work = self.parts.accounts(WHY)?;
            let now = work.now();
            more = registered::sweep(&mut work.tx(), now).await?;
            more |= initial::sweep(&mut work.tx(), now).await?;
            work.commit(Vec::new()).await?;
        }
        Ok(())
    }

    async fn delete(&self, user: UserId) -> Result<bool, IdentityError> {
        let mut work = self.parts.people(WHY)?;
        let now = work.now();
        let gone = match people::delete_unproven(&mut work.tx(), user, now).await {
            Ok(Some(gone)) => gone,
            // Somebody came or comes at this moment, or there is data.
            Ok(None) | Err(IdentityError::InTheWay(_) | IdentityError::Store(StoreError::Conflict | StoreError::Held)) => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        for left in &gone.left {
            let (event_type, payload) = left.told();
            work.changed_in(&left.organization, Entry::done(event_type, (&left.organization).into()).with(payload));
            if left.heir.is_none() {
                client::end_with(&mut work.tx(), &left.organization, &left.clients, now).await?;
            }
        }
        let entry = Entry::done(EventType::UserDeleted, user.into()).with(json!({ "reason": "the address was never shown" }));
        work.commit(vec![entry]).await?;
        Ok(true)
    }
}
