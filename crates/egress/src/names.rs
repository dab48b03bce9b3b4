//! From a host's name to its addresses.

use std::net::{IpAddr, SocketAddr};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
    proto::rr::Name,
};

use crate::{EgressError, SetupError};

/// Who is asked for addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// The machine's own name servers (`/etc/resolv.conf`), after its list of hosts (`/etc/hosts`).
    System,
    /// This name server alone.
    Server(SocketAddr),
}

#[derive(Debug, Clone)]
pub(crate) struct Resolver(TokioResolver);

impl Resolver {
    pub(crate) fn new(names: Names) -> Result<Self, SetupError> {
        let mut builder = match names {
            // A machine without `/etc/resolv.conf` has its list of hosts.
            Names::System => TokioResolver::builder_tokio().unwrap_or_else(|_| {
                TokioResolver::builder_with_config(ResolverConfig::from_name_servers(Vec::new()), TokioRuntimeProvider::default())
            }),
            Names::Server(address) => {
                let at = |mut connection: ConnectionConfig| {
                    connection.port = address.port();
                    connection
                };
                let connections = vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())];
                let server = NameServerConfig::new(address.ip(), true, connections);
                TokioResolver::builder_with_config(
                    ResolverConfig::from_name_servers(vec![server]),
                    TokioRuntimeProvider::default(),
                )
            }
        };
        let options = builder.options_mut();
        // IPv4 first: a machine without IPv6 would wait for each address in vain.
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        // A connection is kept open for as long as it is used; an answer older than that is nobody's.
        options.cache_size = 0;
        options.use_hosts_file = if names == Names::System { ResolveHosts::Always } else { ResolveHosts::Never };
        builder.build().map(Self).map_err(|_| SetupError::Names)
    }

    /// Every address of a host, asked for once. An address is its own.
    pub(crate) async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, EgressError> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let name = Name::from_ascii(host).map_err(|_| EgressError::Unresolved)?;
        let found = self.0.lookup_ip(name).await.map_err(|_| EgressError::Unresolved)?;
        Ok(found.iter().collect())
    }
}
