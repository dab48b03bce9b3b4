//! Keeping what the planner knows in step with tables that grow.

use std::time::Duration;

use wardgraph_gate::{StoreError, SystemParts};

/// How long to wait between looks: what is loaded meanwhile is looked up by plans for half of it.
const IDLE: Duration = Duration::from_secs(2);

/// How long to wait at most, doubled each time that it fails: a table that is looked at for long can be held by nobody else meanwhile.
const MOST_IDLE: Duration = Duration::from_mins(10);

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
        let mut idle = IDLE;
        loop {
            idle = match self.turn().await {
                Ok(_) => IDLE,
                Err(error) => {
                    tracing::warn!(%error, "statistics of tables that have grown could not be gathered; trying again");
                    (idle * 2).min(MOST_IDLE)
                }
            };
            tokio::time::sleep(idle).await;
        }
    }

    /// Looks once. Returns of how many tables statistics were gathered.
    pub async fn turn(&self) -> Result<usize, StoreError> {
        self.parts.store.gather_statistics().await
    }
}
