//! Removing what search tiers leave behind: indexes of models that are used no more, and of tenants that have no vectors any more.

use wardgraph_gate::{Indexes, StoreError, SystemParts};
use wardgraph_graph::{embedding, tiers};
use wardgraph_kernel::{Read, TenantId, Write};

use crate::change::ALIVE;

/// The actor of this work.
const WHY: &str = "keeper of search tiers";
/// Rows of one look.
const ROWS: i64 = 500;
/// Who has more is not counted again: an index is due, or is not wanted.
const MOST_RECOUNTED: i64 = 20_000;

/// Forgets spaces without vectors, and drops the indexes of models that no living server uses, `model` among them, and that have no vectors.
/// Returns how many were dropped. Whoever makes an index holds `indexes` too, so that none appears while it is decided which go.
pub(crate) async fn tidy(parts: &SystemParts, model: &str, indexes: &Indexes) -> Result<usize, StoreError> {
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
    Ok(dropped)
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

/// Counts again what the next tenants after `after` have that are searched one by one, and forgets those of them that have nothing: vectors that
/// are embedded anew or deleted are told by nobody else. Returns the last of them, or nothing once that was the last of all.
pub(crate) async fn recount(parts: &SystemParts, model: &str, after: &str) -> Result<String, StoreError> {
    let mut reading = parts.queue()?;
    let rows = tiers::exact(&mut reading.tx::<Read>(), model, after, ROWS).await?;
    reading.commit(&[]).await?;
    for (tenant, touched) in &rows {
        let Ok(tenant) = TenantId::parse(tenant) else { continue };
        let mut work = parts.work::<Write>(WHY, tenant)?;
        let count = tiers::count(&mut work.tx(), model, MOST_RECOUNTED, &[]).await?;
        if count.all() == 0 {
            tiers::forget(&mut work.tx(), model).await?;
        } else if count.tail == count.all() && count.tail < MOST_RECOUNTED {
            // What a stopped keeper has begun is due, and stays so.
            tiers::settle(&mut work.tx(), model, count.tail, *touched).await?;
        }
        work.commit(Vec::new()).await?;
    }
    let is_last = i64::try_from(rows.len()).is_ok_and(|rows| rows < ROWS);
    Ok(rows.into_iter().next_back().filter(|_| !is_last).map(|(tenant, _)| tenant).unwrap_or_default())
}
