//! `wardgraph token mint`

use std::{io::Write, time::Duration};

use clap::Subcommand;
use wardgraph_kernel::{Clock, SystemChance, SystemClock, TenantId};
use wardgraph_tokens::MintRequest;

use super::Context;
use crate::wire::{StartError, minter};

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
        /// How many seconds it is good.
        #[arg(long, default_value_t = 3_600)]
        ttl: u64,
    },
}

impl Token {
    pub(super) fn run(self, context: &Context, out: &mut impl Write) -> Result<bool, StartError> {
        let Self::Mint { tenant, scopes, sub, ttl } = self;
        let tenant = TenantId::parse(&tenant).map_err(|error| format!("--tenant: {error}"))?;
        let minter = minter(&context.config()?, &context.home()?)?;
        let now = SystemClock::start().now();
        let request = MintRequest { subject: sub, tenant, scopes, ttl: Duration::from_secs(ttl), now };
        writeln!(out, "{}", minter.mint(&request, &SystemChance)?.expose())?;
        Ok(true)
    }
}
