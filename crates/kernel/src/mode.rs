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

/// A transaction mode. Closed: implemented by the types of this module alone.
pub trait Mode: sealed::Sealed + Send + Sync + 'static {
    /// What the domain is lent: [`Write`] where it may change rows, else [`Read`].
    type Lent: Mode;
    /// Whether the database transaction is opened for writing.
    const OPENS_WRITABLE: bool;
    /// Whether the domain may change rows, so that a savepoint is set before it starts.
    const CHANGES: bool;
}

impl Mode for Read {
    type Lent = Read;
    const OPENS_WRITABLE: bool = false;
    const CHANGES: bool = false;
}

impl Mode for Write {
    type Lent = Write;
    const OPENS_WRITABLE: bool = true;
    const CHANGES: bool = true;
}

impl Mode for AuditedRead {
    type Lent = Read;
    const OPENS_WRITABLE: bool = true;
    const CHANGES: bool = false;
}

impl Mode for Identity {
    type Lent = Identity;
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
