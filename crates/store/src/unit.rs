//! A unit of work: one transaction, bound to one scope, whose flights are pipelined.
//!
//! Beginning sends nothing: the first statement carries `BEGIN` and `SET LOCAL` with it, and the last carries `COMMIT`.
//! **Invariant:** a connection whose transaction was not seen to end is rolled back or closed before anyone else gets it
//! (`a_cancelled_unit_leaves_nothing_behind`).

use std::{marker::PhantomData, time::Duration};

use deadpool::managed::{Object, Pool, PoolError, TimeoutType};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use tokio_postgres::types::ToSql;
use wardgraph_kernel::{Identity, Mode, Opens, Read, Write};
use wardgraph_shares::Share;

use crate::{
    Question, Row, Scope, Statement, StatementInfo, StoreError,
    connection::{Connection, Opener, Timeouts},
    lanes::Lanes,
    scope::Plan,
    turns::{MOST_TURNS, Overtaken},
    wire::{Command, Draft, Prepared},
};

/// The values of a statement's parameters.
pub type Params<'a> = &'a [Param<'a>];

/// A statement's parameter.
pub type Param<'a> = &'a (dyn ToSql + Sync);

/// How long a dropped unit's rollback may take before its connection is closed.
const SETTLE_WITHIN: Duration = Duration::from_secs(1);

/// A transaction that has been thought of, is open, or has ended. Made by [`crate::Store`] alone; domains are lent [`Tx`] handles of it.
#[derive(Debug)]
#[must_use = "a unit that is dropped is rolled back"]
pub struct Unit {
    pool: Pool<Opener>,
    lanes: Option<Lanes>,
    share: Option<Share>,
    scope: Scope,
    opening: Opening,
    timeouts: Timeouts,
    state: State,
    next: Next,
    /// A statement failed: Postgres answers `COMMIT` with a quiet rollback then.
    failed: bool,
}

/// What the next flight says besides.
#[derive(Debug, Default)]
struct Next {
    /// First, that what was done so far stays, whatever is undone later.
    keeps: bool,
    /// Before it looks at anything, which scope it is bound to: another one than the transaction was opened in.
    binds: bool,
    /// At last, `COMMIT`.
    ends: bool,
}

#[derive(Debug)]
enum State {
    Fresh,
    Open { connection: Object<Opener>, share: Option<OwnedSemaphorePermit>, deadline: Instant },
    Ended,
}

impl Unit {
    pub(crate) fn new(
        pool: Pool<Opener>,
        lanes: Option<Lanes>,
        share: Option<Share>,
        scope: Scope,
        opening: Opening,
        timeouts: Timeouts,
    ) -> Self {
        Self { pool, lanes, share, scope, opening, timeouts, state: State::Fresh, next: Next::default(), failed: false }
    }

    /// Lends the transaction to a domain, as one that may do what `M` says.
    pub fn tx<M: Opens>(&mut self) -> Tx<'_, M> {
        Tx { unit: self, mode: PhantomData }
    }

    /// Makes the next statement the last: `COMMIT` rides with it, so that a unit of one reading statement is one flight.
    pub fn end_with_next(&mut self) {
        self.next.ends = true;
    }

    /// Binds what follows to another scope: a ceremony's events are the tenant's whom it turned out to be about.
    pub fn rebind(&mut self, scope: Scope) {
        self.next.binds = true;
        self.scope = scope;
    }

    /// Sends what is left to write and `COMMIT` in one flight. Nothing is sent when nothing was ever begun and nothing is left to write.
    /// A unit in which a statement failed is not committed, even if its caller passed over the failure. Where what was done so far is to stay
    /// ([`Self::keep_with_next`]), a flight that is overtaken is flown again.
    pub async fn commit(mut self, closing: &[(&Statement<Write>, Params<'_>)]) -> Result<(), StoreError> {
        match self.state {
            _ if self.failed => Err(StoreError::Ended),
            State::Fresh | State::Ended if closing.is_empty() => Ok(()),
            State::Ended => Err(StoreError::Ended),
            State::Open { .. } if closing.is_empty() => self.command(Command::Commit).await,
            State::Fresh | State::Open { .. } => {
                self.next.ends = true;
                let keeps = self.next.keeps;
                let closing: Vec<_> = closing.iter().map(|(statement, params)| (statement.info(), *params)).collect();
                let mut landed = self.fly(&closing).await;
                for _ in 1..MOST_TURNS {
                    if !keeps || !landed.is_overtaken() || self.undo().await.is_err() {
                        break;
                    }
                    landed = self.fly(&closing).await;
                }
                landed.map(drop)
            }
        }
    }

    /// Undoes what the domain did since the transaction began, and keeps the transaction.
    pub async fn undo(&mut self) -> Result<(), StoreError> {
        match self.state {
            State::Fresh => {}
            State::Open { .. } => {
                self.failed = true;
                self.command(Command::Undo).await?;
            }
            State::Ended => return Err(StoreError::Ended),
        }
        self.failed = false;
        Ok(())
    }

    /// Has what was done so far stay, and its rows held, whatever is undone later.
    pub async fn keep(&mut self) -> Result<(), StoreError> {
        match self.state {
            _ if self.failed => Err(StoreError::Ended),
            State::Fresh => Ok(()),
            State::Open { .. } => {
                self.failed = true;
                self.command(Command::Savepoint).await?;
                self.failed = false;
                Ok(())
            }
            State::Ended => Err(StoreError::Ended),
        }
    }

    /// The same, said along with the next statement.
    pub fn keep_with_next(&mut self) {
        self.next.keeps = true;
    }

    async fn command(&mut self, command: Command) -> Result<(), StoreError> {
        let State::Open { connection, deadline, .. } = &mut self.state else { return Err(StoreError::Ended) };
        let mut flight = connection.session.flight()?;
        flight.add(|draft| draft.command(command))?;
        within(*deadline, flight.land()).await?;
        if command == Command::Commit {
            self.state = State::Ended;
        }
        Ok(())
    }

    async fn flight(&mut self, info: &StatementInfo, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        if let Some(rows) = self.share_a_lane(info, params).await? {
            return Ok(rows);
        }
        Ok(self.together(&[(info, params)]).await?.pop().unwrap_or_default())
    }

    /// Statements in one flight, flown again on another connection when the first flight lost its own: nothing was committed then. One that carries
    /// `COMMIT` may have been, and is flown again only if it cannot have changed anything.
    async fn together(&mut self, statements: &[(&StatementInfo, Params<'_>)]) -> Result<Vec<Vec<Row>>, StoreError> {
        let again = matches!(self.state, State::Fresh) && !(self.next.ends && self.opening.writable);
        match self.fly(statements).await {
            Err(_) if again && self.has_lost_its_connection() => {
                (self.state, self.failed) = (State::Fresh, false);
                Box::pin(self.fly(statements)).await
            }
            other => other,
        }
    }

    /// A unit of a tenant's that is one swift read goes on a lane, if there is one. What comes of no lane, what is too heavy for one
    /// and what is not there is asked of the pool: nothing was changed.
    async fn share_a_lane(&mut self, info: &StatementInfo, params: Params<'_>) -> Result<Option<Vec<Row>>, StoreError> {
        let alone = self.next.ends && !self.opening.writable && !self.failed && matches!(self.state, State::Fresh);
        let (Some(lanes), Some(share), Some(light), true) = (&self.lanes, &self.share, info.swift, alone) else {
            return Ok(None);
        };
        let draw = |draft: &mut Draft<'_>, prepared: &Prepared| {
            self.opening.put(&self.scope, draft)?;
            draft.statement(prepared.get(light)?, params)?;
            draft.command(Command::Commit)
        };
        let Some(rows) = lanes.read(share, draw, self.timeouts.transaction).await? else { return Ok(None) };
        if rows.is_empty() {
            return Ok(None);
        }
        self.state = State::Ended;
        Ok(Some(rows))
    }

    fn has_lost_its_connection(&self) -> bool {
        matches!(&self.state, State::Open { connection, .. } if connection.session.is_closed())
    }

    /// Statements that do not wait for each other, with everything that can ride with them, in one flight. Every result is checked.
    async fn fly(&mut self, statements: &[(&StatementInfo, Params<'_>)]) -> Result<Vec<Vec<Row>>, StoreError> {
        if self.failed {
            return Err(StoreError::Ended);
        }
        // Until it is seen to have gone well: a flight that fails, or is dropped on its way, ends the unit's good standing.
        self.failed = true;
        let first = matches!(self.state, State::Fresh);
        if first {
            // The tenant's own share first: whoever waits for it holds nothing that others need.
            let share = match self.share.clone() {
                Some(share) => match tokio::time::timeout(self.timeouts.acquire, share.acquire_owned()).await {
                    Ok(Ok(place)) => Some(place),
                    Ok(Err(_)) | Err(_) => return Err(StoreError::Busy),
                },
                None => None,
            };
            let connection = self.pool.get().await.map_err(unpooled)?;
            self.state = State::Open { connection, share, deadline: Instant::now() + self.timeouts.transaction };
        }
        let State::Open { connection, deadline, .. } = &mut self.state else { return Err(StoreError::Ended) };
        let Connection { session, prepared, .. } = &mut ***connection;
        let mut flight = session.flight()?;
        flight.add(|draft| {
            if first {
                self.opening.put(&self.scope, draft)?;
            } else if std::mem::take(&mut self.next.binds) {
                draft.scope(&self.scope)?;
            }
            if std::mem::take(&mut self.next.keeps) {
                draft.command(Command::Savepoint)?;
            }
            for (info, params) in statements {
                draft.statement(prepared.get(info)?, params)?;
            }
            if self.next.ends { draft.command(Command::Commit) } else { Ok(()) }
        })?;
        let rows = within(*deadline, flight.land()).await?;
        self.failed = false;
        if self.next.ends {
            self.state = State::Ended;
        }
        Ok(rows)
    }
}

/// How a unit's transaction is opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening {
    pub(crate) writable: bool,
    pub(crate) savepoint: bool,
    pub(crate) plan: Plan,
}

impl Opening {
    fn put(self, scope: &Scope, draft: &mut Draft<'_>) -> Result<(), StoreError> {
        draft.command(if self.writable { Command::BeginWrite } else { Command::BeginRead })?;
        draft.scope(scope)?;
        for command in self.plan.commands() {
            draft.command(*command)?;
        }
        if self.savepoint {
            draft.command(Command::Savepoint)?;
        }
        Ok(())
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        if let State::Open { connection, share, .. } = std::mem::replace(&mut self.state, State::Ended) {
            reap(connection, share);
        }
    }
}

/// Rolls back and gives the connection to the pool again, or closes it. The pool counts it as taken until then.
fn reap(mut connection: Object<Opener>, share: Option<OwnedSemaphorePermit>) {
    if connection.session.is_settled() {
        return;
    }
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        drop(Object::take(connection));
        return;
    };
    runtime.spawn(async move {
        // The tenant's place is free again when the connection is.
        let _share = share;
        if !connection.session.settle(SETTLE_WITHIN).await {
            let canceller = connection.canceller.clone();
            drop(Object::take(connection));
            let _ = tokio::time::timeout(SETTLE_WITHIN, canceller.cancel()).await;
        }
    });
}

async fn within<T>(deadline: Instant, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    tokio::time::timeout_at(deadline, work).await.unwrap_or(Err(StoreError::Timeout))
}

fn unpooled(error: PoolError<StoreError>) -> StoreError {
    match error {
        PoolError::Timeout(TimeoutType::Wait) => StoreError::Busy,
        PoolError::Timeout(_) => StoreError::Unavailable("connecting took too long".into()),
        PoolError::Backend(error) => error,
        PoolError::Closed => StoreError::Unavailable("the pool is closed".into()),
        PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => StoreError::Unsafe("the pool is misconfigured".into()),
    }
}

/// What a domain is lent of a transaction: a handle that dies before its unit does. Taking, keeping or swapping handles moves no transaction.
#[derive(Debug)]
pub struct Tx<'u, M> {
    unit: &'u mut Unit,
    mode: PhantomData<fn() -> M>,
}

impl<M: Opens> Tx<'_, M> {
    /// The tenant whose rows these are: the explicit predicate that every statement carries besides row-level security.
    pub fn tenant(&self) -> String {
        self.unit.scope.tenant().to_owned()
    }
}

impl<M: Mode> Tx<'_, M> {
    /// Runs a reading statement.
    pub async fn query(&mut self, statement: &Statement<Read>, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        self.unit.flight(statement.info(), params).await
    }

    /// Runs a reading statement that brings at most one row.
    pub async fn find(&mut self, statement: &Statement<Read>, params: Params<'_>) -> Result<Option<Row>, StoreError> {
        Ok(self.query(statement, params).await?.into_iter().next())
    }
}

impl Tx<'_, Write> {
    /// Runs a statement that changes rows, and brings what it returns.
    pub async fn write(&mut self, statement: &Statement<Write>, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        self.unit.flight(statement.info(), params).await
    }

    /// Undoes everything that a domain did in the transaction, and keeps the transaction.
    pub(crate) async fn undo(&mut self) -> Result<(), StoreError> {
        self.unit.undo().await
    }
}

impl Tx<'_, Identity> {
    /// Runs a statement on identity tables, and brings what it returns.
    pub async fn run(&mut self, statement: &Statement<Identity>, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        self.unit.flight(statement.info(), params).await
    }

    /// Asks everything that a question asks, in one flight.
    pub async fn ask<T, E: From<StoreError>>(&mut self, question: Question<'_, T, E>) -> Result<T, E> {
        let params = question.params();
        let rows = self.unit.together(&question.statements(&params)).await?;
        drop(params);
        question.read(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_rarely_happens_takes_no_room_in_every_request() {
        let opener = Opener::new(crate::Role::App, crate::Login::at_socket("/nowhere"), Timeouts::default(), &[]);
        let pool = Pool::builder(opener).runtime(deadpool::Runtime::Tokio1).build().unwrap();
        let opening = Opening { writable: false, savepoint: false, plan: Plan::Generic };
        let mut unit = Unit::new(pool, None, None, Scope::Nobody, opening, Timeouts::default());
        let flight = unit.flight(crate::pools::PING.info(), &[]);
        assert!(size_of_val(&flight) < 2_048, "a flight takes {} octets", size_of_val(&flight));
    }
}
