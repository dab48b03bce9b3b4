//! Whom passkeys are for: the relying party's id and the origins whose pages may ask for them.

use webauthn_rp::request::{AsciiDomain, RpId};

/// Who asks authenticators: a domain, and the pages that speak for it. An authenticator signs for the one, a browser for the other.
#[derive(Debug, Clone)]
pub struct RelyingParty {
    pub(super) id: RpId,
    pub(super) origins: Vec<String>,
    name: String,
}

/// Why something is no relying party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadParty {
    /// Browsers bind passkeys to names.
    #[error("passkeys need a domain, like `example.com`, or `localhost`")]
    NoDomain,
    /// Every page must lie below it.
    #[error("passkeys of a domain are for pages of it: each origin must be on it or below it")]
    Elsewhere,
    /// Nobody could ask for one.
    #[error("passkeys need an origin whose pages may ask for them")]
    NoPages,
    /// Browsers give passkeys to nobody who could be overheard.
    #[error("an origin must be `https`, or `http` on `localhost`, without a path")]
    Plain,
}

impl RelyingParty {
    /// The relying party of this domain, asked for by pages of these origins, and shown to people by this name.
    pub fn new(domain: &str, origins: Vec<String>, name: &str) -> Result<Self, BadParty> {
        let named = domain == "localhost" || (domain.contains('.') && domain.parse::<std::net::IpAddr>().is_err());
        let letters = domain.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte));
        let id = AsciiDomain::try_from(domain.to_owned()).map_err(|_| BadParty::NoDomain)?;
        if !named || !letters || domain.ends_with('.') {
            return Err(BadParty::NoDomain);
        }
        if origins.is_empty() {
            return Err(BadParty::NoPages);
        }
        for origin in &origins {
            let (scheme, rest) = origin.split_once("://").ok_or(BadParty::Plain)?;
            let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
            let local = host == "localhost" || host.ends_with(".localhost");
            let safe = scheme == "https" || (scheme == "http" && local);
            if !safe || port.is_some_and(|port| port.parse::<u16>().is_err()) || host.contains(['/', '?', '#', '@']) {
                return Err(BadParty::Plain);
            }
            let below = host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'));
            if !below {
                return Err(BadParty::Elsewhere);
            }
        }
        Ok(Self { id: RpId::Domain(id), origins, name: name.to_owned() })
    }

    /// Its id: the domain.
    pub fn id(&self) -> &str {
        self.id.as_ref()
    }

    /// What people are shown.
    pub fn name(&self) -> &str {
        &self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relying_party_is_a_domain_with_pages_below_it() {
        let party = |domain: &str, origins: &[&str]| {
            RelyingParty::new(domain, origins.iter().map(|&origin| origin.to_owned()).collect(), "w")
                .map(|party| party.id().to_owned())
        };
        for (domain, origin) in [
            ("example.com", "https://example.com"),
            ("example.com", "https://graph.example.com:8443"),
            ("localhost", "http://localhost:8080"),
        ] {
            assert_eq!(party(domain, &[origin]).as_deref(), Ok(domain));
        }
        for domain in ["", "com", "127.0.0.1", "[::1]", "example.com.", "Example.com", "exa mple.com", "b\u{fc}cher.de"] {
            assert_eq!(party(domain, &["https://example.com"]), Err(BadParty::NoDomain), "{domain}");
        }
        assert_eq!(party("example.com", &[]), Err(BadParty::NoPages));
        for origin in ["https://example.org", "https://badexample.com", "https://example.com.evil.org"] {
            assert_eq!(party("example.com", &[origin]), Err(BadParty::Elsewhere), "{origin}");
        }
        for origin in
            ["http://example.com", "https://example.com/", "example.com", "https://example.com:x", "https://a@example.com"]
        {
            assert_eq!(party("example.com", &[origin]), Err(BadParty::Plain), "{origin}");
        }
    }
}
