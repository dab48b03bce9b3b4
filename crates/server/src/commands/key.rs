//! `wardgraph key`

use std::{io::Write, sync::Arc};

use clap::Subcommand;
use wardgraph_gate::SystemParts;
use wardgraph_kernel::{SystemChance, SystemClock};
use wardgraph_store::Role;
use wardgraph_tokens::Rotation;
use wardgraph_worker::KeyKeeper;

use super::Context;
use crate::wire::{StartError, issuer, store_beside, vault};

/// The server's own keys.
#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Show which master key wraps how many data keys, and which keys sign.
    Show,
    /// Change to another master key, while servers serve; or, with `--signing`, have other keys sign tokens.
    Rotate {
        /// The keys that sign tokens, instead of the master key.
        #[arg(long)]
        signing: bool,
        /// Take the signing keys back that there are: every token that they signed is good no more. For keys that leaked.
        #[arg(long, requires = "signing")]
        revoke: bool,
    },
}

impl Key {
    pub(super) async fn run(self, context: &Context, out: &mut (impl Write + Send)) -> Result<bool, StartError> {
        let (config, home) = (context.config()?, context.home()?);
        let store = store_beside(&config, &home, &[Role::Worker])?;
        let vault = vault(&config, &home, &config.egress.open()?).await?;
        let issuer = issuer(&config, config.http.listen, &vault)?;
        let parts = SystemParts { store: store.clone(), clock: Arc::new(SystemClock::start()), chance: Arc::new(SystemChance) };
        let keeper = KeyKeeper::new(parts, vault, issuer);
        let outcome = match self {
            Self::Show => show(&keeper, out).await,
            Self::Rotate { signing: false, .. } => rotate_master(&keeper, out).await,
            Self::Rotate { revoke, .. } => rotate_signing(&keeper, revoke, out).await,
        };
        store.close();
        outcome.map(|()| true)
    }
}

async fn show(keeper: &KeyKeeper, out: &mut (impl Write + Send)) -> Result<(), StartError> {
    let (masters, signing) = keeper.states().await?;
    for master in masters {
        let current = if master.current { ", the current one" } else { "" };
        writeln!(out, "master key {}: wraps {} data keys{current}", master.master, master.data_keys)?;
    }
    for key in signing {
        let ends = key.verifies_until.map(|until| format!(", ends {until}")).unwrap_or_default();
        writeln!(
            out,
            "signing key {} ({}): made {}, signs from {}{ends}",
            key.key_id, key.algorithm, key.made_at, key.signs_from
        )?;
    }
    Ok(())
}

async fn rotate_master(keeper: &KeyKeeper, out: &mut (impl Write + Send)) -> Result<(), StartError> {
    let told = match keeper.rotate_master().await? {
        Some(change) => format!("the master key is {} now; {} data keys were wrapped anew", change.master, change.rewrapped),
        None => "`vault.master_key` is the current master key already: configure another one, and this one as `vault.previous_master_key`".to_owned(),
    };
    writeln!(out, "{told}")?;
    Ok(())
}

async fn rotate_signing(keeper: &KeyKeeper, revoke: bool, out: &mut (impl Write + Send)) -> Result<(), StartError> {
    let rotation = if revoke { Rotation::Revoking } else { Rotation::Overlapping };
    for key in keeper.rotate_signing(rotation).await? {
        writeln!(out, "{} signs {} from {}", key.key_id, key.algorithm, key.signs_from)?;
        for revoked in key.revoked {
            writeln!(out, "{revoked} was taken back")?;
        }
    }
    Ok(())
}
