//! A stream whose requests are looked at before HTTP's own parser sees them: nothing behind a bad head is ever read as a request.

use std::{
    io,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    crowd::Seat,
    framing::{Framing, Refused},
};

/// The stream.
#[derive(Debug)]
pub(super) struct Guard<S> {
    inner: S,
    framing: Framing,
    refused: Option<Refused>,
    seat: Arc<Seat>,
}

impl<S> Guard<S> {
    /// Whoever serves the requests counts in `seat` how many were answered; how many of these answers have left is counted here.
    pub(super) fn new(inner: S, most_head: usize, seat: Arc<Seat>) -> Self {
        Self { inner, framing: Framing::new(most_head), refused: None, seat }
    }

    /// The stream itself, why a head was refused on it, and whether one had begun. A body that was refused is its request's to tell.
    pub(super) fn into_parts(self) -> (S, Option<Refused>, bool) {
        let (amid_body, amid_head) = (self.framing.is_amid_body(), self.framing.is_amid_head());
        (self.inner, self.refused.filter(|_| !amid_body), amid_head)
    }

    /// Ends reading. Not before the requests that came before are answered: an error would cancel them, and what is said of this one
    /// would be taken for their answer.
    fn stop(&self) -> Poll<io::Result<()>> {
        if self.framing.is_amid_body() || self.seat.sent.load(Ordering::Relaxed) >= self.framing.heads() {
            Poll::Ready(Err(io::ErrorKind::InvalidData.into()))
        } else {
            Poll::Pending
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.refused.is_some() {
            return self.stop();
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        if let Err((refused, good)) = self.framing.pass(buf.filled().get(before..).unwrap_or_default()) {
            buf.set_filled(before + good);
            self.refused = Some(refused);
            if good == 0 {
                return self.stop();
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let answered = self.seat.answered.load(Ordering::Relaxed);
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        self.seat.sent.store(answered, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }

    /// Not yet, if there is still to be said why no more is read.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.refused.is_some() { Poll::Ready(Ok(())) } else { Pin::new(&mut self.inner).poll_shutdown(cx) }
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
