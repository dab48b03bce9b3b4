//! Proofs of possession: those that are believed, and those that lie about anything.

use serde_json::{Value, json};
use wardgraph_tokens::{
    Thumbprint,
    dpop::{Asked, Nonces, Place, Proof, ProofError, Remembered, Replays},
};

use crate::kit::*;

const TOKEN: &str = "an access token";

fn nonces() -> Nonces {
    Nonces::new(&[7; 32])
}

fn jwk() -> Value {
    let point = aws_lc_rs::signature::KeyPair::public_key(&*EC).as_ref();
    json!({ "kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..]) })
}

fn ed_jwk() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": b64(aws_lc_rs::signature::KeyPair::public_key(&*ED)) })
}

fn rsa_jwk() -> Value {
    let key = aws_lc_rs::signature::KeyPair::public_key(&*RSA);
    let (n, e) = (key.modulus().big_endian_without_leading_zero(), key.exponent().big_endian_without_leading_zero());
    json!({ "kty": "RSA", "n": b64(n), "e": b64(e) })
}

fn header() -> Value {
    json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk() })
}

/// The claims of a good proof for `POST https://server.example.com/token` with [`TOKEN`].
fn good() -> Value {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, TOKEN.as_bytes());
    json!({
        "jti": "-BwC3ESc6acc2lTc",
        "htm": "POST",
        "htu": "https://server.example.com/token",
        "iat": NOW,
        "ath": b64(hash),
        "nonce": nonces().at(at(NOW)),
    })
}

fn changed(mut value: Value, name: &str, to: Option<Value>) -> Value {
    match to {
        Some(to) => value[name] = to,
        None => drop(value.as_object_mut().unwrap().remove(name)),
    }
    value
}

fn signed(header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    format!("{message}.{}", b64(sign(header["alg"].as_str().unwrap_or_default(), message.as_bytes())))
}

/// What the key of the algorithm's kind signs; that of ES256 for what is none.
fn sign(algorithm: &str, message: &[u8]) -> Vec<u8> {
    let random = aws_lc_rs::rand::SystemRandom::new();
    match algorithm {
        "EdDSA" | "Ed25519" => ED.sign(message).as_ref().to_vec(),
        "RS256" => {
            let mut signature = vec![0; RSA.public_modulus_len()];
            RSA.sign(&aws_lc_rs::signature::RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
            signature
        }
        _ => EC.sign(&random, message).unwrap().as_ref().to_vec(),
    }
}

fn judge_at(proof: &str, seconds: i64) -> Result<Proof, ProofError> {
    let place = Place::parse("https://server.example.com/token").unwrap();
    let asked = Asked { method: "POST", place: &place, token: Some(TOKEN), nonces: &nonces(), now: at(seconds) };
    Proof::verify(proof, &asked)
}

pub(crate) fn judge(proof: &str) -> Result<Proof, ProofError> {
    judge_at(proof, NOW)
}

/// A good proof by the key of each algorithm.
pub(crate) fn of_each_algorithm() -> [(&'static str, String); 3] {
    [("ES256", jwk()), ("EdDSA", ed_jwk()), ("RS256", rsa_jwk())]
        .map(|(algorithm, jwk)| (algorithm, signed(&json!({ "typ": "dpop+jwt", "alg": algorithm, "jwk": jwk }), &good())))
}

#[track_caller]
fn refused_claim(name: &str, to: Option<Value>, error: ProofError) {
    let claims = changed(good(), name, to);
    assert_eq!(judge(&signed(&header(), &claims)), Err(error), "{claims}");
}

#[track_caller]
fn refused_header(name: &str, to: Option<Value>, error: ProofError) {
    let header = changed(header(), name, to);
    assert_eq!(judge(&signed(&header, &good())), Err(error), "{header}");
}

#[test]
fn a_proof_of_each_kind_of_key_is_believed_and_names_the_key() {
    for (algorithm, jwk) in [("ES256", jwk()), ("EdDSA", ed_jwk()), ("Ed25519", ed_jwk()), ("RS256", rsa_jwk())] {
        let header = json!({ "typ": "dpop+jwt", "alg": algorithm, "jwk": jwk });
        let proof = judge(&signed(&header, &good())).unwrap();
        let spelled: std::collections::BTreeMap<_, _> = jwk.as_object().unwrap().iter().collect();
        let spelled = serde_json::to_string(&spelled).unwrap();
        let thumbprint = b64(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, spelled.as_bytes()));
        assert_eq!(proof.key().to_string(), thumbprint, "{algorithm}");
        // What else a key says of itself does not change which key it is.
        let mut named = header.clone();
        for (name, value) in [("kid", json!("mine")), ("use", json!("sig")), ("alg", json!(algorithm)), ("other", json!([1]))] {
            named["jwk"][name] = value;
        }
        assert_eq!(judge(&signed(&named, &good())).unwrap().key(), proof.key(), "{algorithm}");
    }
}

#[test]
fn the_example_of_the_specification_is_read_to_the_letter() {
    // RFC 9449, section 4.1: made in 2019 for a server that gave no nonce. Everything but that is as it should be.
    let proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
    let place = Place::parse("https://server.example.com/token").unwrap();
    let nonces = nonces();
    let asked = |now| Asked { method: "POST", place: &place, token: None, nonces: &nonces, now: at(now) };
    assert_eq!(Proof::verify(proof, &asked(1_562_262_616)), Err(ProofError::Nonce));
    assert_eq!(Proof::verify(proof, &asked(NOW)), Err(ProofError::Time));
    // Its key, as section 6.1 has it in the token.
    let key = json!({
        "kty": "EC", "crv": "P-256",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    });
    let spelled: std::collections::BTreeMap<_, _> = key.as_object().unwrap().iter().collect();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, serde_json::to_string(&spelled).unwrap().as_bytes());
    assert_eq!(Thumbprint::parse("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I").unwrap().to_string(), b64(digest));
}

#[test]
fn a_proof_says_what_it_is_and_how_it_is_signed() {
    for typ in [None, Some(json!("JWT")), Some(json!("at+jwt")), Some(json!("dpop")), Some(json!("")), Some(Value::Null)] {
        refused_header("typ", typ, ProofError::Header("typ"));
    }
    for alg in ["none", "None", "", "HS256", "es256", "ES384", "PS256", "RS512", "ES256K"] {
        refused_header("alg", Some(json!(alg)), ProofError::Algorithm);
    }
    for alg in [None, Some(Value::Null), Some(json!(["ES256"])), Some(json!(1))] {
        refused_header("alg", alg, ProofError::Algorithm);
    }
    // An algorithm of ours that is not the key's.
    refused_header("alg", Some(json!("EdDSA")), ProofError::Algorithm);
    refused_header("alg", Some(json!("RS256")), ProofError::Algorithm);
    for name in ["crit", "jku", "x5u", "x5c", "b64", "zip"] {
        refused_header(name, Some(json!("x")), ProofError::Header(name));
    }
    refused_header("kid", Some(json!("k".repeat(257))), ProofError::Header("kid"));
}

#[test]
fn the_public_key_is_no_shared_secret() {
    let header = json!({ "typ": "dpop+jwt", "alg": "HS256", "jwk": jwk() });
    let message = format!("{}.{}", b64(header.to_string()), b64(good().to_string()));
    for secret in [ec_pem(), jwk().to_string(), String::new()] {
        assert_eq!(judge(&format!("{message}.{}", sign_hs256(&secret, &message))), Err(ProofError::Algorithm));
    }
    let shared = json!({ "kty": "oct", "k": b64(SECRET) });
    refused_header("jwk", Some(shared), ProofError::Key);
}

#[test]
fn the_key_is_public_whole_and_strong() {
    let with = |name: &str, value: Value| {
        let mut key = jwk();
        key[name] = value;
        key
    };
    let mut small = rsa_jwk();
    small["n"] = json!(b64([0xff; 128]));
    let mut exponent = rsa_jwk();
    exponent["e"] = json!(b64([1]));
    for bad in [
        Value::Null,
        json!({}),
        json!("key"),
        json!([jwk()]),
        with("d", json!(b64([1; 32]))),
        with("d", Value::Null),
        with("k", json!("x")),
        with("crv", json!("P-384")),
        with("crv", json!("secp256k1")),
        with("kty", json!("RSA")),
        with("x", json!(b64([0; 32]))),
        with("x", json!(b64([0xff; 32]))),
        with("x", json!(format!("{}=", jwk()["x"].as_str().unwrap()))),
        with("use", json!("enc")),
        with("key_ops", json!(["sign"])),
        with("alg", json!("RS256")),
    ] {
        refused_header("jwk", Some(bad), ProofError::Key);
    }
    refused_header("jwk", None, ProofError::Key);
    for bad in [small, exponent] {
        let header = json!({ "typ": "dpop+jwt", "alg": "RS256", "jwk": bad });
        assert_eq!(judge(&signed(&header, &good())), Err(ProofError::Key), "{header}");
    }
}

#[test]
fn only_the_holder_of_the_key_makes_proofs() {
    let other = aws_lc_rs::signature::EcdsaKeyPair::generate(&aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let message = format!("{}.{}", b64(header().to_string()), b64(good().to_string()));
    let forged = other.sign(&aws_lc_rs::rand::SystemRandom::new(), message.as_bytes()).unwrap();
    for signature in [forged.as_ref(), &[0; 64], &[0xff; 64], &[1]] {
        assert_eq!(judge(&format!("{message}.{}", b64(signature))), Err(ProofError::Signature));
    }
    let good_one = signed(&header(), &good());
    assert!(judge(&good_one).is_ok());
    for (index, letter) in good_one.char_indices().step_by(3) {
        let mut forged = good_one.clone();
        forged.replace_range(index..=index, if letter == 'A' { "B" } else { "A" });
        assert!(judge(&forged).is_err(), "{index}");
    }
}

#[test]
fn a_proof_is_for_one_method_and_one_address() {
    for method in [Some(json!("GET")), Some(json!("post")), Some(json!(" POST")), Some(json!(""))] {
        refused_claim("htm", method, ProofError::Method);
    }
    for same in
        ["HTTPS://SERVER.example.com:443/token", "https://server.example.com/token?a=b#c", "https://server.example.com/%74oken"]
    {
        assert!(judge(&signed(&header(), &changed(good(), "htu", Some(json!(same))))).is_ok(), "{same}");
    }
    for other in [
        "https://server.example.com/",
        "https://server.example.com/token/",
        "https://server.example.com/token2",
        "http://server.example.com/token",
        "https://server.example.com.evil.test/token",
        "https://evil.test/token",
        "https://server.example.com:8443/token",
        "https://user@server.example.com/token",
        "/token",
        "server.example.com/token",
        "",
    ] {
        refused_claim("htu", Some(json!(other)), ProofError::Place);
    }
}

#[test]
fn a_proof_is_fresh() {
    let proof = signed(&header(), &good());
    for (seconds, good) in [(-11, false), (-10, true), (0, true), (60, true), (61, false), (3_600, false)] {
        let judged = judge_at(&proof, NOW + seconds);
        let expected = if good { Ok(()) } else { Err(ProofError::Time) };
        assert_eq!(judged.map(drop), expected, "{seconds}");
    }
    for iat in [json!(-1), json!("now"), json!(1e300), Value::Null] {
        refused_claim("iat", Some(iat), ProofError::Claim("iat"));
    }
}

#[test]
fn every_claim_is_there_and_has_its_form() {
    for name in ["jti", "htm", "htu", "iat", "ath"] {
        refused_claim(name, None, ProofError::Claim(name));
        refused_claim(name, Some(json!(["x"])), ProofError::Claim(name));
        refused_claim(name, Some(Value::Null), ProofError::Claim(name));
    }
    refused_claim("jti", Some(json!("")), ProofError::Claim("jti"));
    refused_claim("jti", Some(json!("x".repeat(257))), ProofError::Claim("jti"));
    assert!(judge(&signed(&header(), &changed(good(), "jti", Some(json!("x".repeat(256)))))).is_ok());
    let twice = format!(r#"{{"jti":"a",{}"#, good().to_string().split_at(1).1);
    let message = format!("{}.{}", b64(header().to_string()), b64(twice));
    assert_eq!(judge(&format!("{message}.{}", b64(sign("ES256", message.as_bytes())))), Err(ProofError::Malformed));
    assert_eq!(judge(&"a".repeat(8_193)), Err(ProofError::Oversized));
    for bad in ["", ".", "..", "a.b.c", "a.b.c.d"] {
        assert_eq!(judge(bad), Err(ProofError::Malformed), "{bad}");
    }
}

#[test]
fn a_proof_is_for_the_token_that_it_comes_with() {
    let another = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"another access token");
    refused_claim("ath", Some(json!(b64(another))), ProofError::Token);
    refused_claim("ath", Some(json!(TOKEN)), ProofError::Token);
    refused_claim("ath", Some(json!("")), ProofError::Token);
}

#[test]
fn a_proof_carries_a_nonce_of_ours() {
    refused_claim("nonce", None, ProofError::Nonce);
    refused_claim("nonce", Some(json!("")), ProofError::Nonce);
    refused_claim("nonce", Some(json!(Nonces::new(&[8; 32]).at(at(NOW)))), ProofError::Nonce);
    refused_claim("nonce", Some(json!(nonces().at(at(NOW - 1_000)))), ProofError::Nonce);
    refused_claim("nonce", Some(json!(1)), ProofError::Claim("nonce"));
    assert_eq!(ProofError::Nonce.word(), "use_dpop_nonce");
}

#[test]
fn a_proof_is_new_once_and_that_of_another_key_is_another() {
    let replays = Replays::default();
    let elapsed = std::time::Duration::from_secs(5);
    let proof = judge(&signed(&header(), &good())).unwrap();
    assert_eq!(replays.remember(&proof, elapsed), Remembered::New);
    // Signed anew, which gives other bytes, and made for another moment: it is the jti that counts.
    let again = judge(&signed(&header(), &changed(good(), "iat", Some(json!(NOW - 1))))).unwrap();
    assert_eq!(replays.remember(&again, elapsed), Remembered::Replayed);
    let other = json!({ "typ": "dpop+jwt", "alg": "EdDSA", "jwk": ed_jwk() });
    assert_eq!(replays.remember(&judge(&signed(&other, &good())).unwrap(), elapsed), Remembered::New);
    let next = judge(&signed(&header(), &changed(good(), "jti", Some(json!("2"))))).unwrap();
    assert_eq!(replays.remember(&next, elapsed), Remembered::New);
}
