//! The English texts of what is mailed, in one place.

use super::{Due, Kind, MailError, Message, Notice, inviting};
use crate::{Keys, link};

/// The message of what is due; `None` for what is to nobody. `base` is where this server is reached.
///
/// # Errors
/// [`MailError::Later`] for a kind of another version, whose server will know it; [`MailError::Never`] for one that lost its link.
pub fn compose(due: &Due, keys: &Keys, base: &str) -> Result<Option<Message>, MailError> {
    let Some(to) = due.recipient.clone() else { return Ok(None) };
    let base = base.trim_end_matches('/');
    let kind = Kind::of(&due.kind).ok_or_else(|| MailError::Later("it is of a kind that this version does not know".into()))?;
    let (subject, text) = match kind {
        Kind::Link(kind) => {
            let id = due.link.ok_or_else(|| MailError::Never("it has no link".into()))?;
            bringing(kind, &due.name, &format!("{base}/{}?token={}", kind.page(), link::token(keys, kind, id).expose()))
        }
        Kind::Notice(notice) => telling(notice, base),
    };
    // The name of an invitation is nobody's: it says who invites to what.
    let nameless = due.name.is_empty() || kind == Kind::Link(link::Kind::Invitation);
    let greeting = if nameless { "Hello".to_owned() } else { format!("Hello {}", due.name) };
    Ok(Some(Message { id: due.id.simple().to_string(), to, subject: subject.into(), text: format!("{greeting},\n\n{text}\n") }))
}

/// Subject and text of a message that brings a link to `address`. `name`: of the message, as it is stored.
fn bringing(kind: link::Kind, name: &str, address: &str) -> (&'static str, String) {
    match kind {
        link::Kind::Verify => (
            "Please confirm your e-mail address",
            format!(
                "please confirm that this address is yours:\n\n{address}\n\nThe link is good for 24 hours, works once, and asks for the password \
                 that you chose. If you did not make an account, you need not do anything."
            ),
        ),
        link::Kind::Reset => (
            "Set a new password",
            format!(
                "somebody, you we hope, asked to set a new password for your account:\n\n{address}\n\nThe link is good for one hour and works \
                 once. If it was not you, you need not do anything: your password is as it was."
            ),
        ),
        link::Kind::NotMe => (
            "Your account has another second factor",
            format!(
                "a second factor was added to your account just now: signing in asks for it besides the password, and your other sessions \
                 were ended. If it was you, you need not do anything. If it was not you, say so at\n\n{address}\n\nThe link is good for \
                 seven days and works once. It removes the factor, and ends your password, your API keys and whatever is signed in, in \
                 applications and on devices too. Applications and devices that were let into your account since the day before, and invitations, \
                 are taken back, and applications that were registered or changed with it are stopped; what went is shown to you. Then you set a new \
                 password by another mail."
            ),
        ),
        link::Kind::Invitation => ("You are invited to an organization", inviting::text(name, address)),
    }
}

/// Subject and text of a notice.
fn telling(notice: Notice, base: &str) -> (&'static str, String) {
    match notice {
        Notice::Taken => (
            "You have an account already",
            format!(
                "somebody, you perhaps, would make an account with this address. There is one already: sign in, or set a new password, \
                 at\n\n{base}\n\nIf it was not you, you need not do anything."
            ),
        ),
        Notice::PasswordChanged => (
            "Your password was changed",
            format!(
                "the password of your account was changed just now, and your other sessions were ended. If it was not you, set a new \
                 password at once, at\n\n{base}"
            ),
        ),
        Notice::SignInsFail => (
            "Somebody fails to sign in to your account",
            format!(
                "several sign-ins to your account failed. Further ones have to wait for a while now. If it was you and you forgot your \
                 password, set a new one at\n\n{base}\n\nwhich ends the waiting. If it was not you, you need not do anything: nobody \
                 got in."
            ),
        ),
        // Written by an older version.
        Notice::FactorAdded => (
            "Your account has another second factor",
            format!(
                "a second factor was added to your account just now: signing in asks for it besides the password. If it was not you, set a \
                 new password at once, at\n\n{base}\n\nwhich ends whatever is signed in, and ask an administrator of the server to take \
                 the factor away."
            ),
        ),
        Notice::FactorsTaken => (
            "Your second factors were taken away",
            format!(
                "an administrator of the server took away the second factors of your account, as you asked them to, we hope. Your password, \
                 API keys and whatever was signed in ended with them. Set a new password at\n\n{base}/forgot-password\n\nand then add a \
                 second factor. If you did not ask for it, ask the administrator why."
            ),
        ),
        Notice::Elevated => (
            "An administrator is in your organization's content",
            format!(
                "an administrator of the server took a way into the content of an organization that you own, for an hour at most. Who it was, \
                 what for, and what they may do stands in the organization's log and in its list of elevations, where you can close it, \
                 at\n\n{base}"
            ),
        ),
        Notice::FactorRemoved => (
            "Your account has one second factor less",
            format!(
                "a second factor was removed from your account just now, and your other sessions were ended. If it was not you, set a new password at once, at\n\n{base}"
            ),
        ),
        Notice::FactorLocked => (
            "Somebody knows your password",
            format!(
                "somebody signed in to your account with the right password and a wrong second factor, several times. Further ones of its \
                 kind have to wait for a while now; those of another kind need not. If it was not you, set a new password at once, at\n\n{base}\n\nNobody got in."
            ),
        ),
        Notice::RecoveryUsed => (
            "A recovery code was used",
            format!(
                "somebody, you we hope, signed in to your account with one of its recovery codes. It is good for nothing any more. If it \
                 was not you, set a new password at once, at\n\n{base}\n\nand make new recovery codes."
            ),
        ),
        Notice::RecoveryMade => (
            "Your account has new recovery codes",
            format!(
                "new recovery codes were made for your account just now; the old ones are good for nothing any more, and your other sessions were ended. If it was not you, \
                 set a new password at once, at\n\n{base}"
            ),
        ),
        Notice::PasskeyLocked => (
            "A passkey of your account was not right",
            format!(
                "somebody showed a passkey of your account several times that was not right. Passkeys have to wait for a while now; your \
                 password does not. If it was not you, look at your passkeys, at\n\n{base}"
            ),
        ),
        Notice::PasskeyWentBack => (
            "A passkey of your account may have been copied",
            format!(
                "somebody used a passkey of your account whose counter went back, which happens when there is a copy of it. Nobody got \
                 in. If you did not set up its device anew, remove the passkey and add another one, at\n\n{base}"
            ),
        ),
    }
}
