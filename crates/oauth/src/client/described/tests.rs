use super::*;
use serde_json::json;

fn described(value: &Value, role: Option<OrganizationRole>) -> Result<Described, Unfit> {
    let scopes: Vec<String> = ["nodes:read", "openid", "offline_access"].map(str::to_owned).into();
    let terms = Terms { scopes: &scopes, role, algorithms: &[Algorithm::ES256, Algorithm::RS256], secrets: true };
    read(value.as_object().unwrap(), &terms)
}

fn with(name: &str, value: Value) -> Value {
    let mut good = json!({ "redirect_uris": ["https://app.example/cb"], "client_name": "An app" });
    good[name] = value;
    good
}

#[test]
fn what_is_not_said_is_as_the_standard_has_it() {
    let Described { registered, about } = described(&with("client_name#de", json!({ "a": 1 })), None).unwrap();
    assert_eq!(registered.auth_method, AuthMethod::Basic);
    assert_eq!(registered.grant_types, [GrantType::AuthorizationCode]);
    assert_eq!(registered.scopes, ["nodes:read", "openid", "offline_access"]);
    assert_eq!((registered.name.as_str(), registered.role, registered.id_token_alg), ("An app", None, Algorithm::ES256));
    assert_eq!(about, About::default());
    assert_eq!(About::read(about.text().as_deref()), Some(about));
    let about = described(&with("client_uri", json!("https://app.example/")), None).unwrap().about;
    assert_eq!(About::read(about.text().as_deref()), Some(about));
}

#[test]
fn nobody_describes_himself_into_more() {
    let sly = json!({
        "redirect_uris": ["https://app.example/cb"],
        "scope": "nodes:write system:read nodes:read users:write nodes:read",
        "first_party": true,
        "role": "owner",
        "resources": ["https://api.example"],
        "tenant_id": "victim",
        "source": "api",
    });
    let registered = described(&sly, None).unwrap().registered;
    assert_eq!(registered.scopes, ["nodes:read"]);
    assert_eq!((registered.role, registered.first_party, registered.resources.len()), (None, false, 0));
    for (name, value) in [
        ("grant_types", json!(["client_credentials"])),
        ("grant_types", json!(["password"])),
        ("grant_types", json!(["implicit", "authorization_code"])),
        ("grant_types", json!([])),
        ("grant_types", json!("authorization_code")),
        ("response_types", json!(["token"])),
        ("response_types", json!(["code", "code id_token"])),
        ("subject_type", json!("pairwise")),
        ("token_endpoint_auth_method", json!("tls_client_auth")),
        ("token_endpoint_auth_method", json!("private_key_jwt")),
        ("token_endpoint_auth_signing_alg", json!("HS256")),
        ("scope", json!("system:read")),
        ("scope", json!(["nodes:read"])),
        ("jwks", json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] })),
        ("jwks", json!({ "keys": [] })),
        ("jwks", json!("https://app.example/jwks")),
        ("jwks_uri", json!("http://169.254.169.254/")),
        ("id_token_signed_response_alg", json!("none")),
        ("id_token_signed_response_alg", json!("HS256")),
        ("dpop_bound_access_tokens", json!("yes")),
        ("client_uri", json!("javascript:alert(1)")),
        ("logo_uri", json!("http://127.0.0.1/logo.svg")),
        ("contacts", json!(vec!["a"; 11])),
        ("application_type", json!("toaster")),
        ("software_id", json!("a\nb")),
    ] {
        let unfit = described(&with(name, value.clone()), None).unwrap_err();
        assert_eq!(unfit.code, ErrorCode::InvalidClientMetadata, "{name} {value}: {unfit:?}");
    }
    for uris in [json!([]), json!(["http://app.example/cb"]), json!(["https://app.example/cb#a"]), json!(["javascript:alert(1)"])]
    {
        assert_eq!(
            described(&with("redirect_uris", uris.clone()), None).unwrap_err().code,
            ErrorCode::InvalidRedirectUri,
            "{uris}"
        );
    }
    let stated = described(&with("software_statement", json!("eyJ")), None).unwrap_err();
    assert_eq!(stated.code, ErrorCode::UnapprovedSoftwareStatement);
    // With a role in its terms a client may act on its own behalf, with that role and no other.
    let service = json!({ "grant_types": ["client_credentials"], "role": "owner" });
    assert_eq!(described(&service, Some(OrganizationRole::Analyst)).unwrap().registered.role, Some(OrganizationRole::Analyst));
}

#[test]
fn a_name_is_seen_as_it_is() {
    for (said, shown) in [
        (json!("  An\u{202e}app\n"), "Anapp"),
        (json!(""), "an unnamed application"),
        (json!("\u{200b}"), "an unnamed application"),
        (json!("x".repeat(500)), &"x".repeat(100)),
    ] {
        assert_eq!(described(&with("client_name", said), None).unwrap().registered.name, shown);
    }
}
