//! Vectors for nodes: the queue in Postgres, what the worker reads and writes of it, and the change from one model to another.
//!
//! A claim is a lease: a job that its worker neither finished nor keeps renewing falls due again by itself, and only the latest claim can finish
//! it. So kill -9 loses nothing and doubles nothing.
//!
//! **The contract of whoever changes a node's text:** in the transaction of the change, `insert into jobs (tenant_id, kind, subject_id,
//! due_at) values ($1, 'embed', $node, $now) on conflict (tenant_id, kind, subject_id) do update set due_at = excluded.due_at, attempts = 0,
//! dead = false, reworded = true`, and all nodes' rows before the first job's, in the order of their ids. Here it is the same, with the row of
//! `embedding_tenants` between them; whoever has that one first does not wait for nodes. `attempts = 0` is what takes the job from a worker that has read the old text: a claim
//! is never 0, and the next claim draws a number of its own, so the old one can neither finish, nor renew, nor put off, nor give back what it no longer
//! holds (`a_text_that_is_changed_while_it_is_embedded_is_embedded_anew`).

mod backlog;
mod change;
mod history;
mod keep;
mod renew;
mod requeue;
mod state;

use std::time::Duration;

use uuid::Uuid;
use wardgraph_kernel::{Chance, Mode, NodeId, Owner, Read, Timestamp, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, ToSql, Tx};

pub use backlog::Backlog;
pub(crate) use change::others;
pub use change::{
    Behind, Move, Queued, Server, beat, begin_move, behind, end_move, queue_missing, remove_old, revive, servers, take,
};
pub use history::{Embedding, Told, history};
pub use keep::{bring_back, finish};
pub use renew::renew;
pub use requeue::{Requeued, requeue};
pub use state::{MOST_NODES_COUNTED, State, state};

/// Claims due jobs, a tenant at a time in the order of their names, from the one after `$4`: of each tenant that has any the same number, the
/// oldest first. However many wait in one tenant, the work is bounded by `$6` tenants and `$2` jobs. Tells the last tenant that was looked at.
/// What was claimed more than once and never given back is held for twice as long each time, up to eight times: a server that ends again and again,
/// whatever it ends of, does not have its texts given up within minutes.
const CLAIM: Statement<Write> = Statement::writing(
    "graph.embedding.claim",
    &[Role::Worker],
    "with recursive tenants (tenant_id, place) as (
       (select j.tenant_id, 1 from jobs j where j.kind = 'embed' and not j.dead and j.tenant_id > $4 order by j.tenant_id limit 1)
       union all
       select (select j.tenant_id from jobs j where j.kind = 'embed' and not j.dead and j.tenant_id > t.tenant_id order by j.tenant_id limit 1), t.place + 1
       from tenants t where t.tenant_id is not null and t.place < $6
     ), due as materialized (
       select t.tenant_id from tenants t
       where exists (select from jobs j where j.kind = 'embed' and not j.dead and j.tenant_id = t.tenant_id and j.due_at <= $1)
       order by t.tenant_id limit $2::bigint
     ), picked as materialized (
       select p.tenant_id, p.subject_id
       from (select tenant_id, $2::bigint / count(*) over () as share from due) d,
       lateral (
         select j.tenant_id, j.subject_id from jobs j
         where j.kind = 'embed' and not j.dead and j.tenant_id = d.tenant_id and j.due_at <= $1
         order by j.due_at limit d.share for update skip locked
       ) p
     ), claimed as (
       update jobs j set attempts = j.attempts + 1, claim = $5,
         due_at = $1::timestamptz + ($3::timestamptz - $1::timestamptz) * (1 << least(greatest(j.attempts - 1, 0), 3)),
         faults = case when j.attempts = 0 then 0 else j.faults end,
         misses = case when j.attempts = 0 then 0 else j.misses end
       from picked p where j.kind = 'embed' and j.tenant_id = p.tenant_id and j.subject_id = p.subject_id
       returning j.tenant_id, j.subject_id, j.attempts, j.faults, j.misses, j.reworded
     )
     select case when (select count(*) from due) < $2::bigint then (select max(tenant_id) from tenants) else (select max(tenant_id) from due) end,
            c.tenant_id, c.subject_id, c.attempts, c.faults, c.misses, c.reworded
     from (select) one left join claimed c on true order by c.tenant_id, c.subject_id",
);

/// The roles that embed: the worker's in tenants, and the administrator's in units that are bound to the shared rows.
const WORKERS: &[Role] = &[Role::Worker, Role::Admin];

/// The roles that requests are served under: for the own tenant's nodes and for shared ones.
const REQUESTS: &[Role] = &[Role::App, Role::Admin];

/// As much of a text as any model reads.
const TEXTS: Statement<Read> = Statement::reading(
    "graph.embedding.texts",
    WORKERS,
    "select node_id, left(content, 32768) from nodes where tenant_id = $1 and node_id = any($2) and content is not null",
);

/// Takes the rows of nodes before those of their jobs, for a transaction that changes jobs by more than one statement.
const HOLD: Statement<Write> = Statement::writing(
    "graph.embedding.hold",
    WORKERS,
    "select node_id from nodes where tenant_id = $1 and node_id = any($2) order by node_id for no key update",
);

/// Takes jobs whose node is gone, or has no text, off the queue. A count over what is locked has all of it locked before the first is changed,
/// here as in the other statements.
const DROP: Statement<Write> = Statement::writing(
    "graph.embedding.drop",
    WORKERS,
    "with held as materialized (
       select j.subject_id from jobs j join unnest($2::uuid[], $3::int[]) as i(node_id, attempts) on j.subject_id = i.node_id
       where j.tenant_id = $1 and j.kind = 'embed' and j.claim = $4 and j.attempts = i.attempts order by j.subject_id for update of j
     )
     delete from jobs j using held h
     where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = h.subject_id and (select count(*) from held) > 0",
);

/// Puts a claimed job off because of its text, which was refused or missed, or gives up on it, and tells why in the node's history. A tenant
/// that has nothing else has its model on record with what is given up, or no other model would be told of it.
const RETRY: Statement<Write> = Statement::writing(
    "graph.embedding.retry",
    WORKERS,
    concat!(
        "with there as materialized (
       select n.node_id from nodes n where n.tenant_id = $1 and n.node_id = $2 for no key update
     ), marked as (
       insert into embedding_tenants (tenant_id, model) select $1, $9 from there where $7 on conflict (tenant_id) do nothing returning 1
     ), put_off as (
       update jobs j set due_at = $6, dead = $7, faults = j.faults + $11, misses = case when $12 then greatest(1, j.misses) + 1 else j.misses end, attempts = greatest(1, j.attempts - 1), claim = 0
       where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = $2 and j.attempts = $3 and j.claim = $4 and not j.dead
         and (select count(*) from there) > 0 and (select count(*) from marked) >= 0
       returning j.subject_id as node_id
     ), failed as (
       update nodes n set embedding_status = 'failed' from put_off p where $7 and n.tenant_id = $1 and n.node_id = p.node_id
     ), told as (
       insert into embedding_history (tenant_id, node_id, entry_id, model, embedded_at, error)
       select $1, n.node_id, $8, $9, $5, $10 from put_off p join nodes n on n.tenant_id = $1 and n.node_id = p.node_id
     ), trimmed as (",
        keep::trimmed!("put_off", "$13"),
        ")
     select node_id from put_off"
    ),
);

/// Gives claims back as if they had never been: the texts are not at fault.
const RELEASE: Statement<Write> = Statement::writing(
    "graph.embedding.release",
    WORKERS,
    "with held as materialized (
       select j.subject_id from jobs j join unnest($2::uuid[], $3::int[]) as i(node_id, attempts) on j.subject_id = i.node_id
       where j.tenant_id = $1 and j.kind = 'embed' and j.attempts = i.attempts and j.claim = $4 and not j.dead order by j.subject_id for update of j
     )
     update jobs j set due_at = $5, attempts = greatest(1, j.attempts - 1), claim = 0 from held h
     where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = h.subject_id and (select count(*) from held) > 0
     returning j.subject_id",
);

/// Gives claims back, and has their texts embedded alone from now on: a service failed at some of them, which had another text to do with.
const DOUBT: Statement<Write> = Statement::writing(
    "graph.embedding.doubt",
    WORKERS,
    "with held as materialized (
       select j.subject_id from jobs j join unnest($2::uuid[], $3::int[]) as i(node_id, attempts) on j.subject_id = i.node_id
       where j.tenant_id = $1 and j.kind = 'embed' and j.attempts = i.attempts and j.claim = $4 and not j.dead order by j.subject_id for update of j
     )
     update jobs j set due_at = $5, attempts = greatest(1, j.attempts - 1), claim = 0, misses = greatest(1, j.misses) from held h
     where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = h.subject_id and (select count(*) from held) > 0
     returning j.subject_id",
);

/// Counts up to a bound, so that counting a long queue costs no more than working it.
const DEPTH: Statement<Read> = Statement::reading(
    "graph.embedding.depth",
    &[Role::Worker],
    "select (select count(*) from (select from jobs where kind = 'embed' and not dead limit $1::bigint) w),
            (select count(*) from (select from jobs where kind = 'embed' and dead limit $1::bigint) d)",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    CLAIM.info(),
    TEXTS.info(),
    HOLD.info(),
    keep::FINISH.info(),
    keep::BRING_BACK.info(),
    DROP.info(),
    RETRY.info(),
    RELEASE.info(),
    DOUBT.info(),
    renew::RENEW.info(),
    DEPTH.info(),
    backlog::FULL.info(),
    history::OF_NODE.info(),
    requeue::FAILED.info(),
    requeue::NAMED.info(),
    state::STATE.info(),
    change::BEAT.info(),
    change::SERVERS.info(),
    change::BEHIND.info(),
    change::COUNT_BEHIND.info(),
    change::TAKE.info(),
    change::BEGIN.info(),
    change::REVIVE.info(),
    change::QUEUE.info(),
    change::REMOVE.info(),
    change::END.info(),
];

/// How often a model may refuse a text before the worker gives up on it.
pub const MOST_FAULTS: i32 = 6;

/// How often a service may fail at a text alone, and not at others, before the worker gives up on it: more often than a model may refuse one,
/// as a service that comes and goes fails at texts that are as good as any.
pub const MOST_MISSES: i32 = 10;

/// How often a node is claimed and never given back before the worker gives up on it untried: its text may be what ends the process.
pub const MOST_CLAIMS: i32 = 20;

/// Past this many claims that were never given back a text is embedded alone: it may be what ends the process, and must not take others along.
pub const SUSPICIOUS: i32 = 3;

/// How many jobs, or nodes, are counted before a count is told as this many.
pub const MOST_COUNTED: i64 = 100_000;

/// Tenants that one claim looks at.
const TENANTS_A_CLAIM: i32 = 256;

/// One claimed job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose node.
    pub owner: Owner,
    /// Which node.
    pub node: NodeId,
    /// How often the job was claimed and not given back, this time included.
    pub attempt: i32,
    /// How often a model refused its text.
    pub faults: i32,
    /// Above 0 the text is in doubt: one more than how often the service failed at it alone, and not at another.
    pub misses: i32,
    /// Whether the text is new, or a refresh was asked for; false where the model alone is another, or the node came back as it was.
    pub reworded: bool,
    /// What tells this claim from every other.
    pub number: i64,
}

/// What one look at the queue brought.
#[derive(Debug)]
pub struct Claims {
    /// The jobs, which are the caller's until the lease ends.
    pub jobs: Vec<Claim>,
    /// The last tenant that was looked at; `None` when none came after the given one.
    pub last: Option<String>,
}

/// Claims up to `most` due jobs until `now + lease`, of tenants after `after`; for longer what was lost more than once.
pub async fn claim(
    tx: &mut Tx<'_, Write>,
    after: &str,
    most: i64,
    now: Timestamp,
    lease: Duration,
    chance: &dyn Chance,
) -> Result<Claims, StoreError> {
    let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
    let number = chance.bytes().iter().take(8).fold(0, |number, byte| number << 8 | i64::from(*byte));
    let rows = tx.write(&CLAIM, &[&now, &most, &until, &after, &number, &TENANTS_A_CLAIM]).await?;
    let last = match rows.first() {
        Some(row) => row.try_get(0)?,
        None => None,
    };
    let claim = |row: &Row| {
        let Some(tenant) = row.try_get::<Option<String>>(1)? else { return Ok(None) };
        // A job of nobody, made by hand, must not stop everyone's queue.
        let Ok(owner) = Owner::parse(&tenant) else { return Ok(None) };
        let node = row.try_get::<Uuid>(2)?.into();
        let (attempt, faults, misses, reworded) = (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?, row.try_get(6)?);
        Ok(Some(Claim { owner, node, attempt, faults, misses, reworded, number }))
    };
    let jobs = rows.iter().filter_map(|row| claim(row).transpose()).collect::<Result<_, StoreError>>()?;
    Ok(Claims { jobs, last })
}

/// The texts of nodes; a node that is gone or has no text is missing from the answer.
pub async fn texts<M: Mode>(tx: &mut Tx<'_, M>, nodes: &[NodeId]) -> Result<Vec<(NodeId, String)>, StoreError> {
    let tenant = tx.tenant();
    let ids: Vec<Uuid> = nodes.iter().map(|id| id.uuid()).collect();
    let rows = tx.query(&TEXTS, &[&tenant, &ids]).await?;
    rows.iter().map(|row| Ok((row.try_get::<Uuid>(0)?.into(), row.try_get(1)?))).collect()
}

/// The parts of claims of one statement, which all came of one look at the queue.
fn parts<'c>(claims: impl Iterator<Item = &'c Claim> + Clone) -> (Vec<Uuid>, Vec<i32>, i64) {
    let ids = claims.clone().map(|claim| claim.node.uuid()).collect();
    let attempts = claims.clone().map(|claim| claim.attempt).collect();
    (ids, attempts, claims.map(|claim| claim.number).next().unwrap_or(0))
}

/// Holds the nodes of claims until the transaction ends: nobody changes them meanwhile, and nobody who does waits for one of their jobs.
pub async fn hold<'c>(tx: &mut Tx<'_, Write>, claims: impl Iterator<Item = &'c Claim>) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    let ids: Vec<Uuid> = claims.map(|claim| claim.node.uuid()).collect();
    tx.write(&HOLD, &[&tenant, &ids]).await.map(drop)
}

/// Takes claimed jobs off the queue that have nothing to embed.
pub async fn drop_jobs(tx: &mut Tx<'_, Write>, claims: &[Claim]) -> Result<(), StoreError> {
    let tenant = tx.tenant();
    let (ids, attempts, number) = parts(claims.iter());
    tx.write(&DROP, &[&tenant, &ids, &attempts, &number]).await.map(drop)
}

/// Puts a claimed job off until `due` because `model` refused its text with `error`, or `missed` it, or gives up on it for good. Returns
/// whether the claim still held. The error is shown to whoever may read the node.
pub async fn put_off(
    tx: &mut Tx<'_, Write>,
    claim: &Claim,
    (model, error): (&str, &str),
    (now, due): (Timestamp, Timestamp),
    (missed, give_up): (bool, bool),
    chance: &dyn Chance,
) -> Result<bool, StoreError> {
    let tenant = tx.tenant();
    let (node, entry) = (claim.node.uuid(), NodeId::new(now, chance).uuid());
    let Claim { attempt, number, .. } = claim;
    let faults = i32::from(!missed);
    let params: [&(dyn ToSql + Sync); 13] =
        [&tenant, &node, attempt, number, &now, &due, &give_up, &entry, &model, &error, &faults, &missed, &keep::MOST_ENTRIES];
    Ok(!tx.write(&RETRY, &params).await?.is_empty())
}

/// Gives claims back, due at `due`: the server stops, or its model cannot work. Returns how many were still held.
pub async fn release(tx: &mut Tx<'_, Write>, claims: &[Claim], due: Timestamp) -> Result<usize, StoreError> {
    let tenant = tx.tenant();
    let (ids, attempts, number) = parts(claims.iter());
    Ok(tx.write(&RELEASE, &[&tenant, &ids, &attempts, &number, &due]).await?.len())
}

/// Gives claims back, due at `due`, each to be embedded alone. Returns how many were still held.
pub async fn doubt(tx: &mut Tx<'_, Write>, claims: &[Claim], due: Timestamp) -> Result<usize, StoreError> {
    let tenant = tx.tenant();
    let (ids, attempts, number) = parts(claims.iter());
    Ok(tx.write(&DOUBT, &[&tenant, &ids, &attempts, &number, &due]).await?.len())
}

/// How many jobs wait, and how many were given up; each counted up to [`MOST_COUNTED`].
pub async fn depth<M: Mode>(tx: &mut Tx<'_, M>) -> Result<(i64, i64), StoreError> {
    let row = tx.find(&DEPTH, &[&MOST_COUNTED]).await?.ok_or(StoreError::Ended)?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// How long to wait before a text that a model refused, or missed, `faults` times is tried again: 5 s, doubled each time, at most 10 minutes.
pub fn back_off(faults: i32) -> Duration {
    let doublings = u32::try_from(faults.clamp(1, 8) - 1).unwrap_or(0);
    Duration::from_secs(5 << doublings).min(Duration::from_mins(10))
}
