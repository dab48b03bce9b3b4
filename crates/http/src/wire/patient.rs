//! A stream whose other end must read: what it does not take in time is lost to it, and the memory that holds it is free again.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

/// How little a client may read a second once what it does not read holds up its answer.
pub(super) const LEAST_PER_SECOND: u64 = 16 << 10;

/// The stream. Its timer is set when a write has to wait, and never before.
#[derive(Debug)]
pub(super) struct Patient<S> {
    inner: S,
    within: Duration,
    /// A timer that was made once, where a write had to wait.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether the write before had to wait.
    waits: bool,
    /// What was taken since the timer was set.
    taken: u64,
}

impl<S> Patient<S> {
    /// A stream whose other end takes, while anything waits, so much each `within` as [`LEAST_PER_SECOND`] makes of it.
    pub(super) fn new(inner: S, within: Duration) -> Self {
        Self { inner, within, timer: None, waits: false, taken: 0 }
    }

    fn check<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
        taken: impl Fn(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        match outcome {
            Poll::Pending => self.wait(cx).map(Err),
            Poll::Ready(Ok(value)) => {
                self.taken = self.taken.saturating_add(taken(&value) as u64);
                self.waits = false;
                Poll::Ready(Ok(value))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        }
    }

    /// Ready with an error when too little was taken for too long.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let now = Instant::now();
        let end = now + self.within;
        let timer = self.timer.get_or_insert_with(|| {
            self.taken = 0;
            Box::pin(sleep_until(end))
        });
        // It ran out while nothing waited: that was another answer.
        if !self.waits && timer.deadline() <= now {
            timer.as_mut().reset(end);
            self.taken = 0;
        }
        self.waits = true;
        while timer.as_mut().poll(cx).is_ready() {
            if u128::from(self.taken) * 1_000 < u128::from(LEAST_PER_SECOND) * self.within.as_millis() {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            timer.as_mut().reset(end);
            self.taken = 0;
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.check(cx, written, |bytes| *bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        self.check(cx, flushed, |()| 0)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.check(cx, shut, |()| 0)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.check(cx, written, |bytes| *bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const WITHIN: Duration = Duration::from_millis(300);

    /// How a long answer ends for a client that reads `bytes` each `pause`.
    async fn ends(bytes: usize, pause: Duration) -> Result<(), io::ErrorKind> {
        let (near, mut far) = duplex(1 << 10);
        let reader = tokio::spawn(async move {
            let mut read = vec![0; bytes];
            while far.read_exact(&mut read).await.is_ok() {
                tokio::time::sleep(pause).await;
            }
            tokio::time::sleep(Duration::from_hours(1)).await;
        });
        let mut patient = Patient::new(near, WITHIN);
        let written = patient.write_all(&vec![0; 2 << 20]).await;
        reader.abort();
        written.map_err(|error| error.kind())
    }

    #[tokio::test]
    async fn a_client_that_reads_nothing_or_drips_is_given_up() {
        // With nothing, and with a twentieth of what is asked.
        assert_eq!(ends(1, WITHIN * 100).await, Err(io::ErrorKind::TimedOut));
        assert_eq!(ends(40, Duration::from_millis(50)).await, Err(io::ErrorKind::TimedOut));
        // A reader that pauses, and is fast enough as a whole.
        assert_eq!(ends(256 << 10, Duration::from_millis(100)).await, Ok(()));
    }
}
