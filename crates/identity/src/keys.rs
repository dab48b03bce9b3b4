//! The keys of this room: what tells addresses apart without naming them, and what makes mailed links.

use std::fmt;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, Tag, sign};
use wardgraph_kernel::{Chance, LinkId, UserId, Write};
use wardgraph_store::{Role, Statement, StatementInfo, Tx};
use wardgraph_vault::{Field, Vault};
use zeroize::Zeroizing;

use crate::{Address, IdentityError};

const WORKER: &[Role] = &[Role::Worker];
const FIND: Statement<Write> =
    Statement::writing("identity.secret.find", WORKER, "select sealed from identity_secrets where name = 'root'");
const KEEP: Statement<Write> = Statement::writing(
    "identity.secret.keep",
    WORKER,
    "insert into identity_secrets (name, sealed) values ('root', $1) on conflict (name) do nothing",
);
pub(crate) const STATEMENTS: &[&StatementInfo] = &[FIND.info(), KEEP.info()];

/// Where the secret stands.
const ROOT: Field<'static> = Field { table: "identity_secrets", column: "sealed", row: "root" };

/// Keys that follow from one secret of the server's own, which is sealed by the vault. All servers have the same.
#[derive(Clone)]
pub struct Keys {
    counters: Key,
    pub(crate) links: Key,
    pub(crate) challenges: Key,
    /// What seals the states of challenges.
    pub(crate) states: Zeroizing<[u8; 32]>,
}

impl Keys {
    /// The keys of this database, which are made if there are none. In a transaction of the system's own: the first of several servers to
    /// commit makes them.
    pub async fn ensure(tx: &mut Tx<'_, Write>, vault: &Vault, chance: &dyn Chance) -> Result<Self, IdentityError> {
        if tx.write(&FIND, &[]).await?.is_empty() {
            let sealed = vault.seal(tx, ROOT, &chance.bytes()).await?;
            tx.write(&KEEP, &[&sealed]).await?;
        }
        let rows = tx.write(&FIND, &[]).await?;
        let sealed: Vec<u8> = rows.first().ok_or(IdentityError::Unreadable("the server's own secret"))?.try_get(0)?;
        let root = vault.open(tx, ROOT, &sealed).await?;
        let root = root.as_slice().try_into().map_err(|_| IdentityError::Unreadable("the server's own secret"))?;
        Ok(Self::of(root))
    }

    /// The keys that follow from `root`.
    pub fn of(root: &[u8; 32]) -> Self {
        let root = Key::new(HMAC_SHA256, root);
        let key = |purpose: &str| Key::new(HMAC_SHA256, sign(&root, purpose.as_bytes()).as_ref());
        let mut states = Zeroizing::new([0; 32]);
        states.copy_from_slice(sign(&root, b"states of challenges").as_ref());
        Self { counters: key("failed sign-ins"), links: key("mailed links"), challenges: key("challenges"), states }
    }

    /// Under what failures with this address are counted, whether anybody has it or not.
    pub fn counter(&self, address: &Address) -> Vec<u8> {
        bytes(sign(&self.counters, address.as_str().as_bytes()))
    }

    /// Under what failures with this address are counted that come from a network where its owner signed in before: so that whoever fails
    /// elsewhere, however often, does not keep the owner out.
    pub fn counter_at(&self, address: &Address, network: &str) -> Vec<u8> {
        // No address has a control character.
        bytes(sign(&self.counters, format!("{address}\u{1f}{network}").as_bytes()))
    }

    /// Under what messages to this address are counted that strangers have sent; those of a kind apart from those of others.
    pub fn counter_of_mail(&self, address: &Address, kind: &str) -> Vec<u8> {
        bytes(sign(&self.counters, format!("\u{1f}\u{1f}{kind}\u{1f}{address}").as_bytes()))
    }

    /// Under what passwords are counted that were wrong beside this link. By link: whoever knows the address, and has none, keeps nobody out.
    pub fn counter_of_link(&self, link: LinkId) -> Vec<u8> {
        bytes(sign(&self.counters, format!("\u{1f}\u{1f}\u{1f}{link}").as_bytes()))
    }

    /// Under what failures of one method of this account's second factors are counted; apart where its owner is at home. No address is written
    /// like it: none begins with a control character.
    pub fn counter_of_factor(&self, user: UserId, method: &str, home: Option<&str>) -> Vec<u8> {
        bytes(sign(&self.counters, format!("\u{1f}{user}\u{1f}{method}\u{1f}{}", home.unwrap_or_default()).as_bytes()))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

fn bytes(tag: Tag) -> Vec<u8> {
    tag.as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_tell_addresses_and_networks_apart_and_name_neither() {
        let (keys, others) = (Keys::of(&[1; 32]), Keys::of(&[2; 32]));
        let [ada, bob] = ["ada@example.com", "bob@example.com"].map(|text| Address::parse(text).unwrap());
        let user = UserId::new(wardgraph_kernel::Timestamp::UNIX_EPOCH, &wardgraph_kernel::SeededChance::new(1));
        let link = LinkId::new(wardgraph_kernel::Timestamp::UNIX_EPOCH, &wardgraph_kernel::SeededChance::new(1));
        let counters = [
            keys.counter(&ada),
            keys.counter(&bob),
            keys.counter_at(&ada, "192.0.2.0/24"),
            keys.counter_at(&ada, "198.51.100.0/24"),
            others.counter(&ada),
            keys.counter_of_mail(&ada, "reset"),
            keys.counter_of_mail(&ada, "register"),
            keys.counter_of_mail(&bob, "reset"),
            keys.counter_of_link(link),
            keys.counter_of_factor(user, "totp", None),
            keys.counter_of_factor(user, "totp", Some("192.0.2.0/24")),
            keys.counter_of_factor(user, "recovery_code", None),
        ];
        for (index, one) in counters.iter().enumerate() {
            assert_eq!(counters.iter().filter(|other| *other == one).count(), 1, "{index}");
        }
        assert_eq!(keys.counter(&ada), Keys::of(&[1; 32]).counter(&ada));
    }
}
