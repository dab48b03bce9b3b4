//! From settings to values that rooms take, with every check that needs no other machine.

use std::{path::PathBuf, time::Duration};

use tracing_subscriber::EnvFilter;
use wardgraph_graph::node::MostVersions;
use wardgraph_http::Newcomers;
use wardgraph_kernel::{LimitClass, Secret};
use wardgraph_limits::{LimitTable, Policy};
use wardgraph_store::{Login, LoginError, Role, Timeouts};
use wardgraph_worker::TierOptions;

use super::{
    ConfigError, Settings,
    accounts::{AccountSettings, accounts},
    egress::{EgressConfig, egress},
    embedding::{EmbeddingConfig, embedding},
    http::{HttpConfig, http},
    issuers::{self, IssuerSettings},
    keys::Kind,
    oauth::newcomers,
    own::{MasterKeys, OwnSettings, own, vault},
    passkeys::{PasskeySettings, passkeys},
};

/// The configuration, checked.
#[derive(Debug)]
pub struct Config {
    /// The listener.
    pub http: HttpConfig,
    /// The database.
    pub database: DatabaseConfig,
    /// The outside issuer of `jwt.*`, if there is one.
    pub issuer: Option<IssuerSettings>,
    /// Other outside issuers.
    pub issuers: Vec<IssuerSettings>,
    /// This server as an issuer.
    pub own: OwnSettings,
    /// Whom passkeys are for.
    pub passkeys: PasskeySettings,
    /// Where master keys come from.
    pub master_keys: MasterKeys,
    /// How accounts are kept.
    pub accounts: AccountSettings,
    /// How clients of the OAuth server come that nobody registered.
    pub newcomers: Newcomers,
    /// The way out.
    pub egress: EgressConfig,
    /// What `aud` must name in tokens of any issuer.
    pub audience: String,
    /// How often is too often.
    pub limits: LimitTable,
    /// Which model, and where it runs.
    pub embedding: EmbeddingConfig,
    /// How many nodes of a tenant may wait for their vectors.
    pub most_waiting: i64,
    /// How many earlier versions of a node are kept.
    pub most_versions: MostVersions,
    /// How long a deleted node can be brought back.
    pub grace_period: Duration,
    /// How long a deleted organization can be restored.
    pub organizations_grace: Duration,
    /// Whether this server works the queue.
    pub works: bool,
    /// When tenants change tiers of search.
    pub tiers: TierOptions,
    /// Whether the log is JSON.
    pub log_json: bool,
    /// What is logged.
    pub log_filter: String,
    /// Where Postgres and the models lie, if said.
    pub cache_dir: Option<PathBuf>,
}

/// The database.
#[derive(Debug)]
pub struct DatabaseConfig {
    /// The maintenance login; `None` for the private Postgres.
    pub url: Option<Secret>,
    /// Logins of roles that were made by hand.
    pub role_urls: Vec<(Role, Secret)>,
    /// All pools together.
    pub connections: usize,
    /// How long things may take.
    pub timeouts: Timeouts,
}

impl Config {
    /// Reads and checks every setting.
    pub fn of(settings: &Settings) -> Result<Self, ConfigError> {
        let audience = settings.text("jwt.audience")?;
        let (http, own) = (http(settings)?, own(settings)?);
        let limits = limits(settings, &http)?;
        let format = settings.get("log.format")?;
        let log_json = match format.value() {
            "json" => true,
            "text" => false,
            _ => return Err(format.refuse("`text` or `json`")),
        };
        let filter = settings.get("log.filter")?;
        EnvFilter::try_new(filter.value()).map_err(|_| filter.refuse("a filter like `info` or `wardgraph_http=debug,info`"))?;
        Ok(Self {
            http,
            database: database(settings)?,
            issuer: issuers::seed(settings, &audience)?,
            issuers: issuers::named(settings, &audience)?,
            passkeys: passkeys(settings, own.public_url.as_deref())?,
            own,
            master_keys: vault(settings)?,
            accounts: accounts(settings)?,
            newcomers: newcomers(settings)?,
            egress: egress(settings)?,
            audience,
            limits,
            embedding: embedding(settings)?,
            most_waiting: i64::try_from(settings.number("embedding.most_waiting")?).unwrap_or(i64::MAX),
            most_versions: MostVersions::of(settings.number("graph.versions_per_node")?),
            grace_period: Duration::from_hours(settings.number("graph.grace_period_hours")? as u64),
            organizations_grace: Duration::from_hours(24 * settings.number("organizations.grace_days")? as u64),
            works: settings.flag("worker.enabled")?,
            tiers: tiers(settings)?,
            log_json,
            log_filter: settings.text("log.filter")?,
            cache_dir: Some(settings.text("cache_dir")?).filter(|dir| !dir.is_empty()).map(PathBuf::from),
        })
    }
}

impl Settings {
    pub(super) fn text(&self, name: &str) -> Result<String, ConfigError> {
        Ok(self.get(name)?.value().to_owned())
    }

    /// The words of a list with commas between.
    pub(super) fn list(&self, name: &str) -> Result<Vec<String>, ConfigError> {
        Ok(self.get(name)?.value().split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect())
    }

    pub(super) fn secret(&self, name: &str) -> Result<Option<Secret>, ConfigError> {
        Ok(Some(self.get(name)?.value()).filter(|value| !value.is_empty()).map(Secret::new))
    }

    /// A Postgres login, which can be read as one.
    fn login(&self, name: &str) -> Result<Option<Secret>, ConfigError> {
        let url = self.secret(name)?;
        if let Some(text) = &url {
            let source_name = self.get(name)?.source.to_string();
            let read: Result<Login, LoginError> = text.expose().parse();
            read.map_err(|error| ConfigError::Login { key: name.to_owned(), source_name, error })?;
        }
        Ok(url)
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, ConfigError> {
        let setting = self.get(name)?;
        match setting.value().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(setting.refuse(Kind::Bool.words())),
        }
    }

    pub(super) fn number(&self, name: &str) -> Result<usize, ConfigError> {
        let setting = self.get(name)?;
        let within = |n: &u64| matches!(setting.key.kind, Kind::Number(least, most) if (least..=most).contains(n));
        let number = setting.value().parse().ok().filter(within).and_then(|n| usize::try_from(n).ok());
        number.ok_or_else(|| setting.refuse(setting.key.kind.words()))
    }

    pub(super) fn millis(&self, name: &str) -> Result<Duration, ConfigError> {
        Ok(Duration::from_millis(self.number(name)? as u64))
    }

    fn policy(&self, name: &str) -> Result<Policy, ConfigError> {
        let number = |part: &str| self.number(&format!("limits.{name}_{part}")).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        Policy::new(number("burst")?, number("sustained")?)
            .map_err(|error| ConfigError::Together(format!("limits.{name}_*: {error}")))
    }
}

fn database(settings: &Settings) -> Result<DatabaseConfig, ConfigError> {
    let mut role_urls = Vec::new();
    for role in Role::ALL {
        if let Some(url) = settings.login(&format!("database.{}_url", role.word()))? {
            role_urls.push((*role, url));
        }
    }
    let url = settings.login("database.url")?;
    if url.is_none() && !role_urls.is_empty() && role_urls.len() < Role::ALL.len() {
        let text =
            "without database.url every role needs its own: database.owner_url, app_url, admin_url, identity_url and worker_url";
        return Err(ConfigError::Together(text.into()));
    }
    Ok(DatabaseConfig {
        url,
        role_urls,
        connections: settings.number("database.connections")?,
        timeouts: Timeouts {
            acquire: settings.millis("database.acquire_timeout_ms")?,
            statement: settings.millis("database.statement_timeout_ms")?,
            transaction: settings.millis("database.transaction_timeout_ms")?,
            ..Timeouts::default()
        },
    })
}

fn tiers(settings: &Settings) -> Result<TierOptions, ConfigError> {
    let rows = |name: &str| settings.number(name).map(|rows| i64::try_from(rows).unwrap_or(i64::MAX));
    Ok(TierOptions {
        exact_rows: rows("search.exact_rows")?,
        own_rows: rows("search.own_index_rows")?,
        memory_mb: settings.number("search.build_memory_mb")?,
        works: settings.flag("worker.enabled")?,
        ..TierOptions::default()
    })
}

fn limits(settings: &Settings, http: &HttpConfig) -> Result<LimitTable, ConfigError> {
    if !settings.flag("limits.enabled")? {
        return if http.listen.ip().is_loopback() {
            Ok(LimitTable::disabled())
        } else {
            Err(ConfigError::Together("limits.enabled = false needs a loopback listener".into()))
        };
    }
    let stranger = settings.policy("stranger")?;
    let mut table = LimitTable::default();
    for (class, name) in [
        (LimitClass::Search, "search"),
        (LimitClass::NodeWrite, "node_write"),
        (LimitClass::Items, "items"),
        (LimitClass::Read, "read"),
        (LimitClass::Auth, "auth"),
        (LimitClass::Client, "client"),
    ] {
        let network = match class {
            LimitClass::Search => settings.policy("stranger_search")?,
            LimitClass::Auth => settings.policy("stranger_auth")?,
            LimitClass::Client => settings.policy("stranger_client")?,
            _ => stranger,
        };
        table = table.with_tenant(class, Some(settings.policy(name)?)).with_network(class, Some(network));
    }
    Ok(table)
}
