//! What is held in an organization, and what of it nobody uses.

use std::time::Duration;

use wardgraph_kernel::{Read, TenantId, Timestamp};
use wardgraph_store::{Role, Statement, Tx};

use super::{Thing, read::thing};
use crate::OrganizationError;

/// How much is listed.
const MOST: i64 = 1_000;

/// All that is held in organization `$1` at `$2`, unused if that was not used since `$3`. Of a client's own role nobody writes down when it is used.
macro_rules! held {
    () => {
        "select 'membership' as kind, m.user_id, null::text as client_id, null::uuid as thing_id, m.role, null::text[] as scopes, null::text as granted_by,
           m.created_at as granted_at, null::timestamptz as expires_at, m.last_used_at, coalesce(m.last_used_at, m.created_at) < $3::timestamptz as unused
         from memberships m where m.organization_id = $1 and m.role is not null
         union all
         select 'grant', g.user_id, g.client_id, g.grant_id, g.role, null, g.granted_by, g.created_at, g.expires_at, g.last_used_at,
           coalesce(g.last_used_at, g.created_at) < $3
         from grants g where g.tenant_id = $1 and (g.expires_at is null or g.expires_at > $2::timestamptz)
         union all
         select 'client', null, c.client_id, null, c.role, null, null, c.created_at, null, null, false
         from clients c where c.organization_id = $1 and c.role is not null
         union all
         select 'api_key', k.user_id, null, k.key_id, null, k.scopes, null, k.created_at, k.expires_at, k.last_used_at,
           coalesce(k.last_used_at, k.created_at) < $3
         from api_keys k where k.organization_id = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)"
    };
}
pub(super) use held;

pub(super) const UNUSED: Statement<Read> = Statement::reading(
    "organizations.review.unused",
    &[Role::App],
    concat!(
        "select h.kind, h.user_id, h.client_id, h.thing_id, h.role, h.scopes, h.granted_by, h.granted_at, h.expires_at, h.last_used_at, h.unused,
           coalesce((select u.email from users u where u.user_id = h.user_id), (select c.name from clients c where c.client_id = h.client_id))
         from (",
        held!(),
        ") h where h.unused order by coalesce(h.last_used_at, h.granted_at), h.user_id, h.client_id, h.thing_id limit $4"
    ),
);

/// What was not used for so many days, what was unused for longest first; and whether there is more than is told.
pub async fn unused(
    tx: &mut Tx<'_, Read>,
    organization: &TenantId,
    days: i64,
    now: Timestamp,
) -> Result<(Vec<Thing>, bool), OrganizationError> {
    let since = now.saturating_sub(Duration::from_hours(24 * days.unsigned_abs())).unwrap_or(Timestamp::MIN);
    let rows = tx.query(&UNUSED, &[&organization.as_str(), &now, &since, &(MOST + 1)]).await?;
    let mut things = rows.iter().map(|row| thing(row, 0)).collect::<Result<Vec<_>, _>>()?;
    let more = usize::try_from(MOST).is_ok_and(|most| things.len() > most);
    if more {
        things.pop();
    }
    Ok((things, more))
}
