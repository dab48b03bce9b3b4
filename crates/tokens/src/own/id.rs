//! What these keys sign beside access tokens: ID tokens and what is told of a person (OpenID Connect Core), that somebody signed out (OpenID
//! Connect Back-Channel Logout), and what is told of a token (RFC 9701). None of it is taken for an access token: that says so in `typ`.

use jiff::Timestamp;
use serde_json::{Map, Value};
use wardgraph_kernel::Secret;

use super::OwnIssuer;
use crate::{Algorithm, MAX_TOKEN_BYTES, MintError, compact::Parts, json::Members};

/// A kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// An ID token, or what userinfo answers.
    Id,
    /// A logout token.
    Logout,
    /// What introspection answers.
    Introspection,
}

impl IdKind {
    const fn typ(self) -> &'static str {
        match self {
            Self::Id => "JWT",
            Self::Logout => "logout+jwt",
            Self::Introspection => "token-introspection+jwt",
        }
    }
}

/// Who an ID token of ours says that signed in. It may have expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// `aud`: the client.
    pub client: String,
    /// `sub`.
    pub subject: String,
    /// `sid`: the client's session.
    pub session: Option<String>,
}

impl OwnIssuer {
    /// By which algorithm is signed what is wanted by `wanted`.
    pub fn algorithm(&self, wanted: Option<Algorithm>) -> Option<Algorithm> {
        wanted.or_else(|| self.0.config.algorithms.first().copied())
    }

    /// Signs claims, which are the caller's whole concern. Nothing is waited for.
    ///
    /// # Errors
    /// [`MintError::NoKey`] if there is no key of the algorithm, [`MintError::Oversized`].
    pub fn sign_claims(
        &self,
        kind: IdKind,
        claims: &Map<String, Value>,
        algorithm: Option<Algorithm>,
        now: Timestamp,
    ) -> Result<Secret, MintError> {
        let body = serde_json::to_vec(claims).map_err(|_| MintError::Signing)?;
        self.signed(kind.typ(), algorithm, &body, now)
    }

    /// What an ID token says that these keys signed, however long ago; `None` for anything else.
    pub fn hint(&self, token: &str, now: Timestamp) -> Option<Hint> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let Parts { message, signature, header, body } = Parts::of(token).ok()?;
        crate::header::check(&header).ok()?;
        self.0.keys.load().verify_typed(IdKind::Id.typ(), &header, message, signature, now).ok()?;
        let claims = Members::parse(&body).ok()?;
        let text = |name: &'static str| claims.find_text(name).ok().flatten().map(str::to_owned);
        // What userinfo answers has no end, and is no ID token.
        if text("iss").as_deref() != Some(self.iss()) || claims.find("exp").is_none() {
            return None;
        }
        Some(Hint { client: text("aud")?, subject: text("sub")?, session: text("sid") })
    }
}
