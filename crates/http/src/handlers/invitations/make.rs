//! Inviting, and withdrawing.
//!
//! An invitation gives a role as a grant does, and is judged as one: by what who invites holds in the database, in the very transaction. So is its end,
//! whether it is withdrawn or another one takes its place.

use std::time::Duration;

use serde_json::json;
use wardgraph_api::{
    Created, Json, Keep, NoContent, Path, Problem, Query,
    table::invitations::{Invite, ListInvitations, WithdrawInvitation},
    wire::invitation::{Invitation, InvitationFilter, InvitationPage, InvitationStatus, NewInvitation},
};
use wardgraph_audit::Entry;
use wardgraph_gate::{Account, Committed, Permit, Work};
use wardgraph_identity::{
    invitation::{self, GOOD_FOR, State},
    mail,
};
use wardgraph_kernel::{Endpoint, EventType, InvitationId, List, Permission, Read, TenantId, Timestamp, Write};
use wardgraph_organizations::{Desk, Giver, OrganizationError};

use crate::{
    Failure, Services,
    handlers::{auth::address, page, refused::refuse, roles::sit_down},
};

/// How long to wait before somebody is invited again who was mailed often.
const LATER_S: u64 = 3_600;

pub(crate) async fn invite(
    permit: Permit<Invite>,
    Json(new): Json<NewInvitation>,
    services: Services,
) -> Result<Committed<Invite>, Failure> {
    Box::pin(send(permit, new, services, Created)).await
}

/// Invites somebody to the organization that the caller works in.
pub(crate) async fn send<E>(
    permit: Permit<E>,
    new: NewInvitation,
    services: Services,
    answer: impl FnOnce(Invitation) -> E::Output + Send,
) -> Result<Committed<E>, Failure>
where
    E: Endpoint<Mode = Write, Output: Keep>,
{
    let (caller, tenant, now, chance) = (permit.account()?, permit.tenant().clone(), permit.now(), permit.chance());
    let (email, user) = (address(&new.email)?, caller.user);
    let life = new.expires_in.map_or(GOOD_FOR, |seconds| Duration::from_secs(seconds.unsigned_abs()));
    let expires_at = now.saturating_add(life).unwrap_or(Timestamp::MAX);
    let mut work = permit.begin()?;
    let promised = async {
        let (desk, by) = inviting(&mut work, &tenant, &caller, now).await?;
        let role = desk.role(&new.role)?;
        desk.may_promise(&by, role.clone()).await?;
        Ok::<_, OrganizationError>((desk, by, role))
    };
    let (desk, giver, role) = match promised.await {
        Ok(promised) => promised,
        Err(error) => return refuse(work, None, error).await,
    };
    if let Some(until) = invitation::room(&mut work.tx(), now).await? {
        let seconds = u64::try_from(until.duration_since(now).as_secs()).unwrap_or(0) + 1;
        let problem = Problem::too_many("the organization made as many invitations today as it may").retry_after(seconds);
        return Ok(work.refuse(problem).await?);
    }
    if !mail::admits_invitation(&mut work.tx(), &services.accounts.keys, &email, now).await? {
        let problem = Problem::too_many("this address was mailed invitations often lately").retry_after(LATER_S);
        return Ok(work.refuse(problem).await?);
    }
    let by = invitation::inviter(&mut work.tx(), user).await?;
    let wanted = invitation::NewInvitation { email: &email, role: role.as_str(), expires_at };
    let made = invitation::make(&mut work.tx(), &by, &wanted, now, &*chance).await?;
    for replaced in &made.replaced {
        if let Err(error) = desk.may_take_back(&giver, replaced).await {
            return refuse(work, Some(replaced.id.into()), error).await;
        }
    }
    mail::invite(&mut work.tx(), made.id, &email, (&by.email, &by.organization), now, &*chance).await?;
    for replaced in made.replaced {
        work.changed_in(&tenant, Entry::done(EventType::InvitationWithdrawn, replaced.id.into()).with(replaced.told()));
    }
    let after = json!({ "role": role.as_str(), "invited_by": user, "expires_at": expires_at });
    let told = json!({ "before": null, "after": after });
    work.changed_in(&tenant, Entry::done(EventType::InvitationMade, made.id.into()).with(told));
    let invitation = Invitation {
        id: made.id,
        email: email.to_string(),
        role: role.to_string(),
        invited_by: user,
        status: InvitationStatus::Open,
        created_at: now,
        expires_at,
    };
    Ok(work.commit_all([], answer(invitation)).await?)
}

pub(crate) async fn list(
    permit: Permit<ListInvitations>,
    Query(filter): Query<InvitationFilter>,
) -> Result<Json<InvitationPage>, Failure> {
    read(permit, filter).await.map(Json)
}

/// The invitations of the organization that the caller works in.
pub(crate) async fn read<E: Endpoint<Mode = Read>>(
    permit: Permit<E>,
    filter: InvitationFilter,
) -> Result<InvitationPage, Failure> {
    let (list, now) = (List { name: "invitations", tenant: permit.tenant().clone(), of: None }, permit.now());
    let (size, after) = page(&list, filter.limit, filter.cursor.as_deref())?;
    let mut work = permit.begin()?;
    let found = invitation::list(&mut work.once(), after, size, now).await?;
    let invitations: Vec<_> = found.items.into_iter().map(wire).collect();
    Ok(InvitationPage { count: invitations.len(), invitations, next_cursor: found.next.map(|cursor| cursor.encode(&list)) })
}

pub(crate) async fn withdraw(
    permit: Permit<WithdrawInvitation>,
    Path(id): Path<InvitationId>,
) -> Result<Committed<WithdrawInvitation>, Failure> {
    take_back(permit, id, NoContent).await
}

/// Withdraws an invitation of the organization that the caller works in.
pub(crate) async fn take_back<E>(permit: Permit<E>, id: InvitationId, answer: E::Output) -> Result<Committed<E>, Failure>
where
    E: Endpoint<Mode = Write, Output: Keep>,
{
    let (caller, tenant, now) = (permit.account()?, permit.tenant().clone(), permit.now());
    let mut work = permit.begin()?;
    let (desk, by) = match inviting(&mut work, &tenant, &caller, now).await {
        Ok(sitting) => sitting,
        Err(error) => return refuse(work, Some(id.into()), error).await,
    };
    let ended = match invitation::withdraw(&mut work.tx(), id, now).await {
        Ok(ended) => ended,
        Err(error) => return refuse(work, Some(id.into()), Failure::from(error)).await,
    };
    if let Err(error) = desk.may_take_back(&by, &ended).await {
        return refuse(work, Some(id.into()), error).await;
    }
    work.explain(ended.told());
    Ok(work.commit(id, answer).await?)
}

/// The organization, held, and the caller as somebody who may invite there by now.
async fn inviting<E: Endpoint<Mode = Write>>(
    work: &mut Work<E>,
    tenant: &TenantId,
    caller: &Account,
    now: Timestamp,
) -> Result<(Desk, Giver), OrganizationError> {
    let (desk, by) = sit_down(work, tenant, caller, now).await?;
    by.must(Permission::MembersWrite)?;
    Ok((desk, by))
}

/// An invitation, as the API tells it.
pub fn wire(found: invitation::Invitation) -> Invitation {
    Invitation {
        id: found.id,
        email: found.email,
        role: found.role,
        invited_by: found.inviter,
        status: match found.state {
            State::Open => InvitationStatus::Open,
            State::Used => InvitationStatus::Used,
            State::Withdrawn => InvitationStatus::Withdrawn,
            State::Expired => InvitationStatus::Expired,
        },
        created_at: found.created_at,
        expires_at: found.expires_at,
    }
}
