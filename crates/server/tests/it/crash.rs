//! kill -9 of the real server, and of its Postgres, in the middle of a load of writes.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio_postgres::{Client, NoTls};

/// The server as it is shipped, as another process. Killed when the test ends, however it ends; its Postgres goes with it.
struct Server {
    child: Child,
    base: String,
    data: PathBuf,
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardgraph"));
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache");
    command.env_clear().arg("--data-dir").arg(data);
    command.env("WARDGRAPH_CACHE_DIR", cache.canonicalize().unwrap()).env("WARDGRAPH_EMBEDDING__MODEL", "wordllama");
    command.env("WARDGRAPH_LOG__FILTER", "warn");
    for name in ["NODE_WRITE", "ITEMS", "READ", "SEARCH"] {
        command.env(format!("WARDGRAPH_LIMITS__{name}_BURST"), "1000000");
        command.env(format!("WARDGRAPH_LIMITS__{name}_SUSTAINED"), "1000000");
    }
    command
}

impl Server {
    fn start(data: &Path) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(data.join("server.log")).unwrap();
        let mut child =
            command(data).args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base = lines.find_map(|line| line.unwrap().strip_prefix("listening on ").map(str::to_owned));
        let told = || std::fs::read_to_string(data.join("server.log")).unwrap();
        Self { child, base: base.unwrap_or_else(|| panic!("it did not come up: {}", told())), data: data.to_owned() }
    }

    fn token(&self) -> String {
        let minted =
            command(&self.data).args(["token", "mint", "--tenant", "tenant-a", "--scopes", "nodes:write,events:read"]).output();
        String::from_utf8(minted.unwrap().stdout).unwrap().trim().to_owned()
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn postmaster(&self) -> Pid {
        let file = std::fs::read_to_string(self.data.join("postgres/pgdata/postmaster.pid")).unwrap();
        Pid::from_raw(file.lines().next().unwrap().trim().parse().unwrap()).unwrap()
    }

    async fn behind_the_scenes(&self) -> Client {
        let mut login = tokio_postgres::Config::new();
        let password = std::fs::read_to_string(self.data.join("postgres/password")).unwrap();
        login
            .host_path(self.data.join("postgres/socket"))
            .user("wardgraph_superuser")
            .password(password.trim())
            .dbname("postgres");
        let (client, connection) = login.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked first, so that the private Postgres stops with it.
        let pid = Pid::from_child(&self.child);
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process(pid, Signal::TERM);
            for _ in 0..100 {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// What was acknowledged, and what was sent.
#[derive(Default)]
struct Load {
    stop: AtomicBool,
    acknowledged: Mutex<Vec<String>>,
    answers: AtomicUsize,
    batches: AtomicUsize,
}

const BATCH: usize = 20;

/// Writers that go on until they are stopped: each writes single nodes and batches by turns, and notes what was acknowledged.
fn writers(load: &Arc<Load>, base: &str, token: &str, round: usize) -> Vec<tokio::task::JoinHandle<()>> {
    (0..4)
        .map(|writer| {
            let (load, base, token) = (load.clone(), base.to_owned(), token.to_owned());
            tokio::spawn(async move {
                let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
                for turn in 0.. {
                    if load.stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let single = turn % 2 == 0;
                    let node = |n: usize| {
                        let id = format!("{round}-{writer}-{turn}-{n}");
                        json!({ "classes": ["T"], "props": { "text": format!("the text {id} of a node in a storm") }, "external_id": id })
                    };
                    let (path, body) = if single {
                        ("/nodes", node(0))
                    } else {
                        ("/nodes/batch", json!({ "nodes": (0..BATCH).map(node).collect::<Vec<_>>() }))
                    };
                    let sent = http.post(format!("{base}{path}")).bearer_auth(&token).json(&body).send().await;
                    let Ok(answer) = sent else {
                        // Killed: whether this one was written nobody knows.
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        continue;
                    };
                    let status = answer.status().as_u16();
                    let Ok(body) = answer.json::<Value>().await else { continue };
                    let ids: Vec<String> = match status {
                        201 => vec![body["id"].as_str().unwrap().to_owned()],
                        200 => body["results"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect(),
                        503 => continue,
                        other => panic!("{other}: {body}"),
                    };
                    assert_eq!(ids.len(), if single { 1 } else { BATCH });
                    load.acknowledged.lock().unwrap().extend(ids);
                    load.answers.fetch_add(1, Ordering::SeqCst);
                    load.batches.fetch_add(usize::from(!single), Ordering::SeqCst);
                }
            })
        })
        .collect()
}

async fn until(what: &str, within: Duration, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < within, "{what} did not come about within {within:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// Everything that must hold after a crash.
async fn nothing_is_lost_or_half_done(client: &Client, load: &Load) {
    let acknowledged = load.acknowledged.lock().unwrap().clone();
    let missing = client
        .query("select a from unnest($1::text[]) a where not exists (select from wardgraph.nodes where tenant_id = 'tenant-a' and node_id = a::uuid)", &[&acknowledged])
        .await
        .unwrap();
    assert_eq!(missing.len(), 0, "of {} acknowledged nodes", acknowledged.len());
    // A batch's items differ in the last part of their external id.
    let batches = "select count(*) from (select from wardgraph.nodes group by regexp_replace(external_id, '-[0-9]+$', '') having count(*) not in (1, 20)) half";
    assert_eq!(number(client, batches).await, 0, "batches half done");
    let turns = "select count(*) from wardgraph.nodes where (split_part(external_id, '-', 3)::int % 2 = 0) <> (select count(*) = 1 from wardgraph.nodes o
                   where regexp_replace(o.external_id, '-[0-9]+$', '') = regexp_replace(nodes.external_id, '-[0-9]+$', ''))";
    assert_eq!(number(client, turns).await, 0, "single nodes are single and batches are batches");
    let unrecorded = "select count(*) from wardgraph.nodes n where (select count(*) from wardgraph.events e
                        where e.tenant_id = n.tenant_id and e.subject = n.node_id::text and e.type = 'node.created') <> 1";
    assert_eq!(number(client, unrecorded).await, 0, "each node has its one event");
    let orphans = "select count(*) from wardgraph.events e where type = 'node.created' and not exists (select from wardgraph.nodes n where n.node_id::text = e.subject)";
    assert_eq!(number(client, orphans).await, 0, "no event of a node that is not there");
    let requests = "select count(*) from (select from wardgraph.events where request_id is not null and type in ('request.committed', 'node.created') group by request_id
                    having count(*) filter (where type = 'request.committed') <> 1) odd";
    assert_eq!(number(client, requests).await, 0, "each request has its one event");
    let forgotten = "select count(*) from wardgraph.nodes n where embedding_status = 'queued' and not exists (select from wardgraph.jobs j where j.subject_id = n.node_id and not j.dead)";
    assert_eq!(number(client, forgotten).await, 0, "each node that waits has its job");
}

/// Claims of a worker that was killed fall due again with their lease; the test does not wait for it.
async fn the_queue_goes_on(client: &Client) {
    let due = "select count(*) from wardgraph.jobs where due_at > now() + interval '70 seconds'";
    assert_eq!(number(client, due).await, 0, "no claim holds for longer than a lease, or two if it was lost twice");
    client.batch_execute("update wardgraph.jobs set due_at = now() where not dead").await.unwrap();
    until("the end of the queue", Duration::from_secs(60), async || {
        number(client, "select count(*) from wardgraph.jobs").await == 0
    })
    .await;
    assert_eq!(number(client, "select count(*) from wardgraph.nodes where embedding_status <> 'ready'").await, 0);
    let vectors = "select count(*) from wardgraph.nodes n where (select count(*) from wardgraph.embeddings e where (e.tenant_id, e.node_id) = (n.tenant_id, n.node_id)) <> 1";
    assert_eq!(number(client, vectors).await, 0, "exactly one vector each");
    let twice = "select count(*) from (select from wardgraph.events, jsonb_array_elements_text(payload -> 'nodes') n where type = 'nodes.embedded' group by n having count(*) > 1) twice";
    assert_eq!(number(client, twice).await, 0, "embedded once each");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_no_write_that_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let load = Arc::new(Load::default());
    for round in 0..2 {
        let server = Server::start(folder.path());
        let before = load.answers.load(Ordering::SeqCst);
        load.stop.store(false, Ordering::SeqCst);
        let writers = writers(&load, &server.base, &server.token(), round);
        until("a load", Duration::from_secs(30), async || load.answers.load(Ordering::SeqCst) >= before + 60).await;
        server.kill();
        load.stop.store(true, Ordering::SeqCst);
        for writer in writers {
            writer.await.unwrap();
        }
    }
    let server = Server::start(folder.path());
    let client = server.behind_the_scenes().await;
    assert!(load.batches.load(Ordering::SeqCst) > 10 && load.answers.load(Ordering::SeqCst) > 100);
    nothing_is_lost_or_half_done(&client, &load).await;
    the_queue_goes_on(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_postgres_loses_no_write_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let load = Arc::new(Load::default());
    let server = Server::start(folder.path());
    let writers = writers(&load, &server.base, &server.token(), 0);
    for _ in 0..2 {
        let before = load.answers.load(Ordering::SeqCst);
        until("a load", Duration::from_secs(60), async || load.answers.load(Ordering::SeqCst) >= before + 60).await;
        let postmaster = server.postmaster();
        kill_process(postmaster, Signal::KILL).unwrap();
        // The server itself brings it back, and the writers go on by themselves.
        let file = folder.path().join("postgres/pgdata/postmaster.pid");
        until("another postmaster", Duration::from_secs(60), async || {
            std::fs::read_to_string(&file)
                .is_ok_and(|text| text.lines().next().is_some_and(|pid| pid.trim() != postmaster.as_raw_nonzero().to_string()))
        })
        .await;
    }
    let before = load.answers.load(Ordering::SeqCst);
    until("writes after the crash", Duration::from_secs(60), async || load.answers.load(Ordering::SeqCst) >= before + 20).await;
    load.stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    let client = server.behind_the_scenes().await;
    nothing_is_lost_or_half_done(&client, &load).await;
    the_queue_goes_on(&client).await;
}
