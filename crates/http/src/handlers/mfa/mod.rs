//! Second factors. A method that a sign-in can show is one module with one function that judges it: [`totp`],
//! [`recovery`], [`passkey`].

mod adding;
mod alone;
mod ending;
pub(crate) mod enrol;
pub(crate) mod factors;
mod options;
pub(crate) mod passkey;
mod recovery;
mod refusing;
mod totp;
pub(crate) mod verify;

use wardgraph_api::{
    Problem,
    wire::{
        SecretText,
        mfa::{Method, MfaChallenge},
    },
};
use wardgraph_gate::Proven;
use wardgraph_identity::{challenge, factor::Asked};
use wardgraph_kernel::{Secret, TenantId};

/// What a sign-in is answered with that must show more than a password.
pub(super) fn challenged(token: Secret, asked: &Asked, takes_passkeys: bool) -> MfaChallenge {
    let may = [Some(Method::Totp), takes_passkeys.then_some(Method::Webauthn)];
    let may = may.into_iter().flatten().filter(|_| asked.kinds.is_empty());
    let enrol = may.map(|method| word(method).to_owned()).collect();
    MfaChallenge {
        mfa_required: true,
        mfa_token: SecretText(token),
        methods: asked.methods(),
        enrol,
        expires_in: challenge::LIFE.as_secs(),
    }
}

/// A method as it is shown and stored.
const fn word(method: Method) -> &'static str {
    match method {
        Method::Totp => wardgraph_identity::factor::TOTP,
        Method::Webauthn => wardgraph_identity::factor::WEBAUTHN,
    }
}

/// Somebody whose password was right and who is not known yet; told in the log of where they would work.
fn half(organization: Option<TenantId>) -> Proven {
    Proven { tenant: organization, ..Proven::nobody() }
}

/// What was begun cannot be ended any more, whyever.
fn over() -> Problem {
    let problem = Problem::unauthenticated("what `mfa_token` stands for is over or never was: begin again");
    problem.challenge(r#"Bearer realm="wardgraph""#)
}

/// The one answer to a second factor that does not do.
fn wrong() -> Problem {
    let problem = Problem::unauthenticated("the second factor is wrong, was used, or cannot be used now");
    problem.challenge(r#"Bearer realm="wardgraph""#)
}
