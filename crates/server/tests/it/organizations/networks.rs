//! From where an organization lets people call.

use serde_json::{Value, json};
use wardgraph_gate::Proxies;
use wardgraph_testkit::{App, AppOptions, Caller, PASSWORD, Person, Reply};

use super::{joins, organization};
use crate::front::{
    devices::{ask, decide, player, poll},
    kit::{Site, VERIFIER, somebody},
};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";

const ME: &str = "/api/v1/users/me";
const INSIDE: &str = "192.0.2.7";
const OUTSIDE: &str = "198.51.100.7";

/// A server that is told where its callers are.
async fn app() -> App {
    App::with(AppOptions { proxies: Proxies { count: 1, ..Proxies::default() }, ..AppOptions::default() }).await
}

async fn read(caller: &Caller, address: &str, path: &str) -> Reply {
    Reply::of(caller.request("GET", path).header("x-forwarded-for", address)).await
}

async fn send(caller: &Caller, address: &str, (method, path): (&str, &str), body: &Value) -> Reply {
    Reply::of(caller.request(method, path).header("x-forwarded-for", address).json(body)).await
}

fn networks() -> Value {
    json!({ "allowed_networks": ["192.0.2.0/24"] })
}

#[tokio::test]
async fn an_admin_shuts_no_owner_out() {
    let app = app().await;
    let ada = app.person("ada@example.com").await;
    let admin = joins(&app, &ada, "admin@example.com", "admin").await;
    let key = ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    let path = organization(&ada);
    send(&admin.caller, INSIDE, ("PATCH", &path), &networks()).await.ok();
    app.hear().await;
    for person in [&ada, &admin] {
        read(&person.caller, INSIDE, "/nodes").await.ok();
        read(&person.caller, OUTSIDE, "/nodes").await.problem(403);
        // Wherever they are, their account is theirs.
        read(&person.caller, OUTSIDE, ME).await.ok();
    }
    // A key is nobody's account, and an admin is no owner.
    read(&app.bearer(key["key"].as_str().unwrap()), OUTSIDE, "/api/v1/whoami").await.problem(403);
    let open = json!({ "allowed_networks": [] });
    send(&admin.caller, OUTSIDE, ("PATCH", &path), &open).await.problem(403);
    send(&ada.caller, OUTSIDE, ("PATCH", &path), &networks()).await.problem(409);
    assert_eq!(send(&ada.caller, OUTSIDE, ("PATCH", &path), &open).await.ok()["allowed_networks"], json!([]));
    app.hear().await;
    read(&admin.caller, OUTSIDE, "/nodes").await.ok();
}

#[tokio::test]
async fn sessions_begin_and_go_on_inside_but_for_owners() {
    let app = app().await;
    let ada = app.person("ada@example.com").await;
    let dev = joins(&app, &ada, "dev@example.com", "developer").await;
    let at_home = Person::again(&app, "dev@example.com").await;
    let tenant = ada.caller.tenant.as_str();
    send(&ada.caller, INSIDE, ("PATCH", &organization(&ada)), &networks()).await.ok();
    app.hear().await;
    let stranger = app.stranger();
    let signs_in = async |address: &str, email: &str, organization: &str| {
        let credentials = json!({ "email": email, "password": PASSWORD, "organization": organization });
        send(&stranger, address, ("POST", "/api/v1/auth/login"), &credentials).await
    };
    let goes_on = async |address: &str| {
        send(&stranger, address, ("POST", "/api/v1/auth/refresh"), &json!({ "refresh_token": dev.refresh_token })).await
    };
    let switches = async |address: &str| {
        let body = json!({ "refresh_token": at_home.refresh_token, "organization": tenant });
        send(&stranger, address, ("POST", "/api/v1/auth/switch"), &body).await
    };
    assert!(signs_in(OUTSIDE, "dev@example.com", tenant).await.problem(403)["detail"].as_str().unwrap().contains("address"));
    goes_on(OUTSIDE).await.problem(403);
    switches(OUTSIDE).await.problem(403);
    // What was refused used nothing up.
    signs_in(INSIDE, "dev@example.com", tenant).await.ok();
    goes_on(INSIDE).await.ok();
    switches(INSIDE).await.ok();
    // Other organizations let them in from everywhere, and an owner comes to open the door.
    signs_in(OUTSIDE, "dev@example.com", &at_home.caller.tenant).await.ok();
    let ada = Person::of(&app, "ada@example.com", &signs_in(OUTSIDE, "ada@example.com", tenant).await.ok());
    send(&ada.caller, OUTSIDE, ("PATCH", &organization(&ada)), &json!({ "allowed_networks": [] })).await.ok();
    signs_in(OUTSIDE, "dev@example.com", tenant).await.ok();
}

#[tokio::test]
async fn a_browser_is_where_its_person_is_and_not_its_client() {
    let app = app().await;
    let (ada, hers) = somebody(&app, "ada@example.com").await;
    let (bob, his) = somebody(&app, "bob@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let elsewhere = Site::of(&app, &bob.caller.tenant, json!({})).await;
    let device = player(&app, &bob.caller.tenant, json!({})).await;
    let started = ask(&app, &device, &[]).await.ok();
    send(&ada.caller, INSIDE, ("PATCH", &organization(&ada)), &networks()).await.ok();
    app.hear().await;
    // Who works elsewhere signs in at her client from where they are; the client itself asks from where it may.
    let code = site.code(&his, &[]).await;
    assert_eq!(site.token(&app, &[("code", &code)]).await.refused(401), "invalid_client");
    let redeem = [
        ("client_id", site.id.as_str()),
        ("client_secret", site.secret.unwrap()),
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", site.redirect.as_str()),
        ("code_verifier", VERIFIER),
    ];
    let request = app.stranger().posting_form("/oauth2/token", &redeem);
    Reply::of(request.header("x-forwarded-for", INSIDE)).await.ok();
    let out = his.get(&format!("/oauth2/logout?client_id={}", site.id)).await;
    assert!(out.status == 200 && out.text.contains("Graph Atlas"), "{}", out.text);
    // Who works there lets nobody's client in from where they may not call.
    for client in [&site, &elsewhere] {
        assert_eq!(client.send(&hers, &[]).await["error"], "access_denied");
    }
    let code = started["user_code"].as_str().unwrap();
    hers.get(&format!("/oauth2/device?user_code={code}")).await;
    let decision = [("user_code", code), ("organization", &ada.caller.tenant), ("decision", "allow")];
    assert_eq!(hers.send("/oauth2/device/decision", &decision).await.status, 404);
    let inside = hers.request("GET", &elsewhere.request(&[])).header("x-forwarded-for", INSIDE);
    assert!(Reply::of(inside).await.text.contains("action=\"/oauth2/consent\""));
}

#[tokio::test]
async fn nobody_is_given_tokens_outside() {
    let app = app().await;
    let bob = app.person("bob@example.com").await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    // Clients of another organization: what is asked is where the person's lets anybody call from.
    let elsewhere = &bob.caller.tenant;
    let site = Site::of(&app, elsewhere, json!({ "grant_types": ["authorization_code", "refresh_token", EXCHANGE] })).await;
    let device = player(&app, elsewhere, json!({})).await;
    let service = app.client_of(&ada, json!({ "role": "analyst" })).await;
    let tokens = site.tokens(&app, &window, &[("scope", "openid offline_access nodes:write")]).await;
    let code = site.code(&window, &[("scope", "openid nodes:write")]).await;
    let started = ask(&app, &device, &[]).await.ok();
    assert_eq!(decide(&window, &started, "allow").await.status, 200);
    service.token(&[]).await.ok();
    send(&ada.caller, INSIDE, ("PATCH", &organization(&ada)), &networks()).await.ok();
    app.hear().await;

    let [access, refresh] = ["access_token", "refresh_token"].map(|name| tokens[name].as_str().unwrap());
    let none = [("redirect_uri", ""), ("code_verifier", "")];
    let exchange = [("grant_type", EXCHANGE), ("subject_token", access), ("subject_token_type", ACCESS)];
    let renew = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let ways = [vec![("code", code.as_str())], [&exchange[..], &none].concat(), [&renew[..], &none].concat()];
    for way in &ways {
        assert_eq!(site.token(&app, way).await.refused(400), "invalid_grant", "{way:?}");
    }
    assert_eq!(poll(&app, &device, &started).await.refused(400), "invalid_grant");
    assert_eq!(service.token(&[]).await.refused(401), "invalid_client");

    // Inside all of it is as good as it was.
    let own = [("client_id", site.id.as_str()), ("client_secret", site.secret.unwrap())];
    let redeem = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", site.redirect.as_str()),
        ("code_verifier", VERIFIER),
    ];
    for way in [&redeem[..], &exchange, &renew] {
        let request = app.stranger().posting_form("/oauth2/token", &[&own[..], way].concat());
        Reply::of(request.header("x-forwarded-for", INSIDE)).await.ok();
    }
    let request = service.posting("/oauth2/token", &[("grant_type", "client_credentials")]);
    Reply::of(request.header("x-forwarded-for", INSIDE)).await.ok();
}
