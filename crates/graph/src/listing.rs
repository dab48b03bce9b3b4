//! Lists of nodes, page by page.

use wardgraph_kernel::{Cursor, Mode, Page, PageSize, Read};
use wardgraph_store::{Role, Statement, StatementInfo, Tx};

use crate::{
    GraphError,
    bound::{ANSWER_BYTES, bounded, cut},
    node::{Node, columns},
};

const LIST: Statement<Read> = Statement::reading(
    "graph.node.list",
    &[Role::App],
    concat!(
        "select ",
        columns!(),
        bounded!("nodes", "node_id"),
        " where tenant_id = $1 and ($2::uuid is null or node_id > $2) and ($3::text is null or classes @> array[$3])
          and ($4::text is null or external_id = $4) order by node_id limit $5) f) b where before <= $6 order by node_id"
    ),
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[LIST.info()];

/// Which nodes to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this class.
    pub class: Option<String>,
    /// With this external id.
    pub external_id: Option<String>,
}

/// A page of the tenant's nodes, oldest first.
pub async fn list<M: Mode>(
    tx: &mut Tx<'_, M>,
    filter: &Filter,
    after: Option<Cursor>,
    size: PageSize,
) -> Result<Page<Node>, GraphError> {
    let tenant = tx.tenant();
    let after = after.map(Cursor::id);
    let rows = tx.query(&LIST, &[&tenant, &after, &filter.class, &filter.external_id, &size.probe(), &ANSWER_BYTES]).await?;
    Ok(cut(&rows, size, Node::read, |node| node.id.uuid())?)
}
