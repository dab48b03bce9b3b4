//! One connection that speaks HTTP/1.1.

use std::{
    convert::Infallible,
    sync::{Arc, atomic::Ordering},
};

use axum::body::Body;
use http::StatusCode;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};
use wardgraph_api::Problem;

use super::{crowd::Seat, framing::Refused, guard::Guard, last_word, listen::ServeLimits};
use crate::mount::{Mounted, Peer};

/// What HTTP's parser keeps of a connection at most: more than a head, which the guard bounds before.
pub(super) const BUFFER_BYTES: usize = 72 << 10;

/// Serves one connection until it ends, or until what runs on it is done once `stopping` says so.
pub(super) async fn serve<S>(
    stream: S,
    peer: Peer,
    api: Mounted,
    limits: &ServeLimits,
    seat: Arc<Seat>,
    mut stopping: watch::Receiver<()>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (answering, counting) = (api.clone(), seat.clone());
    let guarded = Guard::new(stream, limits.head_bytes, seat.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (answer, seat) = (answering.respond(peer, request.map(Body::new)), counting.clone());
        seat.begun.fetch_add(1, Ordering::Relaxed);
        async move {
            let answer = answer.await;
            seat.answered.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Infallible>(answer)
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head_within).max_buf_size(BUFFER_BYTES).half_close(false);
    let mut connection = builder.serve_connection(TokioIo::new(guarded), service);
    let mut told = false;
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut connection => break ended,
            () = seat.is_wanted() => return,
            _ = stopping.changed(), if !told => {
                told = true;
                std::pin::Pin::new(&mut connection).graceful_shutdown();
            }
        }
    };
    let (stream, refused, amid_head) = connection.into_parts().io.into_inner().into_parts();
    let problem = match (refused, &ended) {
        (Some(refused), _) => Some(refused.problem()),
        (None, Err(error)) if error.is_timeout() && amid_head => Some(Problem::too_slow("the head did not arrive in time")),
        (None, _) => None,
    };
    if let Some(problem) = problem {
        last_word::say(stream, api.refuse(problem)).await;
    } else if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}

impl Refused {
    fn problem(self) -> Problem {
        if self.status == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.as_u16() {
            Problem::head_too_large(self.detail)
        } else {
            Problem::malformed(self.detail)
        }
    }
}
