//! What becomes of the organizations of whoever goes for good. Under the administrator's role.
//!
//! **Invariant:** no organization that has members or data is without an owner (`of_two_owners_who_leave_at_once_the_second_waits_and_stays`).

use serde_json::{Value, json};
use uuid::Uuid;
use wardgraph_kernel::{EventType, TenantId, UserId, Write};
use wardgraph_store::{Role, Row, Statement, Tx};

use crate::IdentityError;

const ADMIN: &[Role] = &[Role::Admin];

/// The organizations that the account owns, by the record or by its role.
macro_rules! owned {
    () => {
        "select o.organization_id from organizations o
         where o.owner_id = $1 or o.organization_id in (select m.organization_id from memberships m where m.user_id = $1 and m.role = 'owner')
         order by o.organization_id for update of o"
    };
}

/// Held: who leaves one of them meanwhile, or comes, waits.
pub(super) const HOLD: Statement<Write> = Statement::writing("identity.people.hold_organizations", ADMIN, owned!());
pub(super) const HOLD_AT_ONCE: Statement<Write> =
    Statement::writing("identity.people.hold_organizations_at_once", ADMIN, concat!(owned!(), " nowait"));
/// Who else is there, and who owns it besides. Asked once it is held, since what a statement sees is from before it waited.
pub(super) const STANDING: Statement<Write> = Statement::writing(
    "identity.people.standing",
    ADMIN,
    "select exists (select from memberships m where m.organization_id = $1 and m.user_id <> $2),
            (select m.user_id from memberships m join users u using (user_id)
             where m.organization_id = $1 and m.user_id <> $2 and m.role = 'owner' and u.disabled_at is null order by m.created_at, m.user_id limit 1)",
);
/// Whether a tenant has data, what waits for its end included.
pub(super) const HOLDS_DATA: Statement<Write> = Statement::writing(
    "identity.people.holds_data",
    ADMIN,
    "select exists (select from nodes n where n.tenant_id = $1) or exists (select from deleted_nodes d where d.tenant_id = $1)",
);
pub(super) const HAND_OVER: Statement<Write> = Statement::writing(
    "identity.people.hand_over",
    ADMIN,
    "update organizations set owner_id = $2 where organization_id = $1 and owner_id = $3 returning organization_id",
);
/// Tells its clients, which go along.
pub(super) const DISSOLVE: Statement<Write> = Statement::writing(
    "identity.people.dissolve",
    ADMIN,
    "with gone as (delete from organizations where organization_id = $1) select client_id from clients where organization_id = $1",
);

/// An organization that one of its owners left for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Which one.
    pub organization: TenantId,
    /// Who owns it from now on; `None` for one that is no more.
    pub heir: Option<UserId>,
    /// The clients that went along with it: what they hold elsewhere is to be taken back, too.
    pub clients: Vec<String>,
    owner: UserId,
}

impl Left {
    /// What its log says of it, with the owner before and after.
    pub fn told(&self) -> (EventType, Value) {
        let before = json!({ "owner_id": self.owner.to_string() });
        match self.heir {
            Some(heir) => {
                (EventType::OrganizationOwnerChanged, json!({ "before": before, "after": { "owner_id": heir.to_string() } }))
            }
            None => (EventType::OrganizationDeleted, json!({ "before": before, "after": null })),
        }
    }
}

/// Has the organizations of an account do without it, and tells those that have another owner now, or are no more.
pub(super) async fn leave(tx: &mut Tx<'_, Write>, user: UserId) -> Result<Vec<Left>, IdentityError> {
    let mut left = Vec::new();
    for organization in hold_organizations(tx, user).await? {
        left.extend(leave_one(tx, organization, user).await?);
    }
    Ok(left)
}

/// Holds the organizations of an account that is to go, before anything else of it is looked at, and tells which they are: whoever follows an
/// invitation holds its organization first, too.
pub async fn hold_organizations(tx: &mut Tx<'_, Write>, user: UserId) -> Result<Vec<TenantId>, IdentityError> {
    ids(&tx.write(&HOLD, &[&user.uuid()]).await?)
}

/// The same at anybody's own word: what a tenant does there is not waited for, with a connection that is everybody's.
///
/// # Errors
/// [`StoreError::Held`](wardgraph_store::StoreError::Held) while somebody else holds one of them.
pub async fn hold_organizations_at_once(tx: &mut Tx<'_, Write>, user: UserId) -> Result<Vec<TenantId>, IdentityError> {
    ids(&tx.write(&HOLD_AT_ONCE, &[&user.uuid()]).await?)
}

fn ids(rows: &[Row]) -> Result<Vec<TenantId>, IdentityError> {
    let read = |row: &Row| TenantId::parse(row.try_get(0)?).map_err(|_| IdentityError::Unreadable("an organization's id"));
    rows.iter().map(read).collect()
}

/// The same of one that is held. `None`, where it was not the account that owned it by the record, and somebody does.
async fn leave_one(tx: &mut Tx<'_, Write>, organization: TenantId, owner: UserId) -> Result<Option<Left>, IdentityError> {
    let id = organization.as_str();
    let rows = tx.write(&STANDING, &[&id, &owner.uuid()]).await?;
    let row = rows.first().ok_or(IdentityError::Unreadable("an organization's members"))?;
    let (others, heir): (bool, Option<Uuid>) = (row.try_get(0)?, row.try_get(1)?);
    if let Some(heir) = heir {
        let changed = tx.write(&HAND_OVER, &[&id, &heir, &owner.uuid()]).await?;
        return Ok((!changed.is_empty()).then(|| Left { organization, heir: Some(heir.into()), clients: Vec::new(), owner }));
    }
    if others {
        return Err(IdentityError::InTheWay(
            "the account is the only owner of an organization that has other members: make one of them an owner first",
        ));
    }
    let rows = tx.write(&HOLDS_DATA, &[&id]).await?;
    if rows.first().ok_or(IdentityError::Unreadable("an organization's data"))?.try_get(0)? {
        return Err(IdentityError::InTheWay(
            "the account is the only owner of an organization that has data: delete the data for good first, or make somebody else an owner",
        ));
    }
    let clients = tx.write(&DISSOLVE, &[&id]).await?.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    Ok(Some(Left { organization, heir: None, clients, owner }))
}
