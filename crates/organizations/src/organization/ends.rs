//! An organization is deleted, and for a while can be restored.

use std::time::Duration;

use wardgraph_kernel::{Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, Tx};

use super::{Changed, Deleted, Organization, change::version, hold};
use crate::{OrganizationError, announce};

const APP: &[Role] = &[Role::App];

pub(super) const DELETE: Statement<Write> = Statement::writing(
    "organizations.organization.delete",
    APP,
    "update organizations set deleted_at = $2, purge_at = $3, settings_version = settings_version + 1 where organization_id = $1 returning settings_version",
);
/// What its clients hold of people elsewhere ends, too.
pub(super) const CLIENTS: Statement<Write> = Statement::writing(
    "organizations.organization.end_clients",
    APP,
    "update clients set generation = generation + 1 where organization_id = $1 returning client_id, generation",
);
pub(super) const RESTORE: Statement<Write> = Statement::writing(
    "organizations.organization.restore",
    APP,
    "update organizations set deleted_at = null, purge_at = null, settings_version = settings_version + 1 where organization_id = $1 returning settings_version",
);

/// Deletes an organization: nothing works there any more, and after `grace` nothing is left. One that is deleted already goes no later for it.
///
/// # Errors
/// [`OrganizationError::InTheWay`] unless `confirmed` is its name or its id.
pub async fn delete(
    tx: &mut Tx<'_, Write>,
    organization: &str,
    user: Option<UserId>,
    confirmed: &str,
    grace: Duration,
    now: Timestamp,
) -> Result<Changed, OrganizationError> {
    let before = hold(tx, organization, user).await?;
    if confirmed.trim() != before.name && confirmed != before.id.as_str() {
        return Err(OrganizationError::InTheWay("`confirm` is not the organization's name: nothing was deleted".into()));
    }
    let deleted = before.deleted.unwrap_or(Deleted { at: now, purge_at: now.saturating_add(grace).unwrap_or(Timestamp::MAX) });
    let rows = tx.write(&DELETE, &[&organization, &deleted.at, &deleted.purge_at]).await?;
    announce::settings(tx, &before.id, version(&rows)?, now).await?;
    for row in tx.write(&CLIENTS, &[&organization]).await? {
        announce::client(tx, row.try_get(0)?, row.try_get(1)?, now).await?;
    }
    Ok(Changed { after: Organization { deleted: Some(deleted), ..before.clone() }, before })
}

/// Restores an organization. One that was not deleted stays as it is.
///
/// # Errors
/// [`OrganizationError::Missing`] once its grace is over: what is left of it is being erased.
pub async fn restore(
    tx: &mut Tx<'_, Write>,
    organization: &str,
    user: Option<UserId>,
    now: Timestamp,
) -> Result<Changed, OrganizationError> {
    let before = hold(tx, organization, user).await?;
    if before.deleted.is_some_and(|deleted| deleted.purge_at <= now) {
        return Err(OrganizationError::Missing("organization"));
    }
    let rows = tx.write(&RESTORE, &[&organization]).await?;
    announce::settings(tx, &before.id, version(&rows)?, now).await?;
    Ok(Changed { after: Organization { deleted: None, ..before.clone() }, before })
}
