//! The words every room of Wardgraph shares: endpoints as types, typed ids, time and chance as values, closed lists.
//!
//! Refuses to know: input and output, async, HTTP, SQL.

pub mod access;
pub mod actor;
pub mod chance;
pub mod change;
mod client;
mod clock;
pub mod endpoint;
pub mod event;
pub mod field;
pub mod hex;
mod holder;
pub mod html;
pub mod id;
pub mod limit;
pub mod metric;
pub mod mode;
pub mod page;
pub mod permission;
pub mod role;
pub mod secret;
pub mod tenant;
pub mod weight;

pub use access::{Access, SignedKind};
pub use actor::{Actor, ActorType};
pub use chance::{Chance, SeededChance, SystemChance};
pub use change::{Change, ChangeKind};
pub use client::ClientId;
pub use clock::{Clock, ManualClock, SystemClock};
pub use endpoint::{By, Endpoint, Method, Rows, Spec};
pub use event::{Category, EventType, Outcome, SubjectKind};
pub use field::{Field, Guards};
pub use hex::hex;
pub use holder::Holder;
pub use id::{
    ApiKeyId, ChallengeId, ClientSecretId, CodeId, ConsentId, EdgeId, ElevationId, EventId, FactorId, GrantId, InitialTokenId,
    InvitationId, LinkId, NodeId, PushedRequestId, RequestId, ReviewId, ReviewItemId, SessionId, SharedNodeId, UserId,
};
pub use jiff::Timestamp;
pub use limit::LimitClass;
pub use mode::{AuditedRead, Identity, Mode, Opens, Read, Write};
pub use page::{Cursor, List, Page, PageSize};
pub use permission::{Permission, Permissions};
pub use role::{GlobalRole, OrganizationRole};
pub use secret::Secret;
pub use tenant::{Owner, TenantId};
