//! Requests, and the redirects that follow.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, LOCATION, USER_AGENT},
};
use http_body_util::Full;
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};
use rustls::ClientConfig;
use tokio::time::{Instant, timeout_at};

use crate::{Address, Answer, EgressError, Names, Rules, SetupError, connect::Connector, names::Resolver, tls};

/// The most redirects of one request.
pub const MOST_REDIRECTS: usize = 3;
/// The largest head of an answer, in bytes, and the most lines in it.
const HEAD_BYTES: usize = 64 * 1024;
const HEAD_LINES: usize = 100;
/// Connections that are kept for the next request, for each host, and how long.
const IDLE_CONNECTIONS: usize = 4;
const IDLE_FOR: Duration = Duration::from_secs(30);

/// What all clients share: who is asked for names, and whose certificates are believed. Nothing of it comes from the environment.
#[derive(Debug, Clone)]
pub struct Egress {
    names: Resolver,
    tls: ClientConfig,
}

impl Egress {
    /// Certificates are checked against the machine's authorities, and against those in `authorities` (PEM), if any.
    ///
    /// # Errors
    /// As [`SetupError`] says.
    pub fn new(names: Names, authorities: Option<&[u8]>) -> Result<Self, SetupError> {
        Ok(Self { names: Resolver::new(names)?, tls: tls::config(authorities)? })
    }

    /// A client that asks what `rules` allow, and connects `within` a time.
    pub fn client(&self, rules: Rules, within: Duration) -> Client {
        let connector = Connector::new(self.names.clone(), self.tls.clone(), rules, within);
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_FOR)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .http1_max_buf_size(HEAD_BYTES)
            .http1_max_headers(HEAD_LINES)
            .build(connector);
        Client(Arc::new(http))
    }
}

/// Asks what its rules allow. Clones share their connections.
#[derive(Clone)]
pub struct Client(Arc<legacy::Client<Connector, Full<Bytes>>>);

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET` or another method.
    pub method: Method,
    /// Whom.
    pub address: Address,
    /// Header lines besides those of the connection, the encoding and the program's name.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
    /// How many redirects of a `GET` are followed, [`MOST_REDIRECTS`] at most. Those of another method are never: the answer is the redirect.
    pub redirects: usize,
    /// How long all of it may take, redirects and body included.
    pub deadline: Duration,
    /// How long the body may rest.
    pub idle: Duration,
}

impl Request {
    /// A `GET` that follows redirects.
    pub fn get(address: Address, deadline: Duration, idle: Duration) -> Self {
        let (headers, body) = (HeaderMap::new(), Bytes::new());
        Self { method: Method::GET, address, headers, body, redirects: MOST_REDIRECTS, deadline, idle }
    }

    /// A `POST` of a form's fields, that follows none. `form` is as forms spell it.
    pub fn post_form(address: Address, form: String, deadline: Duration, idle: Duration) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))]);
        Self { method: Method::POST, address, headers, body: form.into(), redirects: 0, deadline, idle }
    }

    /// A `POST` of JSON, that follows none.
    pub fn post_json(address: Address, json: Vec<u8>, deadline: Duration, idle: Duration) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Self { method: Method::POST, address, headers, body: json.into(), redirects: 0, deadline, idle }
    }

    /// The same request to where its answer leads: checked as the first one was, and without anything that was meant for the first alone.
    fn redirected(&self, answer: &HeaderMap) -> Result<Self, EgressError> {
        let mut lines = answer.get_all(LOCATION).iter();
        let (Some(location), None) = (lines.next(), lines.next()) else { return Err(EgressError::Redirect) };
        let address = self.address.join(location.to_str().map_err(|_| EgressError::Redirect)?)?;
        if address.is_plain() && !self.address.is_plain() {
            return Err(EgressError::Redirect);
        }
        let mut next = Self { redirects: self.redirects - 1, ..self.clone() };
        if !address.same_origin(&self.address) {
            // Whatever the caller said besides may be a credential.
            next.headers = self.headers.get(ACCEPT).map(|accept| (ACCEPT, accept.clone())).into_iter().collect();
        }
        next.address = address;
        Ok(next)
    }
}

impl Client {
    /// Asks, and follows. The answer's head is there; its body is still to be read, before the same deadline.
    ///
    /// # Errors
    /// As [`EgressError`] says. A status that is no success is an answer.
    pub async fn send(&self, request: Request) -> Result<Answer, EgressError> {
        let deadline = Instant::now() + request.deadline;
        timeout_at(deadline, self.follow(request, deadline)).await.map_err(|_| EgressError::Slow)?
    }

    async fn follow(&self, mut request: Request, deadline: Instant) -> Result<Answer, EgressError> {
        request.redirects = request.redirects.min(MOST_REDIRECTS);
        let follows = request.redirects > 0 && request.method == Method::GET;
        loop {
            let answer = self.ask(&request).await?;
            if !(follows && leads_on(answer.status())) {
                let (parts, body) = answer.into_parts();
                return Ok(Answer::new(parts.status, parts.headers, body, deadline, request.idle));
            }
            if request.redirects == 0 {
                return Err(EgressError::Redirect);
            }
            request = request.redirected(answer.headers())?;
        }
    }

    async fn ask(&self, request: &Request) -> Result<http::Response<hyper::body::Incoming>, EgressError> {
        let mut asked = http::Request::new(Full::new(request.body.clone()));
        *asked.method_mut() = request.method.clone();
        *asked.uri_mut() = request.address.uri().clone();
        *asked.headers_mut() = request.headers.clone();
        let ours: [(HeaderName, _); 2] = [(USER_AGENT, "wardgraph"), (ACCEPT_ENCODING, "gzip")];
        asked.headers_mut().extend(ours.map(|(name, value)| (name, HeaderValue::from_static(value))));
        let answer = self.0.request(asked).await.map_err(|error| unanswered(&error))?;
        // Nobody asked for another protocol: what follows would not be HTTP.
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS { Err(EgressError::Broken) } else { Ok(answer) }
    }
}

/// Whether a status sends a `GET` elsewhere (RFC 9110, section 15.4).
fn leads_on(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Why there is no answer: our own refusal where there was one, and nothing of the client's own words, which hold the address.
fn unanswered(error: &legacy::Error) -> EgressError {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause {
        if let Some(ours) = inner.downcast_ref::<EgressError>() {
            return *ours;
        }
        cause = inner.source();
    }
    if error.is_connect() { EgressError::Unreachable } else { EgressError::Broken }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
