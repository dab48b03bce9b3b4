//! Who is there.

use uuid::Uuid;
use wardgraph_kernel::{Cursor, Mode, Page, PageSize, Read, TenantId, Timestamp, UserId};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx};

use crate::OrganizationError;

macro_rules! member {
    () => {
        "select m.user_id, u.email, u.name, m.role, u.disabled_at is not null, m.created_at, m.last_used_at
     from memberships m join users u on u.user_id = m.user_id where m.organization_id = $1"
    };
}

const BOTH: &[Role] = &[Role::App, Role::Admin];

pub(super) const LIST: Statement<Read> =
    Statement::reading("organizations.members.list", BOTH, concat!(member!(), " and m.user_id > $2 order by m.user_id limit $3"));
pub(super) const FIND: Statement<Read> =
    Statement::reading("organizations.members.find", BOTH, concat!(member!(), " and m.user_id = $2"));

/// A member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The account.
    pub user: UserId,
    /// Its address.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// The role; `None` for nothing but what is granted besides.
    pub role: Option<String>,
    /// Whether the account may do nothing.
    pub disabled: bool,
    /// Since when.
    pub since: Timestamp,
    /// When the role was used last.
    pub last_used_at: Option<Timestamp>,
}

/// A page of an organization's members, the oldest accounts first.
pub async fn list<M: Mode>(
    tx: &mut Tx<'_, M>,
    organization: &str,
    after: Option<Cursor>,
    size: PageSize,
) -> Result<Page<Member>, StoreError> {
    let after = after.map_or_else(Uuid::nil, Cursor::id);
    let rows = tx.query(&LIST, &[&organization, &after, &size.probe()]).await?;
    let members = rows.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Page::cut(members, size, |member: &Member| member.user.uuid()))
}

/// One member.
///
/// # Errors
/// [`OrganizationError::Missing`].
pub async fn find<M: Mode>(tx: &mut Tx<'_, M>, organization: &TenantId, user: UserId) -> Result<Member, OrganizationError> {
    look_up(tx, organization, user).await?.ok_or(OrganizationError::Missing("member"))
}

/// One who may be no member any more.
pub(crate) async fn look_up<M: Mode>(
    tx: &mut Tx<'_, M>,
    organization: &TenantId,
    user: UserId,
) -> Result<Option<Member>, StoreError> {
    tx.find(&FIND, &[&organization.as_str(), &user.uuid()]).await?.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Result<Member, StoreError> {
    Ok(Member {
        user: row.try_get::<Uuid>(0)?.into(),
        email: row.try_get(1)?,
        name: row.try_get(2)?,
        role: row.try_get(3)?,
        disabled: row.try_get(4)?,
        since: row.try_get(5)?,
        last_used_at: row.try_get(6)?,
    })
}
