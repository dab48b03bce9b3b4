//! ID tokens (OpenID Connect Core, section 2). Of a person they tell the claims that were asked for them (section 5.5), of what the client may be told.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256, Sha512};
use wardgraph_identity::session::Proof;
use wardgraph_kernel::{SessionId, Timestamp};
use wardgraph_tokens::Algorithm;

use crate::told::Person;

/// How long one is good for. What it tells is of the moment at which somebody signed in.
pub const LIFE: Duration = Duration::from_hours(1);

/// What an ID token is of.
#[derive(Debug)]
pub struct IdToken<'a> {
    /// `iss`.
    pub iss: &'a str,
    /// `aud` and `azp`: the client.
    pub client: &'a str,
    /// Who signed in.
    pub person: &'a Person,
    /// The scopes that the client registered: it is told no more.
    pub registered: &'a [String],
    /// Names of claims that are to stand in it, which they agreed to.
    pub claims: &'a [String],
    /// `sid`: the client's session.
    pub session: SessionId,
    /// `auth_time`, `acr`, `amr`.
    pub proof: &'a Proof,
    /// `nonce`.
    pub nonce: Option<&'a str>,
    /// The access token that comes along.
    pub access_token: &'a str,
    /// What it is signed by.
    pub algorithm: Algorithm,
    /// `iat`.
    pub now: Timestamp,
}

impl IdToken<'_> {
    /// Its claims.
    pub fn claims(&self) -> Map<String, Value> {
        let mut claims = self.person.by_names(self.claims, self.registered);
        let seconds = i64::try_from(LIFE.as_secs()).unwrap_or(0);
        let fixed = json!({
            "iss": self.iss,
            "sub": self.person.id.to_string(),
            "aud": self.client,
            "azp": self.client,
            "exp": self.now.as_second().saturating_add(seconds),
            "iat": self.now.as_second(),
            "auth_time": self.proof.at.as_second(),
            "acr": self.proof.acr,
            "amr": self.proof.amr,
            "sid": self.session.to_string(),
            "at_hash": half_hash(self.access_token, self.algorithm),
        });
        if let Value::Object(fixed) = fixed {
            claims.extend(fixed);
        }
        claims.extend(self.nonce.map(|nonce| ("nonce".to_owned(), nonce.into())));
        claims
    }
}

/// The left half of the access token's hash, by the hash of the algorithm (OpenID Connect Core, section 3.1.3.6). Ed25519 goes with SHA-512.
fn half_hash(text: &str, algorithm: Algorithm) -> String {
    let hash = match algorithm {
        Algorithm::EdDSA => Sha512::digest(text).to_vec(),
        Algorithm::ES256 | Algorithm::RS256 | Algorithm::HS256 => Sha256::digest(text).to_vec(),
    };
    URL_SAFE_NO_PAD.encode(hash.get(..hash.len() / 2).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::told::tests::ada;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn an_id_token_tells_what_was_asked_for_it_and_may_be_told() {
        let proof = Proof::of(&["pwd"], Timestamp::UNIX_EPOCH);
        let (person, registered, claims) = (ada(), words(&["openid", "email"]), words(&["email", "name", "acr"]));
        let token = IdToken {
            iss: "https://graph.example",
            client: "wgc_1",
            person: &person,
            registered: &registered,
            claims: &claims,
            session: SessionId::from(uuid::Uuid::from_bytes([8; 16])),
            proof: &proof,
            nonce: Some("n"),
            access_token: "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
            algorithm: Algorithm::RS256,
            now: Timestamp::UNIX_EPOCH,
        };
        let told = token.claims();
        assert_eq!(told["email"], "ada@example.com");
        assert!(!told.contains_key("name") && !told.contains_key("email_verified"));
        // OpenID Connect Core, section A.3.
        assert_eq!(told["at_hash"], "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!((&told["aud"], &told["azp"], &told["nonce"]), (&json!("wgc_1"), &json!("wgc_1"), &json!("n")));
    }
}
