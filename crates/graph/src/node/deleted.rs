//! Which nodes can still be brought back, page by page. Their content is told by nothing before they are.

use uuid::Uuid;
use wardgraph_kernel::{Cursor, Mode, NodeId, Page, PageSize, Read, Timestamp};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx};

use crate::{GraphError, bound::cut};

/// The next of the tenant's nodes that can be brought back, `$which` of them.
macro_rules! list {
    ($name:literal, $which:literal) => {
        Statement::reading(
            $name,
            &[Role::App],
            concat!(
                "select node_id, external_id, classes, version, created_at, deleted_at, purge_at, count(*) over () as there from (
                   select d.node_id, d.external_id, d.classes, d.version, d.created_at, d.deleted_at, d.purge_at from deleted_nodes d
                   where d.tenant_id = $1 and d.node_id > $2 and d.purge_at > $3",
                $which,
                " order by d.node_id limit $4
                 ) f order by node_id"
            ),
        )
    };
}

const LIST: Statement<Read> = list!("graph.deleted_node.list", "");
// A text of its own, since one for both would read all that was deleted: a plan for all values knows no index of names.
const NAMED: Statement<Read> = list!("graph.deleted_node.list_named", " and d.external_id = $5");

pub(crate) const STATEMENTS: &[&StatementInfo] = &[LIST.info(), NAMED.info()];

/// A node in its grace period.
#[derive(Debug, Clone)]
pub struct DeletedNode {
    /// Its id.
    pub id: NodeId,
    /// The caller's own id; another node may have it by now.
    pub external_id: Option<String>,
    /// Its classes.
    pub classes: Vec<String>,
    /// The version that it had.
    pub version: i32,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Timestamp,
    /// Until when it can be brought back.
    pub purge_at: Timestamp,
}

/// A page of the tenant's nodes that can be brought back at `now`, by their ids; those of one external id alone where it is named.
pub async fn deleted<M: Mode>(
    tx: &mut Tx<'_, M>,
    external_id: Option<&str>,
    after: Option<Cursor>,
    size: PageSize,
    now: Timestamp,
) -> Result<Page<DeletedNode>, GraphError> {
    let tenant = tx.tenant();
    let after = after.map_or(Uuid::nil(), Cursor::id);
    let probe = size.probe();
    let rows = match external_id {
        None => tx.query(&LIST, &[&tenant, &after, &now, &probe]).await?,
        Some(name) => tx.query(&NAMED, &[&tenant, &after, &now, &probe, &name]).await?,
    };
    Ok(cut(&rows, size, DeletedNode::read, |node| node.id.uuid())?)
}

impl DeletedNode {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get::<Uuid>(0)?.into(),
            external_id: row.try_get(1)?,
            classes: row.try_get(2)?,
            version: row.try_get(3)?,
            created_at: row.try_get(4)?,
            deleted_at: row.try_get(5)?,
            purge_at: row.try_get(6)?,
        })
    }
}
