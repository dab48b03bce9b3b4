//! The record of an answer, and the room that it takes: of each tenant's answers there is a bound, beyond which the oldest go. That they were given
//! stays on record, so that nothing is done twice for it.

use uuid::Uuid;
use wardgraph_api::Kept;
use wardgraph_kernel::{EventType, TenantId, Timestamp, Write};
use wardgraph_store::{Statement, ToSql};

use super::{FORGET, KEPT_FOR, Key, REQUESTS, erased};

/// How much is kept of a tenant's answers, in octets.
pub const MOST_OCTETS: i64 = 64 << 20;
/// What an answer takes besides its body.
const BESIDES: i64 = 1 << 10;
/// What a node takes that an answer tells of.
const SUBJECT: i64 = 1 << 9;
/// How many answers make room for one at most, besides as many as that is heavier than the lightest: so that no commit has long to do, and the
/// oldest go as fast as new ones come.
const GO_AT_ONCE: i64 = 200;

/// Keeps an answer with the nodes that it tells of, sees to its being forgotten, and lets some of the oldest go where the tenant has too much. Each
/// answer says how much was kept until then (`through`), so that nothing is added up; one that went says nothing. Who lets one go waits for nobody.
pub(super) const KEEP: Statement<Write> = Statement::writing(
    "gate.idempotency.keep",
    REQUESTS,
    "with forgotten as (
       insert into jobs (tenant_id, kind, subject_id, due_at) select $1, $11, '00000000-0000-0000-0000-000000000000', $10 on conflict do nothing
     ), kept as materialized (
       select coalesce((
         select i.through from idempotency i where i.tenant_id = $1 and i.through is not null order by i.through desc limit 1
       ), 0) + $12::bigint as through
     ), gone as (
       update idempotency g set status = $15, etag = null, body = $16, through = null
       where g.tenant_id = $1 and g.ctid = any(array(
         select i.ctid from idempotency i where i.tenant_id = $1 and i.through <= (select k.through from kept k) - $13::bigint
         order by i.through limit $14::bigint for update skip locked))
       returning g.actor_id, g.endpoint, g.key
     ), untold as (
       delete from idempotency_subjects s using gone g
       where s.tenant_id = $1 and s.actor_id = g.actor_id and s.endpoint = g.endpoint and s.key = g.key
     ), answer as (
       insert into idempotency (tenant_id, actor_id, endpoint, key, fingerprint, status, etag, body, created_at, through)
       select $1, $2, $3, $4, $5, $6, $7, $8, $9, k.through from kept k
     )
     insert into idempotency_subjects (tenant_id, actor_id, endpoint, key, node_id) select $1, $2, $3, $4, s.id from unnest($17::uuid[]) as s(id)",
);

/// An answer on its way to being kept.
#[derive(Debug)]
pub(crate) struct Record {
    key: Key,
    tenant: String,
    status: i16,
    etag: Option<String>,
    body: String,
    weight: i64,
    go_at_once: i64,
    gone_status: i16,
    gone_body: String,
    now: Timestamp,
    forget_at: Timestamp,
    subjects: Vec<Uuid>,
}

impl Record {
    pub(crate) const STATEMENT: &'static Statement<Write> = &KEEP;

    /// The record of `kept`, which tells of an event, as a statement of the closing flight.
    pub(crate) fn of(
        key: Key,
        tenant: &TenantId,
        event: EventType,
        kept: Kept,
        now: Timestamp,
    ) -> Result<Self, serde_json::Error> {
        let gone = Kept::gone()?;
        let subjects = erased::told_of(event, &kept.body);
        let told = SUBJECT.saturating_mul(i64::try_from(subjects.len()).unwrap_or(i64::MAX));
        let weight = BESIDES.saturating_add_unsigned(kept.body.len() as u64).saturating_add(told);
        Ok(Self {
            key,
            tenant: tenant.as_str().to_owned(),
            status: i16::try_from(kept.status).unwrap_or(i16::MAX),
            etag: kept.etag,
            body: kept.body,
            weight,
            go_at_once: GO_AT_ONCE.saturating_add(weight / BESIDES),
            gone_status: i16::try_from(gone.status).unwrap_or(i16::MAX),
            gone_body: gone.body,
            now,
            forget_at: now.saturating_add(KEPT_FOR).unwrap_or(Timestamp::MAX),
            subjects,
        })
    }

    pub(crate) fn params(&self) -> [&(dyn ToSql + Sync); 17] {
        let Key { actor_id, endpoint, word, fingerprint } = &self.key;
        [
            &self.tenant,
            actor_id,
            endpoint,
            word,
            fingerprint,
            &self.status,
            &self.etag,
            &self.body,
            &self.now,
            &self.forget_at,
            &FORGET,
            &self.weight,
            &MOST_OCTETS,
            &self.go_at_once,
            &self.gone_status,
            &self.gone_body,
            &self.subjects,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(event: EventType, body: String) -> Record {
        let key = Key { actor_id: "somebody".to_owned(), endpoint: "CreateNodes", word: "k".to_owned(), fingerprint: Vec::new() };
        let kept = Kept { status: 200, etag: None, body };
        Record::of(key, &TenantId::parse("acme").unwrap(), event, kept, Timestamp::MIN).unwrap()
    }

    #[test]
    fn an_answer_weighs_its_body_and_the_nodes_that_it_tells_of() {
        let results: Vec<_> = (1..=1_000).map(|id| serde_json::json!({ "id": Uuid::from_u128(id) })).collect();
        let body = serde_json::json!({ "results": results }).to_string();
        let length = i64::try_from(body.len()).unwrap();
        let nodes = of(EventType::NodeCreated, body.clone());
        assert_eq!((nodes.weight, nodes.subjects.len()), (1_024 + length + 512_000, 1_000));
        let edges = of(EventType::EdgeCreated, body);
        assert_eq!((edges.weight, edges.subjects.len()), (1_024 + length, 0));
    }

    #[test]
    fn the_oldest_go_as_fast_as_new_ones_come() {
        for body in [String::new(), "x".repeat(1 << 20)] {
            let record = of(EventType::NodeCreated, body);
            assert!(record.go_at_once * BESIDES >= record.weight, "{} for {}", record.go_at_once, record.weight);
        }
    }
}
