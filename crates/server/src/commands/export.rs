//! `wardgraph export`

use std::{io::Write, path::PathBuf};

use clap::Args;

use super::{Context, access::AccessFlags};
use crate::{
    transfer::{ExportOptions, export},
    wire::StartError,
};

/// Write a tenant's nodes and edges as JSON lines, as `import` takes them.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The file, or `-` for standard output. It appears when it is whole.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    access: AccessFlags,
    /// Begin anew, although there is a checkpoint.
    #[arg(long)]
    restart: bool,
}

impl Export {
    pub(super) async fn run(self, context: &Context, out: &mut (impl Write + Send)) -> Result<bool, StartError> {
        let options = ExportOptions {
            access: self.access.open(context, &["nodes:read", "edges:read"])?,
            out: Some(self.out).filter(|out| out.as_os_str() != "-"),
            restart: self.restart,
            show: self.access.show(),
        };
        export(options, out).await?;
        Ok(true)
    }
}
