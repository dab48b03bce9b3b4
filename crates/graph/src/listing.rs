//! Lists of nodes, page by page.

use uuid::Uuid;
use wardgraph_kernel::{Cursor, Mode, Page, PageSize, Read};
use wardgraph_store::{Role, Statement, StatementInfo, Tx};

use crate::{
    GraphError,
    bound::{ANSWER_BYTES, LOOKED_AT, bounded, cut, cut_looked},
    filter::{Filter, matching},
    node::{COLUMNS, Node, columns},
};

/// Nodes of the tenant, on from the id `$2` in the order `$id`.
macro_rules! list {
    ($name:literal, $on:literal, $id:literal) => {
        Statement::reading(
            $name,
            &[Role::App],
            concat!(
                "select ",
                columns!(),
                bounded!("nodes n", $id),
                " where n.tenant_id = $1 and n.node_id ",
                $on,
                " $2 order by ",
                $id,
                " limit $3) f) b where before <= $4 order by ",
                $id
            ),
        )
    };
}

/// Of the next `$6` nodes of `$whose` that an index lets pass, those for which the rest of the filter `$5` holds. Where they are no whole page,
/// every row tells the last node that was looked at, if others follow; and there is a row where no node passed.
macro_rules! filtered {
    ($name:literal, $whose:literal, $on:literal, $id:literal) => {
        Statement::reading(
            $name,
            &[Role::App],
            concat!(
                "with page as materialized (select ",
                columns!(),
                bounded!("", $id),
                filtered!(@looked "*", $whose, $on, $id),
                " limit $6::bigint) n where ",
                matching!(@asked "n", "$5::jsonb"),
                " order by ",
                $id,
                " limit $3::bigint) f) b where before <= $4)
                 select ",
                columns!(),
                ", looked_to, there from (
                   select case when (select coalesce(max(there), 0) from page) < $3::bigint then ",
                filtered!(@looked "n.node_id", $whose, $on, $id),
                " offset $6::bigint - 1 limit 1) end as looked_to) l left join page on true order by ",
                $id
            ),
        )
    };
    (@looked $what:literal, $whose:literal, $on:literal, $id:literal) => {
        concat!(
            "(select ",
            $what,
            " from nodes n where ",
            $whose,
            " and n.node_id ",
            $on,
            " $2 and ",
            matching!(@indexed "n", "$5::jsonb"),
            " order by ",
            $id
        )
    };
}

const LIST: Statement<Read> = list!("graph.node.list", ">", "node_id");
const LIST_DOWN: Statement<Read> = list!("graph.node.list_down", "<", "node_id desc");
const FILTERED: Statement<Read> = filtered!("graph.node.filtered", "n.tenant_id = $1", ">", "node_id");
const FILTERED_DOWN: Statement<Read> = filtered!("graph.node.filtered_down", "n.tenant_id = $1", "<", "node_id desc");
// The first condition is the one that every statement has to name; the second asks for the shared rows alone.
const SHARED: Statement<Read> =
    filtered!("graph.node.shared", "n.tenant_id = any(array[$1, '*']) and n.tenant_id = '*'", ">", "node_id");
const SHARED_DOWN: Statement<Read> =
    filtered!("graph.node.shared_down", "n.tenant_id = any(array[$1, '*']) and n.tenant_id = '*'", "<", "node_id desc");

pub(crate) const STATEMENTS: &[&StatementInfo] =
    &[LIST.info(), LIST_DOWN.info(), FILTERED.info(), FILTERED_DOWN.info(), SHARED.info(), SHARED_DOWN.info()];

/// A list of nodes.
#[derive(Debug, Clone, Default, Hash)]
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

/// A page of nodes, by their ids, which sort by the time of creation. A filtered list wants a transaction of `Plan::Custom`; it looks at so
/// many nodes and no more, so that a page may hold few or none of them and lead on all the same.
pub async fn list<M: Mode>(
    tx: &mut Tx<'_, M>,
    listing: &Listing,
    after: Option<Cursor>,
    size: PageSize,
) -> Result<Page<Node>, GraphError> {
    let (tenant, probe) = (tx.tenant(), size.probe());
    let start = if listing.down { Uuid::max() } else { Uuid::nil() };
    let after = after.map_or(start, Cursor::id);
    if !listing.is_filtered() {
        let statement = if listing.down { &LIST_DOWN } else { &LIST };
        let rows = tx.query(statement, &[&tenant, &after, &probe, &ANSWER_BYTES]).await?;
        return Ok(cut(&rows, size, Node::read, |node| node.id.uuid())?);
    }
    let statement = match (listing.shared, listing.down) {
        (false, false) => &FILTERED,
        (false, true) => &FILTERED_DOWN,
        (true, false) => &SHARED,
        (true, true) => &SHARED_DOWN,
    };
    let filter = listing.filter.value();
    let rows = tx.query(statement, &[&tenant, &after, &probe, &ANSWER_BYTES, &filter, &LOOKED_AT]).await?;
    Ok(cut_looked(&rows, COLUMNS, size, Node::read, |node| node.id.uuid())?)
}
