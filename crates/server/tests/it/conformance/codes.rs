//! What a code is good for, and how often.

use std::time::Duration;

use serde_json::json;

use super::kit::{Profile, Scene};
use crate::front::kit::CHALLENGE;

/// Modules `oidcc-codereuse`, `oidcc-codereuse-30seconds` and FAPI's `attempt-reuse-authorization-code-after-one-second`.
#[tokio::test]
async fn a_code_is_used_once_and_whoever_tries_again_ends_what_it_gave() {
    let scene = Scene::with(json!({})).await;
    for seconds in [0, 1, 30] {
        let code = scene.site.code(&scene.window, &[]).await;
        let tokens = scene.site.token(&scene.app, &[("code", &code)]).await.ok();
        assert!(scene.is_good(&tokens).await);
        scene.app.clock.advance(Duration::from_secs(seconds));
        assert_eq!(scene.site.token(&scene.app, &[("code", &code)]).await.refused(400), "invalid_grant", "after {seconds} s");
        assert!(!scene.is_good(&tokens).await, "after {seconds} s");
    }
}

/// FAPI's module `ensure-token-endpoint-fails-with-expired-auth-code`.
#[tokio::test]
async fn a_code_that_nobody_came_with_is_over_after_a_minute() {
    let profile = Profile::new().await;
    let code = profile.code(&[]).await;
    profile.scene.app.clock.advance(Duration::from_secs(61));
    assert_eq!(profile.redeem(&code, &[]).await.refused(400), "invalid_grant");
}

/// FAPI's modules `ensure-authorization-code-is-bound-to-client` and `ensure-client-id-in-token-endpoint`.
#[tokio::test]
async fn a_code_is_for_the_client_that_asked_for_it() {
    let profile = Profile::new().await;
    let own = wardgraph_testkit::Signer::es256();
    let other = profile.another(&own).await;
    let code = profile.code(&[]).await;
    let mut claims = profile.assertion_claims();
    claims["iss"] = json!(other.id);
    claims["sub"] = json!(other.id);
    let proof = || profile.key.prove(&profile.proof_claims("POST", "/oauth2/token", None));
    let as_other = profile.redeem_with(&code, &[], Some(&own.assert("own", &claims)), &[proof()]).await;
    assert_eq!(as_other.refused(400), "invalid_grant");
    // The client's own assertion, and another's name beside it.
    let mine = profile.own.assert("own", &profile.assertion_claims());
    let two_names = profile.redeem_with(&code, &[("client_id", &other.id)], Some(&mine), &[proof()]).await;
    assert_eq!(two_names.refused(401), "invalid_client");
    profile.redeem(&code, &[]).await.ok();
}

/// FAPI's modules `par-ensure-pkce-required` and `par-plain-pkce-rejected`.
#[tokio::test]
async fn a_request_without_a_hash_of_a_verifier_is_not_taken() {
    let profile = Profile::new().await;
    for change in [
        vec![("code_challenge", ""), ("code_challenge_method", "")],
        vec![("code_challenge_method", "plain")],
        vec![("code_challenge_method", "")],
        vec![("code_challenge", "")],
    ] {
        assert_eq!(profile.push(&change).await.refused(400), "invalid_request", "{change:?}");
    }
}

/// FAPI's modules `ensure-pkce-code-verifier-required` and `incorrect-pkce-code-verifier-rejected`.
#[tokio::test]
async fn a_code_needs_the_verifier_of_its_hash() {
    let profile = Profile::new().await;
    let code = profile.code(&[]).await;
    for verifier in ["", CHALLENGE, "a-verifier-of-somebody-else-with-enough-characters"] {
        assert_eq!(profile.redeem(&code, &[("code_verifier", verifier)]).await.refused(400), "invalid_grant", "{verifier}");
    }
}
