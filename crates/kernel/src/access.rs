//! Who may enter an endpoint: the declaration, and the marker types by which the gate picks the pass.

use crate::Permission;

/// Who may enter an endpoint, as its row in the table declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A caller whose credential carries this permission in its tenant.
    Permission(Permission),
    /// Any valid credential, on the caller's own account; the text says why no permission is asked.
    Own(&'static str),
    /// A caller who proves a credential here (login, token, refresh); the text says why nothing is asked before.
    Credential(&'static str),
    /// An outside system whose signature was verified.
    Signed(SignedKind),
    /// Anyone; the text says why.
    Public(&'static str),
}

impl Access {
    /// The word under which OpenAPI shows the kind (`x-access`).
    pub const fn word(self) -> &'static str {
        match self {
            Self::Permission(_) => "permission",
            Self::Own(_) => "own",
            Self::Credential(_) => "credential",
            Self::Signed(_) => "signed",
            Self::Public(_) => "public",
        }
    }

    /// Whether a caller without a credential is let in.
    pub const fn admits_strangers(self) -> bool {
        matches!(self, Self::Public(_) | Self::Credential(_))
    }
}

/// The closed list of signatures that a `signed:` endpoint can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedKind {
    /// HMAC-SHA256 over `id.timestamp.body`, as the Standard Webhooks specification lays it out.
    StandardWebhook,
}

/// Marker of endpoints declared `permission:`.
#[derive(Debug)]
pub enum ByPermission {}
/// Marker of endpoints declared `own:`.
#[derive(Debug)]
pub enum ByOwn {}
/// Marker of endpoints declared `credential:`.
#[derive(Debug)]
pub enum ByCredential {}
/// Marker of endpoints declared `signed:`.
#[derive(Debug)]
pub enum BySignature {}
/// Marker of endpoints declared `public:`.
#[derive(Debug)]
pub enum ByNobody {}
