//! Calls with patience: what passes is waited for, what does not ends the transfer.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
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
/// Who calls, as the server sees it.
const WHOAMI: &str = "/api/v1/whoami";
/// How often a call that made the server fail is tried.
const TRIES: usize = 3;

/// The way to a server.
#[derive(Debug)]
pub struct Access {
    /// The running server, as `http://127.0.0.1:8080`.
    pub url: String,
    /// Who calls.
    pub token: Secret,
    /// The file that the token stands in, if it is one: whoever sees to it puts a new one there before the old one ends.
    pub token_file: Option<PathBuf>,
    /// How long the server may be away before the transfer gives up. Waiting for a limit does not count.
    pub patience: Duration,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A caller with patience.
#[derive(Debug)]
pub(super) struct Caller {
    client: Mutex<Client>,
    url: String,
    /// Whose graph it is; none before that was asked.
    tenant: Option<String>,
    token_file: Option<PathBuf>,
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
        let mut caller = Self {
            url: client.base().to_owned(),
            client: Mutex::new(client),
            tenant: None,
            token_file: access.token_file.clone(),
            patience: access.patience,
            clock: access.clock.clone(),
            waiting: AtomicUsize::new(0),
        };
        let whoami: Whoami = caller.read(WHOAMI).await?;
        caller.tenant = Some(whoami.tenant_id.clone());
        Ok((caller, whoami))
    }

    /// `http://HOST:PORT`.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// What to tell of a call that waits for the server just now; nothing if none does.
    pub(super) fn waits(&self) -> &'static str {
        if self.waiting.load(Ordering::Relaxed) > 0 { ", waits for the server" } else { "" }
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

    /// Posts JSON. The answer is the one to the body: whatever concerns the caller or passes is seen to here. 500 is the one to a body that
    /// makes the server fail each time.
    pub(super) async fn post(&self, path: &str, body: Bytes) -> Result<Reply, TransferError> {
        let reply = self.call(Method::POST, path, Some(body)).await?;
        match reply.status {
            200 | 400 | 413 | 422 | 500 => Ok(reply),
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
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (mut since, mut pause, mut failures) = (None, FIRST_PAUSE, 0);
        loop {
            let asked = self.clock.elapsed();
            let answer = client.send(method.clone(), path, body.clone()).await;
            let (named, cause) = match answer {
                Ok(reply) if reply.status == 429 => {
                    since = None;
                    self.wait(reply.retry_after.unwrap_or(pause).max(FIRST_PAUSE)).await;
                    continue;
                }
                Ok(reply) if reply.status == 401 => {
                    let Some(renewed) = self.renewed(&client).await? else { return Ok(reply) };
                    client = renewed;
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
            // A call that hangs is time that the server is away, as much as the pauses between calls are.
            let away = self.clock.elapsed().saturating_sub(*since.get_or_insert(asked));
            if away >= self.patience {
                return Err(TransferError::Lost { url: self.url.clone(), seconds: away.as_secs(), cause });
            }
            self.wait(named.unwrap_or(pause).max(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The caller with the token that the file holds by now, if that is another one than was `used`, and is believed.
    ///
    /// # Errors
    /// The new token is another tenant's: nothing of this transfer may go there.
    async fn renewed(&self, used: &Client) -> Result<Option<Client>, TransferError> {
        let read = self.token_file.as_ref().map(fs::read_to_string);
        let Some(token) = read.and_then(Result::ok).map(|text| Secret::new(text.trim())).filter(|token| !used.has(token)) else {
            return Ok(None);
        };
        let client = used.with(Some(token));
        let Some(reply) = client.send(Method::GET, WHOAMI, None).await.ok().filter(|reply| reply.status == 200) else {
            return Ok(None);
        };
        let whoami: Whoami = parse(&Method::GET, WHOAMI, &reply)?;
        if self.tenant.as_ref().is_some_and(|tenant| *tenant != whoami.tenant_id) {
            return Err(TransferError::OtherTenant(whoami.tenant_id));
        }
        self.client.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&client);
        Ok(Some(client))
    }

    async fn wait(&self, pause: Duration) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(pause.min(LONGEST_PAUSE).min(self.patience.max(FIRST_PAUSE))).await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An answer as the contract has it.
pub(super) fn parse<T: DeserializeOwned>(method: &Method, path: &str, reply: &Reply) -> Result<T, TransferError> {
    let odd = |error| TransferError::Refused { call: said(method, path), answer: format!("an answer of another form, {error}") };
    serde_json::from_slice(&reply.body).map_err(odd)
}

/// How messages call a call.
pub(super) fn said(method: &Method, path: &str) -> String {
    format!("{method} {}", path.split('?').next().unwrap_or(path))
}

fn refused(method: &Method, path: &str, reply: &Reply) -> TransferError {
    let (call, answer) = (said(method, path), reply.summary());
    match reply.status {
        401 => TransferError::Unbelieved { call, answer },
        _ => TransferError::Refused { call, answer },
    }
}
