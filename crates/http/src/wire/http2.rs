//! One connection that speaks HTTP/2 (RFC 9113): streams, resets and answers that nobody reads are bounded here.

use std::{io, pin::pin, sync::Arc, time::Duration};

use axum::body::Body;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use super::{
    crowd::Seat,
    listen::ServeLimits,
    streams::{Streams, Verdict},
};
use crate::mount::{Mounted, Peer};

/// Streams that were reset before they were even looked at (CVE-2023-44487), and those that were reset for their own faults.
const MOST_PENDING_RESETS: usize = 20;
const MOST_FAULTY_STREAMS: usize = 64;
/// What one stream, and a connection, may send before it is read.
const STREAM_WINDOW_BYTES: u32 = 64 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 1 << 20;
const FRAME_BYTES: u32 = 16 << 10;
/// What one stream buffers of its answer besides the answer itself.
const SEND_BYTES: usize = 64 << 10;
/// How often a client that is silent is asked whether it is there, and how long it may take to say so.
const PING_EACH: Duration = Duration::from_secs(20);
const PONG_WITHIN: Duration = Duration::from_secs(20);
/// How often what waits is looked at.
const LOOK_EACH: Duration = Duration::from_secs(1);

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
    let streams = Streams::new(limits.unread_within, seat.clone());
    let opening = streams.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let open = opening.open().map(|stream| (stream, api.respond(peer, request.map(Body::new))));
        async move {
            let (stream, answer) = open.ok_or(io::ErrorKind::ConnectionAborted)?;
            Ok::<_, io::Error>(stream.answer(answer.await))
        }
    });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_pending_accept_reset_streams(MOST_PENDING_RESETS)
        .max_local_error_reset_streams(MOST_FAULTY_STREAMS)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES)
        .max_send_buf_size(SEND_BYTES)
        .keep_alive_interval(PING_EACH)
        .keep_alive_timeout(PONG_WITHIN);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut look = interval(LOOK_EACH);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = false;
    let why = loop {
        tokio::select! {
            ended = &mut connection => match ended {
                Ok(()) => return,
                Err(error) => break error.to_string(),
            },
            () = seat.is_wanted() => break "its place was wanted".into(),
            () = streams.abused.notified() => break "its client cancels its requests".into(),
            _ = stopping.changed(), if !told => {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
            _ = look.tick() => match streams.verdict(limits.head_within) {
                Verdict::Fine => {}
                // One that was told goodbye and stays all the same, or never said that it speaks HTTP/2.
                Verdict::Idle if told => break "it was idle".into(),
                Verdict::Idle => {
                    told = true;
                    connection.as_mut().graceful_shutdown();
                }
                Verdict::Unread => break "its client does not read".into(),
            },
        }
    };
    tracing::debug!(why, "a connection was ended");
}
