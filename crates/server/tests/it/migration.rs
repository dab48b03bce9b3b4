//! Bringing a database to this version: once, whoever else tries, and never over something unknown.

use futures_util::future::join_all;
use tokio_postgres::Client;
use wardgraph_kernel::Secret;
use wardgraph_store::{Role, StoreError, guard, migrate::migrate};
use wardgraph_testkit::{Cluster, Database};

async fn ledger(client: &Client) -> Vec<(String, String)> {
    let rows = client.query("select name, sha256 || applied_at from wardgraph.migrations order by name", &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn refusal(database: &Database) -> String {
    match migrate(&database.migration()).await.unwrap_err() {
        StoreError::Unsafe(sentence) => sentence,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn migrating_again_does_nothing() {
    let database = Cluster::get().empty_database().await;
    let applied = migrate(&database.migration()).await.unwrap();
    assert!(applied.len() >= 4 && applied.is_sorted(), "{applied:?}");
    let client = database.behind_the_scenes().await;
    let before = ledger(&client).await;
    assert_eq!(before.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), applied);
    assert_eq!(migrate(&database.migration()).await.unwrap(), [""; 0]);
    assert_eq!(ledger(&client).await, before);
    guard::check(&database.logins).await.unwrap();
}

#[tokio::test]
async fn the_owner_alone_migrates_where_the_roles_were_made_by_hand() {
    let database = Cluster::get().empty_database().await;
    let prepared = "create extension vector; create schema wardgraph authorization wardgraph_owner";
    database.behind_the_scenes().await.batch_execute(prepared).await.unwrap();
    let mut options = database.migration();
    (options.maintenance, options.passwords) = (None, Vec::new());
    assert!(migrate(&options).await.unwrap().len() >= 4);
    guard::check(&database.logins).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_servers_that_start_at_once_migrate_once() {
    let database = Cluster::get().empty_database().await;
    let servers = (0..8).map(|_| {
        let options = database.migration();
        tokio::spawn(async move { migrate(&options).await })
    });
    let mut applied: Vec<&str> = join_all(servers).await.into_iter().flat_map(|server| server.unwrap().unwrap()).collect();
    applied.sort_unstable();
    let ran: Vec<String> = ledger(&database.behind_the_scenes().await).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(applied, ran, "each ran on one server and on no other");
    guard::check(&database.logins).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_of_one_cluster_are_prepared_at_once() {
    let cluster = Cluster::get();
    let databases = [cluster.empty_database().await, cluster.empty_database().await, cluster.empty_database().await];
    let migrations = databases.iter().map(|database| {
        let mut options = database.migration();
        // Passwords are set anew too: all three write the same rows of `pg_authid`.
        options.reset_passwords = true;
        tokio::spawn(async move { migrate(&options).await })
    });
    for applied in join_all(migrations.collect::<Vec<_>>()).await {
        assert!(applied.unwrap().unwrap().len() >= 4);
    }
    for database in &databases {
        guard::check(&database.logins).await.unwrap();
    }
}

#[tokio::test]
async fn a_migration_that_failed_leaves_nothing_and_runs_when_it_can() {
    let database = Cluster::get().empty_database().await;
    let client = database.behind_the_scenes().await;
    // In the way of the fourth migration.
    client
        .batch_execute("create schema wardgraph authorization wardgraph_owner; create table wardgraph.jobs (id int)")
        .await
        .unwrap();
    let StoreError::Sql { message, .. } = migrate(&database.migration()).await.unwrap_err() else { panic!("Postgres says so") };
    assert!(message.contains("migration 0004_jobs"), "{message}");
    assert_eq!(ledger(&client).await.len(), 3);
    client.batch_execute("drop table wardgraph.jobs").await.unwrap();
    assert_eq!(migrate(&database.migration()).await.unwrap().first(), Some(&"0004_jobs"));
}

#[tokio::test]
async fn a_migration_that_is_not_the_one_that_ran_is_refused() {
    let database = Cluster::get().database().await;
    let client = database.behind_the_scenes().await;
    client.batch_execute("update wardgraph.migrations set sha256 = repeat('0', 64) where name = '0002_graph'").await.unwrap();
    assert_eq!(refusal(&database).await, "the migration `0002_graph` is not the one that ran on this database");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let database = Cluster::get().database().await;
    let client = database.behind_the_scenes().await;
    client.batch_execute("insert into wardgraph.migrations (name, sha256) values ('9999_tomorrow', '')").await.unwrap();
    assert_eq!(
        refusal(&database).await,
        "the database has the migration `9999_tomorrow`, which this version does not know: run a newer one"
    );
}

#[tokio::test]
async fn a_database_of_another_history_is_refused() {
    let database = Cluster::get().database().await;
    let client = database.behind_the_scenes().await;
    client.batch_execute("update wardgraph.migrations set name = '0002_other' where name = '0002_graph'").await.unwrap();
    assert_eq!(refusal(&database).await, "the database ran `0002_other` where this version has `0002_graph`");
}

#[tokio::test]
async fn a_wrong_password_is_told_with_its_mend() {
    let database = Cluster::get().database().await;
    let mut options = database.migration();
    options.logins.get_mut(&Role::Worker).unwrap().password("lost");
    let StoreError::Unsafe(sentence) = migrate(&options).await.unwrap_err() else { panic!("it is a sentence") };
    for part in
        ["the role wardgraph_worker exists and has another password", "WARDGRAPH_DATABASE__WORKER_URL", "--reset-role-passwords"]
    {
        assert!(sentence.contains(part), "{sentence}");
    }
    assert!(!sentence.contains("lost"));
}

#[tokio::test]
async fn a_role_without_a_password_is_told() {
    let database = Cluster::get().database().await;
    let mut options = database.migration();
    // The role is there already: nothing is missing.
    options.passwords.retain(|(role, _)| *role != Role::Identity);
    assert_eq!(migrate(&options).await.unwrap(), [""; 0]);
    // Passwords never stand in the statements that Postgres may log.
    let known = Secret::new("known-word");
    options.passwords.push((Role::Identity, known.clone()));
    assert!(!format!("{options:?}").contains(known.expose()));
}

#[tokio::test]
async fn no_migration_is_given_up_for_being_long_nor_keeps_readers_out_while_it_builds() {
    let database = Cluster::get().empty_database().await;
    let client = database.behind_the_scenes().await;
    client
        .batch_execute(
            "create table public.seen (made text, statement_timeout text, lock_timeout text, nodes_held bool);
             create function public.note() returns event_trigger language plpgsql security definer as $$
             begin
               insert into public.seen
               select d.object_identity, current_setting('statement_timeout'), current_setting('lock_timeout'),
                      exists (select from pg_locks where pid = pg_backend_pid() and mode = 'AccessExclusiveLock'
                              and relation = to_regclass('wardgraph.nodes'))
               from pg_event_trigger_ddl_commands() d;
             end $$;
             create event trigger note on ddl_command_end execute function public.note()",
        )
        .await
        .unwrap();
    migrate(&database.migration()).await.unwrap();
    let limits = "select distinct statement_timeout, lock_timeout from public.seen where made like 'wardgraph.%'";
    let limits: Vec<(String, String)> =
        client.query(limits, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(limits, [("0".to_owned(), "10min".to_owned())]);
    let built = "select made, nodes_held from public.seen where made = any($1) order by made";
    let names = [
        "edges_rel",
        "nodes_metadata_of_tenant",
        "nodes_props_of_tenant",
        "nodes_words_beside_of_tenant",
        "nodes_words_of_tenant",
    ];
    let names = names.map(|name| format!("wardgraph.{name}"));
    let built: Vec<(String, bool)> =
        client.query(built, &[&&names[..]]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(built, names.map(|name| (name, false)));
    let old = "select count(*) from pg_indexes where indexname = any('{nodes_content_search, nodes_props, nodes_metadata, nodes_classes}')";
    assert_eq!(client.query_one(old, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn what_answers_of_before_tell_of_is_noted_and_nobody_but_their_like_waits() {
    const MIGRATION: &str = include_str!("../../../store/migrations/0047_what_answers_tell_of.sql");
    let database = Cluster::get().database().await;
    let client = database.behind_the_scenes().await;
    client
        .batch_execute(
            r#"insert into wardgraph.idempotency (tenant_id, actor_id, endpoint, key, fingerprint, status, body, created_at) values
               ('acme', 'a', 'e', 'fresh', '', 201, '{"id":"01900000-0000-7000-8000-00000000000a","edges":[{"src":"01900000-0000-7000-8000-00000000000b"}]}', now()),
               ('acme', 'a', 'e', 'old', '', 201, '{"id":"01900000-0000-7000-8000-00000000000c"}', now() - interval '2 days')"#,
        )
        .await
        .unwrap();
    let mut owner = database.connect_as(Role::Owner).await;
    let transaction = owner.transaction().await.unwrap();
    transaction.batch_execute("set local search_path = wardgraph, public").await.unwrap();
    transaction.batch_execute(MIGRATION).await.unwrap();
    // Twice is as good as once.
    transaction.batch_execute(MIGRATION).await.unwrap();
    let held = "select distinct c.relname::text from pg_locks l join pg_class c on c.oid = l.relation
                where l.pid = pg_backend_pid() and l.mode = 'AccessExclusiveLock' and c.relkind = 'r' order by 1";
    let held: Vec<String> = transaction.query(held, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(held, ["idempotency", "idempotency_subjects"]);
    transaction.commit().await.unwrap();
    let noted = "select key || ' ' || right(node_id::text, 1) from wardgraph.idempotency_subjects order by 1";
    let noted: Vec<String> = client.query(noted, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(noted, ["fresh a", "fresh b"]);
    guard::check(&database.logins).await.unwrap();
}
