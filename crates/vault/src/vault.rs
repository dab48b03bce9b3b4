//! The vault: seals and opens fields within a transaction.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use moka::sync::Cache;
use tokio::sync::Mutex;
use uuid::Uuid;
use wardgraph_store::Row;
use zeroize::Zeroizing;

use crate::{
    Field, MasterKey, MasterSource, Opening, Sealing, VaultError,
    data_key::{self, DataKey},
    reach::{Making, Question},
    rotate::LOCK,
};

/// How many data keys are kept unwrapped, and how long: one of a tenant that was erased is gone from memory after that.
const KEPT: u64 = 16_384;
const KEPT_FOR: Duration = Duration::from_mins(10);
/// The least time between two readings of the source.
const SOURCE_FLOOR: Duration = Duration::from_secs(1);

/// Seals and opens fields. Cheap to clone; all clones share what they know.
#[derive(Debug, Clone)]
pub struct Vault(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Arc<dyn MasterSource>,
    masters: ArcSwap<Vec<MasterKey>>,
    /// When the source was last asked for a key that is not known. Whoever comes a moment later is told what was found then.
    asked_at: Mutex<Option<Instant>>,
    keys: Cache<(String, Uuid), Arc<DataKey>>,
    newest: Cache<String, Uuid>,
}

impl Vault {
    /// A vault with the master keys of `source`.
    ///
    /// # Errors
    /// [`VaultError::Source`] and [`VaultError::MasterKey`] if they cannot be read.
    pub async fn open_with(source: Arc<dyn MasterSource>) -> Result<Self, VaultError> {
        let masters = ArcSwap::from_pointee(source.read().await?);
        let cache = || Cache::builder().max_capacity(KEPT).time_to_live(KEPT_FOR);
        let (keys, newest) = (cache().build(), Cache::builder().max_capacity(KEPT).time_to_live(KEPT_FOR).build());
        Ok(Self(Arc::new(Inner { source, masters, asked_at: Mutex::new(None), keys, newest })))
    }

    /// Seals `secret` for `field` of the transaction's tenant. The tenant's data key is made at its first secret, in the same transaction.
    ///
    /// # Errors
    /// [`VaultError::NoMasterKey`] if the master key in use is not configured here; [`VaultError::Store`].
    pub async fn seal(&self, tx: &mut impl Sealing, field: Field<'_>, secret: &[u8]) -> Result<Vec<u8>, VaultError> {
        let tenant = tx.scope();
        let known = self.0.newest.get(&tenant).and_then(|id| self.0.keys.get(&(tenant.clone(), id)));
        let key = match known {
            Some(key) => key,
            None => match tx.ask(Question::Newest, &[&tenant]).await?.first() {
                Some(row) => {
                    let key = self.unwrap(&tenant, row).await?;
                    if row.try_get(3)? {
                        self.0.newest.insert(tenant.clone(), key.id);
                    }
                    key
                }
                None => self.make(tx, &tenant).await?,
            },
        };
        key.seal(&tenant, field, secret)
    }

    /// Opens what was sealed for `field` of the transaction's tenant.
    ///
    /// # Errors
    /// [`VaultError::Sealed`] if it was sealed for another place or changed, [`VaultError::Form`] if it was never sealed,
    /// [`VaultError::NoDataKey`] and [`VaultError::NoMasterKey`] if a key is gone, [`VaultError::Store`].
    pub async fn open(&self, tx: &mut impl Opening, field: Field<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (tenant, id) = (tx.scope(), data_key::key_id(sealed)?);
        let key = match self.0.keys.get(&(tenant.clone(), id)) {
            Some(key) => key,
            None => match tx.ask(Question::Find, &[&tenant, &id]).await?.first() {
                Some(row) => self.unwrap(&tenant, row).await?,
                None => return Err(VaultError::NoDataKey),
            },
        };
        key.open(&tenant, field, sealed)
    }

    /// Every master key that is known, the first to wrap with after the next rotation.
    pub fn masters(&self) -> Arc<Vec<MasterKey>> {
        self.0.masters.load_full()
    }

    pub(crate) fn source(&self) -> &dyn MasterSource {
        &*self.0.source
    }

    /// Takes in what the source has now. What was known stays known: values may be sealed under it still.
    pub(crate) fn learn(&self, mut masters: Vec<MasterKey>) {
        let known = self.0.masters.load();
        let gone = |old: &&MasterKey| !masters.iter().any(|master| master.id() == old.id());
        let kept: Vec<_> = known.iter().filter(gone).cloned().collect();
        masters.extend(kept);
        self.0.masters.store(Arc::new(masters));
    }

    /// The master key of this name. One that is not known may have come since: the source is asked again, once in a while.
    pub(crate) async fn master(&self, id: &str) -> Result<MasterKey, VaultError> {
        let find = || self.0.masters.load().iter().find(|master| master.id().as_str() == id).cloned();
        if let Some(master) = find() {
            return Ok(master);
        }
        let mut asked_at = self.0.asked_at.lock().await;
        if find().is_none() && asked_at.is_none_or(|at| at.elapsed() >= SOURCE_FLOOR) {
            *asked_at = Some(Instant::now());
            self.learn(self.0.source.read().await?);
        }
        find().ok_or_else(|| VaultError::NoMasterKey(id.to_owned()))
    }

    /// A data key from its row. It is remembered only if its transaction has committed: one that is rolled back must seal nothing more.
    async fn unwrap(&self, tenant: &str, row: &Row) -> Result<Arc<DataKey>, VaultError> {
        let (id, master, wrapped): (Uuid, &str, &[u8]) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let key = Arc::new(self.master(master).await?.unwrap(tenant, id, wrapped)?);
        if row.try_get(3)? {
            self.0.keys.insert((tenant.to_owned(), id), key.clone());
        }
        Ok(key)
    }

    async fn make(&self, tx: &mut impl Sealing, tenant: &str) -> Result<Arc<DataKey>, VaultError> {
        tx.make(Making::Hold, &[&LOCK]).await?;
        let rows = tx.make(Making::Current, &[]).await?;
        let current: &str = rows.first().ok_or_else(|| VaultError::NoMasterKey("none".into()))?.try_get(0)?;
        let (master, key) = (self.master(current).await?, DataKey::fresh()?);
        let wrapped = master.wrap(tenant, &key)?;
        tx.make(Making::Add, &[&tenant, &key.id, &current, &wrapped]).await?.first().ok_or(VaultError::NoDataKey)?;
        Ok(Arc::new(key))
    }
}
