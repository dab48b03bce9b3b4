//! Records packed for one call each, bounded in number and bytes.

use std::collections::HashSet;

use tokio::sync::mpsc::Sender;

use super::{
    TransferError,
    record::{Item, Kind, Position, Record},
    source::Phase,
};

/// The most nodes, and the most edges, that one call takes.
const NODES: usize = 500;
const EDGES: usize = 2_000;
/// When a batch is full whatever it holds, in bytes: large batches of large nodes would hold a transaction for long.
const FULL_BYTES: usize = 2 << 20;
/// How much of a source a batch passes over at most, so that whoever looks on, and the checkpoint, hear of long stretches of what is not sent now.
const FAR_BYTES: u64 = 64 << 20;

/// What one call sends, and what cannot be sent between it.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) kind: Kind,
    pub(super) entries: Vec<Entry>,
    begin: Position,
    /// Where the source goes on behind it.
    pub(super) end: Position,
    /// What it holds that may stand once in it, and in what is sent at once.
    keys: HashSet<String>,
    bytes: usize,
}

/// A record of a batch.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) line: u64,
    pub(super) raw: Vec<u8>,
    pub(super) item: Result<Item, String>,
}

impl Batch {
    fn new(kind: Kind, begin: Position) -> Self {
        Self { kind, entries: Vec::new(), begin, end: begin, keys: HashSet::new(), bytes: 0 }
    }

    /// Whether it must not be sent before `other` is in: an edge needs its nodes, and lines of one node or edge take effect in their order.
    pub(super) fn waits_for(&self, other: &Self) -> bool {
        (self.kind == Kind::Edges && other.kind == Kind::Nodes) || !self.keys.is_disjoint(&other.keys)
    }

    fn take(&mut self, record: Record, key: Option<String>) {
        self.keys.extend(key);
        self.bytes += record.raw.len();
        self.end = record.end;
        self.entries.push(Entry { line: record.line, raw: record.raw, item: record.item });
    }

    /// Gives this batch away, and becomes the one behind it.
    fn follow(&mut self) -> Self {
        std::mem::replace(self, Self::new(self.kind, self.end))
    }

    fn is_full(&self) -> bool {
        let most = if self.kind == Kind::Nodes { NODES } else { EDGES };
        let passed = self.end.offset.saturating_sub(self.begin.offset);
        self.entries.len() >= most || self.bytes >= FULL_BYTES || passed >= FAR_BYTES
    }
}

/// How a source is packed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packing {
    /// Which records are sent.
    pub(super) phase: Phase,
    /// Where it begins.
    pub(super) from: Position,
    /// Whether bad records are told: once, where a source is read twice.
    pub(super) tells: bool,
    /// Whether it ends behind the first bad record.
    pub(super) strict: bool,
    /// Whether edges are replaced, so that the last one of several counts.
    pub(super) update: bool,
}

/// Packs what a source gives until it ends, or nobody takes it any more.
pub(super) fn pack(
    records: impl Iterator<Item = Result<Record, TransferError>>,
    packing: Packing,
    to: &Sender<Result<Batch, TransferError>>,
) {
    let Packing { phase, from, tells, strict, update } = packing;
    let first = if phase == Phase::Edges { Kind::Edges } else { Kind::Nodes };
    let (mut first, mut edges) = (Batch::new(first, from), Batch::new(Kind::Edges, from));
    for record in records {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                close(first, edges, to);
                _ = to.blocking_send(Err(error));
                return;
            }
        };
        let stops = strict && tells && record.item.is_err();
        let end = record.end;
        // A node stands once in a batch, and an edge that is replaced.
        let key = record.item.as_ref().ok().filter(|item| update || item.kind() == Kind::Nodes).map(Item::key);
        let again = |batch: &Batch| key.as_ref().is_some_and(|key| batch.keys.contains(key));
        let again_edge = again(&edges);
        if (again_edge || again(&first)) && to.blocking_send(Ok(first.follow())).is_err() {
            return;
        }
        if again_edge && to.blocking_send(Ok(edges.follow())).is_err() {
            return;
        }
        match (&record.item, phase) {
            (Err(_), _) if !tells => first.end = end,
            (Ok(item), Phase::Both) if item.kind() == Kind::Edges => edges.take(record, key),
            (Ok(item), _) if item.kind() != first.kind => first.end = end,
            (Ok(_) | Err(_), _) => first.take(record, key),
        }
        // Edges go behind all the nodes that stand before them.
        let full = edges.is_full() || stops;
        if (full || first.is_full()) && to.blocking_send(Ok(first.follow())).is_err() {
            return;
        }
        if full && to.blocking_send(Ok(edges.follow())).is_err() {
            return;
        }
        if stops {
            return;
        }
    }
    close(first, edges, to);
}

/// What is left goes as it is; without an edge, the place of the last one says nothing.
fn close(first: Batch, edges: Batch, to: &Sender<Result<Batch, TransferError>>) {
    if to.blocking_send(Ok(first)).is_ok() && !edges.entries.is_empty() {
        _ = to.blocking_send(Ok(edges));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::parse::{self, Namer};

    #[test]
    fn long_stretches_of_what_is_not_sent_are_told_of() {
        let (to, mut batches) = tokio::sync::mpsc::channel(10);
        let edge = |line: u64| Record {
            line,
            end: Position { offset: line * FAR_BYTES / 4, line: line + 1 },
            raw: Vec::new(),
            item: parse::line(br#"{"src":"a","rel":"R","dst":"b"}"#, line, &Namer("s".into())),
        };
        let packing = Packing { phase: Phase::Nodes, from: Position::START, tells: true, strict: false, update: false };
        pack((1..=8).map(|line| Ok(edge(line))), packing, &to);
        drop(to);
        let told = std::iter::from_fn(|| batches.blocking_recv()).map(Result::unwrap);
        let told: Vec<_> = told.map(|batch| (batch.entries.len(), batch.end.line)).collect();
        assert_eq!(told, [(0, 5), (0, 9), (0, 9)]);
    }
}
