//! The way to a connection: the name is resolved once, every address checked, and the connection made to a checked address.

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Uri, uri::Scheme};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::{net::TcpStream, time::timeout};
use tower::Service;

use crate::{EgressError, Rules, names::Resolver};

/// How many addresses of a host are tried.
const MOST_TRIED: usize = 4;

type Opening<S> = Pin<Box<dyn Future<Output = Result<S, BoxError>> + Send>>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Connects to addresses that the rules allow, and to no other. **Invariant:** what was checked is what is connected to: nothing resolves the
/// name a second time (`fault_16_a_name_that_changes_its_mind_is_asked_once`).
#[derive(Debug, Clone)]
struct Checked {
    names: Resolver,
    rules: Arc<Rules>,
    within: Duration,
}

impl Checked {
    async fn open(self, uri: Uri) -> Result<TokioIo<TcpStream>, EgressError> {
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let usual = if uri.scheme() == Some(&Scheme::HTTP) { 80 } else { 443 };
        let port = uri.port_u16().unwrap_or(usual);
        self.rules.check_host(host, port)?;
        let addresses = self.names.resolve(host).await?;
        // One address that may not be reached condemns the name: an honest host has no such company.
        for address in &addresses {
            self.rules.check_address(host, *address)?;
        }
        connect(&addresses, port, self.within).await
    }
}

/// One after the other, each with its share of the time: an address that swallows what is sent must not use up the next one's.
async fn connect(addresses: &[IpAddr], port: u16, within: Duration) -> Result<TokioIo<TcpStream>, EgressError> {
    let tried = addresses.get(..MOST_TRIED).unwrap_or(addresses);
    let share = within / u32::try_from(tried.len().max(1)).unwrap_or(1);
    for address in tried {
        if let Ok(Ok(stream)) = timeout(share, TcpStream::connect(SocketAddr::new(*address, port))).await {
            // Small requests go out at once; without it they are only slower.
            let _ = stream.set_nodelay(true);
            return Ok(TokioIo::new(stream));
        }
    }
    Err(EgressError::Unreachable)
}

impl Service<Uri> for Checked {
    type Response = TokioIo<TcpStream>;
    type Error = EgressError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, EgressError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), EgressError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().open(uri))
    }
}

/// The same with TLS for `https`, all within a time.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    inner: HttpsConnector<Checked>,
    within: Duration,
}

impl Connector {
    pub(crate) fn new(names: Resolver, tls: ClientConfig, rules: Rules, within: Duration) -> Self {
        let checked = Checked { names, rules: Arc::new(rules), within };
        let inner = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(checked);
        Self { inner, within }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = Opening<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (opening, within) = (self.inner.call(uri), self.within);
        Box::pin(async move { timeout(within, opening).await.map_err(|_| EgressError::Unreachable)? })
    }
}
