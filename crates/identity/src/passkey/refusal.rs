//! Why what a browser said of a passkey is not believed.

use webauthn_rp::response::{auth::error::AuthCeremonyErr, register::error::RegCeremonyErr};

/// Why a passkey is refused. The audit log is told, and so is who adds one; who signs in is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error("it is not what `PublicKeyCredential.toJSON()` gives")]
    Malformed,
    /// It took too long.
    #[error("it took too long: begin again")]
    Late,
    /// It answers another challenge.
    #[error("it answers another challenge than the one that was given")]
    Challenge,
    /// A page of another origin asked for it.
    #[error("a page of another origin than this server's asked for it")]
    Origin,
    /// It was made for another domain.
    #[error("it is for another domain than this server's")]
    Party,
    /// Nobody touched the authenticator.
    #[error("nobody confirmed it on the authenticator")]
    Absent,
    /// The authenticator did not make sure who touched it.
    #[error("the authenticator did not make sure who its user is")]
    Unrecognised,
    /// Its algorithm was not asked for.
    #[error("its algorithm is none of those that were asked for")]
    Algorithm,
    /// Its key or its signature is not sound.
    #[error("its signature is not sound")]
    Signature,
    /// Its counter is not above the last one: there are two of it.
    #[error("its counter went back")]
    Counter,
    /// It is nobody's, or another account's.
    #[error("it is not the account's")]
    Unknown,
    /// It changed from one that stays on its device to one that does not, or the other way around.
    #[error("it is not the kind of passkey that it was")]
    Changed,
    /// Its attestation is none that is read here.
    #[error("its attestation cannot be read: `none` was asked for")]
    Attestation,
    /// What judges it failed.
    #[error("it cannot be judged")]
    Broken,
    /// There is one with its id already.
    #[error("it is registered already")]
    Taken,
}

impl Refusal {
    /// The reason, in one word for the audit log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Late => "late",
            Self::Challenge => "challenge",
            Self::Origin => "origin",
            Self::Party => "relying_party",
            Self::Absent => "user_absent",
            Self::Unrecognised => "user_not_verified",
            Self::Algorithm => "algorithm",
            Self::Signature => "signature",
            Self::Counter => "counter",
            Self::Unknown => "unknown",
            Self::Changed => "changed",
            Self::Attestation => "attestation",
            Self::Broken => "broken",
            Self::Taken => "taken",
        }
    }
}

impl From<RegCeremonyErr> for Refusal {
    fn from(error: RegCeremonyErr) -> Self {
        match error {
            RegCeremonyErr::Timeout => Self::Late,
            RegCeremonyErr::CollectedClientData(_) | RegCeremonyErr::CollectedClientDataRelaxed(_) => Self::Malformed,
            RegCeremonyErr::AttestationObject(_)
            | RegCeremonyErr::Extension(_)
            | RegCeremonyErr::Credential(_)
            | RegCeremonyErr::MissingAuthenticatorAttachment
            | RegCeremonyErr::AuthenticatorAttachmentMismatch => Self::Attestation,
            RegCeremonyErr::PubKey(_) | RegCeremonyErr::AttestationSignature => Self::Signature,
            RegCeremonyErr::OriginMismatch | RegCeremonyErr::CrossOrigin | RegCeremonyErr::TopOriginMismatch => Self::Origin,
            RegCeremonyErr::ChallengeMismatch => Self::Challenge,
            RegCeremonyErr::RpIdHashMismatch => Self::Party,
            RegCeremonyErr::UserNotPresent => Self::Absent,
            RegCeremonyErr::UserNotVerified => Self::Unrecognised,
            RegCeremonyErr::BackupEligible | RegCeremonyErr::BackupNotEligible | RegCeremonyErr::BackupDoesNotExist => {
                Self::Changed
            }
            RegCeremonyErr::PublicKeyAlgorithmMismatch => Self::Algorithm,
        }
    }
}

impl From<AuthCeremonyErr> for Refusal {
    fn from(error: AuthCeremonyErr) -> Self {
        use webauthn_rp::response::auth::error::AuthenticatorDataErr;
        match error {
            AuthCeremonyErr::Timeout => Self::Late,
            AuthCeremonyErr::AuthenticatorData(AuthenticatorDataErr::UserNotPresent) => Self::Absent,
            AuthCeremonyErr::CollectedClientData(_)
            | AuthCeremonyErr::CollectedClientDataRelaxed(_)
            | AuthCeremonyErr::AuthenticatorData(_)
            | AuthCeremonyErr::MissingAuthenticatorAttachment
            | AuthCeremonyErr::AuthenticatorAttachmentMismatch
            | AuthCeremonyErr::Extension(_)
            | AuthCeremonyErr::Credential(_) => Self::Malformed,
            AuthCeremonyErr::PubKey(_) | AuthCeremonyErr::AssertionSignature => Self::Signature,
            AuthCeremonyErr::OriginMismatch | AuthCeremonyErr::CrossOrigin | AuthCeremonyErr::TopOriginMismatch => Self::Origin,
            AuthCeremonyErr::ChallengeMismatch => Self::Challenge,
            AuthCeremonyErr::RpIdHashMismatch => Self::Party,
            AuthCeremonyErr::UserNotVerified => Self::Unrecognised,
            AuthCeremonyErr::BackupEligible | AuthCeremonyErr::BackupNotEligible | AuthCeremonyErr::BackupDoesNotExist => {
                Self::Changed
            }
            AuthCeremonyErr::SignatureCounter => Self::Counter,
            AuthCeremonyErr::UserHandleMismatch
            | AuthCeremonyErr::CredentialIdMismatch
            | AuthCeremonyErr::NoMatchingAllowedCredential
            | AuthCeremonyErr::MissingUserHandle => Self::Unknown,
        }
    }
}
