//! A socket on which messages go out and come in, and what is known of Postgres at its other end.

use std::{io, sync::Arc, time::Duration};

use bytes::BytesMut;
use futures_util::FutureExt;
use postgres_protocol::message::{backend::Message, frontend};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_postgres::types::Type;

use crate::{
    StoreError,
    wire::{Command, Draft, Flight, Socket, draft::Bound},
};

/// A buffer that grew beyond this is given back once it is empty.
const KEPT: usize = 64 * 1024;
/// What is asked of the socket at once, at least.
pub(super) const READ: usize = 8 * 1024;

/// **Invariant:** `awaited` counts the `Sync`s that were put into `out` and not answered, so that whatever became of the task that flew last,
/// the next one knows how many answers are not its own.
#[derive(Debug)]
pub(crate) struct Session {
    socket: Socket,
    out: BytesMut,
    input: BytesMut,
    awaited: u32,
    /// Whether all that was given to the socket has left it: TLS holds some back.
    flushed: bool,
    /// What the last `ReadyForQuery` said: `I` for no transaction.
    status: u8,
    closed: bool,
    bound: Bound,
}

impl Session {
    pub(crate) fn new(socket: Socket) -> Self {
        Self {
            socket,
            out: BytesMut::new(),
            input: BytesMut::new(),
            awaited: 0,
            flushed: true,
            status: b'I',
            closed: false,
            bound: Bound::default(),
        }
    }

    /// Whether every answer came in and no transaction is open.
    pub(crate) fn is_settled(&self) -> bool {
        self.awaited == 0 && self.status == b'I' && !self.closed
    }

    /// Whether Postgres is known to have hung up.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Statements that go out together. [`StoreError::Ended`] while answers of an abandoned flight are missing: they would be taken for its own.
    pub(crate) fn flight(&mut self) -> Result<Flight<'_>, StoreError> {
        if self.awaited == 0 { Ok(Flight::of(self)) } else { Err(StoreError::Ended) }
    }

    /// Ends whatever transaction may be open, taking in what an abandoned flight left. On success the session is as good as new.
    pub(crate) async fn settle(&mut self, within: Duration) -> bool {
        let settled = tokio::time::timeout(within, async {
            while self.awaited > 0 {
                self.receive().await?;
            }
            if self.status != b'I' {
                let mut flight = self.flight()?;
                flight.add(|draft| draft.command(Command::Rollback))?;
                flight.land().await?;
            }
            Ok::<_, StoreError>(())
        });
        matches!(settled.await, Ok(Ok(()))) && self.is_settled()
    }

    /// Notices whether Postgres hung up since the last flight, without waiting.
    pub(crate) fn listen(&mut self) {
        while !self.closed {
            match self.read().now_or_never() {
                Some(Ok(())) => {}
                Some(Err(_)) | None => return,
            }
        }
    }

    /// Whether anything is prepared for a scope is not known any more.
    pub(super) fn doubt(&mut self) {
        self.bound.doubt();
    }

    /// A flight's messages, behind those that await these results already.
    pub(super) fn draft(&mut self, flown: Vec<Option<Arc<[Type]>>>) -> Draft<'_> {
        Draft::new(&mut self.out, &mut self.bound, flown)
    }

    /// Forgets what was not sent.
    pub(super) fn discard(&mut self) {
        self.out.clear();
    }

    /// The socket, for whoever drives it otherwise from now on: nothing may be on its way.
    pub(super) fn into_socket(self) -> Socket {
        self.socket
    }

    /// Where messages are written before they go out.
    pub(super) fn out(&mut self) -> &mut BytesMut {
        &mut self.out
    }

    /// Closes what was written since the last `Sync`.
    pub(super) fn sync(&mut self) {
        frontend::sync(&mut self.out);
        self.awaited += 1;
    }

    /// The next message, after sending what is still to be sent. Can be dropped at any point: nothing is lost.
    pub(super) async fn receive(&mut self) -> Result<Message, StoreError> {
        let large = self.out.len() > KEPT;
        while !self.out.is_empty() {
            self.flushed = false;
            let written = self.socket.write_buf(&mut self.out).await;
            if let Err(error) = written {
                return Err(self.lost(&error));
            }
        }
        if !self.flushed {
            let flushed = self.socket.flush().await;
            if let Err(error) = flushed {
                return Err(self.lost(&error));
            }
            self.flushed = true;
        }
        if large {
            self.out = BytesMut::new();
        }
        loop {
            match Message::parse(&mut self.input) {
                Ok(Some(Message::ReadyForQuery(ready))) => {
                    self.awaited = self.awaited.saturating_sub(1);
                    self.status = ready.status();
                    if self.input.is_empty() && self.input.capacity() > KEPT {
                        self.input = BytesMut::new();
                    }
                    return Ok(Message::ReadyForQuery(ready));
                }
                Ok(Some(Message::NoticeResponse(_) | Message::ParameterStatus(_) | Message::NotificationResponse(_))) => {}
                Ok(Some(message)) => return Ok(message),
                Ok(None) => self.read().await?,
                Err(error) => return Err(self.lost(&error)),
            }
        }
    }

    async fn read(&mut self) -> Result<(), StoreError> {
        self.input.reserve(READ);
        match self.socket.read_buf(&mut self.input).await {
            Ok(0) => Err(self.lost(&io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => Ok(()),
            Err(error) => Err(self.lost(&error)),
        }
    }

    fn lost(&mut self, error: &io::Error) -> StoreError {
        self.closed = true;
        StoreError::Unavailable(error.to_string())
    }
}
