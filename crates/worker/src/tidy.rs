//! Removing what search tiers leave behind: indexes of models that are used no more, and of tenants that have no vectors any more.

use wardgraph_gate::{StoreError, SystemParts};
use wardgraph_graph::{embedding, tiers};
use wardgraph_kernel::{Read, TenantId, Write};

use crate::change::ALIVE;

/// The actor of this work.
const WHY: &str = "keeper of search tiers";
/// Rows of one look.
const ROWS: i64 = 500;

/// Forgets spaces without vectors, and drops the indexes of models that no living server uses, `model` among them, and that have no vectors.
/// Returns how many were dropped; `None` while another server is at it.
pub(crate) async fn tidy(parts: &SystemParts, model: &str, memory_mb: usize) -> Result<Option<usize>, StoreError> {
    // Held throughout: whoever makes an index holds it too, so that none appears while it is decided which go.
    let Some(indexes) = parts.store.indexes(memory_mb).await? else { return Ok(None) };
    let since = parts.clock.now().saturating_sub(ALIVE).unwrap_or(wardgraph_kernel::Timestamp::MIN);
    let mut reading = parts.queue()?;
    let servers = embedding::servers(&mut reading.tx::<Read>(), since).await?;
    reading.commit(&[]).await?;
    let used: Vec<String> = servers.into_iter().map(|server| server.model).chain([model.to_owned()]).collect();
    forget(parts, &used).await?;
    let mut dropped = 0;
    for index in indexes.made().await? {
        let mut reading = parts.queue()?;
        let known = tiers::is_known(&mut reading.tx::<Read>(), &index.model, index.tenant.as_deref()).await?;
        reading.commit(&[]).await?;
        if known || index.tenant.is_none() && used.contains(&index.model) {
            continue;
        }
        indexes.remove(&index).await?;
        dropped += 1;
        tracing::info!(model = index.model, tenant = index.tenant, "an index that nothing uses was dropped");
    }
    Ok(Some(dropped))
}

async fn forget(parts: &SystemParts, used: &[String]) -> Result<(), StoreError> {
    let mut after = (String::new(), String::new());
    loop {
        let mut reading = parts.queue()?;
        let rows = tiers::doubtful(&mut reading.tx::<Read>(), used, (&after.0, &after.1), ROWS).await?;
        reading.commit(&[]).await?;
        let Some(last) = rows.last().cloned() else { return Ok(()) };
        for (tenant, model) in rows {
            let Ok(tenant) = TenantId::parse(&tenant) else { continue };
            let mut work = parts.work::<Write>(WHY, tenant)?;
            tiers::forget(&mut work.tx(), &model).await?;
            work.commit(Vec::new()).await?;
        }
        after = last;
    }
}
