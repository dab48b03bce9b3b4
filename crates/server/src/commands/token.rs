//! `wardgraph token mint`

use std::{
    io::{Write, stderr},
    time::Duration,
};

use clap::Subcommand;
use wardgraph_kernel::{Clock, Permissions, SystemChance, SystemClock, TenantId};
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
        for scope in scopes.iter().filter(|scope| means_nothing(scope)) {
            writeln!(stderr(), "the scope `{scope}` allows nothing here: docs/permissions.md has those that do")?;
        }
        if !home.has_local_key() {
            writeln!(
                stderr(),
                "the data folder `{}` is new: a server with another one will not believe this",
                home.folder().display()
            )?;
        }
        let minter = if local { local_minter(&config, &home)? } else { minter(&config, &home)? };
        let now = SystemClock::start().now();
        let request = MintRequest { subject: sub, tenant, scopes, ttl: Duration::from_secs(ttl), now };
        writeln!(out, "{}", minter.mint(&request, &SystemChance)?.expose())?;
        Ok(true)
    }
}

/// Whether no permission comes of a scope. What follows a second colon only narrows it.
fn means_nothing(scope: &str) -> bool {
    let end = scope.match_indices(':').nth(1).map_or(scope.len(), |(at, _)| at);
    Permissions::from_scopes(scope.get(..end)) == Permissions::NONE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_scope_means_nothing() {
        for scope in ["nodes:read", "admin:refresh", "clients:read:wgc_0*"] {
            assert!(!means_nothing(scope), "{scope}");
        }
        for scope in ["nodes:reed", "node:read", "nodes", "", "kg:red"] {
            assert!(means_nothing(scope), "{scope}");
        }
    }
}
