//! Vectors for nodes: the queue in Postgres, and what the worker reads and writes of it.
//!
//! A claim is a lease: a job that its worker did not finish falls due again by itself, and only the latest claim can finish it. So kill -9
//! loses nothing and doubles nothing.

use std::time::Duration;

use uuid::Uuid;
use wardgraph_kernel::{Mode, NodeId, Read, TenantId, Timestamp, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx};

/// Claims due jobs of all tenants; `attempts` is the claim's number.
const CLAIM: Statement<Write> = Statement::writing(
    "graph.embedding.claim",
    &[Role::Worker],
    "with due as (
       select tenant_id, kind, subject_id from jobs where not dead and due_at <= $1 and kind = 'embed' order by due_at limit $2
       for update skip locked
     )
     update jobs j set attempts = j.attempts + 1, due_at = $3 from due d
     where (j.tenant_id, j.kind, j.subject_id) = (d.tenant_id, d.kind, d.subject_id)
     returning j.tenant_id, j.subject_id, j.attempts",
);

const TEXTS: Statement<Read> = Statement::reading(
    "graph.embedding.texts",
    &[Role::Worker],
    "select node_id, content from nodes where tenant_id = $1 and node_id = any($2) and content is not null",
);

/// Finishes claimed jobs and keeps their vectors; a job that was claimed anew since, or whose node is gone, is left alone.
const FINISH: Statement<Write> = Statement::writing(
    "graph.embedding.finish",
    &[Role::Worker],
    "with input as (
       select i.node_id, i.attempts, i.embedding from unnest($2::uuid[], $3::int[], $4::text[]) as i(node_id, attempts, embedding)
     ), there as materialized (
       -- Locked: a node that is being deleted is waited for, and is gone then, or stays until its vector is kept.
       select n.node_id from nodes n where n.tenant_id = $1 and n.node_id = any($2) order by n.node_id for no key update
     ), done as (
       delete from jobs j using input i
       where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = i.node_id and j.attempts = i.attempts and not j.dead
       returning j.subject_id as node_id
     ), kept as (
       insert into embeddings (tenant_id, node_id, model, embedding, embedded_at)
       select $1, i.node_id, $5, i.embedding::vector, $6 from input i join done using (node_id) join there using (node_id)
       on conflict (tenant_id, model, node_id) do update set embedding = excluded.embedding, embedded_at = excluded.embedded_at, graph = 0
       returning node_id
     )
     update nodes n set embedding_status = 'ready' from kept k where n.tenant_id = $1 and n.node_id = k.node_id returning n.node_id",
);

/// Takes jobs whose node is gone, or has no text, off the queue.
const DROP: Statement<Write> = Statement::writing(
    "graph.embedding.drop",
    &[Role::Worker],
    "delete from jobs where tenant_id = $1 and kind = 'embed' and subject_id = any($2)",
);

/// Puts a claimed job off, or gives up on it.
const RETRY: Statement<Write> = Statement::writing(
    "graph.embedding.retry",
    &[Role::Worker],
    "with put_off as (
       update jobs j set due_at = $4, dead = $5 from unnest($2::uuid[], $3::int[]) as i(node_id, attempts)
       where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = i.node_id and j.attempts = i.attempts
       returning j.subject_id as node_id
     ), failed as (
       update nodes n set embedding_status = 'failed' from put_off p where $5 and n.tenant_id = $1 and n.node_id = p.node_id
     )
     select node_id from put_off",
);

const DEPTH: Statement<Read> = Statement::reading(
    "graph.embedding.depth",
    &[Role::Worker],
    "select count(*) filter (where not dead), count(*) filter (where dead) from jobs where kind = 'embed'",
);

pub(crate) const STATEMENTS: &[&StatementInfo] =
    &[CLAIM.info(), TEXTS.info(), FINISH.info(), DROP.info(), RETRY.info(), DEPTH.info()];

/// How often a node is tried before the worker gives up on it.
pub const MOST_ATTEMPTS: i32 = 6;

/// How often a node is claimed before the worker gives up on it untried: its text may be what ends the process.
pub const MOST_CLAIMS: i32 = 20;

/// One claimed job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose node.
    pub tenant: TenantId,
    /// Which node.
    pub node: NodeId,
    /// The claim's number, from 1: only the latest claim can finish the job.
    pub attempt: i32,
}

/// Claims up to `most` due jobs until `now + lease`.
pub async fn claim(tx: &mut Tx<'_, Write>, most: i64, now: Timestamp, lease: Duration) -> Result<Vec<Claim>, StoreError> {
    let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
    let rows = tx.write(&CLAIM, &[&now, &most, &until]).await?;
    let claim = |row: &Row| {
        let tenant: String = row.try_get(0)?;
        // Only tenants' nodes are embedded: a job of the shared rows, made by hand, must not stop everyone's queue.
        let Ok(tenant) = TenantId::parse(&tenant) else { return Ok(None) };
        Ok(Some(Claim { tenant, node: row.try_get::<_, Uuid>(1)?.into(), attempt: row.try_get(2)? }))
    };
    rows.iter().filter_map(|row| claim(row).transpose()).collect()
}

/// The texts of nodes; a node that is gone or has no text is missing from the answer.
pub async fn texts<M: Mode>(tx: &mut Tx<'_, M>, nodes: &[NodeId]) -> Result<Vec<(NodeId, String)>, StoreError> {
    let tenant = tx.tenant();
    let ids: Vec<Uuid> = nodes.iter().map(|id| id.uuid()).collect();
    let rows = tx.query(&TEXTS, &[&tenant, &ids]).await?;
    rows.iter().map(|row| Ok((row.try_get::<_, Uuid>(0)?.into(), row.try_get(1)?))).collect()
}

/// Keeps vectors and finishes their jobs. Returns the nodes that are ready now.
pub async fn finish(
    tx: &mut Tx<'_, Write>,
    model: &str,
    done: &[(Claim, Vec<f32>)],
    now: Timestamp,
) -> Result<Vec<NodeId>, StoreError> {
    let tenant = tx.tenant();
    let ids: Vec<Uuid> = done.iter().map(|(claim, _)| claim.node.uuid()).collect();
    let attempts: Vec<i32> = done.iter().map(|(claim, _)| claim.attempt).collect();
    let vectors: Vec<String> = done.iter().map(|(_, vector)| spelled(vector)).collect();
    let rows = tx.write(&FINISH, &[&tenant, &ids, &attempts, &vectors, &model, &now]).await?;
    rows.iter().map(|row| Ok(row.try_get::<_, Uuid>(0)?.into())).collect()
}

/// Takes jobs off the queue that have nothing to embed.
pub async fn drop_jobs(tx: &mut Tx<'_, Write>, nodes: &[NodeId]) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    let ids: Vec<Uuid> = nodes.iter().map(|id| id.uuid()).collect();
    tx.write(&DROP, &[&tenant, &ids]).await.map(drop)
}

/// Puts claimed jobs off until `due`, or gives up on them for good. Returns the nodes whose claim still held.
pub async fn put_off(tx: &mut Tx<'_, Write>, claims: &[Claim], due: Timestamp, give_up: bool) -> Result<Vec<NodeId>, StoreError> {
    let tenant = tx.tenant();
    let ids: Vec<Uuid> = claims.iter().map(|claim| claim.node.uuid()).collect();
    let attempts: Vec<i32> = claims.iter().map(|claim| claim.attempt).collect();
    let rows = tx.write(&RETRY, &[&tenant, &ids, &attempts, &due, &give_up]).await?;
    rows.iter().map(|row| Ok(row.try_get::<_, Uuid>(0)?.into())).collect()
}

/// How many jobs wait, and how many were given up.
pub async fn depth<M: Mode>(tx: &mut Tx<'_, M>) -> Result<(i64, i64), StoreError> {
    let row = tx.find(&DEPTH, &[]).await?.ok_or(StoreError::Ended)?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// How long to wait before the next attempt: 5 s, doubled each time, at most 10 minutes.
pub fn back_off(attempt: i32) -> Duration {
    let doublings = u32::try_from(attempt.clamp(1, 8) - 1).unwrap_or(0);
    Duration::from_secs(5 << doublings).min(Duration::from_mins(10))
}

/// A vector as pgvector reads it. Text, since arrays of arrays of different tenants' dimensions do not travel as one array.
fn spelled(vector: &[f32]) -> String {
    let numbers: Vec<String> = vector.iter().map(ToString::to_string).collect();
    format!("[{}]", numbers.join(","))
}
