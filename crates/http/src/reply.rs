//! How an output becomes an answer.

use axum::{body::Body, response::Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use wardgraph_api::{
    Accepted, Created, Document, Errand, Held, Issued, Json, Kept, NoContent, Onward, Page, Placed, Problem, Redirect, Signable,
    Stored, Tagged, Versioned, carry::Media, wire::oauth::ErrorAnswer,
};
use wardgraph_gate::browser;
use wardgraph_kernel::Secret;

use crate::headers;

/// What can be sent back.
pub trait Reply {
    /// The answer.
    fn reply(self) -> Response;
}

impl<T: Serialize> Reply for Json<T> {
    fn reply(self) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

impl<T: Serialize> Reply for Created<T> {
    fn reply(self) -> Response {
        json(StatusCode::CREATED, &self.0)
    }
}

impl<T: Serialize> Reply for Accepted<T> {
    fn reply(self) -> Response {
        json(StatusCode::ACCEPTED, &self.0)
    }
}

impl<T: Serialize> Reply for Issued<T> {
    fn reply(self) -> Response {
        json(StatusCode::CREATED, &self.0)
    }
}

impl<T: Serialize + Versioned> Reply for Tagged<T> {
    fn reply(self) -> Response {
        tagged(StatusCode::OK, &self.0)
    }
}

impl<T: Serialize + Versioned> Reply for Stored<T> {
    fn reply(self) -> Response {
        match self {
            Self::Created(value) => tagged(StatusCode::CREATED, &value),
            Self::Found(value) => tagged(StatusCode::OK, &value),
        }
    }
}

impl<T: Serialize> Reply for Placed<T> {
    fn reply(self) -> Response {
        match self {
            Self::Created(value) => json(StatusCode::CREATED, &value),
            Self::Found(value) => json(StatusCode::OK, &value),
        }
    }
}

impl Reply for NoContent {
    fn reply(self) -> Response {
        status(StatusCode::NO_CONTENT, Body::empty())
    }
}

impl<M: Media> Reply for Document<M> {
    fn reply(self) -> Response {
        let body = match self.body {
            std::borrow::Cow::Borrowed(text) => Body::from(text),
            std::borrow::Cow::Owned(text) => Body::from(text),
        };
        let mut response = status(StatusCode::OK, body);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(M::TYPE));
        if let Some(time) = self.kept_for
            && let Ok(value) = HeaderValue::try_from(format!("public, max-age={}", time.as_secs()))
        {
            response.headers_mut().insert(header::CACHE_CONTROL, value);
        }
        response
    }
}

impl<T: Serialize, M: Media> Reply for Signable<T, M> {
    fn reply(self) -> Response {
        match self {
            Self::Plain(value) => json(StatusCode::OK, &value),
            Self::Signed(token, _) => {
                let mut response = status(StatusCode::OK, Body::from(token.expose().to_owned()));
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(M::TYPE));
                response
            }
        }
    }
}

impl Reply for Page {
    fn reply(self) -> Response {
        let mut response = page(StatusCode::OK, self.html, self.visit.as_ref());
        hold(&mut response, self.session);
        response
    }
}

impl Reply for Onward {
    fn reply(self) -> Response {
        match self {
            Self::Show(page) => page.reply(),
            Self::Go(redirect) => redirect.reply(),
        }
    }
}

impl Reply for Errand {
    fn reply(self) -> Response {
        match self {
            Self::Show(page) => page.reply(),
            Self::Go(redirect) => redirect.reply(),
            Self::Back(to, session) => Redirect { to, session }.reply(),
            Self::ByPage { page, posts_to } => {
                let mut response = page.reply();
                let policy = posts_to.and_then(|server| HeaderValue::try_from(posting(&server)).ok());
                if let Some(policy) = policy {
                    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
                }
                response
            }
        }
    }
}

/// The policy of a page whose form goes to one other server.
fn posting(server: &str) -> String {
    format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action {server}; frame-ancestors 'none'"
    )
}

/// What becomes of the session that a browser holds.
fn hold(response: &mut Response, session: Held) {
    let cookie = match session {
        Held::Stays => None,
        Held::Begins(secret) => cookie(browser::SESSION, secret.expose(), ""),
        Held::Ends => cookie(browser::SESSION, "", "; Max-Age=0"),
    };
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

impl Reply for Redirect {
    fn reply(self) -> Response {
        let mut response = status(StatusCode::SEE_OTHER, Body::empty());
        let headers = response.headers_mut();
        // Paths are made of what headers may hold.
        headers.insert(header::LOCATION, HeaderValue::try_from(self.to).unwrap_or(HeaderValue::from_static("/")));
        hold(&mut response, self.session);
        response
    }
}

/// A page, under the policy that pages run under. `visit`: what the browser is to hold from now on.
pub(crate) fn page(code: StatusCode, html: String, visit: Option<&Secret>) -> Response {
    let mut response = status(code, Body::from(html));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, PAGES.clone());
    if let Some(cookie) = visit.and_then(|secret| cookie(browser::VISIT, secret.expose(), "")) {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}

/// What a page may load and send: its look and its script from this server, forms to this server, and nothing else.
static PAGES: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// A cookie that this very host alone gets, by TLS alone, no script reads, and no other site's form brings along.
fn cookie(name: &str, value: &str, more: &str) -> Option<HeaderValue> {
    let mut cookie = HeaderValue::try_from(format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{more}")).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

/// An answer that was given before.
pub(crate) fn again(kept: Kept) -> Response {
    let code = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let has_body = !kept.body.is_empty();
    let mut response = status(code, Body::from(kept.body));
    let headers = response.headers_mut();
    if has_body {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(etag) = kept.etag.and_then(|etag| HeaderValue::from_str(&etag).ok()) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

/// A problem as an answer, with the headers that belong to it.
pub(crate) fn problem(problem: &Problem) -> Response {
    let code = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(code, problem);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = problem.retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(challenge) = problem.challenge.as_deref().and_then(|text| HeaderValue::from_str(text).ok()) {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// A problem as clients of the OAuth server are told of it (RFC 6749, section 5.2), with the headers that belong to it.
pub(crate) fn client_error(problem: &Problem) -> Response {
    let error = problem.error_code.unwrap_or(match problem.status {
        401 => "invalid_client",
        403 => "unauthorized_client",
        408 | 429 | 503 => "temporarily_unavailable",
        500.. => "server_error",
        _ => "invalid_request",
    });
    // What the standard lets stand there: visible ASCII but quotes and backslashes, and blanks.
    let plain = |c: char| if c == ' ' || (c.is_ascii_graphic() && c != '"' && c != '\\') { c } else { '\'' };
    let error_description = problem.detail.chars().map(plain).collect();
    let mut response = self::problem(problem);
    let told = json(response.status(), &ErrorAnswer { error: error.to_owned(), error_description });
    let (parts, body) = told.into_parts();
    *response.body_mut() = body;
    response.headers_mut().extend(parts.headers);
    no_cache(&mut response);
    response
}

/// What clients of the OAuth server are told is kept nowhere, by caches of any age (RFC 6749, section 5.1).
pub(crate) fn no_cache(response: &mut Response) {
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
}

fn json(code: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => {
            let mut response = status(code, Body::from(body));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as JSON");
            status(StatusCode::INTERNAL_SERVER_ERROR, Body::empty())
        }
    }
}

fn tagged(code: StatusCode, value: &(impl Serialize + Versioned)) -> Response {
    let mut response = json(code, value);
    // Digits in quotes are always a header's value.
    if let Ok(tag) = HeaderValue::try_from(value.etag()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn status(code: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    *response.headers_mut() = headers::none();
    response
}
