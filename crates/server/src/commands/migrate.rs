//! `wardgraph migrate`

use std::io::Write;

use clap::Args;
use wardgraph_store::guard;

use super::Context;
use crate::wire::{StartError, database};

/// Bring the database to this version, and end.
#[derive(Debug, Args)]
pub(super) struct Migrate {
    /// Give the database roles the passwords of this data folder, although they have others.
    #[arg(long)]
    reset_role_passwords: bool,
}

impl Migrate {
    pub(super) async fn run(self, context: &Context, out: &mut (impl Write + Send)) -> Result<bool, StartError> {
        let config = context.config()?;
        crate::telemetry::start(&config);
        let database = database(&config, &context.home()?, self.reset_role_passwords).await?;
        guard::check(&database.logins).await?;
        writeln!(out, "the database is at this version, and nothing leaks")?;
        database.stop().await?;
        Ok(true)
    }
}
