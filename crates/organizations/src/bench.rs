//! Where roles are compiled and compared that take a while: beside the threads that answer requests, a few at a time.
//!
//! **Invariant:** whoever waits here waits for no more than a moment, and of one organization few wait: it may be that each of them holds a connection
//! to the database (`whoever_has_much_to_compare_waits_and_few_do`).

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::Semaphore,
    task::block_in_place,
    time::timeout,
};
use wardgraph_kernel::TenantId;

use crate::OrganizationError;

/// How much is worked out where it is asked for: about a millisecond's worth.
const AT_ONCE: usize = 2_000;
/// How many work, and how many stand in line with them: of all organizations, of each, and of all where the organization has nobody there yet.
const TOGETHER: usize = 2;
const IN_LINE: usize = 12;
const OF_EACH: usize = 4;
const WITH_NEWCOMERS: usize = 2 * IN_LINE;
/// For how long somebody waits for their turn.
const PATIENCE: Duration = Duration::from_secs(2);

static BENCH: Bench = Bench::new(PATIENCE);

#[derive(Debug)]
struct Bench {
    turns: Semaphore,
    patience: Duration,
    /// How many are here of each organization that has anybody here.
    line: Mutex<BTreeMap<TenantId, usize>>,
}

/// Somebody in line, who leaves it when this is dropped.
#[derive(Debug)]
struct Place<'a>(&'a Bench, &'a TenantId);

/// Works something out for an organization. `effort` says how much it is, as [`wardgraph_access::Rulebook::effort`] counts.
///
/// # Errors
/// [`OrganizationError::Busy`] for who would have to wait for long.
pub(crate) async fn apart<T>(
    organization: &TenantId,
    effort: usize,
    work: impl FnOnce() -> T + Send,
) -> Result<T, OrganizationError> {
    if effort <= AT_ONCE {
        return Ok(work());
    }
    BENCH.work(organization, work).await
}

impl Bench {
    const fn new(patience: Duration) -> Self {
        Self { turns: Semaphore::const_new(TOGETHER), patience, line: Mutex::new(BTreeMap::new()) }
    }

    async fn work<T>(&self, organization: &TenantId, work: impl FnOnce() -> T + Send) -> Result<T, OrganizationError> {
        let _place = self.stand(organization).ok_or(OrganizationError::Busy)?;
        let turn = timeout(self.patience, self.turns.acquire()).await;
        let _turn = turn.ok().and_then(Result::ok).ok_or(OrganizationError::Busy)?;
        // Where there is but one thread, there is nobody beside it.
        let many = Handle::try_current().is_ok_and(|here| here.runtime_flavor() == RuntimeFlavor::MultiThread);
        Ok(if many { block_in_place(work) } else { work() })
    }

    fn stand<'a>(&'a self, organization: &'a TenantId) -> Option<Place<'a>> {
        let mut line = self.lock();
        let own = line.get(organization).copied().unwrap_or_default();
        // Who fills the line with a few organizations fills not what is kept for those who have nobody in it.
        let room = if own == 0 { WITH_NEWCOMERS } else { IN_LINE };
        if own >= OF_EACH || line.values().sum::<usize>() >= room {
            return None;
        }
        line.insert(organization.clone(), own + 1);
        Some(Place(self, organization))
    }

    /// Nothing panics while it holds this lock; were it so, the numbers would be whole still.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<TenantId, usize>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Self(bench, organization) = self;
        let mut line = bench.lock();
        match line.get_mut(*organization) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(line.remove(*organization)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::parse(name).unwrap()
    }

    #[tokio::test]
    async fn whoever_has_much_to_compare_waits_and_few_do() {
        let patience = Duration::from_millis(400);
        let (bench, here, there) = (Bench::new(patience), tenant("here"), tenant("there"));
        let busy = bench.turns.acquire_many(u32::try_from(TOGETHER).unwrap()).await.unwrap();
        let mut waiting: Vec<_> = (0..OF_EACH).map(|_| Box::pin(bench.work(&here, || 1))).collect();
        for one in &mut waiting {
            assert!(timeout(patience / 40, one).await.is_err(), "it waits");
        }
        // One more of this organization is one too many, and of another one it is not.
        assert!(matches!(bench.work(&here, || 2).await, Err(OrganizationError::Busy)));
        assert!(timeout(patience / 40, bench.work(&there, || 3)).await.is_err());
        assert!(matches!(waiting.remove(0).await, Err(OrganizationError::Busy)), "it waited for long");
        drop((waiting, busy));
        assert!(matches!(bench.work(&here, || 4).await, Ok(4)));
        assert!(bench.lock().is_empty(), "whoever left stands in line no more");
        // A few fill the line, and whoever has nobody there finds a place still.
        let few: Vec<TenantId> = (0..=IN_LINE / OF_EACH).map(|n| tenant(&format!("f{n}"))).collect();
        let places: Vec<_> = few.iter().flat_map(|one| [one; OF_EACH]).map(|one| bench.stand(one)).collect();
        assert_eq!(places.iter().flatten().count(), IN_LINE + 1, "and the last of them has one place");
        let others: Vec<TenantId> = (0..=IN_LINE).map(|n| tenant(&format!("t{n}"))).collect();
        let places_of_others: Vec<_> = others.iter().map(|one| bench.stand(one)).collect();
        assert_eq!(places_of_others.iter().flatten().count(), WITH_NEWCOMERS - IN_LINE - 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn while_one_compares_others_are_answered() {
        let (tell, told) = std::sync::mpsc::channel();
        let here = tenant("here");
        let compares =
            tokio::spawn(async move { apart(&here, AT_ONCE + 1, move || told.recv_timeout(Duration::from_secs(10))).await });
        // There is one thread: it comes to this while the other one waits for it.
        tokio::task::yield_now().await;
        tokio::spawn(async move { tell.send(7).unwrap() }).await.unwrap();
        assert!(matches!(compares.await.unwrap(), Ok(Ok(7))));
    }
}
