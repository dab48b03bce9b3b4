//! People, seen by those who look after them; and the end of one's own account.

use wardgraph_api::{
    FieldError, Json, NoContent, Path, Problem, Query,
    table::{
        account::DeleteMe,
        users::{DeleteUser, DisableUser, EnableUser, EndUserSessions, GetUser, ListUsers},
    },
    wire::user::{User, UserFilter, UserPage},
};
use wardgraph_gate::{Committed, Permit, Work};
use wardgraph_identity::{
    Address,
    people::{self, Administrators, Listing, Person, Who},
};
use wardgraph_kernel::{Endpoint, List, Timestamp, UserId, Write};
use wardgraph_tokens::{Revocation, revoke};

use crate::{Failure, handlers::page};

pub(crate) async fn list(permit: Permit<ListUsers>, Query(query): Query<UserFilter>) -> Result<Json<UserPage>, Failure> {
    let who = who(&permit);
    let name = match who {
        Who::Members => "members",
        Who::Everybody => "accounts",
    };
    let list = List { name, tenant: permit.tenant().clone(), of: None };
    let (size, after) = page(&list, query.limit, query.cursor.as_deref())?;
    let fault = || Problem::malformed("see `errors`").fields(vec![FieldError::new("email", "must be an e-mail address")]);
    let email = query.email.as_deref().map(|text| Address::parse(text).ok_or_else(fault)).transpose()?;
    let mut work = permit.begin()?;
    let found = people::list(&mut work.once(), &Listing { who, email: email.as_ref() }, after, size).await?;
    let users: Vec<_> = found.items.into_iter().map(wire).collect();
    Ok(Json(UserPage { count: users.len(), users, next_cursor: found.next.map(|cursor| cursor.encode(&list)) }))
}

pub(crate) async fn get(permit: Permit<GetUser>, Path(id): Path<UserId>) -> Result<Json<User>, Failure> {
    let who = who(&permit);
    let mut work = permit.begin()?;
    Ok(Json(wire(people::find(&mut work.once(), who, id).await?)))
}

pub(crate) async fn disable(permit: Permit<DisableUser>, Path(id): Path<UserId>) -> Result<Committed<DisableUser>, Failure> {
    let (caller, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    let administrators = acting(&mut work, caller).await?;
    let generation = people::disable(&mut work.tx(), &administrators, id, now).await?;
    announce(&mut work, id, generation, now).await?;
    let user = wire(people::find(&mut work.tx(), Who::Everybody, id).await?);
    Ok(work.commit(id, Json(user)).await?)
}

pub(crate) async fn enable(permit: Permit<EnableUser>, Path(id): Path<UserId>) -> Result<Committed<EnableUser>, Failure> {
    let (caller, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    acting(&mut work, caller).await?;
    people::enable(&mut work.tx(), id, now).await?;
    let user = wire(people::find(&mut work.tx(), Who::Everybody, id).await?);
    Ok(work.commit(id, Json(user)).await?)
}

pub(crate) async fn end_sessions(
    permit: Permit<EndUserSessions>,
    Path(id): Path<UserId>,
) -> Result<Committed<EndUserSessions>, Failure> {
    let (caller, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    acting(&mut work, caller).await?;
    let generation = people::end_sessions(&mut work.tx(), id, now).await?;
    announce(&mut work, id, generation, now).await?;
    Ok(work.commit(id, NoContent).await?)
}

pub(crate) async fn delete(permit: Permit<DeleteUser>, Path(id): Path<UserId>) -> Result<Committed<DeleteUser>, Failure> {
    let (caller, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    let administrators = acting(&mut work, caller).await?;
    let generation = people::delete(&mut work.tx(), &administrators, id).await?;
    announce(&mut work, id, generation, now).await?;
    Ok(work.commit(id, NoContent).await?)
}

pub(crate) async fn delete_me(permit: Permit<DeleteMe>, (): ()) -> Result<Committed<DeleteMe>, Failure> {
    let (user, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    let administrators = people::administrators(&mut work.tx()).await?;
    let generation = people::delete(&mut work.tx(), &administrators, user).await?;
    announce(&mut work, user, generation, now).await?;
    Ok(work.commit(user, NoContent).await?)
}

/// Whom the unit of work sees.
fn who<E: Endpoint>(permit: &Permit<E>) -> Who {
    if permit.administers() { Who::Everybody } else { Who::Members }
}

/// The administrators, among them the caller still: a token outlives by up to a second what is taken back, and this is not left to it.
async fn acting<E: Endpoint<Mode = Write>>(work: &mut Work<E>, caller: UserId) -> Result<Administrators, Failure> {
    let administrators = people::administrators(&mut work.tx()).await?;
    if administrators.include(caller) {
        return Ok(administrators);
    }
    Err(Problem::unauthenticated("the account administers nothing any more").challenge(r#"Bearer realm="wardgraph""#).into())
}

async fn announce<E: Endpoint<Mode = Write>>(
    work: &mut Work<E>,
    user: UserId,
    generation: i64,
    now: Timestamp,
) -> Result<(), Failure> {
    Ok(revoke(&mut work.tx(), Revocation::User { id: &user.to_string(), generation }, now).await?)
}

fn wire(person: Person) -> User {
    User {
        id: person.id,
        email: person.email,
        name: person.name,
        role: person.role,
        global_role: person.global_role,
        email_verified: person.verified,
        disabled: person.disabled,
        created_at: person.created_at,
        last_sign_in_at: person.last_sign_in_at,
    }
}
