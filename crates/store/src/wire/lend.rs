//! Connecting and authenticating with tokio-postgres, and taking the socket back from it.
//!
//! tokio-postgres hands a socket to its TLS connector and talks through what that returns. Ours returns a handle through which the socket can
//! be taken out again once Postgres is ready for queries.

use std::{
    convert::Infallible,
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::{
    CancelToken, Config, Socket,
    config::{SslMode, SslNegotiation},
    tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream},
};

use crate::StoreError;

/// Connects as `login` says. What comes back is a socket on which Postgres waits for queries, and the means to cancel one.
pub(crate) async fn open(login: &Config) -> Result<(Socket, Canceller), StoreError> {
    if login.get_ssl_mode() == SslMode::Require {
        return Err(StoreError::Unsafe("the database URL asks for sslmode=require: TLS to Postgres is not supported yet".into()));
    }
    let mut login = login.clone();
    // The one combination in which a connector is handed the socket before anything was said on it.
    login.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
    let lender = Lender::default();
    let (client, connection) = login.connect(lender.clone()).await?;
    let canceller = Canceller(client.cancel_token());
    // Dropped without a poll, it says no farewell.
    drop(connection);
    let socket = lender.0.lock().take();
    let socket = socket.ok_or_else(|| StoreError::Unavailable("the connection was not handed over".into()))?;
    Ok((socket, canceller))
}

/// Asks Postgres, on a connection of its own, to give up what another connection is doing.
#[derive(Clone)]
pub(crate) struct Canceller(CancelToken);

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").finish_non_exhaustive()
    }
}

impl Canceller {
    /// Sends the request. Whether it met anything cannot be known.
    pub(crate) async fn cancel(&self) -> Result<(), StoreError> {
        Ok(self.0.cancel_query(Lender::default()).await?)
    }
}

/// Makes handles to sockets.
#[derive(Debug, Default, Clone)]
struct Lender(Lent);

/// A socket that can be taken back.
#[derive(Default, Clone)]
struct Lent(Arc<Mutex<Option<Socket>>>);

impl Lent {
    fn lock(&self) -> MutexGuard<'_, Option<Socket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, work: impl FnOnce(Pin<&mut Socket>) -> Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match self.lock().as_mut() {
            Some(socket) => work(Pin::new(socket)),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl MakeTlsConnect<Socket> for Lender {
    type Stream = Lent;
    type TlsConnect = Self;
    type Error = Infallible;

    fn make_tls_connect(&mut self, _: &str) -> Result<Self, Infallible> {
        Ok(self.clone())
    }
}

impl TlsConnect<Socket> for Lender {
    type Stream = Lent;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Lent, Infallible>>;

    fn connect(self, socket: Socket) -> Self::Future {
        *self.0.lock() = Some(socket);
        std::future::ready(Ok(self.0))
    }
}

impl TlsStream for Lent {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Lent {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.with(|socket| socket.poll_read(context, buffer))
    }
}

impl AsyncWrite for Lent {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.with(|socket| socket.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|socket| socket.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|socket| socket.poll_shutdown(context))
    }
}

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").finish_non_exhaustive()
    }
}
