//! What is good once, on all servers together: the ids of proofs and assertions that were used.
//!
//! **Invariant:** an id is spent by the transaction that uses it. Of two that use it at once the second waits for the first, and is refused once
//! that has committed (`of_two_servers_one_takes_a_proof`).

use jiff::Timestamp;
use wardgraph_kernel::{Identity, Write};
use wardgraph_store::{Role, Statement, StatementInfo, StoreError, Tx};

const SPEND: Statement<Identity> = Statement::identity(
    "tokens.used.spend",
    "insert into used_ids (id, expires_at) values ($1, $2) on conflict (id) do nothing returning true",
);
const FORGET: Statement<Write> = Statement::writing(
    "tokens.used.forget",
    &[Role::Worker],
    "delete from used_ids where id in (select id from used_ids where expires_at < $1 order by expires_at limit 1000) returning true",
);
pub(crate) const STATEMENTS: &[&StatementInfo] = &[SPEND.info(), FORGET.info()];

/// How many are forgotten at once.
const AT_ONCE: usize = 1_000;

/// Uses an id up, which could be believed until `until`. False if it was used before.
pub async fn spend(tx: &mut Tx<'_, Identity>, id: &[u8; 32], until: Timestamp) -> Result<bool, StoreError> {
    tx.run(&SPEND, &[&id.as_slice(), &until]).await.map(|rows| !rows.is_empty())
}

/// Forgets ids that nobody would believe any more, a bounded number at a time. Tells whether there may be more.
pub async fn forget_spent(tx: &mut Tx<'_, Write>, now: Timestamp) -> Result<bool, StoreError> {
    tx.write(&FORGET, &[&now]).await.map(|rows| rows.len() == AT_ONCE)
}
