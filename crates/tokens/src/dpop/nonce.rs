//! Nonces that need no memory: which ones were given out lately is worked out from the time and a key that all servers have.
//!
//! A nonce is everybody's: it says that a proof was made lately, by this server's clock and not the client's, and nothing else.

use aws_lc_rs::{
    constant_time,
    hmac::{HMAC_SHA256, Key, sign},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;

/// How long each nonce is given out, in seconds. It is taken for as long before and after, since servers' clocks differ.
const WINDOW_S: i64 = 120;
/// How many bytes of the keyed hash a nonce has.
const BYTES: usize = 18;

/// What makes nonces, and knows its own.
#[derive(Clone)]
pub struct Nonces(Key);

impl Nonces {
    /// With a key that all servers of a database have.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Key::new(HMAC_SHA256, key))
    }

    /// The nonce that is given out at `now`: 24 letters.
    pub fn at(&self, now: Timestamp) -> String {
        self.of(now.as_second().div_euclid(WINDOW_S))
    }

    /// Whether it was given out lately, by any server.
    pub fn knows(&self, nonce: &str, now: Timestamp) -> bool {
        let window = now.as_second().div_euclid(WINDOW_S);
        let same = |window| constant_time::verify_slices_are_equal(self.of(window).as_bytes(), nonce.as_bytes()).is_ok();
        [window, window - 1, window + 1].into_iter().any(same)
    }

    fn of(&self, window: i64) -> String {
        let tag = sign(&self.0, &window.to_be_bytes());
        URL_SAFE_NO_PAD.encode(tag.as_ref().get(..BYTES).unwrap_or_default())
    }
}

impl std::fmt::Debug for Nonces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nonces").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_nonce_is_known_by_every_server_with_the_key_for_its_window_and_the_next() {
        let (one, other, stranger) = (Nonces::new(&[1; 32]), Nonces::new(&[1; 32]), Nonces::new(&[2; 32]));
        let nonce = one.at(at(1_200));
        assert_eq!(nonce.len(), 24);
        assert_eq!(nonce, other.at(at(1_319)), "all of a window have the same");
        let known = [1_079, 1_080, 1_200, 1_320, 1_439, 1_440].map(|second| other.knows(&nonce, at(second)));
        assert_eq!(known, [false, true, true, true, true, false]);
        assert!(!stranger.knows(&nonce, at(1_200)));
        for other in ["", "A", &nonce.to_lowercase(), &format!("{nonce}A"), nonce.get(..23).unwrap()] {
            assert!(!one.knows(other, at(1_200)), "{other}");
        }
    }
}
