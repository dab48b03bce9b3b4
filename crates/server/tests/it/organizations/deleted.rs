//! What was begun before an organization was deleted brings nothing from then on.

use serde_json::json;
use wardgraph_testkit::App;

use crate::front::{
    devices::{ask, decide, player, poll},
    kit::{Site, somebody},
};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";

#[tokio::test]
async fn no_code_no_device_and_no_token_brings_one_for_an_organization_that_was_deleted() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let tenant = &ada.caller.tenant;
    let site = Site::of(&app, tenant, json!({ "grant_types": ["authorization_code", "refresh_token", EXCHANGE] })).await;
    let device = player(&app, tenant, json!({})).await;
    let asked = [("scope", "openid nodes:write")];
    let tokens = site.tokens(&app, &window, &asked).await;
    let exchanged = async || {
        let token = tokens["access_token"].as_str().unwrap();
        let fields = [("grant_type", EXCHANGE), ("subject_token", token), ("subject_token_type", ACCESS)];
        site.token(&app, &[&fields[..], &[("redirect_uri", ""), ("code_verifier", "")]].concat()).await
    };
    exchanged().await.ok();
    let code = site.code(&window, &asked).await;
    let started = ask(&app, &device, &[]).await.ok();
    assert_eq!(decide(&window, &started, "allow").await.status, 200);
    // As a server finds it that has not heard yet: what it remembers says that all is well.
    let sql =
        "update wardgraph.organizations set deleted_at = now(), purge_at = now() + interval '1 day' where organization_id = $1";
    app.database.behind_the_scenes().await.execute(sql, &[tenant]).await.unwrap();
    assert_eq!(site.token(&app, &[("code", &code)]).await.refused(400), "invalid_grant");
    assert_eq!(poll(&app, &device, &started).await.refused(400), "invalid_grant");
    assert_eq!(exchanged().await.refused(400), "invalid_request");
}
