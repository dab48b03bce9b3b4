//! A batch is sent: what became of each of its entries.

use reqwest::Method;
use wardgraph_api::{
    FieldError,
    wire::{
        edge::{EdgeBatchResult, EdgeItemResult},
        node::{NodeBatchResult, NodeItemResult},
    },
};

use super::{
    TransferError,
    batch::Batch,
    call::{self, Caller},
    parse,
    record::{Item, Kind},
};

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Created,
    There,
    Updated,
    Unchanged,
    Rejected(String),
}

/// Sends batches to one server.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) caller: Caller,
    /// Whether nodes that are there are replaced.
    pub(super) update: bool,
}

impl Sender {
    /// Sends what can be sent: one verdict an entry, in their order.
    pub(super) async fn send(&self, batch: &Batch) -> Result<Vec<Verdict>, TransferError> {
        let items: Vec<_> = batch.entries.iter().filter_map(|entry| entry.item.as_ref().ok()).collect();
        let mut answers = self.answers(batch.kind, &items).await?.into_iter();
        let verdict = |item: &Result<Item, String>| match item {
            // As many answers as items, as was seen.
            Ok(_) => answers.next().unwrap_or(Verdict::There),
            Err(reason) => Verdict::Rejected(reason.clone()),
        };
        Ok(batch.entries.iter().map(|entry| &entry.item).map(verdict).collect())
    }

    /// One answer an item. A batch that is refused as a whole is sent again in halves, until it is known which item it is.
    async fn answers(&self, kind: Kind, items: &[&Item]) -> Result<Vec<Verdict>, TransferError> {
        let (path, name) = match (kind, self.update) {
            (Kind::Nodes, true) => ("/nodes/batch?on_conflict=update", "nodes"),
            (Kind::Nodes, false) => ("/nodes/batch?on_conflict=ignore", "nodes"),
            (Kind::Edges, _) => ("/edges/batch", "edges"),
        };
        let mut answers = Vec::with_capacity(items.len());
        let mut open = Vec::from([items]);
        while let Some(part) = open.pop().filter(|part| !part.is_empty()) {
            let bodies: Vec<_> = part.iter().map(|item| item.json()).collect();
            let reply = self.caller.post(path, format!("{{\"{name}\":[{}]}}", bodies.join(",")).into()).await?;
            if reply.status == 200 {
                let told = match kind {
                    Kind::Nodes => nodes(&call::parse(&Method::POST, path, &reply)?),
                    Kind::Edges => edges(&call::parse(&Method::POST, path, &reply)?, part),
                };
                if told.len() != part.len() {
                    let answer = format!("{} results for {} items", told.len(), part.len());
                    return Err(TransferError::Refused { call: format!("POST {path}"), answer });
                }
                answers.extend(told);
            } else if part.len() == 1 {
                answers.push(Verdict::Rejected(reply.summary()));
            } else {
                let (former, latter) = part.split_at(part.len() / 2);
                open.extend([latter, former]);
            }
        }
        Ok(answers)
    }
}

fn nodes(result: &NodeBatchResult) -> Vec<Verdict> {
    let verdict = |(index, result): (usize, &NodeItemResult)| match result {
        NodeItemResult::Created { .. } => Verdict::Created,
        NodeItemResult::Exists { .. } => Verdict::There,
        NodeItemResult::Updated { .. } => Verdict::Updated,
        NodeItemResult::Unchanged { .. } => Verdict::Unchanged,
        NodeItemResult::Refused { errors } => Verdict::Rejected(parse::told(errors, &format!("/nodes/{index}"))),
    };
    result.results.iter().enumerate().map(verdict).collect()
}

fn edges(result: &EdgeBatchResult, sent: &[&Item]) -> Vec<Verdict> {
    let verdict = |(index, (result, item)): (usize, (&EdgeItemResult, &&Item))| match result {
        EdgeItemResult::Created { .. } => Verdict::Created,
        EdgeItemResult::Exists { .. } => Verdict::There,
        EdgeItemResult::Refused { errors } => Verdict::Rejected(refused(errors, &format!("/edges/{index}"), item)),
    };
    result.results.iter().zip(sent).enumerate().map(verdict).collect()
}

/// Why an edge was refused, with the name of an end that is none.
fn refused(errors: &[FieldError], place: &str, item: &Item) -> String {
    let told = parse::told(errors, place);
    let name = |error: &FieldError| match item {
        Item::Edge(edge) => edge.name_in(error.field.strip_prefix(place)?).map(|name| format!("`{name}`")),
        Item::Node(_) => None,
    };
    let names: Vec<_> = errors.iter().filter_map(name).collect();
    if names.is_empty() { told } else { format!("{told} ({})", names.join(", ")) }
}
