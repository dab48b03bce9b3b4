//! Clients, as they are registered, changed and deleted.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use wardgraph_testkit::{App, AppOptions, Cluster, Person, registration};

use super::{access, is_believed, log, of_type, terms};

#[tokio::test]
async fn a_client_is_registered_seen_changed_and_deleted_by_its_organization_alone() {
    let app = App::start().await;
    let (ada, eve) = (app.person("ada@example.com").await, app.person("eve@example.com").await);
    let made = ada.caller.post("/api/v1/clients", &registration(json!({ "client_name": "import" }))).await.created();
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    assert!(id.starts_with("wgc_") && secret.starts_with("wgcs_"), "{made}");
    let path = format!("/api/v1/clients/{id}");

    let seen = ada.caller.get(&path).await.ok();
    assert!(seen.get("client_secret").is_none() && !seen.to_string().contains(secret));
    assert_eq!((&seen["client_name"], &seen["source"], &seen["secrets"]), (&json!("import"), &json!("api"), &json!([null])));
    assert_eq!(ada.caller.get("/api/v1/clients").await.ok()["count"], 1);
    // Of another organization it is nothing.
    assert_eq!(eve.caller.get("/api/v1/clients").await.ok()["count"], 0);
    let other = registration(json!({ "client_name": "taken over" }));
    eve.caller.get(&path).await.problem(404);
    eve.caller.put(&path, &other).await.problem(404);
    eve.caller.delete(&path).await.problem(404);
    eve.caller.post(&format!("{path}/secrets"), &json!({})).await.problem(404);
    let cut = &path[..path.len() - 1];
    for bad in
        ["/api/v1/clients/x", "/api/v1/clients/%00", "/api/v1/clients/wgc_", &format!("{path}0"), &format!("{path}%00"), cut]
    {
        let status = ada.caller.get(bad).await.status.as_u16();
        assert!(matches!(status, 400 | 404), "{status} for {bad}");
    }
    assert_eq!(ada.caller.get(&path).await.ok(), seen);

    let changed = ada.caller.put(&path, &registration(json!({ "client_name": "export", "scopes": ["nodes:read"] }))).await.ok();
    assert_eq!((&changed["client_name"], &changed["scopes"]), (&json!("export"), &json!(["nodes:read"])));
    assert_eq!(ada.caller.delete(&path).await.status, 204);
    ada.caller.get(&path).await.problem(404);

    let events = log(&app, &ada.caller.tenant).await;
    let told = of_type(&events, "client.updated")[0];
    assert_eq!((&told["subject"], &told["actor"]), (&json!(id), &json!(ada.id)));
    assert_eq!(
        (&told["payload"]["before"]["client_name"], &told["payload"]["after"]["client_name"]),
        (&json!("import"), &json!("export"))
    );
    for event_type in ["client.created", "client.deleted"] {
        assert_eq!(of_type(&events, event_type).len(), 1, "{events:?}");
    }
    assert!(!json!(events).to_string().contains(secret));
}

#[tokio::test]
async fn the_database_holds_no_secret_of_a_client() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = app.client_of(&ada, json!({})).await;
    let superuser = app.database.behind_the_scenes().await;
    for table in ["clients", "client_secrets", "events", "idempotency"] {
        let rows = superuser.query(&format!("select t::text from wardgraph.{table} t"), &[]).await.unwrap();
        let secret = client.secret.as_deref().unwrap();
        assert!(rows.iter().all(|row| !row.get::<_, String>(0).contains(secret)), "{table}");
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_not_registered() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let code = json!({ "grant_types": ["authorization_code"], "role": null, "redirect_uris": ["https://app.example/cb"] });
    let with = |name: &str, value: Value| {
        let mut changes = code.clone();
        changes[name] = value;
        registration(changes)
    };
    ada.caller.post("/api/v1/clients", &registration(code.clone())).await.created();
    for (wrong, field) in [
        (with("redirect_uris", json!([])), "/redirect_uris"),
        (with("redirect_uris", json!(["https://app.example/cb#x"])), "/redirect_uris/0"),
        (with("redirect_uris", json!(["https://app.example/cb", "http://app.example/cb"])), "/redirect_uris/1"),
        (with("redirect_uris", json!(["javascript:alert(1)"])), "/redirect_uris/0"),
        (with("post_logout_redirect_uris", json!(["//evil.example"])), "/post_logout_redirect_uris/0"),
        (with("backchannel_logout_uri", json!("http://127.0.0.1/out")), "/backchannel_logout_uri"),
        (with("backchannel_logout_uri", json!("https://app.example/out#x")), "/backchannel_logout_uri"),
        (with("backchannel_logout_session_required", json!(true)), "/backchannel_logout_session_required"),
        (with("userinfo_signed_response_alg", json!("none")), "/userinfo_signed_response_alg"),
        (with("introspection_signed_response_alg", json!("HS256")), "/introspection_signed_response_alg"),
        (with("jwks_uri", json!("file:///etc/passwd")), "/jwks_uri"),
        (with("role", json!("developer")), "/role"),
        (with("grant_types", json!(["password"])), "/grant_types/0"),
        (with("grant_types", json!(["authorization_code", "authorization_code"])), "/grant_types/1"),
        (with("token_endpoint_auth_method", json!("tls_client_auth")), "/token_endpoint_auth_method"),
        (with("token_endpoint_auth_method", json!("private_key_jwt")), "/jwks"),
        (with("scopes", json!(["nodes:*"])), "/scopes/0"),
        (with("client_name", json!("\u{202e}live")), "/client_name"),
        (registration(json!({ "role": "super_admin" })), "/role"),
        (registration(json!({ "token_endpoint_auth_method": "none" })), "/token_endpoint_auth_method"),
        (with("jwks", json!({ "keys": [{ "kty": "EC", "crv": "P-256", "x": "a", "y": "b", "d": "c" }] })), "/jwks"),
        (with("jwks", json!({ "keys": [] })), "/jwks"),
    ] {
        let faults = ada.caller.post("/api/v1/clients", &wrong).await.problem(422);
        assert_eq!(faults["errors"][0]["field"], field, "{wrong} {faults}");
    }
    assert_eq!(ada.caller.post("/api/v1/clients", &with("owner", json!("me"))).await.status, 400);
}

#[tokio::test]
async fn nobody_gives_a_client_more_than_they_have() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    for scope in ["system:read", "users:write", "shared:write"] {
        let faults = ada.caller.post("/api/v1/clients", &registration(json!({ "scopes": [scope] }))).await.problem(422);
        assert_eq!(faults["errors"][0]["field"], "/scopes/0", "{scope}");
    }
    // Who may not register clients: members who see to nothing, clients, keys, and tokens of others.
    let superuser = app.database.behind_the_scenes().await;
    let wanted = registration(json!({}));
    superuser
        .execute("update wardgraph.memberships set role = 'developer' where user_id = $1::text::uuid", &[&ada.id])
        .await
        .unwrap();
    let developer = Person::again(&app, "ada@example.com").await;
    developer.caller.post("/api/v1/clients", &wanted).await.problem(403);
    developer.caller.get("/api/v1/clients").await.problem(403);
    app.operator("tenant-a", &["clients:write"]).post("/api/v1/clients", &wanted).await.problem(403);
    let eve = app.person("eve@example.com").await;
    let client = app.client_of(&eve, json!({ "scopes": ["clients:write"], "role": "owner" })).await;
    let service = client.caller(&app).await;
    assert_eq!(service.get("/api/v1/clients").await.ok()["count"], 1);
    service.post("/api/v1/clients", &wanted).await.problem(403);
    service.delete(&format!("/api/v1/clients/{}", client.id)).await.problem(403);
    // Nor does one who signed in a while ago.
    app.clock.advance(Duration::from_mins(11));
    eve.caller.post("/api/v1/clients", &wanted).await.asks_for_a_credential();
}

#[tokio::test]
async fn a_secret_follows_another_while_both_are_good() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = app.client_of(&ada, json!({})).await;
    client.token(&[]).await.ok();
    let path = format!("/api/v1/clients/{}/secrets", client.id);
    let made = ada.caller.post(&path, &json!({ "overlap_seconds": 600 })).await.created();
    app.hear().await;
    let mut next = client.clone();
    next.secret = Some(made["client_secret"].as_str().unwrap().to_owned());
    client.token(&[]).await.ok();
    next.token(&[]).await.ok();
    app.clock.advance(Duration::from_secs(599));
    client.token(&[]).await.ok();
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(client.token(&[]).await.refused(401), "invalid_client");
    next.token(&[]).await.ok();
    // At once.
    let fresh = Person::again(&app, "ada@example.com").await;
    let last = fresh.caller.post(&path, &json!({ "overlap_seconds": 0 })).await.created();
    app.hear().await;
    assert_eq!(next.token(&[]).await.refused(401), "invalid_client");
    next.secret = Some(last["client_secret"].as_str().unwrap().to_owned());
    next.token(&[]).await.ok();
    fresh.caller.post(&path, &json!({ "overlap_seconds": -1 })).await.problem(422);
    let public = json!({ "token_endpoint_auth_method": "none", "grant_types": ["authorization_code"], "role": null, "redirect_uris": ["https://a.example/"] });
    let public = app.client_of(&fresh, public).await;
    fresh.caller.post(&format!("/api/v1/clients/{}/secrets", public.id), &json!({})).await.problem(409);
}

/// Waits until something holds, for a second at most.
pub(super) async fn within_a_second(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(1), "{what} took longer");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_client_that_is_changed_is_another_within_a_second_on_every_server() {
    let listening = || AppOptions { listens: true, ..AppOptions::default() };
    let database = Cluster::get().database().await;
    let (one, two) = (App::over(database.clone(), listening()).await, App::over(database, listening()).await);
    // Two servers of a test draw the same ids at the same time.
    two.clock.advance(Duration::from_millis(1_500));
    let ada = one.person("ada@example.com").await;
    let made = ada.caller.post("/api/v1/clients", &registration(json!({}))).await.created();
    let (here, there) = (one.client(&made), two.client(&made));
    let path = format!("/api/v1/clients/{}", here.id);
    let granted = one.client_of(&ada, json!({ "grant_types": ["client_credentials", "refresh_token"] })).await;
    let before = [here.token(&[]).await.ok(), there.token(&[]).await.ok()];

    // Narrower: what it got is taken back, and it gets less.
    ada.caller.put(&path, &registration(json!({ "scopes": ["nodes:read"] }))).await.ok();
    within_a_second("the change", async || there.token(&[("scope", "nodes:write")]).await.status == 400).await;
    within_a_second("what was taken back", async || !is_believed(&two, access(&before[0])).await).await;
    within_a_second("what was taken back", async || !is_believed(&one, access(&before[1])).await).await;
    let narrower = there.token(&[]).await.ok();
    assert!(is_believed(&one, access(&narrower)).await && is_believed(&two, access(&narrower)).await);

    // Another name takes nothing back.
    ada.caller.put(&path, &registration(json!({ "scopes": ["nodes:read"], "client_name": "renamed" }))).await.ok();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(is_believed(&two, access(&narrower)).await);

    // Disabled, it is nobody; enabled, it is somebody again, and what it had stays taken back.
    ada.caller.put(&path, &registration(json!({ "scopes": ["nodes:read"], "disabled": true }))).await.ok();
    within_a_second("the end", async || there.token(&[]).await.status == 401).await;
    within_a_second("the end", async || !is_believed(&two, access(&narrower)).await).await;
    ada.caller.put(&path, &registration(json!({ "scopes": ["nodes:read"] }))).await.ok();
    within_a_second("the return", async || there.token(&[]).await.status == 200).await;
    assert!(!is_believed(&two, access(&narrower)).await);
    let again = there.token(&[]).await.ok();
    assert!(is_believed(&one, access(&again)).await);

    // Deleted, everything of it goes: what it got by people's leave, too.
    let (token, _) = one.grant(&granted, &ada, terms(&["nodes:read"])).await;
    assert!(is_believed(&two, &token).await);
    for id in [&here.id, &granted.id] {
        assert_eq!(ada.caller.delete(&format!("/api/v1/clients/{id}")).await.status, 204);
    }
    within_a_second("the end", async || there.token(&[]).await.status == 401).await;
    within_a_second("the end", async || !is_believed(&two, access(&again)).await).await;
    within_a_second("the end", async || !is_believed(&two, &token).await).await;
}
