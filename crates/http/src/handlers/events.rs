//! The seed's view of the audit log.

use wardgraph_api::{
    Json, Query,
    table::graph::ListEvents,
    wire::event::{Event, EventFilter, EventPage},
};
use wardgraph_audit::{Filter, Listed};
use wardgraph_gate::Permit;
use wardgraph_kernel::List;

use super::page;
use crate::Failure;

pub(crate) async fn list(permit: Permit<ListEvents>, Query(query): Query<EventFilter>) -> Result<Json<EventPage>, Failure> {
    let filter = Filter { node: query.node_id, event_type: query.event_type, request: query.request_id };
    let list = List { name: "events", tenant: permit.tenant().clone(), of: None }.asking(&filter);
    let (size, after) = page(&list, query.limit, query.cursor.as_deref())?;
    let mut work = permit.begin()?;
    let found = wardgraph_audit::list(&mut work.once(), &filter, after, size).await?;
    let events: Vec<_> = found.items.into_iter().map(wire).collect();
    Ok(Json(EventPage { count: events.len(), events, next_cursor: found.next.map(|cursor| cursor.encode(&list)) }))
}

fn wire(event: Listed) -> Event {
    Event {
        node_id: event.node(),
        id: event.id,
        event_type: event.event_type,
        category: event.category,
        subject_type: event.subject_type,
        subject: event.subject,
        actor_id: event.actor_id,
        actor_type: event.actor_type,
        outcome: event.outcome,
        request_id: event.request_id,
        payload: event.payload,
        created_at: event.created_at,
    }
}
