//! `prompt` (OpenID Connect Core, section 3.1.2.1).

use super::Fault;

/// What the person is to be asked, whatever is known already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they come in any number together, but for the first")]
pub struct Prompt {
    /// Nothing: no page may be shown.
    pub none: bool,
    /// To sign in again.
    pub login: bool,
    /// To agree again.
    pub consent: bool,
    /// Which account it is to be.
    pub select_account: bool,
}

impl Prompt {
    pub(super) fn read(text: &str) -> Result<Self, Fault> {
        let mut prompt = Self::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            match word {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" => prompt.consent = true,
                "select_account" => prompt.select_account = true,
                _ => return Err(Fault::new("invalid_request", "prompt has a word that is not known here")),
            }
        }
        if prompt.none && prompt != (Self { none: true, ..Self::default() }) {
            return Err(Fault::new("invalid_request", "prompt=none stands alone"));
        }
        Ok(prompt)
    }

    /// As a parameter; nothing where nothing is to be asked.
    pub fn text(self) -> Option<String> {
        let words =
            [(self.none, "none"), (self.login, "login"), (self.consent, "consent"), (self.select_account, "select_account")];
        let words: Vec<_> = words.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
        (!words.is_empty()).then(|| words.join(" "))
    }
}
