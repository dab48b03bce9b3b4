//! One connection to Postgres, its prepared statements, and whether a transaction may be open on it.

use std::{collections::HashMap, time::Duration};

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use futures_util::future::try_join_all;
use tokio_postgres::{Client, Config, NoTls};

use crate::{Role, StatementInfo, StoreError, driver::Driver};

/// One connection. `unsettled` is set before a transaction's first byte is sent and cleared when its end was seen.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) driver: Driver,
    pub(crate) prepared: Prepared,
    pub(crate) unsettled: bool,
}

/// The statements that were prepared when the connection opened.
#[derive(Debug)]
pub(crate) struct Prepared(HashMap<&'static str, tokio_postgres::Statement>);

impl Prepared {
    pub(crate) fn get(&self, info: &StatementInfo) -> Result<&tokio_postgres::Statement, StoreError> {
        self.0.get(info.name).ok_or(StoreError::Unprepared(info.name))
    }
}

impl Connection {
    /// Ends whatever transaction may be open. On success the connection is as good as new.
    pub(crate) async fn settle(&mut self, within: Duration) -> bool {
        let rollback = self.driver.run(self.client.batch_execute("ROLLBACK"));
        let rolled_back = tokio::time::timeout(within, rollback).await;
        self.unsettled = !matches!(rolled_back, Ok(Ok(())));
        !self.unsettled
    }
}

/// Opens connections of one role: sets its session limits and prepares its statements.
#[derive(Debug)]
pub(crate) struct Opener {
    config: Config,
    statements: Vec<&'static StatementInfo>,
}

impl Opener {
    pub(crate) fn new(role: Role, mut config: Config, timeouts: Timeouts, statements: &[&'static StatementInfo]) -> Self {
        config.options(session_options(timeouts)).application_name(role.name()).connect_timeout(timeouts.connect);
        Self { config, statements: statements.iter().copied().filter(|s| s.roles.contains(&role)).collect() }
    }
}

/// How long things may take before they are given up.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Opening a connection.
    pub connect: Duration,
    /// Waiting for a free connection of the pool.
    pub acquire: Duration,
    /// One statement.
    pub statement: Duration,
    /// One transaction from its first statement to its end.
    pub transaction: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            acquire: Duration::from_secs(3),
            statement: Duration::from_secs(5),
            transaction: Duration::from_secs(10),
        }
    }
}

/// Searches go on until they have enough rows of their tenant, and look at 400 candidates: at 200, recall far from a tenant's topics was 0.87.
fn session_options(timeouts: Timeouts) -> String {
    format!(
        "-c search_path=wardgraph,public -c statement_timeout={} -c lock_timeout={} -c idle_in_transaction_session_timeout={} -c jit=off \
         -c hnsw.iterative_scan=relaxed_order -c hnsw.ef_search=400",
        timeouts.statement.as_millis(),
        timeouts.statement.as_millis(),
        timeouts.transaction.as_millis(),
    )
}

impl Manager for Opener {
    type Type = Box<Connection>;
    type Error = StoreError;

    async fn create(&self) -> Result<Box<Connection>, StoreError> {
        let (client, connection) = self.config.connect(NoTls).await?;
        let mut driver = Driver::of(connection);
        let statements = try_join_all(self.statements.iter().map(|info| async {
            let statement = client.prepare(info.sql).await.map_err(|error| unprepared(info, error))?;
            Ok::<_, StoreError>((info.name, statement))
        }));
        let prepared = Prepared(driver.run(statements).await?.into_iter().collect());
        Ok(Box::new(Connection { client, driver, prepared, unsettled: false }))
    }

    async fn recycle(&self, connection: &mut Box<Connection>, _: &Metrics) -> RecycleResult<StoreError> {
        connection.driver.rest();
        // The reaper settles a connection before it gives it back; one that is unsettled here has slipped past it.
        if connection.client.is_closed() || connection.unsettled {
            return Err(RecycleError::message("closed, or its transaction was not seen to end"));
        }
        Ok(())
    }
}

fn unprepared(info: &StatementInfo, error: tokio_postgres::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Sql { code, message } => StoreError::Sql { code, message: format!("`{}`: {message}", info.name) },
        other => other,
    }
}
