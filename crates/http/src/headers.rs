//! Headers of every answer: the request's id, the caller's limit, and what browsers are told.

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use wardgraph_kernel::RequestId;
use wardgraph_limits::Decision;

/// Sent with every answer: nothing is sniffed, framed, cached, referred or scripted.
static SECURITY: [(HeaderName, &str); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "geolocation=(), camera=(), microphone=()"),
];

pub(crate) fn finish(response: &mut Response, request_id: RequestId, limit: Option<Decision>) {
    let headers = response.headers_mut();
    for (name, value) in &SECURITY {
        headers.insert(name, HeaderValue::from_static(value));
    }
    set(headers, HeaderName::from_static("x-request-id"), request_id.to_string());
    if let Some(decision) = limit {
        rate(headers, decision);
    }
}

/// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers), and `X-RateLimit-*` for older clients.
fn rate(headers: &mut HeaderMap, decision: Decision) {
    let Some(policy) = decision.policy else { return };
    let (class, reset) = (decision.class.word(), decision.reset.as_millis().div_ceil(1_000));
    set(headers, HeaderName::from_static("ratelimit"), format!("\"{class}\";r={};t={reset}", decision.remaining));
    set(
        headers,
        HeaderName::from_static("ratelimit-policy"),
        format!("\"{class}\";q={};w={}", policy.burst(), policy.window().as_secs().max(1)),
    );
    set(headers, HeaderName::from_static("x-ratelimit-limit"), policy.burst().to_string());
    set(headers, HeaderName::from_static("x-ratelimit-remaining"), decision.remaining.to_string());
    set(headers, HeaderName::from_static("x-ratelimit-reset"), reset.to_string());
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}
