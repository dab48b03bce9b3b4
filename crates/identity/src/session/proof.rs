//! How somebody proved who they are: what a session remembers of its sign-in, and its tokens say.

use wardgraph_kernel::Timestamp;

/// `amr` of a password (RFC 8176).
pub const PASSWORD: &str = "pwd";
/// `amr` of what is good once: a code of an authenticator, or a recovery code (RFC 8176).
pub const ONE_TIME: &str = "otp";
/// `amr` of a passkey that stays in its device (RFC 8176).
pub const HARDWARE_KEY: &str = "hwk";
/// `amr` of a passkey that is copied to other devices (RFC 8176).
pub const SOFTWARE_KEY: &str = "swk";
/// `amr` of somebody who was there and touched the device (RFC 8176).
pub const PRESENT: &str = "user";
/// `amr` of more than one factor (RFC 8176).
pub const MULTIPLE: &str = "mfa";

/// One factor was shown.
const ONE: &str = "aal1";
/// Two were.
const TWO: &str = "aal2";

/// How and when somebody proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// `amr`: what was shown (RFC 8176).
    pub amr: Vec<String>,
    /// `acr`: how much that says, in the levels of NIST SP 800-63B: `aal1`, or `aal2` if [`MULTIPLE`] is among `amr`.
    pub acr: String,
    /// `auth_time`: when it was shown.
    pub at: Timestamp,
}

impl Proof {
    /// Somebody showed these at `at`.
    pub fn of(amr: &[&str], at: Timestamp) -> Self {
        let acr = if amr.contains(&MULTIPLE) { TWO } else { ONE };
        Self { amr: amr.iter().map(|&method| method.to_owned()).collect(), acr: acr.to_owned(), at }
    }

    /// Whether more than one factor was shown.
    pub fn is_multiple(&self) -> bool {
        self.amr.iter().any(|method| method == MULTIPLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_factors_say_more_than_one() {
        let at = Timestamp::UNIX_EPOCH;
        let (one, two) = (Proof::of(&[PASSWORD], at), Proof::of(&[PASSWORD, ONE_TIME, MULTIPLE], at));
        assert_eq!((one.acr.as_str(), one.is_multiple()), ("aal1", false));
        assert_eq!((two.acr.as_str(), two.is_multiple()), ("aal2", true));
        assert_eq!(two.amr, ["pwd", "otp", "mfa"]);
    }
}
