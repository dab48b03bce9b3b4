//! `wardgraph demo`

use std::{
    io::{IsTerminal, Write},
    sync::Arc,
};

use clap::Args;
use wardgraph_kernel::{SystemChance, SystemClock};
use wardgraph_store::Role;

use super::Context;
use crate::{
    demo::{DemoOptions, run},
    wire::{StartError, cache_dir, login_of, minter},
};

/// Show that two tenants cannot see each other, on real data, against the running server.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// The running server.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// How many nodes to load for the first tenant, at least.
    #[arg(long, default_value_t = 10_000)]
    nodes: usize,
}

impl Demo {
    pub(super) async fn run(self, context: &Context, out: &mut (impl Write + Send)) -> Result<bool, StartError> {
        let (config, home) = (context.config()?, context.home()?);
        let options = DemoOptions {
            url: self.url,
            wordnet: cache_dir(&config).join("wordnet/dict"),
            minter: minter(&config, &home)?,
            app_login: login_of(&config, &home, Role::App)?,
            nodes: self.nodes,
            terminal: std::io::stdout().is_terminal(),
            clock: Arc::new(SystemClock::start()),
            chance: Arc::new(SystemChance),
        };
        Ok(run(options, out).await?)
    }
}
