//! B reaches for A's rows: by id, by key, by list, by search, by cursor.

use std::collections::BTreeSet;

use serde_json::json;
use wardgraph_api::wire::{
    edge::EdgePage,
    event::EventPage,
    node::{Node, NodePage},
    search::SearchResponse,
};
use wardgraph_kernel::NodeId;

use super::Attack;
use crate::{
    demo::{
        verdict::{Done, Failed, grouped},
        walk::DOG,
    },
    wordnet::Synset,
};

impl Attack<'_> {
    /// A node of A's that everything below is tried on.
    pub(super) fn prey(&self) -> Result<NodeId, Failed> {
        self.a.ids.get(&DOG).copied().ok_or_else(|| Failed::unexpected("a node of A's", "none"))
    }

    /// Who owns a row, if it is not B.
    fn foreign(&self, tenant: Option<&str>, what: impl std::fmt::Display) -> Result<(), Failed> {
        let b = self.b.who.tenant.as_str();
        if tenant == Some(b) {
            return Ok(());
        }
        Err(Failed::leaked(format!("only rows of {b}"), format!("{what} of {}", tenant.unwrap_or("everyone"))))
    }

    /// Fifty of A's ids, and one that never was: all the same to B.
    pub(in crate::demo) async fn reads_ids(&self) -> Result<Done<()>, Failed> {
        let sample = self.a.sample(50);
        let nowhere = self.b.client.get("/nodes/00000000-0000-7000-8000-000000000000").await?;
        nowhere.must_be(404)?;
        let wording = |problem: wardgraph_api::Problem| (problem.kind, problem.title, problem.detail);
        for (id, _) in &sample {
            let answer = self.b.client.get(&format!("/nodes/{id}")).await?;
            answer.must_refuse(404)?;
            if answer.problem().map(wording) != nowhere.problem().map(wording) {
                return Err(Failed::leaked("the answer for an id that never was", "another, which tells that A's node exists"));
            }
        }
        Ok(Done::new(()).note(format!("{} times 404, worded as for an id that never was", sample.len())))
    }

    /// By A's external id, and by the edges at A's node.
    pub(in crate::demo) async fn reads_keys(&self) -> Result<Done<()>, Failed> {
        let nodes: NodePage = self.b.client.read(&format!("/nodes?external_id={}", DOG.external_id())).await?;
        for direction in ["out", "in"] {
            let path = format!("/edges?node_id={}&direction={direction}", self.prey()?);
            let answer = self.b.client.get(&path).await?;
            if answer.reply.status != 404 {
                let edges: EdgePage = answer.read(200)?;
                if let Some(edge) = edges.edges.first() {
                    return Err(Failed::leaked("no edge at A's node", format!("{} {}", edge.rel, edge.dst)));
                }
            }
        }
        let leaked = nodes.nodes.first().map(|node| Failed::leaked("no node", format!("{:?}", node.external_id)));
        leaked.map_or(Ok(Done::new(())), Err)
    }

    /// Deleting what is A's.
    pub(in crate::demo) async fn deletes(&self) -> Result<Done<()>, Failed> {
        let path = format!("/nodes/{}", self.prey()?);
        self.b.client.delete(&path).await?.must_refuse(404)?;
        let survivor = self.a.client.get(&path).await?;
        if survivor.reply.status == 404 {
            return Err(Failed::leaked("A to read the node still", "404: B deleted it"));
        }
        survivor.read::<Node>(200)?;
        Ok(Done::new(()).note("404, and A reads it still"))
    }

    /// A's very words, in every mode, also with A's name in the body.
    pub(in crate::demo) async fn searches(&self) -> Result<Done<()>, Failed> {
        let theirs: BTreeSet<_> = self.a.ids.values().collect();
        let dog = self.a.slice.synsets.get(&DOG).map(Synset::text).unwrap_or_default();
        let (mut searches, mut found) = (0, 0);
        for query in [dog.as_str(), "dog", "tiger", "cheese"] {
            for mode in ["vector", "text", "hybrid"] {
                let tenant = self.a.who.tenant.as_str();
                let body = json!({ "query": query, "mode": mode, "top_k": 100, "tenant_id": tenant });
                let answer: SearchResponse = self.b.client.post("/search", &body).await?.read(200)?;
                searches += 1;
                found += answer.results.len();
                for result in answer.results {
                    self.foreign(result.tenant_id.as_deref(), &result.text)?;
                    if theirs.contains(&result.id) {
                        return Err(Failed::leaked("none of A's nodes", result.text));
                    }
                }
            }
        }
        Ok(Done::new(()).note(format!("{searches} searches, {} results, all B's own", grouped(found))))
    }

    /// Everything that B can list.
    pub(in crate::demo) async fn lists(&self) -> Result<Done<()>, Failed> {
        let theirs: BTreeSet<_> = self.a.ids.values().copied().collect();
        let (mut nodes, mut edges) = (0, 0);
        let mut after = Some(String::new());
        while let Some(cursor) = after {
            let page: NodePage = self.b.client.read(&format!("/nodes?limit=1000{cursor}")).await?;
            nodes += page.nodes.len();
            page.nodes.iter().try_for_each(|node| self.foreign(node.tenant_id.as_deref(), node.id))?;
            if let Some(node) = page.nodes.iter().find(|node| theirs.contains(&node.id)) {
                return Err(Failed::leaked("none of A's nodes", node.id));
            }
            after = page.next_cursor.map(|next| format!("&cursor={next}"));
        }
        let mut after = Some(String::new());
        while let Some(cursor) = after {
            let page: EdgePage = self.b.client.read(&format!("/edges?limit=1000{cursor}")).await?;
            edges += page.edges.len();
            page.edges.iter().try_for_each(|edge| self.foreign(edge.tenant_id.as_deref(), edge.id))?;
            if let Some(edge) = page.edges.iter().find(|edge| theirs.contains(&edge.src) || theirs.contains(&edge.dst)) {
                return Err(Failed::leaked("no edge at A's nodes", edge.id));
            }
            after = page.next_cursor.map(|next| format!("&cursor={next}"));
        }
        if nodes < self.b.ids.len() || edges < self.b.slice.links.len() {
            return Err(Failed::unexpected("all of B's own rows", format!("{nodes} nodes, {edges} edges")));
        }
        Ok(Done::new(()).note(format!("{} nodes and {} edges, all B's own", grouped(nodes), grouped(edges))))
    }

    /// B's log.
    pub(in crate::demo) async fn lists_events(&self) -> Result<Done<()>, Failed> {
        let theirs: BTreeSet<_> = self.a.ids.values().map(ToString::to_string).collect();
        let (mut events, mut after) = (0, Some(String::new()));
        while let Some(cursor) = after {
            let page: EventPage = self.b.client.read(&format!("/events?limit=1000{cursor}")).await?;
            events += page.events.len();
            let of_a = |event: &&wardgraph_api::wire::event::Event| {
                event.actor_id == self.a.who.subject || event.subject.as_ref().is_some_and(|subject| theirs.contains(subject))
            };
            if let Some(event) = page.events.iter().find(of_a) {
                return Err(Failed::leaked("no event of A's", format!("{} of {:?}", event.event_type, event.subject)));
            }
            after = page.next_cursor.map(|next| format!("&cursor={next}"));
        }
        if events < self.b.ids.len() {
            return Err(Failed::unexpected("an event for each of B's nodes", grouped(events)));
        }
        Ok(Done::new(()).note(format!("{} events, all B's own", grouped(events))))
    }

    /// A cursor that A's list gave.
    pub(in crate::demo) async fn borrows_a_cursor(&self) -> Result<Done<()>, Failed> {
        let page: NodePage = self.a.client.read("/nodes?limit=10").await?;
        let cursor = page.next_cursor.ok_or_else(|| Failed::unexpected("a cursor", "none"))?;
        let answer = self.b.client.get(&format!("/nodes?limit=1000&cursor={cursor}")).await?;
        if answer.reply.status == 400 {
            return Ok(Done::new(()).note("the cursor is refused"));
        }
        let page: NodePage = answer.read(200)?;
        page.nodes.iter().try_for_each(|node| self.foreign(node.tenant_id.as_deref(), node.id))?;
        Ok(Done::new(()).note(format!("{} nodes, all B's own", grouped(page.nodes.len()))))
    }
}
