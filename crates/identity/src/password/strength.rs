//! How strong a password must be: its length, and how soon it would be guessed. No rules of composition.

use zxcvbn::Score;

use super::common;

/// The fewest characters of a password.
pub const LEAST: usize = 12;
/// The most.
pub const MOST: usize = 256;
/// How much of a password its strength is judged by, in characters: judging takes time that grows with it.
const JUDGED: usize = 72;
/// Words of this product, which others would try first, too (OWASP ASVS 5.0, 6.1.2 and 6.2.11).
const OURS: &[&str] = &["wardgraph", "warden", "graph", "knowledge", "vector", "tenant", "activekg", "mlgraph"];

/// Why a password is not taken, for the person who chose it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weak(pub String);

/// Why a password is too weak, if it is: `words` are the person's own, which others would try first. Takes a few milliseconds.
pub fn weakness(password: &str, words: &[&str]) -> Option<Weak> {
    let length = password.chars().count();
    if !(LEAST..=MOST).contains(&length) {
        return Some(Weak(format!("must have {LEAST} to {MOST} characters")));
    }
    if common::is_common(password) {
        return Some(Weak("is among the commonest that there are, and is tried first: take several unrelated words.".into()));
    }
    let judged: String = password.chars().take(JUDGED).collect();
    let own: Vec<&str> = words.iter().flat_map(|word| parts(word)).chain(OURS.iter().copied()).collect();
    let entropy = zxcvbn::zxcvbn(&judged, &own);
    if entropy.score() >= Score::Three {
        return None;
    }
    let warning = entropy.feedback().and_then(zxcvbn::feedback::Feedback::warning).map(|warning| warning.to_string());
    let why = warning.unwrap_or_else(|| "It is made of words or patterns that are tried first.".to_owned());
    Some(Weak(format!("would be guessed soon: {} Take several unrelated words.", why.trim())))
}

/// A person's word, and what it is made of: names and addresses are tried in parts.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    let apart = word.split(|c: char| !c.is_alphanumeric()).filter(|part| part.chars().count() > 2);
    std::iter::once(word).chain(apart)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &[&str] = &["ada.lovelace@example.com", "Ada Lovelace"];

    #[test]
    fn what_is_guessed_soon_is_refused_and_what_is_not_needs_no_signs() {
        for strong in [
            "correct horse battery staple",
            "vowel-otter-sixteen-lamp",
            "тридцать три коровы пасутся",
            &"vowel otter sixteen lamp ".repeat(10),
        ] {
            assert_eq!(weakness(strong, OWN), None, "{strong}");
        }
        for weak in [
            "short",
            "",
            "passwordpassword",
            "aaaaaaaaaaaaaaaa",
            "123456789012",
            "qwertyuiop12",
            "lovelace.ada",
            "wardgraphgraph",
            "wardgraphwardgraph",
        ] {
            assert!(weakness(weak, OWN).is_some(), "{weak}");
        }
        assert!(weakness(&"x".repeat(MOST + 1), OWN).is_some());
    }

    #[test]
    fn a_long_password_is_judged_in_time() {
        let begun = std::time::Instant::now();
        let _ = weakness(&"Aa1!Bb2@Cc3#".repeat(21), OWN);
        assert!(begun.elapsed().as_millis() < 3_000, "{:?}", begun.elapsed());
    }
}
