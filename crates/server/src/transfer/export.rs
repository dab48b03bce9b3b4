//! Export: all nodes, then all edges, page by page.
//!
//! It is no snapshot, and yet whole in itself: a node that came about behind the page that would have held it, by a slower transaction or out of its
//! grace period, is written before the first edge that joins it.

use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use wardgraph_kernel::NodeId;

use super::{
    TransferError,
    call::{Access, Caller},
    checkpoint::Checkpoint,
    parse::{CHANGED, SERVERS},
    progress::{LOOKED_AT_EVERY, Progress, Show},
    record::Kind,
    written::Written,
};

/// How many external ids are kept at most; those of other nodes are asked for.
const MOST_NAMES: usize = 500_000;
/// How many nodes are asked for at once.
const AT_ONCE: usize = 16;

/// How an export is done.
#[derive(Debug)]
pub struct ExportOptions {
    /// Which server, and who calls.
    pub access: Access,
    /// The file; `None` for standard output.
    pub out: Option<PathBuf>,
    /// Whether to begin anew although there is a checkpoint.
    pub restart: bool,
    /// Where progress is told.
    pub show: Show,
}

/// How far an export is, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Far {
    url: String,
    tenant: String,
    kind: Kind,
    cursor: Option<String>,
    bytes: u64,
    nodes: u64,
    edges: u64,
}

/// A page of either list.
#[derive(Debug, Deserialize)]
struct Page {
    #[serde(alias = "nodes", alias = "edges")]
    items: Vec<Map<String, Value>>,
    next_cursor: Option<String>,
}

/// Exports a tenant. A file appears under its name when it is whole.
pub async fn export(options: ExportOptions, stdout: &mut (impl Write + Send)) -> Result<(), TransferError> {
    let (caller, whoami) = Caller::new(&options.access).await?;
    let (url, tenant) = (caller.url().to_owned(), whoami.tenant_id);
    let mut far = Far { url, tenant, kind: Kind::Nodes, cursor: None, bytes: 0, nodes: 0, edges: 0 };
    let place = options.out.map(Place::of).transpose()?;
    let _lock = place.as_ref().map(|place| place.checkpoint.lock()).transpose()?;
    if let Some(place) = place.as_ref().filter(|_| !options.restart)
        && let Some(found) = place.going_on(&far)?
    {
        far = found;
    }
    let mut progress = Progress::new(options.show, options.access.clock.clone());
    let mut names = Names::default();
    let mut file = place.as_ref().map(|place| place.open(far.bytes, &mut names)).transpose()?;
    if far.bytes > 0 {
        progress.say(&format!("goes on behind {} nodes and {} edges", far.nodes, far.edges));
    }
    let mut looked_at = tokio::time::interval(LOOKED_AT_EVERY);
    loop {
        let list = if far.kind == Kind::Nodes { "nodes" } else { "edges" };
        let after = far.cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let path = format!("/{list}?limit=1000{after}");
        let read = caller.read(&path);
        tokio::pin!(read);
        let page: Page = loop {
            tokio::select! {
                page = &mut read => break page?,
                _ = looked_at.tick() => show(&mut progress, &far, &caller),
            }
        };
        let mut text = String::new();
        if far.kind == Kind::Edges {
            names.meet(&page.items, &caller).await?;
        }
        for item in page.items {
            let (nodes, edge) = match far.kind {
                Kind::Nodes => (vec![item], None),
                Kind::Edges => (names.missing_of(&item), Some(item)),
            };
            for line in nodes.into_iter().filter_map(|node| names.node(node)) {
                text.push_str(&line.to_string());
                text.push('\n');
                far.nodes += 1;
            }
            if let Some(line) = edge.filter(|edge| names.has_ends_of(edge)).and_then(|edge| names.edge(edge)) {
                text.push_str(&line.to_string());
                text.push('\n');
                far.edges += 1;
            }
        }
        far.bytes += text.len() as u64;
        let ended = far.kind == Kind::Edges && page.next_cursor.is_none();
        if page.next_cursor.is_none() {
            far.kind = Kind::Edges;
        }
        far.cursor = page.next_cursor;
        match (&place, &mut file) {
            (Some(place), Some(file)) => place.keep(file, &text, &far)?,
            _ => stdout.write_all(text.as_bytes()).map_err(TransferError::file("cannot write", "standard output"))?,
        }
        show(&mut progress, &far, &caller);
        if ended {
            break;
        }
    }
    if let Some(place) = place {
        place.finish()?;
    }
    progress.say(&format!("exported {} nodes and {} edges", far.nodes, far.edges));
    progress.end();
    Ok(())
}

fn show(progress: &mut Progress, far: &Far, caller: &Caller) {
    progress.at(far.nodes + far.edges, None, &format!("{} nodes, {} edges{}", far.nodes, far.edges, caller.waits()));
}

/// A file that is written beside its place until it is whole.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    part: PathBuf,
    checkpoint: Checkpoint,
}

impl Place {
    fn of(path: PathBuf) -> Result<Self, TransferError> {
        if path.metadata().is_ok_and(|there| !there.is_file()) {
            let path = path.display();
            return Err(TransferError::Usage(format!("`{path}` is there and no file: `--out -` writes to standard output")));
        }
        let beside = |end: &str| {
            let mut path = path.clone().into_os_string();
            path.push(end);
            PathBuf::from(path)
        };
        Ok(Self { part: beside(".part"), checkpoint: Checkpoint::new(beside(".checkpoint")), path })
    }

    fn going_on(&self, fresh: &Far) -> Result<Option<Far>, TransferError> {
        // One that was cut off between its last two steps has its name already, and nothing to go on with.
        let Ok(written) = self.part.metadata().map(|part| part.len()) else { return Ok(None) };
        let Some(found) = self.checkpoint.find::<Far>()? else { return Ok(None) };
        let other = if (&found.tenant, &found.url) != (&fresh.tenant, &fresh.url) {
            format!("an export of {} of {}", found.tenant, found.url)
        } else if written < found.bytes {
            format!("more than `{}` holds", self.part.display())
        } else {
            return Ok(Some(found));
        };
        Err(TransferError::Checkpoint { path: self.checkpoint.path().to_owned(), other })
    }

    /// Opens what was written so far, without what stands behind the first `bytes`, and learns names from it.
    fn open(&self, bytes: u64, names: &mut Names) -> Result<File, TransferError> {
        let unwritable = || TransferError::file("cannot write", &self.part);
        let options = OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).to_owned();
        let mut file = options.open(&self.part).map_err(unwritable())?;
        file.set_len(bytes).map_err(unwritable())?;
        for line in BufReader::new(&file).split(b'\n') {
            let line = line.map_err(unwritable())?;
            if let Ok(Line { id: Some(id), external_id }) = serde_json::from_slice(&line) {
                names.written.add(id);
                names.learn(id, external_id);
            }
        }
        file.seek(SeekFrom::End(0)).map_err(unwritable())?;
        Ok(file)
    }

    fn keep(&self, file: &mut File, text: &str, far: &Far) -> Result<(), TransferError> {
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
        written.map_err(TransferError::file("cannot write", &self.part))?;
        self.checkpoint.keep(far)
    }

    fn finish(&self) -> Result<(), TransferError> {
        fs::rename(&self.part, &self.path).map_err(TransferError::file("cannot write", &self.path))?;
        self.checkpoint.remove()
    }
}

#[derive(Deserialize)]
struct Line {
    id: Option<NodeId>,
    external_id: Option<String>,
}

/// What of the nodes has to be known for the edges.
#[derive(Debug, Default)]
struct Names {
    /// The external id of a node, by its id; `None` of a node that has none.
    kept: HashMap<NodeId, Option<String>>,
    /// Which nodes were written.
    written: Written,
    /// The nodes that the edges of one page want besides.
    met: HashMap<NodeId, Map<String, Value>>,
}

impl Names {
    fn learn(&mut self, id: NodeId, external_id: Option<String>) {
        if self.kept.len() < MOST_NAMES {
            self.kept.insert(id, external_id);
        }
    }

    /// A node's line: what makes it, when it came about, when it was last changed, which is for whoever reads the file, and its id, by which its
    /// tenant knows it where it has no external id.
    fn node(&mut self, mut node: Map<String, Value>) -> Option<Value> {
        let id: NodeId = NodeId::deserialize(node.get("id")?).ok()?;
        // A shared node is nobody's to export.
        if node.get("tenant_id").is_none_or(Value::is_null) {
            return None;
        }
        self.written.add(id);
        for member in SERVERS.into_iter().filter(|member| *member != CHANGED) {
            node.remove(member);
        }
        self.learn(id, external_id(&node));
        node.retain(|name, value| matches!(name.as_str(), "classes" | "props") || !is_empty(value));
        node.insert("type".into(), "node".into());
        node.insert("id".into(), id.to_string().into());
        Some(Value::Object(node))
    }

    /// Asks for the ends of these edges that were not written, or whose external ids are not kept.
    async fn meet(&mut self, edges: &[Map<String, Value>], caller: &Caller) -> Result<(), TransferError> {
        let known = |id: &NodeId| self.written.has(*id) && self.kept.contains_key(id);
        let unknown: BTreeSet<_> = edges.iter().flat_map(ends).filter(|id| !known(id)).collect();
        self.met.clear();
        for some in unknown.into_iter().collect::<Vec<_>>().chunks(AT_ONCE) {
            let asked = some.iter().map(|id| async move { caller.find(&format!("/nodes/{id}")).await });
            let found: Vec<Option<Map<String, Value>>> = try_join_all(asked).await?;
            self.met.extend(some.iter().copied().zip(found).filter_map(|(id, node)| Some((id, node?))));
        }
        Ok(())
    }

    /// The ends of an edge that are there and were not written, to be written before it.
    fn missing_of(&self, edge: &Map<String, Value>) -> Vec<Map<String, Value>> {
        let missing: BTreeSet<_> = ends(edge).into_iter().filter(|id| !self.written.has(*id)).collect();
        missing.iter().filter_map(|id| self.met.get(id).cloned()).collect()
    }

    fn has_ends_of(&self, edge: &Map<String, Value>) -> bool {
        ends(edge).into_iter().all(|id| self.written.has(id))
    }

    /// An edge's line, with its ends by external id, or by id where they have none; no line if an end is gone since the page was read, and the edge with it.
    fn edge(&self, mut edge: Map<String, Value>) -> Option<Value> {
        for (by_id, by_name) in [("src", "src_external_id"), ("dst", "dst_external_id")] {
            let id = NodeId::deserialize(edge.remove(by_id)?).ok()?;
            let name = self.kept.get(&id).cloned().or_else(|| self.met.get(&id).map(external_id))?;
            match name {
                Some(name) => edge.insert(by_name.into(), name.into()),
                None => edge.insert(by_id.into(), id.to_string().into()),
            };
        }
        for member in SERVERS {
            edge.remove(member);
        }
        edge.retain(|_, value| !is_empty(value));
        edge.insert("type".into(), "edge".into());
        Some(Value::Object(edge))
    }
}

fn external_id(node: &Map<String, Value>) -> Option<String> {
    node.get("external_id").and_then(Value::as_str).map(str::to_owned)
}

fn ends(edge: &Map<String, Value>) -> Vec<NodeId> {
    ["src", "dst"].into_iter().filter_map(|end| NodeId::deserialize(edge.get(end)?).ok()).collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
