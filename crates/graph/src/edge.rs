//! Edges: typed relations between two nodes of one tenant.

mod clear;
mod upsert;

pub(crate) use clear::STATEMENTS as CLEARING;
pub use clear::{Clearing, clear};
pub(crate) use upsert::STATEMENTS as UPSERT_STATEMENTS;
pub use upsert::{Replaced, Stored};

use serde_json::{Map, Value};
use uuid::Uuid;
use wardgraph_kernel::weight::weight;
use wardgraph_kernel::{Chance, Cursor, EdgeId, Mode, NodeId, Page, PageSize, Read, Timestamp, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, ToSql, Tx, in_turns};

use crate::{
    GraphError,
    bound::{ANSWER_BYTES, bounded, cut, is_light},
    clean,
    node::named,
};

macro_rules! columns {
    () => {
        "tenant_id, edge_id, src, rel, dst, props, created_at"
    };
}
use columns;

/// Creates edges between nodes of the tenant, each end named by its id or by its external id, and says which ends and which edges there are.
const CREATE: Statement<Write> = Statement::writing(
    "graph.edge.create",
    &[Role::App],
    // All ends are looked up together: one by one, a tenant that the statistics do not know yet would have all its nodes read for each edge.
    "with there as materialized (
       select node_id, external_id from nodes where tenant_id = $1 and node_id = any($3::uuid[] || $6::uuid[])
       union
       select node_id, external_id from nodes where tenant_id = $1 and external_id = any($4::text[] || $7::text[])
     ), input as materialized (
       select i.edge_id, i.rel, i.props, i.size_bytes, i.created_at, i.n,
              coalesce(src.node_id, named_src.node_id) as src, coalesce(dst.node_id, named_dst.node_id) as dst
       from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::jsonb[], $9::int[],
                   $11::timestamptz[]) with ordinality
         as i(edge_id, src, src_external_id, rel, dst, dst_external_id, props, size_bytes, created_at, n)
       left join there src on src.node_id = i.src
       left join there named_src on named_src.external_id = i.src_external_id
       left join there dst on dst.node_id = i.dst
       left join there named_dst on named_dst.external_id = i.dst_external_id
     ), created as (
       insert into edges (tenant_id, edge_id, src, rel, dst, props, size_bytes, created_at)
       select distinct on (src, rel, dst) $1, edge_id, src, rel, dst, props, size_bytes, coalesce(created_at, $10)
       from input where src is not null and dst is not null
       -- In one order for all, as nodes are created: two batches with the same edges wait for each other, and never in a circle.
       order by src, rel, dst, n * $12::bigint
       on conflict (tenant_id, src, rel, dst) do nothing
       returning edge_id
     )
     select i.src, i.dst, c.edge_id is not null from input i left join created c using (edge_id) order by i.n",
);

/// What [`CREATE`] multiplies the places of items by that are one edge: the smallest is created, and no other is tried.
const FIRST: i64 = 1;
const LAST: i64 = -1;

/// The edges that stand where others were to be created, and whether they say something else: asked after creating, so that those of other
/// requests and of the same batch are seen.
const EXISTING: Statement<Read> = Statement::reading(
    "graph.edge.existing",
    &[Role::App],
    "select e.edge_id, e.props is distinct from i.props
     from unnest($2::uuid[], $3::text[], $4::uuid[], $5::jsonb[]) with ordinality as i(src, rel, dst, props, n)
     left join edges e on e.tenant_id = $1 and e.src = i.src and e.rel = i.rel and e.dst = i.dst order by i.n",
);

const GET: Statement<Read> = Statement::reading(
    "graph.edge.get",
    &[Role::App],
    concat!("select ", columns!(), " from edges where tenant_id = $1 and edge_id = $2"),
)
.swift(GET_LIGHT.info());

/// The same where others wait behind it: nothing that is heavy.
const GET_LIGHT: Statement<Read> = Statement::reading(
    "graph.edge.get_light",
    &[Role::App],
    concat!("select ", columns!(), " from edges where tenant_id = $1 and edge_id = $2 and ", is_light!()),
);

const DELETE: Statement<Write> = Statement::writing(
    "graph.edge.delete",
    &[Role::App],
    "delete from edges where tenant_id = $1 and edge_id = $2 returning edge_id",
);

macro_rules! list {
    ($name:literal, $at:literal) => {
        Statement::reading(
            $name,
            &[Role::App],
            concat!(
                "select ",
                columns!(),
                bounded!("edges", "edge_id"),
                " where tenant_id = $1",
                $at,
                " and edge_id > $2 order by edge_id limit $3) f) b where before <= $4 order by edge_id"
            ),
        )
    };
}

const LIST: Statement<Read> = list!("graph.edge.list", "");
const LIST_BY: Statement<Read> = list!("graph.edge.list_by", " and rel = $5");
const LIST_OUT: Statement<Read> = list!("graph.edge.list_out", " and src = $5");
const LIST_OUT_BY: Statement<Read> = list!("graph.edge.list_out_by", " and src = $5 and rel = $6");
const LIST_IN: Statement<Read> = list!("graph.edge.list_in", " and dst = $5");
const LIST_IN_BY: Statement<Read> = list!("graph.edge.list_in_by", " and dst = $5 and rel = $6");

/// One way of a list of both.
macro_rules! way {
    ($at:expr) => {
        concat!("(select * from edges where tenant_id = $1 and ", $at, " and edge_id > $2 order by edge_id limit $3)")
    };
}

/// The edges of a node whichever way they run. A loop is one edge.
macro_rules! list_both {
    ($name:literal, $more:literal) => {
        Statement::reading(
            $name,
            &[Role::App],
            concat!(
                "select ",
                columns!(),
                bounded!("(", "edge_id"),
                way!(concat!("src = $5", $more)),
                " union all ",
                way!(concat!("dst = $5 and src <> $5", $more)),
                ") e order by edge_id limit $3) f) b where before <= $4 order by edge_id"
            ),
        )
    };
}

const LIST_BOTH: Statement<Read> = list_both!("graph.edge.list_both", "");
const LIST_BOTH_BY: Statement<Read> = list_both!("graph.edge.list_both_by", " and rel = $6");

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    CREATE.info(),
    EXISTING.info(),
    GET.info(),
    GET_LIGHT.info(),
    DELETE.info(),
    LIST.info(),
    LIST_BY.info(),
    LIST_OUT.info(),
    LIST_OUT_BY.info(),
    LIST_IN.info(),
    LIST_IN_BY.info(),
    LIST_BOTH.info(),
    LIST_BOTH_BY.info(),
];

/// The keys by which an edge leans on its ends: what they refuse had an end that went after the statement began.
pub(crate) const ENDS: [&str; 2] = ["edges_tenant_id_src_fkey", "edges_tenant_id_dst_fkey"];

/// How many edges go or come in one request at most, each with its event.
pub const MOST_EDGES: i64 = 10_000;
/// How many go with a node that is erased: those beyond [`MOST_EDGES`] have their events from the purge.
pub(crate) const MOST_ERASED: i64 = 100_000;

/// Which way an edge runs, seen from a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Away from the node.
    Out,
    /// Towards the node.
    In,
}

/// A node, as whoever makes an edge names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// By its id.
    Id(NodeId),
    /// By the caller's own id.
    ExternalId(String),
}

impl End {
    fn id(&self) -> Option<Uuid> {
        match self {
            Self::Id(id) => Some(id.uuid()),
            Self::ExternalId(_) => None,
        }
    }

    fn external_id(&self) -> Option<&str> {
        match self {
            Self::Id(_) => None,
            Self::ExternalId(id) => Some(id),
        }
    }
}

/// What an edge is made of; checked before it comes here.
#[derive(Debug, Clone)]
pub struct NewEdge {
    /// The node it leaves.
    pub src: End,
    /// What it means.
    pub rel: String,
    /// The node it reaches.
    pub dst: End,
    /// What describes it.
    pub props: Map<String, Value>,
    /// When it came about, if that was not now.
    pub created_at: Option<Timestamp>,
}

impl NewEdge {
    /// Takes what a browser would run out of `props`, which will be shown. Says where, as JSON Pointers.
    pub fn clean(&mut self) -> Vec<String> {
        let mut cleaned = Vec::new();
        clean::object(&mut self.props, "/props", &mut cleaned);
        cleaned
    }

    /// Octets of what a reader will be given.
    pub fn size_bytes(&self) -> i32 {
        i32::try_from(weight(&self.props)).unwrap_or(i32::MAX)
    }

    /// Whether nothing of it has to be cleaned, which is seen by looking at so many octets.
    pub fn is_plain(&self, most_bytes: usize) -> bool {
        clean::is_plain(std::iter::once(&self.props), most_bytes)
    }
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

impl Edge {
    /// An edge that was created just now.
    pub fn created(tenant: String, created: Created, new: NewEdge) -> Self {
        let Created { id, src, dst, created_at } = created;
        Self { tenant: named(tenant), id, src, rel: new.rel, dst, props: new.props.into(), created_at }
    }
}

/// What was created, besides what was given.
#[derive(Debug, Clone, Copy)]
pub struct Created {
    /// Its id.
    pub id: EdgeId,
    /// The node it leaves.
    pub src: NodeId,
    /// The node it reaches.
    pub dst: NodeId,
    /// When it came about.
    pub created_at: Timestamp,
}

/// What became of one item that was to be created.
#[derive(Debug, Clone, Copy)]
enum Creation {
    Created(Created),
    /// The tenant has this edge already; `differs` tells whether its props are others.
    Exists {
        id: EdgeId,
        differs: bool,
    },
    /// The end that this field names is no node of the tenant.
    NoEnd(&'static str),
    /// An edge was in the way and is gone again: whoever tries once more creates it.
    Open,
}

/// Creates edges: one result an item, in the items' order; `counts` says which of several items that are one edge is created, [`FIRST`] or [`LAST`].
async fn insert(
    tx: &mut Tx<'_, Write>,
    new: &[NewEdge],
    counts: i64,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Vec<Creation>, GraphError> {
    let mut ids: Vec<Uuid> = new.iter().map(|_| EdgeId::new(now, chance).uuid()).collect();
    // Listed in the order in which they were sent.
    ids.sort_unstable();
    let src: Vec<_> = new.iter().map(|e| e.src.id()).collect();
    let src_external: Vec<_> = new.iter().map(|e| e.src.external_id()).collect();
    let rel: Vec<&str> = new.iter().map(|e| e.rel.as_str()).collect();
    let dst: Vec<_> = new.iter().map(|e| e.dst.id()).collect();
    let dst_external: Vec<_> = new.iter().map(|e| e.dst.external_id()).collect();
    let props: Vec<Value> = new.iter().map(|e| Value::Object(e.props.clone())).collect();
    let sizes: Vec<i32> = new.iter().map(NewEdge::size_bytes).collect();
    let times: Vec<Option<Timestamp>> = new.iter().map(|e| e.created_at).collect();
    let tenant = tx.tenant();
    let params: [&(dyn ToSql + Sync); 12] =
        [&tenant, &ids, &src, &src_external, &rel, &dst, &dst_external, &props, &sizes, &now, &times, &counts];
    let rows = tx.write(&CREATE, &params).await?;
    let mut results = Vec::with_capacity(new.len());
    let mut taken = Vec::new();
    for (row, (id, (new, props))) in rows.iter().zip(ids.iter().zip(new.iter().zip(&props))) {
        let (src, dst, created) = ends(row)?;
        results.push(match (src, dst) {
            (None, _) => Creation::NoEnd(field(&new.src, "src", "src_external_id")),
            (_, None) => Creation::NoEnd(field(&new.dst, "dst", "dst_external_id")),
            (Some(src), Some(dst)) => {
                if !created {
                    taken.push((results.len(), Taken { src, rel: &new.rel, dst, props }));
                }
                let created_at = new.created_at.unwrap_or(now);
                Creation::Created(Created { id: (*id).into(), src: src.into(), dst: dst.into(), created_at })
            }
        });
    }
    let (places, taken): (Vec<usize>, Vec<_>) = taken.into_iter().unzip();
    for (place, found) in places.into_iter().zip(existing(tx, &taken).await?) {
        if let Some(result) = results.get_mut(place) {
            *result = found.map_or(Creation::Open, |(id, differs)| Creation::Exists { id, differs });
        }
    }
    Ok(results)
}

fn ends(row: &Row) -> Result<(Option<Uuid>, Option<Uuid>, bool), StoreError> {
    Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
}

fn field(end: &End, id: &'static str, external_id: &'static str) -> &'static str {
    match end {
        End::Id(_) => id,
        End::ExternalId(_) => external_id,
    }
}

/// An edge that was not created, since one stands there.
struct Taken<'a> {
    src: Uuid,
    rel: &'a str,
    dst: Uuid,
    props: &'a Value,
}

/// The ids of the edges with these ends and meanings, in their order, and whether their props are others.
async fn existing(tx: &mut Tx<'_, Write>, taken: &[Taken<'_>]) -> Result<Vec<Option<(EdgeId, bool)>>, StoreError> {
    if taken.is_empty() {
        return Ok(Vec::new());
    }
    let src: Vec<_> = taken.iter().map(|taken| taken.src).collect();
    let rel: Vec<_> = taken.iter().map(|taken| taken.rel).collect();
    let dst: Vec<_> = taken.iter().map(|taken| taken.dst).collect();
    let props: Vec<_> = taken.iter().map(|taken| taken.props).collect();
    let tenant = tx.tenant();
    let rows = tx.query(&EXISTING, &[&tenant, &src, &rel, &dst, &props]).await?;
    let found = |row: &Row| match row.try_get::<Option<Uuid>>(0)? {
        Some(id) => Ok(Some((id.into(), row.try_get(1)?))),
        None => Ok(None),
    };
    rows.iter().map(found).collect()
}

/// Reads an edge of the tenant.
pub async fn get<M: Mode>(tx: &mut Tx<'_, M>, id: EdgeId) -> Result<Edge, GraphError> {
    let tenant = tx.tenant();
    let row = tx.find(&GET, &[&tenant, &id.uuid()]).await?.ok_or(GraphError::NoEdge(id))?;
    Ok(read(&row)?)
}

/// Deletes an edge of the tenant.
pub async fn delete(tx: &mut Tx<'_, Write>, id: EdgeId) -> Result<(), GraphError> {
    let tenant = tx.tenant();
    let gone = in_turns!(tx, tx.write(&DELETE, &[&tenant, &id.uuid()]).await)?;
    if gone.is_empty() { Err(GraphError::NoEdge(id)) } else { Ok(()) }
}

/// Which edges to list.
#[derive(Debug, Clone, Default, Hash)]
pub struct Filter {
    /// Those at this node that run this way; both ways if `None`.
    pub at: Option<(NodeId, Option<Direction>)>,
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
    let (tenant, probe) = (tx.tenant(), size.probe());
    let after = after.map_or_else(Uuid::nil, Cursor::id);
    let rows = match (filter.at, &filter.rel) {
        (None, None) => tx.query(&LIST, &[&tenant, &after, &probe, &ANSWER_BYTES]).await?,
        (None, Some(rel)) => tx.query(&LIST_BY, &[&tenant, &after, &probe, &ANSWER_BYTES, rel]).await?,
        (Some((node, direction)), rel) => {
            let (all, by) = match direction {
                Some(Direction::Out) => (&LIST_OUT, &LIST_OUT_BY),
                Some(Direction::In) => (&LIST_IN, &LIST_IN_BY),
                None => (&LIST_BOTH, &LIST_BOTH_BY),
            };
            match rel {
                None => tx.query(all, &[&tenant, &after, &probe, &ANSWER_BYTES, &node.uuid()]).await?,
                Some(rel) => tx.query(by, &[&tenant, &after, &probe, &ANSWER_BYTES, &node.uuid(), rel]).await?,
            }
        }
    };
    Ok(cut(&rows, size, read, |edge| edge.id.uuid())?)
}

fn read(row: &Row) -> Result<Edge, StoreError> {
    Ok(Edge {
        tenant: named(row.try_get(0)?),
        id: row.try_get::<Uuid>(1)?.into(),
        src: row.try_get::<Uuid>(2)?.into(),
        rel: row.try_get(3)?,
        dst: row.try_get::<Uuid>(4)?.into(),
        props: row.try_get(5)?,
        created_at: row.try_get(6)?,
    })
}
