//! Wiring: from configuration to a running server, and its end.

mod beside;

pub use beside::{login_of, store_beside};

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use wardgraph_egress::{Egress, Rules};
use wardgraph_embed::{Embedder, RemoteEmbedder, RemoteOptions};
use wardgraph_gate::{Described, Gate, GateParts, SystemParts};
use wardgraph_graph::{
    embedding::Backlog,
    search::{Coverage, Routes, Searches},
};
use wardgraph_http::{Accounts, HealthState, Mounted, Provisions, QueryVectors, ServeLimits, Tls};
use wardgraph_identity::{
    Keys as AccountKeys,
    mail::{FolderMailer, Mailer, SmtpMailer},
    password::{Cost, HashPool},
    setup,
};
use wardgraph_kernel::{Clock, Permissions, SystemChance, SystemClock, Write};
use wardgraph_limits::Limiter;
use wardgraph_oauth::client::fetch::Documents;
use wardgraph_store::{
    Login, Logins, Role, Space, StatementInfo, Store, StoreError, StoreOptions,
    embedded::{EmbeddedOptions, EmbeddedPostgres},
    guard,
    migrate::{MigrateOptions, migrate},
};
use wardgraph_tokens::{Algorithm, Minter, OwnIssuer, RemoteKeys, Verifier, dpop::Nonces};
use wardgraph_vault::{AwsAccess, AwsSource, FileSource, MasterSource, Vault};
use wardgraph_worker::{
    AccountKeeper, CoverageKeeper, EmbeddingWorker, ForgettingWorker, KeyKeeper, LogoutWorker, MailWorker, ModelKeeper,
    OrganizationKeeper, PurgeWorker, ReviewKeeper, StatisticsKeeper, TierKeeper, WorkerOptions,
};

use crate::{
    Home, certificates,
    config::{Config, EmbeddingConfig, KeySettings, MasterKeys},
    descriptors, process,
    tasks::{self, Keepers, Workers},
};

/// `iss` of the tokens that `wardgraph token mint` signs with the data folder's own key.
const LOCAL_ISSUER: &str = "wardgraph-local";

/// When answers go out whose time must not tell what was found: longer than they take by far, when the server is not overrun.
const BEAT: Duration = Duration::from_millis(250);

/// How long it may take to connect to AWS.
const AWS_WITHIN: Duration = Duration::from_secs(5);

/// How long it may take to connect to where a client publishes its keys.
const CLIENT_KEYS_WITHIN: Duration = Duration::from_secs(3);

/// How long it may take to connect to where a client is told of sign-outs.
const LOGOUT_WITHIN: Duration = Duration::from_secs(3);

/// How long it may take to connect to where a client describes itself.
const DOCUMENTS_WITHIN: Duration = Duration::from_secs(3);

/// How long the workers may take to give back what they claimed when the server stops.
const GIVE_BACK_WITHIN: Duration = Duration::from_secs(3);

/// What can go wrong on the way up. Any room's error, with what it was about.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;

/// A server that is up.
#[derive(Debug)]
pub struct Running {
    /// The listener, not yet accepting.
    pub listener: TcpListener,
    /// How URLs of it begin: `http` or `https`.
    pub scheme: &'static str,
    api: Mounted,
    tls: Option<Arc<Tls>>,
    limits: ServeLimits,
    gate: Arc<Gate>,
    store: Store,
    tasks: JoinSet<()>,
    embedding: JoinSet<()>,
    stop: watch::Sender<bool>,
    embedded: Option<EmbeddedPostgres>,
}

/// The database's logins, and the private Postgres that runs them, if it is that.
#[derive(Debug)]
pub struct Database {
    /// How each role logs in.
    pub logins: Logins,
    embedded: Option<EmbeddedPostgres>,
}

/// Every statement of every room; those of search are made for one model.
pub fn statements(searches: &'static Searches) -> Vec<&'static StatementInfo> {
    let graph = wardgraph_graph::STATEMENTS.iter().copied().flatten();
    let gate = wardgraph_gate::STATEMENTS.iter().copied().flatten();
    let fixed = wardgraph_store::STATEMENTS
        .iter()
        .copied()
        .flatten()
        .chain(wardgraph_audit::STATEMENTS)
        .chain(wardgraph_vault::STATEMENTS.iter().copied().flatten())
        .chain(wardgraph_tokens::STATEMENTS.iter().copied().flatten())
        .chain(wardgraph_identity::STATEMENTS.iter().copied().flatten())
        .chain(wardgraph_oauth::STATEMENTS.iter().copied().flatten())
        .chain(wardgraph_organizations::STATEMENTS.iter().copied().flatten())
        .chain(gate)
        .chain(graph);
    fixed.copied().chain(searches.statements()).collect()
}

/// Where `scripts/fetch.py` put things: as configured, beside the build, or in the working folder.
pub fn cache_dir(config: &Config) -> PathBuf {
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.parent()?.parent()?.join(".cache")));
    let found = || beside.filter(|dir| dir.is_dir()).unwrap_or_else(|| PathBuf::from(".cache"));
    config.cache_dir.clone().unwrap_or_else(found)
}

/// How each role logs in to an external database, or to the private one at `socket`.
pub fn logins(
    config: &Config,
    home: &Home,
    base: Option<&Login>,
) -> Result<(Logins, Vec<(Role, wardgraph_kernel::Secret)>), StartError> {
    let (mut logins, mut passwords) = (BTreeMap::new(), Vec::new());
    for role in Role::ALL {
        if let Some((_, url)) = config.database.role_urls.iter().find(|(r, _)| r == role) {
            logins.insert(*role, Login::from_str(url.expose())?);
            continue;
        }
        // Without a login that leads there, every role has its own.
        let Some(mut login) = base.cloned() else { continue };
        let password = home.role_password(*role)?;
        login.user(role.name()).password(password.expose());
        logins.insert(*role, login);
        passwords.push((*role, password));
    }
    Ok((logins, passwords))
}

/// Finds or starts the database, and brings it to this version.
pub async fn database(config: &Config, home: &Home, reset_passwords: bool) -> Result<Database, StartError> {
    let by_hand = config.database.role_urls.len() == Role::ALL.len();
    let (maintenance, embedded) = match &config.database.url {
        Some(url) => (Some(Login::from_str(url.expose())?), None),
        None if by_hand => (None, None),
        None => {
            let binaries = cache_dir(config).join("postgres/current");
            let embedded = EmbeddedPostgres::start(EmbeddedOptions::new(home.folder(), binaries)).await?;
            (Some(embedded_login(&embedded)), Some(embedded))
        }
    };
    let (logins, passwords) = logins(config, home, maintenance.as_ref())?;
    let options = MigrateOptions { maintenance, logins, passwords, reset_passwords };
    for name in migrate(&options).await? {
        tracing::info!(migration = name, "migrated");
    }
    Ok(Database { logins: options.logins, embedded })
}

impl Database {
    /// Stops the private Postgres, if it is that.
    pub async fn stop(self) -> Result<(), StartError> {
        match self.embedded {
            Some(embedded) => Ok(embedded.stop().await?),
            None => Ok(()),
        }
    }
}

/// What seals: with the configured master keys, or those of the data folder.
pub async fn vault(config: &Config, home: &Home, egress: &Egress) -> Result<Vault, StartError> {
    let source: Arc<dyn MasterSource> = match &config.master_keys {
        MasterKeys::Folder => Arc::new(FileSource::new(home.master_keys())),
        MasterKeys::Given(keys) => Arc::new(keys.clone()),
        MasterKeys::Aws { access, id, field } => {
            let client = egress.client(Rules::operator([&access.endpoint], &config.egress.allowed), AWS_WITHIN);
            let clock = Arc::new(SystemClock::start());
            Arc::new(AwsSource::new(AwsAccess::clone(access), client, clock, id.clone(), field.clone()))
        }
    };
    Ok(Vault::open_with(source).await?)
}

/// This server as an issuer, without its keys yet. `listen` is where it is reached if the configuration says nothing else.
pub fn issuer(config: &Config, listen: SocketAddr, vault: &Vault) -> Result<OwnIssuer, StartError> {
    Ok(OwnIssuer::new(config.own.issuer(&public_url(config, listen), &config.audience), vault.clone())?)
}

/// Where the server is reached: at `listen`, if the configuration says nothing else.
pub fn public_url(config: &Config, listen: SocketAddr) -> String {
    config.own.public_url.clone().unwrap_or_else(|| format!("http://{listen}"))
}

/// Tells whoever starts a server on which nobody has an account how to get one.
async fn greet(parts: &SystemParts) -> Result<(), StartError> {
    let mut work = parts.accounts("greeting")?;
    let nobody = setup::is_empty(&mut work.tx()).await?;
    work.commit(Vec::new()).await?;
    if nobody {
        tracing::info!("nobody has an account yet: `wardgraph user setup-link` prints a link that makes the first administrator");
    }
    Ok(())
}

/// The keys of accounts, which are made at the first start of all servers of a database.
pub async fn account_keys(parts: &SystemParts, vault: &Vault) -> Result<AccountKeys, StartError> {
    let mut work = parts.own::<Write>("account keys")?;
    let keys = AccountKeys::ensure(&mut work.tx(), vault, &*parts.chance).await?;
    work.commit(Vec::new()).await?;
    Ok(keys)
}

/// How accounts are kept.
fn accounts(config: &Config, keys: AccountKeys, listen: SocketAddr) -> Result<Accounts, StartError> {
    Ok(Accounts {
        keys,
        pool: HashPool::start(config.accounts.pool)?,
        cost: Cost::DEFAULT,
        breached: config.accounts.breached.as_ref().map(|at| at.open(&config.egress)).transpose()?,
        lifetimes: config.accounts.lifetimes,
        registration: config.accounts.registration,
        factors: config.accounts.factors,
        verifies: config.accounts.smtp.is_some(),
        passkeys: config.passkeys.party(listen),
        beat: BEAT,
    })
}

/// How clients are known by their documents, if they are.
fn described(config: &Config, egress: &Egress) -> Option<Described> {
    let newcomers = &config.newcomers;
    let client = || egress.client(Rules::tenant(None), DOCUMENTS_WITHIN);
    let documents = || Documents::new(client(), newcomers.scopes.to_vec());
    newcomers.documents.then(|| Described { documents: documents(), most: newcomers.most })
}

/// Who takes messages: the mail server, or a folder.
fn mailer(config: &Config, home: &Home) -> Result<Arc<dyn Mailer>, StartError> {
    Ok(match &config.accounts.smtp {
        Some(options) => Arc::new(SmtpMailer::new(options)?),
        None => Arc::new(FolderMailer::new(home.folder().join("mail"))),
    })
}

/// The superuser's login to the private Postgres.
pub fn embedded_login(embedded: &EmbeddedPostgres) -> Login {
    let mut login = Login::at_socket(embedded.socket_directory());
    login.user(embedded.superuser()).password(embedded.password()).dbname("postgres");
    login
}

/// Who may issue tokens: this server, the data folder's own key, and the outside issuers that are configured.
pub fn verifier(config: &Config, home: &Home, egress: &Egress, own: &OwnIssuer) -> Result<Verifier, StartError> {
    let mut issuers = vec![own.issuer()?, home.local_key()?.issuer(LOCAL_ISSUER, &config.audience, Permissions::all())?];
    for outside in config.issuer.iter().chain(&config.issuers) {
        issuers.push(outside.trusted(egress, &config.egress.allowed)?);
    }
    Ok(Verifier::new(issuers)?)
}

/// Whoever signs test tokens: the outside issuer's shared secret if there is one, so that tokens look as its own do, else the own key.
pub fn minter(config: &Config, home: &Home) -> Result<Minter, StartError> {
    let secret = config.issuer.as_ref().and_then(|outside| match &outside.keys {
        KeySettings::Fixed { algorithm: Algorithm::HS256, key } => Some((key, outside.issuer.as_deref())),
        KeySettings::Fixed { .. } | KeySettings::Published { .. } => None,
    });
    match secret {
        Some((key, iss)) => Ok(Minter::with_secret(key, iss, &config.audience)?),
        None => local_minter(config, home),
    }
}

/// Whoever signs with the data folder's own key.
pub fn local_minter(config: &Config, home: &Home) -> Result<Minter, StartError> {
    Ok(home.local_key()?.minter(LOCAL_ISSUER, &config.audience))
}

/// Opens the model, or the way to the service that has it.
pub fn embedder(config: &Config, egress: &Egress) -> Result<Arc<dyn Embedder>, StartError> {
    Ok(match &config.embedding {
        EmbeddingConfig::Local { kind, threads } => wardgraph_embed::open(*kind, &cache_dir(config).join("models"), *threads)?,
        EmbeddingConfig::Remote(options) => {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
            Arc::new(RemoteEmbedder::new(RemoteOptions::clone(options), egress, &clock, Arc::new(SystemChance))?)
        }
    })
}

/// How tenants' vectors of this model are searched: exactly, until a keeper of tiers has learned otherwise.
pub fn routes(embedder: &dyn Embedder) -> Routes {
    let space = Space::new(embedder.model().as_str(), embedder.dimension());
    if !space.can_be_indexed() {
        tracing::warn!("vectors of more than 4,000 numbers are in no index: large tenants are searched slowly");
    }
    Routes::new(&space)
}

/// Who lacks vectors of this model, known before the first search.
async fn coverage(parts: &SystemParts, embedder: &dyn Embedder) -> Result<CoverageKeeper, StartError> {
    let keeper = CoverageKeeper::new(parts.clone(), Coverage::default(), embedder.model());
    keeper.begin().await?;
    Ok(keeper)
}

async fn listener(config: &Config) -> Result<TcpListener, StartError> {
    let at = config.http.listen;
    Ok(TcpListener::bind(at).await.map_err(|error| format!("cannot listen on {at}: {error}"))?)
}

/// The door to the database, by which every statement of every room is prepared.
fn store(config: &Config, logins: Logins, routes: &Routes) -> Result<Store, StoreError> {
    Store::new(&StoreOptions {
        logins,
        connections: shares(config.database.connections),
        timeouts: config.database.timeouts,
        statements: statements(routes.searches()),
    })
}

/// Starts everything but accepting.
pub async fn start(config: &Config, home: &Home) -> Result<Running, StartError> {
    crate::telemetry::start(config);
    let egress = config.egress.open()?;
    let tls = config.http.tls.clone().map(Tls::open).transpose()?.map(Arc::new);
    let listener = listener(config).await?;
    let vault = vault(config, home, &egress).await?;
    let listen = listener.local_addr()?;
    let issuer = issuer(config, listen, &vault)?;
    let verifier = verifier(config, home, &egress, &issuer)?;
    let embedder = embedder(config, &egress)?;
    let database = database(config, home, false).await?;
    let findings = guard::check(&database.logins).await?;
    let routes = Arc::new(routes(&*embedder));
    let store = store(config, database.logins, &routes)?;
    let parts = SystemParts { store: store.clone(), clock: Arc::new(SystemClock::start()), chance: Arc::new(SystemChance) };
    let keys = KeyKeeper::new(parts.clone(), vault.clone(), issuer.clone());
    keys.begin().await?;
    let account_keys = account_keys(&parts, &vault).await?;
    let gate = Gate::new(GateParts {
        store: store.clone(),
        verifier,
        issuer: issuer.clone(),
        nonces: Nonces::new(account_keys.nonces()),
        limiter: Limiter::new(config.limits.clone()),
        described: described(config, &egress),
        registered_scopes: config.newcomers.scopes.clone(),
        fresh_for: config.accounts.fresh_for,
        proxies: config.http.proxies.clone(),
        webhooks: Vec::new(),
        clock: parts.clock.clone(),
        chance: parts.chance.clone(),
    });
    gate.hear().await?;
    greet(&parts).await?;
    let account_keeper = AccountKeeper::new(parts.clone(), config.accounts.smtp.is_some());
    let health = Arc::new(HealthState::new(findings.leakproof_operators));
    let backlog = Backlog::default();
    let coverage = coverage(&parts, &*embedder).await?;
    let mail = MailWorker::new(parts.clone(), mailer(config, home)?, account_keys.clone(), issuer.iss());
    let logout = LogoutWorker::new(parts.clone(), issuer.clone(), egress.client(Rules::tenant(None), LOGOUT_WITHIN));
    let services = Arc::new(Provisions {
        accounts: accounts(config, account_keys, listen)?,
        vault,
        issuer,
        embedder: embedder.clone(),
        queries: QueryVectors::default(),
        routes: routes.clone(),
        coverage: coverage.coverage(),
        backlog: backlog.clone(),
        health: health.clone(),
        clock: parts.clock.clone(),
        metrics: wardgraph_http::recorder(),
        client_keys: Arc::new(RemoteKeys::new(egress.client(Rules::tenant(None), CLIENT_KEYS_WITHIN))),
        newcomers: config.newcomers.clone(),
        most_versions: config.most_versions,
        grace_period: config.grace_period,
        organizations_grace: config.organizations_grace,
    });
    let keepers = Keepers {
        tiers: TierKeeper::new(parts.clone(), routes, config.tiers),
        coverage,
        models: ModelKeeper::new(parts.clone(), embedder.model(), config.works).with_backlog(backlog, config.most_waiting),
    };
    let workers = config.works.then(|| Workers {
        embedding: EmbeddingWorker::new(parts.clone(), embedder, WorkerOptions::default()).with_duty(keepers.models.duty()),
        purge: PurgeWorker::new(parts.clone()),
        reviews: ReviewKeeper::new(parts.clone()),
        forgetting: ForgettingWorker::new(parts.clone()),
        organizations: OrganizationKeeper::new(parts.clone()),
        statistics: StatisticsKeeper::new(parts),
        keys,
        mail,
        logout,
        accounts: account_keeper,
    });
    let (stop, stopping) = watch::channel(false);
    let embedding = tasks::embedding(workers.as_ref(), &keepers, &stopping);
    process::began(services.clock.now());
    let mut tasks = tasks::others(&gate, &store, health, services.metrics.clone(), workers, keepers);
    if let Some(tls) = &tls {
        tasks.spawn(certificates::keep(tls.clone(), certificates::hangup()?));
    }
    Ok(Running {
        listener,
        scheme: config.http.scheme(),
        api: wardgraph_http::api(gate.clone(), &services, config.http.edge.clone()),
        tls,
        limits: ServeLimits { connections: descriptors::for_connections(config.http.limits.connections), ..config.http.limits },
        embedding,
        tasks,
        stop,
        gate,
        store,
        embedded: database.embedded,
    })
}

impl Running {
    /// Serves until `stop` is done; then finishes what runs, writes down what was folded, and stops the private Postgres.
    ///
    /// # Errors
    /// A background task that ended before: a server that half works would be noticed by nobody, one that ends is started anew.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), StartError> {
        let mut broken = None;
        let stop = async {
            tokio::select! {
                () = stop => {}
                why = tasks::broken(&mut self.embedding, &mut self.tasks) => {
                    tracing::error!(why, "the server stops");
                    broken = Some(why);
                }
            }
        };
        wardgraph_http::serve(self.listener, self.api, self.tls, self.limits, stop).await;
        // Nobody may listen any more: then there is nothing to give back.
        let _ = self.stop.send(true);
        let given_back = async { while self.embedding.join_next().await.is_some() {} };
        if tokio::time::timeout(GIVE_BACK_WITHIN, given_back).await.is_err() {
            tracing::warn!("the worker did not give its claims back in time: they fall due again with their lease");
        }
        self.embedding.shutdown().await;
        self.tasks.shutdown().await;
        if let Err(error) = self.gate.record().await {
            tracing::warn!(%error, "the last refusals could not be written to the audit log");
        }
        self.store.close();
        if let Some(embedded) = self.embedded {
            embedded.stop().await?;
        }
        broken.map_or(Ok(()), |why| Err(why.into()))
    }
}

/// The connections of each role: a fifth for the worker, one or two each for the small roles, the rest for requests.
fn shares(all: usize) -> BTreeMap<Role, usize> {
    let worker = (all / 5).max(1);
    let (identity, admin) = (2, (all / 10).clamp(1, 2));
    let app = all.saturating_sub(worker + identity + admin).max(1);
    BTreeMap::from([(Role::App, app), (Role::Worker, worker), (Role::Identity, identity), (Role::Admin, admin)])
}
