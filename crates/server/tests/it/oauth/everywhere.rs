//! What is taken back on one server is over on every other, within a second.

use std::time::Duration;

use serde_json::json;
use wardgraph_testkit::{App, AppOptions, Cluster};

use super::{access, clients::within_a_second, is_believed, terms};

#[tokio::test]
async fn what_is_given_back_here_is_over_there_within_a_second() {
    let listening = || AppOptions { listens: true, ..AppOptions::default() };
    let database = Cluster::get().database().await;
    let (one, two) = (App::over(database.clone(), listening()).await, App::over(database, listening()).await);
    // Two servers of a test draw the same ids at the same time.
    two.clock.advance(Duration::from_millis(1_500));
    let ada = one.person("ada@example.com").await;
    let both = json!({ "grant_types": ["client_credentials", "refresh_token"] });
    let made = ada.caller.post("/api/v1/clients", &wardgraph_testkit::registration(both)).await.created();
    let (here, there) = (one.client(&made), two.client(&made));

    // An access token of its own, which the other server knows already.
    let token = here.token(&[]).await.ok();
    assert!(is_believed(&two, access(&token)).await && there.introspect(access(&token)).await["active"] == true);
    here.form("/oauth2/revoke", &[("token", access(&token))]).await.ok();
    within_a_second("a token", async || !is_believed(&two, access(&token)).await).await;
    assert_eq!(there.introspect(access(&token)).await, json!({ "active": false }));

    // A grant, by its refresh token.
    let (granted, refresh) = one.grant(&here, &ada, terms(&["nodes:read"])).await;
    let refresh = refresh.unwrap();
    assert!(is_believed(&two, &granted).await && there.introspect(&refresh).await["active"] == true);
    here.form("/oauth2/revoke", &[("token", &refresh)]).await.ok();
    within_a_second("a grant", async || !is_believed(&two, &granted).await).await;
    assert_eq!(there.introspect(&refresh).await, json!({ "active": false }));
    let next = there.form("/oauth2/token", &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await;
    assert_eq!(next.refused(400), "invalid_grant");

    // And all that its person's sign-out ends.
    let (granted, _) = one.grant(&here, &ada, terms(&["nodes:read"])).await;
    assert!(is_believed(&two, &granted).await);
    assert_eq!(ada.caller.delete("/api/v1/users/me/sessions").await.status, 204);
    within_a_second("a session", async || !is_believed(&two, &granted).await).await;
    assert_eq!(there.introspect(&granted).await, json!({ "active": false }));
}
