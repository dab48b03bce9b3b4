//! Headers of every answer: the request's id, the caller's limit, and what browsers are told.

use std::fmt::Write;

use axum::response::Response;
use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use wardgraph_kernel::RequestId;
use wardgraph_limits::Decision;

/// Sent with every answer: nothing is sniffed, framed, cached or loaded (unless the answer itself says so), referred or scripted.
static SECURITY: [(HeaderName, HeaderValue); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("permissions-policy"), HeaderValue::from_static("geolocation=(), camera=(), microphone=()")),
];

/// For a year, come by TLS alone (RFC 6797).
static TLS_ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000");

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static LIMIT: HeaderName = HeaderName::from_static("ratelimit");
static LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static PROOF: HeaderName = HeaderName::from_static("dpop");
static NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
static OLD_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
static OLD_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
static OLD_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// How many headers an answer has at most, nearly always: room for them is made once.
const MOST: usize = 20;
/// Room for the text of all values that [`finish`] writes, nearly always.
const TEXT_BYTES: usize = 160;
/// How long the id of a request may be that its client gives it.
const MOST_ID: usize = 256;

/// No headers yet, and room for all that an answer will have.
pub(crate) fn none() -> HeaderMap {
    HeaderMap::with_capacity(MOST)
}

pub(crate) fn finish(response: &mut Response, request_id: RequestId, limit: Option<Decision>) {
    let headers = response.headers_mut();
    let kept = [header::CACHE_CONTROL, header::CONTENT_SECURITY_POLICY].map(|name| (headers.remove(&name), name));
    for (name, value) in &SECURITY {
        headers.insert(name, value.clone());
    }
    for (value, name) in kept {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    let mut text = BytesMut::with_capacity(TEXT_BYTES);
    set(headers, &mut text, &REQUEST_ID, format_args!("{request_id}"));
    if let Some(decision) = limit {
        rate(headers, &mut text, decision);
    }
}

/// Whether a request is one of those that prove to hold a key (RFC 9449), or should be.
pub(crate) fn proves(headers: &HeaderMap) -> bool {
    let by_proof = |value: &HeaderValue| value.as_bytes().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"dpop "));
    headers.contains_key(&PROOF) || headers.get(header::AUTHORIZATION).is_some_and(by_proof)
}

/// What a client calls its request, if that can be said back.
pub(crate) fn asked_as(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(&REQUEST_ID).filter(|id| !id.is_empty() && id.len() <= MOST_ID && id.to_str().is_ok()).cloned()
}

/// Says it back in place of what this server calls the request.
pub(crate) fn answered_as(response: &mut Response, id: HeaderValue) {
    response.headers_mut().insert(&REQUEST_ID, id);
}

/// Says which nonce the next proof must carry (RFC 9449, section 8).
pub(crate) fn nonce(response: &mut Response, nonce: &str) {
    if let Ok(nonce) = HeaderValue::from_str(nonce) {
        response.headers_mut().insert(&NONCE, nonce);
    }
}

/// What an answer says besides where it leaves by TLS.
pub(crate) fn encrypted(response: &mut Response) {
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, TLS_ALONE.clone());
}

/// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers), and `X-RateLimit-*` for older clients.
fn rate(headers: &mut HeaderMap, text: &mut BytesMut, decision: Decision) {
    let Some(policy) = decision.policy else { return };
    let (class, left, reset) = (decision.class.word(), decision.remaining, decision.reset.as_millis().div_ceil(1_000));
    let (burst, window) = (policy.burst(), policy.window().as_secs().max(1));
    set(headers, text, &LIMIT, format_args!("\"{class}\";r={left};t={reset}"));
    set(headers, text, &LIMIT_POLICY, format_args!("\"{class}\";q={burst};w={window}"));
    set(headers, text, &OLD_LIMIT, format_args!("{burst}"));
    set(headers, text, &OLD_REMAINING, format_args!("{left}"));
    set(headers, text, &OLD_RESET, format_args!("{reset}"));
}

/// Sets one header. Its value shares `text`'s memory with the others: one allocation for all of them.
fn set(headers: &mut HeaderMap, text: &mut BytesMut, name: &'static HeaderName, value: std::fmt::Arguments<'_>) {
    let written = text.write_fmt(value);
    let value = HeaderValue::from_maybe_shared(text.split().freeze());
    if let (Ok(()), Ok(value)) = (written, value) {
        headers.insert(name, value);
    }
}
