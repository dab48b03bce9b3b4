//! Tokens that lie about how they are to be checked.

use serde_json::{Value, json};
use wardgraph_tokens::{Algorithm, TokenError};

use crate::kit::*;

#[test]
fn none_is_refused_in_every_spelling() {
    for alg in ["none", "None", "NONE", "nOnE", "", " HS256", "hs256", "HS256\u{0}", "HS512", "HS384"] {
        let head = b64(json!({"alg": alg}).to_string());
        let body = b64(claims().to_string());
        let message = format!("{head}.{body}");
        refused(&format!("{message}.{}", sign_hs256(SECRET, &message)), TokenError::Algorithm);
        refused(&format!("{message}."), TokenError::Malformed);
        refused(&message, TokenError::Malformed);
    }
    for alg in [Value::Null, json!(["HS256"]), json!({"HS256": 1}), json!(1), json!(true)] {
        refused(&raw(json!({"alg": alg}).to_string(), claims().to_string()), TokenError::Algorithm);
    }
    refused(&raw("{}", claims().to_string()), TokenError::Algorithm);
}

#[test]
fn a_public_key_is_never_a_shared_secret() {
    let public = rsa_pem();
    let verifier = verifier(config(Algorithm::RS256, &public));
    for secret in [public.as_str(), public.trim_end(), &public.replace('\n', "\\n")] {
        for alg in ["HS256", "RS256"] {
            let message = format!("{}.{}", b64(json!({"alg": alg}).to_string()), b64(claims().to_string()));
            let result = verifier.verify(&format!("{message}.{}", sign_hs256(secret, &message)), at(NOW)).map(|_| ());
            assert_eq!(result, Err(if alg == "HS256" { TokenError::Algorithm } else { TokenError::Signature }));
        }
    }
}

#[test]
fn a_signature_covers_every_byte_of_its_own_token_alone() {
    let good = token(&claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (head, body) = message.split_once('.').unwrap();
    let other = b64(with("tenant_id", json!("victim")).to_string());
    let other_head = b64(r#"{"typ":"JWT","alg":"HS256"}"#);
    let truncated = b64(&base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, signature).unwrap()[..16]);
    for forged in [
        format!("{head}.{other}.{signature}"),
        format!("{other_head}.{body}.{signature}"),
        format!("{head}.{body}.{truncated}"),
        format!("{head}.{body}.{}", b64([0; 32])),
        format!("{head}.{body}.{}", sign_hs256(&"x".repeat(32), message)),
        format!("{head}.{body}.{}", sign_hs256(SECRET, body)),
        format!("{head}.{body}.{signature}{signature}").replace('=', ""),
    ] {
        let error = verify(&forged).map(|_| ()).unwrap_err();
        assert!(matches!(error, TokenError::Signature | TokenError::Malformed), "{forged}: {error}");
    }
    refused(&format!("{head}.{other}.{signature}"), TokenError::Signature);
}

#[test]
fn every_flipped_letter_is_refused() {
    for algorithm in Algorithm::ALL {
        let key = match algorithm {
            Algorithm::HS256 => SECRET.to_owned(),
            Algorithm::RS256 => rsa_pem(),
            Algorithm::ES256 => ec_pem(),
            Algorithm::EdDSA => ed_pem(),
        };
        let verifier = verifier(config(*algorithm, &key));
        let good = token_by(*algorithm, &claims());
        assert!(verifier.verify(&good, at(NOW)).is_ok());
        for (index, letter) in good.char_indices() {
            let other = if letter == 'A' { "B" } else { "A" };
            let mut forged = good.clone();
            forged.replace_range(index..=index, other);
            assert!(verifier.verify(&forged, at(NOW)).is_err(), "{algorithm} {index}");
        }
    }
}

#[test]
fn zero_and_degenerate_signatures_are_refused() {
    // CVE-2022-21449: an ECDSA signature of zeros; and Ed25519's neutral element.
    let message = |alg: &str| format!("{}.{}", b64(json!({"alg": alg}).to_string()), b64(claims().to_string()));
    let ec = verifier(config(Algorithm::ES256, &ec_pem()));
    let ed = verifier(config(Algorithm::EdDSA, &ed_pem()));
    let rsa = verifier(config(Algorithm::RS256, &rsa_pem()));
    for bytes in [vec![0; 64], vec![0xff; 64], vec![0; 63], vec![0; 65], vec![0; 256], vec![1], {
        let mut n = vec![0; 64];
        n[0] = 1;
        n
    }] {
        for (verifier, alg) in [(&ec, "ES256"), (&ed, "EdDSA"), (&rsa, "RS256")] {
            let token = format!("{}.{}", message(alg), b64(&bytes));
            assert_eq!(verifier.verify(&token, at(NOW)).map(|_| ()), Err(TokenError::Signature), "{alg} {bytes:?}");
        }
    }
}

#[test]
fn a_token_cannot_bring_its_key_or_its_rules() {
    let members = [
        ("jwk", json!({"kty": "oct", "k": b64("attacker")})),
        ("jku", json!("https://attacker.example/jwks")),
        ("x5u", json!("https://attacker.example/cert")),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("jwk", Value::Null),
    ];
    for (name, value) in members {
        let mut header = json!({"alg": "HS256"});
        header[name] = value;
        refused(&raw(header.to_string(), claims().to_string()), TokenError::Header(name));
    }
}

#[test]
fn a_kid_is_data_and_opens_nothing() {
    for kid in ["../../../../dev/null", "' OR 1=1 --", "|cat /etc/passwd", "/proc/self/environ", "", "https://attacker.example"] {
        let header = json!({"alg": "HS256", "kid": kid}).to_string();
        assert!(verify(&raw(&header, claims().to_string())).is_ok(), "{kid}");
        let message = format!("{}.{}", b64(&header), b64(claims().to_string()));
        refused(&format!("{message}.{}", sign_hs256("", &message)), TokenError::Signature);
    }
    for kid in [json!("k".repeat(257)), json!(7), json!(["a"]), Value::Null] {
        refused(&raw(json!({"alg": "HS256", "kid": kid}).to_string(), claims().to_string()), TokenError::Header("kid"));
    }
}

#[test]
fn only_access_tokens_have_a_fitting_type() {
    for typ in ["JWT", "jwt", "at+jwt", "AT+JWT"] {
        assert!(verify(&raw(json!({"alg": "HS256", "typ": typ}).to_string(), claims().to_string())).is_ok(), "{typ}");
    }
    for typ in [json!("dpop+jwt"), json!("secevent+jwt"), json!("logout+jwt"), json!(""), json!(1), Value::Null] {
        refused(&raw(json!({"alg": "HS256", "typ": typ}).to_string(), claims().to_string()), TokenError::Header("typ"));
    }
}

#[test]
fn an_id_token_is_no_access_token_though_all_else_is_right() {
    let header = json!({"alg": "HS256", "typ": "JWT"}).to_string();
    for (name, value) in [
        ("nonce", json!("n-0S6_WzA2Mj")),
        ("at_hash", json!("77QmUPtjPfzWtF2AnpK9RQ")),
        ("c_hash", json!("LDktKdoQak3Pk0cnXxCltA")),
        ("token_use", json!("id")),
        ("typ", json!("ID")),
        ("typ", json!("Refresh")),
        ("events", json!({ "http://schemas.openid.net/event/backchannel-logout": {} })),
    ] {
        let mut claims = claims();
        claims[name] = value;
        refused(&raw(&header, claims.to_string()), TokenError::Purpose);
    }
    let mut claims = claims();
    claims["token_use"] = json!("access");
    claims["typ"] = json!("Bearer");
    assert!(verify(&raw(&header, claims.to_string())).is_ok());
}
