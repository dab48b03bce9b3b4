//! The server's own keys: made at the first start, followed by others in time, wrapped anew when the master key changes.

use std::time::Duration;

use serde_json::json;
use wardgraph_audit::Entry;
use wardgraph_gate::{StoreError, SystemParts};
use wardgraph_kernel::{EventType, Outcome, Read, Write};
use wardgraph_tokens::{KeyState, OwnIssuer, OwnKeyError, Rotated, Rotation, forget_spent};
use wardgraph_vault::{Vault, Wrapped};

/// The actor of this work.
const WHY: &str = "key keeper";
/// How often it looks.
const EVERY: Duration = Duration::from_mins(1);

/// Keeps the server's own keys. Any number of them may run.
#[derive(Debug, Clone)]
pub struct KeyKeeper {
    parts: SystemParts,
    vault: Vault,
    issuer: OwnIssuer,
}

impl KeyKeeper {
    /// A keeper that has not begun.
    pub const fn new(parts: SystemParts, vault: Vault, issuer: OwnIssuer) -> Self {
        Self { parts, vault, issuer }
    }

    /// Makes what is lacking, before anything is sealed or signed.
    ///
    /// # Errors
    /// A database whose master key is not configured: what it holds could not be opened.
    pub async fn begin(&self) -> Result<(), OwnKeyError> {
        let mut work = self.parts.own::<Write>(WHY)?;
        self.vault.begin(&mut work.tx()).await?;
        work.commit(Vec::new()).await?;
        let mut work = self.parts.own::<Write>(WHY)?;
        let now = work.now();
        let made = self.issuer.ensure(&mut work.tx(), now).await?;
        Ok(work.commit(events(&made)).await?)
    }

    /// Works until the task is dropped.
    pub async fn run(self) {
        let mut minute = tokio::time::interval(EVERY);
        minute.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            minute.tick().await;
            if let Err(error) = self.turn().await {
                tracing::warn!(%error, "the keys could not be looked after; trying again");
            }
        }
    }

    /// Does what is due: a signing key for each that is old, and data keys that another master key wraps. Forgets changes that nobody needs to hear of,
    /// and proofs that nobody would believe.
    pub async fn turn(&self) -> Result<(), OwnKeyError> {
        let mut work = self.parts.own::<Write>(WHY)?;
        let now = work.now();
        let made = self.issuer.rotate_due(&mut work.tx(), now).await?;
        work.commit(events(&made)).await?;
        self.parts.forget_changes().await?;
        self.forget_spent().await?;
        self.rewrap().await.map(drop)
    }

    /// Forgets proofs and assertions that nobody would believe any more.
    async fn forget_spent(&self) -> Result<(), StoreError> {
        let mut more = true;
        while more {
            let mut queue = self.parts.queue()?;
            more = forget_spent(&mut queue.tx(), self.parts.clock.now()).await?;
            queue.commit(&[]).await?;
        }
        Ok(())
    }

    /// Has other keys sign from now on, or after a while.
    pub async fn rotate_signing(&self, rotation: Rotation) -> Result<Vec<Rotated>, OwnKeyError> {
        let mut work = self.parts.own::<Write>(WHY)?;
        let now = work.now();
        let made = self.issuer.rotate(&mut work.tx(), now, rotation).await?;
        work.commit(events(&made)).await?;
        Ok(made)
    }

    /// Changes to the next master key, and wraps every data key with it. Servers seal and open meanwhile. `None` if there is no other to change to.
    pub async fn rotate_master(&self) -> Result<Option<MasterChange>, OwnKeyError> {
        let next = self.vault.next_master().await?;
        let mut work = self.parts.own::<Write>(WHY)?;
        let changed = self.vault.change_master(&mut work.tx(), next.id()).await?;
        let event = Entry {
            event_type: EventType::MasterKeyChanged,
            subject: None,
            outcome: Outcome::Success,
            payload: json!({ "master_key": next.id().as_str() }),
        };
        work.commit(if changed { vec![event] } else { Vec::new() }).await?;
        let rewrapped = self.rewrap().await?;
        Ok((changed || rewrapped > 0).then(|| MasterChange { master: next.id().to_string(), rewrapped }))
    }

    /// How many data keys each master key wraps, and which keys sign.
    pub async fn states(&self) -> Result<(Vec<Wrapped>, Vec<KeyState>), OwnKeyError> {
        let mut work = self.parts.own::<Read>(WHY)?;
        let now = work.now();
        Ok((self.vault.wrapped(&mut work.tx()).await?, self.issuer.states(&mut work.tx(), now).await?))
    }

    /// Wraps with the current master key what another one wraps, some hundreds in a transaction.
    async fn rewrap(&self) -> Result<usize, OwnKeyError> {
        let mut all = 0;
        loop {
            let mut work = self.parts.own::<Write>(WHY)?;
            let some = self.vault.rewrap(&mut work.tx()).await?;
            work.commit(Vec::new()).await?;
            all += some;
            if some == 0 {
                return Ok(all);
            }
        }
    }
}

/// A change of the master key that was made, or finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterChange {
    /// The current one's name.
    pub master: String,
    /// How many data keys were wrapped anew.
    pub rewrapped: usize,
}

fn events(made: &[Rotated]) -> Vec<Entry> {
    let event = |one: &Rotated| Entry {
        event_type: EventType::SigningKeyMade,
        subject: None,
        outcome: Outcome::Success,
        payload: json!({
            "key_id": one.key_id,
            "algorithm": one.algorithm.word(),
            "signs_from": one.signs_from.to_string(),
            "revoked": one.revoked,
        }),
    };
    made.iter().map(event).collect()
}
