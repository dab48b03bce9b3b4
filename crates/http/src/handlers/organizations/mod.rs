//! Organizations and their members. What a path names is compared with where the caller works, and opens nothing.

pub(crate) mod directory;
pub(crate) mod ends;
pub(crate) mod members;
pub(crate) mod own;
pub(crate) mod switch;

use serde_json::{Value, json};
use wardgraph_api::{Problem, wire::organization as wire};
use wardgraph_gate::{Committed, Permit, Work};
use wardgraph_kernel::{Endpoint, Write};
use wardgraph_organizations::{
    KeepingError, Session,
    organization::{Changed, Organization},
};

use crate::Failure;

impl From<KeepingError> for Failure {
    fn from(error: KeepingError) -> Self {
        let told = error.to_string();
        match error {
            KeepingError::NoOrganization | KeepingError::NoMember => Problem::not_found(told).into(),
            KeepingError::Outside | KeepingError::Above(_) => Problem::forbidden(told).into(),
            KeepingError::InTheWay(_) | KeepingError::TooMany { .. } => Problem::conflict(told).into(),
            KeepingError::Organization(error) => error.into(),
            KeepingError::Store(error) => error.into(),
        }
    }
}

/// Refuses an organization that the caller does not work in.
fn own<E: Endpoint>(permit: &Permit<E>, id: &wire::OrganizationId) -> Result<(), Failure> {
    if permit.tenant().as_str() == id.0 { Ok(()) } else { Err(KeepingError::NoOrganization.into()) }
}

/// Whose session asks.
fn session<E: Endpoint>(permit: &Permit<E>) -> Result<Session, Failure> {
    let caller = permit.account()?;
    Ok(Session { user: caller.user, id: caller.session, generation: caller.generation })
}

/// Has a refusal on record. What failed of itself is none.
async fn refuse<E: Endpoint<Mode = Write>>(work: Work<E>, failure: impl Into<Failure>) -> Result<Committed<E>, Failure> {
    let problem = Problem::from(failure.into());
    if problem.status >= 500 {
        return Err(problem.into());
    }
    Ok(work.refuse(problem).await?)
}

/// What the log says of a change.
fn told(changed: &Changed) -> Value {
    json!({ "before": state(&changed.before), "after": state(&changed.after) })
}

fn state(organization: &Organization) -> Value {
    let settings = &organization.settings;
    json!({
        "name": organization.name,
        "tier": organization.tier,
        "owner_id": organization.owner,
        "requires_mfa": settings.requires_mfa,
        "session_idle_seconds": settings.session_idle_seconds,
        "session_lifetime_seconds": settings.session_lifetime_seconds,
        "allowed_networks": settings.allowed_networks,
        "retention_days": settings.retention_days,
        "deleted_at": organization.deleted.map(|deleted| deleted.at),
        "purge_at": organization.deleted.map(|deleted| deleted.purge_at),
    })
}

fn shown(organization: Organization) -> wire::Organization {
    let settings = organization.settings;
    wire::Organization {
        id: organization.id.to_string(),
        name: organization.name,
        tier: organization.tier,
        owner_id: organization.owner,
        role: organization.role,
        requires_mfa: settings.requires_mfa,
        session_idle_seconds: settings.session_idle_seconds,
        session_lifetime_seconds: settings.session_lifetime_seconds,
        allowed_networks: settings.allowed_networks,
        retention_days: settings.retention_days,
        created_at: organization.created_at,
        deleted_at: organization.deleted.map(|deleted| deleted.at),
        purge_at: organization.deleted.map(|deleted| deleted.purge_at),
    }
}
