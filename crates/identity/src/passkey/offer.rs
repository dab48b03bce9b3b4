//! What an account is to an authenticator that is to make a passkey for it.

use wardgraph_kernel::{Chance, Identity, UserId, Write};
use wardgraph_store::{Role, Row, Statement, Tx};

use super::{Descriptor, Offer};
use crate::IdentityError;

/// The account and its passkeys: one row each, and one without a passkey where there is none.
const SQL: &str = "select u.email, u.name, p.user_handle, p.credential_id, p.transports from users u left join passkeys p on p.user_id = u.user_id
     where u.user_id = $1 order by p.factor_id";
pub(super) const OFFER: Statement<Identity> = Statement::identity("identity.passkey.offer", SQL);
pub(super) const OFFER_OWN: Statement<Write> = Statement::writing("identity.own.offer_passkey", &[Role::App], SQL);

/// What an authenticator is told that is to make a passkey for this account, while its owner signs in.
pub async fn offer(tx: &mut Tx<'_, Identity>, user: UserId, chance: &dyn Chance) -> Result<Offer, IdentityError> {
    read(&tx.run(&OFFER, &[&user.uuid()]).await?, chance)
}

/// The same for a caller's own account.
pub async fn offer_own(tx: &mut Tx<'_, Write>, user: UserId, chance: &dyn Chance) -> Result<Offer, IdentityError> {
    read(&tx.write(&OFFER_OWN, &[&user.uuid()]).await?, chance)
}

/// All of an account's passkeys have the same handle; the first one's is made here.
fn read(rows: &[Row], chance: &dyn Chance) -> Result<Offer, IdentityError> {
    let first = rows.first().ok_or(IdentityError::Missing("account"))?;
    let mut has = Vec::new();
    for row in rows {
        if let (Some(id), Some(transports)) = (row.try_get(3)?, row.try_get(4)?) {
            has.push(Descriptor { id, transports });
        }
    }
    let handle = match first.try_get::<Option<Vec<u8>>>(2)? {
        Some(handle) => handle,
        None => [chance.bytes(), chance.bytes()].concat(),
    };
    let handle = handle.try_into().map_err(|_| IdentityError::Unreadable("a passkey's handle"))?;
    Ok(Offer { email: first.try_get(0)?, name: first.try_get(1)?, handle, has })
}
