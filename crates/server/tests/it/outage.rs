//! Postgres dies while it serves: callers are told so at once, nothing that was acknowledged is lost, and the server comes back by itself.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use wardgraph_kernel::Secret;
use wardgraph_store::{
    Role,
    embedded::{EmbeddedOptions, EmbeddedPostgres},
    migrate::{MigrateOptions, migrate},
};
use wardgraph_testkit::{App, AppOptions, Database, Reply};

fn binaries() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/postgres/current").canonicalize().unwrap()
}

/// The password of every role of such a cluster.
pub(crate) const PASSWORD: &str = "outage";

/// A migrated database of a cluster that is nobody else's, so that it may be killed.
pub(crate) async fn own_cluster(folder: &Path) -> (EmbeddedPostgres, Database) {
    let mut options = EmbeddedOptions::new(folder, binaries());
    options.settings.push(("shared_buffers".to_owned(), "16MB".to_owned()));
    let postgres = EmbeddedPostgres::start(options).await.unwrap();
    let superuser = wardgraph_server::wire::embedded_login(&postgres);
    let login = |role: &Role| {
        let mut login = superuser.clone();
        login.user(role.name()).password(PASSWORD);
        (*role, login)
    };
    let logins: BTreeMap<_, _> = Role::ALL.iter().map(login).collect();
    let passwords = Role::ALL.iter().map(|role| (*role, Secret::new(PASSWORD))).collect();
    migrate(&MigrateOptions { maintenance: Some(superuser.clone()), logins: logins.clone(), passwords, reset_passwords: false })
        .await
        .unwrap();
    (postgres, Database::of(superuser, logins))
}

fn kill(pid: u32) {
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_postgres_is_503_for_a_moment_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (postgres, database) = own_cluster(folder.path()).await;
    let app = App::over(database, AppOptions::default()).await;
    let owner = app.owner("tenant-a");
    let mut kept = Vec::new();
    for round in 0..2 {
        for text in ["one", "two", "three"] {
            kept.push(owner.create_node(text).await.created()["id"].as_str().unwrap().to_owned());
        }
        let first = postgres.postmaster_pid();
        kill(first);
        // Reads and writes go on coming in. Each gets an answer soon: its own, or 503 with the time to come again.
        let (killed, mut refused) = (Instant::now(), 0);
        loop {
            let asked = Instant::now();
            let reply = owner.create_node("in the storm").await;
            assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
            if reply.status == 201 {
                kept.push(reply.body["id"].as_str().unwrap().to_owned());
                if postgres.postmaster_pid() != first {
                    break;
                }
            } else {
                refused += 1;
                told(reply);
            }
            let asked = Instant::now();
            let reply = owner.get(&format!("/nodes/{}", kept[0])).await;
            assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
            if reply.status != 200 {
                told(reply);
            }
            assert!(killed.elapsed() < Duration::from_secs(60), "it does not come back");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(refused > 0, "round {round}: nobody noticed");
        for id in &kept {
            owner.get(&format!("/nodes/{id}")).await.ok();
        }
    }
    // Every node has its two events, and only those that were refused may be there besides.
    let behind = app.database.behind_the_scenes().await;
    let sql = "select count(*) from wardgraph.nodes n where
                 (select count(*) from wardgraph.events e where e.subject = n.node_id::text and e.type = 'node.created') <> 1";
    assert_eq!(behind.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 0);
    app.embed_everything().await;
    drop(behind);
    drop(app);
    postgres.stop().await.unwrap();
}

#[track_caller]
fn told(reply: Reply) {
    assert!(reply.headers.contains_key("retry-after"), "{}", reply.text);
    reply.problem(503);
}
