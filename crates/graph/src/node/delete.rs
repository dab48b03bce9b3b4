//! Deleting nodes, bringing them back, and erasing them: a deleted node moves away, so that no read can meet it.

use uuid::Uuid;
use wardgraph_kernel::{EdgeId, NodeId, Timestamp, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx, in_turns};

use super::{
    MostVersions, Node, REQUESTS, columns,
    replace::{Meant, hold, taken},
};
use crate::{
    GraphError,
    edge::{MOST_EDGES, MOST_ERASED},
    purge::{self, MOST_FORGOTTEN},
};

/// Holds a node against new edges, so that the next statement sees every edge there is.
pub(super) const LOCK: Statement<Write> =
    Statement::writing("graph.node.lock", REQUESTS, "select version from nodes where tenant_id = $1 and node_id = $2 for update");

/// Moves a node, its edges and its vectors away, and has the tenant's purge wake in time. More edges than `$3` leave everything as it is; more than
/// `$6` are counted instead of told, which the purge does.
const DELETE: Statement<Write> = Statement::writing(
    "graph.node.delete",
    &[Role::App],
    "with at as materialized (
       select edge_id from edges where tenant_id = $1 and src = $2
       union
       select edge_id from edges where tenant_id = $1 and dst = $2
       limit $3::bigint + 1
     ), few as (
       select count(*) <= $3::bigint as ok, count(*) > $6::bigint as untold from at
     ), held as materialized (
       -- In one order for all: whoever changes several waits, and never in a circle.
       select e.edge_id from edges e where e.tenant_id = $1 and (e.src = $2 or e.dst = $2) and (select ok from few)
       order by e.edge_id for update
     ), parted as (
       delete from edges e where e.tenant_id = $1 and (e.src = $2 or e.dst = $2) and (select ok from few)
         and (select count(*) from held) <= $3::bigint
       returning e.edge_id, e.src, e.rel, e.dst, e.props, e.created_at, e.size_bytes
     ), parked as (
       insert into deleted_edges (tenant_id, edge_id, src, rel, dst, props, created_at, size_bytes, untold)
       select $1, p.edge_id, p.src, p.rel, p.dst, p.props, p.created_at, p.size_bytes, few.untold from parted p cross join few
     ), lifted as (
       delete from embeddings v where v.tenant_id = $1 and v.node_id = $2 and (select ok from few) returning v.model, v.embedding, v.embedded_at,
         v.text_hash
     ), laid as (
       insert into deleted_embeddings (tenant_id, node_id, model, embedding, embedded_at, text_hash)
       select $1, $2, l.model, l.embedding, l.embedded_at, l.text_hash from lifted l
       on conflict (tenant_id, node_id, model) do update
         set embedding = excluded.embedding, embedded_at = excluded.embedded_at, text_hash = excluded.text_hash
     ), gone as (
       delete from nodes where tenant_id = $1 and node_id = $2 and (select ok from few)
       returning node_id, external_id, classes, props, payload_ref, metadata, refresh_policy, triggers, version, content, size_bytes, created_at, updated_at,
                 last_refreshed, drift_score
     ), moved as (
       insert into deleted_nodes (tenant_id, node_id, external_id, classes, props, payload_ref, metadata, refresh_policy, triggers, version, content,
                                  size_bytes, created_at, updated_at, last_refreshed, drift_score, reworded, deleted_at, purge_at)
       select $1, g.node_id, g.external_id, g.classes, g.props, g.payload_ref, g.metadata, g.refresh_policy, g.triggers, g.version, g.content,
              g.size_bytes, g.created_at, g.updated_at, g.last_refreshed, g.drift_score,
              exists (select from jobs j where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = g.node_id and j.reworded), $4, $5 from gone g
     ), given_up as (
       -- No worker comes by to drop it.
       delete from jobs j using gone g where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = g.node_id and j.dead
     ), due as (
       insert into jobs (tenant_id, kind, subject_id, due_at) select $1, 'purge', '00000000-0000-0000-0000-000000000000', $5 from gone
       on conflict (tenant_id, kind, subject_id) do update set due_at = least(jobs.due_at, excluded.due_at), attempts = jobs.attempts + 1, dead = false
     )
     select exists (select from gone), ok, array(select edge_id from parted where not untold), case when untold then (select count(*) from parted) else 0 end
     from few",
);

/// Holds a deleted node until the transaction ends; not one that is erased but for its edges.
const HOLD_DELETED: Statement<Write> = Statement::writing(
    "graph.deleted_node.hold",
    &[Role::App],
    "select version, external_id from deleted_nodes where tenant_id = $1 and node_id = $2 and purge_at > $3 and cardinality(classes) > 0 for update",
);

/// Has whoever brings nodes of the tenant back wait for one with more edges than are asked for, and that one for them. Such a node has more ends
/// than are held one by one: while it comes back, nobody else's does. It is deleted, so it gets no more edges meanwhile.
const LINE_UP: Statement<Write> = Statement::writing(
    "graph.deleted_node.line_up",
    &[Role::App],
    "with line as materialized (
       select ('x' || left(encode(sha256(convert_to('restored nodes of ' || $1::text, 'UTF8')), 'hex'), 16))::bit(64)::bigint as number
     ), waiting as materialized (
       select count(*) > $3::bigint as are_many
       from (select from deleted_edges where tenant_id = $1 and (src = $2 or dst = $2) limit $3::bigint + 1) w
     )
     select (case when w.are_many then pg_advisory_xact_lock(l.number) else pg_advisory_xact_lock_shared(l.number) end) is null from line l, waiting w",
);

/// Holds a deleted node and the ends that its edges wait for, deleted or there, until the transaction ends: of two that bring back the two ends
/// of an edge, the second waits, and its next statement sees the first's. In the order of their ids, so that they do not wait for each other; of
/// each kind no more than are asked for and one: of the deleted, more are nobody's who stands in line; with more that are there, nothing comes back.
const HOLD_ENDS: Statement<Write> = Statement::writing(
    "graph.deleted_node.hold_ends",
    &[Role::App],
    "with ends as materialized (
       select $2::uuid as node_id
       union
       select dst from deleted_edges where tenant_id = $1 and src = $2
       union
       select src from deleted_edges where tenant_id = $1 and dst = $2
     ), deleted as materialized (
       select d.node_id from deleted_nodes d where d.tenant_id = $1 and d.node_id in (select node_id from ends) and d.purge_at > $3
       order by d.node_id limit $4::bigint + 1 for update
     ), there as materialized (
       select n.node_id from nodes n where n.tenant_id = $1 and n.node_id in (select node_id from ends)
       order by n.node_id limit $4::bigint + 1 for key share
     )
     select (select count(*) from deleted), (select count(*) from there)",
);

/// Brings a deleted node back as a new version, with those of its edges whose other end is there. The others go on waiting for theirs, and its
/// vectors for the worker, who alone keeps vectors. More edges than are asked for leave everything as it is.
const RETURN: Statement<Write> = Statement::writing(
    "graph.deleted_node.return",
    &[Role::App],
    concat!(
        "with at as materialized (
           select e.edge_id from deleted_edges e
           where e.tenant_id = $1 and (e.src = $2 or e.dst = $2)
             and (e.src = $2 or exists (select from nodes n where n.tenant_id = $1 and n.node_id = e.src))
             and (e.dst = $2 or exists (select from nodes n where n.tenant_id = $1 and n.node_id = e.dst))
           limit $4::bigint + 1
         ), few as (
           select count(*) <= $4::bigint as ok from at
         ), back as (
           delete from deleted_nodes d where d.tenant_id = $1 and d.node_id = $2 and (select ok from few)
           returning d.node_id, d.external_id, d.classes, d.props, d.payload_ref, d.metadata, d.refresh_policy, d.triggers, d.version, d.content,
                     d.size_bytes, d.created_at, d.updated_at, d.last_refreshed, d.drift_score, d.reworded
         ), kept as (
           insert into node_versions (tenant_id, node_id, version, external_id, classes, props, payload_ref, metadata, refresh_policy, triggers,
                                      size_bytes, written_at, superseded_at)
           select $1, b.node_id, b.version, b.external_id, b.classes, b.props, b.payload_ref, b.metadata, b.refresh_policy, b.triggers, b.size_bytes,
                  b.updated_at, greatest($3, b.updated_at) from back b
         ), returned as (
           insert into nodes (tenant_id, node_id, external_id, classes, props, payload_ref, metadata, refresh_policy, triggers, version, content,
                              beside_search, size_bytes, embedding_status, created_at, updated_at, last_refreshed, drift_score)
           select $1, b.node_id, b.external_id, b.classes, b.props, b.payload_ref, b.metadata, b.refresh_policy, b.triggers, b.version + 1, b.content,
                  words_beside(b.props, b.metadata, b.content), b.size_bytes, case when b.content is null then 'none' else 'queued' end, b.created_at, greatest($3, b.updated_at),
                  b.last_refreshed, b.drift_score from back b
           returning ",
        columns!(),
        "), queued as (
           insert into jobs (tenant_id, kind, subject_id, due_at, reworded)
           select $1, 'embed', r.node_id, $3, b.reworded from returned r join back b on b.node_id = r.node_id where r.embedding_status = 'queued'
           on conflict (tenant_id, kind, subject_id) do update set due_at = excluded.due_at, attempts = 0, dead = false, reworded = excluded.reworded
         ), unparked as (
           delete from deleted_edges e where e.tenant_id = $1 and e.edge_id in (select edge_id from at) and (select ok from few)
           returning e.edge_id, e.src, e.rel, e.dst, e.props, e.created_at, e.size_bytes
         ), joined as (
           insert into edges (tenant_id, edge_id, src, rel, dst, props, created_at, size_bytes)
           select $1, u.edge_id, u.src, u.rel, u.dst, u.props, u.created_at, u.size_bytes from unparked u order by u.src, u.rel, u.dst
           on conflict (tenant_id, src, rel, dst) do nothing
           returning edge_id
         )
         select ",
        columns!(),
        ", array(select edge_id from joined) from returned"
    ),
);

pub(crate) const STATEMENTS: &[&StatementInfo] =
    &[LOCK.info(), DELETE.info(), HOLD_DELETED.info(), LINE_UP.info(), HOLD_ENDS.info(), RETURN.info()];

/// Deletes a node of the tenant with its edges and vectors; until `purge_at` it can be brought back. Returns the edges that went with it.
pub async fn delete(
    tx: &mut Tx<'_, Write>,
    id: NodeId,
    meant: Meant<'_>,
    now: Timestamp,
    purge_at: Timestamp,
) -> Result<Vec<EdgeId>, GraphError> {
    let (parted, _) = in_turns!(tx, part(tx, id, meant, MOST_EDGES, (now, purge_at)).await)?;
    Ok(parted.edges)
}

/// Moves a node that has at most `most` edges away, which is of the version that it returns.
async fn part(
    tx: &mut Tx<'_, Write>,
    id: NodeId,
    meant: Meant<'_>,
    most: i64,
    (now, purge_at): (Timestamp, Timestamp),
) -> Result<(Erased, i32), GraphError> {
    let tenant = tx.tenant();
    let held = tx.write(&LOCK, &[&tenant, &id.uuid()]).await?;
    let version = version(&held)?.ok_or(GraphError::NoNode(id))?;
    meant.check(version)?;
    let rows = tx.write(&DELETE, &[&tenant, &id.uuid(), &most, &now, &purge_at, &MOST_EDGES]).await?;
    let row = rows.first().ok_or(GraphError::NoNode(id))?;
    let (gone, few): (bool, bool) = (row.try_get(0)?, row.try_get(1)?);
    match (gone, few) {
        (true, _) => Ok((Erased { was_there: true, edges: edges(row, 2)?, untold: row.try_get(3)? }, version)),
        (false, true) => Err(GraphError::NoNode(id)),
        (false, false) => Err(GraphError::TooManyEdges { most }),
    }
}

/// What was erased of a node.
#[derive(Debug, Default)]
pub struct Erased {
    /// Whether it was there until now, and not in its grace period.
    pub was_there: bool,
    /// The edges that went with it.
    pub edges: Vec<EdgeId>,
    /// How many more did, which the purge erases and tells, in steps.
    pub untold: i64,
}

/// Erases a node of the tenant at once, and everything that it was; one in its grace period too. Where it has very many edges or versions, nothing but
/// these, which nobody reads or brings back any more, is left to the purge.
pub async fn erase(tx: &mut Tx<'_, Write>, id: NodeId, meant: Meant<'_>, now: Timestamp) -> Result<Erased, GraphError> {
    in_turns!(tx, {
        let (mut erased, version) = match part(tx, id, meant, MOST_ERASED, (now, now)).await {
            Ok(parted) => parted,
            Err(GraphError::NoNode(_)) => {
                let tenant = tx.tenant();
                let held = tx.write(&HOLD_DELETED, &[&tenant, &id.uuid(), &Timestamp::UNIX_EPOCH]).await?;
                let version = version(&held)?.ok_or(GraphError::NoNode(id))?;
                meant.check(version)?;
                (Erased::default(), version)
            }
            Err(error) => return Err(error),
        };
        if erased.untold > 0 || version > MOST_FORGOTTEN {
            let has_more = purge::forget(tx, id).await?;
            if erased.untold > 0 || has_more {
                purge::empty(tx, id, now).await?;
                return Ok(erased);
            }
        }
        erased.edges.extend(purge::erase(tx, &[id]).await?);
        Ok(erased)
    })
}

/// Brings a deleted node of the tenant back. Returns it, and the edges that came with it.
pub async fn restore(
    tx: &mut Tx<'_, Write>,
    id: NodeId,
    meant: Meant<'_>,
    keeps: MostVersions,
    now: Timestamp,
) -> Result<(Node, Vec<EdgeId>), GraphError> {
    in_turns!(tx, {
        let tenant = tx.tenant();
        tx.write(&LINE_UP, &[&tenant, &id.uuid(), &MOST_EDGES]).await?;
        tx.write(&HOLD_ENDS, &[&tenant, &id.uuid(), &now, &MOST_EDGES]).await?;
        let held = tx.write(&HOLD_DELETED, &[&tenant, &id.uuid(), &now]).await?;
        let Some(version) = version(&held)? else {
            hold(tx, id, Meant::ANY).await?;
            return Err(GraphError::NotDeleted);
        };
        meant.check(version)?;
        let name: Option<String> = held.first().map_or(Ok(None), |row| row.try_get(1))?;
        let returned = tx.write(&RETURN, &[&tenant, &id.uuid(), &now, &MOST_EDGES]).await;
        let rows = returned.map_err(|error| taken(error, name.as_deref()))?;
        // The node is held: what does not come back has too many edges.
        let row = rows.first().ok_or(GraphError::TooManyWaiting { most: MOST_EDGES })?;
        let node = Node::read(row)?;
        keeps.keep(tx, &[(node.id, node.version)]).await?;
        Ok((node, edges(row, 13)?))
    })
}

pub(super) fn version(held: &[Row]) -> Result<Option<i32>, StoreError> {
    held.first().map(|row| row.try_get(0)).transpose()
}

fn edges(row: &Row, column: usize) -> Result<Vec<EdgeId>, StoreError> {
    let ids: Vec<Uuid> = row.try_get(column)?;
    Ok(ids.into_iter().map(EdgeId::from).collect())
}
