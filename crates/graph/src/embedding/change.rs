//! From one model to another, while the server serves.
//!
//! Which model is wanted is said by the servers that live: that of the working one that started last. Its workers make vectors, and queue the
//! nodes whose vectors are of another model, some at a time; the workers of other models rest. Vectors go when every node of their tenant has
//! its new one, and not while a server lives that searches them. All state is in the rows, so any server goes on where another was killed.

use uuid::Uuid;
use wardgraph_kernel::{Mode, Owner, Read, Timestamp, Write};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx};

use super::WORKERS;

pub(super) const BEAT: Statement<Write> = Statement::writing(
    "graph.embedding.beat",
    &[Role::Worker],
    "with forgotten as (delete from embedding_servers where seen_at < $5 and server_id <> $1)
     insert into embedding_servers (server_id, model, works, started_at, seen_at) values ($1, $2, $3, $4, $6)
     on conflict (server_id) do update set seen_at = excluded.seen_at",
);

pub(super) const SERVERS: Statement<Read> = Statement::reading(
    "graph.embedding.servers",
    WORKERS,
    "select server_id, model, works from embedding_servers where seen_at >= $1 order by started_at desc, server_id desc",
);

/// Those who have vectors of other models than `$1`, as `others (tenant_id)`, for a `with recursive`: the next `$3` after `$2`. Models are few, and
/// each is a range of the index: what is unequal is found by none, and all tenants would be read to find one.
macro_rules! others {
    () => {
        "models (model) as (
           (select t.model from embedding_tenants t order by t.model limit 1)
           union all
           select (select t.model from embedding_tenants t where t.model > m.model order by t.model limit 1) from models m where m.model is not null
         ), others as (
           select o.tenant_id from models m cross join lateral (
             select t.tenant_id from embedding_tenants t where t.model = m.model and t.tenant_id > $2 order by t.tenant_id limit $3::bigint
           ) o where m.model <> $1 order by o.tenant_id limit $3::bigint
         )"
    };
}
pub(crate) use others;

pub(super) const BEHIND: Statement<Read> = Statement::reading(
    "graph.embedding.behind",
    &[Role::Worker],
    concat!("with recursive ", others!(), " select tenant_id from others order by tenant_id"),
);

pub(super) const COUNT_BEHIND: Statement<Read> = Statement::reading(
    "graph.embedding.count_behind",
    &[Role::Worker],
    "select (select count(*) from embedding_tenants where model < $1) + (select count(*) from embedding_tenants where model > $1)",
);

/// One server at a time moves a tenant; the others find nothing.
pub(super) const TAKE: Statement<Write> = Statement::writing(
    "graph.embedding.take",
    WORKERS,
    "select model, moving_to, revived_to is null from embedding_tenants where tenant_id = $1 and model <> $2 for update skip locked",
);

pub(super) const BEGIN: Statement<Write> = Statement::writing(
    "graph.embedding.begin_move",
    WORKERS,
    "update embedding_tenants set moving_to = $2, revived_to = '00000000-0000-0000-0000-000000000000' where tenant_id = $1",
);

/// What a model could not embed another may: once, from the node on that was reached, as far as there is room below `$4` waiting jobs. A node
/// that someone holds is met again in the next step, and ends this one: the tenant is held, and waits for nobody who waits for it.
pub(super) const REVIVE: Statement<Write> = Statement::writing(
    "graph.embedding.revive",
    WORKERS,
    "with room as (
       select least($3::bigint, greatest(0, $4::bigint - count(*))) as free
       from (select from jobs where tenant_id = $1 and kind = 'embed' and not dead limit $4::bigint) w
     ), given_up as materialized (
       select d.subject_id as node_id from jobs d
       where d.tenant_id = $1 and d.kind = 'embed' and d.dead
         and d.subject_id > (select t.revived_to from embedding_tenants t where t.tenant_id = $1)
       order by d.subject_id limit (select free from room)
     ), free as materialized (
       select n.node_id from given_up g join nodes n on n.tenant_id = $1 and n.node_id = g.node_id
       order by n.node_id for no key update of n skip locked
     ), busy as (
       select n.node_id from given_up g join nodes n on n.tenant_id = $1 and n.node_id = g.node_id
       where not exists (select from free f where f.node_id = n.node_id) order by n.node_id limit 1
     ), there as materialized (
       select f.node_id from free f where f.node_id < coalesce((select b.node_id from busy b), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
     ), reached as (
       select g.node_id from given_up g
       where g.node_id < coalesce((select b.node_id from busy b), 'ffffffff-ffff-ffff-ffff-ffffffffffff') order by g.node_id desc limit 1
     ), went as (
       update embedding_tenants t
       set revived_to = case when (select count(*) from given_up) < (select free from room) and not exists (select from busy) then null
                             else coalesce((select r.node_id from reached r), t.revived_to) end
       where t.tenant_id = $1 returning t.revived_to
     ), revived as (
       update jobs j set dead = false, due_at = $2, attempts = 0 from there t
       where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = t.node_id and j.dead and (select count(*) from there) > 0
       returning j.subject_id
     ), shown as (
       update nodes n set embedding_status = 'queued' from revived r where n.tenant_id = $1 and n.node_id = r.subject_id
     )
     select (select count(*) from revived), (select w.revived_to from went w) is null",
);

/// Queues nodes that have a vector of another model and none of this one, from `$3` on, as far as there is room below `$6` waiting jobs.
/// A job that is there already stays as it is, a dead one too.
pub(super) const QUEUE: Statement<Write> = Statement::writing(
    "graph.embedding.queue_missing",
    WORKERS,
    "with room as (
       select least($4::bigint, greatest(0, $6::bigint - count(*))) as free
       from (select from jobs where tenant_id = $1 and kind = 'embed' and not dead limit $6::bigint) w
     ), old as materialized (
       select e.node_id from embeddings e where e.tenant_id = $1 and e.model <> $2 and e.node_id > $3
       group by e.node_id order by e.node_id limit (select free from room)
     ), lacking as materialized (
       select o.node_id from old o where not exists (select from embeddings n where n.tenant_id = $1 and n.model = $2 and n.node_id = o.node_id)
     ), there as materialized (
       -- Before their jobs, as whoever changes a node does it. One that someone holds is met again in the next round: the tenant is held, and
       -- waits for nobody who waits for it.
       select n.node_id from lacking l join nodes n on n.tenant_id = $1 and n.node_id = l.node_id
       where not exists (select from jobs j where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = l.node_id)
       order by n.node_id for no key update of n skip locked
     ), queued as (
       insert into jobs (tenant_id, kind, subject_id, due_at, reworded)
       select $1, 'embed', t.node_id, $5, false from there t where (select count(*) from there) > 0
       on conflict (tenant_id, kind, subject_id) do nothing returning subject_id
     ), shown as (
       update nodes n set embedding_status = 'queued' from queued q where n.tenant_id = $1 and n.node_id = q.subject_id
     )
     select (select count(*) from queued), (select o.node_id from old o order by o.node_id desc limit 1),
            (select count(*) from old) < (select free from room),
            exists (select from lacking l where not exists (
              select from jobs j where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = l.node_id and j.dead))",
);

/// Removes vectors of nodes that have one of this model, or that it was given up to give one. Two ranges of models, since what is unequal is
/// found by no index.
pub(super) const REMOVE: Statement<Write> = Statement::writing(
    "graph.embedding.remove_old",
    WORKERS,
    "with old as (
       select o.model, o.node_id from embeddings o where o.tenant_id = $1 and o.model < $2
       union all
       select o.model, o.node_id from embeddings o where o.tenant_id = $1 and o.model > $2
     )
     delete from embeddings e using (
       select o.model, o.node_id from old o
       where o.model <> all($3)
         and (exists (select from embeddings n where n.tenant_id = $1 and n.model = $2 and n.node_id = o.node_id)
           or exists (select from jobs j where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = o.node_id and j.dead))
       limit $4
     ) o where e.tenant_id = $1 and e.model = o.model and e.node_id = o.node_id returning 1",
);

/// Ends the move if nothing is left of other models.
pub(super) const END: Statement<Write> = Statement::writing(
    "graph.embedding.end_move",
    WORKERS,
    "update embedding_tenants t set model = $2, moving_to = null, revived_to = null
     where t.tenant_id = $1 and not exists (select from embeddings o where o.tenant_id = $1 and o.model < $2)
       and not exists (select from embeddings o where o.tenant_id = $1 and o.model > $2) returning t.tenant_id",
);

/// A server that lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its id, drawn at its start.
    pub id: Uuid,
    /// The model that it searches with, and embeds with if it works.
    pub model: String,
    /// Whether it works the queue.
    pub works: bool,
}

/// Says that `server`, which started at `started_at`, lives at `now`; forgets those that were not seen since `forget`.
pub async fn beat(
    tx: &mut Tx<'_, Write>,
    server: &Server,
    started_at: Timestamp,
    now: Timestamp,
    forget: Timestamp,
) -> Result<(), StoreError> {
    tx.write(&BEAT, &[&server.id, &server.model, &server.works, &started_at, &forget, &now]).await.map(drop)
}

/// The servers that were seen since `since`, the one that started last first.
pub async fn servers<M: Mode>(tx: &mut Tx<'_, M>, since: Timestamp) -> Result<Vec<Server>, StoreError> {
    let server = |row: &Row| Ok(Server { id: row.try_get(0)?, model: row.try_get(1)?, works: row.try_get(2)? });
    tx.query(&SERVERS, &[&since]).await?.iter().map(server).collect()
}

/// Tenants that have vectors of other models than this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// How many there are.
    pub count: i64,
    /// The next of them in the order of their names.
    pub owners: Vec<Owner>,
}

/// Up to `most` tenants after `after` that have vectors of other models than `model`.
pub async fn behind<M: Mode>(tx: &mut Tx<'_, M>, model: &str, after: &str, most: i64) -> Result<Behind, StoreError> {
    let count = match tx.find(&COUNT_BEHIND, &[&model]).await? {
        Some(row) => row.try_get(0)?,
        None => 0,
    };
    if count == 0 {
        return Ok(Behind { count, owners: Vec::new() });
    }
    let mut owners = Vec::new();
    for row in tx.query(&BEHIND, &[&model, &after, &most]).await? {
        owners.extend(Owner::parse(&row.try_get::<String>(0)?).ok());
    }
    Ok(Behind { count, owners })
}

/// A tenant on its way to another model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The model of all its vectors, or nothing if they are of several.
    pub from: String,
    /// Where it was going when it was last looked at.
    pub towards: Option<String>,
    /// Whether all that were given up before have got their chance.
    pub revived: bool,
}

/// Takes the tenant until the transaction ends; `None` when it needs no move to `model`, or another server has it.
pub async fn take(tx: &mut Tx<'_, Write>, model: &str) -> Result<Option<Move>, StoreError> {
    let tenant = tx.tenant();
    let rows = tx.write(&TAKE, &[&tenant, &model]).await?;
    rows.first().map(|row| Ok(Move { from: row.try_get(0)?, towards: row.try_get(1)?, revived: row.try_get(2)? })).transpose()
}

/// Notes that the tenant's way to `model` has begun.
pub async fn begin_move(tx: &mut Tx<'_, Write>, model: &str) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    tx.write(&BEGIN, &[&tenant, &model]).await.map(drop)
}

/// Gives the next texts that an earlier model could not embed another chance: up to `most`, while fewer than `waiting` jobs of the tenant
/// wait. Returns how many there were, and whether these were the last.
pub async fn revive(tx: &mut Tx<'_, Write>, now: Timestamp, (most, waiting): (i64, i64)) -> Result<(i64, bool), StoreError> {
    let tenant = tx.tenant();
    let rows = tx.write(&REVIVE, &[&tenant, &now, &most, &waiting]).await?;
    let row = rows.first().ok_or(StoreError::Ended)?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// How far the queueing of a tenant's nodes came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queued {
    /// How many were queued.
    pub count: i64,
    /// The last node that was looked at.
    pub last: Option<Uuid>,
    /// Whether that was the last there is.
    pub ended: bool,
    /// Whether one of those that were looked at still waits for its vector. One that was given up does not.
    pub missing: bool,
}

/// Looks at up to `most` nodes after `after` that have vectors of other models, and queues those that lack one of `model`, while fewer than
/// `waiting` jobs of the tenant wait.
pub async fn queue_missing(
    tx: &mut Tx<'_, Write>,
    model: &str,
    after: Option<Uuid>,
    (most, waiting): (i64, i64),
    now: Timestamp,
) -> Result<Queued, StoreError> {
    let (tenant, after) = (tx.tenant(), after.unwrap_or_else(Uuid::nil));
    let rows = tx.write(&QUEUE, &[&tenant, &model, &after, &most, &now, &waiting]).await?;
    let row = rows.first().ok_or(StoreError::Ended)?;
    Ok(Queued { count: row.try_get(0)?, last: row.try_get(1)?, ended: row.try_get(2)?, missing: row.try_get(3)? })
}

/// Removes up to `most` vectors of models that are neither `model` nor among `searched`, of nodes that do not wait for their new one. Returns
/// how many went.
pub async fn remove_old(tx: &mut Tx<'_, Write>, model: &str, searched: &[String], most: i64) -> Result<usize, StoreError> {
    let tenant = tx.tenant();
    Ok(tx.write(&REMOVE, &[&tenant, &model, &searched, &most]).await?.len())
}

/// Ends the tenant's way to `model` if no vectors of others are left. Returns whether it ended.
pub async fn end_move(tx: &mut Tx<'_, Write>, model: &str) -> Result<bool, StoreError> {
    let tenant = tx.tenant();
    Ok(!tx.write(&END, &[&tenant, &model]).await?.is_empty())
}
