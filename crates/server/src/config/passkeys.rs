//! Whom passkeys are for: the domain that browsers bind them to, and the pages that may ask for them.

use std::net::SocketAddr;

use wardgraph_egress::Address;
use wardgraph_identity::passkey::{BadParty, RelyingParty};

use super::{ConfigError, Settings};

/// What people are shown when their authenticator asks them.
const NAME: &str = "Wardgraph";

/// Whom passkeys are for.
#[derive(Debug, Clone)]
pub enum PasskeySettings {
    /// A domain with its pages.
    Named(RelyingParty),
    /// Pages of this machine, on the listener's port.
    Here,
    /// Nobody: the server is reached at an address, and browsers bind passkeys to names.
    Nobody,
}

impl PasskeySettings {
    /// The relying party of a server that listens there, if it has one.
    pub fn party(&self, listen: SocketAddr) -> Option<RelyingParty> {
        match self {
            Self::Named(party) => Some(party.clone()),
            Self::Here if listen.ip().is_loopback() => {
                RelyingParty::new("localhost", vec![format!("http://localhost:{}", listen.port())], NAME).ok()
            }
            Self::Here | Self::Nobody => None,
        }
    }
}

/// Reads and checks `passkeys.*` against `public_url`.
pub(super) fn passkeys(settings: &Settings, public_url: Option<&str>) -> Result<PasskeySettings, ConfigError> {
    let (domain, mut origins) = (settings.get("passkeys.domain")?, settings.list("passkeys.origins")?);
    let own = public_url.and_then(|url| Address::parse(url).ok());
    let bound = match (domain.value(), &own) {
        ("", Some(own)) => own.host().to_owned(),
        (said, _) => said.to_owned(),
    };
    if bound.is_empty() && origins.is_empty() {
        return Ok(PasskeySettings::Here);
    }
    // Where nothing is said of passkeys, a server without a name that browsers take has none, and works otherwise.
    let unsaid = domain.value().is_empty() && origins.is_empty();
    if let Some(own) = &own {
        origins.insert(0, origin(own));
    }
    match RelyingParty::new(&bound, origins, NAME) {
        Ok(party) => Ok(PasskeySettings::Named(party)),
        Err(_) if unsaid => Ok(PasskeySettings::Nobody),
        Err(BadParty::NoDomain) if !domain.value().is_empty() => Err(domain.refuse("a domain like `example.com`, in lower case")),
        Err(bad) => Err(ConfigError::Together(format!(
            "`passkeys.domain`, `passkeys.origins` and `public_url` do not go together: {bad}"
        ))),
    }
}

/// The origin of an address (RFC 6454), as browsers spell it: without a usual port.
fn origin(address: &Address) -> String {
    let (scheme, usual) = if address.is_plain() { ("http", 80) } else { ("https", 443) };
    match address.port() {
        port if port == usual => format!("{scheme}://{}", address.host()),
        port => format!("{scheme}://{}:{port}", address.host()),
    }
}
