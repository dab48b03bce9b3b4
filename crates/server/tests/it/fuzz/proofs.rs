//! Proofs of possession and assertions: none but the one that was made is believed; what a key signs is believed within the rules alone; an address
//! has one spelling.

use proptest::prelude::*;
use wardgraph_kernel::Timestamp;
use wardgraph_testkit::{Signer, token_hash};
use wardgraph_tokens::{
    assertion::{Assertion, Audience, ClientKeys},
    dpop::{Asked, Nonces, Place, Proof},
};

use super::{
    fuzz,
    mangle::{corpus, mangled},
};

const NOW: i64 = 1_800_000_000;
const NOW_S: f64 = 1_800_000_000.0;
const TOKEN: &str = "a token";
const WORDS: &[&str] = &[
    ".",
    "=",
    "eyJ",
    "e30",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "\0",
    "\\u0061",
    "\\ud800",
    " ",
    "\"typ\":\"dpop+jwt\"",
    "\"alg\":\"none\"",
    "\"alg\":\"HS256\"",
    "\"alg\":\"EdDSA\"",
    "\"jwk\":{}",
    "\"kty\":\"oct\"",
    "\"d\":\"\"",
    "\"k\":\"AA\"",
    "\"crit\":[]",
    "\"kid\":\"\"",
    "\"jti\":\"\"",
    "\"htm\":\"GET\"",
    "\"htu\":\"https://a.test/\"",
    "\"iat\":1e308",
    "\"iat\":0.5",
    "\"iat\":null",
    "\"nonce\":\"\"",
    "\"ath\":null",
    "\"aud\":[]",
    "\"exp\":99999999999",
    "/..",
    "/%2e",
    "?",
    "#",
    "@",
    "%",
    "%2F",
    ":443",
    ":",
    "//",
    "HTTPS",
];

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn nonces() -> Nonces {
    Nonces::new(&[7; 32])
}

fn claims() -> serde_json::Value {
    serde_json::json!({
        "jti": "one", "htm": "POST", "htu": "https://a.test/oauth2/token", "iat": NOW, "nonce": nonces().at(now()), "ath": token_hash(TOKEN),
    })
}

fn judge(proof: &str) -> bool {
    let place = Place::parse("https://a.test/oauth2/token").unwrap();
    Proof::verify(proof, &Asked { method: "POST", place: &place, token: Some(TOKEN), nonces: &nonces(), now: now() }).is_ok()
}

#[test]
fn a_mangled_proof_is_never_believed() {
    let good: Vec<_> = [Signer::es256(), Signer::eddsa(), Signer::rs256()].iter().map(|key| key.prove(&claims())).collect();
    assert!(good.iter().all(|proof| judge(proof)));
    let seeds = good.iter().map(|proof| proof.clone().into_bytes()).collect();
    fuzz("tests/corpus/found/proofs.txt", &mangled(seeds, WORDS), |bytes| {
        let proof = String::from_utf8_lossy(&bytes);
        prop_assert_eq!(judge(&proof), good.iter().any(|good| *good == proof), "{}", proof);
        Ok(())
    });
}

#[test]
fn what_a_key_signs_is_believed_within_the_rules() {
    let key = Signer::eddsa();
    let (header, good) = (key.proof_header().to_string().into_bytes(), claims().to_string().into_bytes());
    let parts = (prop_oneof![3 => Just(header.clone()), 1 => mangled(vec![header], WORDS)], mangled(vec![good], WORDS));
    let mut believed = 0;
    fuzz("tests/corpus/found/proof_claims.txt", &parts, |(header, claims)| {
        if !judge(&key.sign_bytes(&header, &claims)) {
            return Ok(());
        }
        believed += 1;
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
        prop_assert_eq!(&claims["htm"], "POST");
        let place = Place::parse(claims["htu"].as_str().unwrap());
        prop_assert_eq!(place.as_ref().map(Place::as_str), Some("https://a.test/oauth2/token"));
        prop_assert!((NOW_S - 60.0..=NOW_S + 10.0).contains(&claims["iat"].as_f64().unwrap()));
        prop_assert_eq!(claims["nonce"].as_str().unwrap(), nonces().at(now()));
        prop_assert_eq!(claims["ath"].as_str().unwrap(), token_hash(TOKEN));
        prop_assert_eq!(header["typ"].as_str().unwrap().to_ascii_lowercase(), "dpop+jwt");
        prop_assert!(header["jwk"].get("d").is_none());
        Ok(())
    });
    assert!(believed > 5, "{believed}: what was tried is too far from a proof");
}

#[test]
fn a_mangled_assertion_proves_no_client() {
    let key = Signer::es256();
    let keys = ClientKeys::read(&serde_json::json!({ "keys": [key.jwk()] }).to_string()).unwrap();
    let expected = Audience { client_id: "wgc_a", issuer: "https://a.test", algorithm: None, now: now() };
    let claims = serde_json::json!({ "iss": "wgc_a", "sub": "wgc_a", "aud": "https://a.test", "exp": NOW + 60, "jti": "one" });
    let good = key.assert("a", &claims);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let judge = |text: &str| runtime.block_on(Assertion::verify(text, &expected, &keys)).is_ok();
    assert!(judge(&good));
    let header = serde_json::json!({ "alg": "ES256" }).to_string().into_bytes();
    let tokens = mangled(vec![good.clone().into_bytes()], WORDS);
    let parts = (tokens, mangled(vec![header], WORDS), mangled(vec![claims.to_string().into_bytes()], WORDS));
    fuzz("tests/corpus/found/assertions.txt", &parts, |(bytes, header, claims)| {
        let text = String::from_utf8_lossy(&bytes);
        prop_assert_eq!(judge(&text), text == good, "{}", text);
        if judge(&key.sign_bytes(&header, &claims)) {
            let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
            prop_assert!(claims["iss"] == "wgc_a" && claims["sub"] == "wgc_a" && claims["aud"] == "https://a.test");
            prop_assert!(claims["exp"].as_f64().unwrap() <= NOW_S + 310.0);
        }
        Ok(())
    });
}

#[test]
fn a_mangled_address_has_one_spelling() {
    let mut read = 0;
    fuzz("tests/corpus/found/places.txt", &mangled(corpus("urls"), WORDS), |bytes| {
        let text = String::from_utf8_lossy(&bytes);
        let Some(place) = Place::parse(&text) else { return Ok(()) };
        read += 1;
        let spelled = place.as_str();
        let again = Place::parse(spelled);
        prop_assert_eq!(again.as_ref(), Some(&place), "it is read as it is spelled");
        let (_, rest) = spelled.split_once("://").unwrap();
        let (authority, path) = rest.split_once('/').unwrap();
        prop_assert!(!authority.is_empty() && !authority.contains(['@', '%', '?', '#']), "{}", spelled);
        prop_assert!(!spelled.contains(['?', '#', ' ', '\\']), "{}", spelled);
        prop_assert!(!path.split('/').any(|segment| segment == "." || segment == ".."), "{}", spelled);
        Ok(())
    });
    assert!(read > 50, "{read}: what was tried is too far from an address");
}
