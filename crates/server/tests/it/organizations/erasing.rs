//! What is left of an organization whose grace is over: nothing but its log.

use std::collections::BTreeSet;

use serde_json::json;
use wardgraph_organizations::organization::{KEPT, PURGED};
use wardgraph_testkit::{App, Cluster, GRACE, Person, Reply};

use super::{act, delete, enters, event, joins, number, organization};

/// The tables with a column that names a tenant or an organization.
const NAMING: &str = "select distinct c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
    where c.relnamespace = 'wardgraph'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and a.attname in ('tenant_id', 'organization_id')
      and c.relname <> 'organizations' order by 1";

/// Those of them whose rows go with the row of their organization.
const FOLLOWING: &str = "select distinct c.relname::text from pg_constraint k join pg_class c on c.oid = k.conrelid
    where k.contype = 'f' and k.confrelid = 'wardgraph.organizations'::regclass and k.confdeltype = 'c'";

#[tokio::test]
async fn every_table_of_a_tenant_is_erased_or_said_to_stay() {
    let database = Cluster::get().database().await;
    let client = database.behind_the_scenes().await;
    let names =
        async |sql: &str| -> BTreeSet<String> { client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect() };
    let (naming, following) = (names(NAMING).await, names(FOLLOWING).await);
    let purged: BTreeSet<String> = PURGED.iter().map(|table| (*table).to_owned()).collect();
    let kept: BTreeSet<String> = KEPT.iter().map(|(table, _)| (*table).to_owned()).collect();
    let known: BTreeSet<String> = purged.iter().chain(&kept).chain(&following).cloned().collect();
    assert_eq!(
        naming.difference(&known).collect::<Vec<_>>(),
        [""; 0],
        "nobody says what becomes of these with their organization"
    );
    assert!(purged.is_disjoint(&kept) && purged.is_subset(&naming) && kept.is_subset(&naming));
    assert!(KEPT.iter().all(|(_, reason)| reason.len() > 20));
    // A table of tomorrow is seen.
    client.batch_execute("create table wardgraph.of_tomorrow (tenant_id text not null)").await.unwrap();
    assert_eq!(names(NAMING).await.difference(&known).collect::<Vec<_>>(), ["of_tomorrow"]);
}

#[tokio::test]
async fn an_organization_whose_grace_is_over_leaves_its_log_and_nothing_else() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let bob = joins(&app, &ada, "bob@example.com", "developer").await;
    let neighbour = app.person("neighbour@example.com").await;
    let mut embedded = Vec::new();
    for person in [&ada, &neighbour] {
        let keyed = json!({ "classes": ["A"], "props": { "text": "deleted when it has a vector" } });
        let made = Reply::of(person.caller.request("POST", "/nodes").header("idempotency-key", "k").json(&keyed)).await.created();
        embedded.push((&person.caller, made["id"].as_str().unwrap().to_owned()));
        let node = person.caller.create_node("something to be found").await.created();
        let id = node["id"].as_str().unwrap();
        let other = person.caller.create_node("something else").await.created();
        person.caller.post("/edges", &json!({ "src": id, "rel": "KNOWS", "dst": other["id"] })).await.created();
        person.caller.patch(&format!("/nodes/{id}"), &json!({ "props": { "n": 1 } })).await.ok();
        person.caller.delete(&format!("/nodes/{}", other["id"].as_str().unwrap())).await;
        person.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
        app.client_of(person, json!({ "role": "developer" })).await;
    }
    app.embed_everything().await;
    for (caller, id) in embedded {
        assert_eq!(caller.delete(&format!("/nodes/{id}")).await.status, 204);
    }
    let tenant = ada.caller.tenant.clone();
    let there = theirs(&app, &tenant).await;
    for table in ["deleted_embeddings", "deleted_nodes", "embedding_history", "idempotency_subjects", "node_versions"] {
        assert!(there.iter().any(|(name, rows)| name == table && *rows > 0), "{table} is empty: {there:?}");
    }
    delete(&ada.caller, &organization(&ada), &json!({ "confirm": tenant })).await.ok();
    // Not a moment earlier.
    app.clock.advance(GRACE - std::time::Duration::from_secs(60));
    assert_eq!(app.purge_organizations().await, 0);
    let again = enters(&app, "ada@example.com", &tenant).await;
    app.clock.advance(std::time::Duration::from_secs(61));
    // And not restored a moment later.
    act(&again.caller, &format!("{}/restore", organization(&ada))).await.problem(404);
    let before = theirs(&app, &neighbour.caller.tenant).await;
    assert_eq!(app.purge_organizations().await, 1);
    assert_eq!(app.purge_organizations().await, 0);
    assert_eq!(theirs(&app, &neighbour.caller.tenant).await, before, "a neighbour's rows");
    let left: Vec<_> = theirs(&app, &tenant).await.into_iter().filter(|(_, rows)| *rows > 0).map(|(table, _)| table).collect();
    let may_stay = ["changes", "events", "logouts"];
    assert!(left.iter().all(|table| may_stay.contains(&table.as_str())), "{left:?}");
    assert!(left.contains(&"events".to_owned()));
    let gone = format!("select count(*) from wardgraph.organizations where organization_id = '{tenant}'");
    assert_eq!(number(&app, &gone).await, 0);
    assert_eq!(event(&app, &tenant, "organization.purged").await["before"]["name"], "Grace Hopper's organization");
    event(&app, "_system", "organization.purged").await;
    // Nothing that opened it opens anything.
    app.hear().await;
    again.caller.get("/nodes").await.problem(401);
    let at_home = Person::again(&app, "bob@example.com").await;
    at_home.caller.get("/api/v1/whoami").await.ok();
    assert_ne!(at_home.caller.tenant, tenant);
    assert_eq!(at_home.id, bob.id);
}

/// How many rows of each table are a tenant's.
async fn theirs(app: &App, tenant: &str) -> Vec<(String, i64)> {
    let client = app.database.behind_the_scenes().await;
    let mut counts = Vec::new();
    for row in client.query(NAMING, &[]).await.unwrap() {
        let table: String = row.get(0);
        let column = "select attname::text from pg_attribute where attrelid = ('wardgraph.' || $1)::regclass and attname in ('tenant_id', 'organization_id')";
        let column: String = client.query_one(column, &[&table]).await.unwrap().get(0);
        let sql = format!("select count(*) from wardgraph.{table} where {column} = $1");
        counts.push((table, client.query_one(&sql, &[&tenant]).await.unwrap().get(0)));
    }
    counts
}
