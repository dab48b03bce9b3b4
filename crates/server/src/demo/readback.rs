//! What was loaded is there, as it was sent, and it is in the log.

use std::collections::{BTreeMap, BTreeSet};

use wardgraph_api::wire::{edge::EdgePage, event::EventPage, node::Node, system::Whoami};
use wardgraph_kernel::NodeId;

use super::{
    client::Client,
    side::{SCOPES, Side, Who},
    slice::Link,
    verdict::{Done, Failed, grouped},
    walk::DOG,
};
use crate::wordnet::Synset;

/// The token's tenant and subject are the server's view of the caller.
pub(super) async fn whoami(client: &Client, who: &Who) -> Result<Done<()>, Failed> {
    let me: Whoami = client.read("/api/v1/whoami").await?;
    let missing: Vec<_> = SCOPES.iter().filter(|scope| !me.permissions.iter().any(|p| p == *scope)).collect();
    if me.tenant_id != who.tenant.as_str() || me.subject != who.subject || !missing.is_empty() {
        let expected = format!("{} of {} with {}", who.subject, who.tenant, SCOPES.join(" "));
        return Err(Failed::unexpected(
            expected,
            format!("{} of {} with {}", me.subject, me.tenant_id, me.permissions.join(" ")),
        ));
    }
    Ok(Done::new(()).note(format!("{} of {}: {}", me.subject, me.tenant_id, me.permissions.join(", "))))
}

/// Nodes come back with the text they were sent with.
pub(super) async fn nodes(side: &Side) -> Result<Done<()>, Failed> {
    let sample = side.sample(50);
    for (id, synset) in &sample {
        let node: Node = side.client.read(&format!("/nodes/{id}")).await?;
        let text = node.props.get("text").and_then(|text| text.as_str());
        let same = text == Some(&synset.text()) && node.external_id == Some(synset.id.external_id());
        if !same || node.tenant_id.as_deref() != Some(side.who.tenant.as_str()) {
            let came = format!("{:?} of {:?}: {text:?}", node.external_id, node.tenant_id);
            return Err(Failed::unexpected(
                format!("{} of {}: {:?}", synset.id.external_id(), side.who.tenant, synset.text()),
                came,
            ));
        }
    }
    let dog = side.slice.synsets.get(&DOG).map(Synset::text).unwrap_or_default();
    Ok(Done::new(()).note(format!("{} nodes as they were sent, such as", sample.len())).note(dog))
}

/// Every edge is there.
pub(super) async fn edges(side: &Side) -> Result<Done<()>, Failed> {
    let known: BTreeMap<_, _> = side.ids.iter().map(|(synset, node)| (*node, *synset)).collect();
    let (mut there, mut after) = (BTreeSet::new(), String::new());
    loop {
        let page: EdgePage = side.client.read(&format!("/edges?limit=1000{after}")).await?;
        there.extend(page.edges.into_iter().filter_map(|edge| Some((*known.get(&edge.src)?, edge.rel, *known.get(&edge.dst)?))));
        let Some(next) = page.next_cursor else { break };
        after = format!("&cursor={next}");
    }
    let is_there = |link: &&Link| there.contains(&(link.src, link.rel.to_owned(), link.dst));
    let found = side.slice.links.iter().filter(is_there).count();
    if found != side.slice.links.len() {
        return Err(Failed::unexpected(format!("{} edges", grouped(side.slice.links.len())), grouped(found)));
    }
    Ok(Done::new(()))
}

/// The log names who created a node.
pub(super) async fn creation_is_logged(side: &Side) -> Result<Done<()>, Failed> {
    let dog: &NodeId = side.ids.get(&DOG).ok_or_else(|| Failed::unexpected("a dog", "none"))?;
    let page: EventPage = side.client.read(&format!("/events?node_id={dog}&event_type=node.created")).await?;
    let [event] = page.events.as_slice() else {
        return Err(Failed::unexpected("one event for the node", page.events.len()));
    };
    if event.actor_id != side.who.subject || event.node_id != Some(*dog) || event.outcome != "success" {
        let came = format!("{} of {:?} by {}", event.outcome, event.node_id, event.actor_id);
        return Err(Failed::unexpected(format!("success of {dog} by {}", side.who.subject), came));
    }
    let request = event.request_id.map_or_else(|| "no request".to_owned(), |id| id.to_string());
    Ok(Done::new(()).note(format!(
        "{} {} by {} ({}), request {request}",
        event.created_at, event.event_type, event.actor_id, event.actor_type
    )))
}
