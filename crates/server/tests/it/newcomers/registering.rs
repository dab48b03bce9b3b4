//! Dynamic registration (RFC 7591), and what a client does with its registration (RFC 7592).

use serde_json::{Value, json};
use wardgraph_http::Joining;
use wardgraph_testkit::{App, OWN_ISS, Reply};

use super::{application, count, joining, place, register, send, text};
use crate::front::kit::{Site, agree, answer, somebody};

fn site_of(made: &Value) -> Site {
    let redirect = made["redirect_uris"][0].as_str().unwrap().to_owned();
    Site { id: text(made, "client_id").to_owned(), redirect, secret: None }
}

#[tokio::test]
async fn a_program_registers_itself_and_somebody_lets_it_in() {
    let app = App::start().await;
    let made = register(&app, None, &application(json!({ "unknown": [1], "client_name#de": "Atlas" }))).await;
    assert_eq!(made.headers["cache-control"], "no-store");
    let made = made.created();
    assert!(text(&made, "client_id").starts_with("wgc_") && text(&made, "registration_access_token").starts_with("wgrt_"));
    assert_eq!(made["registration_client_uri"], format!("{OWN_ISS}{}", place(&made)));
    assert_eq!((&made["scope"], &made["client_name"]), (&json!("openid email nodes:read"), &json!("Graph Atlas")));
    assert_eq!(made["response_types"], json!(["code"]));
    assert!(made.get("client_secret").is_none() && made.get("unknown").is_none() && made["client_id_issued_at"].is_i64());

    let (_, window) = somebody(&app, "ada@example.com").await;
    let site = site_of(&made);
    let asked = window.get(&site.request(&[])).await;
    assert!(asked.text.contains("Not verified") && !asked.text.contains("this computer"), "{}", asked.text);
    let code = answer(&agree(&window, asked).await, &site.redirect)["code"].clone();
    let tokens = site.token(&app, &[("code", &code)]).await.ok();
    let granted = app.bearer(text(&tokens, "access_token"));
    granted.get("/nodes").await.ok();
    granted.post("/nodes", &json!({ "classes": ["A"], "props": {} })).await.problem(403);
    // It is nobody's: what it does stands in the log of whoever let it, and in the system's.
    assert_eq!(
        count(&app, "select count(*) from wardgraph.events where type = 'client.created' and tenant_id = '_system'").await,
        1
    );
}

#[tokio::test]
async fn a_program_that_leads_to_this_computer_is_told_of_as_such() {
    let app = App::start().await;
    let (_, window) = somebody(&app, "ada@example.com").await;
    for uri in ["http://127.0.0.1/cb", "http://localhost:3000/cb", "com.example.app:/cb"] {
        let made = register(&app, None, &application(json!({ "redirect_uris": [uri] }))).await.created();
        let asked = window.get(&site_of(&made).request(&[])).await;
        assert!(asked.text.contains("this computer"), "{uri}: {}", asked.text);
    }
}

#[tokio::test]
async fn the_metadata_says_whether_clients_register_themselves() {
    for (how, says) in [(Joining::Closed, false), (Joining::ByToken, true), (Joining::Open, true)] {
        let app = joining(how).await;
        for path in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
            let published = app.stranger().get(path).await.ok();
            let expected = if says { json!(format!("{OWN_ISS}/oauth2/register")) } else { Value::Null };
            assert_eq!(published["registration_endpoint"], expected, "{how:?}");
            assert_eq!(published["client_id_metadata_document_supported"], false);
        }
    }
    let closed = joining(Joining::Closed).await;
    assert_eq!(register(&closed, None, &application(json!({}))).await.refused(403), "unauthorized_client");
    assert_eq!(register(&closed, Some("wgit_x"), &application(json!({}))).await.refused(403), "unauthorized_client");
}

#[tokio::test]
async fn what_cannot_be_registered_is_told_in_the_standards_words() {
    let app = App::start().await;
    for (change, word) in [
        (json!({ "redirect_uris": [] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["http://app.example/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://app.example/cb#x"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://user@app.example/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["javascript:alert(1)"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": vec!["https://app.example/cb"; 51] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": "https://app.example/cb" }), "invalid_redirect_uri"),
        (
            json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_basic" }),
            "invalid_client_metadata",
        ),
        (json!({ "grant_types": ["implicit"] }), "invalid_client_metadata"),
        (json!({ "response_types": ["token"] }), "invalid_client_metadata"),
        (json!({ "scope": "system:read users:write" }), "invalid_client_metadata"),
        (json!({ "token_endpoint_auth_method": "private_key_jwt" }), "invalid_client_metadata"),
        (json!({ "jwks_uri": "http://169.254.169.254/keys" }), "invalid_client_metadata"),
        (json!({ "logo_uri": "http://127.0.0.1:22/" }), "invalid_client_metadata"),
        (json!({ "software_statement": "eyJhbGciOiJub25lIn0.e30." }), "unapproved_software_statement"),
    ] {
        assert_eq!(register(&app, None, &application(change.clone())).await.refused(400), word, "{change}");
    }
    let raw = app.stranger().request("POST", "/oauth2/register").body("{\"redirect_uris\": [}");
    assert_eq!(Reply::of(raw).await.refused(400), "invalid_client_metadata");
    assert_eq!(count(&app, "select count(*) from wardgraph.clients").await, 0);
    // What is more than may be had is left out; nothing makes it anybody's, or trusted.
    let sly = json!({ "scope": "nodes:read users:write", "first_party": true, "role": "owner", "organization_id": "org_a" });
    let made = register(&app, None, &application(sly)).await.created();
    assert_eq!(made["scope"], "nodes:read");
    let sql = "select count(*) from wardgraph.clients where organization_id is null and not first_party and role is null and source = 'dynamic'";
    assert_eq!(count(&app, sql).await, 1);
}

#[tokio::test]
async fn a_registration_token_is_good_for_its_own_client_until_it_is_used() {
    let app = App::start().await;
    let (one, other) = (
        register(&app, None, &application(json!({}))).await.created(),
        register(&app, None, &application(json!({}))).await.created(),
    );
    let (path, token) = (place(&one), text(&one, "registration_access_token").to_owned());
    let said =
        application(json!({ "client_id": one["client_id"], "client_name": "Atlas 2", "client_uri": "https://app.example/" }));
    // Nobody else's, nobody's, none, two, and what is no bearer token.
    let theirs = text(&other, "registration_access_token");
    for wrong in [Some(theirs), Some("wgrt_x"), Some(&token[..token.len() - 1]), None] {
        for (method, body) in [("GET", None), ("PUT", Some(&said)), ("DELETE", None)] {
            let reply = send(&app, method, &path, wrong, body).await;
            assert!(reply.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer "));
            assert_eq!(reply.refused(401), "invalid_token", "{method} {wrong:?}");
        }
    }
    let nobodys = send(&app, "GET", "/oauth2/register/wgc_nobody", Some(&token), None).await;
    assert_eq!(nobodys.refused(401), "invalid_token");

    let read = send(&app, "GET", &path, Some(&token), None).await.ok();
    assert_eq!((&read["registration_access_token"], &read["client_name"]), (&json!(token), &json!("Graph Atlas")));

    let changed = send(&app, "PUT", &path, Some(&token), Some(&said)).await.ok();
    assert_eq!((&changed["client_name"], &changed["client_uri"]), (&json!("Atlas 2"), &json!("https://app.example/")));
    let next = text(&changed, "registration_access_token").to_owned();
    assert_ne!(next, token);
    // The one from before is good for nothing any more: who stole it comes too late, or is found out by the client.
    assert_eq!(send(&app, "GET", &path, Some(&token), None).await.refused(401), "invalid_token");

    for (wrong, what) in [
        (application(json!({})), "no client_id"),
        (application(json!({ "client_id": other["client_id"] })), "another's"),
        (application(json!({ "client_id": one["client_id"], "registration_access_token": next })), "what the server gave"),
        (application(json!({ "client_id": one["client_id"], "client_secret": "chosen by myself" })), "a secret of its own"),
        (application(json!({ "client_id": one["client_id"], "scope": "users:write" })), "more"),
    ] {
        assert_eq!(send(&app, "PUT", &path, Some(&next), Some(&wrong)).await.refused(400), "invalid_client_metadata", "{what}");
    }
    // It takes a secret from now on, and gets one.
    let secret = application(json!({ "client_id": one["client_id"], "token_endpoint_auth_method": "client_secret_post" }));
    let changed = send(&app, "PUT", &path, Some(&next), Some(&secret)).await.ok();
    assert!(text(&changed, "client_secret").starts_with("wgcs_") && changed["client_secret_expires_at"] == 0);
    let last = text(&changed, "registration_access_token");
    assert!(send(&app, "GET", &path, Some(last), None).await.ok().get("client_secret").is_none());

    assert_eq!(send(&app, "DELETE", &path, Some(last), None).await.status, 204);
    assert_eq!(send(&app, "GET", &path, Some(last), None).await.refused(401), "invalid_token");
    // Nothing that opens is kept as it is.
    let superuser = app.database.behind_the_scenes().await;
    for table in ["clients", "events", "changes"] {
        let rows = superuser.query(&format!("select t::text from wardgraph.{table} t"), &[]).await.unwrap();
        assert!(rows.iter().all(|row| !row.get::<_, String>(0).contains(theirs)), "{table}");
    }
}

#[tokio::test]
async fn who_has_a_stolen_registration_token_gets_nothing_by_what_people_agreed_to() {
    let app = App::start().await;
    let made = register(&app, None, &application(json!({}))).await.created();
    let (_, window) = somebody(&app, "ada@example.com").await;
    let site = site_of(&made);
    site.code(&window, &[]).await;
    assert!(answer(&window.get(&site.request(&[("prompt", "none")])).await, &site.redirect).contains_key("code"));
    let said = application(json!({
        "client_id": made["client_id"], "redirect_uris": ["https://app.example/cb", "https://evil.example/cb"],
    }));
    send(&app, "PUT", &place(&made), Some(text(&made, "registration_access_token")), Some(&said)).await.ok();
    app.hear().await;
    let evil = Site { redirect: "https://evil.example/cb".into(), ..site };
    let told = answer(&window.get(&evil.request(&[("prompt", "none")])).await, &evil.redirect);
    assert_eq!(told["error"], "consent_required");
}

#[tokio::test]
async fn an_organization_that_takes_a_client_over_has_it_alone() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let token = ada.caller.post("/api/v1/initial-tokens", &json!({})).await.created();
    let made = register(&app, Some(text(&token, "initial_token")), &application(json!({}))).await.created();
    let path = format!("/api/v1/clients/{}", text(&made, "client_id"));
    let seen = ada.caller.get(&path).await.ok();
    assert_eq!((&seen["source"], &seen["client_name"]), (&json!("dynamic"), &json!("Graph Atlas")));
    let eve = app.person("eve@example.com").await;
    eve.caller.get(&path).await.problem(404);
    let own = json!({
        "client_name": "Ours", "grant_types": ["authorization_code"], "token_endpoint_auth_method": "none",
        "redirect_uris": ["https://ours.example/cb"], "scopes": ["nodes:read"],
    });
    ada.caller.put(&path, &own).await.ok();
    let registration_token = text(&made, "registration_access_token");
    assert_eq!(send(&app, "GET", &place(&made), Some(registration_token), None).await.refused(401), "invalid_token");
}

/// Nothing of a client that is no organization's is seen by one.
#[tokio::test]
async fn a_client_of_nobody_is_seen_by_no_organization() {
    let app = App::start().await;
    let made = register(&app, None, &application(json!({}))).await.created();
    let ada = app.person("ada@example.com").await;
    assert_eq!(ada.caller.get("/api/v1/clients").await.ok()["count"], 0);
    let path = format!("/api/v1/clients/{}", text(&made, "client_id"));
    ada.caller.get(&path).await.problem(404);
    ada.caller.delete(&path).await.problem(404);
}
