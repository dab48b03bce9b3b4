//! Which pages of other origins may read answers (the Fetch standard's CORS protocol): those whose origin is on a list, to the letter.
//!
//! Around everything that is mounted, so that no endpoint has to remember it.

use axum::{body::Body, extract::Request, response::Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// What a page may send besides what every page may.
static REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, dpop, idempotency-key, if-match, x-api-key");
/// What a page may read besides what every page may.
static RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "dpop-nonce, etag, idempotency-replayed, ratelimit, ratelimit-policy, retry-after, www-authenticate, x-ratelimit-limit, x-ratelimit-remaining, \
     x-ratelimit-reset, x-request-id",
);
/// How long a browser may remember what a preflight said, in seconds: an origin that is taken off the list is out after that.
static REMEMBERED_S: HeaderValue = HeaderValue::from_static("600");
static TRUE: HeaderValue = HeaderValue::from_static("true");
static ORIGIN: HeaderValue = HeaderValue::from_static("origin");

/// The origins whose pages may read answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    origins: Vec<HeaderValue>,
    credentials: bool,
}

/// Why a text is not an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an origin of the form https://host or http://host:port, in lower case and without a path")]
pub struct InvalidOrigin(String);

impl Cors {
    /// Exactly these origins. With `credentials`, a browser sends its cookies and client certificates along.
    pub fn new<'a>(origins: impl IntoIterator<Item = &'a str>, credentials: bool) -> Result<Self, InvalidOrigin> {
        let origins: Result<_, _> = origins.into_iter().map(origin).collect();
        Ok(Self { origins: origins?, credentials })
    }

    /// The origin that asks, if it may.
    pub(crate) fn asking(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut asking = headers.get_all(header::ORIGIN).iter();
        let (asking, None) = (asking.next()?, asking.next()) else { return None };
        self.origins.iter().find(|origin| *origin == asking).cloned()
    }

    /// The answer to a preflight for a path that takes `methods`.
    pub(crate) fn preflight(methods: HeaderValue) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS.clone());
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED_S.clone());
        response
    }

    /// What an answer says of who may read it. Caches are told of it whoever asked.
    pub(crate) fn finish(&self, response: &mut Response, asking: Option<HeaderValue>) {
        let headers = response.headers_mut();
        headers.append(header::VARY, ORIGIN.clone());
        let Some(origin) = asking else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS.clone());
        if self.credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE.clone());
        }
    }
}

/// Whether a browser asks before it sends the request itself.
pub(crate) fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// `scheme://host[:port]` as browsers write it (RFC 6454, section 6.2): never `*`, and never `null`, which any page can make itself.
fn origin(text: &str) -> Result<HeaderValue, InvalidOrigin> {
    let invalid = || InvalidOrigin(text.to_owned());
    let url: http::Uri = text.parse().map_err(|_| invalid())?;
    let (scheme, authority) = (url.scheme_str().unwrap_or_default(), url.authority().ok_or_else(invalid)?);
    let default_port = if scheme == "https" { 443 } else { 80 };
    let written = format!("{scheme}://{authority}");
    let plain = matches!(scheme, "http" | "https")
        && !authority.as_str().contains(['@', '*'])
        && authority.port_u16() != Some(default_port);
    if !plain || written != text || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(invalid());
    }
    HeaderValue::from_str(text).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for good in ["https://app.example.com", "http://localhost:3000", "https://[2001:db8::1]:8443"] {
            assert!(Cors::new([good], true).is_ok(), "{good}");
        }
        for bad in [
            "*",
            "null",
            "",
            "app.example.com",
            "https://",
            "https://app.example.com/",
            "https://app.example.com:443",
            "http://localhost:80",
            "https://App.example.com",
            "https://*.example.com",
            "https://a@example.com",
            "ftp://example.com",
            "file://",
            "https://a b",
            "https://x#y",
        ] {
            assert!(Cors::new([bad], false).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_the_very_origin_may_read() {
        let cors = Cors::new(["https://app.example.com"], false).unwrap();
        let asking = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::ORIGIN, value.parse().unwrap());
            }
            cors.asking(&headers).is_some()
        };
        assert!(asking(&["https://app.example.com"]));
        for other in [
            "https://app.example.com.evil.com",
            "https://evil.com",
            "http://app.example.com",
            "https://app.example.com:444",
            "null",
            "https://APP.example.com",
            "https://xapp.example.com",
            "https://example.com",
            "",
        ] {
            assert!(!asking(&[other]), "{other}");
        }
        assert!(!asking(&[]) && !asking(&["https://app.example.com", "https://evil.com"]));
    }
}
