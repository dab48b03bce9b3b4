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

/// The next of the organization's grants, `$which` of them.
macro_rules! list {
    ($name:literal, $which:literal) => {
        Statement::reading(
            $name,
            &[Role::App],
            concat!(
                "select ",
                grant_columns!(),
                " from grants where tenant_id = $1 and (expires_at is null or expires_at > $2) and grant_id < $3",
                $which,
                " order by grant_id desc limit $4"
            ),
        )
    };
}

pub(super) const LIST: Statement<Read> = list!("organizations.grants.list", "");
// A text for each index: what else is asked is asked of what one holder has.
pub(super) const OF_ROLE: Statement<Read> = list!("organizations.grants.list_of_role", " and role = $5");
pub(super) const OF_USER: Statement<Read> = list!(
    "organizations.grants.list_of_user",
    " and user_id = $5 and ($6::text is null or role = $6) and ($7::text is null or client_id = $7)"
);
pub(super) const OF_CLIENT: Statement<Read> =
    list!("organizations.grants.list_of_client", " and client_id = $5 and ($6::text is null or role = $6)");

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
    let (tenant, after, probe) = (tx.tenant(), after.map_or_else(Uuid::max, Cursor::id), size.probe());
    let client = filter.client.as_ref().map(ClientId::as_str);
    let rows = match (filter.user, client, &filter.role) {
        (None, None, None) => tx.query(&LIST, &[&tenant, &now, &after, &probe]).await?,
        (None, None, Some(role)) => tx.query(&OF_ROLE, &[&tenant, &now, &after, &probe, role]).await?,
        (None, Some(client), role) => tx.query(&OF_CLIENT, &[&tenant, &now, &after, &probe, &client, role]).await?,
        (Some(user), client, role) => tx.query(&OF_USER, &[&tenant, &now, &after, &probe, &user.uuid(), role, &client]).await?,
    };
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
