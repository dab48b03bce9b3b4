//! The main job end to end on real data, against a running server: two tenants load slices of WordNet, search and walk them,
//! and then one of them attacks the other. Every step has a verdict; a leak or a failure fails the whole.

mod answer;
mod attack;
mod bar;
mod client;
mod load;
mod questions;
mod readback;
mod ready;
mod report;
mod side;
mod slice;
mod story;
mod verdict;
mod walk;

use std::{fmt, io, path::PathBuf, sync::Arc};

use wardgraph_kernel::{Chance, Clock, tenant::InvalidTenantId};
use wardgraph_tokens::{MintError, Minter};

pub use story::run;
pub(crate) use verdict::grouped;

use crate::{client::ClientError, wordnet::WordnetError};

/// How many nodes tenant A gets at least, unless told otherwise.
pub const DEFAULT_NODES: usize = 10_000;

/// What the demo runs against, and with.
pub struct DemoOptions {
    /// The running server, as `http://127.0.0.1:8080`.
    pub url: String,
    /// The folder with WordNet's `data.noun`, `data.verb`, `data.adj` and `data.adv`.
    pub wordnet: PathBuf,
    /// Signs the tokens of both tenants. The server must trust its issuer.
    pub minter: Minter,
    /// The runtime role's own login, for the steps in the database. Without it those count as failed.
    pub app_login: Option<wardgraph_store::Login>,
    /// How many nodes tenant A gets at least; lexicographer files are taken whole.
    pub nodes: usize,
    /// Whether standard output is a terminal that a bar can be drawn on.
    pub terminal: bool,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for tokens.
    pub chance: Arc<dyn Chance>,
}

impl fmt::Debug for DemoOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The login holds a password.
        f.debug_struct("DemoOptions").field("url", &self.url).field("nodes", &self.nodes).finish_non_exhaustive()
    }
}

/// Why the demo could not begin, or could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Nobody answers, or not in time.
    #[error("no server answers at {url} ({cause}); start it with `wardgraph serve`, or name another with --url")]
    NoServer {
        /// Where.
        url: String,
        /// Why.
        cause: String,
    },
    /// There is no client for that URL.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// WordNet cannot be read.
    #[error(transparent)]
    Wordnet(#[from] WordnetError),
    /// WordNet has fewer synsets than wanted.
    #[error("WordNet has {there} synsets for tenant A, and {wanted} were wanted")]
    Nodes {
        /// How many nodes were wanted.
        wanted: usize,
        /// How many there are.
        there: usize,
    },
    /// A token cannot be signed.
    #[error("no token can be signed: {0}")]
    Mint(#[from] MintError),
    /// A tenant's id is none.
    #[error(transparent)]
    Tenant(#[from] InvalidTenantId),
    /// The report cannot be written.
    #[error("the report cannot be written: {0}")]
    Output(#[from] io::Error),
}
