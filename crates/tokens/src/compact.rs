//! The compact form of a signed JSON text (RFC 7515 section 7.1): three parts, taken apart.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{TokenError, json::Members};

/// A token taken apart: nothing of it is believed yet.
pub(crate) struct Parts<'t> {
    /// What was signed.
    pub(crate) message: &'t str,
    /// The signature, in base64url.
    pub(crate) signature: &'t str,
    pub(crate) header: Members,
    pub(crate) body: Vec<u8>,
}

impl<'t> Parts<'t> {
    pub(crate) fn of(token: &'t str) -> Result<Self, TokenError> {
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (head, body) = message.split_once('.').ok_or(TokenError::Malformed)?;
        let (header, body) = (Members::parse(&decode(head)?)?, decode(body)?);
        decode(signature)?;
        Ok(Self { message, signature, header, body })
    }
}

/// Decodes canonical base64url without padding (RFC 7515 section 2). A dot is not in the alphabet, so that a fourth part fails here.
pub(crate) fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    if part.is_empty() {
        return Err(TokenError::Malformed);
    }
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}
