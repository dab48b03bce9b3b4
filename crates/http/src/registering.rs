//! How clients are read that register themselves (RFC 7591, RFC 7592): a bearer token, and JSON.

use axum::extract::{FromRequestParts, RawPathParams};
use bytes::Bytes;
use http::{HeaderMap, header, request::Parts};
use serde::de::DeserializeOwned;
use wardgraph_api::{Json, Problem, Registering, Registrant, RegistrationToken, describe::Body};
use wardgraph_kernel::Secret;
use wardgraph_oauth::{ErrorCode, Refusal};

use crate::{Decode, Failure};

/// The longest token that is looked at.
const MOST_TOKEN_BYTES: usize = 512;

impl Decode for RegistrationToken {
    async fn decode(parts: &mut Parts, _: Bytes) -> Result<Self, Problem> {
        bearer(&parts.headers).map(Self)
    }
}

impl Decode for Registrant {
    async fn decode(parts: &mut Parts, _: Bytes) -> Result<Self, Problem> {
        let token = bearer(&parts.headers)?.ok_or_else(untrusted)?;
        let params = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| untrusted())?;
        let id = params.iter().find(|(name, _)| *name == "id").map(|(_, id)| id.to_owned()).unwrap_or_default();
        Ok(Self { id, token })
    }
}

impl<T: DeserializeOwned + Body + Send + 'static> Decode for Registering<T> {
    async fn decode(parts: &mut Parts, body: Bytes) -> Result<Self, Problem> {
        let read = Json::<T>::decode(parts, body).await;
        read.map(|Json(read)| Self(read)).map_err(|problem| {
            let status = if problem.status == 422 { 400 } else { problem.status };
            Problem { status, ..problem }.error_code(ErrorCode::InvalidClientMetadata.word())
        })
    }
}

/// The answer to a token that is good for nothing, whatever is wrong with it.
pub(crate) fn untrusted() -> Problem {
    Failure::from(Refusal::new(ErrorCode::InvalidToken, "the token is unknown, used up, or not this client's")).into()
}

/// The one bearer token of a request (RFC 6750, section 2.1).
fn bearer(headers: &HeaderMap) -> Result<Option<Secret>, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let token = value.to_str().ok().and_then(|value| value.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim_matches(' '));
    let fits = |token: &&str| (1..=MOST_TOKEN_BYTES).contains(&token.len());
    match (token.filter(fits), values.next()) {
        (Some(token), None) => Ok(Some(Secret::new(token))),
        _ => Err(untrusted()),
    }
}
