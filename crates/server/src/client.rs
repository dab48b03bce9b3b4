//! One call of a running server over HTTP: what the demo, import and export stand on.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{Method, header};
use wardgraph_api::Problem;
use wardgraph_kernel::Secret;

/// How long one call may take.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A base URL and a credential.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Arc<str>,
    token: Option<Secret>,
}

/// What came back, whatever its status.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

/// Nothing came back, and why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Silence(String);

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// It is no address of a server.
    #[error("`{0}` is not of the form http://HOST:PORT or https://HOST:PORT")]
    Url(String),
    /// The HTTP client cannot be made.
    #[error("no HTTP client can be made: {0}")]
    Client(#[from] reqwest::Error),
}

impl Client {
    /// A caller without a credential of the server at `url`, `http://HOST:PORT` or `https://HOST:PORT`: its certificate must be one
    /// that this machine trusts.
    pub(crate) fn new(url: &str) -> Result<Self, ClientError> {
        let base = url.trim_end_matches('/');
        let host = base.strip_prefix("http://").or_else(|| base.strip_prefix("https://"));
        if !host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@'])) {
            return Err(ClientError::Url(url.to_owned()));
        }
        // No proxy: the tokens are for this server alone.
        let http = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build()?;
        Ok(Self { http, base: base.into(), token: None })
    }

    /// The same caller with this token, or with none.
    pub(crate) fn with(&self, token: Option<Secret>) -> Self {
        Self { token, ..self.clone() }
    }

    /// Whether it calls with this token.
    pub(crate) fn has(&self, token: &Secret) -> bool {
        self.token.as_ref() == Some(token)
    }

    /// `http://HOST:PORT` or `https://HOST:PORT`, without a slash at its end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Sends one request, with a body of JSON if there is one, and reads all of the answer.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Bytes>) -> Result<Reply, Silence> {
        let silence = |error: reqwest::Error| Silence(causes(&error.without_url()));
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        let response = request.send().await.map_err(silence)?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        Ok(Reply { status, retry_after, body: response.bytes().await.map_err(silence)?.to_vec() })
    }
}

impl Reply {
    /// The status, and what the problem document says.
    pub(crate) fn summary(&self) -> String {
        let Ok(problem) = serde_json::from_slice::<Problem>(&self.body) else {
            return self.status.to_string();
        };
        let fields = problem.errors.iter().take(3).map(|error| format!("{}: {}", error.field, error.detail));
        let said: Vec<_> = std::iter::once(problem.detail.to_string()).chain(fields).collect();
        format!("{}, {}: {}", self.status, problem.title, said.join("; "))
    }
}

/// An error with what lies behind it.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
