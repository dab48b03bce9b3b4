//! What a client gets of the code flow: the code, the ID token, and what both say.

use serde_json::json;
use wardgraph_kernel::Clock;
use wardgraph_testkit::OWN_ISS;

use super::kit::{Scene, access, half_hash};
use crate::front::kit::agree;

/// Module `oidcc-server`.
#[tokio::test]
async fn the_code_flow_gives_an_id_token_that_says_who_signed_in_and_no_more() {
    let scene = Scene::with(json!({ "auth_method": "client_secret_basic" })).await;
    let said = scene.send(&[("scope", "openid")]).await;
    assert_eq!((said["state"].as_str(), said["iss"].as_str()), ("a state&of=mine", OWN_ISS));
    assert!(said["code"].len() >= 26, "160 bits at least");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &said["code"]),
        ("redirect_uri", &scene.site.redirect),
        ("code_verifier", crate::front::kit::VERIFIER),
    ];
    let request = scene.app.stranger().posting_form("/oauth2/token", &form);
    let reply = wardgraph_testkit::Reply::of(request.basic_auth(&scene.site.id, scene.site.secret)).await;
    assert_eq!(reply.headers["cache-control"], "no-store");
    let tokens = reply.ok();
    assert_eq!(tokens["token_type"], "Bearer");
    assert!(tokens["expires_in"].as_i64().is_some_and(|seconds| seconds > 0));
    let (header, id) = scene.verified(&tokens["id_token"]).await;
    assert!(header["kid"].is_string());
    let now = scene.app.clock.now().as_second();
    assert_eq!((&id["iss"], &id["aud"], &id["nonce"]), (&json!(OWN_ISS), &json!(scene.site.id), &json!("a-nonce")));
    assert_eq!((&id["iat"], &id["auth_time"]), (&json!(now), &json!(now)));
    assert!(id["exp"].as_i64().is_some_and(|exp| exp > now));
    assert!(id["sub"].as_str().is_some_and(|sub| (1..=255).contains(&sub.len())));
    assert_eq!(id["at_hash"], half_hash(access(&tokens)));
    for untold in ["name", "email", "email_verified", "updated_at"] {
        assert!(id.get(untold).is_none(), "{untold} was not asked for: {id}");
    }
    assert_eq!(scene.told(&tokens).await, json!({ "sub": id["sub"] }));
}

/// Module `oidcc-server-client-secret-post`.
#[tokio::test]
async fn a_client_may_send_its_secret_in_the_form() {
    let scene = Scene::with(json!({ "auth_method": "client_secret_post" })).await;
    let tokens = scene.tokens(&[]).await;
    let (_, id) = scene.verified(&tokens["id_token"]).await;
    assert_eq!(id["aud"], json!(scene.site.id));
}

/// Modules `oidcc-idtoken-signature` and `oidcc-idtoken-unsigned`.
#[tokio::test]
async fn an_id_token_is_signed_by_a_published_key_and_never_unsigned() {
    let scene = Scene::with(json!({})).await;
    let (header, _) = scene.verified(&scene.tokens(&[]).await["id_token"]).await;
    let published = scene.app.stranger().get("/.well-known/openid-configuration").await.ok();
    let supported = published["id_token_signing_alg_values_supported"].as_array().unwrap();
    assert!(supported.contains(&header["alg"]) && !supported.contains(&json!("none")), "{supported:?}");
    // Nobody can register to get unsigned ones.
    let ada = scene.app.person("ada@example.com").await;
    let wanted = wardgraph_testkit::registration(json!({
        "grant_types": ["authorization_code"], "redirect_uris": ["https://app.example/cb"], "role": null, "scopes": ["openid"],
        "id_token_signed_response_alg": "none",
    }));
    let refused = ada.caller.post("/api/v1/clients", &wanted).await;
    assert!(refused.status.is_client_error(), "{} {}", refused.status, refused.text);
}

/// Modules `oidcc-ensure-request-without-nonce-succeeds-for-code-flow` and FAPI's `ensure-authorization-request-without-nonce-success`.
#[tokio::test]
async fn without_a_nonce_there_is_none_in_the_id_token() {
    let scene = Scene::with(json!({})).await;
    let tokens = scene.tokens(&[("nonce", "")]).await;
    let (_, id) = scene.verified(&tokens["id_token"]).await;
    assert!(id.get("nonce").is_none(), "{id}");
}

/// Module `oidcc-alternate-happy-flow`.
#[tokio::test]
async fn parameters_and_scopes_may_come_in_any_order() {
    let scene = Scene::with(json!({})).await;
    let mut parameters = scene.site.parameters(&[("scope", "email profile openid")]);
    let mut answers = Vec::new();
    for _ in 0..2 {
        parameters.reverse();
        let page = scene.window.get(&format!("/oauth2/authorize?{}", crate::front::kit::form(&parameters))).await;
        let said = crate::front::kit::answer(&agree(&scene.window, page).await, &scene.site.redirect);
        answers.push(scene.site.token(&scene.app, &[("code", &said["code"])]).await.ok());
    }
    for tokens in &answers {
        let (_, id) = scene.verified(&tokens["id_token"]).await;
        assert_eq!((&tokens["scope"], &id["nonce"]), (&json!("email openid profile"), &json!("a-nonce")));
    }
}

/// Module `oidcc-ensure-request-with-valid-pkce-succeeds`.
#[tokio::test]
async fn with_a_verifier_of_its_challenge_a_code_brings_tokens() {
    let scene = Scene::with(json!({})).await;
    let code = scene.site.code(&scene.window, &[]).await;
    let wrong = [("code", code.as_str()), ("code_verifier", "a-verifier-of-somebody-else-with-enough-characters")];
    assert_eq!(scene.site.token(&scene.app, &wrong).await.refused(400), "invalid_grant");
    scene.site.token(&scene.app, &[("code", &code)]).await.ok();
}
