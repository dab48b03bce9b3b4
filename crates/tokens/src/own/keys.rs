//! The keys at hand: which one signs, which ones verify, what is published.

use jiff::Timestamp;

use super::pair::Pair;
use crate::{Algorithm, KeyError, Thumbprint, TokenError, header, json::Members, jwk, key::VerifyingKey};

/// One key pair with its times.
#[derive(Debug)]
pub(crate) struct OwnKey {
    pub(crate) id: String,
    pub(crate) pair: Pair,
    verifying: VerifyingKey,
    published: String,
    pub(crate) signs_from: Timestamp,
    pub(crate) verifies_until: Option<Timestamp>,
}

/// The keys at hand.
#[derive(Debug, Default)]
pub(crate) struct OwnKeys {
    version: u64,
    /// Those that sign later come first.
    keys: Vec<OwnKey>,
}

impl OwnKey {
    /// A key from its stored form.
    pub(crate) fn read(
        algorithm: Algorithm,
        pkcs8: &[u8],
        signs_from: Timestamp,
        verifies_until: Option<Timestamp>,
    ) -> Result<Self, KeyError> {
        let pair = Pair::read(algorithm, pkcs8)?;
        let public = pair.public();
        let id = Thumbprint::of(&public).to_string();
        let members = public.strip_prefix('{').unwrap_or_default();
        let published = format!(r#"{{"alg":"{algorithm}","kid":"{id}","use":"sig",{members}"#);
        // What is published verifies: the way there is the one of everyone else.
        let mut read = jwk::read_set(format!(r#"{{"keys":[{published}]}}"#).as_bytes(), &[algorithm]).unwrap_or_default();
        let verifying = read.pop().ok_or(KeyError::NotKeyPair)?.key;
        Ok(Self { id, pair, verifying, published, signs_from, verifies_until })
    }

    fn verifies_at(&self, now: Timestamp) -> bool {
        self.verifies_until.is_none_or(|until| now < until)
    }
}

impl OwnKeys {
    /// The keys that follow `before`. The version counts changes of the set: a token that was verified by another set is verified anew.
    pub(crate) fn following(before: &Self, mut keys: Vec<OwnKey>) -> Self {
        keys.sort_by(|one, other| (other.signs_from, &other.id).cmp(&(one.signs_from, &one.id)));
        let same = before.keys.len() == keys.len() && before.keys.iter().zip(&keys).all(|(one, other)| one.id == other.id);
        Self { version: before.version + u64::from(!same), keys }
    }

    pub(crate) const fn version(&self) -> u64 {
        self.version
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key that signs at `now`: the one whose turn came last. If none had its turn yet, the one that has it next.
    pub(crate) fn signing(&self, algorithm: Option<Algorithm>, now: Timestamp) -> Option<&OwnKey> {
        let fits = |key: &&OwnKey| algorithm.is_none_or(|wanted| key.pair.algorithm() == wanted) && key.verifies_at(now);
        let turned = self.keys.iter().filter(fits).find(|key| key.signs_from <= now);
        turned.or_else(|| self.keys.iter().rev().find(fits))
    }

    /// Checks a signature by the key that the header names. An access token says that it is one (RFC 9068, section 4), so that no other kind of
    /// token that these keys sign is taken for one.
    pub(crate) fn verify(&self, header: &Members, message: &str, signature: &str, now: Timestamp) -> Result<u64, TokenError> {
        self.verify_typed("at+jwt", header, message, signature, now)
    }

    /// Checks a signature over a token of this kind.
    pub(crate) fn verify_typed(
        &self,
        typ: &str,
        header: &Members,
        message: &str,
        signature: &str,
        now: Timestamp,
    ) -> Result<u64, TokenError> {
        if !header.find_text("typ")?.is_some_and(|said| said.eq_ignore_ascii_case(typ)) {
            return Err(TokenError::Header("typ"));
        }
        let id = header.find_text("kid")?.ok_or(TokenError::UnknownKey)?;
        let key = self.keys.iter().find(|key| key.id == id).ok_or(TokenError::UnknownKey)?;
        header::check_algorithm(header, key.pair.algorithm())?;
        if !key.verifies_at(now) {
            return Err(TokenError::UnknownKey);
        }
        if key.verifying.verifies(message.as_bytes(), signature) { Ok(self.version) } else { Err(TokenError::Signature) }
    }

    /// The set as it is published at `now`.
    pub(crate) fn published(&self, now: Timestamp) -> String {
        let keys: Vec<_> = self.keys.iter().filter(|key| key.verifies_at(now)).map(|key| key.published.as_str()).collect();
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn key(algorithm: Algorithm, signs_from: i64, verifies_until: Option<i64>) -> OwnKey {
        OwnKey::read(algorithm, &Pair::generate(algorithm).unwrap(), at(signs_from), verifies_until.map(at)).unwrap()
    }

    fn set(keys: Vec<OwnKey>) -> OwnKeys {
        OwnKeys::following(&OwnKeys::default(), keys)
    }

    #[test]
    fn every_algorithm_signs_what_its_published_key_verifies() {
        for algorithm in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256] {
            let key = key(algorithm, 0, None);
            let signature = URL_SAFE_NO_PAD.encode(key.pair.sign(b"a message").unwrap());
            assert!(key.verifying.verifies(b"a message", &signature), "{algorithm}");
            assert!(!key.verifying.verifies(b"another one", &signature), "{algorithm}");
        }
        assert!(Pair::generate(Algorithm::HS256).is_err());
    }

    #[test]
    fn a_key_signs_from_its_turn_and_verifies_until_its_end() {
        let (old, new) = (key(Algorithm::ES256, 0, Some(200)), key(Algorithm::ES256, 100, None));
        let (old_id, new_id) = (old.id.clone(), new.id.clone());
        let keys = set(vec![old, new]);
        let signing = |now| keys.signing(None, at(now)).unwrap().id.clone();
        assert_eq!(
            (signing(0), signing(99), signing(100), signing(300)),
            (old_id.clone(), old_id.clone(), new_id.clone(), new_id.clone())
        );
        let published = |now: i64| [&old_id, &new_id].map(|id| keys.published(at(now)).contains(id.as_str()));
        assert_eq!((published(0), published(199), published(200)), ([true, true], [true, true], [false, true]));
    }

    #[test]
    fn a_set_without_a_key_whose_turn_it_is_signs_with_the_next() {
        let keys = set(vec![key(Algorithm::ES256, 100, None), key(Algorithm::ES256, 200, None)]);
        assert_eq!(keys.signing(None, at(0)).unwrap().signs_from, at(100));
        assert!(keys.signing(Some(Algorithm::EdDSA), at(0)).is_none());
        assert!(set(Vec::new()).signing(None, at(0)).is_none());
    }

    #[test]
    fn the_version_changes_with_the_set_alone() {
        let pkcs8 = Pair::generate(Algorithm::ES256).unwrap();
        let one = || OwnKey::read(Algorithm::ES256, &pkcs8, at(0), None).unwrap();
        let first = set(vec![one()]);
        let second = OwnKeys::following(&first, vec![one()]);
        let third = OwnKeys::following(&second, vec![one(), key(Algorithm::ES256, 1, None)]);
        let fourth = OwnKeys::following(&third, Vec::new());
        assert_eq!([first.version, second.version, third.version, fourth.version], [1, 1, 2, 3]);
    }

    #[test]
    fn only_an_access_token_of_a_named_key_that_still_verifies_is_one() {
        let keys = set(vec![key(Algorithm::ES256, 0, Some(200))]);
        let (id, other) = (keys.keys[0].id.clone(), key(Algorithm::ES256, 0, None).id);
        let judged = |header: &str, now| {
            let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode("{}"));
            let signature = URL_SAFE_NO_PAD.encode(keys.keys[0].pair.sign(message.as_bytes()).unwrap());
            keys.verify(&Members::parse(header.as_bytes()).unwrap(), &message, &signature, at(now))
        };
        assert_eq!(judged(&format!(r#"{{"alg":"ES256","kid":"{id}","typ":"at+jwt"}}"#), 199), Ok(1));
        for (header, now, refusal) in [
            (format!(r#"{{"alg":"ES256","kid":"{id}","typ":"JWT"}}"#), 0, TokenError::Header("typ")),
            (format!(r#"{{"alg":"ES256","kid":"{id}"}}"#), 0, TokenError::Header("typ")),
            (r#"{"alg":"ES256","typ":"at+jwt"}"#.to_owned(), 0, TokenError::UnknownKey),
            (format!(r#"{{"alg":"ES256","kid":"{other}","typ":"at+jwt"}}"#), 0, TokenError::UnknownKey),
            (format!(r#"{{"alg":"EdDSA","kid":"{id}","typ":"at+jwt"}}"#), 0, TokenError::Algorithm),
            (format!(r#"{{"alg":"ES256","kid":"{id}","typ":"at+jwt"}}"#), 200, TokenError::UnknownKey),
        ] {
            assert_eq!(judged(&header, now), Err(refusal), "{header} at {now}");
        }
    }

    #[test]
    fn nothing_private_is_published() {
        let keys = set([Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256].map(|one| key(one, 0, None)).into());
        let published: serde_json::Value = serde_json::from_str(&keys.published(at(0))).unwrap();
        let mut names: Vec<_> =
            published["keys"].as_array().unwrap().iter().flat_map(|key| key.as_object().unwrap().keys().cloned()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names, ["alg", "crv", "e", "kid", "kty", "n", "use", "x", "y"]);
    }
}
