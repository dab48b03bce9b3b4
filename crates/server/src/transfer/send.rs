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
    known, parse,
    record::{EdgeItem, Item, Kind},
};

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Created,
    There,
    /// An edge that is there and says something else, and was left as it is.
    Differs,
    Updated,
    Unchanged,
    Rejected(String),
}

/// A verdict, and what else is to be told of it.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    /// Where active HTML was taken out, as JSON Pointers.
    pub(super) cleaned: Vec<String>,
    /// Whether it was created as of now, since whoever calls may not say when it came about.
    pub(super) undated: bool,
    /// The end of an edge that is no node of the tenant by its id.
    pub(super) unknown: Option<String>,
}

impl From<Verdict> for Answer {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, cleaned: Vec::new(), undated: false, unknown: None }
    }
}

/// Sends batches to one server.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) caller: Caller,
    /// Whose nodes and edges they become.
    pub(super) tenant: String,
    /// Whether what is there is replaced.
    pub(super) update: bool,
    /// Whether whoever calls may say when something came about.
    pub(super) dates: bool,
}

impl Sender {
    /// Sends what can be sent: one answer an entry, in their order.
    pub(super) async fn send(&self, batch: &Batch) -> Result<Vec<Answer>, TransferError> {
        let items: Vec<_> = batch.entries.iter().filter_map(|entry| entry.item.as_ref().ok()).collect();
        let answers = match batch.kind {
            Kind::Nodes => self.nodes(&items).await,
            Kind::Edges => self.edges(&items).await,
        };
        let answers = answers.map_err(|error| in_its_line(error, batch))?;
        let mut answers = answers.into_iter();
        let answer = |item: &Result<Item, String>| match item {
            // As many answers as items, as was seen.
            Ok(_) => answers.next().unwrap_or(Verdict::There.into()),
            Err(reason) => Verdict::Rejected(reason.clone()).into(),
        };
        Ok(batch.entries.iter().map(|entry| &entry.item).map(answer).collect())
    }

    async fn nodes(&self, items: &[&Item]) -> Result<Vec<Answer>, TransferError> {
        let settled = known::settled(self, items).await?;
        let open: Vec<_> = items.iter().zip(&settled).filter(|(_, settled)| settled.is_none()).map(|(item, _)| *item).collect();
        let mut told = self.post(Kind::Nodes, &open).await?.into_iter();
        Ok(settled.into_iter().filter_map(|settled| settled.or_else(|| told.next())).collect())
    }

    /// An end whose id the tenant does not have is looked for by that id as a name: so nodes without one are named that come from elsewhere.
    async fn edges(&self, items: &[&Item]) -> Result<Vec<Answer>, TransferError> {
        let mut answers = self.post(Kind::Edges, items).await?;
        let mut open: Vec<(usize, Item)> = renamed(answers.iter().enumerate().zip(items.iter().copied()));
        while !open.is_empty() {
            let told = self.post(Kind::Edges, &open.iter().map(|(_, item)| item).collect::<Vec<_>>()).await?;
            let next = renamed(open.iter().zip(&told).map(|((place, item), answer)| ((*place, answer), item)));
            for ((place, _), answer) in open.iter().zip(told) {
                if let Some(former) = answers.get_mut(*place) {
                    *former = answer;
                }
            }
            open = next;
        }
        Ok(answers)
    }

    /// One answer an item. A batch that is refused as a whole is sent again in halves, until it is known which item it is.
    async fn post(&self, kind: Kind, items: &[&Item]) -> Result<Vec<Answer>, TransferError> {
        let name = if kind == Kind::Nodes { "nodes" } else { "edges" };
        let path = format!("/{name}/batch?on_conflict={}", if self.update { "update" } else { "ignore" });
        let mut answers = Vec::with_capacity(items.len());
        let mut open = Vec::from([items]);
        while let Some(part) = open.pop().filter(|part| !part.is_empty()) {
            let bodies: Vec<_> = part.iter().map(|item| item.json(self.dates)).collect();
            let reply = self.caller.post(&path, format!("{{\"{name}\":[{}]}}", bodies.join(",")).into()).await?;
            if reply.status == 200 {
                let told = match kind {
                    Kind::Nodes => nodes(&call::parse(&Method::POST, &path, &reply)?),
                    Kind::Edges => edges(&call::parse(&Method::POST, &path, &reply)?, part),
                };
                if told.len() != part.len() {
                    let answer = format!("{} results for {} items", told.len(), part.len());
                    return Err(TransferError::Refused { call: format!("POST {path}"), answer });
                }
                let dating = |(answer, item): (Answer, &&Item)| {
                    let undated = !self.dates && answer.verdict == Verdict::Created && item.created_at().is_some();
                    Answer { undated, ..answer }
                };
                answers.extend(told.into_iter().zip(part).map(dating));
            } else if let ([item], 500) = (part, reply.status) {
                let (call, answer) = (call::said(&Method::POST, &path), reply.summary());
                return Err(TransferError::Failed { line: 0, key: item.key(), call, answer });
            } else if part.len() == 1 {
                answers.push(Verdict::Rejected(reply.summary()).into());
            } else {
                let (former, latter) = part.split_at(part.len() / 2);
                open.extend([latter, former]);
            }
        }
        Ok(answers)
    }
}

/// The error with the line of the item that it is about.
fn in_its_line(error: TransferError, batch: &Batch) -> TransferError {
    let TransferError::Failed { key, call, answer, .. } = error else { return error };
    let mut entries = batch.entries.iter();
    let entry = entries.find(|entry| entry.item.as_ref().is_ok_and(|item| item.key() == key)).or(batch.entries.first());
    TransferError::Failed { line: entry.map_or(0, |entry| entry.line), key, call, answer }
}

/// The edges that are to be tried with another name of an end, each with its place.
fn renamed<'a>(answers: impl Iterator<Item = ((usize, &'a Answer), &'a Item)>) -> Vec<(usize, Item)> {
    let other = |((place, answer), item): ((usize, &Answer), &Item)| match (item, &answer.unknown) {
        (Item::Edge(edge), Some(field)) => Some((place, Item::Edge(edge.by_former_id(field)?))),
        _ => None,
    };
    answers.filter_map(other).collect()
}

fn nodes(result: &NodeBatchResult) -> Vec<Answer> {
    let answer = |(index, result): (usize, &NodeItemResult)| match result {
        NodeItemResult::Created { cleaned, .. } => Answer { cleaned: cleaned.clone(), ..Verdict::Created.into() },
        NodeItemResult::Exists { .. } => Verdict::There.into(),
        NodeItemResult::Updated { cleaned, .. } => Answer { cleaned: cleaned.clone(), ..Verdict::Updated.into() },
        NodeItemResult::Unchanged { cleaned, .. } => Answer { cleaned: cleaned.clone(), ..Verdict::Unchanged.into() },
        NodeItemResult::Refused { errors } => Verdict::Rejected(parse::told(errors, &format!("/nodes/{index}"))).into(),
    };
    result.results.iter().enumerate().map(answer).collect()
}

fn edges(result: &EdgeBatchResult, sent: &[&Item]) -> Vec<Answer> {
    let answer = |(index, (result, item)): (usize, (&EdgeItemResult, &&Item))| match result {
        EdgeItemResult::Created { cleaned, .. } => Answer { cleaned: cleaned.clone(), ..Verdict::Created.into() },
        EdgeItemResult::Exists { differs: false, .. } => Verdict::There.into(),
        EdgeItemResult::Exists { differs: true, .. } => Verdict::Differs.into(),
        EdgeItemResult::Updated { cleaned, .. } => Answer { cleaned: cleaned.clone(), ..Verdict::Updated.into() },
        EdgeItemResult::Unchanged { cleaned, .. } => Answer { cleaned: cleaned.clone(), ..Verdict::Unchanged.into() },
        EdgeItemResult::Refused { errors } => match item {
            Item::Edge(edge) => refused(errors, &format!("/edges/{index}"), edge),
            Item::Node(_) => Verdict::Rejected(parse::told(errors, "")).into(),
        },
    };
    result.results.iter().zip(sent).enumerate().map(answer).collect()
}

/// Why an edge was refused, with the name of an end that is none.
fn refused(errors: &[FieldError], place: &str, edge: &EdgeItem) -> Answer {
    let own = |error: &FieldError| error.field.strip_prefix(place).unwrap_or(&error.field).to_owned();
    let fields: Vec<_> = errors.iter().map(own).collect();
    let faults: Vec<_> =
        errors.iter().zip(&fields).map(|(error, field)| FieldError::new(edge.field_of(field), &*error.detail)).collect();
    let told = parse::told(&faults, "");
    let names: Vec<_> = fields.iter().filter_map(|field| edge.name_in(field)).map(|name| format!("`{name}`")).collect();
    let told = if names.is_empty() { told } else { format!("{told} ({})", names.join(", ")) };
    let unknown = fields.into_iter().next().filter(|_| errors.len() == 1);
    Answer { unknown, ..Verdict::Rejected(told).into() }
}
