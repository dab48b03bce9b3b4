//! Refresh tokens.

use serde_json::json;
use wardgraph_testkit::Signer;

use super::kit::{Profile, Scene, access};
use crate::front::kit::Site;

/// Module `oidcc-refresh-token`.
#[tokio::test]
async fn a_refresh_token_brings_tokens_of_the_same_person_to_its_client_alone() {
    let scene = Scene::with(json!({})).await;
    let other = Site::of(&scene.app, &scene.organization, json!({})).await;
    let tokens = scene.tokens(&[("scope", "openid offline_access"), ("prompt", "consent")]).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    assert!(token.bytes().all(|byte| (0x20..=0x7e).contains(&byte)));
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", token)];
    assert_eq!(other.token(&scene.app, &refresh).await.refused(400), "invalid_grant");
    let next = scene.site.token(&scene.app, &refresh).await.ok();
    assert_ne!(access(&next), access(&tokens));
    let first = scene.verified(&tokens["id_token"]).await.1;
    assert_eq!(scene.told(&next).await["sub"], first["sub"]);
    // An ID token may come along (OpenID Connect Core, section 12.2); then it says the same.
    if next["id_token"].is_string() {
        let second = scene.verified(&next["id_token"]).await.1;
        for name in ["iss", "sub", "aud", "auth_time"] {
            assert_eq!(first[name], second[name], "{name}");
        }
    }
    let published = scene.app.stranger().get("/.well-known/openid-configuration").await.ok();
    assert!(published["grant_types_supported"].as_array().unwrap().contains(&json!("refresh_token")));
}

/// FAPI's module `refresh-token`.
#[tokio::test]
async fn a_refresh_token_is_good_with_its_clients_proof_and_for_no_other() {
    let profile = Profile::new().await;
    let tokens = profile.tokens(&[("scope", "openid offline_access")]).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let proof = || profile.key.prove(&profile.proof_claims("POST", "/oauth2/token", None));
    let named = [&fields[..], &[("client_id", profile.scene.site.id.as_str())]].concat();
    assert_eq!(profile.post("/oauth2/token", &named, None, &[proof()]).await.refused(401), "invalid_client");
    let own = Signer::es256();
    let other = profile.another(&own).await;
    let mut claims = profile.assertion_claims();
    claims["iss"] = json!(other.id);
    claims["sub"] = json!(other.id);
    let as_other = profile.post("/oauth2/token", &fields, Some(&own.assert("own", &claims)), &[proof()]).await;
    assert_eq!(as_other.refused(400), "invalid_grant");
    let mine = || profile.own.assert("own", &profile.assertion_claims());
    let unproved = profile.post("/oauth2/token", &fields, Some(&mine()), &[]).await;
    assert_eq!(unproved.refused(400), "invalid_dpop_proof");
    let next = profile.post("/oauth2/token", &fields, Some(&mine()), &[proof()]).await.ok();
    assert_eq!(next["token_type"], "DPoP");
    // Whoever did not get the answer asks again and gets what they should have had (FAPI 2.0, section 5.3.2.1).
    let again = profile.post("/oauth2/token", &fields, Some(&mine()), &[proof()]).await.ok();
    assert_eq!(again["refresh_token"], next["refresh_token"]);
}
