//! Showing that an address is its account's owner's. Anybody can register any address, and several can one after another: the account becomes that
//! of the registration whose link was followed by whoever knows its password, and of no other.

use uuid::Uuid;
use wardgraph_kernel::{Identity, LinkId, Timestamp, UserId};
use wardgraph_store::{Statement, Tx};

use super::register::{OWN_ORGANIZATION, own_organization};
use crate::{IdentityError, password::Verifier};

/// A registration, by its link; none for an account whose address was shown already.
pub(super) const UNCONFIRMED: Statement<Identity> = Statement::identity(
    "identity.account.unconfirmed",
    "select u.user_id, u.generation, coalesce(l.verifier, p.verifier), l.name
     from links l join users u using (user_id) join passwords p using (user_id)
     where l.link_id = $1 and l.kind = 'verify' and l.used_at is null and l.expires_at > $2 and u.disabled_at is null and u.verified_at is null",
);
/// The address is its owner's, and every other link by which it could become somebody's is good for nothing. Where it is not the first registration that was confirmed,
/// name and password are its own, and nothing by which the first one could sign in is left. Nothing happens where the account changed meanwhile.
pub(super) const CONFIRM: Statement<Identity> = Statement::identity(
    "identity.account.confirm",
    "with before as (
       select user_id, name from users where user_id = $1),
     confirmed as (
       update users u set verified_at = $2, updated_at = $2, name = coalesce($3::text, u.name)
       where u.user_id = $1 and u.verified_at is null and u.disabled_at is null and u.generation = $4
         and ($3::text is not null or exists (select from passwords p where p.user_id = u.user_id and p.verifier = $5))
       returning u.user_id),
     others as (
       update links l set used_at = $2 from confirmed c where l.user_id = c.user_id and l.kind in ('verify', 'reset') and l.used_at is null),
     password as (
       update passwords p set verifier = $5, changed_at = $2, failures = 0, failed_at = null, ended_at = null from confirmed c
       where p.user_id = c.user_id and $3::text is not null),
     factors as (delete from factors f using confirmed c where f.user_id = c.user_id and $3::text is not null),
     codes as (delete from recovery_codes r using confirmed c where r.user_id = c.user_id and $3::text is not null),
     organization as (
       update organizations o set name = $6 from confirmed c join before b using (user_id)
       where o.owner_id = c.user_id and o.name = b.name || $7 and $3::text is not null)
     select user_id from confirmed",
);

/// A registration that waits for its address to be shown.
#[derive(Debug, Clone)]
pub struct Unconfirmed {
    /// The account.
    pub user: UserId,
    /// What is kept of the password that was chosen.
    pub verifier: Verifier,
    /// The name that was said; `None` in the account's own registration, whose name and password stand in the account.
    pub name: Option<String>,
    generation: i64,
}

/// What was registered with this link, if it is good still. The link is not used up.
pub async fn unconfirmed(tx: &mut Tx<'_, Identity>, link: LinkId, now: Timestamp) -> Result<Option<Unconfirmed>, IdentityError> {
    let rows = tx.run(&UNCONFIRMED, &[&link.uuid(), &now]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let verifier: String = row.try_get(2)?;
    Ok(Some(Unconfirmed {
        user: row.try_get::<Uuid>(0)?.into(),
        generation: row.try_get(1)?,
        verifier: Verifier::parse(&verifier).ok_or(IdentityError::Unreadable("a password's verifier"))?,
        name: row.try_get(3)?,
    }))
}

/// Makes the account that of this registration. Tells whether it did: not where the account changed meanwhile.
pub async fn confirm(tx: &mut Tx<'_, Identity>, said: &Unconfirmed, now: Timestamp) -> Result<bool, IdentityError> {
    let organization = said.name.as_deref().map(own_organization);
    let verifier = said.verifier.to_string();
    let rows = tx
        .run(&CONFIRM, &[&said.user.uuid(), &now, &said.name, &said.generation, &verifier, &organization, &OWN_ORGANIZATION])
        .await?;
    Ok(!rows.is_empty())
}
