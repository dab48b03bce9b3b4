//! What is published of the OAuth server.

use serde_json::Value;
use wardgraph_testkit::{App, OWN_ISS};

#[tokio::test]
async fn what_is_published_is_there() {
    let app = App::start().await;
    let document = app.stranger().get("/.well-known/oauth-authorization-server").await;
    assert!(document.headers["cache-control"].to_str().unwrap().starts_with("public, max-age="));
    let document = document.ok();
    assert_eq!(app.stranger().get("/.well-known/openid-configuration").await.ok(), document);
    assert_eq!(document["issuer"], OWN_ISS);
    let addresses =
        document.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_endpoint") || name.ends_with("_uri"));
    let mut seen = 0;
    for (name, address) in addresses {
        let path = address.as_str().unwrap().strip_prefix(OWN_ISS).unwrap();
        assert!(wardgraph_api::table::rows().any(|row| row.spec.path == path), "{name}");
        seen += 1;
    }
    assert!(seen >= 4, "{document}");
    for list in ["scopes_supported", "grant_types_supported", "token_endpoint_auth_methods_supported"] {
        assert!(!document[list].as_array().unwrap().is_empty(), "{list}");
    }
    let words = |name: &str| document[name].as_array().cloned().unwrap_or_default();
    for forbidden in ["password", "implicit"] {
        assert!(!words("grant_types_supported").contains(&Value::from(forbidden)));
    }
    for promise in ["backchannel_logout_supported", "backchannel_logout_session_supported", "claims_parameter_supported"] {
        assert_eq!(document[promise], true, "{promise}");
    }
    for list in ["userinfo_signing_alg_values_supported", "introspection_signing_alg_values_supported"] {
        assert_eq!(document[list], document["id_token_signing_alg_values_supported"], "{list}");
    }
    assert!(!words("introspection_endpoint_auth_methods_supported").contains(&Value::from("none")));
}
