//! Keeping claims while they are worked. They hold for a short time, so that nobody waits long for what a worker claimed that was killed.

use tokio::{sync::oneshot, time::Instant};
use wardgraph_gate::StoreError;
use wardgraph_graph::embedding::{self, Claim};
use wardgraph_kernel::Write;

use super::EmbeddingWorker;

impl EmbeddingWorker {
    /// Renews claims three times in a lease until they are worked, which is when `over` ends. It is polled with the work, so that nothing renews
    /// what nobody works; and a lease after the work was to end (`ends`) it lets go of what hangs.
    pub(super) async fn renew(&self, claims: &[Claim], ends: Instant, mut over: oneshot::Receiver<()>) {
        let lease = self.options.lease;
        while Instant::now() < ends + lease {
            tokio::select! {
                _ = &mut over => return,
                () = tokio::time::sleep(lease / 3) => {}
            }
            if let Err(error) = self.renew_once(claims).await {
                tracing::warn!(%error, "the worker's claims could not be renewed; trying again");
            }
        }
    }

    async fn renew_once(&self, claims: &[Claim]) -> Result<(), StoreError> {
        let mut queue = self.parts.queue()?;
        embedding::renew(&mut queue.tx::<Write>(), claims, self.parts.clock.now(), self.options.lease).await?;
        queue.commit(&[]).await
    }
}
