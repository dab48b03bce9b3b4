//! The change from one master key to another, while servers seal and open.
//!
//! **Invariant:** a data key is wrapped with a known master key at every moment, and with the current one once the change is over
//! (`a_master_key_is_changed_while_servers_seal_and_open`).

use uuid::Uuid;
use wardgraph_kernel::{Read, Write};
use wardgraph_store::{Role, Statement, StatementInfo, Tx};

use crate::{MasterKey, MasterKeyId, Vault, VaultError};

/// The advisory lock between wrapping a new data key and changing the master key: `wgmaster` in ASCII.
pub(crate) const LOCK: i64 = 0x7767_6d61_7374_6572;
/// How many data keys are wrapped anew in one transaction.
const BATCH: i64 = 200;

const WORKER: &[Role] = &[Role::Worker];
const CURRENT: Statement<Read> =
    Statement::reading("vault.current_of_all", WORKER, "select master_key_id from master_keys where current");
const LOCK_OUT: Statement<Write> = Statement::writing("vault.lock_out", WORKER, "select 1 from pg_advisory_xact_lock($1)");
const RETIRE: Statement<Write> =
    Statement::writing("vault.retire", WORKER, "update master_keys set current = false where current and master_key_id <> $1");
const BEGIN: Statement<Write> = Statement::writing(
    "vault.begin",
    WORKER,
    "insert into master_keys (master_key_id, current) select $1, true where not exists (select from master_keys where current)
     on conflict (master_key_id) do update set current = true, since = now() returning 1",
);
const USED: Statement<Read> = Statement::reading("vault.used", WORKER, "select distinct master_key_id from data_keys");
const STALE: Statement<Read> = Statement::reading(
    "vault.stale",
    WORKER,
    "select tenant_id, data_key_id, master_key_id, wrapped from data_keys where master_key_id <> $1 order by data_key_id limit $2",
);
const REWRAP: Statement<Write> = Statement::writing(
    "vault.rewrap",
    WORKER,
    "update data_keys set master_key_id = $4, wrapped = $5 where tenant_id = $1 and data_key_id = $2 and master_key_id = $3",
);
const COUNT: Statement<Read> = Statement::reading(
    "vault.count",
    WORKER,
    "select m.master_key_id, m.current, (select count(*) from data_keys d where d.master_key_id = m.master_key_id) from master_keys m order by m.since desc",
);

pub(crate) const STATEMENTS: &[&StatementInfo] =
    &[CURRENT.info(), LOCK_OUT.info(), RETIRE.info(), BEGIN.info(), USED.info(), STALE.info(), REWRAP.info(), COUNT.info()];

/// How many data keys a master key wraps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// The master key's name.
    pub master: String,
    /// Whether it wraps new ones.
    pub current: bool,
    /// How many data keys it wraps.
    pub data_keys: i64,
}

impl Vault {
    /// Makes the first known master key the current one if there is none yet, and refuses a database whose current one is not known. Under the
    /// worker's role, at start.
    ///
    /// # Errors
    /// [`VaultError::NoMasterKey`] if the current one is not known.
    pub async fn begin(&self, tx: &mut Tx<'_, Write>) -> Result<(), VaultError> {
        if current(tx).await?.is_none() {
            tx.write(&LOCK_OUT, &[&LOCK]).await?;
            let first = self.masters().first().map(|master| master.id().clone());
            let first = first.ok_or_else(|| VaultError::NoMasterKey("none".into()))?;
            tx.write(&BEGIN, &[&first.as_str()]).await?;
        }
        let current = current(tx).await?.ok_or_else(|| VaultError::NoMasterKey("none".into()))?;
        self.master(&current).await.map(drop)
    }

    /// The master key to change to: a new one where the source is ours to write, else the first of the configured ones. Reads the source anew.
    pub async fn next_master(&self) -> Result<MasterKey, VaultError> {
        let added = self.source().add().await?;
        let masters = self.source().read().await?;
        let next = added.or_else(|| masters.first().cloned()).ok_or_else(|| VaultError::NoMasterKey("none".into()))?;
        // Of two that add a key at once, one may have written over the other's.
        let is_kept = masters.iter().any(|master| master.id() == next.id());
        self.learn(masters);
        if is_kept { Ok(next) } else { Err(VaultError::NoMasterKey(next.id().to_string())) }
    }

    /// Makes `next` the current master key. False if it is that already. Under the worker's role; commit at once: whoever wraps a new data key
    /// waits meanwhile.
    ///
    /// # Errors
    /// [`VaultError::NoMasterKey`] if a master key that wraps data keys is not known: they could not be wrapped anew.
    pub async fn change_master(&self, tx: &mut Tx<'_, Write>, next: &MasterKeyId) -> Result<bool, VaultError> {
        tx.write(&LOCK_OUT, &[&LOCK]).await?;
        if current(tx).await?.as_deref() == Some(next.as_str()) {
            return Ok(false);
        }
        for row in tx.query(&USED, &[]).await? {
            self.master(row.try_get(0)?).await?;
        }
        tx.write(&RETIRE, &[&next.as_str()]).await?;
        tx.write(&BEGIN, &[&next.as_str()]).await?;
        Ok(true)
    }

    /// Wraps some data keys anew that are not wrapped with the current master key, at most 200, and tells how many. Under the worker's role; again
    /// until it says 0. Any number of servers may do it at once.
    pub async fn rewrap(&self, tx: &mut Tx<'_, Write>) -> Result<usize, VaultError> {
        let Some(current) = current(tx).await? else { return Ok(0) };
        let master = self.master(&current).await?;
        let stale = tx.query(&STALE, &[&current, &BATCH]).await?;
        for row in &stale {
            let (tenant, id, old, wrapped): (&str, Uuid, &str, &[u8]) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
            let key = self.master(old).await?.unwrap(tenant, id, wrapped)?;
            let anew = master.wrap(tenant, &key)?;
            tx.write(&REWRAP, &[&tenant, &id, &old, &current, &anew]).await?;
        }
        Ok(stale.len())
    }

    /// How many data keys each master key wraps, the newest first. Under the worker's role.
    pub async fn wrapped(&self, tx: &mut Tx<'_, Read>) -> Result<Vec<Wrapped>, VaultError> {
        let rows = tx.query(&COUNT, &[]).await?;
        rows.iter()
            .map(|row| Ok(Wrapped { master: row.try_get(0)?, current: row.try_get(1)?, data_keys: row.try_get(2)? }))
            .collect()
    }
}

async fn current(tx: &mut Tx<'_, Write>) -> Result<Option<String>, VaultError> {
    Ok(tx.find(&CURRENT, &[]).await?.map(|row| row.try_get(0)).transpose()?)
}
