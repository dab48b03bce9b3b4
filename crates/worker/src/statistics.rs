//! Keeping what the planner knows in step with tables that grow.

use std::time::Duration;

use wardgraph_gate::{StoreError, SystemParts};

/// How long to wait between looks: what is loaded meanwhile is looked up by plans for half of it.
const IDLE: Duration = Duration::from_secs(2);

/// Has statistics gathered of tables that have more than doubled.
#[derive(Debug, Clone)]
pub struct StatisticsKeeper {
    parts: SystemParts,
}

impl StatisticsKeeper {
    /// A keeper that has not begun.
    pub const fn new(parts: SystemParts) -> Self {
        Self { parts }
    }

    /// Looks every two seconds, until the task is dropped.
    pub async fn run(self) {
        loop {
            if let Err(error) = self.turn().await {
                tracing::warn!(%error, "statistics of tables that have grown could not be gathered; trying again");
            }
            tokio::time::sleep(IDLE).await;
        }
    }

    /// Looks once. Returns of how many tables statistics were gathered.
    pub async fn turn(&self) -> Result<usize, StoreError> {
        self.parts.store.gather_statistics().await
    }
}
