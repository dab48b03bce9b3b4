//! The whole way of an assertion, from text to the client that it proves.

use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;

use super::{AssertionError, ClientKeys, keys::Signed};
use crate::{Algorithm, TokenError, compact::Parts, date, header, json::Members};

/// The largest assertion, in bytes.
pub const MAX_ASSERTION_BYTES: usize = 8 * 1024;
/// How far ahead `exp` may lie.
pub const MAX_ASSERTION_LIFE: Duration = Duration::from_mins(5);
/// How far clocks may differ (FAPI 2.0 asks for no less).
const LEEWAY: Duration = Duration::from_secs(10);
/// The longest `jti`, in bytes.
const MOST_ID_BYTES: usize = 256;
/// What `typ` may say: nothing, that it is a JWT, or just what it is (draft-ietf-oauth-rfc7523bis).
const TYPES: &[&str] = &["JWT", "client-authentication+jwt"];

/// Whom an assertion must be by and for.
#[derive(Debug, Clone, Copy)]
pub struct Audience<'a> {
    /// The client: `iss` and `sub` both.
    pub client_id: &'a str,
    /// This server's issuer: `aud`, as one text. The token endpoint's address and lists are refused, as FAPI 2.0 asks, since an assertion that
    /// is good for several places is one that any of them can use at the others.
    pub issuer: &'a str,
    /// The one algorithm that the client registered; any of ours if it registered none.
    pub algorithm: Option<Algorithm>,
    /// The time of the request.
    pub now: Timestamp,
}

/// An assertion that is good, if it was not used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assertion {
    id: [u8; 32],
    until: Timestamp,
}

impl Assertion {
    /// Verifies an assertion. The claims are checked first: a signature is checked, and keys are fetched, for those alone that could be good.
    ///
    /// # Errors
    /// As [`AssertionError`] says.
    pub async fn verify(assertion: &str, expected: &Audience<'_>, keys: &ClientKeys) -> Result<Self, AssertionError> {
        let Parts { message, signature, header, body } = parts(assertion)?;
        header::check_any(&header, TYPES).map_err(refused)?;
        let is_allowed = |algorithm: &Algorithm| {
            Algorithm::ASYMMETRIC.contains(algorithm) && expected.algorithm.is_none_or(|wanted| wanted == *algorithm)
        };
        let algorithm = header::algorithm(&header).filter(is_allowed).ok_or(AssertionError::Algorithm)?;
        let claims = Members::parse(&body).map_err(refused)?;
        let (id, expires_at) = check(&claims, expected)?;
        let key_id = header.find_text("kid").map_err(refused)?;
        keys.verify(&Signed { algorithm, key_id, message, signature }, expected.now).await?;
        Ok(Self { id, until: expires_at.saturating_add(LEEWAY).unwrap_or(Timestamp::MAX) })
    }

    /// What tells it from every other assertion, of whichever client.
    pub const fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// Until when it could be believed.
    pub const fn until(&self) -> Timestamp {
        self.until
    }
}

/// The client that an assertion says it is of, for a request that names none (RFC 7521, section 4.2). Nothing of it is believed yet.
///
/// # Errors
/// As [`AssertionError`] says of its form.
pub fn named_client(assertion: &str) -> Result<String, AssertionError> {
    let claims = Members::parse(&parts(assertion)?.body).map_err(refused)?;
    claims.text("sub").map(str::to_owned).map_err(refused)
}

fn parts(assertion: &str) -> Result<Parts<'_>, AssertionError> {
    if assertion.len() > MAX_ASSERTION_BYTES {
        return Err(AssertionError::Oversized);
    }
    Parts::of(assertion).map_err(refused)
}

/// Checks the claims, and tells the assertion's id and `exp`.
fn check(claims: &Members, expected: &Audience<'_>) -> Result<([u8; 32], Timestamp), AssertionError> {
    let text = |name| claims.text(name).map_err(refused);
    if text("iss")? != expected.client_id || text("sub")? != expected.client_id {
        return Err(AssertionError::Client);
    }
    if claims.find("aud").ok_or(AssertionError::Claim("aud"))?.as_str() != Some(expected.issuer) {
        return Err(AssertionError::Audience);
    }
    let now = expected.now;
    let date = |name| date::find(claims, name).map_err(refused);
    let soon = now.saturating_add(LEEWAY).unwrap_or(Timestamp::MAX);
    let expires_at = date("exp")?.ok_or(AssertionError::Claim("exp"))?;
    if now >= expires_at.saturating_add(LEEWAY).unwrap_or(Timestamp::MAX) {
        return Err(AssertionError::Time);
    }
    if [date("iat")?, date("nbf")?].into_iter().flatten().any(|begins| begins > soon) {
        return Err(AssertionError::Time);
    }
    if expires_at > soon.saturating_add(MAX_ASSERTION_LIFE).unwrap_or(Timestamp::MAX) {
        return Err(AssertionError::Life);
    }
    let id = text("jti")?;
    if id.is_empty() || id.len() > MOST_ID_BYTES {
        return Err(AssertionError::Claim("jti"));
    }
    let mut named = Context::new(&SHA256);
    // No client id has a control character.
    for part in ["assertion", "\u{1f}", expected.client_id, "\u{1f}", id] {
        named.update(part.as_bytes());
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(named.finish().as_ref());
    Ok((digest, expires_at))
}

const fn refused(error: TokenError) -> AssertionError {
    match error {
        TokenError::Header(name) => AssertionError::Header(name),
        TokenError::InvalidClaim(name) | TokenError::MissingClaim(name) => AssertionError::Claim(name),
        _ => AssertionError::Malformed,
    }
}
