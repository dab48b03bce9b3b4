//! Embeddings by a service that speaks OpenAI's API: `POST {base_url}/embeddings`.
//!
//! The address is the operator's word, never a request's, so it may be on a private network. What comes from there is
//! nobody's word: answers are bounded, checked and brought to length 1, redirects and proxies of the environment are not
//! followed, and neither the key nor anything that the service says reaches a log or an error.

mod answer;
mod endpoint;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::try_join_all;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout_at};
use wardgraph_egress::{Client, Egress, EgressError, HeaderValue, Request, Rules, header::AUTHORIZATION};
use wardgraph_kernel::{Chance, Secret};

use crate::clip::clip;
use crate::room::{Room, Shares};
use crate::{EmbedError, Embedder, Lane, Limits, ModelId};
use answer::Missed;
pub use endpoint::{Endpoint, EndpointError};

/// The most texts that are embedded by one call's requests at once, by bytes: services bound a request by its tokens too.
const REQUEST_BYTES: usize = 256 * 1024;
/// The longest pause between two tries that nobody asked for.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What is to be known of a service.
#[derive(Debug, Clone)]
pub struct RemoteOptions {
    /// Where it is.
    pub endpoint: Endpoint,
    /// What it is shown as a bearer token.
    pub key: Option<Secret>,
    /// Its name for the model.
    pub model: String,
    /// What tells its vectors from those of another service whose model has the same name and dimension; empty for nothing.
    pub space: String,
    /// How many components its vectors have.
    pub dimension: usize,
    /// Whether it is asked for that dimension: for models that can shorten their vectors.
    pub send_dimension: bool,
    /// Texts a request, at most.
    pub batch: usize,
    /// Of a text that is longer, this many bytes are sent. A service refuses what its model cannot read.
    pub most_text_bytes: usize,
    /// How long one try may take; a query's tries may take no longer altogether.
    pub timeout: Duration,
    /// How long a document request's tries may take altogether.
    pub deadline: Duration,
    /// Tries after the first.
    pub retries: u32,
    /// How long to wait before the second try, on average; twice as long before each further one.
    pub pause: Duration,
    /// Requests at once. One of them is kept free for queries when there are two or more.
    pub concurrency: usize,
}

/// Asks a service for vectors.
pub struct RemoteEmbedder {
    options: RemoteOptions,
    id: ModelId,
    client: Client,
    authorization: Option<HeaderValue>,
    chance: Arc<dyn Chance>,
    /// Requests on their way.
    all: Semaphore,
    /// Those of documents: less than all, so that a query never waits for documents alone.
    documents: Semaphore,
    /// Those of one tenant's queries: so few that another's is next.
    queries: Shares,
    query_room: Room,
    document_room: Room,
}

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    input: &'a [&'a str],
    encoding_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

/// A place among the requests on their way, given back when it is dropped.
struct Turn<'a> {
    _own: Own<'a>,
    _of_all: SemaphorePermit<'a>,
}

/// The place that it has among its own.
enum Own<'a> {
    Query { _place: OwnedSemaphorePermit },
    Document { _place: SemaphorePermit<'a> },
}

impl RemoteEmbedder {
    /// A client of the service. Nothing is sent yet: a server starts, and searches by words, while its service is away.
    ///
    /// # Errors
    /// [`EmbedError::Client`] when the key cannot be sent.
    pub fn new(options: RemoteOptions, egress: &Egress, chance: Arc<dyn Chance>) -> Result<Self, EmbedError> {
        let client = egress.client(Rules::operator([options.endpoint.address()], &[]), options.timeout / 2);
        let authorization = options.key.as_ref().map(bearer).transpose()?;
        let limits = Limits::default();
        Ok(Self {
            id: ModelId::of_service("openai", &options.space, &options.model, options.dimension),
            client,
            authorization,
            chance,
            all: Semaphore::new(options.concurrency.max(1)),
            documents: Semaphore::new(options.concurrency.saturating_sub(1).max(1)),
            queries: Shares::new(options.concurrency),
            query_room: Room::new(limits.query_kib),
            document_room: Room::new(limits.document_kib),
            options,
        })
    }

    /// One request's worth of texts, tried until it succeeds, may not succeed, or time is up.
    async fn request(&self, texts: &[&str], lane: &Lane) -> Result<Vec<Vec<f32>>, EmbedError> {
        let time = match lane {
            Lane::Query(_) => self.options.timeout,
            Lane::Document => self.options.deadline,
        };
        let deadline = Instant::now() + time;
        let mut missed = EmbedError::Unavailable { why: "no answer came in time", retry_after: None };
        for number in 0..=self.options.retries {
            match timeout_at(deadline, self.try_once(texts, lane)).await {
                Ok(Ok(vectors)) => return Ok(vectors),
                Ok(Err(Missed::Final(error))) => return Err(error),
                Ok(Err(Missed::Passing { why, retry_after })) => {
                    missed = EmbedError::Unavailable { why, retry_after };
                    let pause = retry_after.unwrap_or_else(|| self.pause(number));
                    tracing::debug!(model = %self.id, number, why, ?pause, "a try at the embedding service failed");
                    let in_time = Instant::now().checked_add(pause).is_some_and(|then| then < deadline);
                    if number == self.options.retries || !in_time {
                        break;
                    }
                    sleep(pause).await;
                }
                Err(_) => break,
            }
        }
        Err(missed)
    }

    async fn try_once(&self, texts: &[&str], lane: &Lane) -> Result<Vec<Vec<f32>>, Missed> {
        let _turn = self.turn(lane).await.map_err(Missed::Final)?;
        let question = Question {
            model: &self.options.model,
            input: texts,
            encoding_format: "float",
            dimensions: self.options.send_dimension.then_some(self.options.dimension),
        };
        let question = serde_json::to_vec(&question).map_err(|error| Missed::Final(EmbedError::Client(error.into())))?;
        let (address, time) = (self.options.endpoint.address().clone(), self.options.timeout);
        let mut request = Request::post_json(address, question, time, time);
        request.headers.extend(self.authorization.clone().map(|authorization| (AUTHORIZATION, authorization)));
        let response = self.client.send(request).await.map_err(unsent)?;
        answer::vectors(response, texts.len(), self.options.dimension).await
    }

    /// A place among the requests on their way. Whoever waits has a place among their own already, so that of no tenant more than its share waits
    /// before another's.
    async fn turn(&self, lane: &Lane) -> Result<Turn<'_>, EmbedError> {
        let stopped = |_| EmbedError::Stopped;
        let own = match lane {
            Lane::Query(tenant) => Own::Query { _place: self.queries.of(tenant).acquire_owned().await.map_err(stopped)? },
            Lane::Document => Own::Document { _place: self.documents.acquire().await.map_err(stopped)? },
        };
        Ok(Turn { _own: own, _of_all: self.all.acquire().await.map_err(stopped)? })
    }

    /// Half to one and a half of what the try's number asks for, so that many clients do not come back at once.
    fn pause(&self, number: u32) -> Duration {
        let usual = self.options.pause.saturating_mul(1 << number.min(10)).min(LONGEST_PAUSE);
        let [first, ..] = self.chance.bytes();
        usual.mul_f64(0.5 + f64::from(first) / 255.0)
    }

    /// The texts in requests that a service takes.
    fn requests<'t>(&self, texts: &'t [String]) -> Vec<Vec<&'t str>> {
        let mut requests: Vec<Vec<&str>> = Vec::new();
        let mut bytes = 0;
        for text in texts {
            let text = clip(text, self.options.most_text_bytes);
            // Services refuse an empty text; this one is as empty and is not refused.
            let text = if text.is_empty() { " " } else { text };
            bytes += text.len();
            match requests.last_mut() {
                Some(last) if last.len() < self.options.batch && bytes <= REQUEST_BYTES => last.push(text),
                _ => {
                    bytes = text.len();
                    requests.push(vec![text]);
                }
            }
        }
        requests
    }
}

#[async_trait]
impl Embedder for RemoteEmbedder {
    fn model(&self) -> &ModelId {
        &self.id
    }

    fn dimension(&self) -> usize {
        self.options.dimension
    }

    async fn embed(&self, texts: Vec<String>, lane: Lane) -> Result<Vec<Vec<f32>>, EmbedError> {
        let _room = match &lane {
            Lane::Query(_) => &self.query_room,
            Lane::Document => &self.document_room,
        }
        .take(&texts, &lane)?;
        let requests = self.requests(&texts);
        let vectors = try_join_all(requests.iter().map(|texts| self.request(texts, &lane))).await?;
        Ok(vectors.into_iter().flatten().collect())
    }
}

impl fmt::Debug for RemoteEmbedder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RemoteEmbedder").field("model", &self.id).finish_non_exhaustive()
    }
}

fn bearer(key: &Secret) -> Result<HeaderValue, EmbedError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose()))
        .map_err(|_| EmbedError::Client("the key holds what no header may".into()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Why a request got no answer.
const fn unsent(error: EgressError) -> Missed {
    let why = match error {
        EgressError::Slow => "it did not answer in time",
        EgressError::Unreachable | EgressError::Unresolved | EgressError::Special(_) | EgressError::Host | EgressError::Port => {
            "it cannot be reached"
        }
        _ => "the connection broke off",
    };
    Missed::Passing { why, retry_after: None }
}

#[cfg(test)]
pub(crate) mod script;
#[cfg(test)]
mod tests;
