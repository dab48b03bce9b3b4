//! Refresh tokens: each follows from the key of its family and its number, so that a client which lost an answer gets the same again, and
//! nobody else gets anything (RFC 9700, section 4.14).

use std::{fmt, time::Duration};

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use wardgraph_kernel::{Chance, Secret, SessionId, Timestamp};
use wardgraph_vault::Field;

/// How a refresh token begins, for whoever finds one where it should not be.
const PREFIX: &str = "wgr_";
/// How long a used token brings its successor again, to a client of the same kind, while nobody has used the successor.
pub const UNSEEN_WITHIN: Duration = Duration::from_mins(5);
/// How long a used token does so although its successor was used, to the same client: two requests that crossed.
pub const CROSSED_WITHIN: Duration = Duration::from_secs(10);

/// The key of a family: opens nothing without the server, and is sealed where it is kept.
#[derive(Clone)]
pub struct FamilyKey([u8; 32]);

impl FamilyKey {
    /// A new one.
    pub fn generate(chance: &dyn Chance) -> Self {
        Self(chance.bytes())
    }

    /// One that was kept.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// What is to be sealed.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The token of this number.
    pub fn token(&self, session: SessionId, number: i32) -> Secret {
        let tag = sign(&Key::new(HMAC_SHA256, &self.0), &message(session, number));
        let bytes = [session.uuid().as_bytes().as_slice(), &number.to_be_bytes(), tag.as_ref()].concat();
        Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Whether this family's key made the token.
    pub fn made(&self, token: &Presented) -> bool {
        verify(&Key::new(HMAC_SHA256, &self.0), &message(token.session, token.number), &token.tag).is_ok()
    }
}

impl fmt::Debug for FamilyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FamilyKey").finish_non_exhaustive()
    }
}

/// Where the key of a session's family is sealed.
pub const fn family_key(session: &str) -> Field<'_> {
    Field { table: "sessions", column: "family_key", row: session }
}

fn message(session: SessionId, number: i32) -> Vec<u8> {
    [b"refresh".as_slice(), session.uuid().as_bytes(), &number.to_be_bytes()].concat()
}

/// A token that somebody presented: what it says of itself, which nobody has believed yet.
#[derive(Clone)]
pub struct Presented {
    /// The session it claims to be of.
    pub session: SessionId,
    /// Its number in the family.
    pub number: i32,
    tag: [u8; 32],
}

impl Presented {
    /// Reads the form of a token.
    pub fn read(token: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
        let (session, rest) = bytes.split_at_checked(16)?;
        let (number, tag) = rest.split_at_checked(4)?;
        let number = i32::from_be_bytes(number.try_into().ok()?);
        Some(Self { session: Uuid::from_slice(session).ok()?.into(), number, tag: tag.try_into().ok()? })
    }
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").field("session", &self.session).field("number", &self.number).finish_non_exhaustive()
    }
}

/// Who presents tokens, as far as that can be known of somebody without a key: which program, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// SHA-256 of what the program says of itself.
    pub program: Vec<u8>,
    /// The network, as rows spell it.
    pub network: String,
}

impl Client {
    /// The client with this `User-Agent` in this network.
    pub fn new(agent: &str, network: String) -> Self {
        Self { program: Sha256::digest(agent).to_vec(), network }
    }
}

/// Where a family stands.
#[derive(Debug, Clone)]
pub struct Family {
    /// The number of the token that is to be used next.
    pub number: i32,
    /// Who used the one before it.
    pub client: Client,
    /// When the one before it was used; absent while the first was not.
    pub rotated_at: Option<Timestamp>,
    /// When the one before that was used.
    pub rotated_before_at: Option<Timestamp>,
}

/// What becomes of a token that the family's key made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is the one to be used: its successor comes into being.
    Rotate,
    /// It was used by this client, which did not get the answer: the successor of this number, again.
    Again(i32),
    /// It was stolen, or its successor was: the family ends.
    Replayed,
}

impl Family {
    /// Judges token `number`, presented by `client` at `now`.
    pub fn turn(&self, number: i32, client: &Client, now: Timestamp) -> Turn {
        let since = |then: Option<Timestamp>, most: Duration| {
            then.is_some_and(|then| then.saturating_add(most).is_ok_and(|until| now < until))
        };
        match self.number.checked_sub(number) {
            Some(0) => Turn::Rotate,
            // A phone that loses an answer may ask again from another network.
            Some(1) if client.program == self.client.program && since(self.rotated_at, UNSEEN_WITHIN) => Turn::Again(self.number),
            Some(2) if *client == self.client && since(self.rotated_before_at, CROSSED_WITHIN) => Turn::Again(number + 1),
            _ => Turn::Replayed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::SeededChance;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + second).unwrap()
    }

    fn client(agent: &str, network: &str) -> Client {
        Client::new(agent, network.into())
    }

    #[test]
    fn a_token_is_made_by_its_familys_key_for_its_place_alone() {
        let chance = SeededChance::new(1);
        let session = SessionId::new(at(0), &chance);
        let (key, other) = (FamilyKey::generate(&chance), FamilyKey::generate(&chance));
        let token = key.token(session, 3);
        assert_eq!(key.token(session, 3), token, "it follows from its place");
        assert_ne!(key.token(session, 4), token);
        let presented = Presented::read(token.expose()).unwrap();
        assert_eq!((presented.session, presented.number), (session, 3));
        assert!(key.made(&presented) && !other.made(&presented));
        assert!(!key.made(&Presented { number: 4, ..presented }));
        for bad in ["", "wgr_", "wgr_AAAA", token.expose().get(4..).unwrap(), &format!("{}AAAA", token.expose())] {
            assert!(Presented::read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_used_token_helps_its_own_client_for_a_while_and_betrays_everyone_else() {
        let home = client("app/1", "192.0.2.0/24");
        let family = Family { number: 7, client: home.clone(), rotated_at: Some(at(100)), rotated_before_at: Some(at(95)) };
        let turn = |number, client: &Client, second| family.turn(number, client, at(second));
        assert_eq!(turn(7, &client("other", "198.51.100.0/24"), 10_000), Turn::Rotate);
        // The successor was not used: minutes, from anywhere, by the same program.
        assert_eq!(turn(6, &home, 399), Turn::Again(7));
        assert_eq!(turn(6, &client("app/1", "198.51.100.0/24"), 399), Turn::Again(7));
        assert_eq!(turn(6, &client("thief", "192.0.2.0/24"), 101), Turn::Replayed);
        assert_eq!(turn(6, &home, 400), Turn::Replayed);
        // It was used: seconds, and the very same client.
        assert_eq!(turn(5, &home, 104), Turn::Again(6));
        assert_eq!(turn(5, &home, 105), Turn::Replayed);
        assert_eq!(turn(5, &client("app/1", "198.51.100.0/24"), 104), Turn::Replayed);
        for number in [4, 8, i32::MIN, i32::MAX] {
            assert_eq!(turn(number, &home, 101), Turn::Replayed, "{number}");
        }
    }
}
