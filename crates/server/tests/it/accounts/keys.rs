//! API keys.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_gate::Proxies;
use wardgraph_testkit::{App, AppOptions, Caller, Person, Reply};

use super::{is_believed, refresh};

const KEYS: &str = "/api/v1/users/me/api-keys";

async fn make(person: &Person, body: Value) -> Value {
    person.caller.post(KEYS, &body).await.created()
}

fn caller(app: &App, key: &Value) -> Caller {
    app.bearer(key["key"].as_str().unwrap())
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_its_owner_may() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let made = make(&ada, json!({ "name": "reader", "scopes": ["nodes:read", "search:read"] })).await;
    let text = made["key"].as_str().unwrap();
    assert!(text.starts_with(made["prefix"].as_str().unwrap()), "{text}");
    let key = caller(&app, &made);
    key.get("/nodes").await.ok();
    key.create_node("no").await.problem(403);
    key.get("/events").await.problem(403);
    let who = key.get("/api/v1/whoami").await.ok();
    assert_eq!((&who["actor_type"], &who["tenant_id"]), (&json!("api_key"), &json!(ada.caller.tenant)));
    assert_eq!(who["permissions"], json!(["nodes:read", "search:read"]));
    // By the other header, and not by both.
    let by_header = |token: &str| app.stranger().request("GET", "/nodes").header("x-api-key", token);
    assert_eq!(Reply::of(by_header(text)).await.status, 200);
    Reply::of(by_header(text).bearer_auth(ada.caller.token.clone().unwrap())).await.problem(401);
    // It is no person: it makes no keys, ends no sessions and sees no account.
    key.get("/api/v1/users/me").await.problem(403);
    key.post(KEYS, &json!({ "name": "more", "scopes": ["nodes:read"] })).await.problem(403);
    // Whatever it writes is its own doing.
    let writer = caller(&app, &make(&ada, json!({ "name": "writer", "scopes": ["kg:write", "events:read"] })).await);
    writer.create_node("yes").await.created();
    let actors: Vec<Value> = ada.caller.events().await.into_iter().filter(|e| e["type"] == "node.created").collect();
    assert_eq!(actors[0]["actor_type"], "api_key");
    // It is listed, and not shown again.
    let listed = ada.caller.get(KEYS).await;
    assert!(!listed.text.contains(text));
    assert_eq!(listed.ok()["count"], 2);
}

#[tokio::test]
async fn scopes_only_narrow_and_what_is_no_scope_is_told() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    for (scopes, field) in [
        (json!(["system:read"]), "/scopes/0"),
        (json!(["nodes:read", "shared:write"]), "/scopes/1"),
        (json!(["nodes:paint"]), "/scopes/0"),
        (json!([]), "/scopes"),
    ] {
        let problem = ada.caller.post(KEYS, &json!({ "name": "k", "scopes": scopes })).await.problem(422);
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    // A role that was taken away takes its keys' rights along.
    let writer = make(&ada, json!({ "name": "writer", "scopes": ["nodes:write"] })).await;
    app.database.behind_the_scenes().await.batch_execute("update wardgraph.memberships set role = 'analyst'").await.unwrap();
    let key = caller(&app, &writer);
    key.get("/nodes").await.ok();
    key.create_node("no").await.problem(403);
}

#[tokio::test]
async fn a_revoked_key_stops_within_a_second_on_every_server() {
    let one = App::with(AppOptions { listens: true, ..AppOptions::default() }).await;
    let other = App::over(one.database.clone(), AppOptions { listens: true, ..AppOptions::default() }).await;
    let ada = one.person("ada@example.com").await;
    let made = make(&ada, json!({ "name": "k", "scopes": ["nodes:read"] })).await;
    let keys = [caller(&one, &made), caller(&other, &made)];
    for key in &keys {
        assert!(is_believed(key).await);
    }
    let path = format!("{KEYS}/{}", made["id"].as_str().unwrap());
    assert_eq!(ada.caller.delete(&path).await.status, 204);
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    for key in &keys {
        assert!(!is_believed(key).await);
    }
    ada.caller.delete(&path).await.problem(404);
}

#[tokio::test]
async fn a_key_that_was_met_needs_no_database() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let key = caller(&app, &make(&ada, json!({ "name": "k", "scopes": ["nodes:read"] })).await);
    assert!(is_believed(&key).await);
    app.database.behind_the_scenes().await.batch_execute("alter table wardgraph.api_keys rename to gone").await.unwrap();
    for _ in 0..3 {
        assert!(is_believed(&key).await);
    }
}

#[tokio::test]
async fn a_key_ends_and_works_from_its_networks_alone() {
    let app = App::with(AppOptions { proxies: Proxies { count: 1, ..Proxies::default() }, ..AppOptions::default() }).await;
    let ada = app.person("ada@example.com").await;
    let networks = json!(["192.0.2.0/24", "2001:db8::7"]);
    let made =
        make(&ada, json!({ "name": "k", "scopes": ["nodes:read"], "expires_in": 3_600, "allowed_networks": networks })).await;
    assert_eq!(made["allowed_networks"], json!(["192.0.2.0/24", "2001:db8::7/128"]));
    let from = |address: &str| {
        let request = caller(&app, &made).request("GET", "/nodes").header("x-forwarded-for", address);
        async move { Reply::of(request).await.status.as_u16() }
    };
    assert_eq!((from("192.0.2.7").await, from("2001:db8::7").await, from("::ffff:192.0.2.9").await), (200, 200, 200));
    assert_eq!((from("198.51.100.1").await, from("2001:db8::8").await), (403, 403));
    app.clock.advance(Duration::from_secs(3_600));
    assert_eq!(from("192.0.2.7").await, 401);
    let ada = Person::again(&app, &ada.email).await;
    let bad = json!({ "name": "k", "scopes": ["nodes:read"], "allowed_networks": ["192.0.2.0/33"] });
    assert_eq!(ada.caller.post(KEYS, &bad).await.problem(422)["errors"][0]["field"], "/allowed_networks/0");
}

#[tokio::test]
async fn a_replaced_key_lives_on_for_as_long_as_was_asked() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let old = make(&ada, json!({ "name": "k", "scopes": ["nodes:read"] })).await;
    let rotate = async |id: &Value, body: Value| ada.caller.post(&format!("{KEYS}/{}/rotate", id.as_str().unwrap()), &body).await;
    let new = rotate(&old["id"], json!({ "overlap_seconds": 3_600 })).await.created();
    assert_eq!((&new["name"], &new["scopes"]), (&old["name"], &old["scopes"]));
    assert_ne!(new["key"], old["key"]);
    assert!(is_believed(&caller(&app, &old)).await && is_believed(&caller(&app, &new)).await);
    app.clock.advance(Duration::from_secs(3_600));
    assert!(!is_believed(&caller(&app, &old)).await && is_believed(&caller(&app, &new)).await);
    // Its maker's token is over by now, too.
    let ada = Person::again(&app, &ada.email).await;
    let rotate = async |id: &Value, body: Value| ada.caller.post(&format!("{KEYS}/{}/rotate", id.as_str().unwrap()), &body).await;
    rotate(&old["id"], json!({})).await.problem(404);
    let at_once = rotate(&new["id"], json!({ "overlap_seconds": 0 })).await.created();
    app.hear().await;
    assert!(!is_believed(&caller(&app, &new)).await && is_believed(&caller(&app, &at_once)).await);
    rotate(&at_once["id"], json!({ "overlap_seconds": 60 })).await.problem(422);
}

#[tokio::test]
async fn keys_that_nobody_should_believe_are_refused_alike() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let made = make(&ada, json!({ "name": "k", "scopes": ["nodes:read"] })).await;
    let good = made["key"].as_str().unwrap();
    let chance = wardgraph_kernel::SystemChance;
    let id = wardgraph_kernel::ApiKeyId::new(wardgraph_kernel::Timestamp::UNIX_EPOCH, &chance);
    let unknown = wardgraph_identity::api_key::make(id, &chance).0.expose().to_owned();
    // The id of a real key, and another secret with its right checksum.
    let real: wardgraph_kernel::ApiKeyId = serde_json::from_value(made["id"].clone()).unwrap();
    let other = wardgraph_identity::api_key::make(real, &chance).0.expose().to_owned();
    for bad in [&good[..good.len() - 1], &good.replace("wg_", "wg_0"), "wg_", &unknown, &other] {
        let problem = app.bearer(bad).get("/nodes").await.problem(401);
        assert_eq!(problem["detail"], "the API key is unknown, revoked or expired", "{bad}");
    }
    app.bearer(good).get("/nodes").await.ok();
}

#[tokio::test]
async fn when_a_key_was_used_last_is_noted() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let made = make(&ada, json!({ "name": "k", "scopes": ["nodes:read"] })).await;
    assert_eq!(ada.caller.get(KEYS).await.ok()["api_keys"][0]["last_used_at"], Value::Null);
    caller(&app, &made).get("/nodes").await.ok();
    let keeping = tokio::spawn(app.gate.clone().keep_records());
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if ada.caller.get(KEYS).await.ok()["api_keys"][0]["last_used_at"].is_string() {
            keeping.abort();
            return;
        }
    }
    panic!("it never was");
}

#[tokio::test]
async fn another_role_holds_within_a_second_on_every_server() {
    let one = App::with(AppOptions { listens: true, ..AppOptions::default() }).await;
    let other = App::over(one.database.clone(), AppOptions { listens: true, ..AppOptions::default() }).await;
    let ada = one.person("ada@example.com").await;
    let bob = super::people::member(&one, &ada, "bob@example.com", "developer").await;
    let made = make(&bob, json!({ "name": "k", "scopes": ["nodes:read", "nodes:write"] })).await;
    let node = json!({ "classes": ["Person"], "props": {} });
    let keys = [caller(&one, &made), caller(&other, &made)];
    for key in &keys {
        key.post("/nodes", &node).await.created();
    }
    // However it changes: here by whoever runs the database.
    let role = async |role: &str| {
        let sql = "update wardgraph.memberships set role = $1 where organization_id = $2 and user_id = $3::text::uuid";
        let client = one.database.behind_the_scenes().await;
        assert_eq!(client.execute(sql, &[&role, &ada.caller.tenant, &bob.id]).await.unwrap(), 1);
        tokio::time::sleep(Duration::from_millis(1_000)).await;
    };
    role("analyst").await;
    for key in &keys {
        key.post("/nodes", &node).await.problem(403);
        assert!(is_believed(key).await, "it may do less, and lives");
    }
    // What the tokens say is what the person might: the next ones say what they may.
    assert!(!is_believed(&bob.caller).await && is_believed(&ada.caller).await);
    let tokens = refresh(&one, &bob.refresh_token, "").await.ok();
    let refreshed = Person::of(&one, "bob@example.com", &tokens);
    refreshed.caller.post("/nodes", &node).await.problem(403);
    // And back.
    role("developer").await;
    for key in &keys {
        key.post("/nodes", &node).await.created();
    }
}
