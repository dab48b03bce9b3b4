//! The listener: where, with what TLS, and what a client may take of it.

use std::{net::SocketAddr, path::PathBuf};

use wardgraph_gate::Proxies;
use wardgraph_http::{ClientAuthorities, Cors, Edge, ServeLimits, TlsFiles};

use super::{ConfigError, Settings, keys::Kind};

/// The listener.
#[derive(Debug)]
pub struct HttpConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The files of its TLS; `None` for plain HTTP.
    pub tls: Option<TlsFiles>,
    /// What a client may take of it.
    pub limits: ServeLimits,
    /// What holds for every endpoint alike.
    pub edge: Edge,
    /// Which proxies are believed.
    pub proxies: Proxies,
}

impl HttpConfig {
    /// How URLs of it begin.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}

/// Reads and checks `http.*` and `tls.*`. The files of TLS are read at the start.
pub(super) fn http(settings: &Settings) -> Result<HttpConfig, ConfigError> {
    let listen = settings.get("http.listen")?;
    let address: SocketAddr = listen.value().parse().map_err(|_| listen.refuse(Kind::Listen.words()))?;
    let tls = tls(settings)?;
    if tls.is_none() && !address.ip().is_loopback() && !settings.flag("http.plain_beyond_loopback")? {
        let reason = "is reached by other machines, and plain HTTP would carry tokens in the clear: name tls.certificate_file and \
                      tls.key_file, or put a proxy with TLS before the server (the usual way in a container) and set \
                      http.plain_beyond_loopback = true, in the environment WARDGRAPH_HTTP__PLAIN_BEYOND_LOOPBACK=true";
        return Err(ConfigError::Together(format!("http.listen = {address} {reason}")));
    }
    let behind_proxy = settings.flag("http.trust_proxy")?;
    Ok(HttpConfig {
        listen: address,
        tls,
        // Of a proxy's connections, and of this machine's own, none is a stranger's.
        limits: limits(settings, behind_proxy || address.ip().is_loopback())?,
        edge: Edge {
            most_bytes: settings.number("http.max_request_bytes")?,
            most_held_bytes: settings.number("http.max_held_bytes")?,
            body_within: settings.millis("http.body_timeout_ms")?,
            cors: cors(settings)?,
        },
        proxies: Proxies {
            count: if behind_proxy { settings.number("http.trusted_proxies")? } else { 0 },
            header: settings.text("http.real_ip_header")?.to_ascii_lowercase(),
        },
    })
}

fn limits(settings: &Settings, all_from_one: bool) -> Result<ServeLimits, ConfigError> {
    let connections = settings.number("http.max_connections")?;
    let connections_each = match settings.text("http.max_connections_per_network")?.as_str() {
        "" if all_from_one => connections,
        "" => connections.div_ceil(10),
        _ => settings.number("http.max_connections_per_network")?,
    };
    Ok(ServeLimits {
        connections,
        connections_each,
        streams: u32::try_from(settings.number("http.max_streams")?).unwrap_or(u32::MAX),
        head_bytes: settings.number("http.max_head_bytes")?,
        handshake_within: settings.millis("http.handshake_timeout_ms")?,
        head_within: settings.millis("http.head_timeout_ms")?,
        unread_within: settings.millis("http.unread_timeout_ms")?,
        ..ServeLimits::default()
    })
}

fn tls(settings: &Settings) -> Result<Option<TlsFiles>, ConfigError> {
    let path = |name: &str| Ok(Some(settings.text(name)?).filter(|path| !path.is_empty()).map(PathBuf::from));
    let clients = path("tls.client_ca_file")?;
    match (path("tls.certificate_file")?, path("tls.key_file")?) {
        (Some(certificate), Some(key)) => {
            let required = settings.flag("tls.client_certificate_required")?;
            Ok(Some(TlsFiles { certificate, key, clients: clients.map(|file| ClientAuthorities { file, required }) }))
        }
        (None, None) if clients.is_none() => Ok(None),
        _ => Err(ConfigError::Together("TLS needs both tls.certificate_file and tls.key_file".into())),
    }
}

fn cors(settings: &Settings) -> Result<Option<Cors>, ConfigError> {
    let setting = settings.get("http.cors_origins")?;
    let origins: Vec<_> = setting.value().split(',').map(str::trim).filter(|origin| !origin.is_empty()).collect();
    if origins.is_empty() {
        return Ok(None);
    }
    let cors = Cors::new(origins, settings.flag("http.cors_credentials")?);
    cors.map(Some).map_err(|error| setting.refuse(format!("a list of origins: {error}")))
}
