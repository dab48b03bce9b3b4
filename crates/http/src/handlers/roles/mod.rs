//! Roles that organizations make, who holds them, and what that comes to.
//!
//! What a token says of its bearer's roles may be a second old. So who changes something is asked of the database once more, in the very transaction.

pub(crate) mod effective;
pub(crate) mod grants;

use serde_json::{Value, json};
use wardgraph_api::{
    Created, IfMatch, Json, NoContent, Path, Query, Tagged,
    table::roles::{CreateRole, DeleteRole, GetRole, ListRoles, ReplaceRole},
    wire::role::{ChangedRole, NewRole, Role, RoleFilter, RoleId, RolePage},
};
use wardgraph_audit::Subject;
use wardgraph_gate::{Account, Committed, Permit, Work};
use wardgraph_kernel::{Access, Endpoint, List, Rows, TenantId, Timestamp, Write};
use wardgraph_organizations::{
    Desk, Giver, OrganizationError, Session,
    roles::{self, Draft, Kept},
};

use crate::{
    Failure,
    handlers::{page, refused::refuse},
};

pub(crate) async fn list(permit: Permit<ListRoles>, Query(filter): Query<RoleFilter>) -> Result<Json<RolePage>, Failure> {
    let (list, now) = (List { name: "roles", tenant: permit.tenant().clone(), of: None }, permit.now());
    let (size, after) = page(&list, filter.limit, filter.cursor.as_deref())?;
    let mut work = permit.begin()?;
    let found = roles::list(&mut work.once(), after, size, now).await?;
    let roles: Vec<_> = found.items.into_iter().map(shown).collect();
    Ok(Json(RolePage { count: roles.len(), roles, next_cursor: found.next.map(|cursor| cursor.encode(&list)) }))
}

pub(crate) async fn get(permit: Permit<GetRole>, Path(RoleId(name)): Path<RoleId>) -> Result<Tagged<Role>, Failure> {
    let (name, now) = (role_name(&name)?, permit.now());
    let mut work = permit.begin()?;
    Ok(Tagged(shown(roles::get(&mut work.once(), &name, now).await?)))
}

pub(crate) async fn create(permit: Permit<CreateRole>, Json(new): Json<NewRole>) -> Result<Committed<CreateRole>, Failure> {
    let (caller, tenant, now) = (permit.account()?, permit.tenant().clone(), permit.now());
    let new = draft(new)?;
    let mut work = permit.begin()?;
    let made = async {
        let (desk, by) = sit_down(&mut work, &tenant, &caller, now).await?;
        roles::create(&mut work.tx(), &desk, &by, &new).await
    };
    match made.await {
        Ok(made) => {
            work.explain(json!({ "before": null, "after": told(&made) }));
            Ok(work.commit(Subject::role(new.role.name().as_str()), Created(shown(made))).await?)
        }
        Err(error) => refuse(work, Some(Subject::role(new.role.name().as_str())), error).await,
    }
}

pub(crate) async fn replace(
    permit: Permit<ReplaceRole>,
    (Path(RoleId(name)), if_match, Json(new)): (Path<RoleId>, IfMatch, Json<ChangedRole>),
) -> Result<Committed<ReplaceRole>, Failure> {
    let (caller, tenant, now) = (permit.account()?, permit.tenant().clone(), permit.now());
    let subject = Subject::role(role_name(&name)?.as_str());
    let mut work = permit.begin()?;
    let changed = async {
        let (desk, by) = sit_down(&mut work, &tenant, &caller, now).await?;
        // What is built in is told to be before anything is made of what was sent.
        desk.own(&name, |version| admits(&if_match, version))?;
        let new = draft_of(new.named(name)).map_err(OrganizationError::Unfit)?;
        roles::replace(&mut work.tx(), &desk, &by, &new).await
    };
    match changed.await {
        Ok(changed) => {
            work.explain(json!({ "before": told(&changed.before), "after": told(&changed.after) }));
            Ok(work.commit(subject, Tagged(shown(changed.after))).await?)
        }
        Err(error) => refuse(work, Some(subject), error).await,
    }
}

pub(crate) async fn delete(
    permit: Permit<DeleteRole>,
    (Path(RoleId(name)), if_match): (Path<RoleId>, IfMatch),
) -> Result<Committed<DeleteRole>, Failure> {
    let (caller, tenant, now) = (permit.account()?, permit.tenant().clone(), permit.now());
    let subject = Subject::role(role_name(&name)?.as_str());
    let mut work = permit.begin()?;
    let deleted = async {
        let (desk, _) = sit_down(&mut work, &tenant, &caller, now).await?;
        let name = desk.own(&name, |version| admits(&if_match, version))?;
        roles::delete(&mut work.tx(), &desk, &name).await
    };
    match deleted.await {
        Ok(before) => {
            work.explain(json!({ "before": told(&before), "after": null }));
            Ok(work.commit(subject, NoContent).await?)
        }
        Err(error) => refuse(work, Some(subject), error).await,
    }
}

/// The session of a caller.
pub(in crate::handlers) const fn session(caller: &Account) -> Session {
    Session { user: caller.user, id: caller.session, generation: caller.generation }
}

/// The organization, held, and the caller as they stand in it now.
pub(in crate::handlers) async fn sit_down<E: Endpoint<Mode = Write>>(
    work: &mut Work<E>,
    tenant: &TenantId,
    caller: &Account,
    now: Timestamp,
) -> Result<(Desk, Giver), OrganizationError> {
    let desk = Desk::open(&mut work.tx(), tenant, now).await?;
    // A client's token is let in to nothing here, and a person's own session does all that its person may.
    let by = desk.giver(&mut work.tx(), session(caller), Vec::new()).await?;
    if let (Rows::Organization, Access::Permission(asked)) = (E::SPEC.rows, E::SPEC.access) {
        by.must(asked)?;
    }
    Ok((desk, by))
}

fn draft(new: NewRole) -> Result<Draft, Failure> {
    draft_of(new).map_err(|flaws| OrganizationError::Unfit(flaws).into())
}

fn draft_of(new: NewRole) -> Result<Draft, Vec<wardgraph_organizations::Flaw>> {
    roles::draft(&new.name, new.description.into_text(), &new.allows, &new.denies, &new.inherits)
}

/// A name that no role can have is no role's.
fn role_name(text: &str) -> Result<wardgraph_access::RoleName, Failure> {
    wardgraph_access::RoleName::read(text).map_err(|_| OrganizationError::Missing("role").into())
}

fn admits(if_match: &IfMatch, version: i64) -> bool {
    match i32::try_from(version) {
        Ok(version) => if_match.admits(version),
        Err(_) => matches!(if_match, IfMatch::Absent | IfMatch::Any),
    }
}

/// What the log tells of a role.
fn told(role: &Kept) -> Value {
    json!({ "description": role.description, "allows": role.allows, "denies": role.denies, "inherits": role.inherits })
}

/// What is shown of a role.
pub fn shown(role: Kept) -> Role {
    Role {
        created_at: (!role.is_built_in).then_some(role.created_at),
        updated_at: (!role.is_built_in).then_some(role.updated_at),
        name: role.name,
        description: role.description,
        is_built_in: role.is_built_in,
        allows: role.allows,
        denies: role.denies,
        inherits: role.inherits,
        holders: role.holders,
        version: i32::try_from(role.version).unwrap_or(i32::MAX),
    }
}
