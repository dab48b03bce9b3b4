//! How much strangers can have mailed: to one address, and in all.

use std::time::Duration;

use wardgraph_kernel::{Identity, Timestamp};
use wardgraph_store::{Param, Row, Statement, StoreError, Tx};

use crate::{Address, Keys};

/// How many messages of a kind one address gets in an hour.
const IN_AN_HOUR: i32 = 3;
/// After how many in a day it gets one an hour. Not none: whoever has somebody else's messages used up would keep them from their account,
/// while the link that came in the last hour is good still.
const IN_A_DAY: i32 = 10;
/// The hour begins with its first message, as the day does.
const HOUR: Duration = Duration::from_hours(1);
pub(super) const DAY: Duration = Duration::from_hours(24);
/// How many messages of strangers' wait at most, before they can have no more of them written. What people are told of their own accounts does not
/// count: whoever has themselves told of much keeps nobody out.
const MOST_WAITING: i64 = 10_000;

/// Those that are kept back use nothing up but the hour.
pub(super) const COUNT_SQL: &str =
    "insert into mail_counts as c (subject, hour_from, in_hour, day_from, in_day) values ($1, $2, 1, $2, 1)
     on conflict (subject) do update set
       in_hour = case when c.hour_from > $3 then least(c.in_hour, 1000) + 1 else 1 end,
       hour_from = case when c.hour_from > $3 then c.hour_from else $2 end,
       in_day = case when c.day_from <= $4 then 1 when c.hour_from > $3 and c.in_hour >= $5 then c.in_day else c.in_day + 1 end,
       day_from = case when c.day_from > $4 then c.day_from else $2 end
     returning in_hour, in_day";
pub(super) const COUNT: Statement<Identity> = Statement::identity("identity.mail.count", COUNT_SQL);
pub(super) const FULL: Statement<Identity> = Statement::identity(
    "identity.mail.full",
    "select count(*) from (select mail_id from mail where kind in ('verify', 'reset', 'taken') limit $1) waiting",
);

/// What a stranger asks for that is told by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// An account.
    Account,
    /// Another password.
    Password,
}

impl Asked {
    const fn word(self) -> &'static str {
        match self {
            Self::Account => "register",
            Self::Password => "reset",
        }
    }
}

/// Counts that a stranger asks for something, and tells whether the address is mailed to. The same is done whether anybody has it or not.
pub async fn admits(
    tx: &mut Tx<'_, Identity>,
    keys: &Keys,
    asked: Asked,
    address: &Address,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let counted = Counted::of(keys, asked.word(), address, now);
    admitted(&tx.run(&COUNT, &counted.params()).await?)
}

/// A message more to an address, as it is counted.
pub(super) struct Counted {
    subject: Vec<u8>,
    now: Timestamp,
    hour: Timestamp,
    day: Timestamp,
}

impl Counted {
    /// One of this kind.
    pub(super) fn of(keys: &Keys, kind: &str, address: &Address, now: Timestamp) -> Self {
        let before = |wait: Duration| now.saturating_sub(wait).unwrap_or(Timestamp::MIN);
        Self { subject: keys.counter_of_mail(address, kind), now, hour: before(HOUR), day: before(DAY) }
    }

    /// The parameters of [`COUNT_SQL`].
    pub(super) fn params(&self) -> [Param<'_>; 5] {
        [&self.subject, &self.now, &self.hour, &self.day, &IN_AN_HOUR]
    }
}

/// What the answer of [`COUNT_SQL`] says: whether the message is sent.
pub(super) fn admitted(rows: &[Row]) -> Result<bool, StoreError> {
    let row = rows.first().ok_or(StoreError::Ended)?;
    let (in_hour, in_day): (i32, i32) = (row.try_get(0)?, row.try_get(1)?);
    Ok(in_hour <= if in_day <= IN_A_DAY { IN_AN_HOUR } else { 1 })
}

/// Whether so many messages of strangers' wait that none of them can have more of them written.
pub async fn is_full(tx: &mut Tx<'_, Identity>) -> Result<bool, StoreError> {
    let rows = tx.run(&FULL, &[&MOST_WAITING]).await?;
    let waiting: i64 = rows.first().ok_or(StoreError::Ended)?.try_get(0)?;
    Ok(waiting >= MOST_WAITING)
}
