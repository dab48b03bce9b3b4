//! Keeping the tiers of search: each tenant's vectors where its size wants them, while everyone searches.
//!
//! Any number of servers may run a keeper; the one that holds the owner's session does the work, the others look on. Every step is a
//! transaction of its own, after each of which search is whole, and each begins by looking at what is there: a keeper that is stopped
//! anywhere is followed by one that finishes. Indexes are built one after the other beside all that: a build may take half an hour, and vectors
//! that are in no index are compared one by one in each search.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::time::Instant;
use wardgraph_gate::{Index, Indexes, Space, StoreError, SystemParts};
use wardgraph_graph::{
    search::{Route, Routes},
    tiers::{self, Count, Due},
};
use wardgraph_kernel::{Read, TenantId, Write, metric};

use crate::tidy::{recount, tidy};

/// The actor of this work.
const WHY: &str = "keeper of search tiers";

/// So many vectors may wait outside of an index that is there, if exact search may go so far: they are compared one by one besides.
const MOST_TAIL: i64 = 2_000;

/// In each place vectors are counted up to so many times as many as an index of one's own wants.
const MOST_COUNTED: i64 = 4;

/// How many tenants are looked after at one time.
const MOST_DUE: i64 = 32;

/// How often it is looked for what nothing uses any more, and how soon again where something is being built.
const TIDY: (Duration, Duration) = (Duration::from_mins(10), Duration::from_secs(30));

/// How long a tenant is left alone after it failed: doubled from the first to the second.
const REST: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(10));

/// How long one tenant's vectors are moved at a time, while others wait: what is left is met again.
const PATIENCE: Duration = Duration::from_secs(5);

/// A step shorter than this is followed by one twice as large; one longer than four times this, by one half as large.
const STEP: Duration = Duration::from_millis(200);

/// When tenants change tiers.
#[derive(Debug, Clone, Copy)]
pub struct TierOptions {
    /// Up to so many vectors a tenant is searched one by one.
    pub exact_rows: i64,
    /// From so many vectors on, a tenant has an index of its own.
    pub own_rows: i64,
    /// So many tenants have an index of their own in one partition: a search is planned anew each time, and the planner looks at every index there.
    pub most_own_indexes: i64,
    /// How much memory the building of an index may use.
    pub memory_mb: usize,
    /// Whether this server moves vectors and builds indexes, or only learns what others did.
    pub works: bool,
    /// How long to wait between looks.
    pub idle: Duration,
}

impl Default for TierOptions {
    fn default() -> Self {
        Self {
            exact_rows: 5_000,
            own_rows: 50_000,
            most_own_indexes: 32,
            memory_mb: 256,
            works: true,
            idle: Duration::from_secs(1),
        }
    }
}

/// Keeps the tiers of one model, and tells the searches of this server what they are.
#[derive(Debug, Clone)]
pub struct TierKeeper {
    parts: SystemParts,
    routes: Arc<Routes>,
    options: TierOptions,
    /// Tenants whose last try failed: until when they are left alone, and for how long.
    failed: Arc<Mutex<BTreeMap<String, (Instant, Duration)>>>,
    /// What is to be built, the first of it just now.
    builds: Arc<Mutex<VecDeque<Build>>>,
    /// Tenants that were given an index of their own which is not built yet, and in which partition: each has its place among the few there.
    promised: Arc<Mutex<BTreeMap<TenantId, String>>>,
    /// Up to which tenant of those without an index was counted again.
    recounted: Arc<Mutex<String>>,
    /// The owner's session, while anything holds it: whoever moves and whoever builds share it.
    session: Arc<Mutex<Weak<Indexes>>>,
}

/// An index that a tenant waits for.
#[derive(Debug, Clone)]
struct Build {
    tenant: TenantId,
    route: Route,
    partition: String,
}

impl Build {
    fn index<'a>(&'a self, space: &'a Space) -> Index<'a> {
        match self.route {
            Route::Own => Index::own(&self.partition, space, &self.tenant),
            Route::Graph | Route::Exact => Index::common(&self.partition, space),
        }
    }
}

/// What became of a tenant that was due.
enum Kept {
    /// It is where it belongs.
    Whole,
    /// It is met again: there was more to move than there was time for.
    Partly,
    /// It is met again once this is built.
    Waits(Build),
}

impl TierKeeper {
    /// A keeper that has not begun.
    pub fn new(parts: SystemParts, routes: Arc<Routes>, options: TierOptions) -> Self {
        Self {
            parts,
            routes,
            options,
            failed: Arc::default(),
            builds: Arc::default(),
            promised: Arc::default(),
            recounted: Arc::default(),
            session: Arc::default(),
        }
    }

    /// Keeps the tiers until the task is dropped. What others did is learned however long a build takes.
    pub async fn run(self) {
        let learning = async {
            loop {
                if let Err(error) = self.learn().await {
                    tracing::warn!(%error, "the tiers of search could not be looked up; trying again");
                }
                tokio::time::sleep(self.options.idle).await;
            }
        };
        let working = async {
            let mut tidies_at = Instant::now() + TIDY.0;
            loop {
                if let Err(error) = self.tend().await {
                    tracing::warn!(%error, "the tiers of search could not be kept; trying again");
                }
                if Instant::now() >= tidies_at {
                    let pause = match self.tidy().await {
                        Ok(None) => TIDY.1,
                        Ok(Some(_)) => TIDY.0,
                        Err(error) => {
                            tracing::warn!(%error, "unused indexes could not be dropped; trying again later");
                            TIDY.0
                        }
                    };
                    tidies_at = Instant::now() + pause;
                }
                tokio::time::sleep(self.options.idle).await;
            }
        };
        let building = async {
            loop {
                if let Err(error) = self.build().await {
                    tracing::warn!(%error, "an index could not be built; trying again later");
                }
                tokio::time::sleep(self.options.idle).await;
            }
        };
        if self.options.works {
            tokio::join!(learning, working, building);
        } else {
            learning.await;
        }
    }

    /// Learns which tenants go which way, for this server's searches and for metrics.
    pub async fn learn(&self) -> Result<(), StoreError> {
        let mut reading = self.parts.queue()?;
        let grown = tiers::grown(&mut reading.tx::<Read>(), self.space().model()).await?;
        reading.commit(&[]).await?;
        self.routes.replace(grown);
        Ok(())
    }

    /// Counts tenants and tails, for metrics.
    pub async fn measure(&self) -> Result<(), StoreError> {
        let mut reading = self.parts.queue()?;
        let measured = tiers::measure(&mut reading.tx::<Read>(), self.space().model()).await?;
        reading.commit(&[]).await?;
        for route in Route::ALL {
            let (tenants, tail) = measured.iter().find(|m| m.route == *route).map_or((0, 0), |m| (m.tenants, m.tail));
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; 2^52 vectors are not met")]
            for (gauge, value) in [(metric::SEARCH_TENANTS, tenants as f64), (metric::SEARCH_TAIL_ROWS, tail as f64)] {
                gauge.of([route.word()]).set(value);
            }
        }
        Ok(())
    }

    /// Does what is due, builds and all. Returns how many tenants were looked after; none while another server is at it.
    pub async fn turn(&self) -> Result<usize, StoreError> {
        let waits = !self.builds().is_empty();
        if !waits && self.due().await?.is_empty() {
            return Ok(0);
        }
        // One session from the first to the last of it.
        let Some(_session) = self.session().await? else { return Ok(0) };
        let tended = self.tend().await;
        if self.build().await? == 0 {
            return tended;
        }
        self.tend().await?;
        tended
    }

    /// Moves what is due to be moved, and notes what is to be built. Returns how many tenants were looked after; none while another server is at
    /// it.
    pub async fn tend(&self) -> Result<usize, StoreError> {
        let due = self.due().await?;
        if due.is_empty() {
            return Ok(0);
        }
        let Some(session) = self.session().await? else { return Ok(0) };
        // One tenant's trouble is no other's: it waits, and does not take the others' places.
        let mut trouble = Ok(due.len());
        for tenant in due {
            match self.keep(&tenant, &session).await {
                Ok(Kept::Waits(build)) => self.builds().push_back(build),
                Ok(Kept::Partly) => {}
                Ok(Kept::Whole) => self.note(&tenant.tenant, true),
                Err(error) => {
                    self.note(&tenant.tenant, false);
                    trouble = Err(error);
                }
            }
        }
        self.learn().await?;
        trouble
    }

    /// Builds what tenants wait for, one index after the other. Returns how many; none while another server is at it.
    pub async fn build(&self) -> Result<usize, StoreError> {
        let mut count = 0;
        loop {
            // It stays the first until it is built: its tenant is left alone so long.
            let Some(build) = self.builds().front().cloned() else { return Ok(count) };
            let Some(session) = self.session().await? else { return Ok(count) };
            let began = Instant::now();
            let made = session.make(&build.index(self.space())).await;
            self.builds().pop_front();
            if made.is_err() {
                self.note(&build.tenant, false);
            }
            if made? {
                metric::SEARCH_INDEX_BUILDS.of([build.route.word()]).increment(1);
                metric::SEARCH_INDEX_BUILD.of([build.route.word()]).record(began.elapsed());
            }
            count += 1;
        }
    }

    /// Who is due: nobody who failed just now, or waits for an index.
    async fn due(&self) -> Result<Vec<Due>, StoreError> {
        if !self.space().can_be_indexed() {
            return Ok(Vec::new());
        }
        let mut others = self.resting();
        others.extend(self.builds().iter().map(|build| build.tenant.to_string()));
        let mut reading = self.parts.queue()?;
        let exact = self.options.exact_rows;
        let bounds = (exact, exact.min(MOST_TAIL));
        let due = tiers::due(&mut reading.tx::<Read>(), self.space().model(), bounds, MOST_DUE, &others).await?;
        reading.commit(&[]).await?;
        Ok(due)
    }

    /// The owner's session: the one that is held here already, or a new one. `None` while another server has it.
    async fn session(&self) -> Result<Option<Arc<Indexes>>, StoreError> {
        let held = self.session.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        if held.is_some() {
            return Ok(held);
        }
        let opened = self.parts.store.indexes(self.options.memory_mb).await?.map(Arc::new);
        if let Some(opened) = &opened {
            *self.session.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(opened);
        }
        Ok(opened)
    }

    fn promised(&self) -> MutexGuard<'_, BTreeMap<TenantId, String>> {
        self.promised.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn builds(&self) -> MutexGuard<'_, VecDeque<Build>> {
        self.builds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops indexes that nothing uses any more, and counts again what is searched without one. Returns how many were dropped; `None` while
    /// another server is at it, or an index is built here: a session does one thing at a time, and nobody is to wait for half an hour.
    pub async fn tidy(&self) -> Result<Option<usize>, StoreError> {
        if !self.builds().is_empty() {
            return Ok(None);
        }
        let Some(session) = self.session().await? else { return Ok(None) };
        let dropped = tidy(&self.parts, self.space().model(), &session).await?;
        self.keep_promises().await?;
        let after = self.recounted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let after = recount(&self.parts, self.space().model(), &after).await?;
        *self.recounted.lock().unwrap_or_else(PoisonError::into_inner) = after;
        Ok(Some(dropped))
    }

    /// Whoever was promised an index and has no vectors any more takes no place for ever.
    async fn keep_promises(&self) -> Result<(), StoreError> {
        let promised: Vec<TenantId> = self.promised().keys().cloned().collect();
        for tenant in promised {
            let mut reading = self.parts.queue()?;
            let known = tiers::is_known(&mut reading.tx::<Read>(), self.space().model(), Some(tenant.as_str())).await?;
            reading.commit(&[]).await?;
            if !known {
                self.promised().remove(&tenant);
            }
        }
        Ok(())
    }

    /// The tenants that are left alone for now.
    fn resting(&self) -> Vec<String> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        failed.iter().filter(|(_, (until, _))| *until > now).map(|(tenant, _)| tenant.clone()).collect()
    }

    fn note(&self, tenant: &TenantId, kept: bool) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if kept {
            failed.remove(tenant.as_str());
        } else {
            let rest = failed.get(tenant.as_str()).map_or(REST.0, |(_, rest)| (*rest * 2).min(REST.1));
            metric::SEARCH_TIER_FAILURES.of([]).increment(1);
            failed.insert(tenant.to_string(), (Instant::now() + rest, rest));
        }
    }

    fn space(&self) -> &'static Space {
        self.routes.searches().space()
    }

    async fn keep(&self, due: &Due, session: &Indexes) -> Result<Kept, StoreError> {
        let Due { tenant, route, touched } = due;
        let count = self.count(tenant).await?;
        let wanted = self.wanted(*route, &count);
        if wanted != Route::Own && count.all() >= self.options.own_rows {
            metric::SEARCH_OWN_INDEXES_REFUSED.of([]).increment(1);
        }
        let is_outgrown = self.is_outgrown(&count);
        let Some(partition) = count.partition.filter(|_| wanted != Route::Exact) else {
            self.settle(tenant, count.tail, *touched).await?;
            return Ok(Kept::Whole);
        };
        let build = Build { tenant: tenant.clone(), route: wanted, partition };
        let mut is_built = self.is_built(&build).await?;
        // The session that builds is busy for long: whoever waits for it would stand in everybody's way.
        if is_built && wanted == Route::Own && is_outgrown && self.builds().is_empty() {
            self.unmake(session, tenant).await?;
            is_built = false;
        }
        if is_built {
            self.promised().remove(tenant);
            // Vectors enter an index one by one, which takes a hundred times longer than moving them: they are searched by it meanwhile.
            self.go(tenant, wanted).await?;
        } else if wanted == Route::Own {
            // Before the first vector is moved: moving may take long, and others are met meanwhile.
            self.promised().insert(tenant.clone(), build.partition.clone());
        }
        if !self.promote(tenant, wanted).await? {
            return Ok(Kept::Partly);
        }
        if !is_built {
            // Moved first and built at once: ten times faster. Until then what was in no index is compared one by one, and what was in the common
            // index is found by it: a tenant's own holds that too.
            return Ok(Kept::Waits(build));
        }
        self.settle(tenant, 0, *touched).await?;
        Ok(Kept::Whole)
    }

    /// Whether an index of one's own is built anew in less time than what waits outside takes to enter it one by one.
    const fn is_outgrown(&self, count: &Count) -> bool {
        let inside = count.common + count.own;
        count.tail >= self.options.own_rows && inside < self.most_counted() && count.tail.saturating_mul(2) >= inside
    }

    const fn most_counted(&self) -> i64 {
        let larger =
            if self.options.own_rows > self.options.exact_rows { self.options.own_rows } else { self.options.exact_rows };
        larger.saturating_mul(MOST_COUNTED).saturating_add(1)
    }

    /// Drops the tenant's own index.
    async fn unmake(&self, session: &Indexes, tenant: &TenantId) -> Result<(), StoreError> {
        for index in session.made().await? {
            if index.model == self.space().model() && index.tenant.as_deref() == Some(tenant.as_str()) {
                session.remove(&index).await?;
            }
        }
        Ok(())
    }

    async fn is_built(&self, build: &Build) -> Result<bool, StoreError> {
        let mut reading = self.parts.queue()?;
        let is_whole = tiers::is_whole(&mut reading.tx::<Read>(), &build.index(self.space()).name()).await?;
        reading.commit(&[]).await?;
        Ok(is_whole)
    }

    /// Tenants grow into a tier, and stay in it when they shrink: searches stay right, and nothing goes to and fro.
    const fn wanted(&self, route: Route, count: &Count) -> Route {
        let all = count.all();
        match route {
            Route::Own => Route::Own,
            // What a stopped keeper has begun is finished.
            _ if count.own > 0 => Route::Own,
            _ if all >= self.options.own_rows && count.own_indexes < self.options.most_own_indexes => Route::Own,
            Route::Graph => Route::Graph,
            Route::Exact if all > self.options.exact_rows || count.common > 0 => Route::Graph,
            Route::Exact => Route::Exact,
        }
    }

    async fn count(&self, tenant: &TenantId) -> Result<Count, StoreError> {
        let mut work = self.parts.work::<Read>(WHY, tenant.clone())?;
        let most = self.most_counted();
        let promised: Vec<(TenantId, String)> =
            self.promised().iter().filter(|(other, _)| *other != tenant).map(|(other, at)| (other.clone(), at.clone())).collect();
        let unbuilt: Vec<String> =
            promised.iter().map(|(other, partition)| Index::own(partition, self.space(), other).name()).collect();
        let mut count = tiers::count(&mut work.tx(), self.space().model(), most, &unbuilt).await?;
        let here = promised.iter().filter(|(_, partition)| count.partition.as_ref() == Some(partition)).count();
        count.own_indexes += i64::try_from(here).unwrap_or(i64::MAX);
        Ok(count)
    }

    /// Moves what is in no index yet, in steps that hold nobody up. Returns whether that was all.
    async fn promote(&self, tenant: &TenantId, route: Route) -> Result<bool, StoreError> {
        let (first, mut most) = (Instant::now(), 32);
        loop {
            let began = Instant::now();
            let mut work = self.parts.work::<Write>(WHY, tenant.clone())?;
            let moved = tiers::promote(&mut work.tx(), self.space().model(), route, most).await?;
            work.commit(Vec::new()).await?;
            metric::SEARCH_PROMOTED_ROWS.of([route.word()]).increment(moved.unsigned_abs());
            if moved < most || first.elapsed() > PATIENCE {
                return Ok(moved < most);
            }
            most = match began.elapsed() {
                short if short < STEP => (most * 2).min(4_096),
                long if long > STEP * 4 => (most / 2).max(4),
                _ => most,
            };
        }
    }

    async fn go(&self, tenant: &TenantId, route: Route) -> Result<(), StoreError> {
        let mut work = self.parts.work::<Write>(WHY, tenant.clone())?;
        let news = tiers::set_route(&mut work.tx(), self.space().model(), route).await?;
        work.commit(Vec::new()).await?;
        if news {
            metric::SEARCH_TIER_CHANGES.of([route.word()]).increment(1);
            tracing::info!(%tenant, route = route.word(), "a tenant has grown into another tier of search");
        }
        Ok(())
    }

    async fn settle(&self, tenant: &TenantId, tail: i64, touched: i64) -> Result<(), StoreError> {
        let mut work = self.parts.work::<Write>(WHY, tenant.clone())?;
        tiers::settle(&mut work.tx(), self.space().model(), tail, touched).await?;
        work.commit(Vec::new()).await
    }
}
