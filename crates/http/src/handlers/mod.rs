//! Thin handlers: begin, call the domain, commit, answer.

pub(crate) mod account;
mod admitted;
pub(crate) mod auth;
pub(crate) mod authorize;
pub(crate) mod authz;
pub(crate) mod batch;
mod cleaning;
pub(crate) mod clients;
pub(crate) mod deleted;
pub(crate) mod device;
pub(crate) mod edges;
pub(crate) mod elevation;
pub(crate) mod embeddings;
pub(crate) mod events;
mod granted;
pub(crate) mod invitations;
mod items;
mod left;
pub(crate) mod mfa;
pub(crate) mod nodes;
pub(crate) mod oauth;
pub(crate) mod organizations;
pub(crate) mod pages;
mod refused;
pub(crate) mod registration;
pub(crate) mod relations;
pub(crate) mod reviews;
pub(crate) mod roles;
pub(crate) mod search;
pub(crate) mod shared;
pub(crate) mod system;
mod times;
pub(crate) mod users;
pub(crate) mod versions;

use serde_json::json;
use wardgraph_api::{FieldError, Problem, wire::NamedTenant};
use wardgraph_gate::Work;
use wardgraph_kernel::{Cursor, Endpoint, EventType, List, Outcome, PageSize, Rows, TenantId, Write};

use crate::Failure;

/// The page that was asked for.
fn page(list: &List, limit: Option<i64>, cursor: Option<&str>) -> Result<(PageSize, Option<Cursor>), Failure> {
    let size = limit.map_or(Some(PageSize::default()), PageSize::new);
    let size = size.ok_or_else(|| {
        let fault = FieldError::new("limit", format!("must be 1 to {}", PageSize::MAX));
        Problem::invalid("see `errors`").fields(vec![fault])
    })?;
    Ok((size, cursor.map(|text| Cursor::decode(list, text)).transpose()?))
}

/// What a node that `E` changed leaves in the log.
const fn update_event<E: Endpoint>() -> EventType {
    match E::SPEC.rows {
        Rows::Own | Rows::Account | Rows::Subject | Rows::Members | Rows::Organization | Rows::Accounts | Rows::Directory => {
            EventType::NodeUpdated
        }
        Rows::Shared => EventType::SharedNodeUpdated,
    }
}

/// Has on record that a body named another tenant, which was ignored.
fn note_named_tenant<E: Endpoint<Mode = Write>>(work: &mut Work<E>, named: &NamedTenant, tenant: &TenantId) {
    if named.contradicts(tenant) {
        work.note(EventType::TenantClaimIgnored, Outcome::Refused, json!({ "named": named.name() }));
    }
}
