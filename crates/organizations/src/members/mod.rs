//! Who is in an organization: listed, given other roles, put out, leaving; and whose it is.
//!
//! **Invariant:** an organization has an owner whose account works, once it had one (`two_owners_who_remove_or_demote_each_other_at_once_leave_one`).
//! Whoever changes who is in it holds its row, and asks afterwards who they are themselves.

mod change;
mod leave;
mod list;
mod reach;
mod transfer;

pub use change::{RoleChanged, set_role};
pub use leave::{Taken, leave, remove};
pub use list::{Member, find, list};
pub use reach::{By, still};
pub use transfer::transfer;

use wardgraph_kernel::{Holder, OrganizationRole, TenantId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, StatementInfo, StoreError, Tx};

use crate::{KeepingError, announce, held, sets};

const APP: &[Role] = &[Role::App];

/// An owner besides, whose account works: the one who was there first.
const OTHER_OWNER: Statement<Write> = Statement::writing(
    "organizations.members.other_owner",
    APP,
    "select m.user_id from memberships m join users u on u.user_id = m.user_id
     where m.organization_id = $1 and m.user_id <> $2 and m.role = 'owner' and u.disabled_at is null order by m.created_at, m.user_id limit 1",
);
/// Who owns it by the record is one of its owners.
const HAND_OVER: Statement<Write> = Statement::writing(
    "organizations.members.hand_over",
    APP,
    "update organizations set owner_id = $2 where organization_id = $1 and owner_id = $3 returning organization_id",
);
/// What somebody holds there is another thing from now on.
const RAISE: Statement<Write> = Statement::writing(
    "organizations.members.raise_version",
    APP,
    "update organizations set grants_version = grants_version + 1 where organization_id = $1 returning grants_version",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    HAND_OVER.info(),
    OTHER_OWNER.info(),
    RAISE.info(),
    change::SET_ROLE.info(),
    leave::CODES.info(),
    leave::CONSENTS.info(),
    leave::DEVICES.info(),
    leave::INVITATIONS.info(),
    leave::KEYS.info(),
    leave::MEMBERSHIP.info(),
    leave::SESSIONS.info(),
    leave::TOKENS.info(),
    list::FIND.info(),
    list::LIST.info(),
];

/// Has an organization do without one of its owners: another one has it by the record. Who that is, if it was this one.
///
/// # Errors
/// [`KeepingError::InTheWay`] for its last owner.
async fn without(
    tx: &mut Tx<'_, Write>,
    organization: &TenantId,
    owner: &Member,
    now: Timestamp,
) -> Result<Option<UserId>, KeepingError> {
    let id = organization.as_str();
    let rows = tx.write(&OTHER_OWNER, &[&id, &owner.user.uuid()]).await?;
    let heir = rows.first().map(|row| row.try_get::<uuid::Uuid>(0)).transpose()?;
    let is_owner = owner.role.as_deref() == Some(OrganizationRole::Owner.word());
    let Some(heir) = heir else {
        // A record without the role owns nothing: whoever has the role is who counts.
        return if is_owner {
            Err(KeepingError::InTheWay("this is the organization's last owner: make somebody else an owner first"))
        } else {
            Ok(None)
        };
    };
    if is_owner {
        let book = held::rulebook(tx, organization).await?;
        if sets::keepers(tx, organization, &book, now, 2).await? == [owner.user] {
            return Err(KeepingError::InTheWay("this is the last owner to whom nothing is denied: make somebody else one first"));
        }
    }
    let handed = tx.write(&HAND_OVER, &[&id, &heir, &owner.user.uuid()]).await?;
    Ok((!handed.is_empty()).then_some(heir.into()))
}

/// Tells every server that somebody holds another thing.
async fn announce(tx: &mut Tx<'_, Write>, organization: &TenantId, user: UserId, now: Timestamp) -> Result<(), KeepingError> {
    let rows = tx.write(&RAISE, &[&organization.as_str()]).await?;
    let version = rows.first().ok_or(StoreError::Ended)?.try_get(0)?;
    Ok(announce::grants(tx, (organization, &Holder::User(user)), version, now).await?)
}
