//! What is imported: where it lies, of which form it is, and its records from any place on.

use std::{
    fmt,
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::{
    TransferError,
    column::{Columns, Delimiter},
    lines::Lines,
    parse::Namer,
    record::{Kind, Position, Record},
    seen::Seen,
    table::{self, Layout},
    wordnet,
};
use crate::wordnet::Synset;

/// How much of a source is read at once.
const BUFFER_BYTES: usize = 256 << 10;

/// What a file begins with that `gzip` made.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A JSON object a line: a node or an edge.
    Jsonl,
    /// A table with a header, of nodes or of edges.
    Csv,
}

/// What is imported, as it was asked for.
#[derive(Debug, Clone)]
pub struct SourceOptions {
    /// A file, or `-` for standard input.
    pub path: PathBuf,
    /// Its form; by its name if absent.
    pub format: Option<Format>,
    /// What sets its columns apart, if it is a table; by its name if absent.
    pub delimiter: Option<Delimiter>,
    /// What its columns mean, if it is a table.
    pub columns: Columns,
    /// Classes that every node of a table gets.
    pub classes: Vec<String>,
    /// What nodes without an external id are named after; the file's name if absent.
    pub name: Option<String>,
}

/// What is imported.
#[derive(Debug)]
pub struct Source {
    /// What messages call it.
    pub(super) name: String,
    body: Body,
    namer: Namer,
}

#[derive(Debug)]
enum Body {
    Lines(Place),
    Table(Place, Layout, Position),
    Wordnet(Arc<Vec<Synset>>, PathBuf),
}

/// A file can be read from any place, as often as one likes; a stream once.
#[derive(Debug)]
enum Place {
    File(PathBuf),
    /// A file that is compressed, and read from its beginning each time.
    Gzip(PathBuf),
    Stream(PathBuf, Stream),
}

/// What was not read yet of a stream.
struct Stream(Mutex<Option<Reader>>);

type Reader = Box<dyn Read + Send>;

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}

/// What tells a source from another, and what was read of it from what it was then: what was not read yet may be mended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Identity {
    pub(super) form: String,
    pub(super) bytes: u64,
    pub(super) read: u64,
    pub(super) read_sha256: String,
}

/// The records of a source.
pub(super) type Records<'a> = Box<dyn Iterator<Item = io::Result<Record>> + 'a>;

impl Source {
    /// Opens a file or standard input.
    pub fn open(options: SourceOptions) -> Result<Self, TransferError> {
        let SourceOptions { path, format, delimiter, columns, classes, name } = options;
        let plain = if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gz")) {
            path.with_extension("")
        } else {
            path.clone()
        };
        let ends = |end: &str| plain.extension().is_some_and(|found| found.eq_ignore_ascii_case(end));
        let by_name = if ends("tsv") { Delimiter::TAB } else { Delimiter::COMMA };
        let format = format.unwrap_or(if ends("csv") || ends("tsv") { Format::Csv } else { Format::Jsonl });
        if format == Format::Jsonl && (delimiter.is_some() || !columns.0.is_empty() || !classes.is_empty()) {
            let reason = "--columns, --class and --delimiter are of tables: is it one (--format csv)?";
            return Err(TransferError::Usage(reason.into()));
        }
        let place = Place::of(path)?;
        let shown = place.shown();
        let body = match (format, place) {
            (Format::Jsonl, place) => Body::Lines(place),
            (Format::Csv, place) => {
                let mut reader = place.reader(Position::START)?;
                let header = table::header(&mut *reader, delimiter.unwrap_or(by_name)).map_err(place.unreadable())?;
                let refused = |reason| TransferError::Source { name: shown.clone(), line: 1, reason };
                let layout = Layout::new(&header, &columns, &classes).map_err(refused)?;
                place.give_back(header.rest, reader);
                Body::Table(place, layout, header.end)
            }
        };
        let namer = Namer(
            name.unwrap_or_else(|| Path::new(&shown).file_name().map_or_else(String::new, |name| name.to_string_lossy().into())),
        );
        Ok(Self { name: shown, body, namer })
    }

    /// Opens the folder of WordNet's data files.
    pub async fn wordnet(folder: &Path) -> Result<Self, TransferError> {
        let synsets = Arc::new(crate::wordnet::load(folder).await?);
        let namer = Namer("wordnet".into());
        Ok(Self { name: "wordnet".into(), body: Body::Wordnet(synsets, folder.to_owned()), namer })
    }

    /// What the names of files beside it begin with, which tell of an import into a tenant of a server; `None` for a stream.
    pub(super) fn beside(&self, tenant: &str, url: &str) -> Option<PathBuf> {
        match &self.body {
            Body::Lines(place) | Body::Table(place, ..) => place.file().cloned(),
            // Its folder is many imports' and may be nobody's to write: a place of its own for each of them, where the command is run.
            Body::Wordnet(..) => {
                let server = format!("{:x}", Sha256::digest(url));
                Some(format!("wordnet-{tenant}-{}", server.get(..8).unwrap_or_default()).into())
            }
        }
    }

    /// Whether that is the file that it is read from.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        let file = match &self.body {
            Body::Lines(place) | Body::Table(place, ..) => place.file(),
            Body::Wordnet(..) => None,
        };
        file.and_then(|file| file.canonicalize().ok()).is_some_and(|file| path.canonicalize().is_ok_and(|path| path == file))
    }

    /// What it has, one after the other: first all of the one, then all of the other. A stream is read once, for both.
    pub(super) fn phases(&self) -> &'static [Phase] {
        match &self.body {
            Body::Lines(Place::Stream(..)) => &[Phase::Both],
            Body::Table(_, layout, _) if layout.kind() == Kind::Nodes => &[Phase::Nodes],
            Body::Table(..) => &[Phase::Edges],
            Body::Lines(_) | Body::Wordnet(..) => &[Phase::Nodes, Phase::Edges],
        }
    }

    /// What must stand at the head of a file of its lines.
    pub(super) fn head(&self) -> Vec<u8> {
        match &self.body {
            Body::Table(_, layout, _) => layout.head(),
            Body::Lines(_) | Body::Wordnet(..) => Vec::new(),
        }
    }

    /// How far one phase goes, in the units of `Position::offset`, if that is known.
    pub(super) fn extent(&self, phase: Phase) -> Option<u64> {
        match &self.body {
            Body::Lines(place) | Body::Table(place, ..) => place.bytes(),
            Body::Wordnet(synsets, _) if phase == Phase::Nodes => Some(synsets.len() as u64),
            Body::Wordnet(synsets, _) => Some(synsets.iter().map(|synset| synset.pointers.len() as u64).sum()),
        }
    }

    /// What was read of it, nothing so far; `None` where that is no part of a file.
    pub(super) fn seen(&self) -> Result<Option<Seen>, TransferError> {
        match &self.body {
            Body::Lines(Place::File(path)) | Body::Table(Place::File(path), ..) => Seen::of(path.clone()).map(Some),
            Body::Lines(_) | Body::Table(..) | Body::Wordnet(..) => Ok(None),
        }
    }

    /// What tells it from others; `None` for a stream. WordNet was read as a whole, and what is compressed is told from others as a whole.
    pub(super) fn identity(&self) -> Result<Option<Identity>, TransferError> {
        let (form, paths) = match &self.body {
            Body::Lines(place) => (format!("lines named after {}", self.namer.0), place.file().map(|path| vec![path.clone()])),
            Body::Table(place, layout, _) => {
                (format!("{layout:?} named after {}", self.namer.0), place.file().map(|path| vec![path.clone()]))
            }
            Body::Wordnet(_, folder) => {
                let files = ["data.noun", "data.verb", "data.adj", "data.adv"];
                ("wordnet".to_owned(), Some(files.map(|file| folder.join(file)).to_vec()))
            }
        };
        let Some(paths) = paths else { return Ok(None) };
        let whole = matches!(&self.body, Body::Wordnet(..) | Body::Lines(Place::Gzip(_)) | Body::Table(Place::Gzip(_), ..));
        let (mut bytes, mut hash) = (0, Sha256::new());
        for path in paths {
            let unreadable = || TransferError::file("cannot read", &path);
            let mut file = File::open(&path).map_err(unreadable())?;
            bytes += file.metadata().map_err(unreadable())?.len();
            if whole {
                io::copy(&mut file, &mut hash).map_err(unreadable())?;
            }
        }
        let read = if whole { bytes } else { 0 };
        Ok(Some(Identity { form, bytes, read, read_sha256: format!("{:x}", hash.finalize()) }))
    }

    /// The records from `at` on; those of the other kind may be among them.
    pub(super) fn records(&self, phase: Phase, at: Position) -> Result<Records<'_>, TransferError> {
        Ok(match &self.body {
            Body::Lines(place) => {
                let mut lines = Lines::new(BufReader::with_capacity(BUFFER_BYTES, place.reader(at)?), at, self.namer.clone());
                Box::new(std::iter::from_fn(move || lines.read().transpose()))
            }
            Body::Table(place, layout, first) => {
                let at = if at.offset < first.offset { *first } else { at };
                let from = BufReader::with_capacity(BUFFER_BYTES, place.reader(at)?);
                let mut records = table::Records::new(from, at, layout.clone(), self.namer.clone());
                Box::new(std::iter::from_fn(move || records.read().transpose()))
            }
            Body::Wordnet(synsets, _) => {
                let kind = if phase == Phase::Edges { Kind::Edges } else { Kind::Nodes };
                Box::new(wordnet::records(synsets, kind, at).map(Ok))
            }
        })
    }
}

/// Which records of a source are sent while it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Phase {
    Nodes,
    Edges,
    Both,
}

impl Place {
    fn of(path: PathBuf) -> Result<Self, TransferError> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stream(path, Stream(Mutex::new(Some(Box::new(io::stdin()))))));
        }
        let found = path.metadata().map_err(TransferError::file("cannot read", &path))?;
        if found.is_dir() {
            return Err(TransferError::Usage(format!("`{}` is a folder", path.display())));
        }
        let mut file = File::open(&path).map_err(TransferError::file("cannot read", &path))?;
        if found.is_file() {
            let mut begin = Vec::new();
            file.by_ref().take(GZIP.len() as u64).read_to_end(&mut begin).map_err(TransferError::file("cannot read", &path))?;
            return Ok(if begin == GZIP { Self::Gzip(path) } else { Self::File(path) });
        }
        Ok(Self::Stream(path, Stream(Mutex::new(Some(Box::new(file))))))
    }

    /// The file, if it is one.
    const fn file(&self) -> Option<&PathBuf> {
        match self {
            Self::File(path) | Self::Gzip(path) => Some(path),
            Self::Stream(..) => None,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Stream(path, _) if path.as_os_str() == "-" => "standard input".into(),
            Self::File(path) | Self::Gzip(path) | Self::Stream(path, _) => path.display().to_string(),
        }
    }

    fn bytes(&self) -> Option<u64> {
        match self {
            Self::File(path) => path.metadata().ok().map(|found| found.len()),
            Self::Gzip(_) | Self::Stream(..) => None,
        }
    }

    /// What follows `at`. A stream is given once.
    fn reader(&self, at: Position) -> Result<Reader, TransferError> {
        match self {
            Self::Stream(_, Stream(rest)) => {
                let rest = rest.lock().unwrap_or_else(PoisonError::into_inner).take();
                rest.ok_or_else(|| TransferError::Usage(format!("{} was read already", self.shown())))
            }
            Self::File(path) => {
                let mut file = File::open(path).map_err(self.unreadable())?;
                file.seek(SeekFrom::Start(at.offset)).map_err(self.unreadable())?;
                Ok(Box::new(file))
            }
            Self::Gzip(path) => {
                let file = BufReader::with_capacity(BUFFER_BYTES, File::open(path).map_err(self.unreadable())?);
                let mut reader = MultiGzDecoder::new(file);
                io::copy(&mut reader.by_ref().take(at.offset), &mut io::sink()).map_err(self.unreadable())?;
                Ok(Box::new(reader))
            }
        }
    }

    /// Gives back what was read too far.
    fn give_back(&self, read: Vec<u8>, reader: Reader) {
        if let Self::Stream(_, Stream(rest)) = self {
            *rest.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(io::Cursor::new(read).chain(reader)));
        }
    }

    fn unreadable(&self) -> impl FnOnce(io::Error) -> TransferError {
        let (Self::File(path) | Self::Gzip(path) | Self::Stream(path, _)) = self;
        TransferError::file("cannot read", path)
    }
}
