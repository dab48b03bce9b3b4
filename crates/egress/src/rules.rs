//! What may be asked.

use std::{collections::BTreeSet, net::IpAddr, str::FromStr};

use ipnet::IpNet;

use crate::{Address, EgressError, special};

/// A host or a range of addresses that the operator names, although it is no public one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// This host, whatever its name leads to.
    Host(String),
    /// These addresses, whatever name leads to them.
    Range(IpNet),
}

/// Why a text names neither a host nor a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is neither a host like `models.internal` nor addresses like `10.1.0.0/16`")]
pub struct NotAllowed;

impl FromStr for Allowed {
    type Err = NotAllowed;

    fn from_str(text: &str) -> Result<Self, NotAllowed> {
        if let Some(range) = text.parse().ok().or_else(|| text.parse().ok().map(|address: IpAddr| IpNet::from(address))) {
            return Ok(Self::Range(range));
        }
        let address = Address::parse(&format!("https://{text}/")).map_err(|_| NotAllowed)?;
        // Nothing but the host: no port, no path, no address in digits.
        let host = text.to_lowercase();
        let alone = address.as_str() == format!("https://{}/", address.host())
            && host.strip_suffix('.').unwrap_or(&host) == address.host();
        if alone { Ok(Self::Host(address.host().to_owned())) } else { Err(NotAllowed) }
    }
}

/// What a client may ask. Public addresses on the usual ports, and what the operator named besides.
#[derive(Debug, Clone)]
pub struct Rules {
    allowed: Vec<Allowed>,
    /// The only hosts, if there is such a list.
    only: Option<Vec<String>>,
    ports: BTreeSet<u16>,
}

/// The ports of http and https.
const USUAL_PORTS: [u16; 2] = [80, 443];

impl Rules {
    /// For addresses that a tenant names: public hosts alone, on the ports 80 and 443. With a list, these hosts and the names below them alone.
    pub fn tenant(only: Option<Vec<String>>) -> Self {
        Self { allowed: Vec::new(), only, ports: USUAL_PORTS.into() }
    }

    /// For addresses that the operator named: their hosts and ports, and what else he allows (where redirects may lead).
    pub fn operator<'a>(named: impl IntoIterator<Item = &'a Address>, allowed: &[Allowed]) -> Self {
        let mut rules = Self { allowed: allowed.to_vec(), only: None, ports: USUAL_PORTS.into() };
        for address in named {
            rules.ports.insert(address.port());
            rules.allowed.push(match address.host().parse::<IpAddr>() {
                Ok(ip) => Allowed::Range(IpNet::from(ip)),
                Err(_) => Allowed::Host(address.host().to_owned()),
            });
        }
        rules
    }

    /// What can be said before the name is resolved.
    pub(crate) fn check_host(&self, host: &str, port: u16) -> Result<(), EgressError> {
        if !self.ports.contains(&port) {
            return Err(EgressError::Port);
        }
        let below = |name: &String| host == name || host.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'));
        if self.only.as_ref().is_none_or(|names| names.iter().any(below)) { Ok(()) } else { Err(EgressError::Host) }
    }

    /// Whether `address`, to which `host` led, may be connected to.
    pub(crate) fn check_address(&self, host: &str, address: IpAddr) -> Result<(), EgressError> {
        let Some(purpose) = special::purpose(address) else { return Ok(()) };
        let named = self.allowed.iter().any(|allowed| match allowed {
            Allowed::Host(name) => name == host,
            Allowed::Range(range) => range.contains(&address),
        });
        if named { Ok(()) } else { Err(EgressError::Special(purpose)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_names_hosts_and_ranges_and_nothing_else() {
        let range = |text: &str| Ok(Allowed::Range(text.parse().unwrap()));
        assert_eq!("10.1.0.0/16".parse(), range("10.1.0.0/16"));
        assert_eq!("127.0.0.1".parse(), range("127.0.0.1/32"));
        assert_eq!("fd00::/8".parse(), range("fd00::/8"));
        assert_eq!("::1".parse(), range("::1/128"));
        assert_eq!("Models.Internal".parse(), Ok(Allowed::Host("models.internal".into())));
        assert_eq!("localhost".parse(), Ok(Allowed::Host("localhost".into())));
        for bad in
            ["", "*", "http://x", "x:80", "x/y", "10.0.0.0/33", "127.1", "0x7f.0.0.1", "a b", "user@host", "x?y", "*.internal"]
        {
            assert_eq!(bad.parse::<Allowed>(), Err(NotAllowed), "{bad}");
        }
    }

    #[test]
    fn what_was_named_is_open_and_its_neighbours_are_not() {
        let named = Address::parse("http://models.internal:9000/v1").unwrap();
        let rules = Rules::operator([&named], &["10.1.0.0/16".parse().unwrap()]);
        let check = |host: &str, address: &str| rules.check_address(host, address.parse().unwrap());
        assert_eq!(check("models.internal", "192.168.3.4"), Ok(()));
        assert_eq!(check("elsewhere.internal", "10.1.2.3"), Ok(()));
        assert_eq!(check("elsewhere.internal", "10.2.0.1"), Err(EgressError::Special("private use")));
        // The range was named, and no other spelling of it.
        assert_eq!(check("elsewhere.internal", "::ffff:10.1.2.3"), Err(EgressError::Special("IPv4-mapped")));
        assert_eq!(check("sub.models.internal", "127.0.0.1"), Err(EgressError::Special("loopback")));
        assert_eq!((rules.check_host("any", 9_000), rules.check_host("any", 9_001)), (Ok(()), Err(EgressError::Port)));
    }

    #[test]
    fn a_list_of_hosts_opens_them_and_what_is_below_them() {
        let rules = Rules::tenant(Some(vec!["example.com".into()]));
        for (host, port, expected) in [
            ("example.com", 443, Ok(())),
            ("www.example.com", 80, Ok(())),
            ("notexample.com", 443, Err(EgressError::Host)),
            ("example.com.evil.test", 443, Err(EgressError::Host)),
            ("example.com", 8_443, Err(EgressError::Port)),
        ] {
            assert_eq!(rules.check_host(host, port), expected, "{host}:{port}");
        }
    }
}
