//! What is published of the server.

use serde_json::{Value, json};
use wardgraph_testkit::{App, AppOptions, OWN_ISS};
use wardgraph_tokens::Algorithm;

/// What a server publishes that signs as it does where nothing is configured.
async fn published() -> (App, Value) {
    let algorithms = vec![Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256];
    let app = App::with(AppOptions { algorithms, ..AppOptions::default() }).await;
    let reply = app.stranger().get("/.well-known/openid-configuration").await;
    assert_eq!(reply.headers["content-type"], "application/json");
    let document = reply.ok();
    (app, document)
}

fn words<'a>(document: &'a Value, name: &str) -> Vec<&'a str> {
    let list = document[name].as_array().unwrap_or_else(|| panic!("{name} is a list"));
    list.iter().map(|word| word.as_str().unwrap()).collect()
}

/// Module `oidcc-discovery-endpoint-verification`.
#[tokio::test]
async fn what_openid_connect_has_published_is_published_and_true() {
    let (app, document) = published().await;
    assert_eq!(document["issuer"], OWN_ISS);
    assert!(!OWN_ISS.contains(['?', '#']));
    for (name, address) in document.as_object().unwrap() {
        if name.ends_with("_endpoint") || name.ends_with("_uri") {
            assert!(address.as_str().unwrap().starts_with("https://"), "{name}");
        }
    }
    for required in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"] {
        assert!(document[required].is_string(), "{required}");
    }
    assert_eq!(words(&document, "response_types_supported"), ["code"]);
    assert!(words(&document, "subject_types_supported").contains(&"public"));
    assert!(words(&document, "grant_types_supported").contains(&"authorization_code"));
    assert!(words(&document, "code_challenge_methods_supported").contains(&"S256"));
    assert!(words(&document, "claims_supported").contains(&"sub"));
    let algorithms = words(&document, "id_token_signing_alg_values_supported");
    assert!(algorithms.contains(&"RS256"), "which every client can verify: {algorithms:?}");
    assert!(!algorithms.contains(&"none") && !algorithms.contains(&"HS256"), "{algorithms:?}");
    let scopes = words(&document, "scopes_supported");
    assert!(scopes.contains(&"openid"));
    for scope in scopes {
        assert!(scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "{scope}");
    }
    assert_eq!(words(&document, "ui_locales_supported"), ["en"]);
    for told in ["claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported"] {
        assert!(document[told].is_boolean(), "{told}");
    }
    let keys = app.stranger().get("/.well-known/jwks.json").await.ok();
    let keys = keys["keys"].as_array().unwrap();
    let mut ids: Vec<_> = keys.iter().map(|key| key["kid"].as_str().expect("every key has a name")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), keys.len(), "and no other has the same");
    for key in keys {
        assert!(key.get("d").is_none() && key["use"] == "sig" && algorithms.contains(&key["alg"].as_str().unwrap()), "{key}");
    }
}

/// FAPI's module `discovery-end-point-verification`.
#[tokio::test]
async fn what_fapi_has_published_is_published() {
    let (app, document) = published().await;
    assert_eq!(app.stranger().get("/.well-known/oauth-authorization-server").await.ok(), document);
    assert!(document["pushed_authorization_request_endpoint"].is_string());
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    assert_eq!(words(&document, "code_challenge_methods_supported"), ["S256"]);
    assert!(words(&document, "token_endpoint_auth_methods_supported").contains(&"private_key_jwt"));
    for list in [
        "dpop_signing_alg_values_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "id_token_signing_alg_values_supported",
    ] {
        assert!(words(&document, list).iter().any(|word| ["ES256", "EdDSA", "PS256"].contains(word)), "{list}");
    }
}

/// Module `oidcc-rp-initiated-logout-discovery-endpoint-verification`.
#[tokio::test]
async fn where_a_browser_signs_out_is_published() {
    let (_, document) = published().await;
    assert_eq!(document["end_session_endpoint"], json!(format!("{OWN_ISS}/oauth2/logout")));
}
