//! Keeping vectors.

use uuid::Uuid;
use wardgraph_kernel::{Chance, NodeId, Timestamp, Write};
use wardgraph_store::{Statement, StoreError, Tx, Vector};

use super::{Claim, WORKERS, parts};

/// How many entries a node's history keeps.
pub(super) const MOST_ENTRIES: i64 = 100;

/// Finishes claimed jobs and keeps their vectors; a job that was claimed or queued anew since, or whose node is gone, is left alone or dropped.
/// What other models made of an older text of the node goes: a change back to one of them would find it, and take it for the node's.
pub(super) const FINISH: Statement<Write> = Statement::writing(
    "graph.embedding.finish",
    WORKERS,
    "with input as (
       select * from unnest($2::uuid[], $3::int[], $5::vector[], $6::uuid[]) as i(node_id, attempts, embedding, entry_id)
     ), there as materialized (
       -- Locked before the jobs, as whoever changes a node does it: one that is being changed or deleted is waited for.
       select n.node_id, hashtextextended(n.content, 0) as text_hash
       from nodes n where n.tenant_id = $1 and n.node_id = any($2) order by n.node_id for no key update
     ), marked as (
       -- Before the jobs, as whoever moves the tenant does it. Looked up first: the conflict would lock the row, and so make all of a tenant's
       -- workers wait for each other.
       insert into embedding_tenants (tenant_id, model)
       select $1, $7 where not exists (select from embedding_tenants t where t.tenant_id = $1 and t.model in ('', $7))
         and exists (select from input i join there t using (node_id) join jobs j on j.tenant_id = $1 and j.kind = 'embed'
                     and j.subject_id = i.node_id and j.attempts = i.attempts and j.claim = $4 and not j.dead)
       on conflict (tenant_id) do update set model = '' where embedding_tenants.model <> excluded.model returning 1
     ), done as (
       delete from jobs j using input i left join there t using (node_id)
       where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = i.node_id and j.attempts = i.attempts and j.claim = $4 and not j.dead
         and (select count(*) from there) >= 0 and (select count(*) from marked) >= 0
       returning j.subject_id as node_id
     ), before as (
       select e.node_id, e.embedding from embeddings e where e.tenant_id = $1 and e.model = $7 and e.node_id = any($2)
     ), kept as (
       insert into embeddings (tenant_id, node_id, model, embedding, embedded_at, text_hash)
       select $1, i.node_id, $7, i.embedding, $8, t.text_hash from input i join done using (node_id) join there t using (node_id)
       on conflict (tenant_id, model, node_id) do update
         set embedding = excluded.embedding, embedded_at = excluded.embedded_at, text_hash = excluded.text_hash, graph = 0
       returning node_id, text_hash
     ), stale as (
       delete from embeddings e using kept k
       where e.tenant_id = $1 and e.node_id = k.node_id and e.model <> $7 and e.text_hash is distinct from k.text_hash
         and exists (select from embedding_tenants t where t.tenant_id = $1 and t.model <> $7)
     ), told as (
       insert into embedding_history (tenant_id, node_id, entry_id, model, embedded_at, drift_score)
       select $1, k.node_id, i.entry_id, $7, $8, b.embedding <=> i.embedding
       from kept k join input i using (node_id) left join before b using (node_id)
     ), trimmed as (
       delete from embedding_history h using kept k, lateral (
         select o.entry_id from embedding_history o where o.tenant_id = $1 and o.node_id = k.node_id order by o.entry_id desc offset $9::bigint - 1
       ) o where h.tenant_id = $1 and h.node_id = k.node_id and h.entry_id = o.entry_id
     )
     update nodes n set embedding_status = 'ready', last_refreshed = $8, drift_score = b.embedding <=> i.embedding
     from kept k join input i using (node_id) left join before b using (node_id)
     where n.tenant_id = $1 and n.node_id = k.node_id returning n.node_id",
);

/// Keeps vectors and finishes their jobs. Returns the nodes that are ready now.
pub async fn finish(
    tx: &mut Tx<'_, Write>,
    model: &str,
    done: &[(Claim, Vec<f32>)],
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Vec<NodeId>, StoreError> {
    let tenant = tx.tenant();
    let (ids, attempts, number) = parts(done.iter().map(|(claim, _)| claim));
    let vectors: Vec<Vector<'_>> = done.iter().map(|(_, vector)| Vector(vector)).collect();
    let entries: Vec<Uuid> = done.iter().map(|_| NodeId::new(now, chance).uuid()).collect();
    let rows = tx.write(&FINISH, &[&tenant, &ids, &attempts, &number, &vectors, &entries, &model, &now, &MOST_ENTRIES]).await?;
    rows.iter().map(|row| Ok(row.try_get::<Uuid>(0)?.into())).collect()
}
