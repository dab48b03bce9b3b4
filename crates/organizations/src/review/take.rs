//! Something held is taken away, and every server told in the same transaction.

use wardgraph_kernel::{ChangeKind, Holder, UserId, Write};
use wardgraph_store::{Role, Statement, Tx};

use super::{Item, Kind, Outcome};
use crate::{
    Desk, OrganizationError, announce,
    members::{self, HandedOver},
};

const APP: &[Role] = &[Role::App];

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

/// Takes away what an item asks about, if it is there as it was. Tells besides whose the organization is from then on, where it was the holder's.
///
/// # Errors
/// [`OrganizationError::LastOwner`]: nothing was taken.
pub(super) async fn take(
    tx: &mut Tx<'_, Write>,
    desk: &Desk,
    item: &Item,
) -> Result<(Outcome, Option<HandedOver>), OrganizationError> {
    match (item.thing.kind, &item.thing.holder) {
        (Kind::Membership, Holder::User(user)) => place(tx, desk, *user, item.thing.role.as_deref()).await,
        _ => Ok((thing(tx, desk, item).await?, None)),
    }
}

/// Takes the role of a membership, which stays one without it: what is granted besides counts on.
async fn place(
    tx: &mut Tx<'_, Write>,
    desk: &Desk,
    user: UserId,
    reviewed: Option<&str>,
) -> Result<(Outcome, Option<HandedOver>), OrganizationError> {
    let role = members::look_up(tx, &desk.organization, user).await?.and_then(|member| member.role);
    match role.as_deref() {
        None => Ok((Outcome::Gone, None)),
        role if role != reviewed => Ok((Outcome::Changed, None)),
        role => {
            let handed_over = members::without(tx, desk, user, role).await?;
            members::put(tx, desk, user, None).await?;
            Ok((Outcome::Revoked, handed_over))
        }
    }
}

async fn thing(tx: &mut Tx<'_, Write>, desk: &Desk, item: &Item) -> Result<Outcome, OrganizationError> {
    let tenant = desk.organization.as_str();
    match (item.thing.kind, &item.thing.holder) {
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
