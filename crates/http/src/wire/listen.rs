//! The listener: bounded connections, and an end that lets running requests finish.

use std::{sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_rustls::TlsAcceptor;
use wardgraph_kernel::metric;

use super::{
    crowd::{Crowd, Place, Seat},
    http1, http2,
    patient::Patient,
    tls::Tls,
};
use crate::mount::{Mounted, Peer};

/// What a client may take of the listener.
#[derive(Debug, Clone, Copy)]
pub struct ServeLimits {
    /// How many connections may be open at once. For a further one, one that asks nothing is closed; it waits while all ask something.
    pub connections: usize,
    /// How many of them one network may have; further ones are closed.
    pub connections_each: usize,
    /// How many requests may run at once on one connection of HTTP/2.
    pub streams: u32,
    /// The most bytes of a request line with its headers.
    pub head_bytes: usize,
    /// How long a TLS handshake may take.
    pub handshake_within: Duration,
    /// How long a request's head may take to arrive, the wait between requests included.
    pub head_within: Duration,
    /// How long a client may go without reading of its answer what can be expected (16 KiB a second).
    pub unread_within: Duration,
    /// How long running requests may take once the server is told to stop.
    pub finish_within: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_each: 10_000,
            streams: 100,
            head_bytes: 32 << 10,
            handshake_within: Duration::from_secs(10),
            head_within: Duration::from_secs(30),
            unread_within: Duration::from_secs(20),
            finish_within: Duration::from_secs(15),
        }
    }
}

/// Serves `api` on `listener` until `stop` is done, then lets running requests finish. With `tls` nothing else is spoken.
pub async fn serve(
    listener: TcpListener,
    api: Mounted,
    tls: Option<Arc<Tls>>,
    limits: ServeLimits,
    stop: impl Future<Output = ()>,
) {
    let (stopped, stopping) = watch::channel(());
    let crowd = Crowd::new(limits.connections, limits.connections_each);
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &crowd) => accepted,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        let (api, tls, stopping) = (api.clone(), tls.clone(), stopping.clone());
        tokio::spawn(async move {
            connection(Patient::new(stream, limits.unread_within), peer, api, tls, &limits, &place.seat, stopping).await;
            drop(place);
        });
    }
    drop((listener, stopping));
    let _ = stopped.send(());
    if tokio::time::timeout(limits.finish_within, stopped.closed()).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
}

async fn connection(
    stream: Patient<TcpStream>,
    peer: Peer,
    api: Mounted,
    tls: Option<Arc<Tls>>,
    limits: &ServeLimits,
    seat: &Arc<Seat>,
    mut stopping: watch::Receiver<()>,
) {
    let Some(tls) = tls else {
        return http1::serve(stream, peer, api, limits, seat.clone(), stopping).await;
    };
    let api = api.encrypted();
    let handshake = TlsAcceptor::from(tls.config()).accept(stream);
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(limits.handshake_within, handshake) => shaken,
        () = seat.is_wanted() => return,
        _ = stopping.changed() => return,
    };
    match shaken {
        // Boxed: a connection without TLS does not carry the room for these.
        Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(&b"h2"[..]) => {
            Box::pin(http2::serve(stream, peer, api, limits, seat.clone(), stopping)).await;
        }
        Ok(Ok(stream)) => Box::pin(http1::serve(stream, peer, api, limits, seat.clone(), stopping)).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn accept(listener: &TcpListener, crowd: &Arc<Crowd>) -> Option<(TcpStream, Peer, Place)> {
    match listener.accept().await {
        Ok((stream, address)) => {
            let Some(place) = crowd.place(address.ip()).await else {
                metric::HTTP_CONNECTIONS_REFUSED.of([]).increment(1);
                return None;
            };
            let _ = stream.set_nodelay(true);
            Some((stream, Peer(address.ip()), place))
        }
        Err(error) => {
            // Out of file descriptors, most likely: give connections time to end.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}
