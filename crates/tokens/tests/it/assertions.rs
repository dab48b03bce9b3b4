//! Client assertions: those that prove a client, and those that try to.

use serde_json::{Value, json};
use wardgraph_tokens::{
    Algorithm,
    assertion::{Assertion, AssertionError, Audience, ClientKeys, KeySetError, named_client},
};

use crate::kit::*;

const ISSUER: &str = "https://server.example.com";
const CLIENT: &str = "wgc_client";

fn ec_jwk(kid: &str) -> Value {
    let point = aws_lc_rs::signature::KeyPair::public_key(&*EC).as_ref();
    json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": b64(&point[1..33]), "y": b64(&point[33..]) })
}

fn ed_jwk(kid: &str) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64(aws_lc_rs::signature::KeyPair::public_key(&*ED)) })
}

fn keys(list: &[Value]) -> Result<ClientKeys, KeySetError> {
    ClientKeys::read(&json!({ "keys": list }).to_string())
}

fn good() -> Value {
    json!({ "iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": "one" })
}

fn changed(name: &str, to: Option<Value>) -> Value {
    let mut claims = good();
    match to {
        Some(to) => claims[name] = to,
        None => drop(claims.as_object_mut().unwrap().remove(name)),
    }
    claims
}

fn signed(header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    let bytes = message.as_bytes();
    let signature = match header["alg"].as_str() {
        Some("EdDSA") => ED.sign(bytes).as_ref().to_vec(),
        _ => EC.sign(&aws_lc_rs::rand::SystemRandom::new(), bytes).unwrap().as_ref().to_vec(),
    };
    format!("{message}.{}", b64(signature))
}

fn es256(claims: &Value) -> String {
    signed(&json!({ "alg": "ES256", "kid": "a" }), claims)
}

fn judge_with(assertion: &str, keys: &ClientKeys, algorithm: Option<Algorithm>) -> Result<Assertion, AssertionError> {
    let expected = Audience { client_id: CLIENT, issuer: ISSUER, algorithm, now: at(NOW) };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(Assertion::verify(assertion, &expected, keys))
}

fn judge(assertion: &str) -> Result<Assertion, AssertionError> {
    judge_with(assertion, &keys(&[ec_jwk("a")]).unwrap(), None)
}

#[track_caller]
fn refused(name: &str, to: Option<Value>, error: AssertionError) {
    let claims = changed(name, to);
    assert_eq!(judge(&es256(&claims)), Err(error), "{claims}");
}

#[test]
fn a_client_proves_itself_by_any_of_its_keys() {
    let keys = keys(&[ec_jwk("a"), ed_jwk("b")]).unwrap();
    for header in [
        json!({ "alg": "ES256", "kid": "a" }),
        json!({ "alg": "ES256" }),
        json!({ "alg": "EdDSA", "kid": "b", "typ": "JWT" }),
        json!({ "alg": "EdDSA", "typ": "client-authentication+jwt" }),
    ] {
        assert!(judge_with(&signed(&header, &good()), &keys, None).is_ok(), "{header}");
    }
    let (ec, ed) = (es256(&good()), signed(&json!({ "alg": "EdDSA", "kid": "b" }), &good()));
    assert!(judge_with(&ec, &keys, Some(Algorithm::ES256)).is_ok());
    assert_eq!(judge_with(&ed, &keys, Some(Algorithm::ES256)), Err(AssertionError::Algorithm));
    assert_eq!(named_client(&ec).unwrap(), CLIENT);
    // The same jti is the same assertion, whichever key signed it.
    let of = |assertion: &str| *judge_with(assertion, &keys, None).unwrap().id();
    assert_eq!(of(&ec), of(&ed));
    assert_ne!(of(&ec), of(&es256(&changed("jti", Some(json!("two"))))));
}

#[test]
fn an_assertion_is_of_the_client_and_for_this_server() {
    for name in ["iss", "sub"] {
        refused(name, Some(json!("wgc_other")), AssertionError::Client);
        refused(name, None, AssertionError::Claim(name));
        refused(name, Some(json!([CLIENT])), AssertionError::Claim(name));
    }
    let token_endpoint = format!("{ISSUER}/oauth2/token");
    for aud in [
        json!("https://other.example.com"),
        json!(format!("{ISSUER}/")),
        json!(token_endpoint),
        json!([ISSUER]),
        json!([ISSUER, "https://other.example.com"]),
        json!(""),
        json!({}),
        Value::Null,
    ] {
        refused("aud", Some(aud), AssertionError::Audience);
    }
    refused("aud", None, AssertionError::Claim("aud"));
}

#[test]
fn an_assertion_is_brief_and_named() {
    for (exp, error) in [
        (NOW - 10, AssertionError::Time),
        (NOW - 3_600, AssertionError::Time),
        (NOW + 311, AssertionError::Life),
        (NOW + 86_400, AssertionError::Life),
    ] {
        refused("exp", Some(json!(exp)), error);
    }
    for exp in [NOW - 9, NOW + 1, NOW + 300] {
        assert!(judge(&es256(&changed("exp", Some(json!(exp))))).is_ok(), "{exp}");
    }
    for name in ["iat", "nbf"] {
        refused(name, Some(json!(NOW + 11)), AssertionError::Time);
        refused(name, Some(json!("x")), AssertionError::Claim(name));
        assert!(judge(&es256(&changed(name, Some(json!(NOW + 10))))).is_ok());
    }
    refused("exp", None, AssertionError::Claim("exp"));
    refused("jti", None, AssertionError::Claim("jti"));
    refused("jti", Some(json!("")), AssertionError::Claim("jti"));
    refused("jti", Some(json!("j".repeat(257))), AssertionError::Claim("jti"));
}

#[test]
fn an_assertion_does_not_choose_how_it_is_checked() {
    for alg in ["none", "HS256", "ES384", "PS256", ""] {
        let header = json!({ "alg": alg, "kid": "a" });
        assert_eq!(judge(&signed(&header, &good())), Err(AssertionError::Algorithm), "{alg}");
    }
    let message = format!("{}.{}", b64(json!({ "alg": "HS256" }).to_string()), b64(good().to_string()));
    assert_eq!(judge(&format!("{message}.{}", sign_hs256(&ec_pem(), &message))), Err(AssertionError::Algorithm));
    // A key of its own, a key elsewhere, extensions, and tokens of another kind.
    for (name, value) in [
        ("jwk", ec_jwk("a")),
        ("jku", json!("https://evil.test/jwks")),
        ("x5u", json!("https://evil.test/x")),
        ("x5c", json!([])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("typ", json!("dpop+jwt")),
        ("typ", json!("at+jwt")),
        ("typ", json!("logout+jwt")),
    ] {
        let mut header = json!({ "alg": "ES256", "kid": "a" });
        header[name] = value;
        assert_eq!(judge(&signed(&header, &good())), Err(AssertionError::Header(name)), "{header}");
    }
    // Of another key, and of a key that is not there.
    let other = aws_lc_rs::signature::EcdsaKeyPair::generate(&aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let message = format!("{}.{}", b64(json!({ "alg": "ES256", "kid": "a" }).to_string()), b64(good().to_string()));
    let forged = b64(other.sign(&aws_lc_rs::rand::SystemRandom::new(), message.as_bytes()).unwrap());
    assert_eq!(judge(&format!("{message}.{forged}")), Err(AssertionError::Signature));
    assert_eq!(judge(&signed(&json!({ "alg": "ES256", "kid": "z" }), &good())), Err(AssertionError::UnknownKey));
    assert_eq!(judge(&signed(&json!({ "alg": "EdDSA", "kid": "a" }), &good())), Err(AssertionError::UnknownKey));
}

#[test]
fn a_poisoned_key_set_is_refused() {
    let with = |name: &str, value: Value| {
        let mut key = ec_jwk("a");
        key[name] = value;
        key
    };
    for (list, error) in [
        (vec![with("d", json!(b64([1; 32])))], KeySetError::NoSet),
        (vec![ec_jwk("a"), json!({ "kty": "oct", "kid": "s", "k": b64(SECRET) })], KeySetError::NoSet),
        (vec![ec_jwk("a"), ec_jwk("a")], KeySetError::NoSet),
        (vec![ec_jwk("a"); 33], KeySetError::NoSet),
        (vec![], KeySetError::NoKey),
        (vec![with("use", json!("enc"))], KeySetError::NoKey),
        (vec![with("crv", json!("P-521"))], KeySetError::NoKey),
        (vec![json!({ "kty": "RSA", "kid": "r", "n": b64([0xff; 128]), "e": "AQAB" })], KeySetError::NoKey),
    ] {
        assert_eq!(keys(&list).map(drop), Err(error), "{list:?}");
    }
    for text in ["", "{}", "[]", "null", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, r#"{"keys":[]} x"#] {
        assert_eq!(ClientKeys::read(text).map(drop), Err(KeySetError::NoSet), "{text}");
    }
    assert_eq!(ClientKeys::read(&" ".repeat(32_769)).map(drop), Err(KeySetError::Large));
}
