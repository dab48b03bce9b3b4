//! Idempotency keys: a write that is sent again is answered again, and not done again
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! The key's record is written by the commit that it tells of. While that transaction runs it holds a lock on the key, so that whoever
//! sends the same again meanwhile is told so; once it is gone, with or without a record, the key is free.
//!
//! **Invariant:** nothing is done twice within a day. Answers have a bound, and the oldest make room; that they were given stays on record
//! (`the_oldest_answers_of_a_tenant_make_room`).

mod erased;
mod named;
mod room;

use aws_lc_rs::digest::{Context, SHA256};
use http::{HeaderValue, header::IF_MATCH};
use wardgraph_api::{Kept, Problem};
use wardgraph_kernel::{TenantId, Timestamp, Write};
use wardgraph_store::{Role, Row, Statement, StoreError, ToSql, Unit};

use crate::Arrival;

pub(crate) use erased::Erased;
pub use room::MOST_OCTETS;
pub(crate) use room::Record;

/// How long an answer is kept.
pub(crate) const KEPT_FOR: std::time::Duration = std::time::Duration::from_hours(24);
/// How long a request waits for a key that someone else holds: long enough for a refusal to be rolled back.
pub(crate) const ROLLED_BACK_WITHIN: std::time::Duration = std::time::Duration::from_millis(100);
/// How much of a body is made a fingerprint of at once: it takes a fraction of a millisecond.
const AT_ONCE_BYTES: usize = 64 << 10;
/// The kind of the job that has a tenant's old answers forgotten.
const FORGET: &str = "forget";

/// The roles that serve requests with keys: a record is the caller's tenant's, whosever rows the request writes.
const REQUESTS: &[Role] = &[Role::App, Role::Admin];

/// Locks a key for the transaction. A statement of its own: what the one before committed is seen by the next statement alone.
const LOCK: Statement<Write> = Statement::writing("gate.idempotency.lock", REQUESTS, "select pg_try_advisory_xact_lock($1)");

/// Drops a key's record if that has expired, and brings it if it has not, with whether it tells of a node that is deleted now.
const FIND: Statement<Write> = Statement::writing(
    "gate.idempotency.find",
    REQUESTS,
    "with expired as (
       delete from idempotency where tenant_id = $1 and actor_id = $2 and endpoint = $3 and key = $4 and created_at <= $5
     )
     select i.fingerprint, i.status, i.etag, i.body, i.status < 400 and exists (
       select from idempotency_subjects s where s.tenant_id = $1 and s.actor_id = $2 and s.endpoint = $3 and s.key = $4
         and (select true from deleted_nodes d where d.tenant_id = $1 and d.node_id = s.node_id)
     ) from idempotency i
     where i.tenant_id = $1 and i.actor_id = $2 and i.endpoint = $3 and i.key = $4 and i.created_at > $5",
);

/// Tenants whose old answers are due to be forgotten; claimed until `$2`, which is also when they are due again.
const DUE: Statement<Write> = Statement::writing(
    "gate.idempotency.due",
    &[Role::Worker],
    "with due as (
       select tenant_id, kind, subject_id from jobs where not dead and due_at <= $1 and kind = $3 order by due_at limit 100
       for update skip locked
     )
     update jobs j set due_at = $2 from due d where (j.tenant_id, j.kind, j.subject_id) = (d.tenant_id, d.kind, d.subject_id)
     returning j.tenant_id",
);

/// Forgets a bounded number of a tenant's answers.
const SWEEP: Statement<Write> = Statement::writing(
    "gate.idempotency.sweep",
    &[Role::Worker],
    "delete from idempotency where tenant_id = $1 and ctid = any(array(
       select ctid from idempotency where tenant_id = $1 and created_at <= $2 order by created_at limit 250))
     returning 1",
);

pub(crate) const STATEMENTS: &[&wardgraph_store::StatementInfo] = &[
    LOCK.info(),
    FIND.info(),
    room::KEEP.info(),
    DUE.info(),
    SWEEP.info(),
    erased::WITHHOLD.info(),
    erased::WITHHOLD_EVERYWHERE.info(),
];

/// What a request says of its key, before its body was read.
#[derive(Debug)]
pub(crate) struct Asked {
    /// `None` where several are named, of which none can be meant.
    key: Option<HeaderValue>,
    target: String,
    /// Its lines together, which are one list (RFC 9110, section 5.3).
    if_match: Vec<u8>,
}

impl Asked {
    /// `None` where no key is named.
    pub(crate) fn of(arrival: &Arrival<'_>) -> Option<Self> {
        let mut keys = arrival.headers.get_all("idempotency-key").iter();
        let key = keys.next().cloned()?;
        let key = keys.next().is_none().then_some(key);
        let if_match: Vec<_> = arrival.headers.get_all(IF_MATCH).iter().map(HeaderValue::as_bytes).collect();
        Some(Self { key, target: arrival.target.to_string(), if_match: if_match.join(&b","[..]) })
    }

    /// The key, for one endpoint and actor, with the fingerprint of what is asked. A String's quotes (RFC 8941) are not part of it.
    pub(crate) async fn key(&self, actor_id: String, endpoint: &'static str, body: &[u8]) -> Result<Key, Problem> {
        let text = self.key.as_ref().and_then(|key| str::from_utf8(key.as_bytes()).ok()).unwrap_or_default();
        let word = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).to_owned();
        if !(1..=255).contains(&word.len()) || !word.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Problem::malformed("one `Idempotency-Key` of 1 to 255 visible ASCII characters is taken"));
        }
        let mut fingerprint = Context::new(&SHA256);
        for part in [self.target.as_bytes(), &self.if_match] {
            fingerprint.update(part);
            fingerprint.update(&[0]);
        }
        let mut pieces = body.chunks(AT_ONCE_BYTES);
        fingerprint.update(pieces.next().unwrap_or_default());
        for piece in pieces {
            // Ten MiB take longer than others on this thread should wait.
            tokio::task::yield_now().await;
            fingerprint.update(piece);
        }
        Ok(Key { actor_id, endpoint, word, fingerprint: fingerprint.finish().as_ref().to_vec() })
    }
}

/// A key that a request named.
#[derive(Debug)]
pub(crate) struct Key {
    actor_id: String,
    endpoint: &'static str,
    word: String,
    fingerprint: Vec<u8>,
}

/// What became of claiming a key.
pub(crate) enum Claim {
    /// It is the request's, until its transaction ends.
    Held,
    /// The same was asked before: this was the answer.
    Answered(Kept),
    /// Somebody else's request has it now.
    Busy,
}

impl Key {
    /// Claims the key for the unit's transaction.
    pub(crate) async fn claim(&self, unit: &mut Unit, tenant: &TenantId, now: Timestamp) -> Result<Claim, Problem> {
        if !self.lock(unit, tenant).await.map_err(unclaimed)? {
            return Ok(Claim::Busy);
        }
        let expired = now.saturating_sub(KEPT_FOR).unwrap_or(Timestamp::MIN);
        let params: [&(dyn ToSql + Sync); 5] = [&tenant.as_str(), &self.actor_id, &self.endpoint, &self.word, &expired];
        let rows = unit.tx::<Write>().write(&FIND, &params).await.map_err(unclaimed)?;
        rows.first().map_or(Ok(Claim::Held), |row| self.read(row).map_err(unclaimed)?)
    }

    async fn lock(&self, unit: &mut Unit, tenant: &TenantId) -> Result<bool, StoreError> {
        let rows = unit.tx::<Write>().write(&LOCK, &[&self.number(tenant)]).await?;
        rows.first().ok_or(StoreError::Ended)?.try_get(0)
    }

    /// The key among all of the database's advisory locks: a hash that nobody can aim at another's.
    fn number(&self, tenant: &TenantId) -> i64 {
        let mut hash = Context::new(&SHA256);
        for part in [tenant.as_str(), &self.actor_id, self.endpoint, &self.word] {
            hash.update(part.as_bytes());
            hash.update(&[0]);
        }
        hash.finish().as_ref().iter().take(8).fold(0, |number, byte| number << 8 | i64::from(*byte))
    }

    fn read(&self, row: &Row) -> Result<Result<Claim, Problem>, StoreError> {
        if row.try_get::<Vec<u8>>(0)? != self.fingerprint {
            return Ok(Err(Problem::invalid("this `Idempotency-Key` was used for another request")));
        }
        if row.try_get(4)? {
            let kept = Kept::deleted().map_err(|error| StoreError::Unsafe(format!("an answer cannot be withheld: {error}")))?;
            return Ok(Ok(Claim::Answered(kept)));
        }
        Ok(Ok(Claim::Answered(Kept {
            status: u16::try_from(row.try_get::<i16>(1)?).unwrap_or(200),
            etag: row.try_get(2)?,
            body: row.try_get(3)?,
        })))
    }
}

/// Claims the tenants whose old answers are due to be forgotten: not due again before `again`.
pub async fn due(queue: &mut Unit, now: Timestamp, again: Timestamp) -> Result<Vec<TenantId>, StoreError> {
    let rows = queue.tx::<Write>().write(&DUE, &[&now, &again, &FORGET]).await?;
    let tenants = rows.iter().map(|row| row.try_get::<String>(0)).collect::<Result<Vec<_>, _>>()?;
    Ok(tenants.iter().filter_map(|tenant| TenantId::parse(tenant).ok()).collect())
}

/// Forgets answers of the unit's tenant that are older than a day. Returns whether there may be more.
pub async fn forget(work: &mut crate::SystemWork<Write>) -> Result<bool, StoreError> {
    let expired = work.now().saturating_sub(KEPT_FOR).unwrap_or(Timestamp::MIN);
    let mut tx = work.tx();
    let tenant = tx.tenant();
    Ok(tx.write(&SWEEP, &[&tenant, &expired]).await?.len() == 250)
}

fn unclaimed(error: impl Into<StoreError>) -> Problem {
    let error = error.into();
    match error {
        StoreError::Busy | StoreError::Timeout | StoreError::Unavailable(_) => {
            Problem::unavailable("the database is not available").retry_after(2).inside(&error)
        }
        _ => Problem::internal("the server failed; the operator finds the reason under this request id").inside(&error),
    }
}
