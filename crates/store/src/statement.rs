//! Statements: fixed text, named, listed, prepared when a connection opens. There is no other way to say something to Postgres.

use std::marker::PhantomData;

use wardgraph_kernel::{Identity, Read, Write};

use crate::Role;

/// One statement of a room's list.
#[derive(Debug)]
pub struct StatementInfo {
    /// Unique name, `room.thing.action`.
    pub name: &'static str,
    /// The text. Values are parameters, always.
    pub sql: &'static str,
    /// The roles that run it: it is prepared on their connections alone.
    pub roles: &'static [Role],
    /// Whether it is so quick, whatever is asked, that others may wait behind it on one connection.
    pub swift: bool,
}

/// A statement that only reads (`M` = [`Read`]), one that changes rows (`M` = [`Write`]), or one on identity tables (`M` = [`Identity`]).
#[derive(Debug)]
pub struct Statement<M> {
    info: StatementInfo,
    mode: PhantomData<fn() -> M>,
}

impl Statement<Read> {
    /// A statement that reads. Postgres refuses it in a `READ ONLY` transaction should it write after all.
    pub const fn reading(name: &'static str, roles: &'static [Role], sql: &'static str) -> Self {
        Self { info: StatementInfo { name, sql, roles, swift: false }, mode: PhantomData }
    }
}

impl Statement<Read> {
    /// The same, for a statement that reads a row or two by their whole key: where it is a unit's only one, it may share a connection
    /// with others'.
    #[must_use]
    pub const fn swift(self) -> Self {
        Self { info: StatementInfo { swift: true, ..self.info }, mode: PhantomData }
    }
}

impl Statement<Write> {
    /// A statement that changes rows.
    pub const fn writing(name: &'static str, roles: &'static [Role], sql: &'static str) -> Self {
        Self { info: StatementInfo { name, sql, roles, swift: false }, mode: PhantomData }
    }
}

impl Statement<Identity> {
    /// A statement on identity tables.
    pub const fn identity(name: &'static str, sql: &'static str) -> Self {
        Self { info: StatementInfo { name, sql, roles: &[Role::Identity], swift: false }, mode: PhantomData }
    }
}

impl<M> Statement<M> {
    /// The statement's entry in its room's list.
    pub const fn info(&self) -> &StatementInfo {
        &self.info
    }
}
