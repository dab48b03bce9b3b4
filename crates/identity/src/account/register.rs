//! Registering, and what mailed links do.

use std::time::Duration;

use uuid::Uuid;
use wardgraph_kernel::{Chance, Identity, LinkId, TenantId, Timestamp, UserId};
use wardgraph_store::{Statement, StoreError, Tx};

use crate::{
    Address,
    link::Kind,
    mail::{Notice, notify},
    password::Verifier,
};

/// How long a link to verify an address is good.
const VERIFY_WITHIN: Duration = Duration::from_hours(24);
/// How long a link to set a password anew is good.
const RESET_WITHIN: Duration = Duration::from_hours(1);

/// Makes the account with its organization, and mails a link. Where there is an account already whose address nobody showed to be theirs, what was
/// said now stands with the link alone, beside what was said before. Where it was shown, its owner is mailed that somebody tried.
pub(super) const REGISTER: Statement<Identity> = Statement::identity(
    "identity.account.register",
    "with known as (select user_id, email, name, verified_at, disabled_at from users where email = $2),
     fresh as (
       insert into users (user_id, email, name, created_at, updated_at) values ($1, $2, $3, $4, $4) on conflict (email) do nothing returning user_id),
     password as (insert into passwords (user_id, verifier, changed_at) select user_id, $5::text, $4 from fresh),
     organization as (
       insert into organizations (organization_id, name, owner_id, created_at) select $6::text, $7::text, user_id, $4 from fresh returning organization_id, owner_id),
     member as (
       insert into memberships (organization_id, user_id, role, created_at) select organization_id, owner_id, 'owner', $4 from organization),
     told as (
       select user_id, null::text as verifier, null::text as name from fresh where $11::bool
       union all select user_id, $5::text, $3::text from known where verified_at is null and disabled_at is null and $11),
     link as (
       insert into links (link_id, user_id, kind, created_at, expires_at, verifier, name)
       select $8::uuid, max(user_id::text)::uuid, $12::text, $4, $9::timestamptz, max(verifier), max(name) from told),
     mailed as (
       insert into mail (mail_id, kind, recipient, name, link_id, created_at, due_at)
       select $10::uuid, $12, $2::text, '', $8::uuid, $4::timestamptz, $4::timestamptz from told
       union all select $10::uuid, $13::text, email, case when verified_at is null then '' else name end, null::uuid, $4, $4 from known
       where (verified_at is not null or disabled_at is not null) and $11)
     select user_id, 'made' from fresh
     union all select user_id, case when verified_at is null and disabled_at is null and $11 then 'again' else 'taken' end from known",
);
/// Mails a link by which the password is set anew; to nobody, where nobody has the address, at the same cost.
pub(super) const RESET: Statement<Identity> = Statement::identity(
    "identity.account.reset",
    "with found as (
       select max(user_id::text)::uuid as user_id, max(email) as email, max(name) filter (where verified_at is not null) as name
       from users where email = $1 and disabled_at is null),
     link as (insert into links (link_id, user_id, kind, created_at, expires_at) select $2::uuid, user_id, $3::text, $4::timestamptz, $5::timestamptz from found),
     mailed as (
       insert into mail (mail_id, kind, recipient, name, link_id, created_at, due_at)
       select $6::uuid, $3, email, coalesce(name, ''), $2, $4, $4 from found where $7::bool)
     select user_id from found",
);
/// Sets the password, which ends what failed before, and every other link by which it could be set. The address is its owner's, then; if it was
/// not until now, nothing is left by which whoever registered with it could sign in.
pub(super) const SET: Statement<Identity> = Statement::identity(
    "identity.account.set_password",
    "with links as (update links set used_at = coalesce(used_at, $3) where user_id = $1 and kind in ('reset', 'verify')),
     verified as (update users set verified_at = coalesce(verified_at, $3), updated_at = $3 where user_id = $1),
     factors as (delete from factors f using users u where f.user_id = $1 and u.user_id = $1 and u.verified_at is null),
     codes as (delete from recovery_codes r using users u where r.user_id = $1 and u.user_id = $1 and u.verified_at is null),
     cleared as (delete from attempts where subject = any($4))
     update passwords set verifier = $2, changed_at = $3, failures = 0, failed_at = null, ended_at = null where user_id = $1",
);

/// What an account is made of.
#[derive(Debug)]
pub struct Registration {
    /// The address.
    pub email: Address,
    /// The person's name.
    pub name: String,
    /// What is kept of the password.
    pub verifier: Verifier,
    /// Whether the address is mailed to: not, if it was mailed to lately as often as it may be.
    pub mailed: bool,
}

/// What became of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// There is an account with an organization.
    Made(UserId, TenantId),
    /// Nobody showed that the address of the account is theirs: what was said stands beside what was said before, until its link is followed.
    Again(UserId),
    /// Nothing: the address is an account's, or was mailed to lately as often as it may be.
    Taken,
}

/// Makes the account, unless there is one with this address. What is mailed to the address tells.
pub async fn register(
    tx: &mut Tx<'_, Identity>,
    new: &Registration,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Registered, StoreError> {
    let organization = organization_id(chance).ok_or_else(|| StoreError::Unsafe("an organization has no id".into()))?;
    let (user, link, mail) = (UserId::new(now, chance), LinkId::new(now, chance), LinkId::new(now, chance));
    let named = own_organization(&new.name);
    let expires = after(now, VERIFY_WITHIN);
    let rows = tx
        .run(
            &REGISTER,
            &[
                &user.uuid(),
                &new.email.as_str(),
                &new.name,
                &now,
                &new.verifier.to_string(),
                &organization.as_str(),
                &named,
                &link.uuid(),
                &expires,
                &mail.uuid(),
                &new.mailed,
                &Kind::Verify.word(),
                &Notice::Taken.word(),
            ],
        )
        .await?;
    // None, where somebody else registers the same address at once.
    let Some(row) = rows.first() else { return Ok(Registered::Taken) };
    Ok(match row.try_get::<&str>(1)? {
        "made" => Registered::Made(user, organization),
        "again" => Registered::Again(row.try_get::<Uuid>(0)?.into()),
        _ => Registered::Taken,
    })
}

/// Mails a link of this kind to the address, if somebody has it, and `mailed` says that it is mailed to.
pub async fn request_reset(
    tx: &mut Tx<'_, Identity>,
    email: &Address,
    mailed: bool,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Option<UserId>, StoreError> {
    let (link, mail) = (LinkId::new(now, chance), LinkId::new(now, chance));
    let (kind, expires) = (Kind::Reset.word(), after(now, RESET_WITHIN));
    let rows = tx.run(&RESET, &[&email.as_str(), &link.uuid(), &kind, &now, &expires, &mail.uuid(), &mailed]).await?;
    Ok(rows.first().map(|row| row.try_get::<Option<Uuid>>(0)).transpose()?.flatten().map(UserId::from))
}

/// Sets the password of somebody who showed that the address is theirs. `counters` are what failures with it are counted under.
pub async fn set_password(
    tx: &mut Tx<'_, Identity>,
    user: UserId,
    verifier: &Verifier,
    counters: &[&[u8]],
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<(), StoreError> {
    // Before the address counts as shown: the name may be a stranger's still.
    notify(tx, Some(user), Notice::PasswordChanged, now, chance).await?;
    tx.run(&SET, &[&user.uuid(), &verifier.to_string(), &now, &counters]).await.map(drop)
}

/// What the organization is called that a person registers with: theirs, by their name and this.
pub(super) const OWN_ORGANIZATION: &str = "'s organization";

/// What it is called for a person of this name.
pub(super) fn own_organization(name: &str) -> String {
    format!("{name}{OWN_ORGANIZATION}")
}

/// A new organization's id: `org_`, and 104 bits of chance in letters and digits that are not mistaken for each other.
pub fn organization_id(chance: &dyn Chance) -> Option<TenantId> {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let drawn = chance.bytes();
    let letters = drawn.iter().take(26).filter_map(|byte| LETTERS.get(usize::from(byte % 32)).map(|letter| char::from(*letter)));
    TenantId::parse(&format!("org_{}", letters.collect::<String>())).ok()
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::SeededChance;

    #[test]
    fn an_organizations_id_is_a_tenants_and_comes_once() {
        let chance = SeededChance::new(1);
        let [one, other] = [organization_id(&chance).unwrap(), organization_id(&chance).unwrap()];
        assert!(one != other && one.as_str().starts_with("org_") && one.as_str().len() == 30);
    }
}
