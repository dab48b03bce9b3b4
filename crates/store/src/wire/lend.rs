//! Connecting and authenticating with tokio-postgres, and taking the socket back from it.

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::{CancelToken, Client, Connection, NoTls, tls::NoTlsStream};

use crate::{
    Login, StoreError,
    wire::dial::{Socket, dial},
};

/// Connects as `login` says. What comes back is a socket on which Postgres waits for queries, and the means to cancel one.
pub(crate) async fn open(login: &Login) -> Result<(Socket, Canceller), StoreError> {
    let lent = Lent(Arc::new(Mutex::new(Some(dial(login).await?))));
    let (client, connection) = authenticate_on(lent.clone(), login).await?;
    let canceller = Canceller { token: client.cancel_token(), login: login.clone() };
    // Dropped without a poll, it says no farewell.
    drop(connection);
    let socket = lent.lock().take();
    Ok((socket.ok_or_else(|| StoreError::Unavailable("the connection was not handed over".into()))?, canceller))
}

/// A session that tokio-postgres drives: for what is done once, outside of the pools.
pub(crate) async fn authenticate(login: &Login) -> Result<(Client, Connection<Socket, NoTlsStream>), StoreError> {
    authenticate_on(dial(login).await?, login).await
}

/// Logs in over a socket that is encrypted already, if it is to be.
async fn authenticate_on<S>(socket: S, login: &Login) -> Result<(Client, Connection<S, NoTlsStream>), StoreError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let authenticating = login.config().connect_raw(socket, NoTls);
    match login.config().get_connect_timeout() {
        None => Ok(authenticating.await?),
        Some(within) => {
            let late = |_| StoreError::Unavailable("connecting took too long".into());
            Ok(tokio::time::timeout(*within, authenticating).await.map_err(late)??)
        }
    }
}

/// Asks Postgres, on a connection of its own, to give up what another connection is doing.
#[derive(Clone)]
pub(crate) struct Canceller {
    token: CancelToken,
    login: Login,
}

impl Canceller {
    /// Sends the request. Whether it met anything cannot be known.
    pub(crate) async fn cancel(&self) -> Result<(), StoreError> {
        Ok(self.token.cancel_query_raw(dial(&self.login).await?, NoTls).await?)
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").finish_non_exhaustive()
    }
}

/// A socket that can be taken back from whom it was given to.
#[derive(Clone)]
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
