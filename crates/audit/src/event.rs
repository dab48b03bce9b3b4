//! What an event says.

use std::net::IpAddr;

use serde_json::Value;
use wardgraph_kernel::{
    Actor, ApiKeyId, ClientId, ConsentId, EdgeId, ElevationId, EventType, FactorId, GrantId, InitialTokenId, InvitationId,
    NodeId, Outcome, RequestId, ReviewId, ReviewItemId, SessionId, SubjectKind, TenantId, UserId,
};

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What kind of thing.
    pub kind: SubjectKind,
    /// Its id.
    pub id: String,
}

impl Subject {
    /// The endpoint of this name.
    pub fn endpoint(id: &str) -> Self {
        Self { kind: SubjectKind::Endpoint, id: id.to_owned() }
    }

    /// The organization's role of this name.
    pub fn role(name: &str) -> Self {
        Self { kind: SubjectKind::Role, id: name.to_owned() }
    }
}

impl From<NodeId> for Subject {
    fn from(id: NodeId) -> Self {
        Self { kind: SubjectKind::Node, id: id.to_string() }
    }
}

impl From<EdgeId> for Subject {
    fn from(id: EdgeId) -> Self {
        Self { kind: SubjectKind::Edge, id: id.to_string() }
    }
}

impl From<UserId> for Subject {
    fn from(id: UserId) -> Self {
        Self { kind: SubjectKind::User, id: id.to_string() }
    }
}

impl From<SessionId> for Subject {
    fn from(id: SessionId) -> Self {
        Self { kind: SubjectKind::Session, id: id.to_string() }
    }
}

impl From<ApiKeyId> for Subject {
    fn from(id: ApiKeyId) -> Self {
        Self { kind: SubjectKind::ApiKey, id: id.to_string() }
    }
}

impl From<FactorId> for Subject {
    fn from(id: FactorId) -> Self {
        Self { kind: SubjectKind::Factor, id: id.to_string() }
    }
}

impl From<InvitationId> for Subject {
    fn from(id: InvitationId) -> Self {
        Self { kind: SubjectKind::Invitation, id: id.to_string() }
    }
}

impl From<&ClientId> for Subject {
    fn from(id: &ClientId) -> Self {
        Self { kind: SubjectKind::Client, id: id.to_string() }
    }
}

/// The organization that is this tenant.
impl From<ConsentId> for Subject {
    fn from(id: ConsentId) -> Self {
        Self { kind: SubjectKind::Consent, id: id.to_string() }
    }
}

impl From<InitialTokenId> for Subject {
    fn from(id: InitialTokenId) -> Self {
        Self { kind: SubjectKind::InitialToken, id: id.to_string() }
    }
}

impl From<GrantId> for Subject {
    fn from(id: GrantId) -> Self {
        Self { kind: SubjectKind::Grant, id: id.to_string() }
    }
}

impl From<&TenantId> for Subject {
    fn from(id: &TenantId) -> Self {
        Self { kind: SubjectKind::Organization, id: id.to_string() }
    }
}

impl From<ReviewId> for Subject {
    fn from(id: ReviewId) -> Self {
        Self { kind: SubjectKind::Review, id: id.to_string() }
    }
}

impl From<ReviewItemId> for Subject {
    fn from(id: ReviewItemId) -> Self {
        Self { kind: SubjectKind::ReviewItem, id: id.to_string() }
    }
}

impl From<ElevationId> for Subject {
    fn from(id: ElevationId) -> Self {
        Self { kind: SubjectKind::Elevation, id: id.to_string() }
    }
}

/// What all events of one request, or of one piece of system work, have in common.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// Who acts.
    pub actor: Actor,
    /// The request, if there is one.
    pub request_id: Option<RequestId>,
    /// Where the request came from.
    pub ip: Option<IpAddr>,
}

/// One event before it is written.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What happened.
    pub event_type: EventType,
    /// To what.
    pub subject: Option<Subject>,
    /// How it ended.
    pub outcome: Outcome,
    /// More about it. Never a secret, a token, a query text or props.
    pub payload: Value,
}

impl Entry {
    /// Something that was done to `subject`.
    pub fn done(event_type: EventType, subject: Subject) -> Self {
        Self { event_type, subject: Some(subject), outcome: Outcome::Success, payload: Value::Object(serde_json::Map::new()) }
    }

    /// Says more about it.
    #[must_use]
    pub fn with(mut self, payload: Value) -> Self {
        self.payload = payload;
        self
    }
}
