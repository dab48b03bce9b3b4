//! People, seen by those who look after them; and the end of one's own account.

use serde_json::json;
use wardgraph_api::{
    FieldError, Json, NoContent, Path, Problem, Query,
    table::{
        account::DeleteMe,
        users::{DeleteUser, DisableUser, EnableUser, EndUserSessions, GetUser, ListUsers, TakeFactors},
    },
    wire::user::{User, UserFilter, UserPage},
};
use wardgraph_audit::Entry;
use wardgraph_gate::{Committed, Permit, Work};
use wardgraph_identity::{
    Address, IdentityError,
    people::{self, Administrators, Listing, Person, Who},
};
use wardgraph_kernel::{Endpoint, List, Timestamp, UserId, Write};
use wardgraph_oauth::client;
use wardgraph_organizations::members;
use wardgraph_tokens::{Revocation, revoke};

use crate::{
    Failure,
    handlers::{left, page, refused::refuse},
};

pub(crate) async fn list(permit: Permit<ListUsers>, Query(query): Query<UserFilter>) -> Result<Committed<ListUsers>, Failure> {
    let who = who(&permit);
    let name = match who {
        Who::Members => "members",
        Who::Everybody => "accounts",
    };
    let list = List { name, tenant: permit.tenant().clone(), of: None }.asking(&query.email);
    let (size, after) = page(&list, query.limit, query.cursor.as_deref())?;
    let fault = || Problem::malformed("see `errors`").fields(vec![FieldError::new("email", "must be an e-mail address")]);
    let email = query.email.as_deref().map(|text| Address::parse(text).ok_or_else(fault)).transpose()?;
    let mut work = permit.begin()?;
    let found = people::list(&mut work.tx(), &Listing { who, email: email.as_ref() }, after, size).await?;
    let users: Vec<_> = found.items.into_iter().map(wire).collect();
    let read = json!({ "of": name, "count": users.len() });
    let page = UserPage { count: users.len(), users, next_cursor: found.next.map(|cursor| cursor.encode(&list)) };
    Ok(work.release_telling(&list.tenant, read, Json(page)).await?)
}

pub(crate) async fn get(permit: Permit<GetUser>, Path(id): Path<UserId>) -> Result<Committed<GetUser>, Failure> {
    let who = who(&permit);
    let mut work = permit.begin()?;
    match people::find(&mut work.tx(), who, id).await {
        Ok(found) => Ok(work.release(id, Json(wire(found))).await?),
        Err(error @ IdentityError::NobodyThere) => Ok(work.release_nothing(Failure::from(error).into()).await?),
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn disable(permit: Permit<DisableUser>, Path(id): Path<UserId>) -> Result<Committed<DisableUser>, Failure> {
    let (caller, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    let disabled = async {
        let administrators = acting(&mut work, caller).await?;
        let generation = people::disable(&mut work.tx(), &administrators, id, now).await?;
        left::of(&mut work, id, "disabled", now).await?;
        announce(&mut work, id, generation, now).await?;
        Ok::<_, Failure>(wire(people::find(&mut work.tx(), Who::Everybody, id).await?))
    };
    match disabled.await {
        Ok(user) => Ok(work.commit(id, Json(user)).await?),
        Err(failure) => refuse(work, Some(id.into()), failure).await,
    }
}

pub(crate) async fn enable(permit: Permit<EnableUser>, Path(id): Path<UserId>) -> Result<Committed<EnableUser>, Failure> {
    let (caller, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    let enabled = async {
        acting(&mut work, caller).await?;
        people::enable(&mut work.tx(), id, now).await?;
        Ok::<_, Failure>(wire(people::find(&mut work.tx(), Who::Everybody, id).await?))
    };
    match enabled.await {
        Ok(user) => Ok(work.commit(id, Json(user)).await?),
        Err(failure) => refuse(work, Some(id.into()), failure).await,
    }
}

pub(crate) async fn take_factors(permit: Permit<TakeFactors>, Path(id): Path<UserId>) -> Result<Committed<TakeFactors>, Failure> {
    let (caller, now, chance) = (permit.account()?.user, permit.now(), permit.chance());
    let mut work = permit.begin()?;
    let taken = async {
        let administrators = acting(&mut work, caller).await?;
        let taken = people::take_factors(&mut work.tx(), &administrators, (caller, id), now, &*chance).await?;
        left::of(&mut work, id, "factors_taken", now).await?;
        announce(&mut work, id, taken.generation, now).await
    };
    match taken.await {
        Ok(()) => Ok(work.commit(id, NoContent).await?),
        Err(failure) => refuse(work, Some(id.into()), failure).await,
    }
}

pub(crate) async fn end_sessions(
    permit: Permit<EndUserSessions>,
    Path(id): Path<UserId>,
) -> Result<Committed<EndUserSessions>, Failure> {
    let (caller, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    let ended = async {
        acting(&mut work, caller).await?;
        let generation = people::end_sessions(&mut work.tx(), id, now).await?;
        announce(&mut work, id, generation, now).await
    };
    match ended.await {
        Ok(()) => Ok(work.commit(id, NoContent).await?),
        Err(failure) => refuse(work, Some(id.into()), failure).await,
    }
}

pub(crate) async fn delete(permit: Permit<DeleteUser>, Path(id): Path<UserId>) -> Result<Committed<DeleteUser>, Failure> {
    let (caller, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    let deleted = async {
        let owned = people::hold_organizations(&mut work.tx(), id).await?;
        members::can_do_without(&mut work.tx(), &owned, id, now).await?;
        let administrators = acting(&mut work, caller).await?;
        end(&mut work, &administrators, id, now).await
    };
    match deleted.await {
        Ok(()) => Ok(work.commit(id, NoContent).await?),
        Err(failure) => refuse(work, Some(id.into()), failure).await,
    }
}

pub(crate) async fn delete_me(permit: Permit<DeleteMe>, (): ()) -> Result<Committed<DeleteMe>, Failure> {
    let (user, now) = (permit.account()?.user, permit.now());
    let mut work = permit.begin()?;
    let deleted = async {
        let owned = people::hold_organizations_at_once(&mut work.tx(), user).await?;
        members::can_do_without(&mut work.tx(), &owned, user, now).await?;
        let administrators = people::administrators_with(&mut work.tx(), user).await?;
        end(&mut work, &administrators, user, now).await
    };
    match deleted.await {
        Ok(()) => Ok(work.commit(user, NoContent).await?),
        Err(failure) => refuse(work, Some(user.into()), failure).await,
    }
}

/// Deletes an account that every organization can do without, once they are held. Those that it owned have it in their logs.
async fn end<E: Endpoint<Mode = Write>>(
    work: &mut Work<E>,
    administrators: &Administrators,
    user: UserId,
    now: Timestamp,
) -> Result<(), Failure> {
    left::of(work, user, "deleted", now).await?;
    let gone = people::delete(&mut work.tx(), administrators, user, now).await?;
    for left in &gone.left {
        let (event_type, payload) = left.told();
        work.changed_in(&left.organization, Entry::done(event_type, (&left.organization).into()).with(payload));
        if left.heir.is_none() {
            client::end_with(&mut work.tx(), &left.organization, &left.clients, now).await?;
        }
    }
    announce(work, user, gone.generation, now).await
}

/// Whom the unit of work sees.
fn who<E: Endpoint>(permit: &Permit<E>) -> Who {
    if permit.administers() { Who::Everybody } else { Who::Members }
}

/// The administrators, among them the caller still: a token outlives by up to a second what is taken back, and this is not left to it.
/// Whatever of an organization is held besides is held before: a tenant may keep it, and nobody is to wait for that behind the administrators.
pub(super) async fn acting<E: Endpoint<Mode = Write>>(work: &mut Work<E>, caller: UserId) -> Result<Administrators, Failure> {
    let administrators = people::administrators(&mut work.tx()).await?;
    if administrators.include(caller) {
        return Ok(administrators);
    }
    Err(Problem::unauthenticated("the account administers nothing any more").challenge(r#"Bearer realm="wardgraph""#).into())
}

pub(super) async fn announce<E: Endpoint<Mode = Write>>(
    work: &mut Work<E>,
    user: UserId,
    generation: i64,
    now: Timestamp,
) -> Result<(), Failure> {
    Ok(revoke(&mut work.tx(), Revocation::User { id: &user.to_string(), generation }, now).await?)
}

pub(super) fn wire(person: Person) -> User {
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
