//! The signing keys in the database: made, read, followed by others, taken back. Under the worker's role, in the system's scope.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use wardgraph_kernel::{Change, ChangeKind, Read, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx, changes};
use wardgraph_vault::{Field, VaultError};

use super::{MAX_ACCESS_LIFE, OwnIssuer, OwnKeys, keys::OwnKey, pair::Pair};
use crate::{Algorithm, OwnKeyError};

const WORKER: &[Role] = &[Role::Worker];
const LIST: Statement<Read> = Statement::reading(
    "tokens.keys.list",
    WORKER,
    "select key_id, algorithm, sealed, signs_from, verifies_until, made_at from signing_keys
     where revoked_at is null and (verifies_until is null or verifies_until > $1) order by signs_from desc, key_id",
);
/// Two servers that find a key old at once make one key that follows it.
const LOCK: Statement<Write> =
    Statement::writing("tokens.keys.lock", WORKER, "select 1 from pg_advisory_xact_lock(8603702169012659571)");
const ADD: Statement<Write> = Statement::writing(
    "tokens.keys.add",
    WORKER,
    "insert into signing_keys (key_id, algorithm, public_key, sealed, made_at, signs_from) values ($1, $2, $3::text::jsonb, $4, $5, $6)",
);
const FOLLOW: Statement<Write> = Statement::writing(
    "tokens.keys.follow",
    WORKER,
    "update signing_keys set verifies_until = $3 where (algorithm = $1 or algorithm <> all($4)) and key_id <> $2 and verifies_until is null and revoked_at is null",
);
const REVOKE: Statement<Write> = Statement::writing(
    "tokens.keys.revoke",
    WORKER,
    "update signing_keys set revoked_at = $2 where key_id <> all($1) and revoked_at is null and (verifies_until is null or verifies_until > $2)
     returning key_id, algorithm",
);
const TIDY: Statement<Write> =
    Statement::writing("tokens.keys.tidy", WORKER, "delete from signing_keys where verifies_until <= $1 or revoked_at <= $1");

pub(crate) const STATEMENTS: &[&StatementInfo] =
    &[LIST.info(), LOCK.info(), ADD.info(), FOLLOW.info(), REVOKE.info(), TIDY.info()];

/// How keys are followed by others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// New keys are published now and sign after a while; the old ones verify until every token of theirs has expired.
    Overlapping,
    /// New keys sign at once, and the old ones are taken back: their tokens are good no more. For keys that leaked.
    Revoking,
}

/// A key that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// For which algorithm.
    pub algorithm: Algorithm,
    /// Its `kid`.
    pub key_id: String,
    /// When it signs.
    pub signs_from: Timestamp,
    /// The keys that were taken back.
    pub revoked: Vec<String>,
}

/// A key as it is stored, without its private half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyState {
    /// Its `kid`.
    pub key_id: String,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// When it was made.
    pub made_at: Timestamp,
    /// When its turn to sign comes or came.
    pub signs_from: Timestamp,
    /// When it ends; `None` while no other follows it.
    pub verifies_until: Option<Timestamp>,
}

impl OwnIssuer {
    /// Makes the keys that are lacking, one of each algorithm, which sign at once.
    pub async fn ensure(&self, tx: &mut Tx<'_, Write>, now: Timestamp) -> Result<Vec<Rotated>, OwnKeyError> {
        self.follow(tx, now, Rotation::Overlapping, |newest| newest.is_none()).await
    }

    /// Makes a key that follows the newest one, for each algorithm.
    pub async fn rotate(&self, tx: &mut Tx<'_, Write>, now: Timestamp, rotation: Rotation) -> Result<Vec<Rotated>, OwnKeyError> {
        self.follow(tx, now, rotation, |_| true).await
    }

    /// Makes a key that follows, where the newest one is old, and forgets those that verify nothing any more.
    pub async fn rotate_due(&self, tx: &mut Tx<'_, Write>, now: Timestamp) -> Result<Vec<Rotated>, OwnKeyError> {
        tx.write(&TIDY, &[&now]).await?;
        let old = now.saturating_sub(self.0.config.rotate_after).unwrap_or(Timestamp::MIN);
        self.follow(tx, now, Rotation::Overlapping, |newest| newest.is_none_or(|made_at| made_at <= old)).await
    }

    /// Reads the keys, and puts them in the place of those at hand.
    pub async fn load(&self, tx: &mut Tx<'_, Read>, now: Timestamp) -> Result<(), OwnKeyError> {
        let mut keys = Vec::new();
        for row in tx.query(&LIST, &[&now]).await? {
            let state = state(&row)?;
            let sealed: &[u8] = row.try_get(2)?;
            let pkcs8 = self.0.vault.open(tx, field(&state.key_id), sealed).await?;
            let key = OwnKey::read(state.algorithm, &pkcs8, state.signs_from, state.verifies_until)?;
            // The name is the thumbprint of the key itself.
            if key.id != state.key_id {
                return Err(VaultError::Sealed.into());
            }
            keys.push(key);
        }
        self.0.keys.store(Arc::new(OwnKeys::following(&self.0.keys.load(), keys)));
        Ok(())
    }

    /// The keys as they are stored, those that sign later first.
    pub async fn states(&self, tx: &mut Tx<'_, Read>, now: Timestamp) -> Result<Vec<KeyState>, OwnKeyError> {
        tx.query(&LIST, &[&now]).await?.iter().map(state).collect()
    }

    async fn follow(
        &self,
        tx: &mut Tx<'_, Write>,
        now: Timestamp,
        rotation: Rotation,
        due: impl Fn(Option<Timestamp>) -> bool,
    ) -> Result<Vec<Rotated>, OwnKeyError> {
        tx.write(&LOCK, &[]).await?;
        let there = tx.query(&LIST, &[&now]).await?.iter().map(state).collect::<Result<Vec<_>, _>>()?;
        let mut made = Vec::new();
        for algorithm in &self.0.config.algorithms {
            let newest = there.iter().filter(|key| key.algorithm == *algorithm).map(|key| key.made_at).max();
            if due(newest) {
                let first = newest.is_none() || rotation == Rotation::Revoking;
                let signs_from = if first { now } else { after(now, self.0.config.lead) };
                made.push(self.make(tx, *algorithm, now, signs_from, rotation).await?);
            }
        }
        if rotation == Rotation::Revoking {
            self.take_back(tx, now, &mut made).await?;
        }
        if !made.is_empty() {
            let change =
                Change { kind: ChangeKind::SigningKeys, subject: String::new(), number: 0, until: after(now, MAX_ACCESS_LIFE) };
            changes::announce(tx, &change).await?;
        }
        Ok(made)
    }

    async fn make(
        &self,
        tx: &mut Tx<'_, Write>,
        algorithm: Algorithm,
        now: Timestamp,
        signs_from: Timestamp,
        rotation: Rotation,
    ) -> Result<Rotated, OwnKeyError> {
        // RSA keys take a while to make.
        let pkcs8 =
            tokio::task::spawn_blocking(move || Pair::generate(algorithm)).await.map_err(|_| crate::KeyError::Generation)??;
        let key = OwnKey::read(algorithm, &pkcs8, signs_from, None)?;
        let (id, public) = (key.id.clone(), key.pair.public());
        let sealed = self.0.vault.seal(tx, field(&id), &pkcs8).await?;
        tx.write(&ADD, &[&id, &algorithm.word(), &public, &sealed, &now, &signs_from]).await?;
        if rotation == Rotation::Overlapping {
            // The last token that an old key signs lives its life, by a clock that may be off. A key of an algorithm that is not used any more ends too.
            let ends = after(after(signs_from, MAX_ACCESS_LIFE), self.0.config.leeway * 2);
            let used: Vec<_> = self.0.config.algorithms.iter().map(|algorithm| algorithm.word()).collect();
            tx.write(&FOLLOW, &[&algorithm.word(), &id, &ends, &used]).await?;
        }
        Ok(Rotated { algorithm, key_id: id, signs_from, revoked: Vec::new() })
    }

    /// Takes every key back but those just made, of algorithms that are not used any more as well.
    async fn take_back(&self, tx: &mut Tx<'_, Write>, now: Timestamp, made: &mut [Rotated]) -> Result<(), OwnKeyError> {
        let fresh: Vec<_> = made.iter().map(|rotated| rotated.key_id.clone()).collect();
        for row in tx.write(&REVOKE, &[&fresh, &now]).await? {
            let algorithm: &str = row.try_get(1)?;
            let place = made.iter().position(|rotated| rotated.algorithm.word() == algorithm).unwrap_or(0);
            if let Some(rotated) = made.get_mut(place) {
                rotated.revoked.push(row.try_get(0)?);
            }
        }
        Ok(())
    }
}

const fn field(key_id: &str) -> Field<'_> {
    Field { table: "signing_keys", column: "sealed", row: key_id }
}

fn state(row: &Row) -> Result<KeyState, OwnKeyError> {
    let word: &str = row.try_get(1)?;
    let algorithm = word.parse().map_err(|_| StoreError::Unsafe(format!("a signing key is for `{word}`")))?;
    Ok(KeyState {
        key_id: row.try_get(0)?,
        algorithm,
        signs_from: row.try_get(3)?,
        verifies_until: row.try_get(4)?,
        made_at: row.try_get(5)?,
    })
}

fn after(moment: Timestamp, time: Duration) -> Timestamp {
    moment.saturating_add(time).unwrap_or(Timestamp::MAX)
}
