//! What clients send, and how they prove who they are.

use serde_json::json;
use wardgraph_kernel::LimitClass;
use wardgraph_limits::{LimitTable, Policy};
use wardgraph_testkit::{App, AppOptions, OAuthClient, Reply};

use super::{log, of_type};

const TOKEN: &str = "/oauth2/token";
const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn what_a_client_sends_is_read_in_one_way() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = app.client_of(&ada, json!({})).await;
    let secret = client.secret.as_deref();
    let send = async |body: &'static str, media: Option<&str>| {
        let mut request = app.stranger().request("POST", TOKEN).basic_auth(&client.id, secret).body(body);
        if let Some(media) = media {
            request = request.header("content-type", media);
        }
        Reply::of(request).await
    };
    let good = "grant_type=client_credentials";
    send(good, Some(FORM)).await.ok();
    send(good, Some("application/x-www-form-urlencoded; charset=UTF-8")).await.ok();
    send("grant_type=client_credentials&scope=&unknown=1&another=", Some(FORM)).await.ok();
    for (body, media) in [
        ("grant_type=client_credentials&grant_type=client_credentials", Some(FORM)),
        ("grant_type=client_credentials&scope=nodes:read&scope=nodes:read", Some(FORM)),
        ("grant_type=client_credentials&unknown=1&unknown=2", Some(FORM)),
        ("grant_type=client_credentials&scope=%00", Some(FORM)),
        ("grant_type=client_credentials&scope=%", Some(FORM)),
        ("grant_type=client_credentials&scope=%ff", Some(FORM)),
        ("", Some(FORM)),
        (good, None),
        (good, Some("text/plain")),
        (r#"{"grant_type": "client_credentials"}"#, Some("application/json")),
    ] {
        assert_eq!(send(body, media).await.refused(400), "invalid_request", "{body} as {media:?}");
    }
    let long = format!("{good}&scope={}", "a".repeat(3_000));
    let request = app.stranger().request("POST", TOKEN).basic_auth(&client.id, secret).header("content-type", FORM).body(long);
    assert_eq!(Reply::of(request).await.refused(400), "invalid_request");
    let huge = app.stranger().request("POST", TOKEN).header("content-type", FORM).body("a".repeat(100 << 10));
    assert_eq!(Reply::of(huge).await.refused(413), "invalid_request");
    // Nothing is asked for by GET, where it would stand in logs.
    let by_get = app.stranger().get(&format!("{TOKEN}?grant_type=client_credentials&client_id={}", client.id)).await;
    assert_eq!((by_get.status.as_u16(), by_get.headers["allow"].to_str().unwrap()), (405, "POST"));
}

/// One way and another, with what is registered for the first.
async fn tries(app: &App, client: &OAuthClient) -> Vec<(&'static str, Reply)> {
    let (id, secret) = (client.id.as_str(), client.secret.as_deref().unwrap_or("none"));
    let grant = ("grant_type", "client_credentials");
    let post = |fields: &[(&str, &str)]| app.stranger().posting_form(TOKEN, fields);
    let both = post(&[grant, ("client_id", id), ("client_secret", secret)]).basic_auth(id, Some(secret));
    vec![
        ("client_secret_basic", Reply::of(post(&[grant]).basic_auth(id, Some(secret))).await),
        ("client_secret_post", Reply::of(post(&[grant, ("client_id", id), ("client_secret", secret)])).await),
        ("none", Reply::of(post(&[grant, ("client_id", id)])).await),
        ("two ways", Reply::of(both).await),
        ("two names", Reply::of(post(&[grant, ("client_id", "wgc_other")]).basic_auth(id, Some(secret))).await),
        ("a bearer", Reply::of(post(&[grant, ("client_id", id)]).bearer_auth(secret)).await),
        ("no name", Reply::of(post(&[grant])).await),
        ("two headers", {
            let request = post(&[grant]).basic_auth(id, Some(secret));
            Reply::of(request.header("authorization", "Basic YTpi")).await
        }),
    ]
}

#[tokio::test]
async fn a_client_proves_who_it_is_in_its_one_way() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    for registered in ["client_secret_basic", "client_secret_post"] {
        let client = app.client_of(&ada, json!({ "token_endpoint_auth_method": registered })).await;
        for (way, reply) in tries(&app, &client).await {
            match way {
                way if way == registered => assert_eq!(reply.status, 200, "{way}: {}", reply.text),
                "two ways" | "two names" => assert_eq!(reply.refused(400), "invalid_request", "{way}"),
                _ => {
                    let by_header = ["client_secret_basic", "a bearer", "two headers"].contains(&way);
                    assert_eq!(reply.headers.contains_key("www-authenticate"), by_header, "{registered} {way}");
                    assert_eq!(reply.refused(401), "invalid_client", "{registered} {way}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_client_without_a_secret_gets_nothing_of_its_own() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let public = json!({
        "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"], "role": null,
        "redirect_uris": ["http://127.0.0.1/cb"],
    });
    let client = app.client_of(&ada, public).await;
    assert!(client.secret.is_none());
    assert_eq!(client.token(&[]).await.refused(400), "unauthorized_client");
    // Neither may it ask about tokens.
    let reply = client.form("/oauth2/introspect", &[("token", "a")]).await;
    assert_eq!(reply.refused(400), "unauthorized_client");
}

#[tokio::test]
async fn nothing_tells_whether_a_client_is_there() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = app.client_of(&ada, json!({})).await;
    let other = app.client_of(&ada, json!({})).await;
    let try_as = async |id: &str, secret: &str| {
        let request = app.stranger().posting_form(TOKEN, &[("grant_type", "client_credentials")]);
        let reply = Reply::of(request.basic_auth(id, Some(secret))).await;
        assert_eq!(reply.refused(401), "invalid_client", "{id} {secret}");
        assert_eq!(reply.headers["www-authenticate"], "Basic realm=\"wardgraph\", charset=\"UTF-8\"");
        reply.text
    };
    let told = try_as(&client.id, "wrong").await;
    let theirs = other.secret.as_deref().unwrap();
    for (id, secret) in [
        (client.id.as_str(), ""),
        (&client.id, theirs),
        (&client.id, &format!("{} ", client.secret.as_deref().unwrap())),
        ("wgc_AAAAAAAAAAAAAAAAAAAAAA", "wrong"),
        ("", ""),
        ("https://client.example/metadata.json", "wrong"),
        ("' or 1=1 --", "wrong"),
        (&client.id.to_uppercase(), client.secret.as_deref().unwrap()),
        (&"a".repeat(2_000), "wrong"),
    ] {
        assert_eq!(try_as(id, secret).await, told, "{id} {secret}");
    }
    let sql = "select count(*) from wardgraph.events where type = 'client.refused' and outcome = 'refused'";
    let count: i64 = app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(count, 10, "each try is on record");
}

#[tokio::test]
async fn whoever_fails_in_a_clients_name_is_slowed_down_and_the_client_is_not() {
    let limits = LimitTable::disabled().with_network(LimitClass::Client, Some(Policy::new(5, 1).unwrap()));
    let proxies = wardgraph_gate::Proxies { count: 1, header: "x-forwarded-for".into() };
    let app = App::with(AppOptions { limits, proxies, ..AppOptions::default() }).await;
    let ada = app.person("ada@example.com").await;
    let client = app.client_of(&ada, json!({})).await;
    let from = async |network: String, secret: &str| {
        let request =
            app.stranger().posting_form(TOKEN, &[("grant_type", "client_credentials")]).basic_auth(&client.id, Some(secret));
        Reply::of(request.header("x-forwarded-for", network)).await
    };
    // From one network: it is turned away before anything is looked at.
    let mut last = None;
    for _ in 0..8 {
        last = Some(from("192.0.2.1".into(), "wrong").await);
    }
    let last = last.unwrap();
    assert!(last.headers.contains_key("retry-after"));
    assert_eq!(last.refused(429), "temporarily_unavailable");
    assert_eq!(from("192.0.2.1".into(), client.secret.as_deref().unwrap()).await.status, 429);
    // From many: more tries fail than are judged, and the client itself goes on.
    let mut refused = Vec::new();
    for network in 0..8 {
        refused.push(from(format!("198.51.{network}.1"), "wrong").await.status.as_u16());
    }
    assert!(refused.contains(&429), "{refused:?}");
    from("203.0.113.1".into(), client.secret.as_deref().unwrap()).await.ok();
    // Who fails is counted, who does not is not.
    for _ in 0..30 {
        from("203.0.113.1".into(), client.secret.as_deref().unwrap()).await.ok();
    }
}

#[tokio::test]
async fn a_client_asks_as_often_as_it_may() {
    let limits = LimitTable::disabled().with_tenant(LimitClass::Client, Some(Policy::new(5, 1).unwrap()));
    let app = App::with(AppOptions { limits, ..AppOptions::default() }).await;
    let ada = app.person("ada@example.com").await;
    let (client, other) = (app.client_of(&ada, json!({})).await, app.client_of(&ada, json!({})).await);
    for _ in 0..5 {
        client.token(&[]).await.ok();
    }
    let refused = client.token(&[]).await;
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(refused.refused(429), "temporarily_unavailable");
    other.token(&[]).await.ok();
    app.clock.advance(std::time::Duration::from_secs(1));
    client.token(&[]).await.ok();
    let events = log(&app, &ada.caller.tenant).await;
    assert_eq!(of_type(&events, "token.issued").len(), 7);
}
