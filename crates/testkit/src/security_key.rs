//! An authenticator in software, with the browser in front of it: what WebAuthn Level 3 has them do, and whatever else a test wants them to.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RsaKeyPair,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};
use wardgraph_identity::passkey::RelyingParty;
use wardgraph_kernel::{Chance, SystemChance};

use crate::OWN_ISS;

/// Its user was there (6.1).
const PRESENT: u8 = 1;
/// It made sure who its user was.
const VERIFIED: u8 = 1 << 2;
/// Its key may be copied, and was.
const SYNCS: u8 = 1 << 3 | 1 << 4;
/// A new key follows.
const ATTESTED: u8 = 1 << 6;

#[derive(Debug)]
enum Pair {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

/// What keys an authenticator makes, by COSE's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// -7.
    Es256,
    /// -35: not asked for here.
    Es384,
    /// -8.
    EdDsa,
    /// -257.
    Rs256,
}

/// An authenticator that has one key, and the browser page that asks it.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is something that it can do wrong by itself")]
pub struct SecurityKey {
    pair: Pair,
    /// What it calls its key.
    pub id: Vec<u8>,
    /// The account that the key is for.
    pub handle: Option<String>,
    /// The page's origin.
    pub origin: String,
    /// The domain that it signs for; what the page says if that is `None`.
    pub domain: Option<String>,
    /// The signature counter; stays 0 if it is 0.
    pub count: u32,
    /// Whether its user is there.
    pub present: bool,
    /// Whether it makes sure who its user is.
    pub verifies: bool,
    /// Whether its key is copied to other devices.
    pub synced: bool,
    /// Whether the page is a frame in another's.
    pub framed: bool,
    /// The attestation's format.
    pub format: &'static str,
}

impl SecurityKey {
    /// One for pages of this origin, with a fresh P-256 key.
    pub fn new(origin: &str) -> Self {
        Self::with(origin, KeyKind::Es256)
    }

    /// One with a fresh key of this kind.
    pub fn with(origin: &str, kind: KeyKind) -> Self {
        let pair = match kind {
            KeyKind::Es256 => Pair::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()),
            KeyKind::Es384 => Pair::P384(EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap()),
            KeyKind::EdDsa => Pair::Ed25519(Ed25519KeyPair::generate().unwrap()),
            KeyKind::Rs256 => Pair::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())),
        };
        Self {
            pair,
            id: SystemChance.bytes().to_vec(),
            handle: None,
            origin: origin.to_owned(),
            domain: None,
            count: 1,
            present: true,
            verifies: true,
            synced: false,
            framed: false,
            format: "none",
        }
    }

    /// `navigator.credentials.create` and `toJSON`: `RegistrationResponseJSON`.
    pub fn create(&mut self, options: &Value) -> Value {
        self.handle = Some(options["user"]["id"].as_str().unwrap().to_owned());
        let mut data = self.data(options["rp"]["id"].as_str().unwrap(), ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.cose());
        let mut object = vec![0xa3];
        text(&mut object, "fmt");
        text(&mut object, self.format);
        text(&mut object, "attStmt");
        object.push(0xa0);
        text(&mut object, "authData");
        bytes(&mut object, &data);
        let client = self.client("webauthn.create", options);
        json!({
            "id": B64.encode(&self.id),
            "rawId": B64.encode(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": { "credProps": { "rk": true } },
            "response": {
                "clientDataJSON": B64.encode(client),
                "attestationObject": B64.encode(object),
                "authenticatorData": B64.encode(data),
                "transports": ["hybrid", "internal"],
            },
        })
    }

    /// `navigator.credentials.get` and `toJSON`: `AuthenticationResponseJSON`.
    pub fn get(&mut self, options: &Value) -> Value {
        if self.count > 0 {
            self.count += 1;
        }
        let data = self.data(options["rpId"].as_str().unwrap(), 0);
        let client = self.client("webauthn.get", options);
        let signature = self.sign(&[data.as_slice(), digest(&SHA256, &client).as_ref()].concat());
        json!({
            "id": B64.encode(&self.id),
            "rawId": B64.encode(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": B64.encode(client),
                "authenticatorData": B64.encode(data),
                "signature": B64.encode(signature),
                "userHandle": self.handle,
            },
        })
    }

    /// What the browser has signed (5.8.1).
    fn client(&self, act: &str, options: &Value) -> Vec<u8> {
        let challenge = options["challenge"].as_str().unwrap();
        let (origin, framed) = (&self.origin, self.framed);
        format!(r#"{{"type":"{act}","challenge":"{challenge}","origin":"{origin}","crossOrigin":{framed}}}"#).into_bytes()
    }

    /// The beginning of authenticator data (6.1).
    fn data(&self, domain: &str, more: u8) -> Vec<u8> {
        let domain = self.domain.as_deref().unwrap_or(domain);
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        let flags = flag(self.present, PRESENT) | flag(self.verifies, VERIFIED) | flag(self.synced, SYNCS) | more;
        [digest(&SHA256, domain.as_bytes()).as_ref(), &[flags], &self.count.to_be_bytes()].concat()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let chance = SystemRandom::new();
        match &self.pair {
            Pair::P256(pair) | Pair::P384(pair) => pair.sign(&chance, message).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &chance, message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// The public key (RFC 9053), in CTAP2's canonical form.
    fn cose(&self) -> Vec<u8> {
        let point = |point: &[u8], head: &[u8]| {
            let (x, y) = point[1..].split_at(point.len() / 2);
            let mut key = head.to_vec();
            key.push(0x21);
            bytes(&mut key, x);
            key.push(0x22);
            bytes(&mut key, y);
            key
        };
        match &self.pair {
            Pair::P256(pair) => point(pair.public_key().as_ref(), &[0xa5, 1, 2, 3, 0x26, 0x20, 1]),
            Pair::P384(pair) => point(pair.public_key().as_ref(), &[0xa5, 1, 2, 3, 0x38, 0x22, 0x20, 2]),
            Pair::Ed25519(pair) => {
                let mut key = vec![0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21];
                bytes(&mut key, pair.public_key().as_ref());
                key
            }
            Pair::Rsa(pair) => {
                let mut key = vec![0xa4, 1, 3, 3, 0x39, 1, 0, 0x20];
                bytes(&mut key, pair.public_key().modulus().big_endian_without_leading_zero());
                key.push(0x21);
                bytes(&mut key, pair.public_key().exponent().big_endian_without_leading_zero());
                key
            }
        }
    }
}

/// A text of CBOR (RFC 8949) of less than 24 bytes.
fn text(out: &mut Vec<u8>, text: &str) {
    out.push(0x60 | u8::try_from(text.len()).unwrap());
    out.extend(text.as_bytes());
}

/// A byte string of CBOR.
fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    match u8::try_from(bytes.len()) {
        Ok(short @ 0..24) => out.push(0x40 | short),
        Ok(length) => out.extend([0x58, length]),
        Err(_) => {
            out.push(0x59);
            out.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
        }
    }
    out.extend(bytes);
}

/// Whom the passkeys of tests are for.
pub(crate) fn party(here: Option<u16>) -> RelyingParty {
    let (domain, origin) = match here {
        Some(port) => ("localhost", format!("http://localhost:{port}")),
        None => ("wardgraph.test", OWN_ISS.to_owned()),
    };
    RelyingParty::new(domain, vec![origin], "Wardgraph").unwrap()
}
