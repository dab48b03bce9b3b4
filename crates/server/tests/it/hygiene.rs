//! What a connection carries from one caller to the next: nothing, whatever became of the former.

mod lanes;

use std::{
    collections::BTreeMap,
    future::poll_fn,
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio_postgres::Client;
use wardgraph_kernel::{Read, TenantId, Write};
use wardgraph_store::{Plan, Role, Scope, Statement, StatementInfo, Store, StoreError, StoreOptions, Timeouts, Unit};
use wardgraph_testkit::{App, AppOptions, Cluster, Database};

const APP: &[Role] = &[Role::App];

static WHO: Statement<Read> = Statement::reading(
    "test.who",
    APP,
    "select coalesce(current_setting('app.current_tenant_id', true), ''), (select count(*) from edges), current_setting('plan_cache_mode')",
);
static SLEEP: Statement<Read> = Statement::reading("test.sleep", APP, "select pg_sleep($1)::text");
static INSERT: Statement<Write> = Statement::writing(
    "test.insert",
    APP,
    "insert into edges (tenant_id, edge_id, src, rel, dst, props, created_at) select $1, $2::text::uuid, node_id, 'r', node_id, '{}', now() from nodes where tenant_id = $1 limit 1",
);
static SLY: Statement<Read> = Statement::reading("test.sly", APP, "delete from edges where tenant_id = $1 returning edge_id");
static DIVIDE: Statement<Write> = Statement::writing("test.divide", APP, "select 1 / $1::int");
static STATEMENTS: [fn() -> &'static StatementInfo; 5] =
    [|| WHO.info(), || SLEEP.info(), || INSERT.info(), || SLY.info(), || DIVIDE.info()];

const EDGE: &str = "01900000-0000-7000-8000-0000000000ed";

/// One connection, so that whoever comes next gets the very one.
struct Bench {
    database: Database,
    store: Store,
    superuser: Client,
}

impl Bench {
    async fn new(connections: usize, timeouts: Timeouts) -> Self {
        let database = Cluster::get().database().await;
        let store = Store::new(&StoreOptions {
            logins: database.logins.clone(),
            connections: BTreeMap::from([(Role::App, connections)]),
            timeouts,
            statements: STATEMENTS.iter().map(|info| info()).chain(lanes::statements()).collect(),
        })
        .unwrap();
        let superuser = database.behind_the_scenes().await;
        let bench = Self { database, store, superuser };
        for tenant in ["tenant-a", "tenant-b"] {
            bench.has_a_node(tenant).await;
        }
        bench
    }

    async fn has_a_node(&self, tenant: &str) {
        let sql = "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, created_at, updated_at)
                   values ($1, gen_random_uuid(), '{}', '{}', '{}', '{}', '[]', now(), now())";
        self.superuser.execute(sql, &[&tenant]).await.unwrap();
    }

    fn unit<M: wardgraph_kernel::Mode>(&self, scope: Scope) -> Unit {
        self.store.unit::<M>(Role::App, scope, Plan::Generic).unwrap()
    }

    async fn edges(&self) -> i64 {
        self.superuser.query_one("select count(*) from wardgraph.edges", &[]).await.unwrap().get(0)
    }

    /// Sessions of the runtime role in this database, and how many of them are in a transaction.
    async fn sessions(&self) -> (i64, i64) {
        let sql = "select count(*), count(*) filter (where xact_start is not null) from pg_stat_activity where datname = current_database() and usename = 'wardgraph_app'";
        let row = self.superuser.query_one(sql, &[]).await.unwrap();
        (row.get(0), row.get(1))
    }

    /// Whoever comes next is nobody and sees nothing; no transaction is left open.
    async fn is_clean(&self) {
        let mut next = self.unit::<Read>(Scope::Nobody);
        next.end_with_next();
        let row = next.tx::<Read>().find(&WHO, &[]).await.unwrap().unwrap();
        assert_eq!(
            (row.try_get::<&str>(0).unwrap(), row.try_get::<i64>(1).unwrap(), row.try_get::<&str>(2).unwrap()),
            ("", 0, "force_generic_plan")
        );
        eventually(async || self.sessions().await.1 == 0).await;
    }
}

fn tenant(name: &str) -> Scope {
    Scope::Tenant(TenantId::parse(name).unwrap())
}

/// Waits for what other processes do at their own pace.
async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(10), "it never came about");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Polls a future `times` times, with a pause in between for the connection to work, and drops it.
async fn cancelled_after<T>(times: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    for _ in 0..times {
        if let Poll::Ready(output) = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await {
            return Some(output);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    None
}

#[tokio::test]
async fn a_cancelled_unit_leaves_nothing_behind() {
    let bench = Bench::new(1, Timeouts::default()).await;
    // At every await of a unit that would write and then go on.
    for times in 1..=12 {
        let write = async {
            let mut unit = bench.unit::<Write>(tenant("tenant-a"));
            unit.tx::<Write>().write(&INSERT, &[&"tenant-a", &EDGE]).await.unwrap();
            unit.tx::<Write>().query(&SLEEP, &[&30.0_f64]).await.unwrap();
            unit.commit(&[]).await
        };
        assert!(cancelled_after(times, write).await.is_none(), "it sleeps");
        bench.is_clean().await;
        assert_eq!(bench.edges().await, 0, "after {times} polls");
    }
    assert!(bench.sessions().await.0 <= 1, "no connection was lost on the way");
}

#[tokio::test]
async fn a_unit_that_was_dropped_between_two_statements_leaves_nothing_behind() {
    let bench = Bench::new(1, Timeouts::default()).await;
    let mut unit = bench.unit::<Write>(tenant("tenant-a"));
    unit.tx::<Write>().write(&INSERT, &[&"tenant-a", &EDGE]).await.unwrap();
    assert_eq!(bench.sessions().await, (1, 1));
    drop(unit);
    bench.is_clean().await;
    // The next tenant's commit does not take the former's row along.
    let mut next = bench.unit::<Write>(tenant("tenant-b"));
    next.tx::<Write>().write(&INSERT, &[&"tenant-b", &EDGE]).await.unwrap();
    next.commit(&[]).await.unwrap();
    let kept: Vec<String> =
        bench.superuser.query("select tenant_id from wardgraph.edges", &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(kept, ["tenant-b"]);
}

#[tokio::test]
async fn a_unit_that_hangs_in_a_lock_is_given_up_and_its_connection_replaced() {
    let bench = Bench::new(1, Timeouts { statement: Duration::from_secs(60), ..Timeouts::default() }).await;
    bench.is_clean().await;
    // The connection is open and has its statements: preparing them would hang as well.
    bench.superuser.batch_execute("begin; lock table wardgraph.edges in access exclusive mode").await.unwrap();
    let mut unit = bench.unit::<Write>(tenant("tenant-a"));
    let hangs = tokio::time::timeout(Duration::from_millis(100), async {
        unit.tx::<Write>().write(&INSERT, &[&"tenant-a", &EDGE]).await
    });
    assert!(hangs.await.is_err());
    drop(unit);
    // The rollback cannot get through, so that the statement is cancelled and the connection closed: the pool is not starved by it.
    let watcher = bench.database.behind_the_scenes().await;
    let held = "select count(*) from pg_stat_activity where datname = current_database() and usename = 'wardgraph_app' and wait_event_type = 'Lock'";
    eventually(async || watcher.query_one(held, &[]).await.unwrap().get::<_, i64>(0) == 0).await;
    bench.superuser.batch_execute("rollback").await.unwrap();
    bench.is_clean().await;
    assert_eq!(bench.edges().await, 0);
}

#[tokio::test]
async fn a_failing_statement_takes_its_whole_flight_along() {
    let bench = Bench::new(1, Timeouts::default()).await;
    // BEGIN, two statements and COMMIT fly together, and the second fails.
    let unit = bench.unit::<Write>(tenant("tenant-a"));
    let failed = unit.commit(&[(&INSERT, &[&"tenant-a", &EDGE]), (&DIVIDE, &[&0_i32])]).await;
    assert!(matches!(failed, Err(StoreError::Value(_))), "{failed:?}");
    assert_eq!(bench.edges().await, 0);
    bench.is_clean().await;
    // The other way round: what flies behind a failure does not count either.
    let unit = bench.unit::<Write>(tenant("tenant-a"));
    let failed = unit.commit(&[(&DIVIDE, &[&0_i32]), (&INSERT, &[&"tenant-a", &EDGE])]).await;
    assert!(matches!(failed, Err(StoreError::Value(_))), "{failed:?}");
    assert_eq!(bench.edges().await, 0);
    bench.is_clean().await;
}

#[tokio::test]
async fn a_failed_transaction_is_not_committed_though_nobody_looked() {
    let bench = Bench::new(1, Timeouts::default()).await;
    let mut unit = bench.unit::<Write>(tenant("tenant-a"));
    unit.tx::<Write>().write(&INSERT, &[&"tenant-a", &EDGE]).await.unwrap();
    let _passed_over = unit.tx::<Write>().write(&DIVIDE, &[&0_i32]).await;
    // Postgres would answer this COMMIT with a rollback and no error.
    assert!(unit.commit(&[]).await.is_err());
    assert_eq!(bench.edges().await, 0);
    bench.is_clean().await;
}

#[tokio::test]
async fn nothing_flies_while_answers_of_an_abandoned_flight_are_missing() {
    let bench = Bench::new(1, Timeouts::default()).await;
    let mut unit = bench.unit::<Write>(tenant("tenant-a"));
    unit.tx::<Write>().write(&INSERT, &[&"tenant-a", &EDGE]).await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(50), async { unit.tx::<Write>().query(&SLEEP, &[&0.2_f64]).await });
    assert!(given_up.await.is_err());
    // The answer is there by now, and must not be taken for the undoing's.
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(matches!(unit.undo().await, Err(StoreError::Ended)));
    assert!(unit.commit(&[]).await.is_err());
    bench.is_clean().await;
    assert_eq!(bench.edges().await, 0);
}

#[tokio::test]
async fn tenants_whose_names_differ_at_the_very_end_take_turns_on_a_connection() {
    let bench = Bench::new(1, Timeouts::default()).await;
    let names = ['a', 'b', 'c'].map(|last| format!("{}{last}", "x".repeat(62)));
    for turn in 0..30 {
        let name = &names[(turn / 2) % 3];
        let mut unit = bench.unit::<Write>(tenant(name));
        // Some flights fail, at the server or before they are sent, and some units are dropped.
        match turn % 5 {
            1 => drop(unit.tx::<Write>().write(&DIVIDE, &[&0_i32]).await.unwrap_err()),
            2 => drop(unit.tx::<Write>().write(&DIVIDE, &[&"no number"]).await.unwrap_err()),
            _ => {
                let rows = unit.tx::<Write>().query(&WHO, &[]).await.unwrap();
                assert_eq!(rows[0].try_get::<&str>(0).unwrap(), name);
            }
        }
    }
    bench.is_clean().await;
    assert!(bench.sessions().await.0 <= 1, "no connection was lost on the way");
}

#[tokio::test]
async fn an_undone_failure_may_be_committed_and_leaves_what_came_after() {
    let bench = Bench::new(1, Timeouts::default()).await;
    let mut unit = bench.unit::<Write>(tenant("tenant-a"));
    unit.tx::<Write>().write(&INSERT, &[&"tenant-a", &EDGE]).await.unwrap();
    unit.tx::<Write>().write(&DIVIDE, &[&0_i32]).await.unwrap_err();
    unit.undo().await.unwrap();
    assert_eq!(
        unit.tx::<Write>().query(&WHO, &[]).await.unwrap()[0].try_get::<&str>(0).unwrap(),
        "tenant-a",
        "the tenant outlives the undoing"
    );
    unit.commit(&[]).await.unwrap();
    assert_eq!(bench.edges().await, 0);
    bench.is_clean().await;
}

#[tokio::test]
async fn a_reading_unit_cannot_write() {
    let bench = Bench::new(1, Timeouts::default()).await;
    let mut write = bench.unit::<Write>(tenant("tenant-a"));
    write.tx::<Write>().write(&INSERT, &[&"tenant-a", &EDGE]).await.unwrap();
    write.commit(&[]).await.unwrap();
    let mut unit = bench.unit::<Read>(tenant("tenant-a"));
    let refused = unit.tx::<Read>().query(&SLY, &[&"tenant-a"]).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Sql { code, .. } if code == "25006"), "{refused:?}");
    drop(unit);
    assert_eq!(bench.edges().await, 1);
    bench.is_clean().await;
}

#[tokio::test]
async fn a_statement_of_no_list_is_not_run() {
    static UNKNOWN: Statement<Read> = Statement::reading("test.unknown", APP, "select 1");
    let bench = Bench::new(1, Timeouts::default()).await;
    let mut unit = bench.unit::<Read>(tenant("tenant-a"));
    let refused = unit.tx::<Read>().query(&UNKNOWN, &[]).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unprepared("test.unknown")), "{refused:?}");
}

#[tokio::test]
async fn a_slow_statement_and_a_slow_transaction_are_given_up() {
    let timeouts =
        Timeouts { statement: Duration::from_millis(200), transaction: Duration::from_millis(600), ..Timeouts::default() };
    let bench = Bench::new(1, timeouts).await;
    let begun = Instant::now();
    let mut slow = bench.unit::<Read>(tenant("tenant-a"));
    assert!(matches!(slow.tx::<Read>().query(&SLEEP, &[&30.0_f64]).await, Err(StoreError::Timeout)));
    drop(slow);
    bench.is_clean().await;
    // Many short statements make a long transaction.
    let mut long = bench.unit::<Read>(tenant("tenant-a"));
    let mut ended = Ok(Vec::new());
    for _ in 0..20 {
        ended = long.tx::<Read>().query(&SLEEP, &[&0.1_f64]).await;
        if ended.is_err() {
            break;
        }
    }
    assert!(matches!(ended, Err(StoreError::Timeout)), "{ended:?}");
    drop(long);
    bench.is_clean().await;
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_transaction_that_nobody_goes_on_with_is_ended_by_postgres() {
    let bench = Bench::new(1, Timeouts { transaction: Duration::from_millis(300), ..Timeouts::default() }).await;
    let mut idle = bench.unit::<Write>(tenant("tenant-a"));
    idle.tx::<Write>().write(&INSERT, &[&"tenant-a", &EDGE]).await.unwrap();
    eventually(async || bench.sessions().await.1 == 0).await;
    assert!(idle.commit(&[]).await.is_err(), "nothing was kept, and nobody says that it was");
    assert_eq!(bench.edges().await, 0);
    bench.is_clean().await;
}

#[tokio::test]
async fn a_full_pool_is_busy_within_the_waiting_time() {
    let bench = Bench::new(1, Timeouts { acquire: Duration::from_millis(200), ..Timeouts::default() }).await;
    let mut holder = bench.unit::<Read>(tenant("tenant-a"));
    holder.tx::<Read>().query(&WHO, &[]).await.unwrap();
    let begun = Instant::now();
    let mut late = bench.unit::<Read>(tenant("tenant-b"));
    assert!(matches!(late.tx::<Read>().query(&WHO, &[]).await, Err(StoreError::Busy)));
    assert!((Duration::from_millis(200)..Duration::from_secs(2)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    drop((holder, late));
    bench.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_that_share_connections_never_see_each_other() {
    let bench = std::sync::Arc::new(Bench::new(3, Timeouts::default()).await);
    let workers = (0..12_usize).map(|worker| {
        let bench = bench.clone();
        tokio::spawn(async move {
            let name = format!("tenant-{}", ['a', 'b', 'c', 'd'][worker % 4]);
            for turn in 0..40 {
                let mut unit = bench.unit::<Read>(tenant(&name));
                // Some are cut off somewhere in the middle.
                let asked = cancelled_after(if (turn + worker) % 3 == 0 { turn % 4 + 1 } else { 2_000 }, async {
                    unit.tx::<Read>().find(&WHO, &[]).await.unwrap().unwrap().try_get::<String>(0).unwrap()
                });
                if let Some(seen) = asked.await {
                    assert_eq!(seen, name);
                }
            }
        })
    });
    for worker in futures_util::future::join_all(workers.collect::<Vec<_>>()).await {
        worker.unwrap();
    }
    bench.is_clean().await;
}

// Over HTTP.

async fn hanging(timeouts: Timeouts) -> (App, String, Client) {
    let app = App::with(AppOptions { timeouts, connections: 1, ..AppOptions::default() }).await;
    let node = app.owner("tenant-a").create_node("hangs").await.created();
    let superuser = app.database.behind_the_scenes().await;
    superuser.batch_execute("begin; lock table wardgraph.nodes in access exclusive mode").await.unwrap();
    (app, format!("/nodes/{}", node["id"].as_str().unwrap()), superuser)
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_503_with_retry_after() {
    let (app, path, superuser) = hanging(Timeouts { statement: Duration::from_millis(300), ..Timeouts::default() }).await;
    let begun = Instant::now();
    let reply = app.owner("tenant-a").get(&path).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(reply.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
    reply.problem(503);
    // A write as well, and nothing of it is kept.
    app.owner("tenant-a").create_node("not now").await.problem(503);
    superuser.batch_execute("rollback").await.unwrap();
    app.owner("tenant-a").get(&path).await.ok();
    let listed = app.owner("tenant-a").get("/nodes").await.ok();
    assert_eq!(listed["count"], json!(1));
}

#[tokio::test]
async fn a_full_pool_is_503_with_retry_after() {
    let (app, path, superuser) = hanging(Timeouts { acquire: Duration::from_millis(200), ..Timeouts::default() }).await;
    let owner = app.owner("tenant-a");
    let first = tokio::spawn({
        let (owner, path) = (owner.clone(), path.clone());
        async move { owner.get(&path).await }
    });
    let watcher = app.database.behind_the_scenes().await;
    let waits = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    eventually(async || watcher.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 1).await;
    let begun = Instant::now();
    let reply = owner.get(&path).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(reply.headers["retry-after"], "1");
    reply.problem(503);
    superuser.batch_execute("rollback").await.unwrap();
    first.await.unwrap().ok();
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_nothing_behind() {
    let (app, _, superuser) = hanging(Timeouts::default()).await;
    let owner = app.owner("tenant-a");
    let gone = tokio::time::timeout(Duration::from_millis(200), owner.create_node("gone"));
    assert!(gone.await.is_err());
    superuser.batch_execute("rollback").await.unwrap();
    let listed = owner.get("/nodes").await.ok();
    assert_eq!(listed["count"], json!(1), "the caller left before it was done");
    let open = "select count(*) from pg_stat_activity where datname = current_database() and usename like 'wardgraph\\_%' and usename <> 'wardgraph_superuser' and xact_start is not null";
    eventually(async || superuser.query_one(open, &[]).await.unwrap().get::<_, i64>(0) == 0).await;
}
