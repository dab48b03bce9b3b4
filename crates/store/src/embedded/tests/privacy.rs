//! Who gets in, and what is written down.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Command, Output},
};

use super::*;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

/// Tries to log in with the right password, as `uid` if given.
fn psql(postgres: &EmbeddedPostgres, uid: Option<u32>) -> Output {
    let program = binaries().join("bin/psql");
    let mut command = match uid {
        None => Command::new(&program),
        Some(uid) => {
            let mut command = Command::new("setpriv");
            command.args([format!("--reuid={uid}"), format!("--regid={uid}"), "--clear-groups".to_owned()]).arg(&program);
            command
        }
    };
    command.env("PGPASSWORD", postgres.password()).current_dir("/").arg("-h").arg(postgres.socket_directory()).args([
        "-U",
        postgres.superuser(),
        "-d",
        "postgres",
        "-Atc",
        "select 42",
    ]);
    command.output().unwrap()
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = EmbeddedPostgres::start(options(folder.path())).await.unwrap();
    assert_eq!(postgres.password().len(), 64);
    for wrong in ["", "guess", "postgres"] {
        connect(&postgres, wrong).await.unwrap_err();
    }
    connect(&postgres, postgres.password()).await.unwrap();
    let access = client(&postgres).await;
    let rules = access.query("select type, auth_method from pg_hba_file_rules", &[]).await.unwrap();
    let rules: Vec<(String, String)> = rules.iter().map(|rule| (rule.get(0), rule.get(1))).collect();
    assert_eq!(rules, [("local".to_owned(), "scram-sha-256".to_owned())]);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn another_local_user_cannot_connect_even_with_the_password() {
    let folder = tempfile::tempdir().unwrap();
    // Nothing above the cluster stands in the way: what refuses must be the cluster's own.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path(), open).unwrap();
    let postgres = EmbeddedPostgres::start(options(folder.path())).await.unwrap();
    let socket = postgres.socket_directory().to_owned();
    assert_eq!(mode(&socket), 0o700);
    assert_eq!(mode(&socket.join(".s.PGSQL.5432")), 0o700);
    let cluster = folder.path().join("postgres");
    assert_eq!(mode(&cluster.join("pgdata")), 0o700);
    assert_eq!(mode(&cluster.join("password")), 0o600);
    assert_eq!(mode(&cluster) & 0o007, 0);
    assert!(
        !fs::read_dir(&cluster)
            .unwrap()
            .any(|entry| { entry.unwrap().file_name().to_string_lossy().starts_with("initdb-password") })
    );

    let ours = psql(&postgres, None);
    assert_eq!(String::from_utf8_lossy(&ours.stdout).trim(), "42", "{ours:?}");
    if rustix::process::geteuid().is_root() {
        let theirs = psql(&postgres, Some(65533));
        let said = String::from_utf8_lossy(&theirs.stderr).into_owned();
        assert!(!theirs.status.success() && said.contains("on socket") && said.contains("Permission denied"), "{said}");
        // The folder was opened by hand: the socket itself still refuses.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&cluster, Clone::clone(&open)).unwrap();
        fs::set_permissions(&socket, open).unwrap();
        let theirs = psql(&postgres, Some(65533));
        let said = String::from_utf8_lossy(&theirs.stderr).into_owned();
        assert!(!theirs.status.success() && said.contains("on socket") && said.contains("Permission denied"), "{said}");
    }
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn postgres_is_not_root_and_listens_on_no_port() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = EmbeddedPostgres::start(options(folder.path())).await.unwrap();
    let process = format!("/proc/{}", postgres.postmaster_pid());
    assert_ne!(fs::metadata(&process).unwrap().uid(), 0);
    let group = rustix::process::Pid::from_raw(i32::try_from(postgres.postmaster_pid()).unwrap());
    assert_eq!(rustix::process::getpgid(group).unwrap(), group.unwrap(), "Ctrl-C in a terminal is for the server");
    let status = fs::read_to_string(format!("{process}/status")).unwrap();
    let groups = status.lines().find(|line| line.starts_with("Groups:")).unwrap();
    if rustix::process::geteuid().is_root() {
        assert_eq!(groups.trim(), "Groups:", "root's groups are left behind");
    }
    let sockets: Vec<String> = fs::read_dir(format!("{process}/fd"))
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned()))
        .collect();
    assert!(!sockets.is_empty());
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let table = fs::read_to_string(table).unwrap_or_default();
        let inodes: Vec<&str> = table.lines().filter_map(|line| line.split_whitespace().nth(9)).collect();
        assert!(sockets.iter().all(|socket| !inodes.contains(&socket.as_str())));
    }
    let environment = fs::read_to_string(format!("{process}/environ")).unwrap();
    assert!(!environment.contains("CARGO"), "the server's environment stays with the server");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn what_tenants_say_never_reaches_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = EmbeddedPostgres::start(options(folder.path())).await.unwrap();
    let client = client(&postgres).await;
    client.batch_execute("create table t (email text unique, n int); insert into t values ('canary-1', 1)").await.unwrap();
    for statement in [
        "insert into t values ('canary-1', 2)",
        "select 'canary-2'::int",
        "select canary_3",
        "do $$ begin raise exception 'canary-4'; end $$",
        "do $$ begin raise warning 'canary-5'; end $$",
    ] {
        let _ = client.batch_execute(statement).await;
    }
    let _ = client.query_one("select $1::text::int", &[&"canary-6"]).await;
    let pid: i32 = client.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    let busy = tokio::spawn(async move { client.batch_execute("select pg_sleep(30), 'canary-7'").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let killed = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(killed, rustix::process::Signal::SEGV).unwrap();
    busy.await.unwrap().unwrap_err();
    postgres.stop().await.unwrap();
    let log = fs::read_to_string(folder.path().join("postgres/postgres.log")).unwrap();
    assert!(log.contains("was terminated by signal"), "{log}");
    assert!(!log.contains("canary"), "{log}");
}
