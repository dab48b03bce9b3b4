//! Clients that prove who they are by a key (RFC 7523), as FAPI 2.0 has it.

use serde_json::{Value, json};
use wardgraph_testkit::{OWN_ISS, Reply};

use super::kit::Profile;

/// Pushes a request with an assertion of these claims.
async fn push(profile: &Profile, claims: &Value) -> Reply {
    let parameters = profile.scene.site.parameters(&[]);
    let fields: Vec<_> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    profile.post("/oauth2/par", &fields, Some(&profile.own.assert("own", claims)), &[]).await
}

/// Asks for tokens with an assertion of these claims.
async fn redeem(profile: &Profile, code: &str, claims: &Value) -> Reply {
    let proof = profile.key.prove(&profile.proof_claims("POST", "/oauth2/token", None));
    profile.redeem_with(code, &[], Some(&profile.own.assert("own", claims)), &[proof]).await
}

fn with(profile: &Profile, changes: &[(&str, Value)]) -> Value {
    let mut claims = profile.assertion_claims();
    for (name, value) in changes {
        claims[*name] = value.clone();
    }
    claims
}

/// FAPI's modules `par-test-array-as-audience-fails`, `par-test-par-endpoint-url-as-audience-fails`, `par-test-token-endpoint-url-as-audience-fails` and
/// `ensure-client-assertion-with-wrong-aud-fails`.
#[tokio::test]
async fn an_assertion_is_for_this_issuer_as_one_text() {
    let profile = Profile::new().await;
    let code = profile.code(&[]).await;
    for aud in [
        json!([OWN_ISS]),
        json!([OWN_ISS, format!("{OWN_ISS}/oauth2/par")]),
        json!(format!("{OWN_ISS}/oauth2/par")),
        json!(format!("{OWN_ISS}/oauth2/token")),
        json!("https://another.example"),
        json!(format!("{OWN_ISS}/")),
    ] {
        let claims = with(&profile, &[("aud", aud.clone())]);
        assert_eq!(push(&profile, &claims).await.refused(401), "invalid_client", "{aud}");
        let claims = with(&profile, &[("aud", aud.clone())]);
        assert_eq!(redeem(&profile, &code, &claims).await.refused(401), "invalid_client", "{aud}");
    }
    redeem(&profile, &code, &profile.assertion_claims()).await.ok();
}

/// FAPI's modules `par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted`, `..-nbf-over-60-seconds-in-the-future-fails` and
/// `ensure-client-assertion-with-exp-is-5-minutes-in-past-fails`.
#[tokio::test]
async fn an_assertion_is_of_now_as_far_as_clocks_agree() {
    let profile = Profile::new().await;
    let now = profile.now();
    let at = |seconds: i64| [("iat", json!(now + seconds)), ("nbf", json!(now + seconds)), ("exp", json!(now + seconds + 60))];
    push(&profile, &with(&profile, &at(8))).await.created();
    for seconds in [61, 120, -360] {
        let claims = with(&profile, &at(seconds));
        assert_eq!(push(&profile, &claims).await.refused(401), "invalid_client", "{seconds}");
    }
    let code = profile.code(&[]).await;
    let expired = with(&profile, &[("exp", json!(now - 300))]);
    assert_eq!(redeem(&profile, &code, &expired).await.refused(401), "invalid_client");
}

/// FAPI's modules `ensure-client-assertion-in-token-endpoint` and `ensure-client-assertion-with-no-sub-fails`.
#[tokio::test]
async fn at_the_token_endpoint_the_client_says_and_proves_who_it_is() {
    let profile = Profile::new().await;
    let code = profile.code(&[]).await;
    let proof = || profile.key.prove(&profile.proof_claims("POST", "/oauth2/token", None));
    let named = [("client_id", profile.scene.site.id.as_str())];
    assert_eq!(profile.redeem_with(&code, &named, None, &[proof()]).await.refused(401), "invalid_client");
    let mut claims = profile.assertion_claims();
    claims.as_object_mut().unwrap().remove("sub");
    assert_eq!(redeem(&profile, &code, &claims).await.refused(401), "invalid_client");
    redeem(&profile, &code, &profile.assertion_claims()).await.ok();
}

/// FAPI's module `ensure-signed-client-assertion-with-RS256-fails`, as far as it holds here: a client's key decides by what it signs.
#[tokio::test]
async fn an_assertion_is_signed_by_the_algorithm_of_a_registered_key() {
    let profile = Profile::new().await;
    let code = profile.code(&[]).await;
    let other = wardgraph_testkit::Signer::rs256();
    let proof = || profile.key.prove(&profile.proof_claims("POST", "/oauth2/token", None));
    let by_rsa = other.assert("own", &profile.assertion_claims());
    assert_eq!(profile.redeem_with(&code, &[], Some(&by_rsa), &[proof()]).await.refused(401), "invalid_client");
    let mislabelled = profile.own.sign(&json!({ "alg": "RS256", "kid": "own" }), &profile.assertion_claims());
    assert_eq!(profile.redeem_with(&code, &[], Some(&mislabelled), &[proof()]).await.refused(401), "invalid_client");
    redeem(&profile, &code, &profile.assertion_claims()).await.ok();
}
