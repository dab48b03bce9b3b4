//! Import: batches in flight, acknowledged in the source's order.

use std::{cmp::Ordering, collections::VecDeque, path::PathBuf, sync::Arc, thread};

use serde::{Deserialize, Serialize};
use tokio::{
    sync::mpsc::{Receiver, channel},
    task::JoinHandle,
};
use wardgraph_kernel::Permission;

use super::{
    TransferError,
    batch::{Batch, Packing, pack},
    call::{Access, Caller},
    checkpoint::Checkpoint,
    progress::{LOOKED_AT_EVERY, Progress, Show},
    record::{Kind, Position},
    rejects::{Kept, Rejects},
    seen::Seen,
    send::{Answer, Sender, Verdict},
    source::{Identity, Phase, Source},
};

/// How many lines that were cleaned are told of.
const MOST_CLEANED: u64 = 20;

/// How an import is done.
#[derive(Debug)]
pub struct ImportOptions {
    /// Which server, and who calls.
    pub access: Access,
    /// Where to keep how far it is; beside the source if absent.
    pub checkpoint: Option<PathBuf>,
    /// Where to keep rejected lines; beside the source if absent.
    pub rejects: Option<PathBuf>,
    /// How many batches are in flight at once.
    pub jobs: usize,
    /// Whether nodes and edges that the tenant has are replaced.
    pub update: bool,
    /// Whether the first bad line ends it.
    pub strict: bool,
    /// Whether to begin anew although there is a checkpoint.
    pub restart: bool,
    /// Where progress is told.
    pub show: Show,
}

/// What became of everything, this time and the times before it that it went on from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Nodes that were created.
    pub nodes_created: u64,
    /// Nodes that the tenant had, and that were left as they were.
    pub nodes_there: u64,
    /// Nodes that the tenant had, and that were replaced.
    pub nodes_updated: u64,
    /// Nodes that the tenant had, the same to the letter.
    pub nodes_unchanged: u64,
    /// Edges that were created.
    pub edges_created: u64,
    /// Edges that the tenant had, and that were left as they were.
    pub edges_there: u64,
    /// Those of them that say something else than the source does.
    pub edges_differing: u64,
    /// Edges that the tenant had, and that were given other props.
    pub edges_updated: u64,
    /// Edges that the tenant had, the same to the letter.
    pub edges_unchanged: u64,
    /// Lines of which the server took active HTML out.
    pub cleaned: u64,
    /// Lines whose time was left behind.
    pub undated: u64,
    /// Lines that were rejected.
    pub rejected: u64,
}

impl Counts {
    const fn nodes(&self) -> u64 {
        self.nodes_created + self.nodes_there + self.nodes_updated + self.nodes_unchanged
    }

    const fn edges(&self) -> u64 {
        self.edges_created + self.edges_there + self.edges_updated + self.edges_unchanged
    }
}

/// How an import ended.
#[derive(Debug)]
pub struct Imported {
    /// What became of everything.
    pub counts: Counts,
    /// Whether a bad line ended it early.
    pub stopped: bool,
    /// Where rejected lines are kept, if there are any.
    pub rejects: Option<PathBuf>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// How far an import is, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Far {
    source: Identity,
    url: String,
    tenant: String,
    update: bool,
    phase: Phase,
    at: Position,
    rejects: Kept,
    counts: Counts,
}

/// Imports a source. What was acknowledged before this ends in an error is kept, and so is how far it was.
pub async fn import(source: Source, options: ImportOptions) -> Result<Imported, TransferError> {
    let (caller, whoami) = Caller::new(&options.access).await?;
    let beside =
        |path: Option<PathBuf>, end: &str| path.or_else(|| Some(with_end(source.beside(&whoami.tenant_id, caller.url())?, end)));
    let identity = source.identity()?;
    let checkpoint = match (&identity, &options.checkpoint) {
        (None, Some(_)) => {
            return Err(TransferError::Usage("standard input cannot be read again, so there is no checkpoint".into()));
        }
        (None, None) => None,
        (Some(_), path) => beside(path.clone(), ".checkpoint").map(Checkpoint::new),
    };
    if let Some(checkpoint) = checkpoint.as_ref().filter(|checkpoint| source.is_at(checkpoint.path())) {
        return Err(TransferError::Usage(format!(
            "`{}` is the source: it cannot be the checkpoint",
            checkpoint.path().display()
        )));
    }
    let _lock = checkpoint.as_ref().map(Checkpoint::lock).transpose()?;
    let mut seen = source.seen()?;
    let fresh = |identity| Far {
        source: identity,
        url: caller.url().to_owned(),
        tenant: whoami.tenant_id.clone(),
        update: options.update,
        phase: source.phases().first().copied().unwrap_or(Phase::Both),
        at: Position::START,
        rejects: Kept::default(),
        counts: Counts::default(),
    };
    let fresh = identity.map(fresh);
    let found = match (&checkpoint, &fresh) {
        (Some(checkpoint), Some(fresh)) if !options.restart => going_on(checkpoint, fresh, seen.as_mut())?,
        _ => None,
    };
    let rejects = Rejects::open(beside(options.rejects, ".rejects"), source.head(), found.as_ref().map(|found| &found.rejects))?;
    let progress = Progress::new(options.show, options.access.clock.clone());
    if let Some(found) = &found {
        progress.say(&format!("goes on from line {} of {}", found.at.line, source.name));
    }
    let far = found.or(fresh);
    let counts = far.as_ref().map(|far| far.counts).unwrap_or_default();
    let dates = whoami.permissions.iter().any(|word| word == Permission::AdminRefresh.word());
    let sender = Arc::new(Sender { caller, tenant: whoami.tenant_id, update: options.update, dates });
    let (source, strict) = (Arc::new(source), options.strict);
    let at = far.as_ref().map_or(Position::START, |far| far.at);
    let mut run = Run { source, sender, checkpoint, far, seen, rejects, counts, progress, at, strict, told: 0 };
    let stopped = !run.all(options.jobs).await?;
    let rejects = run.rejects.kept().cloned();
    Ok(Imported { counts: run.counts, stopped, rejects, seconds: run.progress.end().as_secs_f64() })
}

fn going_on(checkpoint: &Checkpoint, fresh: &Far, seen: Option<&mut Seen>) -> Result<Option<Far>, TransferError> {
    let Some(found) = checkpoint.find::<Far>()? else { return Ok(None) };
    let same = |seen: &mut Seen| {
        Ok::<_, TransferError>((found.source.read, found.source.read_sha256.clone()) == seen.up_to(found.source.read)?)
    };
    let as_it_was = (&found.source.form, found.source.bytes) == (&fresh.source.form, fresh.source.bytes)
        && seen.map_or_else(|| Ok(found.source == fresh.source), same)?;
    let other = if !as_it_was {
        "another source, or of this one before it was changed".to_owned()
    } else if found.tenant != fresh.tenant {
        format!("an import into the tenant {}", found.tenant)
    } else if found.url != fresh.url {
        format!("an import into {}", found.url)
    } else if found.update != fresh.update {
        format!("an import {} --update", if found.update { "with" } else { "without" })
    } else {
        return Ok(Some(found));
    };
    Err(TransferError::Checkpoint { path: checkpoint.path().to_owned(), other })
}

fn with_end(path: PathBuf, end: &str) -> PathBuf {
    let mut path = path.into_os_string();
    path.push(end);
    path.into()
}

/// An import that runs.
struct Run {
    source: Arc<Source>,
    sender: Arc<Sender>,
    checkpoint: Option<Checkpoint>,
    far: Option<Far>,
    /// What the checkpoint says was read.
    seen: Option<Seen>,
    rejects: Rejects,
    counts: Counts,
    progress: Progress,
    /// Where the source goes on behind what was acknowledged.
    at: Position,
    strict: bool,
    /// How many lines were told of that were cleaned.
    told: u64,
}

/// A batch on its way, and what will become of it.
struct Flying {
    batch: Arc<Batch>,
    landing: JoinHandle<Result<Vec<Answer>, TransferError>>,
}

impl Run {
    /// Every phase from where it stands. False if a bad line ended it.
    async fn all(&mut self, jobs: usize) -> Result<bool, TransferError> {
        let phases = self.source.phases();
        let from = self.far.as_ref().and_then(|far| phases.iter().position(|phase| *phase == far.phase)).unwrap_or_default();
        for (number, phase) in phases.iter().enumerate().skip(from) {
            let at = self.far.as_ref().map_or(Position::START, |far| far.at);
            let (strict, update) = (self.strict, self.sender.update);
            let packing = Packing { phase: *phase, from: at, tells: number == 0, strict, update };
            let (source, (to, mut batches)) = (self.source.clone(), channel(1));
            // No task of the runtime's, which would not end before it: an input that is open and says nothing holds no failed import up.
            let reader = thread::Builder::new().spawn(move || {
                let name = source.name.clone();
                match source.records(packing.phase, packing.from) {
                    Ok(records) => {
                        let mut line = packing.from.line;
                        let told = records.map(|record| match record {
                            Ok(record) => {
                                line = record.end.line;
                                Ok(record)
                            }
                            Err(error) => Err(TransferError::Source { name: name.clone(), line, reason: error.to_string() }),
                        });
                        pack(told, packing, &to);
                    }
                    Err(error) => _ = to.blocking_send(Err(error)),
                }
            });
            let reader = reader.map_err(|error| TransferError::Setup(error.into()))?;
            if !self.phase(number, &mut batches, jobs).await? {
                return Ok(false);
            }
            drop(batches);
            reader.join().map_err(|_| TransferError::Setup("the source could not be read to its end".into()))?;
            let next = phases.get(number + 1);
            if let (Some(seen), Some(far)) = (&self.seen, &self.far)
                && (seen.is_cut(far.source.bytes)? || (next.is_some() && seen.is_replaced()?))
            {
                return Err(TransferError::Changed(self.source.name.clone()));
            }
            if let (Some(far), Some(next)) = (&mut self.far, next) {
                // It was read to its end, whatever stands there.
                self.seen.as_mut().map(|seen| seen.up_to(far.source.bytes)).transpose()?;
                (far.phase, far.at, self.at) = (*next, Position::START, Position::START);
                self.keep()?;
            }
        }
        self.rejects.flush()?;
        self.checkpoint.as_ref().map_or(Ok(()), Checkpoint::remove)?;
        Ok(true)
    }

    async fn phase(
        &mut self,
        number: usize,
        batches: &mut Receiver<Result<Batch, TransferError>>,
        jobs: usize,
    ) -> Result<bool, TransferError> {
        let (mut flying, mut shows): (VecDeque<Flying>, _) = (VecDeque::new(), tokio::time::interval(LOOKED_AT_EVERY));
        let (mut ended, mut failure, mut held) = (false, None, None::<Arc<Batch>>);
        while !ended || held.is_some() || !flying.is_empty() {
            if let Some(batch) = held.take_if(|batch| !flying.iter().any(|before| batch.waits_for(&before.batch))) {
                let (sender, sent) = (self.sender.clone(), batch.clone());
                flying.push_back(Flying { batch, landing: tokio::spawn(async move { sender.send(&sent).await }) });
            }
            tokio::select! {
                batch = batches.recv(), if !ended && held.is_none() && flying.len() < jobs => match batch {
                    Some(Ok(batch)) => held = Some(Arc::new(batch)),
                    end => (ended, failure) = (true, end.and_then(Result::err)),
                },
                // Whoever looks on sees that it waits, and for whom.
                _ = shows.tick() => self.show(number),
                landed = front(&mut flying), if !flying.is_empty() => {
                    if let Some(landed) = landed && !self.settle(number, landed?)? {
                        return Ok(false);
                    }
                }
            }
        }
        failure.map_or(Ok(true), Err)
    }

    /// Counts what became of a batch. False if that ends the import.
    fn settle(&mut self, number: usize, (batch, answers): Landed) -> Result<bool, TransferError> {
        if answers.iter().any(|answer| matches!(answer.verdict, Verdict::Rejected(_))) && self.rejects.begins() {
            // Whoever goes on knows by the checkpoint that the file of rejected lines is this import's.
            self.keep()?;
        }
        for (entry, answer) in batch.entries.iter().zip(answers) {
            let counts = &mut self.counts;
            let count = match (&answer.verdict, batch.kind) {
                (Verdict::Created, Kind::Nodes) => &mut counts.nodes_created,
                (Verdict::Created, Kind::Edges) => &mut counts.edges_created,
                (Verdict::There | Verdict::Differs, Kind::Nodes) => &mut counts.nodes_there,
                (Verdict::There | Verdict::Differs, Kind::Edges) => &mut counts.edges_there,
                (Verdict::Updated, Kind::Nodes) => &mut counts.nodes_updated,
                (Verdict::Updated, Kind::Edges) => &mut counts.edges_updated,
                (Verdict::Unchanged, Kind::Nodes) => &mut counts.nodes_unchanged,
                (Verdict::Unchanged, Kind::Edges) => &mut counts.edges_unchanged,
                (Verdict::Rejected(_), _) => &mut counts.rejected,
            };
            *count += 1;
            counts.edges_differing += u64::from(answer.verdict == Verdict::Differs);
            counts.undated += u64::from(answer.undated);
            self.cleaned(entry.line, &answer.cleaned);
            if let Verdict::Rejected(reason) = answer.verdict {
                self.progress.say(&format!("{}:{}: {reason}", self.source.name, entry.line));
                self.rejects.keep(&entry.raw)?;
                if self.strict {
                    return Ok(false);
                }
            }
        }
        self.at = batch.end;
        if let Some(far) = &mut self.far {
            far.at = batch.end;
            self.keep()?;
        }
        self.show(number);
        Ok(true)
    }

    /// Counts a line that was cleaned, and tells of it unless so many were told already.
    fn cleaned(&mut self, line: u64, pointers: &[String]) {
        if pointers.is_empty() {
            return;
        }
        self.counts.cleaned += 1;
        self.told += 1;
        let name = &self.source.name;
        match self.told.cmp(&MOST_CLEANED) {
            Ordering::Less => self.progress.say(&format!("{name}:{line}: active HTML was taken out of {}", pointers.join(", "))),
            Ordering::Equal => {
                self.progress
                    .say(&format!("{name}:{line}: active HTML was taken out, and what else was cleaned is only counted"));
            }
            Ordering::Greater => {}
        }
    }

    /// Keeps how far it is: rejected lines first, so that none is lost or kept twice.
    fn keep(&mut self) -> Result<(), TransferError> {
        if let (Some(checkpoint), Some(far)) = (&self.checkpoint, &mut self.far) {
            if let Some(seen) = &mut self.seen {
                (far.source.read, far.source.read_sha256) = seen.up_to(far.at.offset)?;
            }
            far.rejects = self.rejects.flush()?;
            far.counts = self.counts;
            checkpoint.keep(far)?;
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "for people")]
    fn show(&mut self, number: usize) {
        let (nodes, edges, rejected) = (self.counts.nodes(), self.counts.edges(), self.counts.rejected);
        let waits = self.sender.caller.waits();
        let extents = self.source.phases().iter().map(|phase| self.source.extent(*phase));
        let part = extents.collect::<Option<Vec<_>>>().map(|extents| {
            let before: u64 = extents.iter().take(number).sum();
            (before + self.at.offset) as f64 / extents.iter().sum::<u64>().max(1) as f64
        });
        self.progress.at(nodes + edges + rejected, part, &format!("{nodes} nodes, {edges} edges, {rejected} rejected{waits}"));
    }
}

/// A batch that was answered, and how.
type Landed = (Arc<Batch>, Vec<Answer>);

/// What became of the batch that was sent first, which flies no longer; none if none does. Dropped before, it changes nothing.
async fn front(flying: &mut VecDeque<Flying>) -> Option<Result<Landed, TransferError>> {
    let landed = (&mut flying.front_mut()?.landing).await;
    let batch = flying.pop_front()?.batch;
    Some(landed.map_err(|error| TransferError::Setup(error.into())).flatten().map(|answers| (batch, answers)))
}
