//! Embeddings by a service that speaks OpenAI's API: `POST {base_url}/embeddings`.
//!
//! The address is the operator's word, never a request's, so it may be on a private network. What comes from there is
//! nobody's word: answers are bounded, checked and brought to length 1, redirects and proxies of the environment are not
//! followed, and neither the key nor anything that the service says reaches a log or an error. A service that is away is left alone until it is
//! back (`breaker.rs`), and whoever asks meanwhile is told so at once.

mod answer;
mod breaker;
mod endpoint;
mod service;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::try_join_all;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout_at};
use wardgraph_egress::Egress;
use wardgraph_kernel::{Chance, Clock, Secret, TenantId};
use wardgraph_shares::Shares;

use crate::clip::clip;
use crate::room::Room;
use crate::{EmbedError, Embedder, Lane, Limits, ModelId};
use answer::Missed;
pub use endpoint::{Endpoint, EndpointError};
use service::Service;
use watch::Watch;

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
    /// How long one try may take.
    pub timeout: Duration,
    /// How long a query's tries may take altogether: someone waits.
    pub query_timeout: Duration,
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
    service: Arc<Service>,
    chance: Arc<dyn Chance>,
    /// Requests on their way, but for witnesses.
    all: Semaphore,
    /// Those of documents: less than all, so that a query never waits for documents alone.
    documents: Semaphore,
    /// Those of one tenant's queries: so few that another's is next.
    queries: Shares<TenantId>,
    query_room: Room,
    document_room: Room,
    query_watch: Watch,
    document_watch: Watch,
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
    pub fn new(
        options: RemoteOptions,
        egress: &Egress,
        clock: &Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Result<Self, EmbedError> {
        let (limits, concurrency) = (Limits::default(), options.concurrency);
        let patience = [options.query_timeout, options.timeout];
        let service = Arc::new(Service::new(options, egress)?);
        let watch = |lane, patience| Watch::new(lane, patience, service.clone(), clock.clone(), chance.clone());
        let [query_watch, document_watch] = [watch("query", patience[0]), watch("document", patience[1])];
        Ok(Self {
            all: Semaphore::new(concurrency.max(1)),
            documents: Semaphore::new(concurrency.saturating_sub(1).max(1)),
            queries: Shares::thirds_of(concurrency),
            query_room: Room::new(limits.query_kib),
            document_room: Room::new(limits.document_kib),
            query_watch,
            document_watch,
            service,
            chance,
        })
    }

    /// What is known of the service by those who ask in this lane.
    const fn watch(&self, lane: &Lane) -> &Watch {
        match lane {
            Lane::Query(_) => &self.query_watch,
            Lane::Document => &self.document_watch,
        }
    }

    /// One request's worth of texts, tried until it succeeds, may not succeed, or time is up.
    async fn request(&self, texts: &[&str], lane: &Lane) -> Result<Vec<Vec<f32>>, EmbedError> {
        let options = &self.service.options;
        let time = match lane {
            Lane::Query(_) => options.query_timeout,
            Lane::Document => options.deadline,
        };
        let deadline = Instant::now() + time;
        let watch = self.watch(lane);
        let mut asking = watch.asking();
        let mut missed = EmbedError::Unavailable { why: "no answer came in time", retry_after: None };
        for number in 0..=options.retries {
            // Who waits in line learns nothing about the service.
            let Ok(turn) = timeout_at(deadline, self.turn(lane)).await else { break };
            let turn = turn?;
            watch.admit()?;
            asking.tries();
            let asked = timeout_at(deadline, self.service.ask(texts)).await;
            drop(turn);
            match asked {
                Ok(Ok(vectors)) => {
                    asking.end_answered();
                    return Ok(vectors);
                }
                Ok(Err(Missed::Final(error @ EmbedError::Client(_)))) => {
                    asking.is_void();
                    return Err(error);
                }
                Ok(Err(Missed::Final(error))) => {
                    asking.end_answered();
                    return Err(error);
                }
                Ok(Err(Missed::Passing { why, retry_after })) => {
                    asking.fails();
                    missed = EmbedError::Unavailable { why, retry_after };
                    let pause = retry_after.unwrap_or_else(|| self.pause(number));
                    tracing::debug!(model = %self.service.id, number, why, ?pause, "a try at the embedding service failed");
                    let in_time = Instant::now().checked_add(pause).is_some_and(|then| then < deadline);
                    if number == options.retries || !in_time {
                        break;
                    }
                    sleep(pause).await;
                    watch.admit()?;
                }
                Err(_) => break,
            }
        }
        Err(missed)
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
        let usual = self.service.options.pause.saturating_mul(1 << number.min(10)).min(LONGEST_PAUSE);
        let [first, ..] = self.chance.bytes();
        usual.mul_f64(0.5 + f64::from(first) / 255.0)
    }

    /// The texts in requests that a service takes.
    fn requests<'t>(&self, texts: &'t [String]) -> Vec<Vec<&'t str>> {
        let mut requests: Vec<Vec<&str>> = Vec::new();
        let mut bytes = 0;
        for text in texts {
            let text = clip(text, self.service.options.most_text_bytes);
            // Services refuse an empty text; this one is as empty and is not refused.
            let text = if text.is_empty() { " " } else { text };
            bytes += text.len();
            match requests.last_mut() {
                Some(last) if last.len() < self.service.options.batch && bytes <= REQUEST_BYTES => last.push(text),
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
        &self.service.id
    }

    fn dimension(&self) -> usize {
        self.service.options.dimension
    }

    async fn embed(&self, texts: Vec<String>, lane: Lane) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.watch(&lane).admit()?;
        let _room = match &lane {
            Lane::Query(_) => &self.query_room,
            Lane::Document => &self.document_room,
        }
        .take(&texts, &lane)?;
        let requests = self.requests(&texts);
        let vectors = try_join_all(requests.iter().map(|texts| self.request(texts, &lane))).await?;
        Ok(vectors.into_iter().flatten().collect())
    }

    fn resting(&self) -> Option<Duration> {
        self.document_watch.resting()
    }
}

impl fmt::Debug for RemoteEmbedder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RemoteEmbedder").field("model", &self.service.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod script;
#[cfg(test)]
mod tests;
