//! `wardgraph config`

use std::io::Write;

use clap::Args;

use super::Context;
use crate::{config::documentation, wire::StartError};

/// Show every setting, its value and where it came from.
#[derive(Debug, Args)]
pub(super) struct ShowConfig {
    /// Print the documentation of every setting instead, as `docs/configuration.md`.
    #[arg(long)]
    markdown: bool,
}

impl ShowConfig {
    pub(super) fn run(self, context: &Context, out: &mut impl Write) -> Result<bool, StartError> {
        if self.markdown {
            out.write_all(documentation().as_bytes())?;
            return Ok(true);
        }
        for setting in context.settings.all() {
            writeln!(out, "{:<34} {:<28} {}", setting.name, setting.shown(), setting.source)?;
        }
        context.config().map(|_| true)
    }
}
