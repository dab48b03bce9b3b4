//! B plants rows in A's graph: an edge to A's node, a row that claims to be A's.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_api::wire::{
    edge::EdgePage,
    event::{Event, EventPage},
    node::Node,
};
use wardgraph_kernel::EventId;

use super::Attack;
use crate::demo::verdict::{Done, Failed};

/// What B calls the edges it must not get.
const STOLEN: &str = "DEMO_STOLEN";
/// How long the attempt's event may take to appear: refusals and attempts may be folded by the second.
const FOLD: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(500);

impl Attack<'_> {
    /// Edges between the two tenants, either way, one by one and in a batch.
    pub(in crate::demo) async fn links(&self) -> Result<Done<()>, Failed> {
        let (theirs, own) = (self.prey()?, self.b.sample(1).first().map(|(id, _)| *id));
        let both = [json!({ "src": own, "rel": STOLEN, "dst": theirs }), json!({ "src": theirs, "rel": STOLEN, "dst": own })];
        for edge in &both {
            self.b.client.post("/edges", edge).await?.must_refuse(422)?;
        }
        let batch: Value = self.b.client.post("/edges/batch", &json!({ "edges": both })).await?.read(200)?;
        if batch.get("created") != Some(&json!(0)) {
            return Err(Failed::leaked("no edge of the batch to be created", batch));
        }
        for side in [self.a, self.b] {
            let page: EdgePage = side.client.read(&format!("/edges?rel={STOLEN}")).await?;
            if let Some(edge) = page.edges.first() {
                return Err(Failed::leaked("nothing written", format!("edge {} of {:?}", edge.id, edge.tenant_id)));
            }
        }
        Ok(Done::new(()).note("422 both ways, refused in a batch too, and nothing was written"))
    }

    /// A row whose body says that it is A's. It becomes B's, and the attempt stands in B's log.
    pub(in crate::demo) async fn forges_a_tenant(&self) -> Result<Done<()>, Failed> {
        let (a, b) = (self.a.who.tenant.as_str(), self.b.who.tenant.as_str());
        let before = self.last_attempt().await?.map(|event| event.id);
        let body = json!({ "classes": ["DemoForgery"], "props": { "text": "not A's" }, "tenant_id": a });
        let node: Node = self.b.client.post("/nodes", &body).await?.read(201)?;
        let path = format!("/nodes/{}", node.id);
        let of_a = self.a.client.get(&path).await?;
        self.b.client.delete(&path).await?.must_be(204)?;
        if node.tenant_id.as_deref() != Some(b) {
            return Err(Failed::leaked(format!("a row of {b}"), format!("a row of {:?}", node.tenant_id)));
        }
        of_a.must_refuse(404)?;
        let event = self.attempt_after(before).await?;
        Ok(Done::new(())
            .note(format!("the row is {b}'s, A gets 404 for it, and it is gone again"))
            .note(format!("{} {} by {}", event.created_at, event.event_type, event.actor_id)))
    }

    async fn attempt_after(&self, before: Option<EventId>) -> Result<Event, Failed> {
        let mut waited = Duration::ZERO;
        loop {
            match self.last_attempt().await? {
                Some(event) if Some(event.id) != before => return Ok(event),
                _ if waited >= FOLD => return Err(Failed::unexpected("a new tenant.claim_ignored in B's log", "none")),
                _ => tokio::time::sleep(PAUSE).await,
            }
            waited += PAUSE;
        }
    }

    async fn last_attempt(&self) -> Result<Option<Event>, Failed> {
        let page: EventPage = self.b.client.read("/events?event_type=tenant.claim_ignored&limit=1").await?;
        Ok(page.events.into_iter().next())
    }
}
