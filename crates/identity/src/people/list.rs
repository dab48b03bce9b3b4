//! Who there is.

use uuid::Uuid;
use wardgraph_kernel::{Cursor, Mode, Page, PageSize, Read, Timestamp, UserId};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx};

use crate::{Address, IdentityError};

/// The next members of the organization that the caller works in, `$which` of them.
macro_rules! members {
    ($name:literal, $which:literal) => {
        Statement::reading(
            $name,
            &[Role::App],
            concat!(
                "select u.user_id, u.email, u.name, m.role, u.global_role, u.verified_at is not null, u.disabled_at is not null, u.created_at,
                        (select max(s.created_at) from sessions s where s.user_id = u.user_id and s.organization_id = $1)
                 from memberships m join users u using (user_id) where m.organization_id = $1 and m.user_id > $2",
                $which,
                " order by m.user_id limit $3"
            ),
        )
    };
}

pub(super) const MEMBERS: Statement<Read> = members!("identity.people.members", "");
pub(super) const MEMBERS_BY: Statement<Read> = members!("identity.people.members_by", " and u.email = $4");
pub(super) const MEMBER: Statement<Read> = Statement::reading(
    "identity.people.member",
    &[Role::App],
    "select u.user_id, u.email, u.name, m.role, u.global_role, u.verified_at is not null, u.disabled_at is not null, u.created_at,
            (select max(s.created_at) from sessions s where s.user_id = u.user_id and s.organization_id = $1)
     from memberships m join users u using (user_id) where m.organization_id = $1 and m.user_id = $2",
);
/// Everybody's next accounts, `$which` of them. The role is that in the organization that the caller works in: what others do elsewhere is not told.
macro_rules! accounts {
    ($name:literal, $which:literal) => {
        Statement::reading(
            $name,
            &[Role::Admin],
            concat!(
                "select u.user_id, u.email, u.name, m.role, u.global_role, u.verified_at is not null, u.disabled_at is not null, u.created_at,
                        (select max(s.created_at) from sessions s where s.user_id = u.user_id)
                 from users u left join memberships m on m.user_id = u.user_id and m.organization_id = $1 where u.user_id > $2",
                $which,
                " order by u.user_id limit $3"
            ),
        )
    };
}

pub(super) const ACCOUNTS: Statement<Read> = accounts!("identity.people.accounts", "");
pub(super) const ACCOUNTS_BY: Statement<Read> = accounts!("identity.people.accounts_by", " and u.email = $4");
pub(super) const ACCOUNT: Statement<Read> = Statement::reading(
    "identity.people.account",
    &[Role::Admin],
    "select u.user_id, u.email, u.name, m.role, u.global_role, u.verified_at is not null, u.disabled_at is not null, u.created_at,
            (select max(s.created_at) from sessions s where s.user_id = u.user_id)
     from users u left join memberships m on m.user_id = u.user_id and m.organization_id = $1 where u.user_id = $2",
);

/// Whose accounts are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Those of the members of the caller's organization.
    Members,
    /// Everybody's: for a unit of work under the administrator's role.
    Everybody,
}

/// What is listed.
#[derive(Debug)]
pub struct Listing<'a> {
    /// Whose accounts.
    pub who: Who,
    /// The one with this address alone.
    pub email: Option<&'a Address>,
}

/// An account, seen by who looks after it.
#[derive(Debug, Clone)]
pub struct Person {
    /// Its id.
    pub id: UserId,
    /// Its address.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// What they are in the caller's organization, if they are a member.
    pub role: Option<String>,
    /// What they are on the whole server.
    pub global_role: Option<String>,
    /// Whether the address was shown to be its owner's.
    pub verified: bool,
    /// Whether the account may do nothing.
    pub disabled: bool,
    /// When it came into being.
    pub created_at: Timestamp,
    /// When the person last signed in, as far as sessions are kept: to the caller's organization, unless everybody is meant.
    pub last_sign_in_at: Option<Timestamp>,
}

/// A page of accounts, the oldest first.
pub async fn list<M: Mode>(
    tx: &mut Tx<'_, M>,
    listing: &Listing<'_>,
    after: Option<Cursor>,
    size: PageSize,
) -> Result<Page<Person>, StoreError> {
    let (tenant, after) = (tx.tenant(), after.map_or_else(Uuid::nil, Cursor::id));
    let (all, by) = match listing.who {
        Who::Members => (&MEMBERS, &MEMBERS_BY),
        Who::Everybody => (&ACCOUNTS, &ACCOUNTS_BY),
    };
    let rows = match listing.email {
        None => tx.query(all, &[&tenant, &after, &size.probe()]).await?,
        Some(email) => tx.query(by, &[&tenant, &after, &size.probe(), &email.as_str()]).await?,
    };
    let people = rows.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Page::cut(people, size, |person: &Person| person.id.uuid()))
}

/// One account.
///
/// # Errors
/// [`IdentityError::NobodyThere`] if there is none among them.
pub async fn find<M: Mode>(tx: &mut Tx<'_, M>, who: Who, id: UserId) -> Result<Person, IdentityError> {
    let tenant = tx.tenant();
    let statement = match who {
        Who::Members => &MEMBER,
        Who::Everybody => &ACCOUNT,
    };
    let row = tx.find(statement, &[&tenant, &id.uuid()]).await?.ok_or(IdentityError::NobodyThere)?;
    Ok(read(&row)?)
}

fn read(row: &Row) -> Result<Person, StoreError> {
    Ok(Person {
        id: row.try_get::<Uuid>(0)?.into(),
        email: row.try_get(1)?,
        name: row.try_get(2)?,
        role: row.try_get(3)?,
        global_role: row.try_get(4)?,
        verified: row.try_get(5)?,
        disabled: row.try_get(6)?,
        created_at: row.try_get(7)?,
        last_sign_in_at: row.try_get(8)?,
    })
}
