//! One connection to Postgres and its prepared statements, and how it is opened.

use std::time::Duration;

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};

use crate::{
    Login, Role, StatementInfo, StoreError,
    wire::{self, Canceller, Prepared, Session},
};

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) session: Session,
    pub(crate) prepared: Prepared,
    pub(crate) canceller: Canceller,
}

/// Opens connections of one role: sets its session limits and prepares its statements.
#[derive(Debug, Clone)]
pub(crate) struct Opener {
    login: Login,
    statements: Vec<&'static StatementInfo>,
}

impl Opener {
    pub(crate) fn new(role: Role, mut login: Login, timeouts: Timeouts, statements: &[&'static StatementInfo]) -> Self {
        let config = login.config_mut();
        config.options(session_options(timeouts)).application_name(role.name()).connect_timeout(timeouts.connect);
        Self { login, statements: statements.iter().copied().filter(|s| s.roles.contains(&role)).collect() }
    }
}

/// A connection that nobody used for so long is closed when its turn comes: firewalls forget quiet connections without a word, and the
/// pool's last ones can rest for hours.
pub(crate) const REST: Duration = Duration::from_mins(4);

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

/// Searches go on until they have enough rows of their tenant, and look at 400 candidates: fewer, and recall far from a tenant's topics falls.
/// A statement keeps to one core: while a tenant's index is built, its searches compare every vector, and would take all there are.
fn session_options(timeouts: Timeouts) -> String {
    format!(
        "-c search_path=wardgraph,public -c statement_timeout={} -c lock_timeout={} -c idle_in_transaction_session_timeout={} -c jit=off \
         -c max_parallel_workers_per_gather=0 -c plan_cache_mode=force_generic_plan -c hnsw.iterative_scan=relaxed_order -c hnsw.ef_search=400",
        timeouts.statement.as_millis(),
        timeouts.statement.as_millis(),
        timeouts.transaction.as_millis(),
    )
}

impl Manager for Opener {
    type Type = Box<Connection>;
    type Error = StoreError;

    async fn create(&self) -> Result<Box<Connection>, StoreError> {
        // On the heap: every request's future has room for this one, which is large and almost never runs.
        Box::pin(async {
            let (socket, canceller) = wire::open(&self.login).await?;
            let mut session = Session::new(socket);
            let prepared = Prepared::of(&mut session, &self.statements).await?;
            Ok(Box::new(Connection { session, prepared, canceller }))
        })
        .await
    }

    async fn recycle(&self, connection: &mut Box<Connection>, metrics: &Metrics) -> RecycleResult<StoreError> {
        if metrics.last_used() > REST {
            return Err(RecycleError::message("rested for long: something on the way may have forgotten it"));
        }
        connection.session.listen();
        // The reaper settles a connection before it gives it back; one that is unsettled here has slipped past it.
        if connection.session.is_settled() {
            Ok(())
        } else {
            Err(RecycleError::message("closed, or its transaction was not seen to end"))
        }
    }
}
