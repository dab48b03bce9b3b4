//! `wardgraph token mint`

use std::{io::Write, time::Duration};

use clap::Subcommand;
use wardgraph_kernel::{Clock, SystemChance, SystemClock, TenantId};
use wardgraph_tokens::MintRequest;

use super::Context;
use crate::wire::{StartError, local_minter, minter};

/// Test tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Print a signed token that this server believes.
    Mint {
        /// The tenant it is for.
        #[arg(long)]
        tenant: String,
        /// What it may do, separated by commas.
        #[arg(long, value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// Whom it names.
        #[arg(long, default_value = "test-user")]
        sub: String,
        /// Sign with the data folder's own key, although an outside issuer's secret is configured: the only way to `system:read` and `shared:write` there.
        #[arg(long)]
        local: bool,
        /// How many seconds it is good.
        #[arg(long, default_value_t = 3_600)]
        ttl: u64,
    },
}

impl Token {
    pub(super) fn run(self, context: &Context, out: &mut impl Write) -> Result<bool, StartError> {
        let Self::Mint { tenant, scopes, sub, local, ttl } = self;
        let tenant = TenantId::parse(&tenant).map_err(|error| format!("--tenant: {error}"))?;
        let (config, home) = (context.config()?, context.home()?);
        let minter = if local { local_minter(&config, &home)? } else { minter(&config, &home)? };
        let now = SystemClock::start().now();
        let request = MintRequest { subject: sub, tenant, scopes, ttl: Duration::from_secs(ttl), now };
        writeln!(out, "{}", minter.mint(&request, &SystemChance)?.expose())?;
        Ok(true)
    }
}
