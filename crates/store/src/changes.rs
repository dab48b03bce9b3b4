//! Changes that every server must know within a second: announced in the transaction that makes them, polled by each server.
//!
//! **Invariant:** a poll passes over no change that was committed before it, however long its transaction took
//! (`a_change_of_a_slow_transaction_is_not_passed_over`). Positions are given out in another order than they commit in, so a poll begins where the
//! poll before it saw the oldest transaction that had not ended, and hears some changes twice.

use wardgraph_kernel::{Change, ChangeKind, Identity, Mode, Read, Timestamp, Write};

use crate::{Params, Role, Row, Statement, StatementInfo, StoreError, Tx};

const ANNOUNCE_SQL: &str = "insert into changes (tenant_id, kind, subject, number, until) select $1, $2, $3, $4, $5";
const ANNOUNCE: Statement<Write> =
    Statement::writing("store.changes.announce", &[Role::App, Role::Admin, Role::Worker], ANNOUNCE_SQL);
const ANNOUNCE_BY_IDENTITY: Statement<Identity> = Statement::identity("store.changes.announce_by_identity", ANNOUNCE_SQL);
const POLL: Statement<Read> = Statement::reading(
    "store.changes.poll",
    &[Role::Worker],
    "select h.horizon, c.xact::text, c.position, c.kind, c.subject, c.number, c.until
     from (select pg_snapshot_xmin(pg_current_snapshot())::text as horizon) h
     left join changes c on (c.xact, c.position) > ($1::text::xid8, $2) and c.until > $3
     order by c.xact, c.position limit $4",
);
const FORGET: Statement<Write> = Statement::writing(
    "store.changes.forget",
    &[Role::Worker],
    "delete from changes where (tenant_id, position) in (select tenant_id, position from changes where until <= $1 order by until limit $2) returning 1",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[ANNOUNCE.info(), ANNOUNCE_BY_IDENTITY.info(), POLL.info(), FORGET.info()];

/// How many changes one statement brings, or forgets.
const PAGE: i64 = 5_000;

/// A transaction that can announce a change: of a request, a ceremony or system work.
pub trait Announcing: sealed::Sealed + Send {
    #[doc(hidden)]
    fn announce(&mut self, params: Params<'_>) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;
    #[doc(hidden)]
    fn announcer(&self) -> String;
}

impl Announcing for Tx<'_, Write> {
    async fn announce(&mut self, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        self.write(&ANNOUNCE, params).await
    }

    fn announcer(&self) -> String {
        self.tenant()
    }
}

impl Announcing for Tx<'_, Identity> {
    async fn announce(&mut self, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        self.run(&ANNOUNCE_BY_IDENTITY, params).await
    }

    fn announcer(&self) -> String {
        self.tenant()
    }
}

/// Announces a change: every server knows of it within a second of the commit.
pub async fn announce(tx: &mut impl Announcing, change: &Change) -> Result<(), StoreError> {
    let tenant = tx.announcer();
    tx.announce(&[&tenant, &change.kind.word(), &change.subject, &change.number, &change.until]).await.map(drop)
}

/// Where a poll begins.
#[derive(Debug, Clone)]
pub struct Since {
    xact: String,
    position: i64,
}

impl Since {
    /// Before everything.
    pub fn beginning() -> Self {
        Self { xact: "0".into(), position: -1 }
    }

    /// Whether fewer transactions had begun here.
    pub fn is_before(&self, other: &Self) -> bool {
        let number = |since: &Self| since.xact.parse::<u64>().unwrap_or_default();
        number(self) < number(other)
    }
}

/// Some of the changes of a poll.
#[derive(Debug)]
pub struct Heard {
    /// In the order of their transactions.
    pub changes: Vec<Change>,
    /// Where to go on.
    pub next: Since,
    /// Whether there may be more already: then the poll is not over.
    pub more: bool,
}

/// Reads the changes after `since` that matter after `now`, some thousands at most. The poll that begins with `since` is over when there are no
/// more; `began` is where the next one begins then: keep that of a poll's first page.
pub async fn poll<M: Mode>(tx: &mut Tx<'_, M>, since: &Since, now: Timestamp) -> Result<(Heard, Since), StoreError> {
    let rows = tx.query(&POLL, &[&since.xact, &since.position, &now, &PAGE]).await?;
    let horizon: String = rows.first().map(|row| row.try_get(0)).transpose()?.unwrap_or_else(|| since.xact.clone());
    let (mut changes, mut next) = (Vec::with_capacity(rows.len()), since.clone());
    for row in &rows {
        // The row of a poll that hears nothing.
        let Some(xact) = row.try_get::<Option<String>>(1)? else { continue };
        next = Since { xact, position: row.try_get(2)? };
        let word: &str = row.try_get(3)?;
        if let Some(kind) = ChangeKind::ALL.iter().copied().find(|kind| kind.word() == word) {
            changes.push(Change { kind, subject: row.try_get(4)?, number: row.try_get(5)?, until: row.try_get(6)? });
        }
    }
    let more = i64::try_from(rows.len()).is_ok_and(|rows| rows >= PAGE);
    Ok((Heard { changes, next, more }, Since { xact: horizon, position: -1 }))
}

/// Forgets changes that nobody needs after `now`, some thousands at most. True if there may be more.
pub async fn forget(tx: &mut Tx<'_, Write>, now: Timestamp) -> Result<bool, StoreError> {
    let gone = tx.write(&FORGET, &[&now, &PAGE]).await?;
    Ok(i64::try_from(gone.len()).is_ok_and(|gone| gone >= PAGE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_are_compared_as_numbers() {
        let at = |xact: &str| Since { xact: xact.into(), position: -1 };
        assert!(at("9").is_before(&at("10")) && !at("10").is_before(&at("9")) && !at("10").is_before(&at("10")));
        assert!(!at("0").is_before(&Since::beginning()));
    }
}

mod sealed {
    use super::{Identity, Tx, Write};

    pub trait Sealed {}
    impl Sealed for Tx<'_, Write> {}
    impl Sealed for Tx<'_, Identity> {}
}
