//! What is asked before it is sent, so that questions of several rooms which do not wait for each other's answers go in one flight.

use std::{fmt, vec::IntoIter};

use tokio_postgres::types::ToSql;
use wardgraph_kernel::Identity;

use crate::{Param, Row, Statement, StatementInfo, unit::Params};

/// A value that a question keeps until it is asked.
pub type Value<'q> = Box<dyn ToSql + Send + Sync + 'q>;

/// What is made of the rows of each of a question's statements.
type Reading<'q, T, E> = Box<dyn FnOnce(&mut IntoIter<Vec<Row>>) -> Result<T, E> + Send + 'q>;

/// Statements on identity tables with their values, and how their rows are read. [`crate::Tx::ask`] sends them.
#[must_use = "what is not asked has no answer"]
pub struct Question<'q, T, E> {
    statements: Vec<(&'static StatementInfo, Vec<Value<'q>>)>,
    read: Reading<'q, T, E>,
}

impl<'q, T: 'q, E: 'q> Question<'q, T, E> {
    /// One statement.
    pub fn new(
        statement: &'static Statement<Identity>,
        values: Vec<Value<'q>>,
        read: impl FnOnce(Vec<Row>) -> Result<T, E> + Send + 'q,
    ) -> Self {
        Self { statements: vec![(statement.info(), values)], read: Box::new(|rows| read(rows.next().unwrap_or_default())) }
    }

    /// A question, or none.
    pub fn maybe(question: Option<Self>) -> Question<'q, Option<T>, E> {
        let nothing = || Question { statements: Vec::new(), read: Box::new(|_: &mut _| Ok(None)) };
        question.map_or_else(nothing, |question| question.map(Some))
    }

    /// This one, and then the other. Each statement sees what was committed when its turn came, after those before it got their locks.
    pub fn and<U: 'q, F: 'q>(mut self, other: Question<'q, U, F>) -> Question<'q, (T, U), E>
    where
        E: From<F>,
    {
        self.statements.extend(other.statements);
        let (one, other) = (self.read, other.read);
        Question { statements: self.statements, read: Box::new(|rows| Ok((one(rows)?, other(rows)?))) }
    }

    /// What is made of the answer.
    pub fn map<U>(self, make: impl FnOnce(T) -> U + Send + 'q) -> Question<'q, U, E> {
        let read = self.read;
        Question { statements: self.statements, read: Box::new(|rows| read(rows).map(make)) }
    }

    /// The same, whose failures are told in another room's words.
    pub fn failing_as<F: From<E>>(self) -> Question<'q, T, F> {
        let read = self.read;
        Question { statements: self.statements, read: Box::new(|rows| Ok(read(rows)?)) }
    }

    /// The parameters of each statement.
    pub(crate) fn params(&self) -> Vec<Vec<Param<'_>>> {
        self.statements.iter().map(|(_, values)| values.iter().map(|value| &**value as Param<'_>).collect()).collect()
    }

    /// The statements, with their parameters.
    pub(crate) fn statements<'p>(&self, params: &'p [Vec<Param<'p>>]) -> Vec<(&'static StatementInfo, Params<'p>)> {
        self.statements.iter().zip(params).map(|((info, _), params)| (*info, params.as_slice())).collect()
    }

    /// What is made of the rows of each statement.
    pub(crate) fn read(self, rows: Vec<Vec<Row>>) -> Result<T, E> {
        (self.read)(&mut rows.into_iter())
    }
}

impl<T, E> fmt::Debug for Question<'_, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.statements.iter().map(|(info, _)| info.name).collect();
        f.debug_tuple("Question").field(&names).finish()
    }
}
