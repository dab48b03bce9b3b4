//! A row, as it came over the wire: values are read from it when they are asked for.

use std::sync::Arc;

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::DataRowBody;
use tokio_postgres::types::{FromSql, Type};

use crate::{StoreError, wire::flight::malformed};

/// A row of a statement's result.
pub struct Row {
    columns: Arc<[Type]>,
    body: DataRowBody,
}

impl Row {
    pub(super) fn new(columns: Arc<[Type]>, body: DataRowBody) -> Self {
        Self { columns, body }
    }

    /// The value in the column `at`, counted from 0. A column that is not there, and a value that is not a `T`, are errors.
    pub fn try_get<'a, T: FromSql<'a>>(&'a self, at: usize) -> Result<T, StoreError> {
        let ty = self.columns.get(at).ok_or_else(|| misread(at, "is not there"))?;
        if !T::accepts(ty) {
            return Err(misread(at, ty.name()));
        }
        let range = self.body.ranges().nth(at).map_err(|error| malformed(&error))?.flatten();
        let value = range.and_then(|range| self.body.buffer().get(range));
        T::from_sql_nullable(ty, value).map_err(|error| misread(at, &error.to_string()))
    }

    /// The value in the last column: where a bounded list says how many rows there were.
    pub fn try_last<'a, T: FromSql<'a>>(&'a self) -> Result<T, StoreError> {
        self.try_get(self.columns.len().saturating_sub(1))
    }
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row").field("columns", &self.columns).finish_non_exhaustive()
    }
}

fn misread(at: usize, why: &str) -> StoreError {
    StoreError::Sql { code: "client".into(), message: format!("column {at}: {why}") }
}
