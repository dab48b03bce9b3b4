//! `wardgraph session`

use std::{io::Write, sync::Arc};

use clap::Subcommand;
use serde_json::json;
use wardgraph_audit::Entry;
use wardgraph_gate::SystemParts;
use wardgraph_identity::people;
use wardgraph_kernel::{EventType, Outcome, SystemChance, SystemClock};
use wardgraph_store::Role;
use wardgraph_tokens::{MAX_ACCESS_LIFE, Revocation, revoke};

use super::Context;
use crate::wire::{StartError, store_beside};

/// People's sessions.
#[derive(Debug, Subcommand)]
pub(super) enum Session {
    /// End sessions, while servers serve: within a second none takes their tokens any more. API keys live on.
    End {
        /// Those of everybody: after a leak.
        #[arg(long)]
        everybody: bool,
    },
}

impl Session {
    pub(super) async fn run(self, context: &Context, out: &mut (impl Write + Send)) -> Result<bool, StartError> {
        let Self::End { everybody } = self;
        if !everybody {
            return Err("say whose sessions: `--everybody`. One person's an administrator ends over HTTP".into());
        }
        let (config, home) = (context.config()?, context.home()?);
        let store = store_beside(&config, &home, &[Role::Identity])?;
        let parts = SystemParts { store: store.clone(), clock: Arc::new(SystemClock::start()), chance: Arc::new(SystemChance) };
        let ended = end_everybodys(&parts).await;
        store.close();
        let count = ended?;
        writeln!(out, "{count} sessions ended: everybody signs in again")?;
        Ok(true)
    }
}

async fn end_everybodys(parts: &SystemParts) -> Result<i64, StartError> {
    let mut work = parts.accounts("session end")?;
    let now = work.now();
    let ended = people::end_everybodys_sessions(&mut work.tx(), MAX_ACCESS_LIFE, now).await?;
    for session in &ended.with_tokens {
        revoke(&mut work.tx(), Revocation::Session(&session.to_string()), now).await?;
    }
    let payload = json!({ "everybody": true, "ended": ended.count });
    let entry = Entry { event_type: EventType::SessionEnded, subject: None, outcome: Outcome::Success, payload };
    work.commit(vec![entry]).await?;
    Ok(ended.count)
}
