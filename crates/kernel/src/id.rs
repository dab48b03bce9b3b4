//! Typed ids: UUIDv7 (RFC 9562), made from a time and chance that the caller hands in.

use jiff::Timestamp;
use uuid::{Builder, Uuid};

use crate::Chance;

macro_rules! ids {
    ($( $(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id that sorts by `now`.
            pub fn new(now: Timestamp, chance: &dyn Chance) -> Self {
                Self(version_7(now, chance))
            }

            /// The id as a plain UUID, for storage.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )* };
}

ids! {
    /// A key of an account, by which a program calls.
    ApiKeyId;
    /// An act that waits for somebody to show something.
    ChallengeId;
    /// A secret of a client of the OAuth server.
    ClientSecretId;
    /// A token by which programs register clients.
    InitialTokenId;
    /// A code that a client gets by a person's leave.
    CodeId;
    /// What somebody agreed to.
    ConsentId;
    /// An edge.
    EdgeId;
    /// An administrator's way into an organization's content, for a while.
    ElevationId;
    /// An entry of the audit log.
    EventId;
    /// What an account shows besides its password.
    FactorId;
    /// That somebody holds a role.
    GrantId;
    /// An invitation to an organization.
    InvitationId;
    /// A link that was mailed to somebody.
    LinkId;
    /// A node.
    NodeId;
    /// A request that a client pushed.
    PushedRequestId;
    /// One request to this server, made here and never taken from the client.
    RequestId;
    /// A review of who may do what.
    ReviewId;
    /// Something held that a review asks about.
    ReviewItemId;
    /// A sign-in, with all tokens that come of it.
    SessionId;
    /// A node that is no tenant's.
    SharedNodeId;
    /// A person's account.
    UserId;
}

impl From<SharedNodeId> for NodeId {
    fn from(id: SharedNodeId) -> Self {
        Self(id.0)
    }
}

fn version_7(now: Timestamp, chance: &dyn Chance) -> Uuid {
    let drawn = chance.bytes();
    let random = drawn.first_chunk().unwrap_or(&[0; 10]);
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededChance;

    #[test]
    fn ids_sort_by_time_and_never_repeat() {
        let chance = SeededChance::new(1);
        let early = NodeId::new(Timestamp::from_millisecond(1_000).unwrap(), &chance);
        let late = NodeId::new(Timestamp::from_millisecond(2_000).unwrap(), &chance);
        let twin = NodeId::new(Timestamp::from_millisecond(2_000).unwrap(), &chance);
        assert!(early < late && late != twin);
        assert_eq!(late.uuid().get_version_num(), 7);
    }
}
