//! Members, seen to by who looks after them; and whoever leaves.

use serde_json::{Value, json};
use wardgraph_api::{
    Json, NoContent, Path, Query, Within,
    table::organizations::{ChangeMember, LeaveOrganization, ListMembers, RemoveMember},
    wire::organization::{self as wire, MemberPage, OrganizationId, Paging, RoleChange},
};
use wardgraph_gate::{Committed, Permit, Work};
use wardgraph_kernel::{Endpoint, EventType, List, OrganizationRole, UserId, Write};
use wardgraph_organizations::members::{self, By, Member, Taken};

use super::{own, refuse, session};
use crate::{Failure, handlers::page};

pub(crate) async fn list(
    permit: Permit<ListMembers>,
    (Path(id), Query(query)): (Path<OrganizationId>, Query<Paging>),
) -> Result<Committed<ListMembers>, Failure> {
    own(&permit, &id)?;
    let list = List { name: "organization_members", tenant: permit.tenant().clone(), of: None };
    let (size, after) = page(&list, query.limit, query.cursor.as_deref())?;
    let mut work = permit.begin()?;
    let found = members::list(&mut work.tx(), list.tenant.as_str(), after, size).await?;
    let members: Vec<_> = found.items.into_iter().map(shown).collect();
    let read = json!({ "count": members.len() });
    let page = MemberPage { count: members.len(), members, next_cursor: found.next.map(|cursor| cursor.encode(&list)) };
    Ok(work.release_telling(&list.tenant, read, Json(page)).await?)
}

pub(crate) async fn change(
    permit: Permit<ChangeMember>,
    (Path(id), Within(user), Json(wanted)): (Path<OrganizationId>, Within<UserId>, Json<RoleChange>),
) -> Result<Committed<ChangeMember>, Failure> {
    own(&permit, &id)?;
    let (by, now) = (By::Member(session(&permit)?), permit.now());
    let role = wanted.role.map(OrganizationRole::from);
    let mut work = permit.begin()?;
    match members::set_role(&mut work.tx(), &id.0, user, role, by, now).await {
        Ok(changed) => {
            work.explain(json!({ "before": { "role": changed.before }, "after": { "role": changed.after.role } }));
            inherits(&mut work, changed.heir);
            Ok(work.commit(user, Json(shown(changed.after))).await?)
        }
        Err(error) => refuse(work, error).await,
    }
}

pub(crate) async fn remove(
    permit: Permit<RemoveMember>,
    (Path(id), Within(user)): (Path<OrganizationId>, Within<UserId>),
) -> Result<Committed<RemoveMember>, Failure> {
    own(&permit, &id)?;
    let (by, now) = (By::Member(session(&permit)?), permit.now());
    let mut work = permit.begin()?;
    match members::remove(&mut work.tx(), &id.0, user, by, now).await {
        Ok(taken) => {
            gone(&mut work, &taken);
            Ok(work.commit(user, NoContent).await?)
        }
        Err(error) => refuse(work, error).await,
    }
}

pub(crate) async fn leave(
    permit: Permit<LeaveOrganization>,
    Path(id): Path<OrganizationId>,
) -> Result<Committed<LeaveOrganization>, Failure> {
    own(&permit, &id)?;
    let (user, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    match members::leave(&mut work.tx(), &id.0, user, now).await {
        Ok(taken) => {
            gone(&mut work, &taken);
            Ok(work.commit(user, NoContent).await?)
        }
        Err(error) => refuse(work, error).await,
    }
}

/// Has on record what went with a membership.
fn gone<E: Endpoint<Mode = Write>>(work: &mut Work<E>, taken: &Taken) {
    work.explain(json!({ "before": { "role": taken.member.role, "since": taken.member.since }, "after": Value::Null }));
    for session in &taken.sessions {
        work.changed(EventType::SessionEnded, *session);
    }
    for key in &taken.keys {
        work.changed(EventType::ApiKeyRevoked, *key);
    }
    for invitation in &taken.invitations {
        work.changed(EventType::InvitationWithdrawn, *invitation);
    }
    inherits(work, taken.heir);
}

/// Has on record who owns the organization from now on, if that is another one.
fn inherits<E: Endpoint<Mode = Write>>(work: &mut Work<E>, heir: Option<UserId>) {
    if let Some(heir) = heir {
        work.changed(EventType::OrganizationOwnerChanged, heir);
    }
}

fn shown(member: Member) -> wire::Member {
    wire::Member {
        user_id: member.user,
        email: member.email,
        name: member.name,
        role: member.role,
        disabled: member.disabled,
        since: member.since,
        last_used_at: member.last_used_at,
    }
}
