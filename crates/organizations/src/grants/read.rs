//! Grants, seen by their organization.

use uuid::Uuid;
use wardgraph_kernel::{ClientId, Cursor, GrantId, Holder, Mode, Page, PageSize, Read, Timestamp, UserId};
use wardgraph_store::{Role, Row, Statement, Tx};

use crate::OrganizationError;

/// The columns of [`read`].
macro_rules! grant_columns {
    () => {
        "grant_id, user_id, client_id, role, granted_by, created_at, expires_at, last_used_at"
    };
}
pub(super) use grant_columns;

pub(super) const LIST: Statement<Read> = Statement::reading(
    "organizations.grants.list",
    &[Role::App],
    concat!(
        "select ",
        grant_columns!(),
        " from grants where tenant_id = $1 and (expires_at is null or expires_at > $2) and ($3::uuid is null or user_id = $3)
           and ($4::text is null or client_id = $4) and ($5::text is null or role = $5) and ($6::uuid is null or grant_id < $6)
         order by grant_id desc limit $7"
    ),
);

/// A role that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who holds it.
    pub holder: Holder,
    /// Which.
    pub role: String,
    /// Who gave it.
    pub granted_by: String,
    /// When.
    pub created_at: Timestamp,
    /// From when on it counts no more.
    pub expires_at: Option<Timestamp>,
    /// When something was allowed by it last.
    pub last_used_at: Option<Timestamp>,
}

/// Which grants are listed: those for which everything holds.
#[derive(Debug, Clone, Default, Hash)]
pub struct Filter {
    /// Those of this member.
    pub user: Option<UserId>,
    /// Those of this client.
    pub client: Option<ClientId>,
    /// Those of this role.
    pub role: Option<String>,
}

/// The grants of the organization that count at `now`, the newest first.
pub async fn list<M: Mode>(
    tx: &mut Tx<'_, M>,
    filter: &Filter,
    after: Option<Cursor>,
    size: PageSize,
    now: Timestamp,
) -> Result<Page<Grant>, OrganizationError> {
    let (tenant, after) = (tx.tenant(), after.map(Cursor::id));
    let (user, client) = (filter.user.map(UserId::uuid), filter.client.as_ref().map(ClientId::as_str));
    let rows = tx.query(&LIST, &[&tenant, &now, &user, &client, &filter.role, &after, &size.probe()]).await?;
    let grants = rows.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Page::cut(grants, size, |grant: &Grant| grant.id.uuid()))
}

pub(super) fn read(row: &Row) -> Result<Grant, OrganizationError> {
    let user = row.try_get::<Option<Uuid>>(1)?.map(|id| Holder::User(id.into()));
    let client = row.try_get::<Option<&str>>(2)?.and_then(ClientId::parse).map(Holder::Client);
    Ok(Grant {
        id: row.try_get::<Uuid>(0)?.into(),
        holder: user.or(client).ok_or(OrganizationError::Unreadable("whose a grant is"))?,
        role: row.try_get(3)?,
        granted_by: row.try_get(4)?,
        created_at: row.try_get(5)?,
        expires_at: row.try_get(6)?,
        last_used_at: row.try_get(7)?,
    })
}
