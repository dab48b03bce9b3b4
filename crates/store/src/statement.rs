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
    /// What may be asked in its place where others wait behind it on one connection.
    pub swift: Option<&'static StatementInfo>,
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
        Self { info: StatementInfo { name, sql, roles, swift: None }, mode: PhantomData }
    }

    /// The same, which may share a connection with others' where it is a unit's only one: `light` is asked then, which reads a row by its
    /// whole key, and none that is heavy. It takes the same parameters and brings the same columns. Where it finds nothing the statement itself is
    /// asked, on a connection of the pool: there may be what is heavy.
    #[must_use]
    pub const fn swift(self, light: &'static StatementInfo) -> Self {
        Self { info: StatementInfo { swift: Some(light), ..self.info }, mode: PhantomData }
    }
}

impl Statement<Write> {
    /// A statement that changes rows.
    pub const fn writing(name: &'static str, roles: &'static [Role], sql: &'static str) -> Self {
        Self { info: StatementInfo { name, sql, roles, swift: None }, mode: PhantomData }
    }
}

impl Statement<Identity> {
    /// A statement on identity tables.
    pub const fn identity(name: &'static str, sql: &'static str) -> Self {
        Self { info: StatementInfo { name, sql, roles: &[Role::Identity], swift: None }, mode: PhantomData }
    }
}

impl<M> Statement<M> {
    /// The statement's entry in its room's list.
    pub const fn info(&self) -> &StatementInfo {
        &self.info
    }
}
