//! Keys that are refused at start.

use wardgraph_kernel::Secret;
use wardgraph_tokens::{Algorithm, Issuer, IssuerConfig, KeyError, LocalKey, Minter, UnknownAlgorithm};

use crate::kit::*;

const RSA_1024: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC/ZOQwUfNFFtpNMBO4omJaZC2C
sk/mYbVhMWRturfa3urZZuLr8HNfJv8mbZLD3bnSUWib+8Al+T61Vbk+F/+wwRtQ
q1p10c6Tgq+XypnAXJdZv/WDXlHPBON8IQT/kEDPVEQPWIk/VES+DnnPdP1wEhVV
dgI7G6HsPwzZ47Vw8wIDAQAB
-----END PUBLIC KEY-----
";
const P384: &str = "-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAElXpoyCIWeh+DV5tRErD36cBIF8e6dWoe
VrBug6w05MwwQEV5nWtgiFIzthtJcOswOpVGnvjodHidVzJyDU8+busMqC0QdpXj
yr02WhB/y9zFXyNjWjknGMYPJPOHkSZ2
-----END PUBLIC KEY-----
";

#[track_caller]
fn refused_key(algorithm: Algorithm, key: &str, error: KeyError) {
    assert_eq!(Issuer::new(config(algorithm, key)).map(|_| ()), Err(error), "{algorithm}");
}

#[test]
fn a_short_secret_is_refused() {
    for bytes in [0, 1, 31] {
        refused_key(Algorithm::HS256, &"s".repeat(bytes), KeyError::ShortSecret { bytes });
        assert_eq!(
            Minter::with_secret(&Secret::new("s".repeat(bytes)), None, "a").map(|_| ()),
            Err(KeyError::ShortSecret { bytes })
        );
    }
    assert!(Issuer::new(config(Algorithm::HS256, &"s".repeat(32))).is_ok());
}

#[test]
fn a_public_key_is_no_secret_in_any_form() {
    let pem = rsa_pem();
    let packed = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &pem);
    for form in [pem.clone(), pem.replace('\n', "\\n"), packed, format!("\n{pem}")] {
        refused_key(Algorithm::HS256, &form, KeyError::SecretIsPem);
    }
}

#[test]
fn only_a_sound_public_key_of_the_right_kind_is_taken() {
    for (algorithm, right) in [(Algorithm::RS256, rsa_pem()), (Algorithm::ES256, ec_pem()), (Algorithm::EdDSA, ed_pem())] {
        for key in [rsa_pem(), ec_pem(), ed_pem()] {
            let expected = if key == right { Ok(()) } else { Err(KeyError::WrongKind(algorithm)) };
            assert_eq!(Issuer::new(config(algorithm, &key)).map(|_| ()), expected);
        }
        refused_key(algorithm, SECRET, KeyError::NotPem);
        refused_key(algorithm, "", KeyError::NotPem);
        refused_key(algorithm, "-----BEGIN PUBLIC KEY-----", KeyError::WrongKind(algorithm));
        refused_key(algorithm, &pem("PUBLIC KEY", b"junk"), KeyError::WrongKind(algorithm));
        refused_key(algorithm, &pem("EC PARAMETERS", b"junk"), KeyError::WrongKind(algorithm));
        refused_key(algorithm, &pem("CERTIFICATE", b"junk"), KeyError::Certificate);
        for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
            refused_key(algorithm, &pem(label, b"junk"), KeyError::PrivateKey);
            refused_key(algorithm, &format!("{right}{}", pem(label, b"junk")), KeyError::PrivateKey);
        }
    }
    refused_key(Algorithm::RS256, &rsa_private_pem(), KeyError::PrivateKey);
    refused_key(Algorithm::RS256, RSA_1024, KeyError::RsaSize { bits: 1_024 });
    refused_key(Algorithm::ES256, P384, KeyError::WrongKind(Algorithm::ES256));
}

#[test]
fn a_point_off_the_curve_is_refused() {
    let pem_text = ec_pem();
    let body: String = pem_text.lines().filter(|l| !l.starts_with('-')).collect();
    let mut der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap();
    *der.last_mut().unwrap() ^= 1;
    refused_key(Algorithm::ES256, &pem("PUBLIC KEY", &der), KeyError::WrongKind(Algorithm::ES256));
}

#[test]
fn an_issuer_without_an_audience_or_with_an_empty_iss_is_refused() {
    let base = || config(Algorithm::HS256, SECRET);
    assert_eq!(Issuer::new(IssuerConfig { audiences: vec![String::new()], ..base() }).map(|_| ()), Err(KeyError::NoAudience));
    assert_eq!(Issuer::new(IssuerConfig { issuer: Some(String::new()), ..base() }).map(|_| ()), Err(KeyError::EmptyIssuer));
}

#[test]
fn algorithms_are_read_in_their_exact_spelling() {
    for algorithm in Algorithm::ALL {
        assert_eq!(algorithm.to_string().parse(), Ok(*algorithm));
    }
    for bad in ["none", "", "hs256", "HS512", "RS256 ", "PS256", "EDDSA", "Ed25519"] {
        assert_eq!(bad.parse::<Algorithm>(), Err(UnknownAlgorithm), "{bad}");
    }
}

#[test]
fn no_debug_form_and_no_message_shows_a_key() {
    let shown = format!("{:?} {:?}", config(Algorithm::HS256, SECRET), Issuer::new(config(Algorithm::HS256, SECRET)).unwrap());
    let bytes = format!("{:?}", SECRET.as_bytes());
    assert!(!shown.contains(SECRET.split_at(8).0) && !shown.contains(beheaded(bytes.split_at(20).0)), "{shown}");
    let local = LocalKey::generate().unwrap();
    let pem = local.to_pem();
    let line = pem.expose().lines().nth(1).unwrap().to_owned();
    assert!(!format!("{local:?} {:?}", local.minter("i", "a")).contains(&line));
}
