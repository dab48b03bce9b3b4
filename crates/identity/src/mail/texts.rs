//! The English texts of what is mailed, in one place.

use wardgraph_kernel::LinkId;

use super::{Due, Message};
use crate::{
    Keys,
    link::{self, Kind},
};

/// The message of a kind; `None` for a kind of another version, and for what is to nobody. `base` is where this server is reached.
pub fn compose(due: &Due, keys: &Keys, base: &str) -> Option<Message> {
    let (to, base) = (due.recipient.clone()?, base.trim_end_matches('/'));
    let (subject, text) = match due.link {
        Some(id) => bringing(&due.kind, id, keys, base)?,
        None => telling(&due.kind, base)?,
    };
    let greeting = if due.name.is_empty() { "Hello".to_owned() } else { format!("Hello {}", due.name) };
    Some(Message { id: due.id.simple().to_string(), to, subject: subject.into(), text: format!("{greeting},\n\n{text}\n") })
}

/// Subject and text of what brings a link.
fn bringing(kind: &str, id: LinkId, keys: &Keys, base: &str) -> Option<(&'static str, String)> {
    let link = |kind: Kind, page: &str| format!("{base}/{page}?token={}", link::token(keys, kind, id).expose());
    Some(match kind {
        "verify" => (
            "Please confirm your e-mail address",
            format!(
                "please confirm that this address is yours:\n\n{}\n\nThe link is good for 24 hours, works once, and asks for the password \
                 that you chose. If you did not make an account, you need not do anything.",
                link(Kind::Verify, "verify-email")
            ),
        ),
        "reset" => (
            "Set a new password",
            format!(
                "somebody, you we hope, asked to set a new password for your account:\n\n{}\n\nThe link is good for one hour and works \
                 once. If it was not you, you need not do anything: your password is as it was.",
                link(Kind::Reset, "reset-password")
            ),
        ),
        "factor_added" => (
            "Your account has another second factor",
            format!(
                "a second factor was added to your account just now: signing in asks for it besides the password. If it was you, you need \
                 not do anything. If it was not you, say so at\n\n{}\n\nThe link is good for seven days and works once. It removes the \
                 factor, and ends your password and whatever is signed in: then you set a new password by another mail.",
                link(Kind::NotMe, "not-me")
            ),
        ),
        _ => return None,
    })
}

/// Subject and text of what tells something.
fn telling(kind: &str, base: &str) -> Option<(&'static str, String)> {
    Some(match kind {
        "taken" => (
            "You have an account already",
            format!(
                "somebody, you perhaps, would make an account with this address. There is one already: sign in, or set a new password, \
                 at\n\n{base}\n\nIf it was not you, you need not do anything."
            ),
        ),
        "changed" => (
            "Your password was changed",
            format!(
                "the password of your account was changed just now, and your other sessions were ended. If it was not you, set a new \
                 password at once, at\n\n{base}"
            ),
        ),
        "locked" => (
            "Somebody fails to sign in to your account",
            format!(
                "several sign-ins to your account failed. Further ones have to wait for a while now. If it was you and you forgot your \
                 password, set a new one at\n\n{base}\n\nwhich ends the waiting. If it was not you, you need not do anything: nobody \
                 got in."
            ),
        ),
        // Written by an older version.
        "factor_added" => (
            "Your account has another second factor",
            format!(
                "a second factor was added to your account just now: signing in asks for it besides the password. If it was not you, set a \
                 new password at once, at\n\n{base}\n\nwhich ends whatever is signed in, and ask an administrator of the server to take \
                 the factor away."
            ),
        ),
        "factors_taken" => (
            "Your second factors were taken away",
            format!(
                "an administrator of the server took away the second factors of your account, as you asked them to, we hope. Your password, \
                 API keys and whatever was signed in ended with them. Set a new password at\n\n{base}/forgot-password\n\nand then add a \
                 second factor. If you did not ask for it, ask the administrator why."
            ),
        ),
        "factor_removed" => (
            "Your account has one second factor less",
            format!(
                "a second factor was removed from your account just now. If it was not you, set a new password at once, at\n\n{base}"
            ),
        ),
        "factor_locked" => (
            "Somebody knows your password",
            format!(
                "somebody signed in to your account with the right password and a wrong second factor, several times. Further ones of its \
                 kind have to wait for a while now; those of another kind need not. If it was not you, set a new password at once, at\n\n{base}\n\nNobody got in."
            ),
        ),
        "recovery_used" => (
            "A recovery code was used",
            format!(
                "somebody, you we hope, signed in to your account with one of its recovery codes. It is good for nothing any more. If it \
                 was not you, set a new password at once, at\n\n{base}\n\nand make new recovery codes."
            ),
        ),
        "recovery_made" => (
            "Your account has new recovery codes",
            format!(
                "new recovery codes were made for your account just now; the old ones are good for nothing any more. If it was not you, \
                 set a new password at once, at\n\n{base}"
            ),
        ),
        "passkey_locked" => (
            "A passkey of your account was not right",
            format!(
                "somebody showed a passkey of your account several times that was not right. Passkeys have to wait for a while now; your \
                 password does not. If it was not you, look at your passkeys, at\n\n{base}"
            ),
        ),
        "passkey_went_back" => (
            "A passkey of your account may have been copied",
            format!(
                "somebody used a passkey of your account whose counter went back, which happens when there is a copy of it. Nobody got \
                 in. If you did not set up its device anew, remove the passkey and add another one, at\n\n{base}"
            ),
        ),
        _ => return None,
    })
}
