//! A flight's messages, as they are written.

use std::sync::Arc;

use bytes::BytesMut;
use postgres_protocol::{
    IsNull,
    message::frontend::{self, BindError},
};
use tokio_postgres::types::{self, Type};

use crate::{
    Params, Scope, StoreError,
    wire::{Command, flight::malformed, prepare::Known},
};

/// The format of values, parameters and results alike.
const BINARY: i16 = 1;
/// For how many scopes a connection keeps the command that binds to them.
const KEPT: usize = 32;

/// The scopes under whose names the command that binds to them was prepared on a connection, and whether it surely is there.
#[derive(Debug, Default)]
pub(super) struct Bound(Vec<(String, bool)>);

impl Bound {
    /// Whether any is there is not known any more.
    pub(super) fn doubt(&mut self) {
        self.0.iter_mut().for_each(|(_, sure)| *sure = false);
    }

    fn is_sure_of(&self, name: &str) -> bool {
        self.0.iter().any(|(known, sure)| *sure && known == name)
    }

    /// Notes that `name`'s command is prepared from now on, and names the one whose place it takes, if it takes any.
    fn note(&mut self, name: &str) -> Option<String> {
        if let Some(known) = self.0.iter_mut().find(|(known, _)| known == name) {
            known.1 = true;
            return None;
        }
        let gone = (self.0.len() == KEPT).then(|| self.0.remove(0).0);
        self.0.push((name.to_owned(), true));
        gone
    }
}

/// The messages of a flight in the making, and what is awaited of each.
#[derive(Debug)]
pub(crate) struct Draft<'c> {
    out: &'c mut BytesMut,
    bound: &'c mut Bound,
    /// The columns of each of its statements; `None` for a command, whose result nobody wants.
    flown: Vec<Option<Arc<[Type]>>>,
}

impl<'c> Draft<'c> {
    pub(super) fn new(out: &'c mut BytesMut, bound: &'c mut Bound, flown: Vec<Option<Arc<[Type]>>>) -> Self {
        Self { out, bound, flown }
    }

    /// What is awaited of it.
    pub(super) fn flown(self) -> Vec<Option<Arc<[Type]>>> {
        self.flown
    }

    /// Adds a prepared command.
    pub(crate) fn command(&mut self, command: Command) -> Result<(), StoreError> {
        self.bind(command.text(), &[], &[])?;
        self.flown.push(None);
        Ok(())
    }

    /// Adds what binds the transaction to `scope`, right after `BEGIN`, before anything that could look at a row.
    pub(crate) fn scope(&mut self, scope: &Scope) -> Result<(), StoreError> {
        if let Some(binding) = scope.binding() {
            self.tenant(scope.tenant(), &binding)?;
        }
        if let Some(binding) = scope.people() {
            self.people(&binding)?;
        }
        for binding in scope.keeping() {
            self.people(&binding)?;
        }
        Ok(())
    }

    /// The command that binds to the scope `name`, which takes no parameters, is prepared unless it surely is. Prepared under the scope's own
    /// name, it can never stand for another's: at worst it is not there. (A tenant's id fits a name, which Postgres cuts at 63 octets, and is
    /// no command's nor statement's.)
    fn tenant(&mut self, name: &str, binding: &str) -> Result<(), StoreError> {
        if !self.bound.is_sure_of(name) {
            let gone = self.bound.note(name);
            for known in gone.as_deref().into_iter().chain([name]) {
                frontend::close(b'S', known, self.out).map_err(|error| malformed(&error))?;
            }
            frontend::parse(name, binding, [], self.out).map_err(|error| malformed(&error))?;
        }
        self.bind(name, &[], &[])?;
        self.flown.push(None);
        Ok(())
    }

    /// The command that binds to people is prepared under no name: they are many, and each comes rarely.
    fn people(&mut self, binding: &str) -> Result<(), StoreError> {
        frontend::parse("", binding, [], self.out).map_err(|error| malformed(&error))?;
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
        let write = |(value, ty): (&&(dyn types::ToSql + Sync), &Type), out: &mut _| {
            value.to_sql_checked(ty, out).map(|null| match null {
                types::IsNull::Yes => IsNull::Yes,
                types::IsNull::No => IsNull::No,
            })
        };
        let bound = frontend::bind("", name, [BINARY], params.iter().zip(types), write, [BINARY], self.out);
        bound.map_err(|error| match error {
            BindError::Conversion(error) => StoreError::Sql { code: "client".into(), message: format!("`{name}`: {error}") },
            BindError::Serialization(error) => malformed(&error),
        })?;
        frontend::execute("", 0, self.out).map_err(|error| malformed(&error))
    }
}
