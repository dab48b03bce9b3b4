//! What opens a client, and who may hold it: nobody holds more than they may, and what opened once does not open again.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_testkit::{App, AppOptions, Cluster, PASSWORD, Person, Signer, registration};

use super::{access, is_believed, log, of_type};

/// Somebody who is an admin of the organization of `owner`.
async fn admin(app: &App, owner: &Person) -> Person {
    let email = "admin@example.com";
    let person = app.person(email).await;
    owner.takes_in(app, &person, "admin").await;
    let credentials = json!({ "email": email, "password": PASSWORD, "organization": owner.caller.tenant });
    Person::of(app, email, &app.stranger().post("/api/v1/auth/login", &credentials).await.ok())
}

#[tokio::test]
async fn nobody_holds_what_opens_more_than_they_may() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let eve = admin(&app, &ada).await;
    let mighty = registration(json!({ "role": "owner", "scopes": ["nodes:read"] }));
    eve.caller.post("/api/v1/clients", &mighty).await.problem(403);
    let owners = app.client_of(&ada, json!({ "role": "owner" })).await;
    let path = format!("/api/v1/clients/{}", owners.id);
    // Neither a secret of one that an owner made, nor its key, nor its role.
    eve.caller.post(&format!("{path}/secrets"), &json!({})).await.problem(403);
    eve.caller.put(&path, &mighty).await.problem(403);
    let key =
        json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [Signer::es256().jwk()] }, "role": "owner" });
    eve.caller.put(&path, &registration(key)).await.problem(403);
    eve.caller.put(&path, &registration(json!({ "role": "developer" }))).await.problem(403);
    owners.token(&[]).await.ok();
    let own = app.client_of(&eve, json!({ "role": "admin" })).await;
    eve.caller.put(&format!("/api/v1/clients/{}", own.id), &mighty).await.problem(403);
    eve.caller.post(&format!("/api/v1/clients/{}/secrets", own.id), &json!({})).await.created();
    ada.caller.post(&format!("{path}/secrets"), &json!({})).await.created();
    // Who was made less a moment ago has a token that says otherwise, until every server knows.
    let sql = "update wardgraph.memberships set role = 'developer' where user_id = $1::text::uuid and organization_id = $2";
    app.database.behind_the_scenes().await.execute(sql, &[&eve.id, &ada.caller.tenant]).await.unwrap();
    let status = eve.caller.post("/api/v1/clients", &registration(json!({}))).await.status;
    assert!(matches!(status.as_u16(), 401 | 403), "{status}");
}

#[tokio::test]
async fn a_client_of_the_operators_gets_a_secret_from_whoever_runs_the_server_and_stays_trusted() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = app.client_of(&ada, json!({ "first_party": true })).await;
    let sql = "update wardgraph.clients set source = 'cli'";
    app.database.behind_the_scenes().await.execute(sql, &[]).await.unwrap();
    let path = format!("/api/v1/clients/{}", client.id);
    ada.caller.post(&format!("{path}/secrets"), &json!({})).await.problem(403);
    assert_eq!(ada.caller.get(&path).await.ok()["secrets"], json!([null]));
    let root = ada.made_administrator(&app).await;
    let made = root.caller.post(&format!("{path}/secrets"), &json!({ "overlap_seconds": 0 })).await.created();
    app.hear().await;
    assert_eq!(client.token(&[]).await.refused(401), "invalid_client");
    let mut next = client.clone();
    next.secret = made["client_secret"].as_str().map(str::to_owned);
    next.token(&[]).await.ok();
    let changed = root.caller.put(&path, &registration(json!({ "first_party": true, "client_name": "renamed" }))).await.ok();
    assert_eq!((&changed["source"], &changed["first_party"]), (&json!("cli"), &json!(true)));
    // What its organization makes of it is its own.
    let sql = "update wardgraph.users set global_role = null where user_id = $1::text::uuid";
    app.database.behind_the_scenes().await.execute(sql, &[&ada.id]).await.unwrap();
    let own = Person::again(&app, "ada@example.com").await;
    assert_eq!(own.caller.put(&path, &registration(json!({ "first_party": true }))).await.ok()["source"], "api");
}

#[tokio::test]
async fn a_secret_does_not_come_back_with_the_way_it_was_used() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let keys = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [Signer::es256().jwk()] } });
    let code = |method: &str| json!({ "grant_types": ["authorization_code"], "role": null, "redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_method": method });
    for (first, between) in [(json!({}), keys), (code("client_secret_basic"), code("none"))] {
        let client = app.client_of(&ada, first.clone()).await;
        let path = format!("/api/v1/clients/{}", client.id);
        assert_eq!(ada.caller.put(&path, &registration(between)).await.ok()["secrets"], json!([]));
        ada.caller.put(&path, &registration(first)).await.ok();
        app.hear().await;
        let fields = [("grant_type", "client_credentials")];
        assert_eq!(client.form("/oauth2/token", &fields).await.refused(401), "invalid_client");
        let made = ada.caller.post(&format!("{path}/secrets"), &json!({})).await.created();
        app.hear().await;
        let mut next = client.clone();
        next.secret = made["client_secret"].as_str().map(str::to_owned);
        assert_ne!(next.form("/oauth2/token", &fields).await.status, 401);
        assert_eq!(client.form("/oauth2/token", &fields).await.refused(401), "invalid_client");
    }
    // Another way to show the same secret is the same secret.
    let client = app.client_of(&ada, json!({})).await;
    let by_post = registration(json!({ "token_endpoint_auth_method": "client_secret_post" }));
    let changed = ada.caller.put(&format!("/api/v1/clients/{}", client.id), &by_post).await.ok();
    assert_eq!(changed["secrets"], json!([null]));
}

#[tokio::test]
async fn what_was_given_for_a_secret_that_ends_at_once_ends_with_it() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = app.client_of(&ada, json!({})).await;
    let path = format!("/api/v1/clients/{}/secrets", client.id);
    let token = client.token(&[]).await.ok();
    ada.caller.post(&path, &json!({ "overlap_seconds": 60 })).await.created();
    app.hear().await;
    assert!(is_believed(&app, access(&token)).await);
    ada.caller.post(&path, &json!({ "overlap_seconds": 0 })).await.created();
    app.hear().await;
    assert!(!is_believed(&app, access(&token)).await);
}

#[tokio::test]
async fn clients_are_listed_page_by_page_the_newest_first() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let eve = app.person("eve@example.com").await;
    app.client_of(&eve, json!({})).await;
    let mut made = Vec::new();
    for _ in 0..3 {
        // Two at one moment.
        let (one, other) = (app.client_of(&ada, json!({})).await.id, app.client_of(&ada, json!({})).await.id);
        made.push([one, other]);
        app.clock.advance(Duration::from_millis(1));
    }
    let (mut seen, mut next, mut pages) = (Vec::<String>::new(), String::new(), 0);
    loop {
        let page = ada.caller.get(&format!("/api/v1/clients?limit=1{next}")).await.ok();
        assert_eq!(page["count"], 1);
        seen.push(page["clients"][0]["client_id"].as_str().unwrap().to_owned());
        pages += 1;
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("&cursor={cursor}");
        let whole = ada.caller.get(&format!("/api/v1/clients?cursor={cursor}")).await.ok();
        assert_eq!(whole["count"], 6 - pages);
        eve.caller.get(&format!("/api/v1/clients?cursor={cursor}")).await.problem(400);
        ada.caller.get(&format!("/api/v1/invitations?cursor={cursor}")).await.problem(400);
    }
    let moments: Vec<_> = seen.chunks(2).map(|pair| made.iter().position(|two| two.iter().all(|id| pair.contains(id)))).collect();
    assert_eq!(moments, [Some(2), Some(1), Some(0)], "{seen:?} {made:?}");
    for (bad, status) in
        [("limit=0", 422), ("limit=1001", 422), ("limit=x", 400), ("cursor=x", 400), ("cursor=", 400), ("of=me", 400)]
    {
        assert_eq!(ada.caller.get(&format!("/api/v1/clients?{bad}")).await.status, status, "{bad}");
    }
}

#[tokio::test]
async fn clients_of_an_organization_that_is_no_more_are_nobody_within_a_second() {
    let listening = || AppOptions { listens: true, ..AppOptions::default() };
    let database = Cluster::get().database().await;
    let (one, two) = (App::over(database.clone(), listening()).await, App::over(database, listening()).await);
    two.clock.advance(Duration::from_millis(1_500));
    let ada = one.person("ada@example.com").await;
    let made = ada.caller.post("/api/v1/clients", &registration(json!({}))).await.created();
    let (here, there) = (one.client(&made), two.client(&made));
    let tokens = [here.token(&[]).await.ok(), there.token(&[]).await.ok()];
    assert!(is_believed(&one, access(&tokens[1])).await && is_believed(&two, access(&tokens[0])).await);
    assert_eq!(ada.caller.delete("/api/v1/users/me").await.status, 204);
    tokio::time::sleep(Duration::from_secs(1)).await;
    for (app, client, token) in [(&one, &here, &tokens[1]), (&two, &there, &tokens[0])] {
        assert_eq!(client.token(&[]).await.refused(401), "invalid_client");
        assert!(!is_believed(app, access(token)).await);
    }
}

/// Waits for what is written once a second.
async fn told(app: &App, sql: &str) -> Option<Value> {
    let client = app.database.behind_the_scenes().await;
    for _ in 0..60 {
        if let Some(row) = client.query_opt(sql, &[]).await.unwrap() {
            return row.get(0);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    None
}

#[tokio::test]
async fn what_is_refused_to_a_client_that_is_known_is_on_record() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let code = json!({ "grant_types": ["authorization_code"], "role": null, "redirect_uris": ["https://app.example/cb"] });
    let client = app.client_of(&ada, code.clone()).await;
    for (fields, error) in [
        (vec![("response_type", "token")], "invalid_request"),
        (vec![("redirect_uri", "https://evil.example/")], "invalid_request"),
        (vec![("redirect_uri", "https://app.example/cb"), ("response_type", "token")], "unsupported_response_type"),
        (vec![("request_uri", "urn:x")], "invalid_request"),
    ] {
        assert_eq!(client.form("/oauth2/par", &fields).await.refused(400), error, "{fields:?}");
    }
    let events = log(&app, &ada.caller.tenant).await;
    let refused = of_type(&events, "authorization.refused");
    assert_eq!(refused.len(), 4, "{events:?}");
    for event in refused {
        assert_eq!(
            (&event["actor"], &event["actor_type"], &event["outcome"]),
            (&json!(client.id), &json!("client"), &json!("refused"))
        );
        assert!(event["payload"]["error"].is_string() && !event.to_string().contains("evil.example"), "{event}");
    }
    let mut public = code;
    public["token_endpoint_auth_method"] = json!("none");
    let public = app.client_of(&ada, public).await;
    assert_eq!(public.form("/oauth2/introspect", &[("token", "x")]).await.refused(400), "unauthorized_client");
    app.gate.record().await.unwrap();
    let sql = "select to_jsonb(e.payload) from wardgraph.events e where e.type = 'access.refused' and e.payload::text like '%not_told%' limit 1";
    assert!(told(&app, sql).await.is_some());
}
