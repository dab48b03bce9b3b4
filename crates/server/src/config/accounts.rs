//! Accounts: who may register, how long sessions last, and how mail goes out.

use std::{net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use wardgraph_egress::{Address, Rules};
use wardgraph_http::{FactorRules, Registering};
use wardgraph_identity::{
    mail::{SmtpOptions, Tls},
    password::{Breached, HashFile, PoolOptions, RangeService},
    session::Lifetimes,
};

use super::{ConfigError, EgressConfig, Settings};

/// How long connecting to a service of breached passwords may take: somebody waits for it.
const ASKED_WITHIN: Duration = Duration::from_secs(2);

/// How accounts are kept.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// How people come to have accounts.
    pub registration: Registering,
    /// What is asked of second factors.
    pub factors: FactorRules,
    /// How long sessions last.
    pub lifetimes: Lifetimes,
    /// Where passwords are looked up that were leaked elsewhere.
    pub breached: Option<BreachedAt>,
    /// For how long after signing in a person may do what asks for a fresh sign-in.
    pub fresh_for: Duration,
    /// The threads that work passwords out.
    pub pool: PoolOptions,
    /// The mail server; `None` has messages written into the data folder.
    pub smtp: Option<SmtpOptions>,
}

/// Where passwords are looked up that were leaked elsewhere.
#[derive(Debug, Clone)]
pub enum BreachedAt {
    /// In a file.
    File(PathBuf),
    /// At a service.
    Service(Address),
}

impl BreachedAt {
    /// The list, open.
    pub fn open(&self, egress: &EgressConfig) -> Result<Breached, ConfigError> {
        let told = |error: &dyn std::fmt::Display| ConfigError::Together(format!("`accounts.breached_passwords`: {error}"));
        match self {
            Self::File(path) => Ok(Breached::File(Arc::new(HashFile::open(path).map_err(|error| told(&error))?))),
            Self::Service(address) => {
                let client = egress.open()?.client(Rules::operator([address], &egress.allowed), ASKED_WITHIN);
                Ok(Breached::Service(RangeService::new(client, address.clone())))
            }
        }
    }
}

fn breached(settings: &Settings) -> Result<Option<BreachedAt>, ConfigError> {
    let found = settings.get("accounts.breached_passwords")?;
    let text = found.value();
    if text.is_empty() {
        return Ok(None);
    }
    if !text.contains("://") {
        return Ok(Some(BreachedAt::File(text.into())));
    }
    let address = Address::parse(text).ok().filter(|address| !address.is_plain() || address.is_loopback());
    let address = address.filter(|address| address.as_str().ends_with('/'));
    let wanted = "a path, or an https address that ends in `/`, like `https://api.pwnedpasswords.com/range/`";
    address.map(|address| Some(BreachedAt::Service(address))).ok_or_else(|| found.refuse(wanted))
}

/// Reads and checks `accounts.*` and `mail.*`.
pub(super) fn accounts(settings: &Settings) -> Result<AccountSettings, ConfigError> {
    let word = settings.get("accounts.registration")?;
    let registration = match word.value() {
        "open" => Registering::Open,
        "invitation" => Registering::ByInvitation,
        "closed" => Registering::Closed,
        _ => return Err(word.refuse("`open`, `invitation` or `closed`")),
    };
    let word = settings.get("accounts.second_factor")?;
    let required = match word.value() {
        "chosen" => false,
        "required" => true,
        _ => return Err(word.refuse("`chosen` or `required`")),
    };
    let skew = u16::try_from(settings.number("accounts.totp_skew_steps")?).unwrap_or(1);
    let factors = FactorRules { required, skew };
    let days = |name: &str| settings.number(name).map(|days| Duration::from_hours(24 * days as u64));
    let lifetimes = Lifetimes { absolute: days("accounts.session_days")?, idle: days("accounts.idle_days")? };
    let fresh_for = Duration::from_mins(settings.number("accounts.fresh_minutes")? as u64);
    let machine = PoolOptions::of_this_machine();
    let pool = match settings.number("accounts.hash_threads")? {
        0 => machine,
        threads => PoolOptions { threads, queue: threads * 32, ..machine },
    };
    let (breached, smtp) = (breached(settings)?, smtp(settings)?);
    Ok(AccountSettings { registration, factors, lifetimes, breached, fresh_for, pool, smtp })
}

fn smtp(settings: &Settings) -> Result<Option<SmtpOptions>, ConfigError> {
    let host = settings.text("mail.smtp_host")?;
    if host.is_empty() {
        return Ok(None);
    }
    let word = settings.get("mail.smtp_tls")?;
    let (tls, usual) = match word.value() {
        "starttls" => (Tls::Start, 587),
        "implicit" => (Tls::Implicit, 465),
        "none" => (Tls::None, 25),
        _ => return Err(word.refuse("`starttls`, `implicit` or `none`")),
    };
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if tls == Tls::None && !here {
        return Err(ConfigError::Together(
            "mail.smtp_tls = none needs a mail server on this machine: links that open accounts would go in the clear".into(),
        ));
    }
    let port = match settings.number("mail.smtp_port")? {
        0 => usual,
        port => u16::try_from(port).unwrap_or(usual),
    };
    let user = settings.text("mail.smtp_user")?;
    let login = match (user.is_empty(), settings.secret("mail.smtp_password")?) {
        (true, None) => None,
        (false, Some(password)) => Some((user, password)),
        _ => return Err(ConfigError::Together("mail.smtp_user and mail.smtp_password go together".into())),
    };
    let options = SmtpOptions { host, port, tls, login, from: settings.text("mail.from")? };
    options.check().map_err(|error| ConfigError::Together(format!("`mail.*`: {error}")))?;
    Ok(Some(options))
}
