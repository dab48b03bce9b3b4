//! Answers that told of what was erased since: the commit that has the erasure on record withholds them, so that no erasure can forget it.
//!
//! **Invariant:** whoever answers with what a node or an edge says holds it until the answer is kept: an erasure waits, and finds the answer
//! (`an_erasure_overtakes_no_answer_that_tells_of_what_it_erases`).

use uuid::Uuid;
use wardgraph_api::Kept;
use wardgraph_audit::Entry;
use wardgraph_kernel::{EventType, Write};
use wardgraph_store::{Params, Role, Statement, StoreError, ToSql};

use super::named;

/// Takes the tenant's answers back that tell of these nodes. That they were given stays on record: nothing is done twice.
pub(super) const WITHHOLD: Statement<Write> = Statement::writing(
    "gate.idempotency.withhold",
    &[Role::App, Role::Worker],
    "update idempotency i set status = $3, etag = null, body = $4 from idempotency_subjects s
     where i.tenant_id = $1 and s.tenant_id = $1 and s.node_id = any($2::uuid[])
       and (i.actor_id, i.endpoint, i.key) = (s.actor_id, s.endpoint, s.key)",
);

/// The same in every tenant, whose administrators wrote what was everybody's.
pub(super) const WITHHOLD_EVERYWHERE: Statement<Write> = Statement::writing(
    "gate.idempotency.withhold_everywhere",
    &[Role::Admin],
    "update idempotency i set status = $2, etag = null, body = $3 from idempotency_subjects s
     where s.node_id = any($1::uuid[])
       and (i.tenant_id, i.actor_id, i.endpoint, i.key) = (s.tenant_id, s.actor_id, s.endpoint, s.key)",
);

/// The members of an answer, and of what it lists, that may name a node.
const NAMES: &[&str] = &["id", "node_id", "src", "dst"];
/// The same where edges are answered: their own ids name none.
const ENDS: &[&str] = &["src", "dst"];

/// What the answer about an event tells of, once each. What is no node's id is erased by nobody, and does no harm.
pub(super) fn told_of(event: EventType, body: &str) -> Vec<Uuid> {
    let names = if event == EventType::EdgeCreated { ENDS } else { NAMES };
    let mut told = named::ids(body, names);
    told.sort_unstable();
    told.dedup();
    told
}

/// What a unit of work erased, as its events tell.
pub(crate) struct Erased {
    tenant: String,
    nodes: Vec<Uuid>,
    of_everybody: Vec<Uuid>,
    status: i16,
    body: String,
}

impl Erased {
    /// What these events tell of; `None` where nothing was erased.
    pub(crate) fn of<'e>(tenant: &str, entries: &(impl Iterator<Item = &'e Entry> + Clone)) -> Result<Option<Self>, StoreError> {
        let subjects = |event: EventType| {
            let told = entries.clone().filter(move |entry| entry.event_type == event);
            told.filter_map(|entry| entry.subject.as_ref()?.id.parse().ok()).collect::<Vec<Uuid>>()
        };
        let (nodes, of_everybody) = (subjects(EventType::NodePurged), subjects(EventType::SharedNodeDeleted));
        if nodes.is_empty() && of_everybody.is_empty() {
            return Ok(None);
        }
        let kept = Kept::erased().map_err(|error| StoreError::Unsafe(format!("an answer cannot be withheld: {error}")))?;
        let status = i16::try_from(kept.status).unwrap_or(i16::MAX);
        Ok(Some(Self { tenant: tenant.to_owned(), nodes, of_everybody, status, body: kept.body }))
    }

    /// Of the tenant's nodes.
    pub(crate) fn of_the_tenant(&self) -> [&(dyn ToSql + Sync); 4] {
        [&self.tenant, &self.nodes, &self.status, &self.body]
    }

    /// Of everybody's.
    pub(crate) fn of_all(&self) -> [&(dyn ToSql + Sync); 3] {
        [&self.of_everybody, &self.status, &self.body]
    }

    /// The statements, for the closing flight, with their parameters.
    pub(crate) fn withheld<'a>(
        &self,
        of_the_tenant: Params<'a>,
        of_all: Params<'a>,
    ) -> impl Iterator<Item = (&'static Statement<Write>, Params<'a>)> {
        let tenants = (!self.nodes.is_empty()).then_some((&WITHHOLD, of_the_tenant));
        let everybodys = (!self.of_everybody.is_empty()).then_some((&WITHHOLD_EVERYWHERE, of_all));
        tenants.into_iter().chain(everybodys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_tells_of_what_it_names_and_not_of_what_stands_in_its_content() {
        let (a, b, c) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let node = serde_json::json!({ "id": b, "props": { "id": c, "list": [{ "id": c }] } });
        assert_eq!(told_of(EventType::NodeCreated, &node.to_string()), [b]);
        let batch = serde_json::json!({ "created": 2, "results": [{ "id": b }, { "id": a }, { "id": b }, { "errors": [] }] });
        assert_eq!(told_of(EventType::NodeCreated, &batch.to_string()), [a, b]);
        assert!(told_of(EventType::EdgeCreated, &batch.to_string()).is_empty());
        let edge = serde_json::json!({ "id": c, "src": a, "dst": a });
        assert_eq!(told_of(EventType::EdgeCreated, &edge.to_string()), [a]);
        assert!(told_of(EventType::NodeDeleted, "").is_empty());
    }
}
