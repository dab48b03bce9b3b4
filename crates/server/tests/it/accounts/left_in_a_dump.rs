//! What the database tells of browsers, clients and devices to whoever reads all of it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use wardgraph_gate::browser::{SESSION, form_token};
use wardgraph_testkit::{App, Window};

use super::secrets::dump;
use crate::front::{
    devices::{ask, decide, player, poll},
    kit::{Site, post},
};

/// The part of a token that nobody but its holder knows, as a dump would show its octets. `id`: how many come before it.
fn octets_of(token: &str, prefix: &str, id: usize) -> String {
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(prefix).unwrap_or_else(|| panic!("{prefix}"))).unwrap();
    bytes[id..].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(of: &Value, name: &str) -> String {
    of[name].as_str().unwrap_or_else(|| panic!("{name} in {of}")).to_owned()
}

#[tokio::test]
async fn a_dump_holds_nothing_that_opens_what_browsers_clients_and_devices_hold() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    ada.adds_an_app(&app).await;
    app.mail_everything().await;
    let not_me = app.mails.token("ada@example.com", "not-me");
    let (bob, window) = (app.person("bob@example.com").await, Window::open(&app));
    window.sign_in("bob@example.com").await;
    let cookie = window.cookie(SESSION).unwrap();

    // A client's secret, one that it gets besides, and what comes of a code; a code that waits, and one that was pushed.
    let client = app.client_of(&bob, json!({})).await;
    let another = bob.caller.post(&format!("/api/v1/clients/{}/secrets", client.id), &json!({})).await.created();
    let service = client.token(&[]).await.ok();
    let site = Site::of(&app, &bob.caller.tenant, json!({})).await;
    let tokens = site.tokens(&app, &window, &[("scope", "openid offline_access nodes:read")]).await;
    let waiting = site.code(&window, &[]).await;
    let mut pushing = site.parameters(&[]);
    pushing.push(("client_secret".into(), site.secret.unwrap().into()));
    let pushed = post(&app, "/oauth2/par", &pushing).await.created();
    // A device that waits, and one that was let in.
    let player = player(&app, &bob.caller.tenant, json!({})).await;
    let scope = [("scope", "openid offline_access nodes:read")];
    let [asked, allowed] = [ask(&app, &player, &scope).await.ok(), ask(&app, &player, &scope).await.ok()];
    assert_eq!(decide(&window, &allowed, "allow").await.status, 200);
    let on_device = poll(&app, &player, &allowed).await.ok();
    // A client that registers itself, and the token by which one does.
    let initial = bob.caller.post("/api/v1/initial-tokens", &json!({})).await.created();
    let said = json!({ "client_name": "Graph Atlas", "redirect_uris": ["https://app.example/cb"], "scope": "openid" });
    let registered = app.stranger().request("POST", "/oauth2/register").json(&said);
    let registered = wardgraph_testkit::Reply::of(registered).await.created();

    let reference = text(&pushed, "request_uri");
    let mut secrets = vec![
        form_token(&cookie),
        client.secret.clone().unwrap(),
        text(&another, "client_secret"),
        text(&registered, "client_secret"),
        text(&service, "access_token"),
        text(&tokens, "access_token"),
        text(&tokens, "id_token"),
        text(&on_device, "access_token"),
        text(&asked, "user_code"),
        text(&asked, "user_code").replace('-', ""),
    ];
    let kept = [
        (not_me, "", 16),
        (cookie, "wgs_", 16),
        (waiting, "wgo_", 16),
        (text(&asked, "device_code"), "wgd_", 16),
        (text(&allowed, "device_code"), "wgd_", 16),
        (text(&initial, "initial_token"), "wgit_", 16),
        (reference, "urn:ietf:params:oauth:request_uri:", 16),
        (text(&tokens, "refresh_token"), "wgr_", 20),
        (text(&on_device, "refresh_token"), "wgr_", 20),
    ];
    for (token, prefix, id) in kept {
        secrets.push(octets_of(&token, prefix, id));
        secrets.push(token);
    }
    secrets.push(text(&registered, "registration_access_token"));
    let everything = dump(&app).await;
    assert!(everything.contains(&client.id) && everything.contains("bob@example.com"), "the dump is one");
    for secret in secrets {
        assert!(secret.len() >= 8 && !everything.contains(&secret), "{secret}");
    }
}
