//! Renewing claims, so that they may hold for a short time and are kept for as long as somebody works them.

use std::time::Duration;

use uuid::Uuid;
use wardgraph_kernel::{Timestamp, Write};
use wardgraph_store::{Role, Statement, StoreError, Tx};

use super::{Claim, parts};

/// Has what is still held fall due later. A job that somebody else is at, who finishes it or changes its text, is passed over: nothing waits here,
/// so nobody waits for whoever waits here. No claim is made to hold for less long than it does.
pub(super) const RENEW: Statement<Write> = Statement::writing(
    "graph.embedding.renew",
    &[Role::Worker],
    "with held as materialized (
       select j.tenant_id, j.subject_id
       from unnest($1::text[], $2::uuid[], $3::int[]) as i(tenant_id, node_id, attempts)
       join jobs j on j.tenant_id = i.tenant_id and j.kind = 'embed' and j.subject_id = i.node_id
       where j.attempts = i.attempts and j.claim = $4 and not j.dead for no key update of j skip locked
     )
     update jobs j set due_at = greatest(j.due_at, $5) from held h
     where j.tenant_id = h.tenant_id and j.kind = 'embed' and j.subject_id = h.subject_id
     returning j.subject_id",
);

/// Has claims of one look at the queue hold until `now + lease`, where they still hold: not those that were finished, put off or given back, that
/// are another's by now, or whose text has changed. Returns how many they are.
pub async fn renew(tx: &mut Tx<'_, Write>, claims: &[Claim], now: Timestamp, lease: Duration) -> Result<usize, StoreError> {
    let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
    let tenants: Vec<&str> = claims.iter().map(|claim| claim.owner.as_str()).collect();
    let (ids, attempts, number): (Vec<Uuid>, Vec<i32>, i64) = parts(claims.iter());
    Ok(tx.write(&RENEW, &[&tenants, &ids, &attempts, &number, &until]).await?.len())
}
