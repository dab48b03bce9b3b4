//! Starts that must fail, in words that help; and leftovers that must not make one fail.

use std::{fs, os::unix::fs::PermissionsExt};

use super::*;

async fn refused(options: EmbeddedOptions) -> (EmbeddedError, String) {
    let error = EmbeddedPostgres::start(options).await.unwrap_err();
    let said = error.to_string();
    (error, said)
}

#[tokio::test]
async fn a_second_server_on_the_folder_is_told_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = EmbeddedPostgres::start(options(folder.path())).await.unwrap();
    let (error, said) = refused(options(folder.path())).await;
    assert!(matches!(error, EmbeddedError::Locked { pid: Some(pid), .. } if pid == std::process::id()));
    assert!(said.contains("is in use by another server (pid "), "{said}");
    client(&first).await.batch_execute("select 1").await.unwrap();
    first.stop().await.unwrap();
}

#[tokio::test]
async fn missing_binaries_come_with_the_command_that_brings_them() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nothing/here");
    let (_, said) = refused(EmbeddedOptions::new(folder.path().join("data"), &missing)).await;
    assert!(said.contains("nothing/here/bin/postgres"), "{said}");
    assert!(said.contains("`python3 scripts/fetch.py --only postgres`"), "{said}");
    assert!(!folder.path().join("data").exists());
}

#[tokio::test]
async fn a_cluster_of_another_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    EmbeddedPostgres::start(options(folder.path())).await.unwrap().stop().await.unwrap();
    let version = folder.path().join("postgres/pgdata/PG_VERSION");
    fs::write(&version, "12\n").unwrap();
    let (_, said) = refused(options(folder.path())).await;
    assert!(said.contains("made by Postgres 12, the binaries are Postgres 18") && said.contains("pg_dumpall"), "{said}");
    assert_eq!(fs::read_to_string(&version).unwrap(), "12\n");
    fs::remove_file(&version).unwrap();
    let (error, _) = refused(options(folder.path())).await;
    assert!(matches!(error, EmbeddedError::NotACluster { .. }));
}

#[tokio::test]
async fn a_lost_password_is_named() {
    let folder = tempfile::tempdir().unwrap();
    EmbeddedPostgres::start(options(folder.path())).await.unwrap().stop().await.unwrap();
    fs::remove_file(folder.path().join("postgres/password")).unwrap();
    let (error, _) = refused(options(folder.path())).await;
    assert!(matches!(error, EmbeddedError::MissingPassword { .. }));
}

#[tokio::test]
async fn a_half_made_cluster_does_not_block_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = folder.path().join("postgres");
    fs::create_dir_all(cluster.join("pgdata.new-0123/base")).unwrap();
    fs::write(cluster.join("pgdata.new-0123/PG_VERSION"), "18\n").unwrap();
    fs::write(cluster.join("initdb-password-0123"), "secret").unwrap();
    fs::create_dir(cluster.join("pgdata")).unwrap();
    let postgres = EmbeddedPostgres::start(options(folder.path())).await.unwrap();
    assert!(!cluster.join("pgdata.new-0123").exists());
    assert!(!cluster.join("initdb-password-0123").exists());
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_setting_postgres_refuses_is_told_and_leaves_nothing_running() {
    let folder = tempfile::tempdir().unwrap();
    let mut odd = options(folder.path());
    odd.settings.push(("work_mem".to_owned(), "a lot".to_owned()));
    let (error, said) = refused(odd).await;
    assert!(matches!(error, EmbeddedError::Startup { .. }));
    assert!(said.contains("invalid value for parameter \"work_mem\""), "{said}");
    EmbeddedPostgres::start(options(folder.path())).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_very_long_data_path_works() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("long, \"odd\" näme ".repeat(6));
    let postgres = EmbeddedPostgres::start(options(&data_dir)).await.unwrap();
    let socket = postgres.socket_directory().to_owned();
    assert!(!socket.starts_with(folder.path()));
    client(&postgres).await.batch_execute("select 1").await.unwrap();
    postgres.stop().await.unwrap();
    assert!(!socket.exists());
}

#[tokio::test]
async fn an_unreachable_data_folder_names_the_folder_that_blocks() {
    if !rustix::process::geteuid().is_root() {
        return; // only root steps down to someone who may be kept out
    }
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    fs::create_dir_all(home.join("data")).unwrap();
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    fs::set_permissions(&home, PermissionsExt::from_mode(0o700)).unwrap();
    let (_, said) = refused(options(&home.join("data"))).await;
    assert!(said.contains("cannot enter") && said.contains("/home`; allow it"), "{said}");
}

#[tokio::test]
async fn binaries_out_of_reach_are_copied() {
    if !rustix::process::geteuid().is_root() {
        return; // our own binaries are within our reach
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    let original = fs::canonicalize(binaries()).unwrap();
    let top = original.ancestors().nth(2).unwrap();
    let copied = std::process::Command::new("cp").arg("-a").arg(top).arg(closed.join("top")).status().unwrap();
    assert!(copied.success());
    fs::set_permissions(&closed, PermissionsExt::from_mode(0o700)).unwrap();
    let mut options = options(&folder.path().join("data"));
    options.binaries = closed.join("top").join(original.strip_prefix(top).unwrap());
    let postgres = EmbeddedPostgres::start(options).await.unwrap();
    let program = fs::read_link(format!("/proc/{}/exe", postgres.postmaster_pid())).unwrap();
    assert!(program.starts_with(folder.path().join("data/postgres")), "{}", program.display());
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn the_owner_of_the_data_folder_runs_postgres() {
    if !rustix::process::geteuid().is_root() {
        return; // it is us
    }
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(folder.path(), Some(2), Some(2)).unwrap(); // `bin`, which every system has
    let postgres = EmbeddedPostgres::start(options(folder.path())).await.unwrap();
    let process = fs::metadata(format!("/proc/{}", postgres.postmaster_pid())).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&process), 2);
    client(&postgres).await.batch_execute("select 1").await.unwrap();
    postgres.stop().await.unwrap();
}

/// A small file system of its own.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// Nothing where we may not mount one (it takes root, and more than a plain container has).
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let size = format!("size={size},mode=755");
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "wardgraph-test"]).arg(folder.path());
        mount.output().is_ok_and(|output| output.status.success()).then(|| Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_named_and_forgiven_once_there_is_room() {
    let Some(disk) = SmallDisk::mount("16m") else {
        return;
    };
    let data_dir = disk.0.path().join("data");
    let (error, said) = refused(options(&data_dir)).await;
    assert!(matches!(error, EmbeddedError::DiskFull { .. }), "{said}");
    assert!(!data_dir.join("postgres/pgdata").exists());
    let grown = std::process::Command::new("mount").args(["-o", "remount,size=200m"]).arg(disk.0.path()).status();
    assert!(grown.unwrap().success());
    EmbeddedPostgres::start(options(&data_dir)).await.unwrap().stop().await.unwrap();

    let filler = disk.0.path().join("filler");
    let _ = fs::write(&filler, vec![0; 200 << 20]).unwrap_err();
    let (error, said) = refused(options(&data_dir)).await;
    assert!(matches!(error, EmbeddedError::DiskFull { .. }), "{said}");
    fs::remove_file(&filler).unwrap();
    EmbeddedPostgres::start(options(&data_dir)).await.unwrap().stop().await.unwrap();
}
