//! The one map from what went wrong in any room to a problem document. Exhaustive: a new error does not compile until it has a status.

use wardgraph_api::{FieldError, Problem};
use wardgraph_embed::EmbedError;
use wardgraph_gate::StoreError;
use wardgraph_graph::GraphError;
use wardgraph_identity::{IdentityError, password::PoolError};
use wardgraph_kernel::page::InvalidCursor;
use wardgraph_oauth::{ErrorCode, OAuthError, Refusal};
use wardgraph_organizations::{Flaw, OrganizationError};
use wardgraph_tokens::MintError;
use wardgraph_vault::VaultError;

use crate::handlers::account::sessions::signed_out;

/// How much is told of what somebody does not hold.
const TOLD: usize = 10;

/// What a handler fails with: a problem document on its way out.
#[derive(Debug)]
pub struct Failure(Problem);

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<InvalidCursor> for Failure {
    fn from(error: InvalidCursor) -> Self {
        Self(Problem::malformed(error.to_string()).fields(vec![FieldError::new("cursor", error.to_string())]))
    }
}

impl From<GraphError> for Failure {
    fn from(error: GraphError) -> Self {
        let field = |field: &str| vec![FieldError { field: format!("/{field}"), detail: error.to_string() }];
        Self(match error {
            GraphError::NoNode(_) => Problem::not_found("there is no such node in this tenant"),
            GraphError::NoEnd { field: end } => Problem::invalid("an edge needs two nodes of this tenant").fields(field(end)),
            GraphError::NoEdge(_) => Problem::not_found("there is no such edge in this tenant"),
            GraphError::EdgeExists(id) => Problem::conflict(format!("the edge exists already: `{id}`")),
            GraphError::ExternalIdTaken(id) => Problem::conflict(format!("the node `{id}` has this external id")),
            GraphError::ExternalIdElsewhere { .. } => Problem::conflict("another node had this external id just now: try again"),
            GraphError::OtherVersion { version } => {
                Problem::precondition(format!("the node is of version {version}: read it again"))
            }
            GraphError::NoneMeant => Problem::precondition("no node has this external id"),
            GraphError::NoVersion { .. } => Problem::invalid("see `errors`").fields(field("version")),
            GraphError::NotDeleted => Problem::conflict("the node is not deleted: say which `version` to go back to"),
            GraphError::TooManyEdges { most } => Problem::conflict(format!(
                "the node has more than {most} edges: delete some of them first, by `DELETE /nodes/{{id}}/edges`"
            )),
            GraphError::TooManyWaiting { most } => Problem::conflict(format!(
                "more than {most} edges would come back with the node: delete nodes at their other ends, and bring those back after it"
            )),
            GraphError::Dimension { .. } => Problem::invalid("see `errors`").fields(field("vector")),
            GraphError::QueueFull => Problem::too_many(error.to_string()).retry_after(30),
            GraphError::Embed(error) => return error.into(),
            GraphError::Store(error) => return error.into(),
        })
    }
}

impl From<EmbedError> for Failure {
    fn from(error: EmbedError) -> Self {
        match error {
            EmbedError::Busy => Self(Problem::unavailable("the embedding model is busy").retry_after(1)),
            EmbedError::Stopped => Self(Problem::unavailable("the server is stopping").retry_after(5)),
            EmbedError::Unavailable { retry_after, .. } => {
                let seconds = retry_after.map_or(2, |wait| wait.as_secs().clamp(1, 3600));
                Self(
                    Problem::no_embedding("the embedding service is not available: search by words instead").retry_after(seconds),
                )
            }
            EmbedError::Resting { retry_after } => {
                let seconds = (retry_after.as_secs() + 1).min(3600);
                Self(
                    Problem::no_embedding("the embedding service is not available: search by words instead").retry_after(seconds),
                )
            }
            EmbedError::Rejected { .. } => Self(Problem::invalid("the embedding service refused the text")),
            EmbedError::Refused { .. } | EmbedError::Answer(_) => {
                let problem = Problem::no_embedding("the embedding service cannot be used: search by words instead");
                Self(problem.retry_after(60).inside(&error))
            }
            EmbedError::Missing { .. }
            | EmbedError::Unreadable { .. }
            | EmbedError::Tampered { .. }
            | EmbedError::Model(_)
            | EmbedError::Client(_)
            | EmbedError::Thread(_) => internal(&error),
        }
    }
}

impl From<IdentityError> for Failure {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Missing(_) | IdentityError::NobodyThere | IdentityError::NoInvitation => {
                Self(Problem::not_found(error.to_string()))
            }
            IdentityError::TooMany { .. } | IdentityError::Required | IdentityError::InTheWay(_) => {
                Self(Problem::conflict(error.to_string()))
            }
            IdentityError::Unreadable(_) => internal(&error),
            IdentityError::Pool(error) => error.into(),
            IdentityError::Vault(error) => error.into(),
            IdentityError::Store(error) => error.into(),
        }
    }
}

impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        match error {
            OAuthError::Refused(refusal) => refusal.into(),
            OAuthError::Above(why) => Self(Problem::forbidden(why)),
            OAuthError::NoClient => Self(Problem::not_found(error.to_string())),
            OAuthError::TooMany { .. } | OAuthError::NoSecret => Self(Problem::conflict(error.to_string())),
            OAuthError::Unreadable(_) => internal(&error),
            OAuthError::Mint(error) => error.into(),
            OAuthError::Identity(error) => error.into(),
            OAuthError::Vault(error) => error.into(),
            OAuthError::Store(error) => error.into(),
        }
    }
}

impl From<OrganizationError> for Failure {
    fn from(error: OrganizationError) -> Self {
        match error {
            OrganizationError::Missing(_) => Self(Problem::not_found(error.to_string())),
            OrganizationError::InTheWay(_) | OrganizationError::LastOwner(_) => Self(Problem::conflict(error.to_string())),
            OrganizationError::Unfit(flaws) => {
                let place = |flaw: Flaw| FieldError::new(format!("/{}", flaw.place), flaw.detail);
                Self(Problem::invalid("see `errors`").fields(flaws.into_iter().map(place).collect()))
            }
            OrganizationError::Beyond(why) => {
                let why = why.into_iter().take(TOLD).collect::<Vec<_>>().join("; ");
                Self(Problem::forbidden(format!("nobody gives or takes what they do not hold: {why}")))
            }
            OrganizationError::OtherVersion(_) => Self(Problem::precondition(error.to_string())),
            OrganizationError::SignedOut => Self(signed_out()),
            OrganizationError::Busy => Self(Problem::unavailable("many roles are compared just now").retry_after(1)),
            OrganizationError::Access(_) | OrganizationError::Unreadable(_) => internal(&error),
            OrganizationError::Store(error) => error.into(),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let problem = match refusal.code {
            ErrorCode::InvalidClient if refusal.by_header => {
                Problem::unauthenticated(refusal.description).challenge(r#"Basic realm="wardgraph", charset="UTF-8""#)
            }
            ErrorCode::InvalidClient => Problem::unauthenticated(refusal.description),
            ErrorCode::InvalidToken => {
                Problem::unauthenticated(refusal.description).challenge(r#"Bearer realm="wardgraph", error="invalid_token""#)
            }
            ErrorCode::InvalidRequest
            | ErrorCode::InvalidGrant
            | ErrorCode::UnauthorizedClient
            | ErrorCode::UnsupportedGrantType
            | ErrorCode::InvalidScope
            | ErrorCode::InvalidDpopProof
            | ErrorCode::UseDpopNonce
            | ErrorCode::InvalidTarget
            | ErrorCode::AuthorizationPending
            | ErrorCode::SlowDown
            | ErrorCode::AccessDenied
            | ErrorCode::ExpiredToken
            | ErrorCode::InvalidRedirectUri
            | ErrorCode::InvalidClientMetadata
            | ErrorCode::UnapprovedSoftwareStatement => Problem::malformed(refusal.description),
        };
        Self(problem.error_code(refusal.code.word()))
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Busy => Self(Problem::unavailable("too many passwords are being checked").retry_after(2)),
            PoolError::Failed => internal(&error),
        }
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Store(error) => error.into(),
            VaultError::Sealed
            | VaultError::Form
            | VaultError::NoDataKey
            | VaultError::NoMasterKey(_)
            | VaultError::Wrapped
            | VaultError::MasterKey
            | VaultError::Source(..)
            | VaultError::Chance => internal(&error),
        }
    }
}

impl From<MintError> for Failure {
    fn from(error: MintError) -> Self {
        // What is signed here is what this server put together itself.
        internal(&error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(match &error {
            StoreError::Unavailable(_) => Problem::unavailable("the database is not available").retry_after(2).inside(&error),
            StoreError::Busy => Problem::unavailable("the database is busy").retry_after(1).inside(&error),
            StoreError::Timeout => Problem::unavailable("the database took too long").retry_after(2).inside(&error),
            StoreError::Held => Problem::unavailable("it is being changed just now: try again").retry_after(1),
            StoreError::Conflict => Problem::conflict("another change was in the way: try again").retry_after(1),
            StoreError::Constraint { .. } => Problem::conflict("it collides with what is there: read again and try again"),
            StoreError::Value(_) => Problem::invalid("a value is outside of what can be stored"),
            StoreError::Unprepared(_) | StoreError::Ended | StoreError::Unsafe(_) | StoreError::Sql { .. } => {
                return internal(&error);
            }
        })
    }
}

/// A fault of ours: the log gets all of it, the client nothing but the request id.
fn internal(error: &dyn std::error::Error) -> Failure {
    Failure(Problem::internal("the server failed; the operator finds the reason under this request id").inside(error))
}
