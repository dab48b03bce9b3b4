//! The purge: erasing what is past its grace period, tenant by tenant.
//!
//! A tenant with deleted nodes has one job, due when the first of them is. A claim is a lease, as in the embedding queue; what was deleted
//! while a claim was worked takes the claim away, so that nothing is left without a job.

use std::time::Duration;

use uuid::Uuid;
use wardgraph_kernel::{EdgeId, Mode, NodeId, Read, TenantId, Timestamp, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx};

/// Claims due purges of all tenants.
const CLAIM: Statement<Write> = Statement::writing(
    "graph.purge.claim",
    &[Role::Worker],
    "with due as (
       select tenant_id, kind, subject_id from jobs where not dead and due_at <= $1 and kind = 'purge' order by due_at limit $2
       for update skip locked
     )
     update jobs j set attempts = j.attempts + 1, due_at = $3 from due d
     where (j.tenant_id, j.kind, j.subject_id) = (d.tenant_id, d.kind, d.subject_id)
     returning j.tenant_id, j.attempts",
);

/// Which nodes of the tenant are past their grace period, the longest first: as many as have no more than `$4` versions together, or one. There is no
/// telling how many versions are kept of a node, but that there are no more than it had.
const DUE: Statement<Write> = Statement::writing(
    "graph.purge.due",
    &[Role::Worker],
    "select node_id from (
       select node_id, sum(least(version, $4::bigint)) over (order by purge_at, node_id) - least(version, $4::bigint) as before
       from (select node_id, purge_at, version from deleted_nodes where tenant_id = $1 and purge_at <= $2 order by purge_at, node_id limit $3) due
     ) counted where before < $4::bigint",
);

/// Erases edges that wait for deleted nodes past their grace period, and what these nodes were: a bounded number of each, before the nodes. These
/// are held: whoever brings one back was here before, or waits.
const UNPARK: Statement<Write> = Statement::writing(
    "graph.purge.unpark",
    &[Role::Worker],
    "with due as materialized (
       select d.node_id from deleted_nodes d where d.tenant_id = $1 and d.node_id = any($2) and d.purge_at <= $3 order by d.node_id for update
     ), at as materialized (
       select e.edge_id from due d, lateral (
         (select o.edge_id from deleted_edges o where o.tenant_id = $1 and o.src = d.node_id limit $4)
         union all
         (select i.edge_id from deleted_edges i where i.tenant_id = $1 and i.dst = d.node_id limit $4)
       ) e limit $4
     ), gone as (
       delete from deleted_edges e where e.tenant_id = $1 and e.edge_id = any(array(select a.edge_id from at a)) returning e.edge_id, e.untold
     ), were as materialized (
       -- Up to a version each: joined one by one, all of them could be looked through for each.
       select w.node_id, max(w.version) as upto from (
         select o.node_id, o.version from due d, lateral (
           select v.node_id, v.version from node_versions v where v.tenant_id = $1 and v.node_id = d.node_id order by v.version limit $4
         ) o limit $4
       ) w group by w.node_id
     ), forgotten as (
       delete from node_versions v using were w where v.tenant_id = $1 and v.node_id = w.node_id and v.version <= w.upto returning v.version
     )
     select count(*), array(select edge_id from gone where untold), (select count(*) from forgotten) from gone",
);

/// Takes what is left of their grace periods from nodes that have lost edges or versions: a request that came in before these were over would bring
/// such a node back without them. It is still there for whoever erases it at once.
const END: Statement<Write> = Statement::writing(
    "graph.purge.end",
    &[Role::Worker],
    "update deleted_nodes set purge_at = to_timestamp(1) where tenant_id = $1 and node_id = any($2) and purge_at <= $3 returning node_id",
);

/// Erases deleted nodes and everything that they were. Returns the nodes, but for those that were emptied, and the edges whose deletion nobody was
/// told of. A job that a worker holds is that worker's to drop.
const ERASE: Statement<Write> = Statement::writing(
    "graph.purge.erase",
    &[Role::App, Role::Worker],
    "with gone as (
       delete from deleted_nodes d where d.tenant_id = $1 and d.node_id = any($2) and d.purge_at <= $3
       returning d.node_id, cardinality(d.classes) = 0 as was_empty
     ), versions as (
       delete from node_versions v using gone g where v.tenant_id = $1 and v.node_id = g.node_id
     ), parted as (
       delete from deleted_edges e using gone g where e.tenant_id = $1 and (e.src = g.node_id or e.dst = g.node_id)
       returning e.edge_id, e.untold
     ), vectors as (
       delete from deleted_embeddings v using gone g where v.tenant_id = $1 and v.node_id = g.node_id
     ), history as (
       delete from embedding_history h using gone g where h.tenant_id = $1 and h.node_id = g.node_id
     ), free as materialized (
       select j.subject_id from jobs j where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = any($2) for update skip locked
     ), dropped as (
       delete from jobs j using gone g join free f on f.subject_id = g.node_id
       where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = g.node_id
     )
     select g.node_id, null::uuid as edge_id from gone g where not g.was_empty
     union all
     select null, p.edge_id from parted p where p.untold",
);

/// What one node was besides its row and its versions, once `gone` has its id. A job that a worker holds is that worker's to drop.
macro_rules! and_what_it_was {
    () => {
        "history as (
       delete from embedding_history h using gone g where h.tenant_id = $1 and h.node_id = g.node_id
     ), free as materialized (
       select j.subject_id from jobs j where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = $2 for update skip locked
     ), dropped as (
       delete from jobs j using gone g join free f on f.subject_id = g.node_id
       where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = g.node_id
     )
     select node_id from gone"
    };
}
pub(crate) use and_what_it_was;

/// Erases what one node was, a bounded number of versions.
const FORGET: Statement<Write> = Statement::writing(
    "graph.purge.forget",
    &[Role::App, Role::Admin],
    "with forgotten as (
       delete from node_versions v where v.tenant_id = $1 and v.node_id = $2 and v.version <= (
         select max(w.version) from (
           select o.version from node_versions o where o.tenant_id = $1 and o.node_id = $2 order by o.version limit $3
         ) w
       ) returning v.version
     )
     select count(*) from forgotten",
);

/// Erases everything that a deleted node was, but for the edges that wait for it and the versions that it still has: its row stays for the purge to
/// find them by, which is due now.
const EMPTY: Statement<Write> = Statement::writing(
    "graph.purge.empty",
    &[Role::App],
    concat!(
        "with gone as (
       update deleted_nodes d set external_id = null, classes = '{}', props = '{}', payload_ref = null, metadata = '{}', refresh_policy = '{}',
         triggers = '[]', content = null, size_bytes = 0, purge_at = least(d.purge_at, $3)
       where d.tenant_id = $1 and d.node_id = $2 returning d.node_id
     ), due as (
       insert into jobs (tenant_id, kind, subject_id, due_at) select $1, 'purge', '00000000-0000-0000-0000-000000000000', $3 from gone
       on conflict (tenant_id, kind, subject_id) do update set due_at = least(jobs.due_at, excluded.due_at), attempts = jobs.attempts + 1, dead = false
     ), vectors as (
       delete from deleted_embeddings v using gone g where v.tenant_id = $1 and v.node_id = g.node_id
     ), ",
        and_what_it_was!()
    ),
);

/// Puts a claimed purge off until the tenant's next node is due, or ends it where there is none.
const NEXT: Statement<Write> = Statement::writing(
    "graph.purge.next",
    &[Role::Worker],
    "with next as (
       select min(d.purge_at) as due_at from deleted_nodes d where d.tenant_id = $1
     ), ended as (
       delete from jobs j using next x
       where j.tenant_id = $1 and j.kind = 'purge' and j.attempts = $2 and x.due_at is null
     )
     update jobs j set due_at = x.due_at from next x
     where j.tenant_id = $1 and j.kind = 'purge' and j.attempts = $2 and x.due_at is not null",
);

const DEPTH: Statement<Read> = Statement::reading(
    "graph.purge.depth",
    &[Role::Worker],
    "select count(*) from jobs where kind = 'purge' and due_at <= $1 and not dead",
);

pub(crate) const STATEMENTS: &[&StatementInfo] =
    &[CLAIM.info(), DUE.info(), UNPARK.info(), END.info(), ERASE.info(), FORGET.info(), EMPTY.info(), NEXT.info(), DEPTH.info()];

/// A tenant whose purge was claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose.
    pub tenant: TenantId,
    /// The claim's number, from 1: only the latest claim ends the job.
    pub attempt: i32,
}

/// Claims up to `most` tenants' purges until `now + lease`.
pub async fn claim(tx: &mut Tx<'_, Write>, most: i64, now: Timestamp, lease: Duration) -> Result<Vec<Claim>, StoreError> {
    let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
    let rows = tx.write(&CLAIM, &[&now, &most, &until]).await?;
    let claim = |row: &Row| {
        // Only tenants' nodes are purged.
        let Ok(tenant) = TenantId::parse(&row.try_get::<String>(0)?) else { return Ok(None) };
        Ok(Some(Claim { tenant, attempt: row.try_get(1)? }))
    };
    rows.iter().filter_map(|row| claim(row).transpose()).collect()
}

/// How many versions and how many waiting edges are erased in one transaction for each node that may be.
const ROWS_A_NODE: i64 = 25;

/// What one transaction erased.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// The nodes.
    pub nodes: Vec<NodeId>,
    /// How many edges waited for nodes that are not erased yet.
    pub edges: i64,
    /// How many versions such nodes had.
    pub versions: i64,
    /// The edges whose deletion nobody was told of so far.
    pub untold: Vec<EdgeId>,
}

impl Erased {
    /// Whether nothing was left to erase.
    pub const fn is_nothing(&self) -> bool {
        self.nodes.is_empty() && self.edges == 0 && self.versions == 0 && self.untold.is_empty()
    }
}

/// Erases up to `most` nodes of the tenant that are past their grace period: fewer where they have many versions, and none before all but a few
/// of their edges and versions are.
pub async fn purge(tx: &mut Tx<'_, Write>, most: i64, now: Timestamp) -> Result<Erased, StoreError> {
    let (tenant, rows) = (tx.tenant(), most.saturating_mul(ROWS_A_NODE));
    let due = ids(&tx.write(&DUE, &[&tenant, &now, &most, &rows]).await?)?;
    if due.is_empty() {
        return Ok(Erased::default());
    }
    let unparked = tx.write(&UNPARK, &[&tenant, &due, &now, &rows]).await?;
    let edges: i64 = unparked.first().map_or(Ok(0), |row| row.try_get(0))?;
    let versions: i64 = unparked.first().map_or(Ok(0), |row| row.try_get(2))?;
    let mut untold = unparked.first().map_or_else(|| Ok(Vec::new()), |row| row.try_get::<Vec<Uuid>>(1))?;
    // An edge that is met from both of its ends counts twice there and once here: so half of the bound may be all that there was room for.
    if edges >= rows / 2 || versions >= rows {
        tx.write(&END, &[&tenant, &due, &now]).await?;
        return Ok(Erased { nodes: Vec::new(), edges, versions, untold: untold.into_iter().map(EdgeId::from).collect() });
    }
    let erased = tx.write(&ERASE, &[&tenant, &due, &now]).await?;
    untold.extend(some(&erased, 1)?);
    let nodes = some(&erased, 0)?.into_iter().map(NodeId::from).collect();
    Ok(Erased { nodes, edges, versions, untold: untold.into_iter().map(EdgeId::from).collect() })
}

/// Erases deleted nodes, in their grace period or not. Returns the edges whose deletion nobody was told of so far.
pub(crate) async fn erase(tx: &mut Tx<'_, Write>, nodes: &[NodeId]) -> Result<Vec<EdgeId>, StoreError> {
    let tenant = tx.tenant();
    let ids: Vec<Uuid> = nodes.iter().map(|id| id.uuid()).collect();
    let erased = tx.write(&ERASE, &[&tenant, &ids, &Timestamp::MAX]).await?;
    Ok(some(&erased, 1)?.into_iter().map(EdgeId::from).collect())
}

/// How many versions of a node are erased in one statement.
pub(crate) const MOST_FORGOTTEN: i32 = 10_000;

/// Erases up to [`MOST_FORGOTTEN`] versions of a node that is held. Returns whether there may be more.
pub(crate) async fn forget(tx: &mut Tx<'_, Write>, node: NodeId) -> Result<bool, StoreError> {
    let (tenant, most) = (tx.tenant(), i64::from(MOST_FORGOTTEN));
    let rows = tx.write(&FORGET, &[&tenant, &node.uuid(), &most]).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.try_get::<i64>(0))? >= most)
}

/// Erases a deleted node but for the edges that wait for it and the versions that are left.
pub(crate) async fn empty(tx: &mut Tx<'_, Write>, node: NodeId, now: Timestamp) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    tx.write(&EMPTY, &[&tenant, &node.uuid(), &now]).await.map(drop)
}

/// Ends a claim: the tenant's purge is due again when its next node is.
pub async fn next(tx: &mut Tx<'_, Write>, claim: &Claim) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    tx.write(&NEXT, &[&tenant, &claim.attempt]).await.map(drop)
}

/// How many tenants' purges are due and not yet done.
pub async fn depth<M: Mode>(tx: &mut Tx<'_, M>, now: Timestamp) -> Result<i64, StoreError> {
    let row = tx.find(&DEPTH, &[&now]).await?.ok_or(StoreError::Ended)?;
    row.try_get(0)
}

/// Those of a column that are there.
fn some(rows: &[Row], column: usize) -> Result<Vec<Uuid>, StoreError> {
    rows.iter().filter_map(|row| row.try_get(column).transpose()).collect()
}

fn ids(rows: &[Row]) -> Result<Vec<Uuid>, StoreError> {
    rows.iter().map(|row| row.try_get(0)).collect()
}
