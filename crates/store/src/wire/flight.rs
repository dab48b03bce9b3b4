//! Statements that go out together and end in one `Sync`, and what comes back of each.

use std::{io, sync::Arc};

use postgres_protocol::{
    IsNull,
    message::{
        backend::Message,
        frontend::{self, BindError},
    },
};
use tokio_postgres::types::{self, Type};

use crate::{
    Params, StoreError,
    wire::{Command, Row, Session, prepare::Known},
};

/// The format of values, parameters and results alike.
const BINARY: i16 = 1;

/// A flight in the making. One that is dropped before it lands sends nothing.
#[derive(Debug)]
pub(crate) struct Flight<'s> {
    session: &'s mut Session,
    /// The columns of each of its statements; `None` for a command, whose result nobody wants.
    flown: Vec<Option<Arc<[Type]>>>,
    sent: bool,
    landed: bool,
}

impl<'s> Flight<'s> {
    pub(super) fn of(session: &'s mut Session) -> Self {
        Self { session, flown: Vec::with_capacity(8), sent: false, landed: false }
    }

    /// Adds a prepared command.
    pub(crate) fn command(&mut self, command: Command) -> Result<(), StoreError> {
        self.bind(command.text(), &[], &[])?;
        self.flown.push(None);
        Ok(())
    }

    /// Adds the command that binds the transaction to the scope `name`, which takes no parameters. It is prepared anew unless it is the one
    /// that this connection's last flight was bound by. Prepared under the scope's own name, it can never stand for another's: at worst it
    /// is not there. (A tenant's id fits a name, which Postgres cuts at 63 octets, and is no command's nor statement's.)
    pub(crate) fn scope(&mut self, name: &str, binding: &str) -> Result<(), StoreError> {
        if !self.session.is_bound(name) {
            let before = self.session.bind(name);
            let out = self.session.out();
            for known in [before.as_str(), name] {
                frontend::close(b'S', known, out).map_err(|error| malformed(&error))?;
            }
            frontend::parse(name, binding, [], out).map_err(|error| malformed(&error))?;
        }
        self.bind(name, &[], &[])?;
        self.flown.push(None);
        Ok(())
    }

    /// Adds the command that binds the transaction to people, prepared under no name: they are many, and each comes rarely.
    pub(crate) fn people(&mut self, binding: &str) -> Result<(), StoreError> {
        frontend::parse("", binding, [], self.session.out()).map_err(|error| malformed(&error))?;
        self.bind("", &[], &[])?;
        self.flown.push(None);
        Ok(())
    }

    /// Adds a prepared statement.
    pub(crate) fn statement(&mut self, known: &Known, params: Params<'_>) -> Result<(), StoreError> {
        if params.len() != known.parameters.len() {
            let message = format!("`{}` has {} parameters, not {}", known.name, known.parameters.len(), params.len());
            return Err(StoreError::Sql { code: "client".into(), message });
        }
        self.bind(known.name, params, &known.parameters)?;
        self.flown.push(Some(known.columns.clone()));
        Ok(())
    }

    fn bind(&mut self, name: &str, params: Params<'_>, types: &[Type]) -> Result<(), StoreError> {
        let out = self.session.out();
        let write = |(value, ty): (&&(dyn types::ToSql + Sync), &Type), out: &mut _| {
            value.to_sql_checked(ty, out).map(|null| match null {
                types::IsNull::Yes => IsNull::Yes,
                types::IsNull::No => IsNull::No,
            })
        };
        frontend::bind("", name, [BINARY], params.iter().zip(types), write, [BINARY], out).map_err(|error| match error {
            BindError::Conversion(error) => StoreError::Sql { code: "client".into(), message: format!("`{name}`: {error}") },
            BindError::Serialization(error) => malformed(&error),
        })?;
        frontend::execute("", 0, out).map_err(|error| malformed(&error))
    }

    /// Sends the flight, and brings the rows of each of its statements. The first refusal ends it, as Postgres passes over the rest then.
    pub(crate) async fn land(mut self) -> Result<Vec<Vec<Row>>, StoreError> {
        self.session.sync();
        self.sent = true;
        let flown = std::mem::take(&mut self.flown);
        let mut columns = flown.into_iter();
        let mut done = Vec::new();
        let mut rows = Vec::new();
        let mut refused = None;
        let mut current = columns.next().flatten();
        loop {
            let message = match self.session.receive().await {
                Ok(message) => message,
                // Postgres says why before it hangs up.
                Err(error) => return Err(refused.unwrap_or(error)),
            };
            match message {
                Message::DataRow(body) => {
                    if let Some(columns) = &current {
                        rows.push(Row::new(columns.clone(), body));
                    }
                }
                Message::CommandComplete(_) | Message::EmptyQueryResponse => {
                    if current.is_some() {
                        done.push(std::mem::take(&mut rows));
                    }
                    current = columns.next().flatten();
                }
                Message::ErrorResponse(body) => {
                    refused.get_or_insert_with(|| StoreError::reported(&body));
                }
                Message::ReadyForQuery(_) => {
                    self.landed = refused.is_none();
                    return refused.map_or(Ok(done), Err);
                }
                _ => {}
            }
        }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if !self.sent {
            // A session that awaits nothing has nothing else to send.
            self.session.out().clear();
        }
        if !self.landed {
            self.session.doubt();
        }
    }
}

pub(super) fn malformed(error: &io::Error) -> StoreError {
    StoreError::Sql { code: "client".into(), message: error.to_string() }
}
