//! Keeping in mind whose search by meaning finds a part of the nodes alone, so that answers can say so.

use std::time::Duration;

use tokio::time::Instant;
use wardgraph_embed::ModelId;
use wardgraph_gate::{StoreError, SystemParts};
use wardgraph_graph::search::{Coverage, count};
use wardgraph_kernel::{Owner, Read, metric};

/// The actor of this work.
const WHY: &str = "keeper of coverage";
/// How long to wait between looks.
const IDLE: Duration = Duration::from_secs(1);
/// Whose nodes are counted at one time, at most.
const COUNTED: usize = 8;
/// After counting, nothing is counted for so many times as long as it took.
const PAUSE: u32 = 9;

/// Looks who lacks vectors of this server's model.
#[derive(Debug, Clone)]
pub struct CoverageKeeper {
    parts: SystemParts,
    coverage: Coverage,
    model: String,
}

impl CoverageKeeper {
    /// A keeper that has not begun, of what `coverage` tells.
    pub fn new(parts: SystemParts, coverage: Coverage, model: &ModelId) -> Self {
        Self { parts, coverage, model: model.to_string() }
    }

    /// What it keeps.
    pub fn coverage(&self) -> Coverage {
        self.coverage.clone()
    }

    /// Looks at all tenants, before the first search is answered.
    pub async fn begin(&self) -> Result<(), StoreError> {
        while !self.look().await? {}
        Ok(())
    }

    /// Looks every second, until the task is dropped.
    pub async fn run(self) {
        let mut counts_from = Instant::now();
        loop {
            tokio::time::sleep(IDLE).await;
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "it could not be looked up whose nodes lack vectors; trying again");
                continue;
            }
            let began = Instant::now();
            if began >= counts_from {
                if let Err(error) = self.count().await {
                    tracing::warn!(%error, "nodes that lack vectors could not be counted; trying again");
                }
                counts_from = Instant::now() + began.elapsed() * PAUSE;
            }
        }
    }

    /// Looks at all tenants, and counts for those who asked.
    pub async fn turn(&self) -> Result<(), StoreError> {
        self.begin().await?;
        self.count().await
    }

    async fn look(&self) -> Result<bool, StoreError> {
        let mut queue = self.parts.queue()?;
        let ended = self.coverage.look(&mut queue.tx::<Read>(), &self.model).await?;
        queue.commit(&[]).await?;
        if ended {
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
            metric::SEARCH_PARTIAL_TENANTS.of_configured(&self.model).set(self.coverage.lacking() as f64);
        }
        Ok(ended)
    }

    async fn count(&self) -> Result<(), StoreError> {
        // One tenant's trouble is no other's.
        let mut trouble = Ok(());
        for owner in self.coverage.asking(COUNTED) {
            if let Err(error) = self.count_one(&owner).await {
                trouble = Err(error);
            }
        }
        trouble
    }

    async fn count_one(&self, owner: &Owner) -> Result<(), StoreError> {
        let mut work = self.parts.work::<Read>(WHY, owner.clone())?;
        let now = work.now();
        if let Some(counted) = count(&mut work.tx(), &self.model).await? {
            self.coverage.keep(owner, counted, now);
        }
        Ok(())
    }
}
