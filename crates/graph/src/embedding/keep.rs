//! Keeping vectors.

use uuid::Uuid;
use wardgraph_kernel::{Chance, NodeId, Timestamp, Write};
use wardgraph_store::{Statement, StoreError, Tx, Vector};

use super::{Claim, WORKERS, parts};

/// How many entries a node's history keeps.
pub(super) const MOST_ENTRIES: i64 = 100;

/// Trims the histories of the nodes of `$of`, which get one entry more by the same statement, to `$most`: however many they were.
macro_rules! trimmed {
    ($of:literal, $most:literal) => {
        concat!(
            "delete from embedding_history h using ",
            $of,
            " k, lateral (
               select o.entry_id from embedding_history o where o.tenant_id = $1 and o.node_id = k.node_id order by o.entry_id desc offset ",
            $most,
            "::bigint - 1 limit 1
             ) o where h.tenant_id = $1 and h.node_id = k.node_id and h.entry_id <= o.entry_id"
        )
    };
}
pub(super) use trimmed;

/// Finishes claimed jobs and keeps their vectors; a job that was claimed or queued anew since, or whose node is gone, is left alone or dropped.
/// What other models made of an older text of the node goes: a change back to one of them would find it, and take it for the node's.
pub(super) const FINISH: Statement<Write> = Statement::writing(
    "graph.embedding.finish",
    WORKERS,
    concat!(
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
       returning j.subject_id as node_id, j.reworded
     ), before as (
       select e.node_id, e.embedding from embeddings e where e.tenant_id = $1 and e.model = $7 and e.node_id = any($2)
       union all
       -- Of a node that came back, and was changed before it got this one.
       select d.node_id, d.embedding from deleted_embeddings d where d.tenant_id = $1 and d.model = $7 and d.node_id = any($2)
         and not exists (select from embeddings e where e.tenant_id = $1 and e.model = $7 and e.node_id = d.node_id)
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
     ), trimmed as (",
        trimmed!("kept", "$9"),
        "), outdated as (
       delete from deleted_embeddings d using kept k where d.tenant_id = $1 and d.node_id = k.node_id
     )
     -- The same text by another model is as old as it was, and has drifted as far. A first vector refreshes nothing: its node is as old as it is.
     update nodes n
     set embedding_status = 'ready',
         last_refreshed = case when d.reworded and coalesce(earlier.had, b.node_id is not null) then $8::timestamptz else n.last_refreshed end,
         drift_score = case when d.reworded then b.embedding <=> i.embedding else n.drift_score end
     from kept k join input i using (node_id) join done d using (node_id) left join before b using (node_id) left join lateral (
       select true as had from embedding_history h where h.tenant_id = $1 and h.node_id = k.node_id and h.error is null limit 1
     ) earlier on true
     where n.tenant_id = $1 and n.node_id = k.node_id returning n.node_id"
    ),
);

/// Finishes claimed jobs of nodes that came back, by the vectors that they had: their text is the same, and the model too.
pub(super) const BRING_BACK: Statement<Write> = Statement::writing(
    "graph.embedding.bring_back",
    WORKERS,
    "with input as (
       select * from unnest($2::uuid[], $3::int[]) as i(node_id, attempts)
     ), there as materialized (
       select n.node_id, hashtextextended(n.content, 0) as text_hash
       from nodes n where n.tenant_id = $1 and n.node_id = any($2) order by n.node_id for no key update
     ), fitting as materialized (
       select d.node_id, d.embedding, d.embedded_at, d.text_hash from deleted_embeddings d join there t on t.node_id = d.node_id
       where d.tenant_id = $1 and d.model = $5 and coalesce(d.text_hash = t.text_hash, true)
     ), marked as (
       insert into embedding_tenants (tenant_id, model)
       select $1, $5 where not exists (select from embedding_tenants t where t.tenant_id = $1 and t.model in ('', $5))
         and exists (select from input i join fitting f using (node_id) join jobs j on j.tenant_id = $1 and j.kind = 'embed'
                     and j.subject_id = i.node_id and j.attempts = i.attempts and j.claim = $4 and not j.dead and not j.reworded)
       on conflict (tenant_id) do update set model = '' where embedding_tenants.model <> excluded.model returning 1
     ), done as (
       delete from jobs j using input i join fitting f using (node_id)
       where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = i.node_id and j.attempts = i.attempts and j.claim = $4 and not j.dead
         and not j.reworded and (select count(*) from marked) >= 0
       returning j.subject_id as node_id
     ), kept as (
       insert into embeddings (tenant_id, node_id, model, embedding, embedded_at, text_hash)
       select $1, f.node_id, $5, f.embedding, f.embedded_at, f.text_hash from fitting f join done using (node_id)
       on conflict (tenant_id, model, node_id) do nothing
     ), lifted as (
       delete from deleted_embeddings d using done where d.tenant_id = $1 and d.node_id = done.node_id
     )
     update nodes n set embedding_status = 'ready' from done where n.tenant_id = $1 and n.node_id = done.node_id returning n.node_id",
);

/// Gives nodes that were deleted and came back the vectors of `model` that they had. Returns those that are ready now; the others are to be
/// embedded.
pub async fn bring_back(tx: &mut Tx<'_, Write>, model: &str, claims: &[Claim]) -> Result<Vec<NodeId>, StoreError> {
    let tenant = tx.tenant();
    let (ids, attempts, number) = parts(claims.iter());
    let rows = tx.write(&BRING_BACK, &[&tenant, &ids, &attempts, &number, &model]).await?;
    rows.iter().map(|row| Ok(row.try_get::<Uuid>(0)?.into())).collect()
}

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
