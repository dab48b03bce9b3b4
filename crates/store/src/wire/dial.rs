//! A socket to Postgres.

use std::{fmt, io, net::IpAddr, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};
use tokio_postgres::config::Host;

use crate::{Login, StoreError, wire::tls};

/// Postgres's port where nothing is said.
const PORT: u16 = 5432;
/// How long connecting may take where nothing is said.
const WITHIN: Duration = Duration::from_secs(10);

/// What can be read from and written to.
pub(crate) trait Stream: AsyncRead + AsyncWrite + fmt::Debug + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + fmt::Debug + Send + Sync + Unpin> Stream for T {}

/// A connected socket of either kind.
pub(crate) type Socket = Box<dyn Stream>;

/// Connects to the first host of `login` that answers, encrypted if it says so.
pub(super) async fn dial(login: &Login) -> Result<Socket, StoreError> {
    let config = login.config();
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let mut failed = "the database URL names no host".to_owned();
    for at in 0..hosts.len().max(addresses.len()) {
        let port = ports.get(at).or(ports.first()).copied().unwrap_or(PORT);
        let connecting = connect(login, hosts.get(at), addresses.get(at), port);
        match tokio::time::timeout(config.get_connect_timeout().copied().unwrap_or(WITHIN), connecting).await {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(error)) => failed = format!("error connecting to server: {error}"),
            Err(_) => "connecting took too long".clone_into(&mut failed),
        }
    }
    Err(StoreError::Unavailable(failed))
}

async fn connect(login: &Login, host: Option<&Host>, address: Option<&IpAddr>, port: u16) -> io::Result<Socket> {
    let tcp = match (host, address) {
        (_, Some(address)) => TcpStream::connect((*address, port)).await?,
        (Some(Host::Tcp(name)), None) => TcpStream::connect((name.as_str(), port)).await?,
        (Some(Host::Unix(folder)), None) => {
            return Ok(Box::new(UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await?));
        }
        (None, None) => return Err(io::ErrorKind::InvalidInput.into()),
    };
    tcp.set_nodelay(true)?;
    let config = login.config();
    if config.get_keepalives() {
        let mut alive = TcpKeepalive::new().with_time(config.get_keepalives_idle());
        if let Some(interval) = config.get_keepalives_interval() {
            alive = alive.with_interval(interval);
        }
        SockRef::from(&tcp).set_tcp_keepalive(&alive)?;
    }
    let Some(encryption) = login.tls() else { return Ok(Box::new(tcp)) };
    // What the certificate has to be of: the name that was asked for, wherever it led.
    let name = match (host, address) {
        (Some(Host::Tcp(name)), _) => name.clone(),
        (_, Some(address)) => address.to_string(),
        (Some(Host::Unix(_)) | None, None) => return Err(io::ErrorKind::InvalidInput.into()),
    };
    Ok(Box::new(tls::encrypt(tcp, &name, encryption).await?))
}
