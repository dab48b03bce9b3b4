//! Organizations and their members. What a path names is compared with where the caller works, and opens nothing.

pub(crate) mod directory;
pub(crate) mod ends;
pub(crate) mod members;
pub(crate) mod own;
pub(crate) mod switch;

use wardgraph_api::wire::organization as wire;
use wardgraph_audit::{Entry, Subject};
use wardgraph_gate::Work;
use wardgraph_kernel::{Endpoint, TenantId, Write};
use wardgraph_organizations::{OrganizationError, members::HandedOver, organization::Organization};

/// Refuses an organization that the caller does not work in.
fn own(tenant: &TenantId, id: &wire::OrganizationId) -> Result<(), OrganizationError> {
    if tenant.as_str() == id.0 { Ok(()) } else { Err(OrganizationError::Missing("organization")) }
}

/// The organization that the caller named, as what they tried something on.
fn named(id: &wire::OrganizationId) -> Option<Subject> {
    TenantId::parse(&id.0).ok().map(|id| (&id).into())
}

/// Has on record whose an organization is from now on, if that is another one.
pub(in crate::handlers) fn handed_over<E: Endpoint<Mode = Write>>(
    work: &mut Work<E>,
    organization: &TenantId,
    handed_over: Option<HandedOver>,
) {
    if let Some((event_type, payload)) = handed_over.map(HandedOver::told) {
        work.changed_in(organization, Entry::done(event_type, organization.into()).with(payload));
    }
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
