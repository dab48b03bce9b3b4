//! The flags by which a command calls a running server.

use std::{
    fs,
    io::{IsTerminal, stderr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use clap::Args;
use wardgraph_kernel::{Clock, Secret, SystemChance, SystemClock, TenantId};
use wardgraph_tokens::MintRequest;

use super::Context;
use crate::{
    transfer::{Access, Show, TransferError},
    wire::{StartError, minter},
};

/// How long a token lives that is made for one command.
const TTL: Duration = Duration::from_hours(12);

/// Which server, who calls, and how much is told.
#[derive(Debug, Args)]
pub(super) struct AccessFlags {
    /// The running server [default: http://ADDRESS of `http.listen`].
    #[arg(long)]
    url: Option<String>,
    /// A token. Others can see it in the list of processes: better in a file, or in the variable WARDGRAPH_TOKEN, which counts where nothing is said.
    #[arg(long, conflicts_with_all = ["token_file", "tenant"])]
    token: Option<String>,
    /// A file that holds a token. It is read again when the token has ended.
    #[arg(long, conflicts_with = "tenant")]
    token_file: Option<PathBuf>,
    /// Make a token for this tenant with the data folder's own key, as `token mint` does.
    #[arg(long)]
    tenant: Option<String>,
    /// For how many seconds a server that does not answer is asked again.
    #[arg(long, default_value_t = 180)]
    patience: u64,
    /// Tell nothing of how far it is.
    #[arg(long)]
    quiet: bool,
}

impl AccessFlags {
    /// The way to the server, with a token that may do `scopes` if one is made here.
    pub(super) fn open(&self, context: &Context, scopes: &[&str]) -> Result<Access, TransferError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let token = self.token(context, scopes, &*clock).map_err(TransferError::Setup)?;
        let url = match &self.url {
            Some(url) => url.clone(),
            None => listener(context).map_err(TransferError::Setup)?,
        };
        Ok(Access { url, token, token_file: self.token_file.clone(), patience: Duration::from_secs(self.patience), clock })
    }

    /// Where progress is told.
    pub(super) fn show(&self) -> Show {
        match (self.quiet, stderr().is_terminal()) {
            (true, _) => Show::Nothing,
            (false, true) => Show::Drawn,
            (false, false) => Show::Lines,
        }
    }

    fn token(&self, context: &Context, scopes: &[&str], clock: &dyn Clock) -> Result<Secret, StartError> {
        if let Some(path) = &self.token_file {
            let text = fs::read_to_string(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
            return Ok(Secret::new(text.trim()));
        }
        if let Some(token) = &self.token {
            return Ok(Secret::new(token.trim()));
        }
        let tenant = match (&self.tenant, &context.token) {
            // What is given on the command line is meant; the environment's token may stand there for other commands.
            (Some(tenant), _) => TenantId::parse(tenant).map_err(|error| format!("--tenant: {error}"))?,
            (None, Some(token)) => return Ok(token.clone()),
            (None, None) => return Err("who calls? Give --token-file, WARDGRAPH_TOKEN, or --tenant".into()),
        };
        let home = context.home()?;
        if !home.has_local_key() {
            let folder = home.folder().display();
            return Err(format!("no server has its key in the data folder `{folder}`: say --data-dir, or give a token").into());
        }
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let request = MintRequest { subject: "transfer".into(), tenant, scopes, ttl: TTL, now: clock.now() };
        Ok(minter(&context.config()?, &home)?.mint(&request, &SystemChance)?)
    }
}

/// Where the server with this configuration is reached from this machine.
fn listener(context: &Context) -> Result<String, StartError> {
    let http = context.config()?.http;
    let mut address = http.listen;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    Ok(format!("{}://{address}", http.scheme()))
}
