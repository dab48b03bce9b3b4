//! How often clients may ask, wherever they ask.

use serde_json::json;
use wardgraph_gate::Proxies;
use wardgraph_kernel::LimitClass;
use wardgraph_limits::{LimitTable, Policy};
use wardgraph_testkit::{App, AppOptions, OAuthClient, Reply};

/// Everything that a client asks by itself.
async fn ask(app: &App, client: &OAuthClient, what: &str) -> Reply {
    match what {
        "a token" => client.token(&[]).await,
        "about a token" => client.form("/oauth2/introspect", &[("token", "a")]).await,
        "about a token, by GET" => {
            let request = app.stranger().request("GET", "/oauth2/introspect?token=a");
            Reply::of(request.basic_auth(&client.id, client.secret.as_deref())).await
        }
        "to give a token back" => client.form("/oauth2/revoke", &[("token", "a")]).await,
        "to push a request" => {
            let fields = [
                ("response_type", "code"),
                ("redirect_uri", "https://app.example/cb"),
                ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
                ("code_challenge_method", "S256"),
            ];
            client.form("/oauth2/par", &fields).await
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn wherever_a_client_asks_it_asks_as_often_as_it_may() {
    let limits = LimitTable::disabled().with_tenant(LimitClass::Client, Some(Policy::new(3, 1).unwrap()));
    let app = App::with(AppOptions { limits, ..AppOptions::default() }).await;
    let ada = app.person("ada@example.com").await;
    let both = json!({
        "grant_types": ["client_credentials", "authorization_code"], "redirect_uris": ["https://app.example/cb"],
        "scopes": ["openid", "nodes:read"],
    });
    for what in ["a token", "about a token", "about a token, by GET", "to give a token back", "to push a request"] {
        let (client, other) = (app.client_of(&ada, both.clone()).await, app.client_of(&ada, both.clone()).await);
        for _ in 0..3 {
            let reply = ask(&app, &client, what).await;
            assert!(reply.status.is_success(), "{what}: {}", reply.text);
        }
        let refused = ask(&app, &client, what).await;
        assert_eq!(refused.headers["retry-after"], "1", "{what}");
        assert_eq!(refused.refused(429), "temporarily_unavailable", "{what}");
        assert!(ask(&app, &other, what).await.status.is_success(), "{what}: another client is not it");
        app.clock.advance(std::time::Duration::from_secs(1));
        assert!(ask(&app, &client, what).await.status.is_success(), "{what}: later");
    }
}

#[tokio::test]
async fn whoever_is_no_client_is_turned_away_wherever_they_try() {
    let limits = LimitTable::disabled().with_network(LimitClass::Client, Some(Policy::new(4, 1).unwrap()));
    for path in ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/par"] {
        let app = App::with(AppOptions { limits: limits.clone(), ..AppOptions::default() }).await;
        let tried = async || {
            let fields = [("grant_type", "client_credentials"), ("token", "a")];
            Reply::of(app.stranger().posting_form(path, &fields).basic_auth("wgc_nobody", Some("wrong"))).await
        };
        let mut last = tried().await;
        for _ in 0..8 {
            last = tried().await;
        }
        assert!(last.headers.contains_key("retry-after"), "{path}");
        assert_eq!(last.refused(429), "temporarily_unavailable", "{path}");
    }
}

fn behind_a_proxy(limits: LimitTable) -> AppOptions {
    let proxies = Proxies { count: 1, header: "x-forwarded-for".into() };
    AppOptions { limits, proxies, ..AppOptions::default() }
}

#[tokio::test]
async fn nobody_uses_up_what_a_client_that_proves_nothing_has_elsewhere() {
    let limits = LimitTable::disabled().with_tenant(LimitClass::Client, Some(Policy::new(3, 1).unwrap()));
    let app = App::with(behind_a_proxy(limits)).await;
    let ada = app.person("ada@example.com").await;
    let public = json!({
        "token_endpoint_auth_method": "none", "grant_types": ["authorization_code"], "redirect_uris": ["https://app.example/cb"],
        "scopes": ["openid", "nodes:read"], "role": null,
    });
    let client = app.client_of(&ada, public).await;
    let from = async |network: &str| {
        Reply::of(client.posting("/oauth2/revoke", &[("token", "a")]).header("x-forwarded-for", network)).await.status.as_u16()
    };
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(from("192.0.2.1").await);
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    assert_eq!(from("198.51.100.1").await, 200);
}

#[tokio::test]
async fn clients_that_anybody_registers_are_counted_where_they_ask() {
    let limits = LimitTable::disabled().with_network(LimitClass::Client, Some(Policy::new(4, 1).unwrap()));
    let app = App::with(behind_a_proxy(limits)).await;
    let said = json!({
        "redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_method": "client_secret_post", "scope": "openid nodes:read",
    });
    let fields = [
        ("token", "a"),
        ("response_type", "code"),
        ("redirect_uri", "https://app.example/cb"),
        ("scope", "openid"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ];
    for (turn, path) in ["/oauth2/introspect", "/oauth2/revoke", "/oauth2/par"].into_iter().enumerate() {
        let mut statuses = Vec::new();
        for number in 0..8 {
            // Another client for each request: whoever likes registers one more.
            let elsewhere = format!("198.{turn}.{number}.1");
            let request = app.stranger().request("POST", "/oauth2/register").header("x-forwarded-for", elsewhere).json(&said);
            let client = app.client(&Reply::of(request).await.created());
            let request = client.posting(path, &fields).header("x-forwarded-for", format!("192.0.{turn}.1"));
            statuses.push(Reply::of(request).await.status.as_u16());
        }
        assert!(statuses[0] < 300 && statuses[7] == 429, "{path}: {statuses:?}");
    }
}
