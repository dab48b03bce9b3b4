//! Preparing every statement of a role when its connection opens, in one flight.

use std::{collections::HashMap, sync::Arc};

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::{backend::Message, frontend};
use tokio_postgres::types::{Kind, Oid, Type};

use crate::{
    StatementInfo, StoreError,
    wire::{Command, Session, flight::malformed},
};

/// A statement that a connection knows.
#[derive(Debug)]
pub(crate) struct Known {
    pub(super) name: &'static str,
    pub(super) parameters: Vec<Type>,
    pub(super) columns: Arc<[Type]>,
}

/// The statements that were prepared when the connection opened.
#[derive(Debug)]
pub(crate) struct Prepared(HashMap<&'static str, Known>);

/// A type of an extension: its name, and its element's number and name if it is an array.
const TYPE: StatementInfo = StatementInfo {
    name: "store.type",
    sql: "select t.typname::text, e.oid, e.typname::text
          from pg_type t left join pg_type e on t.typcategory = 'A' and e.oid = t.typelem where t.oid = $1",
    roles: &[],
    swift: None,
};

impl Prepared {
    pub(crate) fn get(&self, info: &StatementInfo) -> Result<&Known, StoreError> {
        self.0.get(info.name).ok_or(StoreError::Unprepared(info.name))
    }

    /// Prepares `statements`, and every [`Command`].
    pub(crate) async fn of(session: &mut Session, statements: &[&'static StatementInfo]) -> Result<Self, StoreError> {
        for command in Command::ALL {
            frontend::parse(command.text(), command.text(), [], session.out()).map_err(|error| malformed(&error))?;
        }
        for info in std::iter::once(&TYPE).chain(statements.iter().copied()) {
            frontend::parse(info.name, info.sql, [], session.out()).map_err(|error| malformed(&error))?;
            frontend::describe(b'S', info.name, session.out()).map_err(|error| malformed(&error))?;
        }
        session.sync();
        let described = describe(session, statements).await?;
        let mut types = Types { session, named: HashMap::new() };
        let mut prepared = HashMap::with_capacity(described.len());
        for (info, parameters, columns) in described {
            let known =
                Known { name: info.name, parameters: types.of(&parameters).await?, columns: types.of(&columns).await?.into() };
            prepared.insert(info.name, known);
        }
        Ok(Self(prepared))
    }
}

type Described = (&'static StatementInfo, Vec<Oid>, Vec<Oid>);

/// Takes in the answers to [`Prepared::of`]'s flight.
async fn describe(session: &mut Session, statements: &[&'static StatementInfo]) -> Result<Vec<Described>, StoreError> {
    let mut described: Vec<Described> = Vec::with_capacity(statements.len());
    let mut parameters = Vec::new();
    let mut refused = None;
    // The first one is TYPE, whose shape is known.
    let mut awaited = std::iter::once(None).chain(statements.iter().copied().map(Some));
    loop {
        let columns = match session.receive().await? {
            Message::ParameterDescription(body) => {
                parameters = body.parameters().collect().map_err(|error| malformed(&error))?;
                continue;
            }
            Message::RowDescription(body) => {
                body.fields().map(|field| Ok(field.type_oid())).collect().map_err(|error| malformed(&error))?
            }
            Message::NoData => Vec::new(),
            Message::ErrorResponse(body) => {
                refused = Some(StoreError::reported(&body).of_statement(awaited.next().flatten()));
                continue;
            }
            Message::ReadyForQuery(_) => return refused.map_or(Ok(described), Err),
            _ => continue,
        };
        if let Some(Some(info)) = awaited.next() {
            described.push((info, std::mem::take(&mut parameters), columns));
        }
    }
}

/// Types by their number. Those of extensions have one that differs from database to database.
struct Types<'s> {
    session: &'s mut Session,
    named: HashMap<Oid, Type>,
}

impl Types<'_> {
    async fn of(&mut self, oids: &[Oid]) -> Result<Vec<Type>, StoreError> {
        let mut types = Vec::with_capacity(oids.len());
        for oid in oids {
            types.push(match (Type::from_oid(*oid), self.named.get(oid)) {
                (Some(builtin), _) => builtin,
                (None, Some(named)) => named.clone(),
                (None, None) => self.ask(*oid).await?,
            });
        }
        Ok(types)
    }

    async fn ask(&mut self, oid: Oid) -> Result<Type, StoreError> {
        let columns = Arc::new([Type::TEXT, Type::OID, Type::TEXT]);
        let known = Known { name: TYPE.name, parameters: vec![Type::OID], columns };
        let mut flight = self.session.flight()?;
        flight.add(|draft| draft.statement(&known, &[&oid]))?;
        let rows = flight.land().await?;
        let row = rows.first().and_then(|rows| rows.first());
        let row = row.ok_or_else(|| StoreError::Unsafe(format!("the type {oid} is in no catalogue")))?;
        let extension = |name, oid, kind| Type::new(name, oid, kind, "public".to_owned());
        let kind = match (row.try_get::<Option<Oid>>(1)?, row.try_get::<Option<String>>(2)?) {
            (Some(element), Some(name)) => Kind::Array(extension(name, element, Kind::Simple)),
            _ => Kind::Simple,
        };
        let named = extension(row.try_get(0)?, oid, kind);
        self.named.insert(oid, named.clone());
        Ok(named)
    }
}
