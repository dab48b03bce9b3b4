//! A socket to Postgres.

use std::{fmt, io, net::IpAddr, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};
use tokio_postgres::{
    Config,
    config::{Host, SslMode, TargetSessionAttrs},
};

use crate::StoreError;

/// Postgres's port where nothing is said.
const PORT: u16 = 5432;
/// How long connecting may take where nothing is said.
const WITHIN: Duration = Duration::from_secs(10);

/// What can be read from and written to.
pub(crate) trait Stream: AsyncRead + AsyncWrite + fmt::Debug + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + fmt::Debug + Send + Sync + Unpin> Stream for T {}

/// A connected socket of either kind.
pub(crate) type Socket = Box<dyn Stream>;

/// Connects to the first host of `login` that answers.
pub(super) async fn dial(login: &Config) -> Result<Socket, StoreError> {
    if login.get_ssl_mode() == SslMode::Require {
        return Err(StoreError::Unsafe("the database URL asks for sslmode=require: TLS to Postgres is not supported".into()));
    }
    if login.get_target_session_attrs() != TargetSessionAttrs::Any {
        return Err(StoreError::Unsafe("the database URL asks for target_session_attrs, which is not supported".into()));
    }
    let (hosts, addresses, ports) = (login.get_hosts(), login.get_hostaddrs(), login.get_ports());
    let mut failed = "the database URL names no host".to_owned();
    for at in 0..hosts.len().max(addresses.len()) {
        let port = ports.get(at).or(ports.first()).copied().unwrap_or(PORT);
        let connecting = connect(login, hosts.get(at), addresses.get(at), port);
        match tokio::time::timeout(login.get_connect_timeout().copied().unwrap_or(WITHIN), connecting).await {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(error)) => failed = format!("error connecting to server: {error}"),
            Err(_) => "connecting took too long".clone_into(&mut failed),
        }
    }
    Err(StoreError::Unavailable(failed))
}

async fn connect(login: &Config, host: Option<&Host>, address: Option<&IpAddr>, port: u16) -> io::Result<Socket> {
    let tcp = match (host, address) {
        (_, Some(address)) => TcpStream::connect((*address, port)).await?,
        (Some(Host::Tcp(name)), None) => TcpStream::connect((name.as_str(), port)).await?,
        (Some(Host::Unix(folder)), None) => {
            return Ok(Box::new(UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await?));
        }
        (None, None) => return Err(io::ErrorKind::InvalidInput.into()),
    };
    tcp.set_nodelay(true)?;
    if login.get_keepalives() {
        let mut alive = TcpKeepalive::new().with_time(login.get_keepalives_idle());
        if let Some(interval) = login.get_keepalives_interval() {
            alive = alive.with_interval(interval);
        }
        SockRef::from(&tcp).set_tcp_keepalive(&alive)?;
    }
    Ok(Box::new(tcp))
}
