//! What comes back of a flight, message by message.

use std::{sync::Arc, vec};

use postgres_protocol::message::backend::Message;
use tokio_postgres::types::Type;

use crate::{Row, StoreError};

/// The rows of each of a flight's statements, as they come in.
#[derive(Debug)]
pub(super) struct Landing {
    columns: vec::IntoIter<Option<Arc<[Type]>>>,
    current: Option<Arc<[Type]>>,
    rows: Vec<Row>,
    done: Vec<Vec<Row>>,
    /// The first refusal: Postgres passes over the rest of the flight then.
    pub(super) refused: Option<StoreError>,
}

impl Landing {
    /// Of a flight whose statements have these columns; `None` for a command.
    pub(super) fn of(flown: Vec<Option<Arc<[Type]>>>) -> Self {
        let mut columns = flown.into_iter();
        let current = columns.next().flatten();
        Self { columns, current, rows: Vec::new(), done: Vec::new(), refused: None }
    }

    /// Takes in a message of the flight's; `ReadyForQuery` is its last.
    pub(super) fn take(&mut self, message: Message) {
        match message {
            Message::DataRow(body) => {
                if let Some(columns) = &self.current {
                    self.rows.push(Row::new(columns.clone(), body));
                }
            }
            Message::CommandComplete(_) | Message::EmptyQueryResponse => {
                if self.current.is_some() {
                    self.done.push(std::mem::take(&mut self.rows));
                }
                self.current = self.columns.next().flatten();
            }
            Message::ErrorResponse(body) => {
                self.refused.get_or_insert_with(|| StoreError::reported(&body));
            }
            _ => {}
        }
    }

    /// The rows of each statement, or why there are none.
    pub(super) fn end(self) -> Result<Vec<Vec<Row>>, StoreError> {
        self.refused.map_or(Ok(self.done), Err)
    }
}
