//! How a role reaches Postgres and proves itself, and whether what they say to each other is encrypted.

mod parameters;

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use rustls::ClientConfig;
use tokio_postgres::{
    Client, Config,
    config::{ChannelBinding, Host, SslMode, SslNegotiation, TargetSessionAttrs},
};

use crate::{StoreError, wire};

/// How long connecting may take outside of the pools.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// A login to Postgres. Encrypted, its server's certificate is always checked.
#[derive(Debug, Clone)]
pub struct Login {
    config: Config,
    tls: Option<Arc<ClientConfig>>,
}

/// Why a text is no login. Names nothing of it: it holds a password.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// It is neither a URL nor a list of `key=value`.
    #[error("is not a Postgres login like `postgres://user:password@host/database`")]
    Unreadable,
    /// It asks for what is not built.
    #[error("asks for {0}, which is not supported")]
    Unsupported(&'static str),
    /// Other machines could read along, and it does not say that they may.
    #[error(
        "leads to another machine and does not say whether to encrypt: add `sslmode=verify-full` to it (and `sslrootcert=FILE` if its \
         certificate is of an authority of your own), or `sslmode=disable` where nobody can listen in between"
    )]
    Unsaid,
    /// The authorities cannot be used.
    #[error("needs authorities to check certificates against, and has none: {0}")]
    Authorities(String),
}

impl Login {
    /// To the Postgres whose socket lies in `folder`.
    pub fn at_socket(folder: impl AsRef<Path>) -> Self {
        let mut config = Config::new();
        config.host_path(folder).ssl_mode(SslMode::Disable);
        Self { config, tls: None }
    }

    /// As whom.
    pub fn user(&mut self, name: &str) -> &mut Self {
        self.config.user(name);
        self
    }

    /// With which password.
    pub fn password(&mut self, password: &str) -> &mut Self {
        self.config.password(password);
        self
    }

    /// To which database.
    pub fn dbname(&mut self, name: &str) -> &mut Self {
        self.config.dbname(name);
        self
    }

    /// With which settings of the session (PostgreSQL documentation, `options`).
    pub fn options(&mut self, options: &str) -> &mut Self {
        self.config.options(options);
        self
    }

    /// A session of its own, outside of any pool, driven in the background.
    pub async fn connect(&self) -> Result<Client, StoreError> {
        let (client, connection) = wire::authenticate(self).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a session outside of the pools ended");
            }
        });
        Ok(client)
    }

    /// The same under a name and with settings of its own, within ten seconds.
    pub(crate) async fn connect_as(&self, name: &str, options: &str) -> Result<Client, StoreError> {
        let mut login = self.clone();
        login.config_mut().application_name(name).options(options);
        tokio::time::timeout(CONNECT_WITHIN, login.connect()).await.map_err(|_| StoreError::Timeout)?
    }

    /// Where it leads and as whom, as a client of Postgres reads it.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    /// How to encrypt, if at all.
    pub(crate) fn tls(&self) -> Option<&Arc<ClientConfig>> {
        self.tls.as_ref()
    }

    /// Whether it leads nowhere but to this machine.
    fn is_local(&self) -> bool {
        let named = |host: &Host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
        };
        match self.config.get_hostaddrs() {
            [] => self.config.get_hosts().iter().all(named),
            // A host without an address of its own would be looked up.
            addresses => addresses.len() >= self.config.get_hosts().len() && addresses.iter().all(IpAddr::is_loopback),
        }
    }
}

impl FromStr for Login {
    type Err = LoginError;

    /// Reads a URL or a list of `key=value` as libpq does (PostgreSQL documentation, "Connection Strings"), except that whoever asks for
    /// encryption gets it checked: a server that nobody knows could as well be in between.
    fn from_str(text: &str) -> Result<Self, LoginError> {
        let asked = parameters::take(text).ok_or(LoginError::Unreadable)?;
        let mut config: Config = asked.rest.parse().map_err(|_| LoginError::Unreadable)?;
        if config.get_target_session_attrs() != TargetSessionAttrs::Any {
            return Err(LoginError::Unsupported("`target_session_attrs`"));
        }
        if config.get_ssl_negotiation() != SslNegotiation::Postgres {
            return Err(LoginError::Unsupported("`sslnegotiation`"));
        }
        if config.get_channel_binding() == ChannelBinding::Require {
            return Err(LoginError::Unsupported("`channel_binding=require`"));
        }
        // Encrypted or not, by the time that tokio-postgres sees a socket: it asks for nothing itself.
        config.ssl_mode(SslMode::Disable);
        let mut login = Self { config, tls: None };
        match asked.mode.as_deref() {
            Some("disable") => {}
            None | Some("allow" | "prefer") => {
                if !login.is_local() {
                    return Err(LoginError::Unsaid);
                }
            }
            Some("require" | "verify-full") => {
                let authorities = asked.authorities.filter(|file| file != "system").map(PathBuf::from);
                login.tls = Some(wire::tls(authorities.as_deref()).map_err(LoginError::Authorities)?);
            }
            Some("verify-ca") => return Err(LoginError::Unsupported("`sslmode=verify-ca` (`verify-full` is the stricter one)")),
            Some(_) => return Err(LoginError::Unsupported("an `sslmode` besides `disable` and `verify-full`")),
        }
        Ok(login)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a login encrypts; or what is wrong with it.
    fn encrypts(text: &str) -> Result<bool, String> {
        text.parse().map(|login: Login| login.tls.is_some()).map_err(|error: LoginError| error.to_string())
    }

    #[test]
    fn nothing_leaves_the_machine_in_the_clear_unless_it_is_said() {
        for local in [
            "postgres://u:p@localhost/db",
            "postgres://u:p@127.0.0.1:5433/db?application_name=x",
            "postgresql://u:p@[::1]/db?sslmode=prefer",
            "postgres:///db?host=/run/postgresql",
            "host=/run/postgresql user=u",
            "host=db.example.com hostaddr=127.0.0.1 user=u",
            r"host='localhost' user = u password='it\'s'",
        ] {
            assert_eq!(encrypts(local), Ok(false), "{local}");
        }
        for (said, encrypted) in [
            ("postgres://u:p@db.example.com/db?sslmode=disable", false),
            ("host=192.0.2.1 user=u sslmode=disable", false),
            ("postgres://u:p@db.example.com/db?sslmode=require", true),
            ("postgres://u:p@db.example.com/db?connect_timeout=3&sslmode=verify-full&sslrootcert=system", true),
            ("postgres://u:p@localhost/db?sslmode=verify-full", true),
            ("host=192.0.2.1 user=u sslmode = 'verify-full'", true),
        ] {
            assert_eq!(encrypts(said), Ok(encrypted), "{said}");
        }
        for unsaid in [
            "postgres://u:p@db.example.com/db",
            "postgres://u:p@db.example.com/db?sslmode=prefer",
            "postgres://u:p@localhost,db.example.com/db?sslmode=allow",
            "postgres://u:p@localhost.example.com/db",
            "host=localhost hostaddr=192.0.2.1 user=u",
            "host=192.0.2.1 user=u",
        ] {
            let told = encrypts(unsaid).unwrap_err();
            assert!(told.contains("sslmode=verify-full") && told.contains("sslmode=disable"), "{unsaid}: {told}");
        }
        // The last one counts, as everywhere in a URL's parameters: none is read by one and overlooked by another.
        assert_eq!(encrypts("postgres://u:p@db.example.com/db?sslmode=require&sslmode=disable"), Ok(false));
    }

    #[test]
    fn what_is_asked_and_not_built_is_refused() {
        for (asked, word) in [
            ("sslmode=verify-ca", "verify-ca"),
            ("sslmode=off", "sslmode"),
            ("sslmode=", "sslmode"),
            ("channel_binding=require", "channel_binding"),
            ("sslnegotiation=direct", "sslnegotiation"),
            ("target_session_attrs=read-write", "target_session_attrs"),
            ("sslmode=verify-full&sslrootcert=/no/such/file", "/no/such/file"),
            ("sslcert=/c.pem", "is not a Postgres login"),
        ] {
            let told = encrypts(&format!("postgres://u:hidden@localhost/db?{asked}")).unwrap_err();
            assert!(told.contains(word) && !told.contains("hidden"), "{asked}: {told}");
        }
    }
}
