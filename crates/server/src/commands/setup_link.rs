//! `wardgraph user setup-link`

use std::{io::Write, sync::Arc, time::Duration};

use clap::Args;
use serde_json::json;
use wardgraph_audit::{Entry, Subject};
use wardgraph_gate::SystemParts;
use wardgraph_identity::{
    Address,
    setup::{self, NewLink},
};
use wardgraph_kernel::{EventType, SubjectKind, SystemChance, SystemClock};
use wardgraph_store::Role;

use super::Context;
use crate::wire::{StartError, public_url, store_beside};

/// The longest that a link is good.
const LONGEST: Duration = Duration::from_hours(24);
/// The shortest.
const SHORTEST: Duration = Duration::from_mins(1);

/// Print a link, once, by which whoever opens it makes the first administrator of the server.
#[derive(Debug, Args)]
pub(super) struct SetupLink {
    /// The e-mail address of the account that it makes; else whoever opens it says one.
    #[arg(long)]
    email: Option<String>,
    /// How long the link is good: a minute to a day.
    #[arg(long, default_value = "1h", value_parser = lifetime)]
    expires_in: Duration,
    /// Make the link although the server has an administrator.
    #[arg(long)]
    another: bool,
    /// Where the server listens, if it was started with `--listen`: the link leads there, unless `public_url` is set.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
}

impl SetupLink {
    pub(super) async fn run(self, context: &mut Context, out: &mut (impl Write + Send)) -> Result<bool, StartError> {
        if let Some(listen) = &self.listen {
            context.settings.set("http.listen", listen.clone(), "--listen");
        }
        let (config, home) = (context.config()?, context.home()?);
        if config.own.public_url.is_none() && config.http.listen.port() == 0 {
            return Err("the link has no port: say `--listen` with the address that the server printed".into());
        }
        let email =
            self.email.as_deref().map(|text| Address::parse(text).ok_or("--email: must be an e-mail address")).transpose()?;
        let store = store_beside(&config, &home, &[Role::Identity])?;
        let parts = SystemParts { store: store.clone(), clock: Arc::new(SystemClock::start()), chance: Arc::new(SystemChance) };
        let new = NewLink { email: email.as_ref(), another: self.another, good_for: self.expires_in };
        let made = make(&parts, &new).await;
        store.close();
        let token = made?;
        writeln!(out, "{}/setup?token={}", public_url(&config, config.http.listen), token.expose())?;
        Ok(true)
    }
}

async fn make(parts: &SystemParts, new: &NewLink<'_>) -> Result<wardgraph_kernel::Secret, StartError> {
    let mut work = parts.accounts("user setup-link")?;
    let now = work.now();
    let made = setup::make(&mut work.tx(), new, now, &*parts.chance).await?;
    let (id, token) = made.ok_or("the server has an administrator: `--another` makes a link for one more")?;
    let subject = Subject { kind: SubjectKind::SetupLink, id: id.to_string() };
    let payload = json!({ "another": new.another, "good_for_s": new.good_for.as_secs() });
    work.commit(vec![Entry::done(EventType::SetupLinkMade, subject).with(payload)]).await?;
    Ok(token)
}

/// `90s`, `30m`, `1h`.
fn lifetime(text: &str) -> Result<Duration, String> {
    let wanted = || "must be a minute to a day, like `30m` or `1h`".to_owned();
    let life: jiff::SignedDuration = text.parse().map_err(|_| wanted())?;
    let life = Duration::try_from(life).map_err(|_| wanted())?;
    (SHORTEST..=LONGEST).contains(&life).then_some(life).ok_or_else(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_a_minute_to_a_day() {
        for (text, seconds) in [("1h", 3_600), ("90s", 90), ("30m", 1_800), ("24h", 86_400)] {
            assert_eq!(lifetime(text).unwrap().as_secs(), seconds, "{text}");
        }
        for bad in ["", "0s", "59s", "25h", "-1h", "1", "forever", "1d1d"] {
            assert!(lifetime(bad).is_err(), "{bad}");
        }
    }
}
