//! Codes that people enter and that are no device's: counted by person, by network and in all, for ten minutes (RFC 8628, section 5.1).

use std::time::Duration;

use wardgraph_kernel::{Identity, Timestamp, UserId};
use wardgraph_store::{Statement, StoreError, Tx};

/// For how long one is counted.
pub(crate) const WINDOW: Duration = Duration::from_mins(10);
/// How many a person may enter, how many may come from a network, and how many in all.
const MOST_OF_A_PERSON: i32 = 10;
const MOST_OF_A_NETWORK: i32 = 50;
const MOST_IN_ALL: i32 = 1_000;

/// The rows are taken in one order by everybody, and held until the transaction ends: of two tries at once one is counted after the other.
pub(super) const COUNT: Statement<Identity> = Statement::identity(
    "oauth.device.count",
    "insert into device_guesses as g (name, wrong, since) select name, 1, $2::timestamptz from unnest($1::text[]) name order by name
     on conflict (name) do update set wrong = case when g.since <= $3 then 1 else g.wrong + 1 end,
       since = case when g.since <= $3 then excluded.since else g.since end
     returning name, wrong, since",
);
pub(super) const FORGIVE: Statement<Identity> =
    Statement::identity("oauth.device.forgive", "update device_guesses set wrong = greatest(wrong - 1, 0) where name = any($1)");

/// Whether a code may be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// It may. That it was entered is counted, until [`forgive`] takes that back.
    Within,
    /// Too many were wrong: not before this moment.
    TooMany(Timestamp),
}

fn names(user: UserId, network: &str) -> [String; 3] {
    ["all".to_owned(), format!("network {network}"), format!("person {user}")]
}

/// Counts that somebody enters a code, before it is looked at. What is counted is to be kept whatever comes of it.
pub async fn count(tx: &mut Tx<'_, Identity>, user: UserId, network: &str, now: Timestamp) -> Result<Counted, StoreError> {
    let names = names(user, network);
    let begun = now.saturating_sub(WINDOW).unwrap_or(Timestamp::MIN);
    let rows = tx.run(&COUNT, &[&names.as_slice(), &now, &begun]).await?;
    let mut counted = Counted::Within;
    for row in &rows {
        let (name, wrong): (&str, i32) = (row.try_get(0)?, row.try_get(1)?);
        let most = match name.split(' ').next() {
            Some("person") => MOST_OF_A_PERSON,
            Some("network") => MOST_OF_A_NETWORK,
            _ => MOST_IN_ALL,
        };
        if wrong > most {
            let until = row.try_get::<Timestamp>(2)?.saturating_add(WINDOW).unwrap_or(Timestamp::MAX);
            counted = match counted {
                Counted::TooMany(known) => Counted::TooMany(known.max(until)),
                Counted::Within => Counted::TooMany(until),
            };
        }
    }
    Ok(counted)
}

/// Takes back that a code was counted, which was right.
pub async fn forgive(tx: &mut Tx<'_, Identity>, user: UserId, network: &str) -> Result<(), StoreError> {
    tx.run(&FORGIVE, &[&names(user, network).as_slice()]).await.map(drop)
}
