//! A connection that many tenants' reads share: each gets its own rows, whatever becomes of the others.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::*;

/// What each statement asks on a connection of the pool, and the same on a lane.
macro_rules! asked {
    ($($name:ident $light:ident $called:literal $columns:literal light if $light_if:literal;)*) => {$(
        static $name: Statement<Read> = Statement::reading(concat!("test.", $called), APP, concat!("select ", $columns)).swift($light.info());
        static $light: Statement<Read> =
            Statement::reading(concat!("test.", $called, "_light"), APP, concat!("select ", $columns, " where ", $light_if));
    )*
        pub(super) fn statements() -> Vec<&'static StatementInfo> {
            vec![$($name.info(), $light.info()),*]
        }
    };
}

asked! {
    SEEN SEEN_LIGHT "seen"
        "current_setting('app.current_tenant_id'), coalesce((select min(tenant_id) from nodes), ''), pg_backend_pid(), $1::text"
        light if "true";
    NAP NAP_LIGHT "nap" "pg_sleep($1)::text, pg_backend_pid()" light if "true";
    PART PART_LIGHT "part" "(6 / $1::int)::text" light if "true";
    HEAVY HEAVY_LIGHT "heavy" "repeat('x', $1::int), pg_backend_pid()" light if "$1::int <= 10";
}

/// Of four connections one is a lane.
const CONNECTIONS: usize = 4;
/// More than may wait on a lane.
const MANY: usize = 100;
/// As many as fill a lane with what each of them may have on it.
const TENANTS: [&str; 8] = ["tenant-a", "tenant-b", "tenant-c", "tenant-d", "tenant-e", "tenant-f", "tenant-g", "tenant-h"];

impl Bench {
    async fn with_a_lane(timeouts: Timeouts) -> Self {
        let bench = Self::new(CONNECTIONS, timeouts).await;
        for name in &TENANTS[2..] {
            bench.has_a_node(name).await;
        }
        eventually(async || bench.lane().await.is_some()).await;
        bench
    }

    /// The process that serves the lane, once there is one: a process that answers two who ask at once. They are two tenants: one alone may have
    /// but one connection of the pool, for both.
    async fn lane(&self) -> Option<i32> {
        let pids = join_all(["tenant-a", "tenant-b"].map(|who| self.nap(who, 0.01))).await;
        let pids: BTreeSet<i32> = pids.into_iter().map(Result::unwrap).collect();
        (pids.len() == 1).then(|| *pids.first().unwrap())
    }

    async fn nap(&self, who: &str, seconds: f64) -> Result<i32, StoreError> {
        let mut unit = self.unit::<Read>(tenant(who));
        unit.end_with_next();
        unit.tx::<Read>().find(&NAP, &[&seconds]).await.map(|row| row.unwrap().try_get(1).unwrap())
    }

    /// Asks as `who`, and checks that the answer is its own; brings the process that gave it.
    async fn sees_its_own(&self, who: &str, question: &str) -> i32 {
        let mut unit = self.unit::<Read>(tenant(who));
        unit.end_with_next();
        let row = unit.tx::<Read>().find(&SEEN, &[&question]).await.unwrap().unwrap();
        let found = [0, 1, 3].map(|at| row.try_get::<String>(at).unwrap());
        assert_eq!(found, [who, who, question]);
        row.try_get(2).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tenants_at_once_on_a_lane_get_their_own() {
    let bench = Bench::with_a_lane(Timeouts::default()).await;
    let lane = bench.lane().await.unwrap();
    for round in 0..20 {
        let questions = (0..MANY).map(|at| format!("{round}/{at}")).collect::<Vec<_>>();
        let asked = questions.iter().enumerate();
        let pids = join_all(asked.map(|(at, question)| bench.sees_its_own(TENANTS[at % TENANTS.len()], question))).await;
        assert!(pids.iter().filter(|pid| **pid == lane).count() > MANY / 4, "the lane serves many of them");
    }
    bench.is_clean().await;
    assert!(bench.sessions().await.0 <= i64::try_from(CONNECTIONS).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_waiting_on_a_lane_takes_nobodys_answer_along() {
    let bench = Bench::with_a_lane(Timeouts::default()).await;
    for times in 1..=6 {
        let given_up = join_all((0..10).map(|_| cancelled_after(times, bench.nap("tenant-a", 0.02))));
        let questions: Vec<String> = (0..10).map(|at: i32| at.to_string()).collect();
        let others = join_all(questions.iter().map(|question| bench.sees_its_own("tenant-b", question)));
        tokio::join!(given_up, others);
    }
    bench.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_has_few_places_on_a_lane_though_it_went_away() {
    let bench = Bench::with_a_lane(Timeouts::default()).await;
    let lane = bench.lane().await.unwrap();
    let given_up = join_all((0..30).map(|_| cancelled_after(2, bench.nap("tenant-a", 0.05)))).await;
    assert!(given_up.iter().all(Option::is_none), "they sleep");
    let begun = Instant::now();
    let found = bench.sees_its_own("tenant-b", "?").await;
    assert_eq!(found, lane, "there is room on it");
    assert!(begun.elapsed() < Duration::from_secs(2), "it waited for all that nobody waits for: {:?}", begun.elapsed());
    bench.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_heavy_for_a_lane_comes_whole_from_the_pool() {
    let bench = Bench::with_a_lane(Timeouts::default()).await;
    let lane = bench.lane().await.unwrap();
    for (long, light) in [(10, true), (11, false), (1_000_000, false), (0, true)] {
        let mut unit = bench.unit::<Read>(tenant("tenant-a"));
        unit.end_with_next();
        let row = unit.tx::<Read>().find(&HEAVY, &[&long]).await.unwrap().unwrap();
        assert_eq!(row.try_get::<&str>(0).unwrap().len(), usize::try_from(long).unwrap());
        assert_eq!(row.try_get::<i32>(1).unwrap() == lane, light, "{long}");
    }
    bench.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_on_a_lane_is_its_callers_alone() {
    let bench = Bench::with_a_lane(Timeouts::default()).await;
    let part = async |of: i32| {
        let mut unit = bench.unit::<Read>(tenant("tenant-a"));
        unit.end_with_next();
        unit.tx::<Read>().find(&PART, &[&of]).await.map(|row| row.unwrap().try_get::<String>(0).unwrap())
    };
    for _ in 0..5 {
        let (one, failed, two, own) = tokio::join!(part(2), part(0), part(3), bench.sees_its_own("tenant-b", "?"));
        assert_eq!((one.unwrap().as_str(), two.unwrap().as_str()), ("3", "2"));
        assert!(matches!(failed, Err(StoreError::Value(_))), "{failed:?}");
        assert!(own > 0);
    }
    // A value that is none is refused before it is sent.
    let mut unit = bench.unit::<Read>(tenant("tenant-a"));
    unit.end_with_next();
    assert!(unit.tx::<Read>().query(&PART, &[&"no number"]).await.is_err());
    drop(unit);
    bench.is_clean().await;
    eventually(async || bench.lane().await.is_some()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_postgres_ends_is_not_missed() {
    let bench = Bench::with_a_lane(Timeouts::default()).await;
    let lane = bench.lane().await.unwrap();
    let waiting = join_all((0..20).map(|_| bench.nap("tenant-a", 0.05)));
    let ended = async {
        tokio::time::sleep(Duration::from_millis(120)).await;
        bench.superuser.execute("select pg_terminate_backend($1)", &[&lane]).await.unwrap();
    };
    let (pids, ()) = tokio::join!(waiting, ended);
    assert!(pids.iter().all(Result::is_ok), "they were answered by others: {pids:?}");
    eventually(async || bench.lane().await.is_some_and(|other| other != lane)).await;
    bench.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_hangs_is_given_up_and_holds_nobody_for_long() {
    let timeouts =
        Timeouts { statement: Duration::from_secs(60), transaction: Duration::from_millis(500), ..Timeouts::default() };
    let bench = Bench::with_a_lane(timeouts).await;
    let lane = bench.lane().await.unwrap();
    let begun = Instant::now();
    let slow = async { bench.nap("tenant-a", 30.0).await };
    let behind = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        bench.sees_its_own("tenant-b", "behind").await
    };
    let (slow, behind) = tokio::join!(slow, behind);
    assert!(matches!(slow, Err(StoreError::Timeout)), "{slow:?}");
    assert_ne!(behind, lane);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    eventually(async || bench.lane().await.is_some_and(|other| other != lane)).await;
    // Postgres does not go on with what nobody waits for.
    eventually(async || bench.sessions().await.1 == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_closed_opens_no_lane() {
    let bench = Bench::with_a_lane(Timeouts::default()).await;
    bench.store.close();
    assert!(matches!(bench.nap("tenant-a", 0.01).await, Err(StoreError::Unavailable(_))));
    eventually(async || bench.sessions().await.0 == 0).await;
    assert!(matches!(bench.nap("tenant-a", 0.01).await, Err(StoreError::Unavailable(_))));
}

/// How many octets a statement brings of the row `id` of tenant-a, as text, if it brings it.
async fn brought(app: &App, name: &str, id: &str) -> Option<i32> {
    let client = app.database.connect_as(Role::App).await;
    client.batch_execute("set search_path = wardgraph, public; set app.current_tenant_id = 'tenant-a'").await.unwrap();
    let statements = wardgraph_server::wire::statements(app.routes.searches());
    let sql = statements.into_iter().find(|statement| statement.name == name).unwrap().sql.replace("$2", "$2::text::uuid");
    let row = client.query_opt(&format!("select octet_length(l::text) from ({sql}) l"), &[&"tenant-a", &id]).await.unwrap();
    row.map(|row| row.get(0))
}

#[tokio::test]
async fn a_lane_brings_no_row_that_is_heavy_wherever_its_weight_lies() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (heavy, quarter) = (json!({ "text": "x".repeat(70_000) }), json!({ "text": "x".repeat(20_000) }));
    let nodes = [
        (json!({ "classes": ["A"], "props": heavy }), false),
        (json!({ "classes": ["A"], "props": {}, "metadata": heavy }), false),
        (json!({ "classes": ["A"], "props": {}, "refresh_policy": heavy }), false),
        (json!({ "classes": ["A"], "props": {}, "triggers": [heavy] }), false),
        (
            json!({ "classes": ["A"], "props": quarter, "metadata": quarter, "refresh_policy": quarter, "triggers": [quarter] }),
            false,
        ),
        (json!({ "classes": ["A"], "props": quarter, "metadata": quarter }), true),
    ];
    let mut ends = Vec::new();
    for (node, is_light) in &nodes {
        let made = owner.post("/nodes", node).await.created();
        let id = made["id"].as_str().unwrap().to_owned();
        let (all, light) = (brought(&app, "graph.node.get", &id).await, brought(&app, "graph.node.get_light", &id).await);
        assert!(all.unwrap() > 40_000, "{all:?} octets");
        assert_eq!(light, all.filter(|_| *is_light));
        // Whoever asks gets all of it, and so do those who ask at the same time.
        let path = format!("/nodes/{id}");
        for read in join_all((0..8).map(|_| owner.get(&path))).await {
            let read = read.ok();
            for field in ["props", "metadata", "refresh_policy", "triggers"] {
                assert_eq!(read[field], made[field]);
            }
        }
        ends.push(id);
    }
    for (props, is_light) in [(&heavy, false), (&quarter, true)] {
        let edge = json!({ "src": ends[0], "rel": format!("{is_light}"), "dst": ends[1], "props": props });
        let made = owner.post("/edges", &edge).await.created();
        let id = made["id"].as_str().unwrap();
        let light = brought(&app, "graph.edge.get_light", id).await;
        assert_eq!(light.is_some(), is_light);
        assert_eq!(&owner.get(&format!("/edges/{id}")).await.ok()["props"], props);
    }
}
