//! Whoever runs the server says whose an organization is: somebody's whose owner is gone, say.

use uuid::Uuid;
use wardgraph_kernel::{Holder, OrganizationRole, UserId, Write};
use wardgraph_store::{Role, Statement, StatementInfo, Tx};

use crate::{Desk, OrganizationError, sets};

const APP: &[Role] = &[Role::App];

/// Whose it is by the record, and what somebody is in it.
const STANDS: Statement<Write> = Statement::writing(
    "organizations.hand_over.stands",
    APP,
    "select o.owner_id, m.role, u.disabled_at is not null from organizations o join memberships m using (organization_id) join users u using (user_id)
     where o.organization_id = $1 and m.user_id = $2",
);
const SET_ROLE: Statement<Write> = Statement::writing(
    "organizations.hand_over.set_role",
    APP,
    "update memberships set role = $3 where organization_id = $1 and user_id = $2 and role is distinct from $3 returning user_id",
);
/// Who owned it stays an admin; who had another role has that still.
const STEP_DOWN: Statement<Write> = Statement::writing(
    "organizations.hand_over.step_down",
    APP,
    "update memberships set role = 'admin' where organization_id = $1 and user_id = $2 and role = 'owner' returning user_id",
);
const HAND_OVER: Statement<Write> = Statement::writing(
    "organizations.hand_over.hand_over",
    APP,
    "update organizations set owner_id = $2 where organization_id = $1 returning organization_id",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[HAND_OVER.info(), SET_ROLE.info(), STANDS.info(), STEP_DOWN.info()];

/// An organization that has another owner.
#[derive(Debug, Clone)]
pub struct HandedOver {
    /// Whose it was by the record.
    pub before: UserId,
    /// Who has another role than before.
    pub changed: Vec<RoleChanged>,
}

/// A member who has another role.
#[derive(Debug, Clone)]
pub struct RoleChanged {
    /// Who.
    pub user: UserId,
    /// The role before, if there was one.
    pub before: Option<String>,
    /// And after.
    pub after: OrganizationRole,
}

/// Hands an organization over to a member, who is an owner from then on; who had it stays an admin.
///
/// # Errors
/// [`OrganizationError::Missing`] for who is no member; [`OrganizationError::InTheWay`] for whose it is already, for an account that may do nothing, and
/// where an owner would be left to whom something is denied.
pub async fn hand_over(tx: &mut Tx<'_, Write>, desk: &Desk, to: UserId) -> Result<HandedOver, OrganizationError> {
    let (id, in_the_way) = (desk.organization.as_str(), |why: &str| Err(OrganizationError::InTheWay(why.to_owned())));
    let rows = tx.write(&STANDS, &[&id, &to.uuid()]).await?;
    let row = rows.first().ok_or(OrganizationError::Missing("member"))?;
    let (before, role): (UserId, Option<String>) = (row.try_get::<Uuid>(0)?.into(), row.try_get(1)?);
    let owner = OrganizationRole::Owner;
    if row.try_get(2)? {
        return in_the_way("the account may do nothing: nobody would own the organization");
    }
    if before == to && role.as_deref() == Some(owner.word()) {
        return in_the_way("the organization is theirs already");
    }
    sets::has_room(tx, &Holder::User(to), owner, desk.now).await?;
    let was_kept = sets::has_keeper(tx, desk, &desk.book).await?;
    let raised = tx.write(&SET_ROLE, &[&id, &to.uuid(), &owner.word()]).await?;
    let lowered = if before == to { Vec::new() } else { tx.write(&STEP_DOWN, &[&id, &before.uuid()]).await? };
    tx.write(&HAND_OVER, &[&id, &to.uuid()]).await?;
    if was_kept && !sets::has_keeper(tx, desk, &desk.book).await? {
        return Err(sets::no_keeper());
    }
    let mut changed = Vec::with_capacity(2);
    if !raised.is_empty() {
        changed.push(RoleChanged { user: to, before: role, after: owner });
    }
    if !lowered.is_empty() {
        changed.push(RoleChanged { user: before, before: Some(owner.word().to_owned()), after: OrganizationRole::Admin });
    }
    for one in &changed {
        desk.grants_changed(tx, &Holder::User(one.user)).await?;
    }
    Ok(HandedOver { before, changed })
}
