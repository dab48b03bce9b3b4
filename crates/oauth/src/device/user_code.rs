//! The code that a device shows and a person enters: eight letters of twenty that neither look alike nor spell words (RFC 8628, section 6.1).
//!
//! There are 20^8, some 2.6 * 10^10 (34.6 bits). Of the 50,000 devices that may wait at once, and the 1,000 wrong codes that are judged in ten minutes
//! ([`super::count`]), one is found by trying with a chance of 1 in 500 every ten minutes at the very worst; of a hundred devices, 1 in 256,000. Whoever
//! finds one can let a stranger's device into an account of their own, and into no other.

use std::fmt;

use sha2::{Digest, Sha256};
use wardgraph_kernel::Chance;

const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LENGTH: usize = 8;
/// The most that is looked at of what somebody entered.
const MOST: usize = 32;

/// A code for people.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// A new one: every one is as likely as any other.
    pub fn generate(chance: &dyn Chance) -> Self {
        let mut letters = String::with_capacity(LENGTH);
        while letters.len() < LENGTH {
            // The largest multiple of 20 in a byte: what is above would make some letters likelier.
            let fair = chance.bytes().into_iter().filter(|byte| *byte < 240);
            let drawn = fair.filter_map(|byte| LETTERS.get(usize::from(byte % 20)).copied().map(char::from));
            letters.extend(drawn.take(LENGTH - letters.len()));
        }
        Self(letters)
    }

    /// Reads what somebody entered: small letters are as good, and blanks and dashes are passed over.
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > MOST {
            return None;
        }
        let letters: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect();
        let known = letters.len() == LENGTH && letters.bytes().all(|byte| LETTERS.contains(&byte));
        known.then_some(Self(letters))
    }

    /// What is kept of it.
    pub fn verifier(&self) -> Vec<u8> {
        Sha256::digest(&self.0).to_vec()
    }
}

/// In two groups of four.
impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.0.split_at_checked(LENGTH / 2).unwrap_or((&self.0, ""));
        write!(f, "{first}-{second}")
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::SeededChance;

    #[test]
    fn a_code_is_read_as_people_write_it() {
        let code = UserCode::generate(&SeededChance::new(1));
        let shown = code.to_string();
        assert!(shown.len() == 9 && shown.as_bytes()[4] == b'-', "{shown}");
        for good in [shown.clone(), shown.to_lowercase(), shown.replace('-', ""), format!(" {} ", shown.replace('-', " - "))] {
            assert!(UserCode::read(&good) == Some(code.clone()), "{good}");
        }
        assert!(!format!("{code:?}").contains(&shown));
        for bad in ["", "BCDF-GHJ", "BCDF-GHJKL", "BCDF-GHJA", "BCDF_GHJK", "BCDF-GHJ1", "\u{212a}BCD-FGHJ", &"B".repeat(40)] {
            assert!(UserCode::read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn every_letter_is_as_likely_as_any_other() {
        let chance = SeededChance::new(7);
        let mut counts = std::collections::BTreeMap::<char, u32>::new();
        for _ in 0..5_000 {
            for letter in UserCode::generate(&chance).to_string().chars().filter(|c| *c != '-') {
                *counts.entry(letter).or_default() += 1;
            }
        }
        // 2,000 of each are expected, with a deviation of 44.
        assert!(counts.len() == 20 && counts.values().all(|count| (1_780..2_220).contains(count)), "{counts:?}");
    }
}
