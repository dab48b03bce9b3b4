//! Tokens that are given back.

use serde_json::json;
use wardgraph_testkit::App;

use super::{access, is_believed, log, of_type, terms};

#[tokio::test]
async fn a_token_that_is_given_back_is_over_within_a_second() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = app.client_of(&ada, json!({})).await;
    let (one, other) = (client.token(&[]).await.ok(), client.token(&[]).await.ok());
    assert!(is_believed(&app, access(&one)).await);
    let hint = ("token_type_hint", "refresh_token");
    client.form("/oauth2/revoke", &[("token", access(&one)), hint]).await.ok();
    app.hear().await;
    assert!(!is_believed(&app, access(&one)).await && is_believed(&app, access(&other)).await);
    // Again, and what never was one: the same answer (RFC 7009, section 2.2).
    for token in [access(&one), "a", "wgr_AAAA", "a.b.c"] {
        assert_eq!(client.form("/oauth2/revoke", &[("token", token)]).await.ok(), json!({}), "{token}");
    }
    assert_eq!(client.form("/oauth2/revoke", &[]).await.refused(400), "invalid_request");
    let events = log(&app, &ada.caller.tenant).await;
    assert_eq!(of_type(&events, "token.revoked").len(), 1, "{events:?}");
}

#[tokio::test]
async fn nobody_gives_back_what_is_anothers() {
    let app = App::start().await;
    let (ada, eve) = (app.person("ada@example.com").await, app.person("eve@example.com").await);
    let both = json!({ "grant_types": ["client_credentials", "refresh_token"] });
    let (client, sibling) = (app.client_of(&ada, both.clone()).await, app.client_of(&ada, both.clone()).await);
    let stranger = app.client_of(&eve, both).await;
    let token = client.token(&[]).await.ok();
    let (granted, refresh) = app.grant(&client, &ada, terms(&["nodes:read"])).await;
    let refresh = refresh.unwrap();
    for other in [&sibling, &stranger] {
        for theirs in [access(&token), &granted, &refresh, ada.caller.token.as_deref().unwrap(), &ada.refresh_token] {
            assert_eq!(other.form("/oauth2/revoke", &[("token", theirs)]).await.ok(), json!({}));
        }
    }
    // Nor is somebody's own session ended by the client that they gave something.
    assert_eq!(client.form("/oauth2/revoke", &[("token", &ada.refresh_token)]).await.ok(), json!({}));
    app.hear().await;
    for token in [access(&token), &granted, ada.caller.token.as_deref().unwrap()] {
        assert!(is_believed(&app, token).await);
    }
    client.form("/oauth2/token", &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await.ok();
}

#[tokio::test]
async fn with_a_refresh_token_the_whole_grant_is_given_back() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = app.client_of(&ada, json!({ "grant_types": ["client_credentials", "refresh_token"] })).await;
    let (granted, refresh) = app.grant(&client, &ada, terms(&["nodes:read"])).await;
    let (kept, _) = app.grant(&client, &ada, terms(&["nodes:read"])).await;
    let first = refresh.unwrap();
    let next = client.form("/oauth2/token", &[("grant_type", "refresh_token"), ("refresh_token", &first)]).await.ok();
    client.form("/oauth2/revoke", &[("token", next["refresh_token"].as_str().unwrap())]).await.ok();
    app.hear().await;
    assert!(!is_believed(&app, &granted).await && !is_believed(&app, access(&next)).await);
    assert!(is_believed(&app, &kept).await, "another grant of the same client stays");
    for token in [first.as_str(), next["refresh_token"].as_str().unwrap()] {
        let reply = client.form("/oauth2/token", &[("grant_type", "refresh_token"), ("refresh_token", token)]).await;
        assert_eq!(reply.refused(400), "invalid_grant");
    }
}
