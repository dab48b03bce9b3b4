//! Typed ids: UUIDv7 (RFC 9562), made from a time and chance that the caller hands in. The twelve bits behind the millisecond are a fraction of it
//! (section 6.2, method 3), so that what one process makes at different instants, a quarter of a microsecond apart, sorts by them.

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
    let mut random = *drawn.first_chunk().unwrap_or(&[0; 10]);
    let nanos = u64::try_from(now.as_nanosecond()).unwrap_or(0);
    let fraction = nanos % 1_000_000 * 4_096 / 1_000_000;
    let [.., high, low] = fraction.to_be_bytes();
    [random[0], random[1]] = [high, low];
    Builder::from_unix_timestamp_millis(nanos / 1_000_000, &random).into_uuid()
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
        let later = NodeId::new(Timestamp::from_microsecond(2_000_001).unwrap(), &chance);
        assert!(late < later && twin < later, "a microsecond is told apart");
        let before = NodeId::new(Timestamp::from_microsecond(2_000_999).unwrap(), &chance);
        assert!(later < before && before < NodeId::new(Timestamp::from_millisecond(2_001).unwrap(), &chance));
        assert_eq!(late.uuid().get_version_num(), 7);
    }
}
