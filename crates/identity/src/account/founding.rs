//! Accounts that whoever runs the server makes: verified at once, and with a role on the whole server if that is said.

use wardgraph_kernel::{Chance, GlobalRole, Identity, TenantId, Timestamp, UserId};
use wardgraph_store::{Statement, StoreError, Tx};

use crate::account::{Registration, organization_id, register::own_organization};

/// Makes the account with its organization; nothing, where the address is taken.
pub(super) const FOUND: Statement<Identity> = Statement::identity(
    "identity.account.found",
    "with fresh as (
       insert into users (user_id, email, name, verified_at, global_role, created_at, updated_at) values ($1, $2, $3, $4, $5, $4, $4)
       on conflict (email) do nothing returning user_id),
     password as (insert into passwords (user_id, verifier, changed_at) select user_id, $6::text, $4 from fresh),
     organization as (
       insert into organizations (organization_id, name, owner_id, created_at) select $7::text, $8::text, user_id, $4 from fresh returning organization_id, owner_id),
     member as (
       insert into memberships (organization_id, user_id, role, created_at) select organization_id, owner_id, 'owner', $4 from organization)
     select user_id from fresh",
);

/// Makes the account, as its operator says it is; `None` if the address is taken.
pub async fn found(
    tx: &mut Tx<'_, Identity>,
    new: &Registration,
    global: Option<GlobalRole>,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Option<(UserId, TenantId)>, StoreError> {
    let organization = organization_id(chance).ok_or_else(|| StoreError::Unsafe("an organization has no id".into()))?;
    let (user, named) = (UserId::new(now, chance), own_organization(&new.name));
    let rows = tx
        .run(
            &FOUND,
            &[
                &user.uuid(),
                &new.email.as_str(),
                &new.name,
                &now,
                &global.map(GlobalRole::word),
                &new.verifier.to_string(),
                &organization.as_str(),
                &named,
            ],
        )
        .await?;
    Ok((!rows.is_empty()).then_some((user, organization)))
}
