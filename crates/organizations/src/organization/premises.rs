//! What servers remember of an organization: whether it works, from where, and how long it keeps what is past.

use std::{net::IpAddr, sync::Arc, time::Duration};

use ipnet::IpNet;
use wardgraph_kernel::{Identity, TenantId};
use wardgraph_store::{Question, Row, Statement};

use crate::OrganizationError;

pub(super) const FIND: Statement<Identity> = Statement::identity(
    "organizations.organization.premises",
    "select settings_version, deleted_at is not null, allowed_networks, retention_days from organizations where organization_id = $1",
);

/// Whether an organization works, from where, and how long it keeps what is past.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Premises {
    /// What a change is told from.
    pub version: i64,
    /// Whether nothing works there.
    pub is_deleted: bool,
    /// How long what is past is kept; for as long as the server says, if nothing is said.
    pub retention: Option<Duration>,
    networks: Arc<[IpNet]>,
}

impl Premises {
    /// Whether its sessions, keys and clients may call from `address`.
    pub fn admits(&self, address: IpAddr) -> bool {
        admits(&self.networks, address)
    }
}

/// Whether an address is within one of these networks; none stand for all.
pub fn admits(networks: &[IpNet], address: IpAddr) -> bool {
    networks.is_empty() || networks.iter().any(|network| network.contains(&address))
}

/// The network that a text spells: one, or an address as the network of itself. IPv4 in IPv6's clothes is IPv4, as callers' addresses are.
pub fn network(text: &str) -> Option<IpNet> {
    let address = || text.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
    text.parse::<IpNet>().ok().map(|network| network.trunc()).or_else(address)
}

/// What is to be remembered of an organization; of one that is not there, nothing.
pub fn premises(organization: &TenantId) -> Question<'_, Premises, OrganizationError> {
    Question::new(&FIND, vec![Box::new(organization.as_str())], |rows| rows.first().map_or_else(|| Ok(Premises::default()), read))
}

fn read(row: &Row) -> Result<Premises, OrganizationError> {
    let networks: Vec<String> = row.try_get(2)?;
    let networks = networks.iter().map(|text| text.parse()).collect::<Result<_, _>>();
    let days: Option<i32> = row.try_get(3)?;
    Ok(Premises {
        version: row.try_get(0)?,
        is_deleted: row.try_get(1)?,
        retention: days.map(|days| Duration::from_hours(24 * u64::from(days.unsigned_abs()))),
        networks: networks.map_err(|_| OrganizationError::Unreadable("an organization's networks"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_networks_are_all_and_a_network_is_itself_alone() {
        let of = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpNet>>();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(admits(&[], address("192.0.2.1")));
        let networks = of(&["192.0.2.0/24", "2001:db8::/32"]);
        for (text, expected) in [("192.0.2.255", true), ("192.0.3.0", false), ("2001:db8::1", true), ("2001:db9::1", false)] {
            assert_eq!(admits(&networks, address(text)), expected, "{text}");
        }
    }
}
