//! Members, seen to by who looks after them; and whoever leaves.

use serde_json::{Value, json};
use wardgraph_api::{
    Json, NoContent, Path, Query, Within,
    table::organizations::{ChangeMember, LeaveOrganization, ListMembers, RemoveMember},
    wire::organization::{self as wire, MemberPage, OrganizationId, Paging, RoleChange},
};
use wardgraph_audit::Entry;
use wardgraph_gate::{Committed, Permit, Work};
use wardgraph_kernel::{Endpoint, EventType, List, OrganizationRole, TenantId, UserId, Write};
use wardgraph_organizations::{
    Desk,
    members::{self, Member, Taken},
};

use super::{handed_over, own};
use crate::{
    Failure,
    handlers::{
        page,
        refused::refuse,
        roles::{session, sit_down},
    },
};

pub(crate) async fn list(
    permit: Permit<ListMembers>,
    (Path(id), Query(query)): (Path<OrganizationId>, Query<Paging>),
) -> Result<Committed<ListMembers>, Failure> {
    own(permit.tenant(), &id)?;
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
    let (caller, tenant, now) = (permit.account()?, permit.tenant().clone(), permit.now());
    let role = wanted.role.map(OrganizationRole::from);
    let mut work = permit.begin()?;
    let changed = async {
        own(&tenant, &id)?;
        let (desk, by) = sit_down(&mut work, &tenant, &caller, now).await?;
        members::set_role(&mut work.tx(), &desk, &by, user, role).await
    };
    match changed.await {
        Ok(changed) => {
            work.explain(json!({ "before": { "role": changed.before }, "after": { "role": changed.after.role } }));
            handed_over(&mut work, &tenant, changed.handed_over);
            Ok(work.commit(user, Json(shown(changed.after))).await?)
        }
        Err(error) => refuse(work, Some(user.into()), error).await,
    }
}

pub(crate) async fn remove(
    permit: Permit<RemoveMember>,
    (Path(id), Within(user)): (Path<OrganizationId>, Within<UserId>),
) -> Result<Committed<RemoveMember>, Failure> {
    let (caller, tenant, now) = (permit.account()?, permit.tenant().clone(), permit.now());
    let mut work = permit.begin()?;
    let removed = async {
        own(&tenant, &id)?;
        let (desk, by) = sit_down(&mut work, &tenant, &caller, now).await?;
        members::remove(&mut work.tx(), &desk, &by, user).await
    };
    match removed.await {
        Ok(taken) => {
            gone(&mut work, &tenant, &taken);
            Ok(work.commit(user, NoContent).await?)
        }
        Err(error) => refuse(work, Some(user.into()), error).await,
    }
}

pub(crate) async fn leave(
    permit: Permit<LeaveOrganization>,
    Path(id): Path<OrganizationId>,
) -> Result<Committed<LeaveOrganization>, Failure> {
    let (caller, tenant, now) = (permit.account()?, permit.tenant().clone(), permit.now());
    let mut work = permit.begin()?;
    let left = async {
        own(&tenant, &id)?;
        let desk = Desk::open(&mut work.tx(), &tenant, now).await?;
        members::leave(&mut work.tx(), &desk, session(&caller)).await
    };
    match left.await {
        Ok(taken) => {
            gone(&mut work, &tenant, &taken);
            Ok(work.commit(caller.user, NoContent).await?)
        }
        Err(error) => refuse(work, Some(caller.user.into()), error).await,
    }
}

/// Has on record what went with a membership.
fn gone<E: Endpoint<Mode = Write>>(work: &mut Work<E>, organization: &TenantId, taken: &Taken) {
    work.explain(json!({ "before": { "role": taken.member.role, "since": taken.member.since }, "after": Value::Null }));
    for session in &taken.sessions {
        work.changed(EventType::SessionEnded, *session);
    }
    for key in &taken.keys {
        work.changed(EventType::ApiKeyRevoked, *key);
    }
    for invitation in &taken.invitations {
        work.changed_in(organization, Entry::done(EventType::InvitationWithdrawn, invitation.id.into()).with(invitation.told()));
    }
    handed_over(work, organization, taken.handed_over);
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
