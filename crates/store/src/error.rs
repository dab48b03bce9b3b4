//! What can go wrong at the door to Postgres, in the words of those who must answer for it.

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::ErrorResponseBody;
use tokio_postgres::error::SqlState;

use crate::StatementInfo;

/// Why a unit of work did not come about. Messages name no value of any row.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Postgres cannot be reached, is stopping or is full: try again later.
    #[error("postgres is not available: {0}")]
    Unavailable(String),
    /// Every connection of the pool stayed busy for the whole waiting time.
    #[error("no database connection became free in time")]
    Busy,
    /// The statement or the transaction took longer than allowed.
    #[error("the database work took longer than allowed")]
    Timeout,
    /// Another transaction was in the way (serialization, deadlock).
    #[error("another transaction was in the way")]
    Conflict,
    /// Another transaction holds a row for which nobody waits, or waits for so long.
    #[error("another transaction holds the row")]
    Held,
    /// A constraint of the schema refused the change.
    #[error("the constraint `{name}` refused the change")]
    Constraint {
        /// The constraint's name.
        name: String,
    },
    /// Postgres refused a value that the edge let through (a NUL byte, a number out of range).
    #[error("postgres refused a value ({0})")]
    Value(String),
    /// A statement was used that is not in any room's list, or not in the list of this role.
    #[error("the statement `{0}` was not prepared for this role")]
    Unprepared(&'static str),
    /// The transaction was already told to end.
    #[error("the transaction has ended")]
    Ended,
    /// The connection or the server is not set up as isolation demands.
    #[error("{0}")]
    Unsafe(String),
    /// Postgres reported something that no caller can mend.
    #[error("postgres reported {code}: {message}")]
    Sql {
        /// SQLSTATE.
        code: String,
        /// The server's message: for the log, never for a client.
        message: String,
    },
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            return if error.is_closed()
                || std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
            {
                Self::Unavailable(error.to_string())
            } else {
                Self::Sql { code: "client".into(), message: chain(&error) }
            };
        };
        Self::of_code(db.code().code(), db.message(), db.constraint())
    }
}

impl StoreError {
    /// What Postgres reported, by its SQLSTATE (PostgreSQL documentation, appendix A).
    fn of_code(code: &str, message: &str, constraint: Option<&str>) -> Self {
        match code {
            "57014" | "25P03" | "25P04" => Self::Timeout,
            "40001" | "40P01" => Self::Conflict,
            "55P03" => Self::Held,
            code if code.starts_with("23") => Self::Constraint { name: constraint.unwrap_or("unnamed").to_owned() },
            code if code.starts_with("22") => Self::Value(code.to_owned()),
            code if code.starts_with("57P") || code.starts_with("53") || code.starts_with("08") => {
                Self::Unavailable(format!("{code}: {message}"))
            }
            code => Self::Sql { code: code.to_owned(), message: message.to_owned() },
        }
    }

    /// The same of a message of the wire.
    pub(crate) fn reported(body: &ErrorResponseBody) -> Self {
        let (mut code, mut message, mut constraint) = (String::new(), String::new(), None);
        let mut fields = body.fields();
        while let Ok(Some(field)) = fields.next() {
            let value = || String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                b'C' => code = value(),
                b'M' => message = value(),
                b'n' => constraint = Some(value()),
                _ => {}
            }
        }
        Self::of_code(&code, &message, constraint.as_deref())
    }

    /// Says which statement an error that no caller can mend is about.
    pub(crate) fn of_statement(self, info: Option<&StatementInfo>) -> Self {
        match (self, info) {
            (Self::Sql { code, message }, Some(info)) => Self::Sql { code, message: format!("`{}`: {message}", info.name) },
            (other, _) => other,
        }
    }
}

/// Whether a `create` lost a race against another one (two servers, or two databases of one cluster, starting at once).
pub(crate) fn is_race(error: &tokio_postgres::Error) -> bool {
    let lost = [SqlState::DUPLICATE_OBJECT, SqlState::UNIQUE_VIOLATION, SqlState::DUPLICATE_SCHEMA, SqlState::DUPLICATE_DATABASE];
    // "tuple concurrently updated" has no SQLSTATE of its own.
    error.as_db_error().is_some_and(|db| lost.contains(db.code()) || db.message().contains("concurrently updated"))
}

fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |e| e.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
