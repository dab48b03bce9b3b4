//! A slice becomes a tenant's graph. Loading the same slice again changes nothing: nodes are known by their external ids.

use std::collections::BTreeMap;

use serde_json::json;
use wardgraph_api::wire::{
    edge::{EdgeBatchResult, EdgeItemResult},
    node::{NodeBatchResult, NodeItemResult},
};
use wardgraph_kernel::NodeId;

use super::{
    client::Client,
    slice::{Link, Slice},
    verdict::{Done, Failed, grouped},
};
use crate::wordnet::{Synset, SynsetId};

/// The most nodes, and the most edges, that one batch takes.
const NODES: usize = 500;
const EDGES: usize = 2_000;

type Ids = BTreeMap<SynsetId, NodeId>;

/// Loads nodes, then the edges between them.
pub(super) async fn load(client: &Client, slice: &Slice) -> Result<Done<Ids>, Failed> {
    let mut ids = Ids::new();
    let (mut new_nodes, mut new_edges) = (0, 0);
    let synsets: Vec<_> = slice.synsets.values().collect();
    for batch in synsets.chunks(NODES) {
        new_nodes += nodes(client, batch, &mut ids).await?;
    }
    let links: Vec<_> = slice.links.iter().collect();
    for batch in links.chunks(EDGES) {
        new_edges += edges(client, batch, &ids).await?;
    }
    let there = (grouped(ids.len() - new_nodes), grouped(links.len() - new_edges));
    let created = (grouped(new_nodes), grouped(new_edges));
    Ok(Done::new(ids)
        .note(format!("{}, taken whole", slice.files.join(", ")))
        .note(format!("{} relations between them fold into {} edges", grouped(slice.relations), grouped(links.len())))
        .note(format!(
            "nodes: {} created, {} there already; edges: {} created, {} there already",
            created.0, there.0, created.1, there.1
        )))
}

async fn nodes(client: &Client, batch: &[&Synset], ids: &mut Ids) -> Result<usize, Failed> {
    let body = json!({ "nodes": batch.iter().map(|synset| synset.node()).collect::<Vec<_>>() });
    let answer: NodeBatchResult = client.post("/nodes/batch", &body).await?.read(200)?;
    one_result_each(batch.len(), answer.results.len())?;
    let mut created = 0;
    for (synset, result) in batch.iter().zip(answer.results) {
        let id = match result {
            NodeItemResult::Created { id, .. } => {
                created += 1;
                id
            }
            NodeItemResult::Exists { id } | NodeItemResult::Updated { id, .. } | NodeItemResult::Unchanged { id, .. } => id,
            NodeItemResult::Refused { errors } => return Err(refused(&synset.id.external_id(), &errors)),
        };
        ids.insert(synset.id, id);
    }
    Ok(created)
}

async fn edges(client: &Client, batch: &[&Link], ids: &Ids) -> Result<usize, Failed> {
    let edge = |link: &Link| json!({ "src": ids.get(&link.src), "rel": link.rel, "dst": ids.get(&link.dst) });
    let body = json!({ "edges": batch.iter().map(|link| edge(link)).collect::<Vec<_>>() });
    let answer: EdgeBatchResult = client.post("/edges/batch", &body).await?.read(200)?;
    one_result_each(batch.len(), answer.results.len())?;
    let mut created = 0;
    for (link, result) in batch.iter().zip(answer.results) {
        match result {
            EdgeItemResult::Created { .. } => created += 1,
            EdgeItemResult::Exists { .. } | EdgeItemResult::Updated { .. } | EdgeItemResult::Unchanged { .. } => {}
            EdgeItemResult::Refused { errors } => {
                return Err(refused(&format!("{} {} {}", link.src, link.rel, link.dst), &errors));
            }
        }
    }
    Ok(created)
}

fn one_result_each(items: usize, results: usize) -> Result<(), Failed> {
    if items == results { Ok(()) } else { Err(Failed::unexpected(format!("{items} results for {items} items"), results)) }
}

fn refused(item: &str, errors: &[wardgraph_api::FieldError]) -> Failed {
    let why: Vec<_> = errors.iter().map(|error| format!("{}: {}", error.field, error.detail)).collect();
    Failed::unexpected(format!("{item} to be taken"), format!("refused, {}", why.join("; ")))
}
