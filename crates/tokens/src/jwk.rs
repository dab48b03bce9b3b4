//! Key sets that issuers publish (RFC 7517), and the keys in them that can verify.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;

use crate::{Algorithm, Thumbprint, json::Members, key::VerifyingKey, rsa, thumbprint};

/// How many keys of a set are looked at. A token without a `kid` is tried with each.
const MOST_KEYS: usize = 32;

/// Members of a private or shared key: one that was published is nobody's secret any more.
const PRIVATE: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// A key of a set.
#[derive(Debug)]
pub(crate) struct PublishedKey {
    pub(crate) id: Option<String>,
    pub(crate) key: VerifyingKey,
    /// Its one spelling, by which it is told from others.
    public: String,
}

impl PublishedKey {
    pub(crate) fn thumbprint(&self) -> Thumbprint {
        Thumbprint::of(&self.public)
    }
}

impl PartialEq for PublishedKey {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.public == other.public
    }
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Members>,
}

/// The keys of a set that can verify signatures of these algorithms. Others are passed over (RFC 7517, section 5): of another kind, for
/// another use, or weak. None may be left: so an issuer takes all of its keys back. `None` if the text is no key set, holds too many keys,
/// two that cannot be told apart, or anything secret: whoever publishes that is not to be trusted with keys.
pub(crate) fn read_set(text: &[u8], algorithms: &[Algorithm]) -> Option<Vec<PublishedKey>> {
    let document: Document = serde_json::from_slice(text).ok()?;
    if document.keys.len() > MOST_KEYS || document.keys.iter().any(is_secret) {
        return None;
    }
    let usable = |key: &PublishedKey| algorithms.contains(&key.key.algorithm());
    let keys: Vec<_> = document.keys.iter().filter_map(read_key).filter(usable).collect();
    let same = |one: &PublishedKey, other: &PublishedKey| {
        one.id.is_some() && one.id == other.id && one.key.algorithm() == other.key.algorithm()
    };
    let ambiguous = keys.iter().enumerate().any(|(at, one)| keys.iter().skip(at + 1).any(|other| same(one, other)));
    (!ambiguous).then_some(keys)
}

/// The one key that a header or a request brings; `None` if it is none of ours, or has anything secret: whoever shows that is not to be trusted with
/// keys.
pub(crate) fn read_public(key: &Value) -> Option<PublishedKey> {
    let key = Members::deserialize(key).ok()?;
    if is_secret(&key) { None } else { read_key(&key) }
}

fn is_secret(key: &Members) -> bool {
    PRIVATE.iter().any(|name| key.find(name).is_some())
}

/// A public key that verifies by exactly one algorithm of ours.
fn read_key(key: &Members) -> Option<PublishedKey> {
    let text = |name: &'static str| key.find_text(name);
    let bytes = |name: &'static str| URL_SAFE_NO_PAD.decode(text(name).ok()??).ok();
    if !may_verify(key) {
        return None;
    }
    let (key_type, curve) = (text("kty").ok()??, text("crv").ok()?);
    let (algorithm, public, decoding) = match (key_type, curve) {
        ("RSA", None) => {
            let (modulus, exponent) = (bytes("n")?, bytes("e")?);
            let sound = (2_048..=8_192).contains(&rsa::bits(&modulus)) && rsa::is_sound_exponent(&exponent);
            if !sound || modulus.first() == Some(&0) || rsa::is_roca(&modulus) {
                return None;
            }
            let decoding = DecodingKey::from_rsa_raw_components(&modulus, &exponent);
            (Algorithm::RS256, thumbprint::of_modulus(&modulus, &exponent), decoding)
        }
        ("EC", Some("P-256")) => {
            let (x, y) = (coordinate(bytes("x")?)?, coordinate(bytes("y")?)?);
            let point = [&[4], x.as_slice(), &y].concat();
            // A point that is not on the curve is refused here.
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).ok()?;
            (Algorithm::ES256, thumbprint::of_point(&x, &y), DecodingKey::from_ec_der(&point))
        }
        ("OKP", Some("Ed25519")) => {
            let point = coordinate(bytes("x")?)?;
            (Algorithm::EdDSA, thumbprint::of_curve(&point), DecodingKey::from_ed_der(&point))
        }
        _ => return None,
    };
    // A key that says what it is for is for nothing else.
    if key.find("alg").is_some_and(|named| named.as_str().and_then(Algorithm::named) != Some(algorithm)) {
        return None;
    }
    let id = text("kid").ok()?.map(str::to_owned);
    Some(PublishedKey { id, key: VerifyingKey::of(algorithm, decoding), public })
}

/// `use` and `key_ops` (RFC 7517, sections 4.2 and 4.3), where they are there.
fn may_verify(key: &Members) -> bool {
    let signs = key.find("use").is_none_or(|wanted| wanted == "sig");
    let verifies = |operations: &Value| {
        operations
            .as_array()
            .is_some_and(|list| list.iter().any(|operation| operation == "verify") && list.iter().all(Value::is_string))
    };
    signs && key.find("key_ops").is_none_or(verifies)
}

/// A coordinate has all of its 32 bytes (RFC 7518, section 6.2.1.2; RFC 8037, section 2).
fn coordinate(bytes: Vec<u8>) -> Option<Vec<u8>> {
    (bytes.len() == 32).then_some(bytes)
}
