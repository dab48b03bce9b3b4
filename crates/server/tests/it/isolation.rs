//! What Postgres itself refuses, whatever the server would say: raw SQL as the roles that serve.

use serde_json::json;
use tokio_postgres::{Client, error::SqlState};
use wardgraph_store::Role;
use wardgraph_testkit::{App, Caller, Database};

/// Tables whose rows are a tenant's.
const TABLES: [&str; 4] = ["nodes", "edges", "embeddings", "events"];
const NEW_NODE: &str = "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, content, embedding_status, created_at, updated_at)
                        values ($1, $2::text::uuid, '{Shared}', '{\"text\": \"a quokka is everyones friend\"}', '{}', '{}', '[]', 'a quokka is everyones friend', 'ready', now(), now())";
const SHARED: &str = "01900000-0000-7000-8000-000000000001";

/// A tenant's rows in every table, and a shared node with its vector, written by the administrator.
async fn seeded() -> (App, Caller) {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    app.known(&owner).await;
    app.embed_everything().await;
    let admin = app.database.connect_as(Role::Admin).await;
    admin.execute(NEW_NODE, &[&"*", &SHARED]).await.unwrap();
    let vector = "insert into wardgraph.embeddings (tenant_id, node_id, model, embedding, embedded_at)
                  select '*', $1::text::uuid, model, embedding, embedded_at from wardgraph.embeddings limit 1";
    assert_eq!(admin.execute(vector, &[&SHARED]).await.unwrap(), 1);
    (app, owner)
}

/// A connection of `role` in a tenant: any text, and not only what a tenant may be called.
async fn within(database: &Database, role: Role, tenant: &str) -> Client {
    let client = database.connect_as(role).await;
    client.execute("select set_config('app.current_tenant_id', $1, false)", &[&tenant]).await.unwrap();
    client
}

async fn count(client: &Client, table: &str, filter: &str) -> i64 {
    client.query_one(&format!("select count(*) from wardgraph.{table} {filter}"), &[]).await.unwrap().get(0)
}

#[track_caller]
fn denied<T: std::fmt::Debug>(result: Result<T, tokio_postgres::Error>, what: &str) {
    let error = result.expect_err(what);
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{what}: {error:?}");
}

#[tokio::test]
async fn without_a_tenant_there_is_no_row_not_even_a_shared_one() {
    let (app, _) = seeded().await;
    for role in [Role::App, Role::Worker] {
        let unset = app.database.connect_as(role).await;
        let empty = within(&app.database, role, "").await;
        // What a transaction's `SET LOCAL` leaves behind is the empty text, and not nothing.
        let left = app.database.connect_as(role).await;
        left.batch_execute("begin; set local app.current_tenant_id = 'tenant-a'; commit").await.unwrap();
        let tables = TABLES.iter().filter(|table| role == Role::App || **table != "edges");
        for table in tables {
            for client in [&unset, &empty, &left] {
                assert_eq!(count(client, table, "").await, 0, "{role:?} in {table}");
            }
            assert!(
                count(&within(&app.database, role, "tenant-a").await, table, "").await > 0,
                "{role:?} in {table} sees its own"
            );
        }
    }
}

#[tokio::test]
async fn a_tenant_sees_its_own_rows_and_the_shared_ones_alone() {
    let (app, _) = seeded().await;
    let neighbour = within(&app.database, Role::App, "tenant-b").await;
    for table in TABLES {
        assert_eq!(count(&neighbour, table, "where tenant_id <> '*'").await, 0, "{table}");
    }
    assert_eq!(count(&neighbour, "nodes", "").await, 2, "what everyone knows, and what was seeded");
    // Names that only look like a tenant's or like everyone's.
    for name in ["tenant-a ", "TENANT-A", "%", "tenant-a' or true --", "tenant-a\u{200b}"] {
        assert_eq!(count(&within(&app.database, Role::App, name).await, "nodes", "where tenant_id <> '*'").await, 0, "{name}");
    }
}

#[tokio::test]
async fn rows_of_another_tenant_are_neither_made_nor_changed() {
    let (app, _) = seeded().await;
    let before = count(&app.database.behind_the_scenes().await, "nodes", "").await;
    let neighbour = within(&app.database, Role::App, "tenant-b").await;
    let id = "01900000-0000-7000-8000-00000000000b";
    for tenant in ["tenant-a", "*", ""] {
        denied(neighbour.execute(NEW_NODE, &[&tenant, &id]).await, tenant);
    }
    assert_eq!(neighbour.execute("update wardgraph.nodes set props = '{}' where tenant_id = 'tenant-a'", &[]).await.unwrap(), 0);
    assert_eq!(neighbour.execute("delete from wardgraph.nodes where tenant_id = 'tenant-a'", &[]).await.unwrap(), 0);
    // Its own row cannot be pushed over the border either.
    assert_eq!(neighbour.execute(NEW_NODE, &[&"tenant-b", &id]).await.unwrap(), 1);
    for tenant in ["tenant-a", "*"] {
        denied(
            neighbour.execute("update wardgraph.nodes set tenant_id = $1 where tenant_id = 'tenant-b'", &[&tenant]).await,
            tenant,
        );
    }
    let job = "insert into wardgraph.jobs (tenant_id, kind, subject_id, due_at) values ($1, 'embed', gen_random_uuid(), now())";
    denied(neighbour.execute(job, &[&"tenant-a"]).await, "a job of another tenant");
    assert_eq!(count(&app.database.behind_the_scenes().await, "nodes", "").await, before + 1);
}

#[tokio::test]
async fn a_key_tells_nothing_of_another_tenants_rows() {
    let (app, owner) = seeded().await;
    let node = json!({ "classes": ["A"], "props": { "text": "one" }, "external_id": "the-same" });
    let (mine, theirs) =
        (owner.post("/nodes", &node).await.created(), app.owner("tenant-b").post("/nodes", &node).await.created());
    assert_ne!(mine["id"], theirs["id"]);
    // The same primary key in another tenant is no collision, so that no collision can be asked about.
    let neighbour = within(&app.database, Role::App, "tenant-b").await;
    assert_eq!(neighbour.execute(NEW_NODE, &[&"tenant-b", &mine["id"].as_str().unwrap()]).await.unwrap(), 1);
}

#[tokio::test]
async fn shared_rows_are_not_a_tenants_to_change() {
    let (app, owner) = seeded().await;
    let client = within(&app.database, Role::App, "tenant-a").await;
    assert_eq!(client.execute("update wardgraph.nodes set props = '{}' where tenant_id = '*'", &[]).await.unwrap(), 0);
    assert_eq!(client.execute("delete from wardgraph.nodes where tenant_id = '*'", &[]).await.unwrap(), 0);
    // Not even for whoever managed to call himself `*`.
    let star = within(&app.database, Role::App, "*").await;
    assert_eq!(star.execute("update wardgraph.nodes set props = '{}' where tenant_id = '*'", &[]).await.unwrap(), 0);
    assert_eq!(star.execute("delete from wardgraph.nodes", &[]).await.unwrap(), 0);
    denied(star.execute(NEW_NODE, &[&"*", &"01900000-0000-7000-8000-00000000000c"]).await, "a shared row");
    owner.delete(&format!("/nodes/{SHARED}")).await.problem(404);
    assert_eq!(count(&app.database.behind_the_scenes().await, "nodes", "where tenant_id = '*' and props ? 'text'").await, 1);
}

#[tokio::test]
async fn shared_rows_are_everyones_to_read() {
    let (app, _) = seeded().await;
    for tenant in ["tenant-a", "tenant-b"] {
        let caller = app.owner(tenant);
        let node = caller.get(&format!("/nodes/{SHARED}")).await.ok();
        assert_eq!((&node["id"], &node["tenant_id"]), (&json!(SHARED), &json!(null)));
        for mode in ["text", "vector", "hybrid"] {
            let found = caller.post("/search", &json!({ "query": "quokka", "mode": mode })).await.ok();
            let shared = found["results"].as_array().unwrap().iter().find(|result| result["id"] == SHARED);
            assert_eq!(shared.unwrap_or_else(|| panic!("{mode} finds it for {tenant}"))["tenant_id"], json!(null));
        }
    }
}

#[tokio::test]
async fn an_edge_to_a_shared_node_is_422() {
    let (app, owner) = seeded().await;
    let node = owner.create_node("mine").await.created();
    for (src, dst) in [(node["id"].as_str().unwrap(), SHARED), (SHARED, node["id"].as_str().unwrap()), (SHARED, SHARED)] {
        owner.post("/edges", &json!({ "src": src, "rel": "KNOWS", "dst": dst })).await.problem(422);
    }
    assert_eq!(count(&app.database.behind_the_scenes().await, "edges", "where rel = 'KNOWS'").await, 1);
}

#[tokio::test]
async fn row_level_security_cannot_be_switched_off() {
    let (app, _) = seeded().await;
    for role in Role::SERVING.iter().copied().filter(|role| *role != Role::Identity) {
        let client = within(&app.database, role, "tenant-b").await;
        client.batch_execute("set row_security = off").await.unwrap();
        denied(client.query("select node_id from wardgraph.nodes", &[]).await, "reading with row_security off");
    }
    for role in Role::SERVING {
        let client = app.database.connect_as(*role).await;
        for sql in [
            "alter table wardgraph.nodes disable row level security",
            "alter table wardgraph.nodes no force row level security",
            "drop policy tenant_read on wardgraph.nodes",
            "create policy mine on wardgraph.nodes using (true)",
            "alter table wardgraph.nodes owner to current_user",
            "grant select on wardgraph.embeddings_p0 to current_user",
            "create function wardgraph.f() returns int language sql as 'select 1'",
            "create view public.everyone as select node_id from wardgraph.nodes",
            "create table public.copy (id int)",
            "truncate wardgraph.nodes cascade",
            "copy wardgraph.nodes to program 'cat'",
            "select pg_read_file('postgresql.conf')",
            "select * from pg_authid",
            "call wardgraph.isolate('wardgraph.nodes', 'public')",
            "alter role current_user bypassrls",
        ] {
            denied(client.batch_execute(sql).await, &format!("{role:?}: {sql}"));
        }
    }
}

#[tokio::test]
async fn no_role_takes_another() {
    let (app, _) = seeded().await;
    for role in Role::ALL {
        let client = app.database.connect_as(*role).await;
        for other in Role::ALL.iter().filter(|other| *other != role) {
            denied(client.batch_execute(&format!("set role {}", other.name())).await, &format!("{role:?} as {other:?}"));
            denied(
                client.batch_execute(&format!("set session authorization {}", other.name())).await,
                &format!("{role:?} as {other:?}"),
            );
        }
        denied(client.batch_execute("set role wardgraph_superuser").await, "the superuser");
    }
}

#[tokio::test]
async fn the_audit_log_is_only_added_to() {
    let (app, _) = seeded().await;
    let before = count(&app.database.behind_the_scenes().await, "events", "").await;
    assert!(before > 0);
    for role in Role::SERVING {
        let client = within(&app.database, *role, "tenant-a").await;
        for sql in [
            "update wardgraph.events set outcome = 'success'",
            "delete from wardgraph.events",
            "truncate wardgraph.events",
            "insert into wardgraph.events select * from wardgraph.events on conflict (tenant_id, event_id) do update set outcome = 'success'",
        ] {
            denied(client.batch_execute(sql).await, &format!("{role:?}: {sql}"));
        }
    }
    assert_eq!(count(&app.database.behind_the_scenes().await, "events", "").await, before);
}

#[tokio::test]
async fn a_partition_is_reached_through_its_parent_alone() {
    let (app, _) = seeded().await;
    let superuser = app.database.behind_the_scenes().await;
    let partitions: Vec<String> = superuser
        .query("select distinct tableoid::regclass::text from wardgraph.embeddings", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(!partitions.is_empty());
    for role in Role::SERVING {
        let client = within(&app.database, *role, "tenant-a").await;
        for partition in &partitions {
            for sql in [format!("select 1 from {partition}"), format!("delete from {partition}"), format!("truncate {partition}")]
            {
                denied(client.batch_execute(&sql).await, &format!("{role:?}: {sql}"));
            }
        }
    }
}

#[tokio::test]
async fn the_worker_moves_a_nodes_status_and_nothing_else_of_it() {
    let (app, _) = seeded().await;
    let worker = within(&app.database, Role::Worker, "tenant-a").await;
    for column in ["props", "content", "classes", "metadata", "version", "tenant_id", "external_id", "updated_at"] {
        denied(worker.batch_execute(&format!("update wardgraph.nodes set {column} = {column}")).await, column);
    }
    denied(worker.batch_execute("delete from wardgraph.nodes").await, "deleting nodes");
    denied(worker.execute(NEW_NODE, &[&"tenant-a", &SHARED]).await, "making nodes");
    denied(worker.batch_execute("select 1 from wardgraph.edges").await, "reading edges");
    let moved = worker.execute("update wardgraph.nodes set embedding_status = 'failed'", &[]).await.unwrap();
    assert_eq!(moved, 2, "its own tenant's two, and not the shared one");
}

#[tokio::test]
async fn the_queue_is_closed_to_requests_and_open_to_the_worker() {
    let (app, _) = seeded().await;
    let client = within(&app.database, Role::App, "tenant-a").await;
    // Its own tenant's jobs a request makes due anew, and it sees no other's.
    assert_eq!(count(&within(&app.database, Role::App, "tenant-b").await, "jobs", "").await, 0);
    let waiting =
        "insert into wardgraph.jobs (tenant_id, kind, subject_id, due_at) values ('tenant-b', 'embed', gen_random_uuid(), now())";
    app.database.behind_the_scenes().await.batch_execute(waiting).await.unwrap();
    for sql in ["update wardgraph.jobs set dead = true", "delete from wardgraph.jobs"] {
        assert_eq!(client.execute(sql, &[]).await.unwrap(), 0, "{sql}");
    }
    for sql in ["update wardgraph.jobs set tenant_id = 'tenant-a'", "update wardgraph.jobs set kind = 'purge'"] {
        denied(client.batch_execute(sql).await, sql);
    }
    let identity = within(&app.database, Role::Identity, "tenant-a").await;
    for table in ["nodes", "edges", "embeddings", "events", "jobs", "migrations"] {
        denied(identity.batch_execute(&format!("select 1 from wardgraph.{table}")).await, table);
    }
}
