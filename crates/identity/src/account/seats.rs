//! Who somebody is and where they work, for whoever asks in their name while they sign in.

use wardgraph_kernel::{GlobalRole, Identity, OrganizationRole, Permissions, TenantId, Timestamp, UserId};
use wardgraph_store::{Statement, StoreError, Tx};

use super::Seat;
use crate::IdentityError;

/// The most organizations that are told of.
const MOST: i64 = 100;

pub(super) const PERSON: Statement<Identity> = Statement::identity(
    "identity.account.person",
    "select email, name, verified_at is not null, updated_at from users where user_id = $1",
);
pub(super) const SEATS: Statement<Identity> = Statement::identity(
    "identity.account.seats",
    "select m.organization_id, m.role, u.global_role, o.name, o.requires_mfa, o.allowed_networks
     from memberships m join users u on u.user_id = m.user_id join organizations o on o.organization_id = m.organization_id
     where m.user_id = $1 and o.deleted_at is null order by m.created_at, m.organization_id limit $2",
);

pub(super) const ORGANIZATION: Statement<Identity> =
    Statement::identity("identity.account.organization", "select name from organizations where organization_id = $1");

/// What an account says of its person.
#[derive(Debug, Clone)]
pub struct Person {
    /// The address.
    pub email: String,
    /// The name.
    pub name: String,
    /// Whether the address was shown to be theirs.
    pub verified: bool,
    /// When any of it was changed last.
    pub updated_at: Timestamp,
}

/// An organization that a person is in.
#[derive(Debug, Clone)]
pub struct Place {
    /// What the person may do there.
    pub seat: Seat,
    /// What it is called.
    pub name: String,
    /// Whether whoever works there must have shown a second factor.
    pub requires_mfa: bool,
    /// From where its sessions may call; empty for everywhere.
    pub networks: Vec<String>,
}

impl Seat {
    /// A place in an organization, as rows have it; `None` where a role is not known.
    pub fn read(organization: TenantId, role: Option<&str>, global: Option<&str>) -> Option<Self> {
        let global = match global {
            None => None,
            Some(word) => Some(GlobalRole::of(word)?),
        };
        let role = match role {
            None => None,
            Some(word) => Some(OrganizationRole::of(word)?),
        };
        Some(Self { organization, role, global, granted: Permissions::NONE })
    }
}

/// Who somebody is.
pub async fn person(tx: &mut Tx<'_, Identity>, user: UserId) -> Result<Person, IdentityError> {
    let rows = tx.run(&PERSON, &[&user.uuid()]).await?;
    let row = rows.first().ok_or(IdentityError::Missing("account"))?;
    Ok(Person { email: row.try_get(0)?, name: row.try_get(1)?, verified: row.try_get(2)?, updated_at: row.try_get(3)? })
}

/// Where somebody works, the organization first that they were in first.
pub async fn places(tx: &mut Tx<'_, Identity>, user: UserId) -> Result<Vec<Place>, IdentityError> {
    let unreadable = || IdentityError::Unreadable("a member's place");
    let read = |row: &wardgraph_store::Row| {
        let organization = TenantId::parse(row.try_get::<&str>(0)?).map_err(|_| unreadable())?;
        let seat = Seat::read(organization, row.try_get(1)?, row.try_get(2)?).ok_or_else(unreadable)?;
        Ok(Place { seat, name: row.try_get(3)?, requires_mfa: row.try_get(4)?, networks: row.try_get(5)? })
    };
    tx.run(&SEATS, &[&user.uuid(), &MOST]).await?.iter().map(read).collect()
}

/// What an organization is called; `None` if there is none.
pub async fn organization_name(tx: &mut Tx<'_, Identity>, organization: &TenantId) -> Result<Option<String>, StoreError> {
    tx.run(&ORGANIZATION, &[&organization.as_str()]).await?.first().map(|row| row.try_get(0)).transpose()
}
