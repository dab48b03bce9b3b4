//! What runs beside the requests, until the server stops.

use std::{sync::Arc, time::Duration};

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{sync::watch, task::JoinSet};
use wardgraph_gate::Gate;
use wardgraph_http::HealthState;
use wardgraph_kernel::metric;
use wardgraph_store::{Store, StoreError};
use wardgraph_worker::{
    AccountKeeper, CoverageKeeper, EmbeddingWorker, ForgettingWorker, KeyKeeper, LogoutWorker, MailWorker, ModelKeeper,
    OrganizationKeeper, PurgeWorker, ReviewKeeper, StatisticsKeeper, TierKeeper,
};

use crate::process;

/// How many workers share the queue: the model works while the other reads and writes.
const WORKERS: usize = 2;

/// What a server that works the queue does by itself.
#[derive(Clone)]
pub(crate) struct Workers {
    pub(crate) embedding: EmbeddingWorker,
    pub(crate) purge: PurgeWorker,
    pub(crate) reviews: ReviewKeeper,
    pub(crate) forgetting: ForgettingWorker,
    pub(crate) keys: KeyKeeper,
    pub(crate) mail: MailWorker,
    pub(crate) logout: LogoutWorker,
    pub(crate) accounts: AccountKeeper,
    pub(crate) organizations: OrganizationKeeper,
    pub(crate) statistics: StatisticsKeeper,
}

/// What every server looks after, whether it works or only learns what others did.
#[derive(Clone)]
pub(crate) struct Keepers {
    pub(crate) tiers: TierKeeper,
    pub(crate) models: ModelKeeper,
    pub(crate) coverage: CoverageKeeper,
}

impl Workers {
    async fn measure(&self) -> Result<(), StoreError> {
        self.embedding.measure().await?;
        self.purge.measure().await
    }
}

/// What embeds, and stops by itself when it is told.
pub(crate) fn embedding(workers: Option<&Workers>, keepers: &Keepers, stop: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(keepers.models.clone().run(stop.clone()));
    for worker in workers.into_iter().flat_map(|workers| std::iter::repeat_n(&workers.embedding, WORKERS)) {
        tasks.spawn(worker.clone().run(stop.clone()));
    }
    tasks
}

/// Everything else, which may be dropped anywhere.
pub(crate) fn others(
    gate: &Arc<Gate>,
    store: &Store,
    health: Arc<HealthState>,
    metrics: PrometheusHandle,
    workers: Option<Workers>,
    keepers: Keepers,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(gate.clone().keep_records());
    tasks.spawn(gate.clone().keep_keys());
    tasks.spawn(gate.clone().keep_listening());
    tasks.spawn(keepers.tiers.clone().run());
    tasks.spawn(keepers.coverage.clone().run());
    tasks.spawn(look_after(store.clone(), health, metrics, workers.clone(), keepers));
    if let Some(workers) = workers {
        tasks.spawn(workers.purge.run());
        tasks.spawn(workers.reviews.run());
        tasks.spawn(workers.forgetting.run());
        tasks.spawn(workers.keys.run());
        tasks.spawn(workers.mail.run());
        tasks.spawn(workers.logout.run());
        tasks.spawn(workers.accounts.run());
        tasks.spawn(workers.organizations.run());
        tasks.spawn(workers.statistics.run());
    }
    tasks
}

/// Waits for one of the tasks to end, which none does by itself, and tells why it did.
pub(crate) async fn broken(embedding: &mut JoinSet<()>, others: &mut JoinSet<()>) -> String {
    let ended = tokio::select! {
        Some(ended) = embedding.join_next() => ended,
        Some(ended) = others.join_next() => ended,
        else => return "nothing works in the background".into(),
    };
    let why = ended.err().map_or_else(|| "it came to an end".into(), |error| error.to_string());
    format!("a background task ended before the server: {why}")
}

/// Looks after the parts every second: whether the database answers, how full the pools are, how long the queue is.
async fn look_after(
    store: Store,
    health: Arc<HealthState>,
    metrics: PrometheusHandle,
    workers: Option<Workers>,
    keepers: Keepers,
) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    for turn in 0_u64.. {
        second.tick().await;
        // Busy is not down: taking the server out would only move the load.
        health.set_database(matches!(store.ping().await, Ok(()) | Err(StoreError::Busy)));
        for pool in store.status() {
            #[expect(clippy::cast_precision_loss, reason = "pools are small")]
            for (state, connections) in [("open", pool.open), ("idle", pool.idle), ("waiting", pool.waiting)] {
                metric::DATABASE_CONNECTIONS.of([pool.role.word(), state]).set(connections as f64);
            }
        }
        process::measure();
        health.set_tenants_behind(keepers.models.behind());
        if let Some(workers) = &workers
            && let Err(error) = workers.measure().await
        {
            tracing::debug!(%error, "the queue could not be measured");
        }
        // Counted over all tenants, so not every second.
        if turn % 10 == 0
            && let Err(error) = keepers.tiers.measure().await
        {
            tracing::debug!(%error, "the tiers could not be measured");
        }
        metrics.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_is_noticed_however_it_ended() {
        let forever = || {
            let mut tasks = JoinSet::new();
            tasks.spawn(std::future::pending());
            tasks
        };
        let (mut well, mut ill) = (forever(), forever());
        assert!(tokio::time::timeout(Duration::from_millis(50), broken(&mut well, &mut ill)).await.is_err());
        ill.spawn(async { panic!("a bug") });
        assert!(broken(&mut well, &mut ill).await.contains("a bug"));
        well.spawn(async {});
        assert!(broken(&mut well, &mut ill).await.contains("came to an end"));
    }
}
