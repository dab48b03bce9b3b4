//! `wardgraph import`

use std::{io::Write, path::PathBuf};

use clap::Args;

use super::{Context, access::AccessFlags};
use crate::{
    demo::grouped,
    transfer::{Columns, Counts, Format, ImportOptions, Imported, Source, SourceOptions, TransferError, import},
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
    /// Which columns of a table play which roles: `external_id=ISBN,classes=genre,text=abstract`.
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
    /// Where to keep how far it is [default: SOURCE.checkpoint].
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// Where to keep rejected lines [default: SOURCE.rejects].
    #[arg(long)]
    rejects: Option<PathBuf>,
    /// How many batches are in flight at once.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    jobs: u8,
    /// Replace nodes that are there already by what the source says of them.
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
        let source = if self.source.as_os_str() == "wordnet" {
            let folder = self.dir.map_or_else(|| context.config().map(|config| cache_dir(&config).join("wordnet/dict")), Ok);
            Source::wordnet(&folder.map_err(TransferError::Setup)?).await?
        } else {
            let (path, format, columns) = (self.source, self.format, self.columns.unwrap_or_default());
            Source::open(SourceOptions { path, format, columns, classes: self.classes, name: self.name })?
        };
        let options = ImportOptions {
            access: self.access.open(context, &["nodes:write", "edges:write"])?,
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

fn report(imported: &Imported, update: bool, out: &mut impl Write) -> std::io::Result<()> {
    let Counts { nodes_created, nodes_there, nodes_updated, nodes_unchanged, edges_created, edges_there, rejected } =
        imported.counts;
    write!(out, "nodes: {} created, ", grouped(nodes_created))?;
    if update {
        writeln!(out, "{} updated, {} unchanged", grouped(nodes_updated), grouped(nodes_unchanged))?;
    } else {
        writeln!(out, "{} there already", grouped(nodes_there))?;
    }
    writeln!(out, "edges: {} created, {} there already", grouped(edges_created), grouped(edges_there))?;
    let kept = imported.rejects.as_ref().map(|path| format!(", kept in {}", path.display())).unwrap_or_default();
    writeln!(out, "rejected: {}{kept}", grouped(rejected))?;
    writeln!(out, "{} after {:.1} s", if imported.stopped { "stopped at a bad line" } else { "done" }, imported.seconds)
}
