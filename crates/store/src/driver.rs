//! The side of a connection that reads and writes its socket, driven by whoever waits for an answer.
//!
//! tokio-postgres means it to be a task of its own. Then each flight wakes that task and is woken by it, often on the other core; driven in
//! the request's own task it costs a write and a read, and nothing else.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use sync_wrapper::SyncWrapper;
use tokio_postgres::{Connection, Socket, tls::NoTlsStream};

/// A connection's own side. While nobody runs it nothing is read, and nothing needs to be: a server that hangs up meanwhile is noticed by
/// [`Driver::rest`].
pub(crate) struct Driver {
    /// `None` once the connection has ended; whoever waits for an answer is told so then. Reached by `&mut` alone, so that a unit of work can
    /// be referred to from several threads.
    connection: SyncWrapper<Option<Connection<Socket, NoTlsStream>>>,
    heard: Arc<Heard>,
    waker: Waker,
}

/// Whether an answer came in for who waits for it.
#[derive(Debug, Default)]
struct Heard(AtomicBool);

impl Wake for Heard {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

impl Driver {
    pub(crate) fn of(connection: Connection<Socket, NoTlsStream>) -> Self {
        let heard = Arc::<Heard>::default();
        Self { connection: SyncWrapper::new(Some(connection)), waker: heard.clone().into(), heard }
    }

    /// Does `work`, which waits for answers on this connection and for nothing else.
    pub(crate) async fn run<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let done = poll_fn(|context| {
            loop {
                // First, so that what it sends is in the queue before the socket is written; and with a waker of its own, since answers come
                // in below, where nobody has to be woken for them.
                self.heard.0.store(false, Ordering::Release);
                if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(&self.waker)) {
                    return Poll::Ready(done);
                }
                self.poll(context);
                if !self.heard.0.load(Ordering::Acquire) {
                    return Poll::Pending;
                }
            }
        });
        let done = done.await;
        self.rest();
        done
    }

    /// Takes in what came meanwhile, and forgets the task that waited last.
    pub(crate) fn rest(&mut self) {
        self.poll(&mut Context::from_waker(Waker::noop()));
    }

    /// Reads and writes what there is. A connection that ended is dropped, which wakes whoever waits for an answer on it.
    fn poll(&mut self, context: &mut Context<'_>) {
        let connection = self.connection.get_mut();
        let Some(running) = connection else { return };
        if let Poll::Ready(ended) = Pin::new(running).poll(context) {
            if let Err(error) = ended {
                tracing::debug!(%error, "a database connection ended");
            }
            *connection = None;
        }
    }
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}
