//! What every server is told of an organization, in the transaction that changes it.

use std::time::Duration;

use wardgraph_kernel::{Change, ChangeKind, Holder, TenantId, Timestamp, Write};
use wardgraph_store::{
    StoreError, Tx,
    changes::{self, Announcing},
};

/// For how long a change matters: for longer than any token of this server's own lives, or anything is remembered of an organization.
const MATTERS_FOR: Duration = Duration::from_hours(2);

/// What the roles say is of this version now.
pub(crate) async fn roles(
    tx: &mut Tx<'_, Write>,
    organization: &TenantId,
    version: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    tell(tx, ChangeKind::RolesChanged, organization.to_string(), version, now).await
}

/// What somebody holds is of this version now.
pub(crate) async fn grants(
    tx: &mut impl Announcing,
    (organization, holder): (&TenantId, &Holder),
    version: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    tell(tx, ChangeKind::GrantsChanged, holder.subject(organization), version, now).await
}

/// Whether the organization works, and from where, is of this version now.
pub(crate) async fn settings(
    tx: &mut Tx<'_, Write>,
    organization: &TenantId,
    version: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    tell(tx, ChangeKind::OrganizationChanged, organization.to_string(), version, now).await
}

/// The organization is no more.
pub(crate) async fn ended(tx: &mut Tx<'_, Write>, organization: &TenantId, now: Timestamp) -> Result<(), StoreError> {
    tell(tx, ChangeKind::OrganizationEnded, organization.to_string(), 0, now).await
}

/// Every token that a client got while it was of an earlier generation is good no more, wherever it works.
pub(crate) async fn client(tx: &mut Tx<'_, Write>, id: String, generation: i64, now: Timestamp) -> Result<(), StoreError> {
    tell(tx, ChangeKind::ClientChanged, id.clone(), generation, now).await?;
    tell(tx, ChangeKind::ClientTokens, id, generation, now).await
}

/// These are good for nothing any more.
pub(crate) async fn taken(
    tx: &mut Tx<'_, Write>,
    kind: ChangeKind,
    ids: impl IntoIterator<Item = String> + Send,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ids: Vec<String> = ids.into_iter().collect();
    for id in ids {
        tell(tx, kind, id, 0, now).await?;
    }
    Ok(())
}

async fn tell(
    tx: &mut impl Announcing,
    kind: ChangeKind,
    subject: String,
    number: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let until = now.saturating_add(MATTERS_FOR).unwrap_or(Timestamp::MAX);
    changes::announce(tx, &Change { kind, subject, number, until }).await
}
