//! The way out.

use std::{net::SocketAddr, path::PathBuf};

use wardgraph_egress::{Allowed, Egress, Names};

use super::{ConfigError, Settings, keys::Kind};

/// How other hosts are found and believed.
#[derive(Debug)]
pub struct EgressConfig {
    /// Who is asked for names.
    pub names: Names,
    /// A PEM of authorities besides the machine's own.
    pub authorities: Option<PathBuf>,
    /// Hosts and ranges that are no public ones, and may be asked all the same.
    pub allowed: Vec<Allowed>,
}

impl EgressConfig {
    /// What all clients share.
    ///
    /// # Errors
    /// A file of authorities that cannot be read, or is none.
    pub fn open(&self) -> Result<Egress, ConfigError> {
        let authorities = match &self.authorities {
            Some(path) => Some(std::fs::read(path).map_err(|error| ConfigError::File {
                what: "the file of `egress.authorities`",
                path: path.display().to_string(),
                reason: error.to_string(),
            })?),
            None => None,
        };
        Egress::new(self.names, authorities.as_deref()).map_err(|error| ConfigError::Together(format!("`egress.*`: {error}")))
    }
}

/// Reads and checks `egress.*`.
pub(super) fn egress(settings: &Settings) -> Result<EgressConfig, ConfigError> {
    let server = settings.get("egress.name_server")?;
    let names = match server.value() {
        "" => Names::System,
        address => Names::Server(address.parse::<SocketAddr>().map_err(|_| server.refuse(Kind::Listen.words()))?),
    };
    let mut allowed = Vec::new();
    for word in settings.list("egress.allow")? {
        match word.parse() {
            Ok(one) => allowed.push(one),
            Err(_) => {
                return Err(settings.get("egress.allow")?.refuse("a list of hosts and ranges like `keys.internal, 10.1.0.0/16`"));
            }
        }
    }
    let authorities = Some(settings.text("egress.authorities")?).filter(|path| !path.is_empty()).map(PathBuf::from);
    Ok(EgressConfig { names, authorities, allowed })
}
