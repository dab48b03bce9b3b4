//! The refusal to start: each way to leak, made on purpose in a private database, is seen by the guard.

use tokio_postgres::Client;
use wardgraph_store::{
    Role, StoreError,
    guard::{check, examine},
};
use wardgraph_testkit::{Cluster, Database};

/// Makes a breach inside of a transaction, since roles belong to the whole cluster, and asks the guard there.
async fn leaks(client: &Client, breach: &str) -> Vec<String> {
    client.batch_execute(&format!("begin; {breach}")).await.unwrap_or_else(|error| panic!("`{breach}`: {error:?}"));
    let findings = examine(client).await.unwrap();
    client.batch_execute("rollback").await.unwrap();
    findings.leaks
}

#[track_caller]
fn says(leaks: &[String], sentence: &str, breach: &str) {
    assert!(leaks.iter().any(|leak| leak.contains(sentence)), "`{breach}` should say `{sentence}` and says {leaks:?}");
}

#[tokio::test]
async fn a_migrated_schema_has_no_leak() {
    let database = Cluster::get().database().await;
    let findings = check(&database.logins).await.unwrap();
    assert_eq!(findings.leaks, [""; 0]);
    assert!(findings.leakproof_operators, "the superuser's migration marks them");
}

#[tokio::test]
async fn every_breach_is_named() {
    let database = Cluster::get().database().await;
    let client = database.behind_the_scenes().await;
    for (breach, sentence) in [
        // Roles.
        ("alter role wardgraph_app superuser", "the role wardgraph_app is a superuser or may bypass"),
        ("alter role wardgraph_worker bypassrls", "the role wardgraph_worker is a superuser or may bypass"),
        ("alter role wardgraph_owner bypassrls", "the role wardgraph_owner is a superuser or may bypass"),
        ("alter role wardgraph_identity createrole", "the role wardgraph_identity may create roles"),
        ("alter role wardgraph_app replication", "the role wardgraph_app may create roles, databases or replicas"),
        ("grant wardgraph_admin to wardgraph_app", "the role wardgraph_app is a member of wardgraph_admin"),
        ("grant pg_read_all_data to wardgraph_app", "the role wardgraph_app is a member of pg_read_all_data"),
        ("alter table wardgraph.edges owner to wardgraph_app", "the runtime role wardgraph_app owns"),
        ("grant create on schema public to wardgraph_app", "the runtime role wardgraph_app may create in schema public"),
        (
            "grant create on schema wardgraph to wardgraph_worker",
            "the runtime role wardgraph_worker may create in schema wardgraph",
        ),
        // Tables.
        ("alter table wardgraph.nodes no force row level security", "wardgraph.nodes lacks forced row-level security"),
        ("alter table wardgraph.jobs disable row level security", "wardgraph.jobs lacks forced row-level security"),
        (
            "alter table wardgraph.embeddings_p7 no force row level security",
            "wardgraph.embeddings_p7 lacks forced row-level security",
        ),
        ("create table wardgraph.fresh (tenant_id text not null)", "wardgraph.fresh lacks forced row-level security"),
        ("create view wardgraph.everyone as select node_id from wardgraph.nodes", "wardgraph.everyone is a v"),
        ("create materialized view wardgraph.copy as select node_id from wardgraph.nodes", "wardgraph.copy is a m"),
        (
            "grant select on wardgraph.embeddings_p0 to wardgraph_app",
            "the partition wardgraph.embeddings_p0 is granted to wardgraph_app",
        ),
        (
            "grant select (node_id) on wardgraph.embeddings_p0 to wardgraph_app",
            "the partition wardgraph.embeddings_p0 is granted to wardgraph_app",
        ),
        (
            "grant delete on wardgraph.embeddings_p0 to wardgraph_worker",
            "the partition wardgraph.embeddings_p0 is granted to wardgraph_worker",
        ),
        ("grant select on wardgraph.nodes to public", "wardgraph.nodes is granted to everyone"),
        ("grant select (props) on wardgraph.nodes to public", "wardgraph.nodes is granted to everyone"),
        ("grant truncate on wardgraph.nodes to wardgraph_app", "wardgraph_app may truncate"),
        (
            "grant trigger on wardgraph.nodes to wardgraph_app",
            "wardgraph_app may truncate wardgraph.nodes or hang triggers on it",
        ),
        ("grant update on wardgraph.events to wardgraph_app", "wardgraph_app may change the audit log"),
        ("grant delete on wardgraph.events to wardgraph_admin", "wardgraph_admin may change the audit log"),
        (
            "create function wardgraph.peek() returns bigint language sql security definer as 'select count(*) from wardgraph.nodes'",
            "the function wardgraph.peek() runs with its owner's rights",
        ),
        (
            "create table wardgraph.loose (tenant_id text); alter table wardgraph.loose enable row level security; alter table wardgraph.loose force row level security",
            "wardgraph.loose has a tenant_id that may be null",
        ),
        // Policies.
        (
            "create policy extra on wardgraph.nodes for select to wardgraph_app using (true)",
            "the policy `extra` on nodes is not one of the canonical",
        ),
        (
            "create policy extra on wardgraph.embeddings_p0 for select to wardgraph_app using (true)",
            "the policy `extra` on embeddings_p0",
        ),
        ("drop policy tenant_read on wardgraph.edges", "edges lacks one of the four canonical policies"),
        ("drop policy tenant_update on wardgraph.events", "events lacks one of the four canonical policies"),
        (
            "alter policy tenant_read on wardgraph.nodes using (true)",
            "the policy `tenant_read` on nodes is not one of the canonical",
        ),
        (
            "alter policy tenant_insert on wardgraph.nodes with check (true)",
            "the policy `tenant_insert` on nodes is not one of the canonical",
        ),
        (
            "alter policy tenant_read on wardgraph.nodes using (tenant_id = current_setting('app.current_tenant_id', true))",
            "the policy `tenant_read` on nodes is not one of the canonical",
        ),
        (
            "alter policy tenant_read on wardgraph.embeddings using (tenant_id = any (array[current_setting('app.current_tenant_id', true), '*']))",
            "the policy `tenant_read` on embeddings is not one of the canonical",
        ),
        (
            "alter policy administrator on wardgraph.nodes to wardgraph_admin, wardgraph_app",
            "the policy `administrator` on nodes",
        ),
        ("alter policy administrator on wardgraph.nodes to public", "the policy `administrator` on nodes"),
        (
            "alter policy worker_status on wardgraph.nodes to wardgraph_worker, wardgraph_app",
            "the policy `worker_status` on nodes",
        ),
        ("alter policy queue on wardgraph.jobs to wardgraph_worker, wardgraph_app", "the policy `queue` on jobs"),
        ("create policy extra on wardgraph.jobs for select to wardgraph_app using (true)", "the policy `extra` on jobs"),
        ("alter policy ledger on wardgraph.migrations to public", "the policy `ledger` on migrations"),
    ] {
        says(&leaks(&client, breach).await, sentence, breach);
    }
    assert_eq!(examine(&client).await.unwrap().leaks, [""; 0], "nothing is left of the breaches");
}

#[tokio::test]
async fn a_server_does_not_start_over_a_leak() {
    let database = Cluster::get().database().await;
    database.behind_the_scenes().await.batch_execute("alter table wardgraph.nodes no force row level security").await.unwrap();
    let StoreError::Unsafe(sentence) = check(&database.logins).await.unwrap_err() else { panic!("it is unsafe") };
    assert_eq!(sentence, "refusing to serve: wardgraph.nodes lacks forced row-level security");
}

/// A database whose `role` logs in as somebody else.
async fn with_login(role: Role, change: impl FnOnce(&Database) -> wardgraph_store::Login) -> String {
    let mut database = Cluster::get().database().await;
    let login = change(&database);
    database.logins.insert(role, login);
    match check(&database.logins).await.unwrap_err() {
        StoreError::Unsafe(sentence) => sentence,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_superuser_is_no_runtime_role() {
    for role in Role::SERVING {
        let sentence = with_login(*role, |database| database.superuser.clone()).await;
        assert!(sentence.contains(&format!("the login for {} is `wardgraph_superuser`", role.word())), "{sentence}");
        assert!(sentence.contains("could bypass row-level security"), "{sentence}");
    }
}

#[tokio::test]
async fn a_runtime_role_is_no_other_runtime_role() {
    let sentence = with_login(Role::App, |database| database.logins[&Role::Owner].clone()).await;
    assert!(sentence.contains("the login for app is `wardgraph_owner`: it must be the role wardgraph_app itself"), "{sentence}");
}

#[tokio::test]
async fn a_login_that_takes_the_role_after_it_came_in_is_not_the_role() {
    // `current_user` is right then, and `session_user` could take its own rights back.
    let sentence = with_login(Role::App, |database| {
        let mut login = database.superuser.clone();
        login.options("-c role=wardgraph_app");
        login
    })
    .await;
    assert!(sentence.contains("the login for app is `wardgraph_superuser`"), "{sentence}");
}
