//! Project Wycheproof's vectors of JSON Web Signatures and Keys (`crates/tokens/tests/vectors`). What is invalid is refused, what is valid is
//! taken if its algorithm is one of ours; where it is otherwise, the test says why.

use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Members, Parts};
use crate::{
    Algorithm, TokenError, compact::decode, header, issuer::by_any, jwk::read_set, key::VerifyingKey, published::KeySet,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vectors {
    number_of_tests: usize,
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    comment: String,
    private: Option<Value>,
    public: Option<Value>,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    tc_id: u32,
    comment: String,
    jws: Option<Value>,
    result: String,
}

/// What an issuer is configured with.
enum Trust {
    Shared(VerifyingKey),
    Published(KeySet),
    Nobody,
}

impl Trust {
    /// Public keys are published, one alone as a set of one; a shared secret of 32 bytes or more is configured.
    fn of(group: &Group) -> Self {
        let key = group.public.as_ref().or(group.private.as_ref()).unwrap();
        let algorithms = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
        let set = if key.get("keys").is_some() { key.clone() } else { json!({ "keys": [key] }) };
        let alone = set["keys"].as_array().and_then(|keys| <&[Value; 1]>::try_from(keys.as_slice()).ok());
        let shared = alone.filter(|[key]| key["kty"] == "oct" && key["alg"] == "HS256").and_then(|[key]| key["k"].as_str());
        match shared.and_then(|text| decode(text).ok()) {
            Some(secret) if secret.len() >= 32 => {
                Self::Shared(VerifyingKey::of(Algorithm::HS256, DecodingKey::from_secret(&secret)))
            }
            Some(_) => Self::Nobody,
            None => match read_set(set.to_string().as_bytes(), &algorithms) {
                Some(keys) => {
                    let mut set = KeySet::default();
                    set.keys = keys;
                    Self::Published(set)
                }
                None => Self::Nobody,
            },
        }
    }

    /// Whether the algorithm that a token names is another's alone.
    fn is_foreign(jws: &str) -> bool {
        let header = jws.split('.').next().and_then(|head| decode(head).ok()).and_then(|text| Members::parse(&text).ok());
        header.is_some_and(|header| header::algorithm(&header).is_none())
    }

    fn takes(&self, jws: &str) -> Result<(), TokenError> {
        let Parts { message, signature, header, .. } = Parts::of(jws)?;
        header::check(&header)?;
        match self {
            Self::Nobody => Err(TokenError::UnknownKey),
            Self::Shared(key) => {
                header::check_algorithm(&header, key.algorithm())?;
                if key.verifies(message.as_bytes(), signature) { Ok(()) } else { Err(TokenError::Signature) }
            }
            Self::Published(keys) => {
                let algorithm = header::algorithm(&header).ok_or(TokenError::Algorithm)?;
                by_any(keys, algorithm, header.find_text("kid")?, message, signature)
            }
        }
    }
}

fn check(text: &str, otherwise: &[(u32, &str)]) {
    let vectors: Vectors = serde_json::from_str(text).unwrap();
    let (mut tried, mut differ) = (0, Vec::new());
    for group in &vectors.test_groups {
        let trust = Trust::of(group);
        for test in &group.tests {
            tried += 1;
            // Encryption, and the JSON serialization that no bearer token has.
            let Some(jws) = test.jws.as_ref().and_then(Value::as_str) else { continue };
            let wanted = match test.result.as_str() {
                "valid" if Trust::is_foreign(jws) => continue,
                result => result == "valid",
            };
            if trust.takes(jws).is_ok() != wanted {
                differ.push((test.tc_id, format!("{} {}", group.comment, test.comment)));
            }
        }
    }
    assert_eq!(tried, vectors.number_of_tests);
    let expected: Vec<_> = otherwise.iter().map(|(id, _)| *id).collect();
    assert_eq!(differ.iter().map(|(id, _)| *id).collect::<Vec<_>>(), expected, "{differ:?}");
}

#[test]
fn signatures_are_taken_and_refused_as_wycheproof_says() {
    check(
        include_str!("../../tests/vectors/json_web_signature_test.json"),
        &[
            (259, "a token without claims"),
            (367, "the very text of 357, which is valid"),
            (370, "the same"),
            (372, "`?` is no letter of base64url"),
            (373, "the same"),
        ],
    );
}

#[test]
fn keys_are_taken_and_refused_as_wycheproof_says() {
    check(
        include_str!("../../tests/vectors/json_web_key_test.json"),
        &[(2, "a set that publishes shared secrets is not believed")],
    );
}

#[test]
fn the_two_together_are_taken_and_refused_as_wycheproof_says() {
    check(
        include_str!("../../tests/vectors/json_web_crypto_test.json"),
        &[(48, "a set that publishes shared secrets is not believed")],
    );
}
