//! Appending: all events of a unit of work in one statement, which rides with its `COMMIT`.

use serde_json::Value;
use uuid::Uuid;
use wardgraph_kernel::{Chance, EventId, Timestamp, Write};
use wardgraph_store::{Role, Statement, ToSql};

use crate::{Circumstances, Entry};

/// Appends a [`Batch`].
pub const APPEND: Statement<Write> = Statement::writing(
    "audit.event.append",
    &[Role::App, Role::Worker, Role::Admin, Role::Identity],
    "insert into events (tenant_id, event_id, type, category, subject_type, subject, outcome, payload, actor_id, actor_type, request_id, ip, created_at)
     select $1, e.id, e.type, e.category, e.subject_type, e.subject, e.outcome, e.payload, e.actor_id, e.actor_type, e.request_id, e.ip::inet, $13
     from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[], $9::text[], $10::text[], $11::uuid[], $12::text[])
       as e(id, type, category, subject_type, subject, outcome, payload, actor_id, actor_type, request_id, ip)",
);

/// Events of one tenant and one moment, as the parameters of [`APPEND`].
#[derive(Debug)]
pub struct Batch {
    tenant: String,
    ids: Vec<Uuid>,
    types: Vec<&'static str>,
    categories: Vec<&'static str>,
    subject_types: Vec<Option<&'static str>>,
    subjects: Vec<Option<String>>,
    outcomes: Vec<&'static str>,
    payloads: Vec<Value>,
    actor_ids: Vec<String>,
    actor_types: Vec<&'static str>,
    request_ids: Vec<Option<Uuid>>,
    ips: Vec<Option<String>>,
    now: Timestamp,
}

impl Batch {
    /// No events yet, of `tenant` as rows spell it.
    pub const fn new(tenant: String, now: Timestamp) -> Self {
        Self {
            tenant,
            ids: Vec::new(),
            types: Vec::new(),
            categories: Vec::new(),
            subject_types: Vec::new(),
            subjects: Vec::new(),
            outcomes: Vec::new(),
            payloads: Vec::new(),
            actor_ids: Vec::new(),
            actor_types: Vec::new(),
            request_ids: Vec::new(),
            ips: Vec::new(),
            now,
        }
    }

    /// Whether these are events of `tenant`.
    pub fn is_of(&self, tenant: &str) -> bool {
        self.tenant == tenant
    }

    /// Adds an event. Ids are made here, so that events sort by time, and within a batch as they were pushed.
    pub fn push(&mut self, circumstances: &Circumstances, chance: &dyn Chance, entry: Entry) {
        let fresh = EventId::new(self.now, chance).uuid();
        let after = self.ids.last().map(|last| Uuid::from_u128(last.as_u128() + 1));
        self.ids.push(after.map_or(fresh, |after| after.max(fresh)));
        self.types.push(entry.event_type.word());
        self.categories.push(entry.event_type.category().word());
        let (kind, id) = entry.subject.map(|s| (s.kind.word(), s.id)).unzip();
        self.subject_types.push(kind);
        self.subjects.push(id);
        self.outcomes.push(entry.outcome.word());
        self.payloads.push(entry.payload);
        self.actor_ids.push(circumstances.actor.id.to_string());
        self.actor_types.push(circumstances.actor.kind.word());
        self.request_ids.push(circumstances.request_id.map(wardgraph_kernel::RequestId::uuid));
        self.ips.push(circumstances.ip.map(|ip| ip.to_string()));
    }

    /// The parameters of [`APPEND`].
    pub fn params(&self) -> [&(dyn ToSql + Sync); 13] {
        [
            &self.tenant,
            &self.ids,
            &self.types,
            &self.categories,
            &self.subject_types,
            &self.subjects,
            &self.outcomes,
            &self.payloads,
            &self.actor_ids,
            &self.actor_types,
            &self.request_ids,
            &self.ips,
            &self.now,
        ]
    }
}
