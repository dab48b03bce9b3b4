//! Devices without a browser: from the code that they show to their tokens.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_testkit::{App, OWN_ISS, Reply, Window};

use super::kit::{Site, claims, events, post, somebody};

pub(super) const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const ASK: &str = "/oauth2/device_authorization";

/// A client on devices: a public one, but for what `change` says.
pub(crate) async fn player(app: &App, organization: &str, change: Value) -> Site {
    let mut registered = json!({
        "name": "Graph Player", "auth_method": "none", "grant_types": [DEVICE, "refresh_token"], "redirect_uris": [""], "post_logout_redirect_uris": [],
        "scopes": ["openid", "profile", "offline_access", "nodes:read", "nodes:write"],
    });
    registered.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    Site::of(app, organization, registered).await
}

/// Asks for a code, as the client does.
pub(crate) async fn ask(app: &App, site: &Site, fields: &[(&str, &str)]) -> Reply {
    let own = [("client_id", site.id.as_str())].into_iter().chain(site.secret.map(|secret| ("client_secret", secret)));
    let fields: Vec<_> = own.chain(fields.iter().copied()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    post(app, ASK, &fields).await
}

/// Asks whether somebody has decided.
pub(crate) async fn poll(app: &App, site: &Site, started: &Value) -> Reply {
    let code = started["device_code"].as_str().unwrap();
    let fields = [("grant_type", DEVICE), ("device_code", code), ("redirect_uri", ""), ("code_verifier", "")];
    site.token(app, &fields).await
}

/// The same, once it may.
pub(super) async fn poll_later(app: &App, site: &Site, started: &Value) -> Reply {
    app.clock.advance(Duration::from_secs(60));
    poll(app, site, started).await
}

/// Enters a code.
pub(super) async fn enter(window: &Window, code: &Value) -> Reply {
    window.get("/oauth2/device").await;
    window.send("/oauth2/device", &[("user_code", code.as_str().unwrap())]).await
}

/// Enters a code and decides.
pub(crate) async fn decide(window: &Window, started: &Value, decision: &str) -> Reply {
    let page = enter(window, &started["user_code"]).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let organization = page.field("organization");
    let code = page.field("user_code");
    let fields = [("user_code", code.as_str()), ("organization", &organization), ("decision", decision)];
    window.send("/oauth2/device/decision", &fields).await
}

/// Tokens of a device that the person of this window lets in.
pub(super) async fn connect(app: &App, site: &Site, window: &Window) -> Value {
    let started = ask(app, site, &[]).await.ok();
    assert_eq!(decide(window, &started, "allow").await.status, 200);
    poll(app, site, &started).await.ok()
}

#[tokio::test]
async fn a_person_lets_a_device_in_and_it_acts_for_them() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = player(&app, &ada.caller.tenant, json!({})).await;
    let reply = ask(&app, &site, &[("scope", "openid nodes:read offline_access")]).await;
    assert_eq!(reply.headers["cache-control"], "no-store");
    let started = reply.ok();
    let code = started["user_code"].as_str().unwrap();
    let uri = format!("{OWN_ISS}/oauth2/device");
    assert_eq!(
        (&started["verification_uri"], &started["expires_in"], &started["interval"]),
        (&json!(uri), &json!(600), &json!(5))
    );
    assert_eq!(started["verification_uri_complete"], json!(format!("{uri}?user_code={code}")));

    assert_eq!(poll(&app, &site, &started).await.refused(400), "authorization_pending");
    let question = enter(&window, &started["user_code"]).await;
    for part in [
        "<strong>Graph Player</strong>",
        code,
        "read nodes",
        "know that you are who you are",
        "ada@example.com",
        "do not allow it",
    ] {
        assert!(question.text.contains(part), "{part} in {}", question.text);
    }
    assert_eq!(
        poll_later(&app, &site, &started).await.refused(400),
        "authorization_pending",
        "a code that was entered is not allowed"
    );
    let done = decide(&window, &started, "allow").await;
    assert!(done.status == 200 && done.text.contains("The device is connected"), "{}", done.text);

    let tokens = poll_later(&app, &site, &started).await.ok();
    assert_eq!((&tokens["token_type"], &tokens["scope"]), (&json!("Bearer"), &json!("nodes:read offline_access openid")));
    let (id, access) = (claims(&tokens["id_token"]), claims(&tokens["access_token"]));
    assert_eq!((&id["sub"], &id["aud"], &id["acr"]), (&json!(ada.id), &json!(site.id), &json!("aal1")));
    assert_eq!(
        (&access["sub"], &access["client_id"], &access["tenant_id"]),
        (&json!(ada.id), &json!(site.id), &json!(ada.caller.tenant))
    );
    assert!(id.get("nonce").is_none() && tokens.get("issued_token_type").is_none());
    let device = app.bearer(tokens["access_token"].as_str().unwrap());
    assert_eq!(device.get("/nodes").await.status, 200);
    device.create_node("not allowed").await.problem(403);
    device.get("/api/v1/users/me").await.problem(403);
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    assert_eq!(claims(&site.token(&app, &refresh).await.ok()["access_token"])["sid"], access["sid"]);
    for (kind, count) in [("asked", 1), ("opened", 2), ("allowed", 1), ("denied", 0)] {
        assert_eq!(events(&app, &format!("device_authorization.{kind}")).await, count, "{kind}");
    }
    assert_eq!(events(&app, "consent.given").await, 1);

    // What was allowed is seen and taken back as what is agreed to elsewhere.
    let page = window.get("/account/applications").await;
    assert!(page.text.contains("Graph Player"), "{}", page.text);
    let action = page.text.split_once("action=\"/account/applications/").unwrap().1.split('"').next().unwrap();
    window.send(&format!("/account/applications/{action}"), &[]).await;
    app.hear().await;
    device.get("/nodes").await.problem(401);
}

#[tokio::test]
async fn a_device_goes_on_when_its_person_signs_out_of_the_browser() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = player(&app, &ada.caller.tenant, json!({})).await;
    let tokens = connect(&app, &site, &window).await;
    window.get("/account").await;
    assert!(window.send("/sign-out", &[]).await.leads().starts_with("/sign-in"));
    app.hear().await;
    assert_eq!(app.bearer(tokens["access_token"].as_str().unwrap()).get("/nodes").await.status, 200);
    // What ends every session ends it.
    ada.caller.delete("/api/v1/users/me/sessions").await;
    app.hear().await;
    app.bearer(tokens["access_token"].as_str().unwrap()).get("/nodes").await.problem(401);
}

#[tokio::test]
async fn a_link_with_the_code_is_asked_about_like_any_other() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let window = Window::open(&app);
    let site = player(&app, &ada.caller.tenant, json!({ "first_party": true, "source": "cli" })).await;
    let started = ask(&app, &site, &[]).await.ok();
    let link = started["verification_uri_complete"].as_str().unwrap().strip_prefix(OWN_ISS).unwrap();
    let code = started["user_code"].as_str().unwrap();
    let to = window.get(link).await.leads().to_owned();
    assert_eq!(to, format!("/sign-in?return_to=%2Foauth2%2Fdevice%3Fuser_code%3D{code}"));
    window.sign_in("ada@example.com").await;
    let page = window.get(link).await;
    assert!(page.text.contains(&format!("value=\"{code}\"")) && page.text.contains("A link brought you here"), "{}", page.text);
    assert_eq!(poll(&app, &site, &started).await.refused(400), "authorization_pending", "nothing is allowed by a link");
    // Nor is anything by the operator's own word: whoever holds the device may be anybody.
    let question = enter(&window, &started["user_code"]).await;
    assert!(question.text.contains("Let this device in?"));
    assert_eq!(poll_later(&app, &site, &started).await.refused(400), "authorization_pending");
}

#[tokio::test]
async fn a_person_of_several_organizations_says_where_the_device_works() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let bob = app.person("bob@example.com").await;
    let client = app.database.behind_the_scenes().await;
    let sql = "insert into wardgraph.memberships (organization_id, user_id, role, created_at) values ($1, $2::text::uuid, 'analyst', '2027-01-01')";
    client.execute(sql, &[&bob.caller.tenant, &ada.id]).await.unwrap();
    let site = player(&app, &ada.caller.tenant, json!({})).await;
    let started = ask(&app, &site, &[]).await.ok();
    let page = enter(&window, &started["user_code"]).await;
    assert!(page.text.contains("<select id=\"organization\"") && page.text.matches("<option").count() == 2, "{}", page.text);
    let code = page.field("user_code");
    let there = |organization| [("user_code", code.as_str()), ("organization", organization), ("decision", "allow")];
    assert_eq!(window.send("/oauth2/device/decision", &there("org_somebody_elses")).await.status, 404);
    assert_eq!(window.send("/oauth2/device/decision", &there(&bob.caller.tenant)).await.status, 200);
    let tokens = poll(&app, &site, &started).await.ok();
    let access = claims(&tokens["access_token"]);
    // An analyst reads.
    assert_eq!(
        (&access["tenant_id"], &tokens["scope"]),
        (&json!(bob.caller.tenant), &json!("nodes:read offline_access openid profile"))
    );
    client
        .execute("update wardgraph.organizations set requires_mfa = true where organization_id = $1", &[&bob.caller.tenant])
        .await
        .unwrap();
    let page = enter(&window, &ask(&app, &site, &[]).await.ok()["user_code"]).await;
    assert!(!page.text.contains("<option"), "whoever showed one factor lets nobody in where two are asked: {}", page.text);
}

#[tokio::test]
async fn whoever_asks_too_often_waits_longer() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let site = player(&app, &ada.caller.tenant, json!({})).await;
    let started = ask(&app, &site, &[]).await.ok();
    for (after, said) in [
        (0, "authorization_pending"),
        (5, "authorization_pending"),
        (4, "slow_down"),
        (9, "slow_down"),
        (14, "slow_down"),
        (20, "authorization_pending"),
        (19, "slow_down"),
        (25, "authorization_pending"),
    ] {
        app.clock.advance(Duration::from_secs(after));
        assert_eq!(poll(&app, &site, &started).await.refused(400), said, "after {after} s");
    }
}

#[tokio::test]
async fn a_device_waits_for_ten_minutes_and_is_forgotten_after_a_day() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = player(&app, &ada.caller.tenant, json!({})).await;
    let started = ask(&app, &site, &[]).await.ok();
    let refused = ask(&app, &site, &[]).await.ok();
    assert!(decide(&window, &refused, "deny").await.text.contains("The device was turned away"));
    assert_eq!(poll(&app, &site, &refused).await.refused(400), "access_denied");
    app.clock.advance(Duration::from_secs(600));
    assert_eq!(poll(&app, &site, &started).await.refused(400), "expired_token");
    let page = enter(&window, &started["user_code"]).await;
    assert!(page.status == 422 && page.text.contains("is no code of a device that waits"), "{}", page.text);
    let count = async |table: &str| -> i64 {
        let sql = format!("select count(*) from wardgraph.{table}");
        app.database.behind_the_scenes().await.query_one(&sql, &[]).await.unwrap().get(0)
    };
    app.clock.advance(Duration::from_hours(23));
    app.sweep_accounts().await;
    assert_eq!((count("device_authorizations").await, count("device_guesses").await), (2, 0));
    app.clock.advance(Duration::from_hours(1));
    app.sweep_accounts().await;
    assert_eq!(count("device_authorizations").await, 0);
}
