//! Following an invitation: as somebody new, or with an account.

use serde_json::{Value, json};
use wardgraph_access::RoleName;
use wardgraph_api::{
    Created, Json, Keep, Problem,
    table::invitations::{AcceptInvitation, JoinOrganization, ListOrganizations},
    wire::{
        account::Seat,
        invitation::{Acceptance, Joining, OrganizationList},
    },
};
use wardgraph_audit::Entry;
use wardgraph_gate::{Ceremony, Committed, Permit};
use wardgraph_identity::{
    Address, IdentityError, Keys,
    account::Registration,
    invitation::{self, Given, Shown},
    link::{self, Kind},
};
use wardgraph_kernel::{Endpoint, EventType, GrantId, InvitationId, Outcome, Permission, Permissions, Read, Write};
use wardgraph_organizations::follow::{Follower, Gift};

use super::{seat, spent};
use crate::{
    Failure, Services,
    handlers::{auth::person, roles::grants::made},
};

pub(crate) async fn accept(
    pass: Ceremony<AcceptInvitation>,
    Json(body): Json<Acceptance>,
    services: Services,
) -> Result<Committed<AcceptInvitation>, Failure> {
    begin(pass, body, services, Created).await
}

/// Makes the account of somebody who follows an invitation. The link shows the address, so that nothing is left to be confirmed.
pub(crate) async fn begin<E: Endpoint>(
    pass: Ceremony<E>,
    body: Acceptance,
    services: Services,
    answer: impl FnOnce(Seat) -> E::Output + Send,
) -> Result<Committed<E>, Failure> {
    let (accounts, now, chance) = (&services.accounts, pass.now(), pass.chance());
    if let Err(problem) = accounts.registration.by_invitation() {
        return Ok(pass.begin()?.refuse(problem).await?);
    }
    let Some(id) = token(&accounts.keys, body.token.expose()) else {
        return Ok(pass.begin()?.refuse(over()).await?);
    };
    // Looked at before it is used up: a password that is too weak can be followed by another.
    let Some(offer) = invitation::look(&mut pass.look()?.tx(), id, now).await? else {
        return Ok(pass.begin()?.refuse(over()).await?);
    };
    if offer.is_taken {
        return Ok(pass.begin()?.refuse(has_account()).await?);
    }
    let (email, name) = (Address::parse(&offer.email), body.name.trim().to_owned());
    let email = email.ok_or(IdentityError::Unreadable("an invitation's address"))?;
    let words = [email.to_string(), name.clone()];
    let verifier = accounts.verifier(&body.password, words, "/password", chance.clone()).await?;
    let mut work = pass.begin()?;
    let Some(given) = invitation::take(&mut work.tx(), id, now).await? else {
        return Ok(work.refuse(over()).await?);
    };
    let role = role(&given)?;
    if !gift(&given, &role).stands(&mut work.tx(), now).await? {
        return Ok(work.refuse(over()).await?);
    }
    let new = Registration { email, name, verifier, mailed: false };
    let Some(user) = invitation::found(&mut work.tx(), &new, &given.place, now, &*chance).await? else {
        return Ok(work.refuse(has_account()).await?);
    };
    let to = Follower { user, grant: GrantId::new(now, &*chance) };
    let granted = gift(&given, &role).grant(&mut work.tx(), to, now).await?;
    work.note(EventType::UserRegistered, Some(user.into()), Outcome::Success, json!({ "invitation": id }));
    work.note(EventType::MemberJoined, Some(user.into()), Outcome::Success, told(id, &given));
    if let Some(grant) = granted {
        work.note(EventType::GrantMade, Some(grant.id.into()), Outcome::Success, made(&grant));
    }
    let organization = given.place.organization.clone();
    Ok(work.commit(person(user, Some(organization)), answer(seat(given.place))).await?)
}

pub(crate) async fn join(
    permit: Permit<JoinOrganization>,
    Json(body): Json<Joining>,
    services: Services,
) -> Result<Committed<JoinOrganization>, Failure> {
    Box::pin(enter(permit, body, services, Created)).await
}

/// Has the caller be a member of the organization that invites the own address.
pub(crate) async fn enter<E>(
    permit: Permit<E>,
    body: Joining,
    services: Services,
    answer: impl FnOnce(Seat) -> E::Output + Send,
) -> Result<Committed<E>, Failure>
where
    E: Endpoint<Mode = Write, Output: Keep>,
{
    let (user, now, chance) = (permit.account()?.user, permit.now(), permit.chance());
    let mut work = permit.begin()?;
    let Some(id) = token(&services.accounts.keys, body.token.expose()) else {
        return Ok(work.refuse(over()).await?);
    };
    let Some(given) = invitation::take_own(&mut work.tx(), id, user, now).await? else {
        return Ok(work.refuse(over()).await?);
    };
    let role = role(&given)?;
    if !gift(&given, &role).stands_for_account(&mut work.tx(), now).await? {
        return Ok(work.refuse(over()).await?);
    }
    if !invitation::join(&mut work.tx(), user, &given.place, now).await? {
        return Ok(work.refuse(Problem::conflict("the account is a member of this organization already")).await?);
    }
    // Whose member it is now reads of it; the log of where the caller works has the request.
    let organization = &given.place.organization;
    work.changed_in(organization, Entry::done(EventType::MemberJoined, user.into()).with(told(id, &given)));
    let to = Follower { user, grant: GrantId::new(now, &*chance) };
    if let Some(grant) = gift(&given, &role).grant_to_account(&mut work.tx(), to, now).await? {
        work.changed_in(organization, Entry::done(EventType::GrantMade, grant.id.into()).with(made(&grant)));
    }
    Ok(work.commit_all([], answer(seat(given.place))).await?)
}

/// What an invitation says to the caller; nothing, if it is none to the own address that is open.
pub(crate) async fn shown<E: Endpoint<Mode = Read>>(
    permit: Permit<E>,
    text: &str,
    services: &Services,
) -> Result<Option<Shown>, Failure> {
    let (user, now) = (permit.account()?.user, permit.now());
    let Some(id) = token(&services.accounts.keys, text) else { return Ok(None) };
    let mut work = permit.begin()?;
    Ok(invitation::shown(&mut work.once(), id, user, now).await?)
}

pub(crate) async fn organizations(permit: Permit<ListOrganizations>, (): ()) -> Result<Json<OrganizationList>, Failure> {
    let user = permit.account()?.user;
    let mut work = permit.begin()?;
    let found = invitation::memberships(&mut work.once(), user).await?;
    let organizations: Vec<_> =
        found.into_iter().map(|place| Seat { id: place.organization, name: place.name, role: place.role }).collect();
    Ok(Json(OrganizationList { count: organizations.len(), organizations }))
}

/// What who invited gives, and must hold now.
const fn gift<'a>(given: &'a Given, role: &'a RoleName) -> Gift<'a> {
    Gift {
        organization: &given.place.organization,
        giver: given.inviter,
        by: Permission::MembersWrite,
        role: Some(role),
        scopes: Permissions::NONE,
    }
}

fn role(given: &Given) -> Result<RoleName, Failure> {
    RoleName::read(&given.place.role).map_err(|_| IdentityError::Unreadable("an invitation's role").into())
}

/// What the log tells of who joined.
fn told(id: InvitationId, given: &Given) -> Value {
    let after = json!({ "role": given.place.role, "invited_by": given.inviter });
    json!({ "invitation": id, "before": null, "after": after })
}

fn token(keys: &Keys, text: &str) -> Option<InvitationId> {
    link::read(keys, Kind::Invitation, text).map(|id| id.uuid().into())
}

/// An invitation that cannot be followed, whyever, or not by this account.
fn over() -> Problem {
    spent("was used or withdrawn, is too old, or is no invitation to this account's address: ask who invited you for another")
}

/// Whoever has the link has the address, and may know.
fn has_account() -> Problem {
    Problem::conflict(
        "there is an account with this address: sign in and follow the link then; who does not know its password sets a new one first",
    )
}
