//! What is tried with devices' codes (RFC 8628, section 5): guessing them, stealing them, and having somebody else allow them.

use std::time::Duration;

use serde_json::json;
use wardgraph_gate::browser::{FORM_TOKEN, form_token};
use wardgraph_limits::LimitTable;
use wardgraph_testkit::{App, AppOptions, Signer, Window};

use super::{
    bound,
    devices::{DEVICE, ask, connect, decide, enter, player, poll, poll_later},
    kit::{Site, claims, events, somebody},
};

#[tokio::test]
async fn a_device_gets_tokens_once_and_whoever_comes_again_ends_them() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = player(&app, &ada.caller.tenant, json!({})).await;
    let started = ask(&app, &site, &[]).await.ok();
    decide(&window, &started, "allow").await;
    let answers = futures_util::future::join_all((0..4).map(|_| poll(&app, &site, &started))).await;
    let given: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(given.len(), 1, "{answers:?}");
    app.hear().await;
    app.bearer(given[0].body["access_token"].as_str().unwrap()).get("/nodes").await.problem(401);
    assert_eq!(poll_later(&app, &site, &started).await.refused(400), "invalid_grant");
    assert!(events(&app, "authorization_code.replayed").await >= 3);
    // Another client's try takes nothing away.
    let started = ask(&app, &site, &[]).await.ok();
    decide(&window, &started, "allow").await;
    let tokens = poll(&app, &site, &started).await.ok();
    let other = player(&app, &ada.caller.tenant, json!({})).await;
    assert_eq!(poll(&app, &other, &started).await.refused(400), "invalid_grant");
    app.hear().await;
    assert_eq!(app.bearer(tokens["access_token"].as_str().unwrap()).get("/nodes").await.status, 200);
}

#[tokio::test]
async fn what_was_decided_is_decided() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let (_, other) = somebody(&app, "bob@example.com").await;
    let site = player(&app, &ada.caller.tenant, json!({})).await;
    for (first, second) in [("deny", "allow"), ("allow", "deny"), ("allow", "allow")] {
        let started = ask(&app, &site, &[]).await.ok();
        let page = enter(&other, &started["user_code"]).await;
        let (organization, code) = (page.field("organization"), page.field("user_code"));
        decide(&window, &started, first).await;
        let fields = [("user_code", code.as_str()), ("organization", &organization), ("decision", second)];
        assert_eq!(other.send("/oauth2/device/decision", &fields).await.status, 422, "{first} {second}");
        let reply = poll(&app, &site, &started).await;
        if first == "deny" {
            assert_eq!(reply.refused(400), "access_denied");
        } else {
            assert_eq!(claims(&reply.ok()["access_token"])["sub"], json!(ada.id));
        }
    }
}

#[tokio::test]
async fn codes_are_not_found_by_trying() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = player(&app, &ada.caller.tenant, json!({})).await;
    let started = ask(&app, &site, &[]).await.ok();
    // Codes that are right are not counted.
    for _ in 0..15 {
        assert_eq!(enter(&window, &started["user_code"]).await.status, 200);
    }
    window.get("/oauth2/device").await;
    let token = window.token();
    let tries = (0..30).map(|_| {
        let fields = [("user_code", "BBBB-BBBB"), (FORM_TOKEN, token.as_str())];
        window.send_raw("/oauth2/device", fields)
    });
    let statuses: Vec<u16> = futures_util::future::join_all(tries).await.iter().map(|reply| reply.status.as_u16()).collect();
    let judged = statuses.iter().filter(|status| **status == 422).count();
    assert!(judged == 10 && statuses.iter().all(|status| matches!(status, 422 | 429 | 503)), "{statuses:?}");
    let limited = enter(&window, &started["user_code"]).await;
    assert_eq!(limited.status, 429, "nor is the right one judged");
    assert!(limited.headers.contains_key("retry-after"));
    let (_, other) = somebody(&app, "bob@example.com").await;
    assert_eq!(enter(&other, &started["user_code"]).await.status, 200, "one person keeps nobody else out");
    // The same by the other form.
    let fields = [("user_code", "BBBB-BBBB"), ("organization", ada.caller.tenant.as_str()), ("decision", "allow")];
    assert_eq!(window.send("/oauth2/device/decision", &fields).await.status, 429);
    app.clock.advance(Duration::from_mins(10));
    let started = ask(&app, &site, &[]).await.ok();
    assert_eq!(enter(&window, &started["user_code"]).await.status, 200);
    // From a network, and in all.
    let client = app.database.behind_the_scenes().await;
    for name in ["network%", "all"] {
        enter(&other, &json!("BBBB-BBBB")).await;
        client.execute("update wardgraph.device_guesses set wrong = 1000 where name like $1", &[&name]).await.unwrap();
        assert_eq!(enter(&other, &started["user_code"]).await.status, 429, "{name}");
        client.execute("delete from wardgraph.device_guesses", &[]).await.unwrap();
        assert_eq!(enter(&other, &started["user_code"]).await.status, 200);
    }
    for text in ["", "BBBB", "AEIO-UAEI", "' or 1=1 --", "BBBB-BBBB-BBBB"] {
        assert_eq!(enter(&other, &json!(text)).await.status, 422, "{text}");
    }
}

#[tokio::test]
async fn a_device_gets_no_more_than_its_client_may() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let site = player(&app, &ada.caller.tenant, json!({ "resources": ["https://api.example"] })).await;
    for (fields, error) in [
        ([("scope", "nodes:read events:read")], "invalid_scope"),
        ([("scope", "users:write")], "invalid_scope"),
        ([("scope", " ")], "invalid_scope"),
        ([("resource", "https://other.example")], "invalid_target"),
    ] {
        assert_eq!(ask(&app, &site, &fields).await.refused(400), error, "{fields:?}");
    }
    ask(&app, &site, &[("resource", "https://api.example")]).await.ok();
    let codes = Site::of(&app, &ada.caller.tenant, json!({ "auth_method": "none" })).await;
    assert_eq!(ask(&app, &codes, &[]).await.refused(400), "unauthorized_client");
    let secret = player(&app, &ada.caller.tenant, json!({ "auth_method": "client_secret_post" })).await;
    ask(&app, &secret, &[]).await.ok();
    assert_eq!(ask(&app, &Site { secret: None, ..secret.clone() }, &[]).await.refused(401), "invalid_client");
    assert_eq!(ask(&app, &Site { secret: Some("wgcs_wrong"), ..secret }, &[]).await.refused(401), "invalid_client");
    for text in ["", "wgd_", "wgd_AAAA", "a"] {
        let fields = [("grant_type", DEVICE), ("device_code", text), ("redirect_uri", ""), ("code_verifier", "")];
        let error = if text.is_empty() { "invalid_request" } else { "invalid_grant" };
        assert_eq!(site.token(&app, &fields).await.refused(400), error, "{text}");
    }
}

#[tokio::test]
async fn as_many_devices_wait_as_may() {
    let app = App::start().await;
    let (ada, eve) = (app.person("ada@example.com").await, app.person("eve@example.com").await);
    let site = player(&app, &ada.caller.tenant, json!({})).await;
    let (second, third) = (player(&app, &ada.caller.tenant, json!({})).await, player(&app, &ada.caller.tenant, json!({})).await);
    let other = player(&app, &eve.caller.tenant, json!({})).await;
    let client = app.database.behind_the_scenes().await;
    let sql = "insert into wardgraph.device_authorizations (code_id, verifier, user_code, client_id, whose, scopes, created_at, expires_at, interval_s)
               select gen_random_uuid(), '', sha256(gen_random_uuid()::text::bytea), $1, $2, '{}', now(), 'infinity', 5 from generate_series(1, $3::int)";
    let tenant = &ada.caller.tenant;
    client.execute(sql, &[&site.id, tenant, &2_000]).await.unwrap();
    let refused = ask(&app, &site, &[]).await;
    assert_eq!(refused.status, 429, "{}", refused.text);
    assert_eq!(refused.headers["retry-after"], "600");
    ask(&app, &second, &[]).await.ok();
    // However many clients an organization has, they share what is its.
    client.execute(sql, &[&third.id, tenant, &2_999]).await.unwrap();
    assert_eq!(ask(&app, &second, &[]).await.status, 429);
    ask(&app, &other, &[]).await.ok();
    // Nobody is kept out by all the others together, unless there is no end of them.
    client.execute(sql, &[&site.id, &"org_others", &45_000]).await.unwrap();
    ask(&app, &other, &[]).await.ok();
    client.execute(sql, &[&other.id, &eve.caller.tenant, &48]).await.unwrap();
    assert_eq!(ask(&app, &other, &[]).await.status, 429, "many of its own wait");
    client.execute("delete from wardgraph.device_authorizations where whose = $1", &[&eve.caller.tenant]).await.unwrap();
    client.execute(sql, &[&site.id, &"org_more", &50_000]).await.unwrap();
    assert_eq!(ask(&app, &other, &[]).await.status, 429);
}

#[tokio::test]
async fn devices_of_nobodys_clients_share_what_is_nobodys() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let ours = player(&app, &ada.caller.tenant, json!({})).await;
    let nobodys = json!({ "organization_id": null, "source": "dynamic", "auth_method": "none" });
    let one = player(&app, &ada.caller.tenant, nobodys.clone()).await;
    let other = player(&app, &ada.caller.tenant, nobodys).await;
    ask(&app, &one, &[]).await.ok();
    let client = app.database.behind_the_scenes().await;
    let sql = "insert into wardgraph.device_authorizations (code_id, verifier, user_code, client_id, scopes, created_at, expires_at, interval_s)
               select gen_random_uuid(), '', sha256(gen_random_uuid()::text::bytea), $1, '{}', now(), 'infinity', 5 from generate_series(1, 4999)";
    client.execute(sql, &[&other.id]).await.unwrap();
    assert_eq!(ask(&app, &one, &[]).await.status, 429);
    ask(&app, &ours, &[]).await.ok();
}

#[tokio::test]
async fn a_network_begins_so_many_devices_and_no_more() {
    let app = App::with(AppOptions { limits: LimitTable::default(), ..AppOptions::default() }).await;
    let ada = app.person("ada@example.com").await;
    let secret = player(&app, &ada.caller.tenant, json!({ "auth_method": "client_secret_post" })).await;
    // A client that proves who it is is no network's, and a device whose person has not decided does nothing wrong.
    for _ in 0..40 {
        let started = ask(&app, &secret, &[]).await.ok();
        assert_eq!(poll(&app, &secret, &started).await.refused(400), "authorization_pending");
    }
    let public = player(&app, &ada.caller.tenant, json!({})).await;
    let mut begun = 0;
    let limited = loop {
        let reply = ask(&app, &public, &[]).await;
        if reply.status != 200 {
            break reply;
        }
        begun += 1;
    };
    assert!((20..=30).contains(&begun) && limited.status == 429, "{begun} {}", limited.text);
    assert!(limited.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn a_device_is_bound_to_the_key_that_it_asked_with() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = player(&app, &ada.caller.tenant, json!({})).await;
    let (key, thief) = (Signer::es256(), Signer::es256());
    let started = bound::post(&app, &site, Some(&key), "/oauth2/device_authorization", &[]).await.ok();
    decide(&window, &started, "allow").await;
    let fields = [("grant_type", DEVICE), ("device_code", started["device_code"].as_str().unwrap())];
    for (holder, why) in [(None, "no key"), (Some(&thief), "another key")] {
        assert_eq!(bound::post(&app, &site, holder, "/oauth2/token", &fields).await.refused(400), "invalid_grant", "{why}");
    }
    let tokens = bound::post(&app, &site, Some(&key), "/oauth2/token", &fields).await.ok();
    assert_eq!(tokens["token_type"], "DPoP");
    assert_eq!(claims(&tokens["access_token"])["cnf"], json!({ "jkt": key.thumbprint() }));
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    assert_eq!(bound::post(&app, &site, Some(&thief), "/oauth2/token", &refresh).await.refused(400), "invalid_grant");
    bound::post(&app, &site, Some(&key), "/oauth2/token", &refresh).await.ok();
    let strict = player(&app, &ada.caller.tenant, json!({ "dpop_bound": true })).await;
    let started = ask(&app, &strict, &[]).await.ok();
    decide(&window, &started, "allow").await;
    assert_eq!(poll(&app, &strict, &started).await.refused(400), "invalid_dpop_proof");
}

#[tokio::test]
async fn what_ends_whoever_allowed_a_device_ends_its_code() {
    let app = App::start().await;
    let client = app.database.behind_the_scenes().await;
    for (number, what) in ["session", "account", "member", "consent", "factor"].into_iter().enumerate() {
        let email = format!("ada-{number}@example.com");
        let (ada, window) = somebody(&app, &email).await;
        let site = player(&app, &ada.caller.tenant, json!({})).await;
        let started = ask(&app, &site, &[]).await.ok();
        decide(&window, &started, "allow").await;
        let by_id = match what {
            "account" => "update wardgraph.users set disabled_at = now() where user_id = $1::text::uuid",
            "member" => "delete from wardgraph.memberships where user_id = $1::text::uuid",
            "factor" => "update wardgraph.organizations set requires_mfa = true where owner_id = $1::text::uuid",
            _ => "select $1::text",
        };
        client.query(by_id, &[&ada.id]).await.unwrap();
        match what {
            "session" => drop(ada.caller.delete("/api/v1/users/me/sessions").await),
            "consent" => {
                let list = ada.caller.get("/api/v1/users/me/consents").await.ok();
                ada.caller.delete(&format!("/api/v1/users/me/consents/{}", list["consents"][0]["id"].as_str().unwrap())).await;
            }
            _ => {}
        }
        assert_eq!(poll(&app, &site, &started).await.refused(400), "invalid_grant", "{what}");
    }
}

#[tokio::test]
async fn nobody_lets_a_device_in_by_a_form_of_another_page() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = player(&app, &ada.caller.tenant, json!({})).await;
    let started = ask(&app, &site, &[]).await.ok();
    let page = enter(&window, &started["user_code"]).await;
    let code = page.field("user_code");
    let fields = [("user_code", code.as_str()), ("organization", &ada.caller.tenant), ("decision", "allow")];
    let strangers = form_token("a cookie of somebody else");
    for token in ["", "AAAA", &strangers] {
        let forged = fields.iter().copied().chain([(FORM_TOKEN, token)]);
        assert_eq!(window.send_raw("/oauth2/device/decision", forged).await.status, 403, "{token}");
    }
    let good = window.token();
    let own: Vec<_> = fields.iter().copied().chain([(FORM_TOKEN, good.as_str())]).collect();
    for site in ["cross-site", "same-site"] {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&own).finish();
        let request = window.request_from(site, "POST", "/oauth2/device/decision");
        let reply = request.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.unwrap();
        assert_eq!(reply.status(), 403, "{site}");
    }
    // Whoever is not signed in is led to where they do, and nothing is decided.
    let nobody = Window::open(&app);
    nobody.get("/sign-in").await;
    let led = nobody.send("/oauth2/device/decision", &fields).await;
    assert_eq!(led.leads(), format!("/oauth2/device?user_code={code}"));
    assert_eq!(poll(&app, &site, &started).await.refused(400), "authorization_pending");
    for page in [window.get("/oauth2/device").await, enter(&window, &started["user_code"]).await] {
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"), "{policy}");
        assert_eq!(page.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn the_database_holds_no_code_of_a_device() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = player(&app, &ada.caller.tenant, json!({})).await;
    let started = ask(&app, &site, &[]).await.ok();
    enter(&window, &started["user_code"]).await;
    connect(&app, &site, &window).await;
    let sql = "select coalesce(string_agg(t::text, ' '), '') from (select d::text as t from wardgraph.device_authorizations d union all select g::text from wardgraph.device_guesses g
               union all select e::text from wardgraph.events e) t";
    let text: String = app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get(0);
    let code = started["user_code"].as_str().unwrap();
    for secret in [started["device_code"].as_str().unwrap(), code, &code.replace('-', "")] {
        assert!(!text.contains(secret), "{secret}");
    }
}
