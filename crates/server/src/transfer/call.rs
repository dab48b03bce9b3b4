//! Calls with patience: what passes is waited for, what does not ends the transfer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use reqwest::Method;
use serde::de::DeserializeOwned;
use wardgraph_api::wire::system::Whoami;
use wardgraph_kernel::{Clock, Secret};

use super::TransferError;
use crate::client::{Client, Reply};

/// The longest single pause: a server that says more is asked again anyway.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The first pause where the server names none; the next ones double.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// How often a call that made the server fail is tried.
const TRIES: usize = 3;

/// The way to a server.
#[derive(Debug)]
pub struct Access {
    /// The running server, as `http://127.0.0.1:8080`.
    pub url: String,
    /// Who calls.
    pub token: Secret,
    /// How long the server may be away before the transfer gives up. Waiting for a limit does not count.
    pub patience: Duration,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A caller with patience.
#[derive(Debug)]
pub(super) struct Caller {
    client: Client,
    patience: Duration,
    clock: Arc<dyn Clock>,
    waiting: AtomicUsize,
}

impl Caller {
    /// Sees that the server is there and believes the token. Says whose the token is.
    pub(super) async fn new(access: &Access) -> Result<(Self, Whoami), TransferError> {
        let client = Client::new(&access.url)?;
        if let Err(silence) = client.send(Method::GET, "/health/live", None).await {
            return Err(TransferError::NoServer { url: client.base().to_owned(), cause: silence.to_string() });
        }
        let client = client.with(Some(access.token.clone()));
        let caller = Self { client, patience: access.patience, clock: access.clock.clone(), waiting: AtomicUsize::new(0) };
        let whoami = caller.read("/api/v1/whoami").await?;
        Ok((caller, whoami))
    }

    /// `http://HOST:PORT`.
    pub(super) fn url(&self) -> &str {
        self.client.base()
    }

    /// Whether a call waits for the server just now.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Reads what must be there.
    pub(super) async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, TransferError> {
        let reply = self.call(Method::GET, path, None).await?;
        if reply.status != 200 {
            return Err(refused(&Method::GET, path, &reply));
        }
        parse(&Method::GET, path, &reply)
    }

    /// Reads what may be gone.
    pub(super) async fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, TransferError> {
        let reply = self.call(Method::GET, path, None).await?;
        match reply.status {
            200 => parse(&Method::GET, path, &reply).map(Some),
            404 => Ok(None),
            _ => Err(refused(&Method::GET, path, &reply)),
        }
    }

    /// Posts JSON. The answer is the one to the body: whatever concerns the caller or passes is seen to here.
    pub(super) async fn post(&self, path: &str, body: Bytes) -> Result<Reply, TransferError> {
        let reply = self.call(Method::POST, path, Some(body)).await?;
        match reply.status {
            200 | 400 | 413 | 422 => Ok(reply),
            _ => Err(refused(&Method::POST, path, &reply)),
        }
    }

    /// Replaces what may be gone.
    pub(super) async fn put(&self, path: &str, body: Bytes) -> Result<Reply, TransferError> {
        let reply = self.call(Method::PUT, path, Some(body)).await?;
        match reply.status {
            200 | 400 | 404 | 413 | 422 => Ok(reply),
            _ => Err(refused(&Method::PUT, path, &reply)),
        }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Bytes>) -> Result<Reply, TransferError> {
        let (mut away, mut pause, mut failures) = (Duration::ZERO, FIRST_PAUSE, 0);
        loop {
            let answer = self.client.send(method.clone(), path, body.clone()).await;
            let (named, cause) = match answer {
                Ok(reply) if reply.status == 429 => {
                    self.wait(reply.retry_after.unwrap_or(pause)).await;
                    continue;
                }
                // Gone for a moment, itself or behind a proxy; or in the way of another change.
                Ok(reply) if matches!(reply.status, 408 | 409 | 502 | 503 | 504) => (reply.retry_after, reply.summary()),
                Ok(reply) if reply.status == 500 => {
                    failures += 1;
                    if failures >= TRIES {
                        return Ok(reply);
                    }
                    (None, reply.summary())
                }
                Ok(reply) => return Ok(reply),
                Err(silence) => (None, silence.to_string()),
            };
            if away >= self.patience {
                let (url, seconds) = (self.url().to_owned(), away.as_secs());
                return Err(TransferError::Lost { url, seconds, cause });
            }
            away += self.wait(named.unwrap_or(pause).max(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Waits, and says how long it was.
    async fn wait(&self, pause: Duration) -> Duration {
        let began = self.clock.elapsed();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(pause.min(LONGEST_PAUSE).min(self.patience.max(FIRST_PAUSE))).await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.clock.elapsed().saturating_sub(began).max(Duration::from_millis(1))
    }
}

/// An answer as the contract has it.
pub(super) fn parse<T: DeserializeOwned>(method: &Method, path: &str, reply: &Reply) -> Result<T, TransferError> {
    let odd = |error| TransferError::Refused { call: said(method, path), answer: format!("an answer of another form, {error}") };
    serde_json::from_slice(&reply.body).map_err(odd)
}

fn said(method: &Method, path: &str) -> String {
    format!("{method} {}", path.split('?').next().unwrap_or(path))
}

fn refused(method: &Method, path: &str, reply: &Reply) -> TransferError {
    TransferError::Refused { call: said(method, path), answer: reply.summary() }
}
