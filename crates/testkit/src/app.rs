//! The whole server but for its binary: real HTTP on a free loopback port, a database of its own, a clock that stands still.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use tokio::{net::TcpListener, task::JoinHandle};
use wardgraph_egress::{Egress, Names, Rules};
use wardgraph_embed::{Embedder, ModelKind};
use wardgraph_gate::{Gate, GateParts, Proxies, SystemParts, WebhookKeys};
use wardgraph_graph::{
    embedding::Backlog,
    node::MostVersions,
    search::{Coverage, Routes},
};
use wardgraph_http::{
    Accounts, Edge, FactorRules, HealthState, Mounted, Provisions, QueryVectors, Registering, ServeLimits, Services, Tls,
};
use wardgraph_identity::{
    Keys as AccountKeys,
    mail::Mailer,
    password::{Breached, Cost, HashPool, PoolOptions},
    session::Lifetimes,
};
use wardgraph_kernel::{Clock, ManualClock, Permissions, SeededChance, Timestamp};
use wardgraph_limits::{LimitTable, Limiter};
use wardgraph_store::{Role, StatementInfo, Store, StoreOptions, Timeouts};
use wardgraph_tokens::{AccessRequest, Algorithm, Chain, Issuer, LocalKey, Minter, OWN_CLIENT, OwnIssuer, RemoteKeys, Verifier};
use wardgraph_vault::{FixedSource, MasterSource, Vault};
use wardgraph_worker::{
    AccountKeeper, CoverageKeeper, EmbeddingWorker, ForgettingWorker, KeyKeeper, MailWorker, OrganizationKeeper, PurgeWorker,
    TierKeeper, TierOptions, WorkerOptions,
};

use crate::{
    Caller, ClientOptions, Cluster, Database, Mailbox, Person,
    cluster::repository,
    issuers::{outside, own_issuer},
    security_key::party,
};

/// When every test begins: 2026-01-01T00:00:00Z.
pub const START: i64 = 1_767_225_600;
/// How long a deleted node can be brought back in tests.
pub const GRACE: std::time::Duration = std::time::Duration::from_hours(30 * 24);
/// `iss` of the tokens that tests mint.
pub(crate) const ISS: &str = "https://issuer.test";
/// `aud` of the tokens that tests mint.
pub(crate) const AUDIENCE: &str = "activekg";
/// The shared secret of the outside issuer, HS256 as in the seed.
pub(crate) const SECRET: &str = "test-secret-of-the-outside-issuer-0123456789";

/// `iss` of the tokens that the server under test issues itself.
pub const OWN_ISS: &str = "https://wardgraph.test";
/// The master key of tests: 32 bytes in base64.
pub const MASTER_KEY: &str = "dGVzdC1tYXN0ZXIta2V5LW9mLXRoaXJ0eS10d28tYi4=";

/// What a test wants otherwise than usual.
#[derive(Debug)]
pub struct AppOptions {
    /// The limits; none unless a test is about them.
    pub limits: LimitTable,
    /// Which proxies are believed.
    pub proxies: Proxies,
    /// How long the database may take.
    pub timeouts: Timeouts,
    /// Connections of the pool that serves requests; a quarter as many look after accounts.
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
    /// How people come to have accounts.
    pub registration: Registering,
    /// What is asked of second factors.
    pub factors: FactorRules,
    /// What a password's hash costs: little, unless a test is about it.
    pub cost: Cost,
    /// Where passwords are looked up that were leaked elsewhere.
    pub breached: Option<Breached>,
    /// The threads that work passwords out: with the weight of any other, as tests leave no core idle.
    pub hashing: PoolOptions,
    /// Whether passkeys are for pages of this very server, at `http://localhost:PORT`, instead of those at [`OWN_ISS`].
    pub pages_here: bool,
    /// When answers go out whose time must not tell what was found: at once, unless a test is about it.
    pub beat: std::time::Duration,
    /// Who takes messages instead of [`App::mails`].
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Where clients of the OAuth server publish their keys; on public hosts alone if nothing is said.
    pub client_keys: Option<Arc<RemoteKeys>>,
    /// How clients come that nobody registered.
    pub newcomers: ClientOptions,
    /// Who makes vectors, of searches and of nodes; WordLlama if nothing is said.
    pub embedder: Option<Arc<dyn Embedder>>,
    /// How many earlier versions of a node are kept.
    pub most_versions: MostVersions,
    /// Where master keys come from; [`MASTER_KEY`] if nothing is said.
    pub masters: Option<Arc<dyn MasterSource>>,
}

impl Default for AppOptions {
    fn default() -> Self {
        Self {
            limits: LimitTable::disabled(),
            proxies: Proxies::default(),
            timeouts: Timeouts::default(),
            connections: 5,
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
            registration: Registering::Open,
            factors: FactorRules::default(),
            cost: Cost { memory_kib: 64, passes: 1 },
            breached: None,
            hashing: PoolOptions { threads: 2, queue: 64, stand_back: false },
            pages_here: false,
            beat: std::time::Duration::ZERO,
            mailer: None,
            client_keys: None,
            newcomers: ClientOptions::default(),
            embedder: None,
            most_versions: MostVersions::USUAL,
            masters: None,
        }
    }
}

impl AppOptions {
    /// How accounts are kept, once their keys are there.
    fn accounts(&self) -> impl FnOnce(&AccountKeys, u16) -> Accounts + use<> {
        let (here, hashing, cost, beat, verifies) = (self.pages_here, self.hashing, self.cost, self.beat, self.verifies);
        let (registration, factors, breached) = (self.registration, self.factors, self.breached.clone());
        move |keys, port| Accounts {
            keys: keys.clone(),
            breached,
            pool: HashPool::start(hashing).unwrap(),
            lifetimes: Lifetimes::default(),
            cost,
            registration,
            factors,
            verifies,
            passkeys: Some(party(here.then_some(port))),
            beat,
        }
    }
}

/// A server for one test.
#[derive(Debug)]
pub struct App {
    /// `http://127.0.0.1:PORT`.
    pub base: String,
    /// Its database.
    pub database: Database,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// Its gate.
    pub gate: Arc<Gate>,
    /// Its store.
    pub store: Store,
    /// What it seals with.
    pub vault: Vault,
    /// Itself as an issuer.
    pub issuer: OwnIssuer,
    /// Its keeper of keys, which works only when a test says so.
    pub keys: KeyKeeper,
    /// What it mailed.
    pub mails: Arc<Mailbox>,
    /// Its keys of accounts.
    pub account_keys: AccountKeys,
    /// How its tenants are searched.
    pub routes: Arc<Routes>,
    /// Its keeper of search tiers, which works only when a test says so.
    pub keeper: TierKeeper,
    /// Its keeper of who lacks vectors, which works only when a test says so.
    pub coverage: CoverageKeeper,
    /// Its health, which no watcher looks after in tests.
    pub health: Arc<HealthState>,
    /// Whose queue is full, which no keeper looks up in tests.
    pub backlog: Backlog,
    /// The ids of what was mounted.
    pub mounted: Vec<&'static str>,
    /// What was mounted, to be called without a connection.
    pub api: Mounted,
    pub(crate) http: reqwest::Client,
    minter: Minter,
    own: Minter,
    worker: EmbeddingWorker,
    forgetting: ForgettingWorker,
    purge: PurgeWorker,
    mail: MailWorker,
    account_keeper: AccountKeeper,
    organization_keeper: OrganizationKeeper,
    pub(crate) people: std::sync::atomic::AtomicU32,
    server: JoinHandle<()>,
    listening: Option<JoinHandle<()>>,
    model: Arc<dyn Embedder>,
}

fn shares(connections: usize) -> BTreeMap<Role, usize> {
    [(Role::App, connections), (Role::Worker, 2), (Role::Admin, 1), (Role::Identity, (connections / 4).max(1))].into()
}

fn base(listener: &TcpListener, is_encrypted: bool) -> String {
    let scheme = if is_encrypted { "https" } else { "http" };
    format!("{scheme}://{}", listener.local_addr().unwrap())
}

impl App {
    /// A server as usual: no limits, five connections, one of them a lane.
    pub async fn start() -> Self {
        Box::pin(Self::with(AppOptions::default())).await
    }

    /// A server as a test wants it.
    pub async fn with(options: AppOptions) -> Self {
        Self::over(Cluster::get().database().await, options).await
    }

    /// A server over a database that is there already.
    pub async fn over(database: Database, options: AppOptions) -> Self {
        let accounts = options.accounts();
        let model = options.embedder.unwrap_or_else(embedder);
        let routes = Arc::new(wardgraph_server::wire::routes(&*model));
        let store = Store::new(&StoreOptions {
            logins: database.logins.clone(),
            connections: shares(options.connections),
            timeouts: options.timeouts,
            statements: wardgraph_server::wire::statements(routes.searches()).into_iter().chain(options.statements).collect(),
        })
        .unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_second(START).unwrap()));
        let (own_key, secret) = (LocalKey::generate().unwrap(), wardgraph_kernel::Secret::new(SECRET));
        let own = own_key.issuer("wardgraph-local", AUDIENCE, Permissions::all());
        let (shared_clock, chance): (Arc<dyn Clock>, _) = (clock.clone(), Arc::new(SeededChance::new(database.seed())));
        let vault = Vault::open_with(options.masters.unwrap_or_else(test_masters)).await.unwrap();
        let issuer = own_issuer(options.algorithms, &vault);
        let parts = SystemParts { store: store.clone(), clock: shared_clock.clone(), chance: chance.clone() };
        let keys = KeyKeeper::new(parts.clone(), vault.clone(), issuer.clone());
        keys.begin().await.unwrap();
        let account_keys = wardgraph_server::wire::account_keys(&parts, &vault).await.unwrap();
        let gate = Gate::new(GateParts {
            nonces: wardgraph_tokens::dpop::Nonces::new(account_keys.nonces()),
            store: store.clone(),
            issuer: issuer.clone(),
            verifier: Verifier::new(
                [outside(&secret), own.unwrap(), issuer.issuer().unwrap()].into_iter().chain(options.issuers).collect(),
            )
            .unwrap(),
            limiter: Limiter::new(options.limits),
            described: options.newcomers.described,
            registered_scopes: options.newcomers.rules.scopes.clone(),
            fresh_for: std::time::Duration::from_mins(10),
            proxies: options.proxies,
            webhooks: options.webhooks,
            clock: shared_clock.clone(),
            chance,
        });
        gate.hear().await.unwrap();
        let listening = options.listens.then(|| tokio::spawn(gate.clone().keep_listening()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mails = Arc::new(Mailbox::default());
        let health = Arc::new(HealthState::new(true));
        let backlog = Backlog::default();
        let services = Arc::new(Provisions {
            embedder: model.clone(),
            queries: QueryVectors::default(),
            routes: routes.clone(),
            coverage: Coverage::default(),
            backlog: backlog.clone(),
            health: health.clone(),
            clock: shared_clock,
            metrics: wardgraph_http::recorder(),
            most_versions: options.most_versions,
            grace_period: GRACE,
            organizations_grace: GRACE,
            client_keys: options.client_keys.unwrap_or_else(client_keys),
            newcomers: options.newcomers.rules,
            vault: vault.clone(),
            issuer: issuer.clone(),
            accounts: accounts(&account_keys, listener.local_addr().unwrap().port()),
        });
        let api = (options.api)(gate.clone(), &services, options.edge);
        let base = base(&listener, options.tls.is_some());
        let serving = wardgraph_http::serve(listener, api.clone(), options.tls, options.serving, std::future::pending());
        let server = tokio::spawn(serving);
        Self {
            vault,
            issuer,
            keys,
            listening,
            base,
            database,
            clock,
            gate,
            store,
            keeper: TierKeeper::new(parts.clone(), routes.clone(), options.tiers),
            routes,
            coverage: CoverageKeeper::new(parts.clone(), services.coverage.clone(), model.model()),
            health,
            backlog,
            mounted: api.ids.to_vec(),
            api,
            http: reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap(),
            minter: Minter::with_secret(&secret, Some(ISS), AUDIENCE).unwrap(),
            own: own_key.minter("wardgraph-local", AUDIENCE),
            forgetting: ForgettingWorker::new(parts.clone()),
            account_keeper: AccountKeeper::new(parts.clone(), options.verifies),
            organization_keeper: OrganizationKeeper::new(parts.clone()),
            purge: PurgeWorker::new(parts.clone()),
            mail: MailWorker::new(parts.clone(), options.mailer.unwrap_or_else(|| mails.clone()), account_keys.clone(), OWN_ISS),
            mails,
            account_keys,
            people: std::sync::atomic::AtomicU32::new(0),
            worker: EmbeddingWorker::new(parts, model.clone(), WorkerOptions::default()),
            model,
            server,
        }
    }

    /// Its embedding model.
    pub fn embedder(&self) -> Arc<dyn Embedder> {
        self.model.clone()
    }

    /// A caller of `tenant` with the outside issuer's token.
    pub fn caller(&self, tenant: &str, scopes: &[&str]) -> Caller {
        Caller::minted(self, &self.minter, tenant, scopes)
    }

    /// A caller whose token this server's own key signed: may hold any permission.
    pub fn operator(&self, tenant: &str, scopes: &[&str]) -> Caller {
        Caller::minted(self, &self.own, tenant, scopes)
    }

    /// A user of an organization that was made here (`org_...`), with a token of this server's own, of the session `SESSION-of-USER`.
    pub fn user(&self, tenant: &str, user: &str, scopes: &[&str]) -> Caller {
        self.user_with(&self.access_request(tenant, user, scopes))
    }

    /// The same, with a token that says what the test wants.
    pub fn user_with(&self, request: &AccessRequest) -> Caller {
        let issued = self.issuer.sign(request, &wardgraph_kernel::SystemChance).unwrap();
        let mut caller = self.bearer(issued.token.expose());
        request.tenant.as_str().clone_into(&mut caller.tenant);
        caller
    }

    /// What [`App::user`] asks for: generation 0, signed in with a password.
    pub fn access_request(&self, tenant: &str, user: &str, scopes: &[&str]) -> AccessRequest {
        AccessRequest {
            subject: user.to_owned(),
            tenant: wardgraph_kernel::TenantId::parse(tenant).unwrap(),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            client_id: OWN_CLIENT.into(),
            client_generation: 0,
            audience: None,
            jkt: None,
            session: Some(format!("session-of-{user}")),
            generation: 0,
            amr: vec!["pwd".into()],
            acr: None,
            auth_time: Some(self.clock.now()),
            algorithm: None,
            chain: Chain::default(),
            life: None,
            now: self.clock.now(),
        }
    }

    /// Hears what other servers of the same database changed.
    pub async fn hear(&self) {
        self.gate.hear().await.unwrap();
    }

    /// A caller of `tenant` who may do everything with data, the shared nodes included.
    pub fn owner(&self, tenant: &str) -> Caller {
        self.operator(
            tenant,
            &[
                "kg:read",
                "kg:write",
                "search:read",
                "events:read",
                "system:read",
                "admin:refresh",
                "metrics:read",
                "ask:read",
                "shared:write",
            ],
        )
    }

    /// A caller without a credential.
    pub fn stranger(&self) -> Caller {
        Caller::bearing(self, None)
    }

    /// A caller with this token, whatever it is.
    pub fn bearer(&self, token: &str) -> Caller {
        Caller::bearing(self, Some(token.to_owned()))
    }

    /// Somebody who registers with this address, unless it is taken by them, and signs in.
    pub async fn person(&self, email: &str) -> Person {
        Person::signed_in(self, email).await
    }

    /// Mails what is due.
    pub async fn mail_everything(&self) {
        while self.mail.turn().await.unwrap() {}
    }

    /// Forgets failed sign-ins, links and sessions that are past.
    pub async fn sweep_accounts(&self) {
        self.mail.sweep().await.unwrap();
        self.account_keeper.turn().await.unwrap();
        self.account_keeper.sweep_clients().await.unwrap();
    }

    /// Erases organizations whose grace is over. Tells how many.
    pub async fn purge_organizations(&self) -> usize {
        self.organization_keeper.turn().await.unwrap()
    }

    /// Works the queue until nothing is due.
    pub async fn embed_everything(&self) {
        while self.worker.turn().await.unwrap() > 0 {}
    }

    /// Forgets answers that were kept long enough.
    pub async fn forget(&self) {
        self.forgetting.turn().await.unwrap();
    }

    /// Erases what is past its grace period, until nothing is due.
    pub async fn purge_everything(&self) {
        while self.purge.turn().await.unwrap() > 0 {}
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.server.abort();
        if let Some(listening) = &self.listening {
            listening.abort();
        }
        self.store.close();
    }
}

fn client_keys() -> Arc<RemoteKeys> {
    let egress = Egress::new(Names::System, None).unwrap();
    Arc::new(RemoteKeys::new(egress.client(Rules::tenant(None), std::time::Duration::from_secs(1))))
}

pub(crate) fn test_masters() -> Arc<dyn MasterSource> {
    Arc::new(FixedSource::new([&wardgraph_kernel::Secret::new(MASTER_KEY)]).unwrap())
}

/// One model for the whole run: the fast one, a real one.
pub(crate) fn embedder() -> Arc<dyn Embedder> {
    static EMBEDDER: OnceLock<Arc<dyn Embedder>> = OnceLock::new();
    let open = || {
        wardgraph_embed::open(ModelKind::WordLlama, &repository().join(".cache/models"), 1)
            .expect("`python3 scripts/fetch.py` brings the models")
    };
    EMBEDDER.get_or_init(open).clone()
}
