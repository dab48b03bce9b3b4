//! Which organizations there are, for whoever administers the server: nothing of what is in them.

use uuid::Uuid;
use wardgraph_kernel::{Cursor, Mode, Page, PageSize, Read, Timestamp};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx};

/// In the order of what an id's digest spells: it says nothing, and stays.
pub(super) const LIST: Statement<Read> = Statement::reading(
    "organizations.organization.list",
    &[Role::Admin],
    "select md5(o.organization_id)::uuid, o.organization_id, o.name, o.tier, o.created_at, o.deleted_at,
            (select count(*) from memberships m where m.organization_id = o.organization_id)
     from organizations o where md5(o.organization_id)::uuid > $1 order by md5(o.organization_id)::uuid limit $2",
);

/// An organization, as whoever administers the server sees it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its place in the list.
    mark: Uuid,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How much it may use.
    pub tier: String,
    /// When it came into being.
    pub created_at: Timestamp,
    /// Since when nothing works there any more.
    pub deleted_at: Option<Timestamp>,
    /// How many members it has.
    pub members: i64,
}

/// A page of all organizations.
pub async fn directory<M: Mode>(tx: &mut Tx<'_, M>, after: Option<Cursor>, size: PageSize) -> Result<Page<Listed>, StoreError> {
    let after = after.map_or_else(Uuid::nil, Cursor::id);
    let rows = tx.query(&LIST, &[&after, &size.probe()]).await?;
    let found = rows.iter().map(read).collect::<Result<_, _>>()?;
    Ok(Page::cut(found, size, |one: &Listed| one.mark))
}

fn read(row: &Row) -> Result<Listed, StoreError> {
    Ok(Listed {
        mark: row.try_get(0)?,
        id: row.try_get(1)?,
        name: row.try_get(2)?,
        tier: row.try_get(3)?,
        created_at: row.try_get(4)?,
        deleted_at: row.try_get(5)?,
        members: row.try_get(6)?,
    })
}
