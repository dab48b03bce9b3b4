//! Reaching the data keys of a transaction's tenant.

use wardgraph_kernel::{Identity, Read, Write};
use wardgraph_store::{Params, Role, Row, Statement, StatementInfo, StoreError, Tx};

const NEWEST_SQL: &str =
    "select data_key_id, master_key_id, wrapped, coalesce(made_in <> pg_current_xact_id_if_assigned(), true) from data_keys
     where tenant_id = $1 order by made_at desc, data_key_id limit 1";
const FIND_SQL: &str =
    "select data_key_id, master_key_id, wrapped, coalesce(made_in <> pg_current_xact_id_if_assigned(), true) from data_keys
     where tenant_id = $1 and data_key_id = $2";
/// A rotation waits until whoever wraps with the old master key has ended. One statement of its own: the next one sees what was committed before.
const HOLD_SQL: &str = "select 1 from pg_advisory_xact_lock_shared($1)";
const ADD_SQL: &str = "insert into data_keys (tenant_id, data_key_id, master_key_id, wrapped)
     select $1, $2, $3, $4 where exists (select from master_keys where master_key_id = $3 and current) returning 1";
const CURRENT_SQL: &str = "select master_key_id from master_keys where current";

/// The roles whose transactions seal and open.
const ROLES: &[Role] = &[Role::App, Role::Worker];

const NEWEST: Statement<Read> = Statement::reading("vault.newest", ROLES, NEWEST_SQL);
const FIND: Statement<Read> = Statement::reading("vault.find", ROLES, FIND_SQL);
const CURRENT: Statement<Read> = Statement::reading("vault.current", ROLES, CURRENT_SQL);
const HOLD: Statement<Write> = Statement::writing("vault.hold", ROLES, HOLD_SQL);
const ADD: Statement<Write> = Statement::writing("vault.add", ROLES, ADD_SQL);
const NEWEST_BY_IDENTITY: Statement<Identity> = Statement::identity("vault.newest_by_identity", NEWEST_SQL);
const FIND_BY_IDENTITY: Statement<Identity> = Statement::identity("vault.find_by_identity", FIND_SQL);
const CURRENT_BY_IDENTITY: Statement<Identity> = Statement::identity("vault.current_by_identity", CURRENT_SQL);
const HOLD_BY_IDENTITY: Statement<Identity> = Statement::identity("vault.hold_by_identity", HOLD_SQL);
const ADD_BY_IDENTITY: Statement<Identity> = Statement::identity("vault.add_by_identity", ADD_SQL);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    NEWEST.info(),
    FIND.info(),
    CURRENT.info(),
    HOLD.info(),
    ADD.info(),
    NEWEST_BY_IDENTITY.info(),
    FIND_BY_IDENTITY.info(),
    CURRENT_BY_IDENTITY.info(),
    HOLD_BY_IDENTITY.info(),
    ADD_BY_IDENTITY.info(),
];

/// What is asked about data keys.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub enum Question {
    /// The key to seal with.
    Newest,
    /// The key with this id.
    Find,
}

/// What is done to make a data key.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub enum Making {
    /// Which master key wraps new ones.
    Current,
    /// Keeps a rotation waiting.
    Hold,
    /// Adds the key, unless another master key is the current one by now.
    Add,
}

/// A transaction that can open sealed fields of its tenant: any of requests, ceremonies and system work.
pub trait Opening: sealed::Sealed + Send {
    /// The transaction's tenant, or `_system`.
    fn scope(&self) -> String;

    #[doc(hidden)]
    fn ask(&mut self, question: Question, params: Params<'_>) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;
}

/// A transaction that can seal fields besides: one that writes.
pub trait Sealing: Opening {
    #[doc(hidden)]
    fn make(&mut self, making: Making, params: Params<'_>) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;
}

macro_rules! of_a_tenant {
    ($($mode:ty),*) => { $(
        impl Opening for Tx<'_, $mode> {
            fn scope(&self) -> String {
                self.tenant()
            }

            async fn ask(&mut self, question: Question, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
                match question {
                    Question::Newest => self.query(&NEWEST, params).await,
                    Question::Find => self.query(&FIND, params).await,
                }
            }
        }
    )* };
}

of_a_tenant!(Read, Write);

impl Sealing for Tx<'_, Write> {
    async fn make(&mut self, making: Making, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        match making {
            Making::Current => self.query(&CURRENT, params).await,
            Making::Hold => self.write(&HOLD, params).await,
            Making::Add => self.write(&ADD, params).await,
        }
    }
}

impl Opening for Tx<'_, Identity> {
    fn scope(&self) -> String {
        self.tenant()
    }

    async fn ask(&mut self, question: Question, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        match question {
            Question::Newest => self.run(&NEWEST_BY_IDENTITY, params).await,
            Question::Find => self.run(&FIND_BY_IDENTITY, params).await,
        }
    }
}

impl Sealing for Tx<'_, Identity> {
    async fn make(&mut self, making: Making, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        match making {
            Making::Current => self.run(&CURRENT_BY_IDENTITY, params).await,
            Making::Hold => self.run(&HOLD_BY_IDENTITY, params).await,
            Making::Add => self.run(&ADD_BY_IDENTITY, params).await,
        }
    }
}

mod sealed {
    use super::{Identity, Read, Tx, Write};

    pub trait Sealed {}
    impl Sealed for Tx<'_, Read> {}
    impl Sealed for Tx<'_, Write> {}
    impl Sealed for Tx<'_, Identity> {}
}
