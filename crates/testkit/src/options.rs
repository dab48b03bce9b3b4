//! What a test wants of its server otherwise than usual.

use std::sync::Arc;

use wardgraph_gate::{Gate, Proxies, WebhookKeys};
use wardgraph_http::{Accounts, Edge, Mounted, ServeLimits, Services, Tls};
use wardgraph_identity::{
    Keys as AccountKeys,
    mail::Mailer,
    password::{Breached, Cost, HashPool, PoolOptions},
    session::Lifetimes,
};
use wardgraph_limits::LimitTable;
use wardgraph_store::{StatementInfo, Timeouts};
use wardgraph_tokens::{Algorithm, Issuer};
use wardgraph_vault::MasterSource;
use wardgraph_worker::TierOptions;

/// What a test wants otherwise than usual.
#[derive(Debug)]
pub struct AppOptions {
    /// The limits; none unless a test is about them.
    pub limits: LimitTable,
    /// Which proxies are believed.
    pub proxies: Proxies,
    /// How long the database may take.
    pub timeouts: Timeouts,
    /// Connections of the pool that serves requests.
    pub connections: usize,
    /// What is mounted: the server's own table, or that of a test.
    pub api: fn(Arc<Gate>, &Services, Edge) -> Mounted,
    /// What holds for every endpoint alike.
    pub edge: Edge,
    /// What a client may take of the listener.
    pub serving: ServeLimits,
    /// The listener's TLS.
    pub tls: Option<Arc<Tls>>,
    /// Statements of a test's own, besides the server's.
    pub statements: Vec<&'static StatementInfo>,
    /// The keys of outside systems that sign what they send.
    pub webhooks: WebhookKeys,
    /// When tenants change tiers of search.
    pub tiers: TierOptions,
    /// Issuers besides the usual outside one and the server's own.
    pub issuers: Vec<Issuer>,
    /// Whether the server hears what other servers changed by itself, as a real one does. Else when the test says so.
    pub listens: bool,
    /// The algorithms of the server's own tokens.
    pub algorithms: Vec<Algorithm>,
    /// Whether an account must show that its address is its owner's before it can sign in.
    pub verifies: bool,
    /// Whether anybody may register.
    pub closed: bool,
    /// What a password's hash costs: little, unless a test is about it.
    pub cost: Cost,
    /// Where passwords are looked up that were leaked elsewhere.
    pub breached: Option<Breached>,
    /// The threads that work passwords out.
    pub hashing: PoolOptions,
    /// When answers go out whose time must not tell what was found: at once, unless a test is about it.
    pub beat: std::time::Duration,
    /// Who takes messages instead of [`App::mails`].
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Where master keys come from; [`MASTER_KEY`] if nothing is said.
    pub masters: Option<Arc<dyn MasterSource>>,
}

impl Default for AppOptions {
    fn default() -> Self {
        Self {
            limits: LimitTable::disabled(),
            proxies: Proxies::default(),
            timeouts: Timeouts::default(),
            connections: 4,
            api: wardgraph_http::api,
            edge: Edge::default(),
            serving: ServeLimits::default(),
            tls: None,
            statements: Vec::new(),
            webhooks: Vec::new(),
            tiers: TierOptions::default(),
            issuers: Vec::new(),
            listens: false,
            algorithms: vec![Algorithm::ES256],
            verifies: false,
            closed: false,
            cost: Cost { memory_kib: 64, passes: 1 },
            breached: None,
            hashing: PoolOptions { threads: 2, queue: 64 },
            beat: std::time::Duration::ZERO,
            mailer: None,
            masters: None,
        }
    }
}

impl AppOptions {
    /// How accounts are kept, once their keys are there.
    pub(crate) fn accounts(&self) -> impl FnOnce(&AccountKeys) -> Accounts + use<> {
        let (hashing, cost, beat, open, verifies) = (self.hashing, self.cost, self.beat, !self.closed, self.verifies);
        let breached = self.breached.clone();
        move |keys| Accounts {
            keys: keys.clone(),
            breached,
            pool: HashPool::start(hashing).unwrap(),
            lifetimes: Lifetimes::default(),
            cost,
            open,
            verifies,
            beat,
        }
    }
}
