//! Edges: typed relations between two nodes of one tenant.

use serde_json::{Map, Value};
use uuid::Uuid;
use wardgraph_kernel::weight::weight;
use wardgraph_kernel::{Chance, Cursor, EdgeId, Mode, NodeId, Page, PageSize, Read, Timestamp, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx};

use crate::{
    GraphError,
    bound::{ANSWER_BYTES, bounded, cut},
};

/// Creates edges whose ends are nodes of the tenant, and says of every item what became of it.
const CREATE: Statement<Write> = Statement::writing(
    "graph.edge.create",
    &[Role::App],
    "with input as materialized (
       select i.*, exists (select from nodes n where n.tenant_id = $1 and n.node_id = i.src) as has_src,
                   exists (select from nodes n where n.tenant_id = $1 and n.node_id = i.dst) as has_dst
       from unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::jsonb[], $8::int[]) with ordinality as i(edge_id, src, rel, dst, props, size_bytes, n)
     ), created as (
       insert into edges (tenant_id, edge_id, src, rel, dst, props, size_bytes, created_at)
       select $1, edge_id, src, rel, dst, props, size_bytes, $7 from input where has_src and has_dst
       on conflict (tenant_id, src, rel, dst) do nothing
       returning edge_id
     )
     select i.has_src, i.has_dst, c.edge_id is not null from input i left join created c using (edge_id) order by i.n",
);

macro_rules! list {
    ($name:literal, $at:literal) => {
        Statement::reading(
            $name,
            &[Role::App],
            concat!(
                "select tenant_id, edge_id, src, rel, dst, props, created_at",
                bounded!("edges", "edge_id"),
                " where tenant_id = $1",
                $at,
                " and ($2::uuid is null or edge_id > $2) and ($3::text is null or rel = $3) order by edge_id limit $4) f) b
                 where before <= $5 order by edge_id"
            ),
        )
    };
}

const LIST: Statement<Read> = list!("graph.edge.list", "");
const LIST_OUT: Statement<Read> = list!("graph.edge.list_out", " and src = $6");
const LIST_IN: Statement<Read> = list!("graph.edge.list_in", " and dst = $6");

pub(crate) const STATEMENTS: &[&StatementInfo] = &[CREATE.info(), LIST.info(), LIST_OUT.info(), LIST_IN.info()];

/// What an edge is made of; checked before it comes here.
#[derive(Debug, Clone)]
pub struct NewEdge {
    /// The node it leaves.
    pub src: NodeId,
    /// What it means.
    pub rel: String,
    /// The node it reaches.
    pub dst: NodeId,
    /// What describes it.
    pub props: Map<String, Value>,
}

/// An edge as it is stored.
#[derive(Debug, Clone)]
pub struct Edge {
    /// Its tenant; `None` for a shared edge.
    pub tenant: Option<String>,
    /// Its id.
    pub id: EdgeId,
    /// The node it leaves.
    pub src: NodeId,
    /// What it means.
    pub rel: String,
    /// The node it reaches.
    pub dst: NodeId,
    /// What describes it.
    pub props: Value,
    /// When it was created.
    pub created_at: Timestamp,
}

/// What became of one item of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// The edge was created.
    Created(EdgeId),
    /// The tenant has this edge already.
    Exists,
    /// The end of this name is no node of the tenant.
    NoEnd(&'static str),
}

/// Creates one edge.
pub async fn create(tx: &mut Tx<'_, Write>, new: NewEdge, now: Timestamp, chance: &dyn Chance) -> Result<Edge, GraphError> {
    match create_all(tx, std::slice::from_ref(&new), now, chance).await?.first() {
        Some(Creation::Created(id)) => Ok(Edge {
            tenant: Some(tx.tenant()),
            id: *id,
            src: new.src,
            rel: new.rel,
            dst: new.dst,
            props: new.props.into(),
            created_at: now,
        }),
        Some(Creation::Exists) => Err(GraphError::EdgeExists),
        Some(Creation::NoEnd(field)) => {
            Err(GraphError::NoEnd { field, id: if *field == "src" { new.src } else { new.dst }.uuid() })
        }
        None => Err(StoreError::Unsafe("a created edge came back without a result".into()).into()),
    }
}

/// Creates edges in one statement: one result an item, in the items' order.
pub async fn create_all(
    tx: &mut Tx<'_, Write>,
    new: &[NewEdge],
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Vec<Creation>, GraphError> {
    let mut ids: Vec<Uuid> = new.iter().map(|_| EdgeId::new(now, chance).uuid()).collect();
    // Listed in the order in which they were sent.
    ids.sort_unstable();
    let src: Vec<Uuid> = new.iter().map(|e| e.src.uuid()).collect();
    let rel: Vec<&str> = new.iter().map(|e| e.rel.as_str()).collect();
    let dst: Vec<Uuid> = new.iter().map(|e| e.dst.uuid()).collect();
    let props: Vec<Value> = new.iter().map(|e| Value::Object(e.props.clone())).collect();
    let sizes: Vec<i32> = new.iter().map(|e| i32::try_from(weight(&e.props)).unwrap_or(i32::MAX)).collect();
    let tenant = tx.tenant();
    let rows = tx.write(&CREATE, &[&tenant, &ids, &src, &rel, &dst, &props, &now, &sizes]).await?;
    let result = |(row, id): (&Row, &Uuid)| -> Result<Creation, StoreError> {
        Ok(match (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?) {
            (false, _, _) => Creation::NoEnd("src"),
            (_, false, _) => Creation::NoEnd("dst"),
            (true, true, false) => Creation::Exists,
            (true, true, true) => Creation::Created((*id).into()),
        })
    };
    Ok(rows.iter().zip(&ids).map(result).collect::<Result<_, _>>()?)
}

/// Which edges to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Those that leave this node.
    pub src: Option<NodeId>,
    /// Those that reach this node, where `src` is not asked.
    pub dst: Option<NodeId>,
    /// Those that mean this.
    pub rel: Option<String>,
}

/// A page of the tenant's edges, oldest first.
pub async fn list<M: Mode>(
    tx: &mut Tx<'_, M>,
    filter: &Filter,
    after: Option<Cursor>,
    size: PageSize,
) -> Result<Page<Edge>, GraphError> {
    let tenant = tx.tenant();
    let after = after.map(Cursor::id);
    let probe = size.probe();
    let rows = match (filter.src, filter.dst) {
        (Some(src), _) => tx.query(&LIST_OUT, &[&tenant, &after, &filter.rel, &probe, &ANSWER_BYTES, &src.uuid()]).await?,
        (None, Some(dst)) => tx.query(&LIST_IN, &[&tenant, &after, &filter.rel, &probe, &ANSWER_BYTES, &dst.uuid()]).await?,
        (None, None) => tx.query(&LIST, &[&tenant, &after, &filter.rel, &probe, &ANSWER_BYTES]).await?,
    };
    Ok(cut(&rows, size, read, |edge| edge.id.uuid())?)
}

fn read(row: &Row) -> Result<Edge, StoreError> {
    Ok(Edge {
        tenant: Some(row.try_get::<_, String>(0)?).filter(|tenant| tenant != "*"),
        id: row.try_get::<_, Uuid>(1)?.into(),
        src: row.try_get::<_, Uuid>(2)?.into(),
        rel: row.try_get(3)?,
        dst: row.try_get::<_, Uuid>(4)?.into(),
        props: row.try_get(5)?,
        created_at: row.try_get(6)?,
    })
}
