//! A caller of the server: a base URL, a credential, patience when told to come back later.

use std::{sync::Arc, time::Duration};

use reqwest::{Method, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use wardgraph_kernel::{Clock, Secret};

use super::{answer::Answer, verdict::Failed};

/// How long one call may take.
const TIMEOUT: Duration = Duration::from_mins(1);
/// How long one call may be put off altogether before the refusal counts as the answer.
const PATIENCE: Duration = Duration::from_mins(3);
/// The longest single pause: a server that says more is asked again anyway.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// One caller.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    base: Arc<str>,
    token: Option<Secret>,
    clock: Arc<dyn Clock>,
}

impl Client {
    /// A caller without a credential. `base` has no slash at its end.
    pub(super) fn new(base: &str, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        // No proxy: the tokens are for this server alone.
        let http = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build()?;
        Ok(Self { http, base: base.into(), token: None, clock })
    }

    /// The same caller with this token, or with none.
    pub(super) fn with(&self, token: Option<Secret>) -> Self {
        Self { token, ..self.clone() }
    }

    pub(super) async fn get(&self, path: &str) -> Result<Answer, Failed> {
        self.call(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Answer, Failed> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Answer, Failed> {
        self.call(Method::DELETE, path, None).await
    }

    /// Reads what must be there.
    pub(super) async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failed> {
        self.get(path).await?.read(200)
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, Failed> {
        let mut waited = Duration::ZERO;
        loop {
            let answer = self.once(method.clone(), path, body).await?;
            let pause = answer.come_back().map(|pause| pause.clamp(Duration::from_secs(1), LONGEST_PAUSE));
            match pause.filter(|pause| waited + *pause <= PATIENCE) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Ok(answer),
            }
            waited += pause.unwrap_or_default();
        }
    }

    async fn once(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, Failed> {
        let call = format!("{method} {}", path.split('?').next().unwrap_or(path));
        let silent = |error: reqwest::Error| Failed::unexpected(format!("an answer to {call}"), causes(&error.without_url()));
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let began = self.clock.elapsed();
        let response = request.send().await.map_err(silent)?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        let body = response.bytes().await.map_err(silent)?.to_vec();
        let took = self.clock.elapsed().saturating_sub(began);
        Ok(Answer { call, status, retry_after, body, took })
    }
}

/// An error with what lies behind it.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
