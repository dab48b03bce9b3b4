//! What is good once, on all servers together: the ids of proofs and assertions that were used.
//!
//! **Invariant:** an id is spent before anything is done by what it stands for, and stays so whatever becomes of that. Of two that use it at once
//! the second waits for the first, and finds it spent (`of_two_servers_one_takes_a_proof`).

use jiff::Timestamp;
use wardgraph_kernel::{Identity, Write};
use wardgraph_store::{Role, Statement, StatementInfo, StoreError, Tx};

use crate::{assertion::Assertion, dpop::Proof};

const SPEND: Statement<Identity> = Statement::identity(
    "tokens.used.spend",
    "insert into used_ids (id, expires_at) select * from unnest($1::bytea[], $2::timestamptz[]) on conflict (id) do nothing returning true",
);
const FORGET: Statement<Write> = Statement::writing(
    "tokens.used.forget",
    &[Role::Worker],
    "delete from used_ids where id in (select id from used_ids where expires_at < $1 order by expires_at limit 1000) returning true",
);
pub(crate) const STATEMENTS: &[&StatementInfo] = &[SPEND.info(), FORGET.info()];

/// How many are forgotten at once.
const AT_ONCE: usize = 1_000;

/// The id of something that is good once, and until when that could be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Once {
    id: [u8; 32],
    until: Timestamp,
}

impl From<&Proof> for Once {
    fn from(proof: &Proof) -> Self {
        Self { id: *proof.id(), until: proof.until() }
    }
}

impl From<&Assertion> for Once {
    fn from(assertion: &Assertion) -> Self {
        Self { id: *assertion.id(), until: assertion.until() }
    }
}

/// Uses ids up. False if one of them was used before; the others are used up all the same.
pub async fn spend(tx: &mut Tx<'_, Identity>, once: &[Once]) -> Result<bool, StoreError> {
    let mut once = once.to_vec();
    // In one order, so that none who use the same at once wait for one another in turn.
    once.sort();
    let (ids, ends): (Vec<&[u8]>, Vec<Timestamp>) = once.iter().map(|once| (once.id.as_slice(), once.until)).unzip();
    tx.run(&SPEND, &[&ids, &ends]).await.map(|rows| rows.len() == ids.len())
}

/// Forgets ids that nobody would believe any more, a bounded number at a time. Tells whether there may be more.
pub async fn forget_spent(tx: &mut Tx<'_, Write>, now: Timestamp) -> Result<bool, StoreError> {
    tx.write(&FORGET, &[&now]).await.map(|rows| rows.len() == AT_ONCE)
}
