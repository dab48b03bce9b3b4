//! What is accepted: the four algorithms, the forms of keys, and the choice of the issuer.

use serde_json::{Value, json};
use wardgraph_kernel::{ActorType, Permission, Permissions};
use wardgraph_tokens::{Algorithm, Issuer, IssuerConfig, KeyError, TokenError, Verifier};

use crate::kit::*;

fn key_of(algorithm: Algorithm) -> String {
    match algorithm {
        Algorithm::HS256 => SECRET.to_owned(),
        Algorithm::RS256 => rsa_pem(),
        Algorithm::ES256 => ec_pem(),
        Algorithm::EdDSA => ed_pem(),
    }
}

#[test]
fn each_algorithm_accepts_its_own_tokens_and_no_others() {
    for ours in Algorithm::ALL {
        let verifier = verifier(config(*ours, &key_of(*ours)));
        for theirs in Algorithm::ALL {
            let result = verifier.verify(&token_by(*theirs, &claims()), at(NOW)).map(|v| v.first_seen);
            assert_eq!(result, if ours == theirs { Ok(true) } else { Err(TokenError::Algorithm) }, "{theirs} at {ours}");
        }
    }
}

#[test]
fn the_claims_are_read_as_they_stand() {
    let mut all = claims();
    all["jti"] = json!("t-1");
    all["iat"] = json!(NOW);
    all["nbf"] = json!(NOW);
    all["email"] = json!({"unknown": ["claims", "are", "ignored"]});
    let claims = verify(&token(&all)).unwrap().claims;
    assert_eq!((&*claims.subject, claims.tenant.as_str(), &*claims.issuer), ("alice", "acme", "outside-HS256"));
    assert_eq!((claims.token_id.as_deref(), claims.expires_at), (Some("t-1"), at(NOW + 60)));
    assert_eq!((claims.actor.kind, &*claims.actor.id), (ActorType::User, "alice"));
    assert!(claims.permissions.allows(Permission::NodesWrite) && !claims.permissions.allows(Permission::EdgesRead));
}

#[test]
fn scopes_stay_below_the_ceiling() {
    let ceiling = Permissions::from_scopes(["nodes:read"]);
    let verifier = verifier(IssuerConfig { ceiling, ..config(Algorithm::HS256, SECRET) });
    let asked = with("scopes", json!(["nodes:write", "system:read", "super_admin", "*"]));
    assert_eq!(verifier.verify(&token(&asked), at(NOW)).unwrap().claims.permissions, ceiling);
}

#[test]
fn a_pem_comes_in_four_forms() {
    let pem = rsa_pem();
    let packed = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &pem);
    let forms = [pem.clone(), pem.replace('\n', "\\n"), pem.replace('\n', "\r\n"), packed.clone(), format!("{packed}\n")];
    for form in forms {
        let verifier = verifier(config(Algorithm::RS256, &form));
        assert!(verifier.verify(&token_by(Algorithm::RS256, &claims()), at(NOW)).is_ok(), "{form}");
    }
}

fn named(name: &str, iss: Option<&str>, key: &str) -> Issuer {
    let issuer = iss.map(str::to_owned);
    Issuer::new(IssuerConfig { name: name.to_owned(), issuer, ..config(Algorithm::HS256, key) }).unwrap()
}

#[test]
fn iss_picks_one_issuer_and_no_other_is_tried() {
    let (other_key, third_key) = ("b".repeat(32), "c".repeat(32));
    let issuers = vec![
        named("one", Some("https://one"), SECRET),
        named("two", Some("https://two"), &other_key),
        named("rest", None, &third_key),
    ];
    let verifier = Verifier::new(issuers).unwrap();
    let issued = |iss: Value, key: &str| {
        let message = format!("{}.{}", b64(r#"{"alg":"HS256"}"#), b64(with("iss", iss).to_string()));
        verifier.verify(&format!("{message}.{}", sign_hs256(key, &message)), at(NOW)).map(|v| v.claims.issuer.to_string())
    };
    assert_eq!(issued(json!("https://one"), SECRET), Ok("one".to_owned()));
    assert_eq!(issued(json!("https://two"), &other_key), Ok("two".to_owned()));
    assert_eq!(issued(json!("https://elsewhere"), &third_key), Ok("rest".to_owned()));
    for (iss, key) in [("https://two", SECRET), ("https://one", &third_key), ("https://one/", SECRET), ("HTTPS://ONE", SECRET)] {
        assert_eq!(issued(json!(iss), key), Err(TokenError::Signature), "{iss}");
    }
    assert_eq!(issued(json!(["https://one"]), SECRET), Err(TokenError::InvalidClaim("iss")));
    assert_eq!(issued(Value::Null, &third_key), Err(TokenError::InvalidClaim("iss")));
}

#[test]
fn without_a_fallback_an_unknown_iss_is_refused() {
    let verifier = Verifier::new(vec![named("one", Some("https://one"), SECRET)]).unwrap();
    let verify = |claims: &Value| verifier.verify(&token(claims), at(NOW)).map(|_| ());
    assert_eq!(verify(&with("iss", json!("https://two"))), Err(TokenError::UnknownIssuer));
    assert_eq!(verify(&claims()), Err(TokenError::MissingClaim("iss")));
    assert_eq!(
        Verifier::new(vec![]).unwrap().verify(&token(&claims()), at(NOW)).map(|_| ()),
        Err(TokenError::MissingClaim("iss"))
    );
}

#[test]
fn issuers_that_cannot_be_told_apart_are_refused() {
    let pairs = [
        (named("one", Some("https://x"), SECRET), named("two", Some("https://x"), SECRET)),
        (named("one", None, SECRET), named("two", None, SECRET)),
        (named("one", Some("https://x"), SECRET), named("one", Some("https://y"), SECRET)),
    ];
    for (one, two) in pairs {
        assert!(matches!(Verifier::new(vec![one, two]), Err(KeyError::Ambiguous(..))));
    }
}
