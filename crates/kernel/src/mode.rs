//! What a unit of work may do to the database, as types.

/// Reads only: the transaction is `READ ONLY`.
#[derive(Debug, Clone, Copy)]
pub enum Read {}

/// Reads and writes, and leaves an event.
#[derive(Debug, Clone, Copy)]
pub enum Write {}

/// Lends a reading transaction, and leaves an event before the answer goes out (`audit: on_read`).
#[derive(Debug, Clone, Copy)]
pub enum AuditedRead {}

/// Reads and writes identity tables and nothing else, before anyone is known.
#[derive(Debug, Clone, Copy)]
pub enum Identity {}

/// How a transaction is opened. Closed: implemented by the types of this module alone.
pub trait Opens: sealed::Sealed + Send + Sync + 'static {
    /// Whether the database transaction is opened for writing.
    const OPENS_WRITABLE: bool;
    /// Whether the domain may change rows, so that a savepoint is set before it starts.
    const CHANGES: bool;
}

/// A mode of transactions that reach tenants' tables: every one but [`Identity`].
pub trait Mode: Opens {
    /// What the domain is lent: [`Write`] where it may change rows, else [`Read`].
    type Lent: Mode;
}

impl Mode for Read {
    type Lent = Read;
}

impl Mode for Write {
    type Lent = Write;
}

impl Mode for AuditedRead {
    type Lent = Read;
}

impl Opens for Read {
    const OPENS_WRITABLE: bool = false;
    const CHANGES: bool = false;
}

impl Opens for Write {
    const OPENS_WRITABLE: bool = true;
    const CHANGES: bool = true;
}

impl Opens for AuditedRead {
    const OPENS_WRITABLE: bool = true;
    const CHANGES: bool = false;
}

impl Opens for Identity {
    const OPENS_WRITABLE: bool = true;
    const CHANGES: bool = true;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Read {}
    impl Sealed for super::Write {}
    impl Sealed for super::AuditedRead {}
    impl Sealed for super::Identity {}
}
