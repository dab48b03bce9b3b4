//! The replaced system's faults, by the numbers of its review.

use serde_json::{Value, json};
use wardgraph_tokens::TokenError;

use crate::kit::*;

#[test]
fn fault_10_the_tenant_claim_is_a_string_of_the_allowed_form() {
    let bad = [
        json!(["acme"]),
        json!([]),
        json!(7),
        json!(1.5),
        json!(true),
        Value::Null,
        json!({"acme": 1}),
        json!(""),
        json!(" "),
        json!(" acme"),
        json!("acme "),
        json!("Acme"),
        json!("*"),
        json!("_system"),
        json!("-acme"),
        json!("acme.corp"),
        json!("acme'"),
        json!("acme\0"),
        json!("аcme"),
        json!("x".repeat(64)),
    ];
    for tenant in bad {
        refused(&token(&with("tenant_id", tenant)), TokenError::InvalidClaim("tenant_id"));
    }
    refused(&token(&without("tenant_id")), TokenError::MissingClaim("tenant_id"));
    for tenant in ["acme", "0", "tenant_a", "a-b_c-9", &"x".repeat(63)] {
        assert_eq!(verify(&token(&with("tenant_id", json!(tenant)))).unwrap().claims.tenant.as_str(), tenant);
    }
}

#[test]
fn fault_12_a_token_without_exp_is_refused_and_nothing_internal_is_told() {
    refused(&token(&without("exp")), TokenError::MissingClaim("exp"));
    refused(&token(&with("exp", Value::Null)), TokenError::InvalidClaim("exp"));
    let all = [
        TokenError::Oversized,
        TokenError::Malformed,
        TokenError::Header("jwk"),
        TokenError::UnknownIssuer,
        TokenError::Algorithm,
        TokenError::Signature,
        TokenError::UnknownKey,
        TokenError::KeysUnavailable,
        TokenError::ForeignTenant,
        TokenError::Expired,
        TokenError::NotYetValid,
        TokenError::Audience,
        TokenError::MissingClaim("exp"),
        TokenError::InvalidClaim("tenant_id"),
    ];
    for error in all {
        let told = error.description();
        assert!(told.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "{told}");
        for internal in
            ["HS256", "RS256", "secret", "key", "jsonwebtoken", "serde", "Error", "line", "column", "wardgraph", "signature"]
        {
            assert!(!told.contains(internal), "{told}");
        }
    }
    // An outsider cannot tell which issuers there are, nor what they sign with.
    let told = |error: TokenError| error.description();
    assert_eq!(told(TokenError::UnknownIssuer), told(TokenError::Signature));
    assert_eq!(told(TokenError::Algorithm), told(TokenError::Signature));
}

#[test]
fn no_message_holds_anything_of_the_token() {
    let marked =
        ["sub", "tenant_id", "exp", "aud", "jti", "nbf", "scopes", "scope"].map(|name| token(&with(name, json!("MARK\nMARK"))));
    for token in marked.iter().chain(&[raw("MARK", "MARK"), raw(r#"{"alg":"MARK"}"#, "{}"), "MARK.MARK.MARK".to_owned()]) {
        let error = verify(token).map(|_| ()).unwrap_err();
        assert!(!format!("{error} {error:?} {}", error.description()).contains("MARK"));
    }
}
