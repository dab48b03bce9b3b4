//! Statements that go out together and end in one `Sync`, and what comes back of each.

use std::{io, sync::Arc};

use postgres_protocol::message::backend::Message;
use tokio_postgres::types::Type;

use crate::{
    StoreError,
    wire::{Draft, Row, Session, landing::Landing},
};

/// A flight in the making. One that is dropped before it lands sends nothing.
#[derive(Debug)]
pub(crate) struct Flight<'s> {
    session: &'s mut Session,
    flown: Vec<Option<Arc<[Type]>>>,
    sent: bool,
    landed: bool,
}

impl<'s> Flight<'s> {
    pub(super) fn of(session: &'s mut Session) -> Self {
        Self { session, flown: Vec::with_capacity(8), sent: false, landed: false }
    }

    /// Adds what `draw` says.
    pub(crate) fn add(&mut self, draw: impl FnOnce(&mut Draft<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut draft = self.session.draft(std::mem::take(&mut self.flown));
        let drawn = draw(&mut draft);
        self.flown = draft.flown();
        drawn
    }

    /// Sends the flight, and brings the rows of each of its statements. The first refusal ends it, as Postgres passes over the rest then.
    pub(crate) async fn land(mut self) -> Result<Vec<Vec<Row>>, StoreError> {
        self.session.sync();
        self.sent = true;
        let mut landing = Landing::of(std::mem::take(&mut self.flown));
        loop {
            match self.session.receive().await {
                Ok(Message::ReadyForQuery(_)) => {
                    let rows = landing.end();
                    self.landed = rows.is_ok();
                    return rows;
                }
                Ok(message) => landing.take(message),
                // Postgres says why before it hangs up.
                Err(error) => return Err(landing.refused.unwrap_or(error)),
            }
        }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if !self.sent {
            // A session that awaits nothing has nothing else to send.
            self.session.discard();
        }
        if !self.landed {
            self.session.doubt();
        }
    }
}

pub(super) fn malformed(error: &io::Error) -> StoreError {
    StoreError::Sql { code: "client".into(), message: error.to_string() }
}
