//! Following an invitation: as somebody new, before anyone is known; or with an account, under the administrator's role, since an account
//! sees nothing of who invited.
//!
//! **Invariant:** nobody waits here for what a tenant does: the connections are everybody's (`while_an_organization_is_held_nobody_waits_to_join_it`).

use uuid::Uuid;
use wardgraph_kernel::{Chance, Identity, InvitationId, OrganizationRole, Read, TenantId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx};

use crate::{IdentityError, account::Registration};

/// What an open invitation into an organization that works is, and whether anybody has its address.
pub(super) const LOOK: Statement<Identity> = Statement::identity(
    "identity.invitation.look",
    "select i.email, exists (select from users u where u.email = i.email) from invitations i
     join organizations o on o.organization_id = i.organization_id and o.deleted_at is null
     where i.invitation_id = $1 and i.used_at is null and i.withdrawn_at is null and i.expires_at > $2",
);
/// Whether an invitation to the address of `$3` is open, into an organization that works.
pub(super) const IS_OPEN: Statement<Read> = Statement::reading(
    "identity.invitation.is_open",
    &[Role::Admin],
    "select i.invitation_id from invitations i
     join organizations o on o.organization_id = i.organization_id and o.deleted_at is null
     where i.invitation_id = $1 and i.used_at is null and i.withdrawn_at is null and i.expires_at > $2
       and i.email = (select u.email from users u where u.user_id = $3 and u.disabled_at is null)",
);
/// Its organization, held, before the invitation itself: whoever changes roles there or takes one away waits, or came first, and then this fails.
const HOLD_PLACE_SQL: &str = "select o.organization_id from organizations o
     where o.organization_id = (select i.organization_id from invitations i where i.invitation_id = $1) for no key update of o nowait";
pub(super) const HOLD_PLACE: Statement<Identity> = Statement::identity("identity.invitation.hold_place", HOLD_PLACE_SQL);
pub(super) const HOLD_OWN_PLACE: Statement<Write> =
    Statement::writing("identity.invitation.hold_own_place", &[Role::Admin], HOLD_PLACE_SQL);
/// An invitation, held. What its inviter may give is asked once it is, since what a statement sees is from before it waited.
const HOLD_SQL: &str = "select invitation_id from invitations where invitation_id = $1 for update";
pub(super) const HOLD: Statement<Identity> = Statement::identity("identity.invitation.hold", HOLD_SQL);
pub(super) const HOLD_OWN: Statement<Write> = Statement::writing("identity.invitation.hold_own", &[Role::Admin], HOLD_SQL);
/// Uses an invitation up, to the address that `$whose` names. One whose inviter is no member any more or may do nothing brings no row, and neither
/// does one into an organization that was deleted.
macro_rules! take {
    ($whose:literal) => {
        concat!(
            "update invitations i set used_at = $2 from memberships h, users inviter, organizations o
     where i.invitation_id = $1 and i.used_at is null and i.withdrawn_at is null and i.expires_at > $2",
            $whose,
            " and h.organization_id = i.organization_id and h.user_id = i.inviter_id
       and inviter.user_id = i.inviter_id and inviter.disabled_at is null and o.organization_id = i.organization_id and o.deleted_at is null
     returning i.organization_id, o.name, i.role, i.email, i.inviter_id"
        )
    };
}
pub(super) const TAKE: Statement<Identity> = Statement::identity("identity.invitation.take", take!(""));
pub(super) const TAKE_OWN: Statement<Write> = Statement::writing(
    "identity.invitation.take_own",
    &[Role::Admin],
    take!(" and i.email = (select u.email from users u where u.user_id = $3 and u.disabled_at is null)"),
);
/// Makes the account of who is invited, as a member; nothing, where the address was taken meanwhile. The link showed the address.
pub(super) const FOUND: Statement<Identity> = Statement::identity(
    "identity.invitation.found",
    "with fresh as (
       insert into users (user_id, email, name, verified_at, created_at, updated_at) values ($1, $2, $3, $4, $4, $4)
       on conflict (email) do nothing returning user_id),
     password as (insert into passwords (user_id, verifier, changed_at) select user_id, $5::text, $4 from fresh),
     member as (insert into memberships (organization_id, user_id, role, created_at) select $6::text, user_id, $7::text, $4 from fresh)
     select user_id from fresh",
);
/// Row-level security asks for the invitation besides: one that was used up at this very moment.
pub(super) const JOIN: Statement<Write> = Statement::writing(
    "identity.invitation.join",
    &[Role::Admin],
    "insert into memberships (organization_id, user_id, role, created_at) values ($1, $2, $3, $4) on conflict do nothing returning user_id",
);

/// An invitation that can be followed, as far as it says itself.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Who is invited.
    pub email: String,
    /// Whether somebody has an account with this address.
    pub is_taken: bool,
}

/// An invitation that was used up.
#[derive(Debug, Clone)]
pub struct Given {
    /// The place that it gives.
    pub place: Place,
    /// Who was invited.
    pub email: String,
    /// Who invited.
    pub inviter: UserId,
}

/// A place in an organization.
#[derive(Debug, Clone)]
pub struct Place {
    /// The organization.
    pub organization: TenantId,
    /// What it is called.
    pub name: String,
    /// As what: a built-in role, or one that the organization made.
    pub role: String,
}

impl Place {
    /// The role that the membership itself has: a built-in one. What the organization made is granted besides.
    pub fn own_role(&self) -> Option<&'static str> {
        OrganizationRole::of(&self.role).map(OrganizationRole::word)
    }
}

/// Looks at an invitation without using it up.
pub async fn look(tx: &mut Tx<'_, Identity>, id: InvitationId, now: Timestamp) -> Result<Option<Offer>, StoreError> {
    let rows = tx.run(&LOOK, &[&id.uuid(), &now]).await?;
    rows.first().map(|row| Ok(Offer { email: row.try_get(0)?, is_taken: row.try_get(1)? })).transpose()
}

/// Uses an invitation up that was open when it was [looked at](look); of two uses at once one is told. What its inviter may give by now is asked then,
/// while the organization is held.
///
/// # Errors
/// [`StoreError::Held`] while somebody else holds the organization: nothing is used up.
pub async fn take(tx: &mut Tx<'_, Identity>, id: InvitationId, now: Timestamp) -> Result<Option<Given>, IdentityError> {
    tx.run(&HOLD_PLACE, &[&id.uuid()]).await?;
    tx.run(&HOLD, &[&id.uuid()]).await?;
    given(&tx.run(&TAKE, &[&id.uuid(), &now]).await?)
}

/// The same for an invitation to the address of `user`. It is looked at first: one that cannot be followed holds nothing, and asks for nothing that is held.
///
/// # Errors
/// As [`take`].
pub async fn take_own(
    tx: &mut Tx<'_, Write>,
    id: InvitationId,
    user: UserId,
    now: Timestamp,
) -> Result<Option<Given>, IdentityError> {
    if tx.query(&IS_OPEN, &[&id.uuid(), &now, &user.uuid()]).await?.is_empty() {
        return Ok(None);
    }
    tx.write(&HOLD_OWN_PLACE, &[&id.uuid()]).await?;
    tx.write(&HOLD_OWN, &[&id.uuid()]).await?;
    given(&tx.write(&TAKE_OWN, &[&id.uuid(), &now, &user.uuid()]).await?)
}

/// Makes the account of somebody who followed an invitation; `None` if there is one with the address.
pub async fn found(
    tx: &mut Tx<'_, Identity>,
    new: &Registration,
    place: &Place,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Option<UserId>, StoreError> {
    let user = UserId::new(now, chance);
    let (email, verifier) = (new.email.as_str(), new.verifier.to_string());
    let (organization, role) = (place.organization.as_str(), place.own_role());
    let rows = tx.run(&FOUND, &[&user.uuid(), &email, &new.name, &now, &verifier, &organization, &role]).await?;
    Ok((!rows.is_empty()).then_some(user))
}

/// Has an account be a member, once its invitation was used up at `now`. Tells whether it was none before.
pub async fn join(tx: &mut Tx<'_, Write>, user: UserId, place: &Place, now: Timestamp) -> Result<bool, StoreError> {
    let (organization, role) = (place.organization.as_str(), place.own_role());
    tx.write(&JOIN, &[&organization, &user.uuid(), &role, &now]).await.map(|rows| !rows.is_empty())
}

fn given(rows: &[Row]) -> Result<Option<Given>, IdentityError> {
    let Some(row) = rows.first() else { return Ok(None) };
    let organization = TenantId::parse(row.try_get(0)?).map_err(|_| IdentityError::Unreadable("an organization's id"))?;
    let place = Place { organization, name: row.try_get(1)?, role: row.try_get(2)? };
    Ok(Some(Given { place, email: row.try_get(3)?, inviter: row.try_get::<Uuid>(4)?.into() }))
}
