//! Turns at what takes a processor, and a tenant's share of them.
//!
//! **Invariant:** of no tenant more than its share is at work, or waits before another tenant's (`of_a_tenant_its_share_is_at_work_and_the_rest_waits_behind_others`).

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use wardgraph_kernel::TenantId;
use wardgraph_shares::Shares;

/// Turns, and who has a share of them.
#[derive(Debug)]
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    shares: Shares<TenantId>,
}

/// A turn, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _of_all: OwnedSemaphorePermit,
    _of_share: OwnedSemaphorePermit,
}

impl Turns {
    /// So many turns at once.
    pub(crate) fn new(all: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), shares: Shares::thirds_of(all) }
    }

    /// Half as many turns as the machine has processors: the others answer what takes no turn.
    pub(crate) fn of_half_the_machine() -> Self {
        Self::new(std::thread::available_parallelism().map_or(1, |all| (all.get() / 2).max(1)))
    }

    /// Waits for a turn; `None` if there was none for so long. Whoever waits for the tenant's share holds nothing that another could use.
    pub(crate) async fn take(&self, tenant: &TenantId, within: Duration) -> Option<Turn> {
        let share = self.shares.of(tenant);
        let waiting = async {
            let of_share = share.acquire_owned().await.ok()?;
            let of_all = self.all.clone().acquire_owned().await.ok()?;
            Some(Turn { _of_all: of_all, _of_share: of_share })
        };
        timeout(within, waiting).await.ok()?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    const AT_ONCE: Duration = Duration::from_millis(20);
    const SOON: Duration = Duration::from_secs(10);

    fn tenant(id: &str) -> TenantId {
        TenantId::parse(id).unwrap()
    }

    #[tokio::test]
    async fn of_a_tenant_its_share_is_at_work_and_the_rest_waits_behind_others() {
        let turns = Turns::new(4);
        let (busy, other) = (tenant("busy"), tenant("other"));
        let first = turns.take(&busy, AT_ONCE).await.unwrap();
        let _second = turns.take(&busy, AT_ONCE).await.unwrap();
        assert!(turns.take(&busy, AT_ONCE).await.is_none(), "two of four are its share");
        let _third = turns.take(&other, AT_ONCE).await.unwrap();
        drop(first);
        assert!(turns.take(&busy, AT_ONCE).await.is_some(), "what is given back is there again");
    }

    #[tokio::test]
    async fn where_there_is_one_turn_the_next_is_another_tenants() {
        let turns = Arc::new(Turns::new(1));
        let at_work = turns.take(&tenant("busy"), AT_ONCE).await.unwrap();
        let order = Arc::<Mutex<Vec<&str>>>::default();
        let mut waiting = tokio::task::JoinSet::new();
        for who in ["busy", "busy", "busy", "other"] {
            let (turns, order) = (turns.clone(), order.clone());
            waiting.spawn(async move {
                let _turn = turns.take(&tenant(who), SOON).await.unwrap();
                order.lock().unwrap().push(who);
            });
            // Each comes after the one before.
            tokio::time::sleep(AT_ONCE).await;
        }
        drop(at_work);
        waiting.join_all().await;
        assert_eq!(*order.lock().unwrap(), ["other", "busy", "busy", "busy"]);
    }
}
