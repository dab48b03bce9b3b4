//! A caller of the server: a base URL, a credential, patience when told to come back later.

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wardgraph_kernel::{Clock, Secret};

use super::{answer::Answer, verdict::Failed};
use crate::client::{self, ClientError};

/// How long one call may be put off altogether before the refusal counts as the answer.
const PATIENCE: Duration = Duration::from_mins(3);
/// The longest single pause: a server that says more is asked again anyway.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// One caller.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: client::Client,
    clock: Arc<dyn Clock>,
}

impl Client {
    /// A caller without a credential of the server at `url`, `http://HOST:PORT`.
    pub(super) fn new(url: &str, clock: Arc<dyn Clock>) -> Result<Self, ClientError> {
        Ok(Self { http: client::Client::new(url)?, clock })
    }

    /// `http://HOST:PORT`.
    pub(super) fn base(&self) -> &str {
        self.http.base()
    }

    /// The same caller with this token, or with none.
    pub(super) fn with(&self, token: Option<Secret>) -> Self {
        Self { http: self.http.with(token), ..self.clone() }
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
        let began = self.clock.elapsed();
        let body = body.map(|body| body.to_string().into());
        let reply = self.http.send(method, path, body).await;
        let reply = reply.map_err(|error| Failed::unexpected(format!("an answer to {call}"), error))?;
        Ok(Answer { call, reply, took: self.clock.elapsed().saturating_sub(began) })
    }
}
