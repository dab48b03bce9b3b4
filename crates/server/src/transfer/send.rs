//! A batch is sent: what became of each of its entries.

use std::{collections::BTreeSet, sync::Arc};

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;
use wardgraph_api::wire::{
    edge::{EdgeBatchResult, EdgeItemResult},
    node::{NodeBatchResult, NodeItemResult},
};
use wardgraph_kernel::NodeId;

use super::{
    TransferError,
    batch::{Batch, Entry},
    call::{self, Caller},
    ends::Ends,
    parse,
    record::{EdgeItem, End, Item, Kind},
};

/// How many names are asked for at once.
const AT_ONCE: usize = 16;

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Created,
    There,
    Rejected(String),
}

/// Sends batches to one server.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) caller: Caller,
    ends: Ends,
}

impl Sender {
    pub(super) fn new(caller: Caller) -> Arc<Self> {
        Arc::new(Self { caller, ends: Ends::default() })
    }

    /// Sends what can be sent: one verdict an entry, in their order.
    pub(super) async fn send(self: &Arc<Self>, batch: &Batch) -> Result<Vec<Verdict>, TransferError> {
        self.ask_for_ends(batch).await?;
        let (mut verdicts, mut bodies) = (Vec::with_capacity(batch.entries.len()), Vec::new());
        for entry in &batch.entries {
            let body = match &entry.item {
                Ok(Item::Node(node)) => Ok(node.json.clone()),
                Ok(Item::Edge(edge)) => self.body(edge).await?,
                Err(reason) => Err(reason.clone()),
            };
            // Stands for whatever the server will say.
            verdicts.push(body.as_ref().map_or_else(|reason| Verdict::Rejected(reason.clone()), |_| Verdict::There));
            bodies.extend(body);
        }
        let mut answers = self.answers(batch.kind, &bodies).await?.into_iter();
        let sent = batch.entries.iter().zip(&mut verdicts).filter(|(_, verdict)| **verdict == Verdict::There);
        for (entry, verdict) in sent {
            if let Some((answer, id)) = answers.next() {
                *verdict = answer;
                self.learn(entry, id);
            }
        }
        Ok(verdicts)
    }

    /// Asks for the names that edges need and nobody has told yet, several at once.
    async fn ask_for_ends(self: &Arc<Self>, batch: &Batch) -> Result<(), TransferError> {
        let edges = batch.entries.iter().filter_map(|entry| match &entry.item {
            Ok(Item::Edge(edge)) => Some([&edge.src, &edge.dst]),
            Ok(Item::Node(_)) | Err(_) => None,
        });
        let unknown: BTreeSet<_> = edges.flatten().filter_map(|end| self.ends.unknown(end)).collect();
        let mut asked = JoinSet::new();
        for name in unknown {
            if asked.len() >= AT_ONCE
                && let Some(Ok(answer)) = asked.join_next().await
            {
                answer?;
            }
            let sender = self.clone();
            asked.spawn(async move { sender.ends.find(&End::External(name), &sender.caller).await.map(|_| ()) });
        }
        while let Some(answer) = asked.join_next().await {
            answer.map_err(|error| TransferError::Setup(error.into()))??;
        }
        Ok(())
    }

    fn learn(&self, entry: &Entry, id: Option<NodeId>) {
        if let (Ok(Item::Node(node)), Some(id)) = (&entry.item, id) {
            self.ends.learn(&node.external_id, id);
        }
    }

    /// An edge as the server takes it, or why there is none.
    async fn body(&self, edge: &EdgeItem) -> Result<Result<String, String>, TransferError> {
        let mut ids = Vec::new();
        for end in [&edge.src, &edge.dst] {
            match (self.ends.find(end, &self.caller).await?, end) {
                (Some(id), _) => ids.push(id),
                (None, End::Id(id)) => return Ok(Err(format!("there is no node {id}"))),
                (None, End::External(name)) => return Ok(Err(format!("no node has the external id `{name}`"))),
            }
        }
        let [src, dst] = [ids.first(), ids.last()];
        Ok(Ok(json!({ "src": src, "rel": edge.rel, "dst": dst, "props": edge.props }).to_string()))
    }

    /// One answer a body. A batch that is refused as a whole is sent again in halves, until it is known which item it is.
    async fn answers(&self, kind: Kind, bodies: &[String]) -> Result<Vec<Answer>, TransferError> {
        let mut answers = Vec::with_capacity(bodies.len());
        let mut open = Vec::from([(0, bodies.len())]);
        while let Some((begin, end)) = open.pop() {
            let Some(part) = bodies.get(begin..end).filter(|part| !part.is_empty()) else { continue };
            let (path, name) = if kind == Kind::Nodes { ("/nodes/batch", "nodes") } else { ("/edges/batch", "edges") };
            let reply = self.caller.post(path, format!("{{\"{name}\":[{}]}}", part.join(",")).into()).await?;
            if reply.status == 200 {
                let told = match kind {
                    Kind::Nodes => nodes(&call::parse(&Method::POST, path, &reply)?),
                    Kind::Edges => edges(&call::parse(&Method::POST, path, &reply)?),
                };
                if told.len() != part.len() {
                    let answer = format!("{} results for {} items", told.len(), part.len());
                    return Err(TransferError::Refused { call: format!("POST {path}"), answer });
                }
                answers.extend(told);
            } else if part.len() == 1 {
                answers.push((Verdict::Rejected(reply.summary()), None));
            } else {
                let middle = begin + part.len() / 2;
                open.extend([(middle, end), (begin, middle)]);
            }
        }
        Ok(answers)
    }
}

/// What became of an item, and the node that it is.
type Answer = (Verdict, Option<NodeId>);

fn nodes(result: &NodeBatchResult) -> Vec<Answer> {
    let answer = |(index, result): (usize, &NodeItemResult)| match result {
        NodeItemResult::Created { id, .. } => (Verdict::Created, Some(*id)),
        NodeItemResult::Exists { id } | NodeItemResult::Updated { id, .. } | NodeItemResult::Unchanged { id, .. } => {
            (Verdict::There, Some(*id))
        }
        NodeItemResult::Refused { errors } => (Verdict::Rejected(parse::told(errors, &format!("/nodes/{index}"))), None),
    };
    result.results.iter().enumerate().map(answer).collect()
}

fn edges(result: &EdgeBatchResult) -> Vec<Answer> {
    let answer = |(index, result): (usize, &EdgeItemResult)| match result {
        EdgeItemResult::Created { .. } => (Verdict::Created, None),
        EdgeItemResult::Exists { .. } => (Verdict::There, None),
        EdgeItemResult::Refused { errors } => (Verdict::Rejected(parse::told(errors, &format!("/edges/{index}"))), None),
    };
    result.results.iter().enumerate().map(answer).collect()
}
