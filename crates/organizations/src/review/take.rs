//! Something held is taken away, and every server told in the same transaction.

use wardgraph_kernel::{ChangeKind, Holder, Read, Write};
use wardgraph_store::{Role, Statement, Tx};

use super::{Item, Kind, Outcome};
use crate::{Desk, OrganizationError, announce};

const APP: &[Role] = &[Role::App];

/// A membership without a role stays one: what is granted besides counts on.
pub(super) const MEMBERSHIP: Statement<Write> = Statement::writing(
    "organizations.review.take_membership",
    APP,
    "update memberships set role = null where organization_id = $1 and user_id = $2 and role = $3 returning 1",
);
/// How a membership stands, and how many others own the organization.
pub(super) const OWNERS: Statement<Read> = Statement::reading(
    "organizations.review.owners",
    APP,
    "select (select m.role from memberships m where m.organization_id = $1 and m.user_id = $2),
            (select count(*) from memberships m join users u using (user_id)
             where m.organization_id = $1 and m.user_id <> $2 and m.role = 'owner' and u.disabled_at is null)",
);
pub(super) const GRANT: Statement<Write> = Statement::writing(
    "organizations.review.take_grant",
    APP,
    "delete from grants where tenant_id = $1 and grant_id = $2 returning 1",
);
pub(super) const CLIENT: Statement<Write> = Statement::writing(
    "organizations.review.take_client",
    APP,
    "update clients set role = null, generation = generation + 1, updated_at = $4 where organization_id = $1 and client_id = $2 and role = $3 returning generation",
);
pub(super) const KEY: Statement<Write> = Statement::writing(
    "organizations.review.take_key",
    APP,
    "update api_keys set revoked_at = $3 where organization_id = $1 and key_id = $2 and revoked_at is null returning 1",
);

/// Takes away what an item asks about, if it is there as it was.
pub(super) async fn take(tx: &mut Tx<'_, Write>, desk: &Desk, item: &Item) -> Result<Outcome, OrganizationError> {
    let tenant = desk.organization.as_str();
    match (item.thing.kind, &item.thing.holder) {
        (Kind::Membership, Holder::User(user)) => {
            let row = tx.find(&OWNERS, &[&tenant, &user.uuid()]).await?.ok_or(OrganizationError::Unreadable("a membership"))?;
            let (role, others): (Option<String>, i64) = (row.try_get(0)?, row.try_get(1)?);
            match role {
                None => return Ok(Outcome::Gone),
                role if role != item.thing.role => return Ok(Outcome::Changed),
                Some(role) if role == "owner" && others == 0 => return Ok(Outcome::LastOwner),
                Some(_) => {}
            }
            tx.write(&MEMBERSHIP, &[&tenant, &user.uuid(), &item.thing.role]).await?;
        }
        (Kind::Grant, _) => {
            if tx.write(&GRANT, &[&tenant, &item.thing.id]).await?.is_empty() {
                return Ok(Outcome::Gone);
            }
        }
        (Kind::Client, Holder::Client(client)) => {
            let rows = tx.write(&CLIENT, &[&tenant, &client.as_str(), &item.thing.role, &desk.now]).await?;
            let Some(row) = rows.first() else { return Ok(Outcome::Changed) };
            let generation: i64 = row.try_get(0)?;
            announce::client(tx, client.to_string(), generation, desk.now).await?;
        }
        (Kind::ApiKey, _) => {
            if tx.write(&KEY, &[&tenant, &item.thing.id, &desk.now]).await?.is_empty() {
                return Ok(Outcome::Gone);
            }
            let key = item.thing.id.ok_or(OrganizationError::Unreadable("a key"))?;
            announce::taken(tx, ChangeKind::ApiKeyRevoked, [key.to_string()], desk.now).await?;
            return Ok(Outcome::Revoked);
        }
        (Kind::Membership | Kind::Client, _) => return Err(OrganizationError::Unreadable("who holds something")),
    }
    desk.grants_changed(tx, &item.thing.holder).await?;
    Ok(Outcome::Revoked)
}
