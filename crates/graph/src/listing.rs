//! Lists of nodes, page by page.

use uuid::Uuid;
use wardgraph_kernel::{Cursor, Mode, Page, PageSize, Read};
use wardgraph_store::{Role, Statement, StatementInfo, Tx};

use crate::{
    GraphError,
    bound::{ANSWER_BYTES, bounded, cut},
    filter::{Filter, matching},
    node::{Node, columns},
};

/// Nodes of `$whose`, on from the id `$2` in the order `$id`.
macro_rules! list {
    ($name:literal, $whose:literal, $on:literal, $id:literal, $more:expr) => {
        Statement::reading(
            $name,
            &[Role::App],
            concat!(
                "select ",
                columns!(),
                bounded!("nodes n", $id),
                " where ",
                $whose,
                " and n.node_id ",
                $on,
                " $2",
                $more,
                " order by ",
                $id,
                " limit $3) f) b where before <= $4 order by ",
                $id
            ),
        )
    };
}

macro_rules! filtered {
    () => {
        concat!(" and ", matching!("n", "$5::jsonb"))
    };
}

const LIST: Statement<Read> = list!("graph.node.list", "n.tenant_id = $1", ">", "node_id", "");
const LIST_DOWN: Statement<Read> = list!("graph.node.list_down", "n.tenant_id = $1", "<", "node_id desc", "");
const FILTERED: Statement<Read> = list!("graph.node.filtered", "n.tenant_id = $1", ">", "node_id", filtered!());
const FILTERED_DOWN: Statement<Read> = list!("graph.node.filtered_down", "n.tenant_id = $1", "<", "node_id desc", filtered!());
// The first condition is the one that every statement has to name; the second asks for the shared rows alone.
const SHARED: Statement<Read> =
    list!("graph.node.shared", "n.tenant_id = any(array[$1, '*']) and n.tenant_id = '*'", ">", "node_id", filtered!());
const SHARED_DOWN: Statement<Read> =
    list!("graph.node.shared_down", "n.tenant_id = any(array[$1, '*']) and n.tenant_id = '*'", "<", "node_id desc", filtered!());

pub(crate) const STATEMENTS: &[&StatementInfo] =
    &[LIST.info(), LIST_DOWN.info(), FILTERED.info(), FILTERED_DOWN.info(), SHARED.info(), SHARED_DOWN.info()];

/// A list of nodes.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Of which nodes.
    pub filter: Filter,
    /// Of the shared nodes instead of the tenant's own.
    pub shared: bool,
    /// Newest first instead of oldest first.
    pub down: bool,
}

impl Listing {
    /// Whether the list is worth a plan of its own: with a filter, where what is asked decides the index.
    pub fn is_filtered(&self) -> bool {
        self.shared || self.filter.value().is_some()
    }
}

/// A page of nodes, by their ids, which sort by the time of creation. A filtered list wants a transaction of `Plan::Custom`.
pub async fn list<M: Mode>(
    tx: &mut Tx<'_, M>,
    listing: &Listing,
    after: Option<Cursor>,
    size: PageSize,
) -> Result<Page<Node>, GraphError> {
    let (tenant, probe) = (tx.tenant(), size.probe());
    let start = if listing.down { Uuid::max() } else { Uuid::nil() };
    let after = after.map_or(start, Cursor::id);
    let filter = listing.filter.value();
    let rows = if listing.is_filtered() {
        let statement = match (listing.shared, listing.down) {
            (false, false) => &FILTERED,
            (false, true) => &FILTERED_DOWN,
            (true, false) => &SHARED,
            (true, true) => &SHARED_DOWN,
        };
        tx.query(statement, &[&tenant, &after, &probe, &ANSWER_BYTES, &filter]).await?
    } else {
        let statement = if listing.down { &LIST_DOWN } else { &LIST };
        tx.query(statement, &[&tenant, &after, &probe, &ANSWER_BYTES]).await?
    };
    Ok(cut(&rows, size, Node::read, |node| node.id.uuid())?)
}
