//! The statements of every room, held against the schema: prepared and allowed as each of their roles, bringing what they name, and saying whose rows
//! they mean.

use std::collections::BTreeSet;

use serde_json::Value;
use tokio_postgres::{Client, error::SqlState};
use wardgraph_graph::search::Searches;
use wardgraph_store::{Role, Space, StatementInfo};
use wardgraph_testkit::Cluster;

fn statements() -> Vec<&'static StatementInfo> {
    wardgraph_server::wire::statements(Searches::of(&Space::new("it's a model", 768)))
}

#[test]
fn every_statement_has_a_name_of_its_own_and_somebody_who_runs_it() {
    let mut names = BTreeSet::new();
    for statement in statements() {
        assert!(names.insert(statement.name), "two statements are called `{}`", statement.name);
        assert!(!statement.roles.is_empty(), "nobody runs `{}`", statement.name);
        assert!(!statement.roles.contains(&Role::Owner), "the owner serves nobody, and `{}` is his", statement.name);
    }
    assert!(names.len() > 15, "the list has shrunk: {names:?}");
}

#[tokio::test]
async fn what_is_asked_on_a_lane_takes_the_same_parameters_and_brings_the_same_columns() {
    let database = Cluster::get().database().await;
    let client = database.connect_as(Role::App).await;
    client.batch_execute("set search_path = wardgraph, public").await.unwrap();
    let all = statements();
    let mut swift = 0;
    for (statement, light) in all.iter().filter_map(|statement| Some((statement, statement.swift?))) {
        assert!(all.iter().any(|known| known.name == light.name && known.sql == light.sql), "`{}` is not prepared", light.name);
        assert!(light.roles.contains(&Role::App), "lanes are the App role's");
        let (whole, light) = (client.prepare(statement.sql).await.unwrap(), client.prepare(light.sql).await.unwrap());
        assert_eq!(whole.params(), light.params());
        let types = |statement: &tokio_postgres::Statement| {
            statement.columns().iter().map(|column| column.type_().clone()).collect::<Vec<_>>()
        };
        assert_eq!(types(&whole), types(&light), "`{}`", statement.name);
        swift += 1;
    }
    assert!(swift >= 2, "nothing is read on a lane any more");
}

/// Planning asks for the rights as running does, and preparing does not.
async fn allowed(client: &Client, sql: &str) -> Result<(), tokio_postgres::Error> {
    client.batch_execute("set search_path = wardgraph, public").await?;
    client.prepare(sql).await?;
    client.batch_execute(&format!("explain (generic_plan) {sql}")).await
}

#[tokio::test]
async fn every_statement_is_prepared_and_allowed_as_each_of_its_roles() {
    let database = Cluster::get().database().await;
    for role in Role::SERVING {
        let client = database.connect_as(*role).await;
        for statement in statements().into_iter().filter(|statement| statement.roles.contains(role)) {
            allowed(&client, statement.sql).await.unwrap_or_else(|error| panic!("`{}` as {role:?}: {error}", statement.name));
        }
    }
    let refused = allowed(&database.connect_as(Role::Identity).await, "select node_id from nodes").await.unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
}

/// The columns that each statement brings.
async fn columns(client: &Client, statements: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    for (name, sql) in statements {
        let prepared = client.prepare(sql).await.unwrap();
        all.push(((*name).to_owned(), prepared.columns().iter().map(|column| column.name().to_owned()).collect()));
    }
    all
}

#[tokio::test]
async fn no_statement_brings_a_column_that_it_did_not_name() {
    let database = Cluster::get().database().await;
    let client = database.behind_the_scenes().await;
    client.batch_execute("set search_path = wardgraph, public").await.unwrap();
    let ours: Vec<_> = statements().into_iter().map(|statement| (statement.name, statement.sql)).collect();
    let star = [("star", "select * from nodes where tenant_id = $1")];
    let (before, star_before) = (columns(&client, &ours).await, columns(&client, &star).await);
    client
        .batch_execute(
            "do $$ declare t text; begin foreach t in array array['nodes', 'edges', 'embeddings', 'events', 'jobs', 'node_versions', 'deleted_nodes', 'deleted_edges'] loop
                          execute format('alter table wardgraph.%s add column of_tomorrow text', t); end loop; end $$",
        )
        .await
        .unwrap();
    assert_eq!(columns(&client, &ours).await, before);
    assert_ne!(columns(&client, &star).await, star_before, "the question sees a star");
}

const TENANT_TABLES: &[&str] = &[
    "nodes",
    "edges",
    "embeddings",
    "embedding_history",
    "events",
    "jobs",
    "idempotency",
    "node_versions",
    "deleted_nodes",
    "deleted_edges",
    "deleted_embeddings",
    "idempotency_subjects",
    "data_keys",
    "changes",
    "roles",
    "grants",
];
/// The queue is everyone's: these look for due work of all tenants, and bring no content. And what was used is written down for all at once.
const ACROSS_TENANTS: &[&str] = &[
    "gate.idempotency.due",
    "gate.idempotency.withhold_everywhere",
    "graph.embedding.claim",
    "graph.embedding.depth",
    "graph.embedding.full",
    "graph.embedding.renew",
    "graph.purge.claim",
    "graph.purge.depth",
    "graph.search.lacking",
    "organizations.review.claim",
    "organizations.used.grants_of_clients",
    "organizations.used.grants_of_members",
    "store.changes.poll",
    "store.changes.forget",
    "vault.stale",
    "vault.count",
    "vault.used",
];

/// The scans of tenant tables in a statement's plan that no condition binds to a tenant. Planned as the superuser, whom row-level security
/// does not bind: what is left is what the statement says by itself.
async fn unbound(client: &Client, sql: &str) -> Vec<String> {
    let planned = client.query(&format!("explain (generic_plan, verbose, format json) {sql}"), &[]).await;
    // A parameter's place needs the simple protocol.
    assert!(planned.is_err() || !sql.contains("$1"));
    let messages = client.simple_query(&format!("explain (generic_plan, verbose, format json) {sql}")).await.unwrap();
    let text: String = messages
        .iter()
        .filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
        .collect();
    let plan: Value = serde_json::from_str(&text).unwrap();
    let (mut scans, mut conditions) = (Vec::new(), String::new());
    walk(&plan, &mut scans, &mut conditions);
    scans.retain(|alias| !conditions.contains(&format!("{alias}.tenant_id")));
    scans
}

fn walk(plan: &Value, scans: &mut Vec<String>, conditions: &mut String) {
    match plan {
        Value::Array(plans) => plans.iter().for_each(|plan| walk(plan, scans, conditions)),
        Value::Object(node) => {
            let table = node.get("Relation Name").and_then(Value::as_str).unwrap_or_default();
            let ours = TENANT_TABLES.iter().any(|name| table == *name || table.starts_with(&format!("{name}_p")));
            let scan = node.get("Node Type").and_then(Value::as_str).is_some_and(|kind| kind.contains("Scan"));
            if ours && scan {
                scans.push(node["Alias"].as_str().unwrap().to_owned());
            }
            for (key, value) in node {
                match value {
                    Value::String(text) if key.ends_with("Cond") || key.ends_with("Filter") => {
                        conditions.push_str(text);
                        conditions.push('\n');
                    }
                    _ => walk(value, scans, conditions),
                }
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn every_statement_names_the_tenant_besides_row_level_security() {
    let database = Cluster::get().database().await;
    let client = database.behind_the_scenes().await;
    client.batch_execute("set search_path = wardgraph, public").await.unwrap();
    let mut faults: Vec<String> = Vec::new();
    for statement in statements().into_iter().filter(|statement| !ACROSS_TENANTS.contains(&statement.name)) {
        let (name, sql) = (statement.name, statement.sql);
        let unbound = unbound(&client, sql).await;
        faults.extend((!unbound.is_empty()).then(|| format!("`{name}` reads rows of any tenant: {unbound:?}")));
        let touches = sql.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| TENANT_TABLES.contains(&word));
        let says =
            ["tenant_id = $1", "tenant_id = any(array[$1, '*'])", "select $1"].iter().any(|predicate| sql.contains(predicate));
        faults.extend((touches && !says).then(|| format!("`{name}` does not say whose rows it means")));
    }
    assert_eq!(faults, [""; 0]);
    for blind in [
        "select node_id from nodes where node_id = $1",
        "delete from embeddings where node_id = $1",
        "select e.model from embeddings e join nodes n using (tenant_id, node_id) where n.external_id = $1 and exists (select from edges where src = n.node_id)",
    ] {
        assert_ne!(unbound(&client, blind).await, [""; 0], "nothing is seen of `{blind}`");
    }
    for across in ACROSS_TENANTS {
        let sql = statements().into_iter().find(|statement| statement.name == *across).unwrap().sql;
        assert!(
            !["nodes", "edges", "embeddings", "events", "content", "props"].iter().any(|word| sql.contains(word)),
            "{across}"
        );
    }
}
