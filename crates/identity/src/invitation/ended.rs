//! Invitations that ended before anybody followed them.

use serde_json::{Value, json};
use uuid::Uuid;
use wardgraph_kernel::{InvitationId, Timestamp, UserId};
use wardgraph_store::{Row, StoreError};

/// An invitation that was withdrawn, or that another one took the place of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its id.
    pub id: InvitationId,
    /// To be what.
    pub role: String,
    /// By whom.
    pub inviter: UserId,
    /// Until when it would have been good.
    pub expires_at: Timestamp,
}

impl Ended {
    /// What a statement returns that ends it: id, role, inviter and end, in this order.
    ///
    /// # Errors
    /// For another row.
    pub fn read(row: &Row) -> Result<Self, StoreError> {
        let (id, inviter): (Uuid, Uuid) = (row.try_get(0)?, row.try_get(2)?);
        Ok(Self { id: id.into(), role: row.try_get(1)?, inviter: inviter.into(), expires_at: row.try_get(3)? })
    }

    /// What the log tells of it.
    pub fn told(&self) -> Value {
        let before = json!({ "role": self.role, "invited_by": self.inviter, "expires_at": self.expires_at });
        json!({ "before": before, "after": null })
    }
}
