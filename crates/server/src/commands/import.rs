//! `wardgraph import`

use std::{io::Write, path::PathBuf};

use clap::Args;

use super::{Context, access::AccessFlags};
use crate::{
    demo::grouped,
    transfer::{Columns, Delimiter, Format, ImportOptions, Imported, Source, SourceOptions, TransferError, import},
    wire::{StartError, cache_dir},
};

/// Bring nodes and edges in, through the running server. Started again after it was cut off, it goes on where it was.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// A file of JSON lines or a CSV table, `-` for standard input, or `wordnet`.
    source: PathBuf,
    /// With `wordnet`: the folder of its data files, if it is not the cache's.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The form of the file, if it is not that of its name.
    #[arg(long)]
    format: Option<Format>,
    /// What sets the columns of a table apart: one character, or `tab` [default: a comma; a tab if the file's name ends in `.tsv`].
    #[arg(long, value_name = "CHARACTER")]
    delimiter: Option<Delimiter>,
    /// Which columns of a table play which roles: `external_id=ISBN,classes=genre,text=abstract,props.year:int=Year`.
    ///
    /// Columns named `props.NAME` and `metadata.NAME` need no role. Either can end in a type, `:text`, `:int`, `:float`, `:bool` or `:json`;
    /// a field that is not of it rejects its line. Every other column is a property, as a text.
    #[arg(long, value_name = "ROLE=COLUMN,...")]
    columns: Option<Columns>,
    /// A class that every node of a table gets; can be given again.
    #[arg(long = "class", value_name = "CLASS")]
    classes: Vec<String>,
    /// What nodes without an external id are named after, if it is not the file's name.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    access: AccessFlags,
    /// Where to keep how far it is [default: SOURCE.checkpoint; for `wordnet` wordnet-TENANT-SERVER.checkpoint in this folder].
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// Where to keep rejected lines [default: SOURCE.rejects; for `wordnet` as the checkpoint].
    #[arg(long)]
    rejects: Option<PathBuf>,
    /// How many batches are in flight at once.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    jobs: u8,
    /// Replace nodes and the props of edges that are there already by what the source says of them.
    #[arg(long)]
    update: bool,
    /// Stop at the first bad line.
    #[arg(long)]
    strict: bool,
    /// Begin anew, although there is a checkpoint.
    #[arg(long)]
    restart: bool,
}

impl Import {
    /// True if everything is in.
    pub(super) async fn run(self, context: &Context, out: &mut (impl Write + Send)) -> Result<bool, StartError> {
        let is_wordnet = self.source.as_os_str() == "wordnet";
        let of_files = self.format.is_some() || self.delimiter.is_some() || self.columns.is_some() || self.name.is_some();
        if is_wordnet && (of_files || !self.classes.is_empty()) {
            return usage(
                "--format, --delimiter, --columns, --class and --name are of files: a file of that name is `./wordnet`",
            );
        }
        if !is_wordnet && self.dir.is_some() {
            return usage("--dir is for `wordnet`");
        }
        let source = if is_wordnet {
            let folder = self.dir.map_or_else(|| context.config().map(|config| cache_dir(&config).join("wordnet/dict")), Ok);
            Source::wordnet(&folder.map_err(TransferError::Setup)?).await?
        } else {
            let (path, format, columns) = (self.source, self.format, self.columns.unwrap_or_default());
            let (delimiter, classes, name) = (self.delimiter, self.classes, self.name);
            Source::open(SourceOptions { path, format, delimiter, columns, classes, name })?
        };
        let options = ImportOptions {
            access: self.access.open(context, &["nodes:write", "edges:write", "admin:refresh"])?,
            checkpoint: self.checkpoint,
            rejects: self.rejects,
            jobs: self.jobs.into(),
            update: self.update,
            strict: self.strict,
            restart: self.restart,
            show: self.access.show(),
        };
        let imported = import(source, options).await?;
        report(&imported, self.update, out).map_err(|error| TransferError::Setup(error.into()))?;
        Ok(imported.counts.rejected == 0)
    }
}

fn usage(reason: &str) -> Result<bool, StartError> {
    Err(TransferError::Usage(reason.to_owned()).into())
}

fn report(imported: &Imported, update: bool, out: &mut impl Write) -> std::io::Result<()> {
    let counts = imported.counts;
    let (nodes, edges) = (grouped(counts.nodes_created), grouped(counts.edges_created));
    if update {
        let replaced = |updated, unchanged| format!("{} updated, {} unchanged", grouped(updated), grouped(unchanged));
        writeln!(out, "nodes: {nodes} created, {}", replaced(counts.nodes_updated, counts.nodes_unchanged))?;
        writeln!(out, "edges: {edges} created, {}", replaced(counts.edges_updated, counts.edges_unchanged))?;
    } else {
        let others = match counts.edges_differing {
            0 => String::new(),
            differing => format!(", {} of them with other props (--update replaces them)", grouped(differing)),
        };
        writeln!(out, "nodes: {nodes} created, {} there already", grouped(counts.nodes_there))?;
        writeln!(out, "edges: {edges} created, {} there already{others}", grouped(counts.edges_there))?;
    }
    if counts.cleaned > 0 {
        writeln!(out, "cleaned: {}, of which active HTML was taken out", grouped(counts.cleaned))?;
    }
    if counts.undated > 0 {
        writeln!(out, "undated: {}, created as of now: their times want `admin:refresh`", grouped(counts.undated))?;
    }
    let kept = imported.rejects.as_ref().map(|path| format!(", kept in {}", path.display())).unwrap_or_default();
    writeln!(out, "rejected: {}{kept}", grouped(counts.rejected))?;
    writeln!(out, "{} after {:.1} s", if imported.stopped { "stopped at a bad line" } else { "done" }, imported.seconds)
}
