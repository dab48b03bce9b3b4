//! Models block, callers must not: threads of the pool's own, with a bounded lane for each urgency.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use async_trait::async_trait;

use crate::queue::Queue;
use crate::request::Answer;
use crate::room::Room;
use crate::{EmbedError, Embedder, Lane, Model, ModelId};

/// How much text may wait in each lane, in KiB. A text counts for one KiB at least, so the numbers bound the texts too. Of the queries a third may
/// be one tenant's.
///
/// A request that is larger than its lane is let in when the lane is empty, and one that is larger than its tenant's share when that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// KiB of queries: people wait for these, so more of them than can be answered in a few seconds help nobody.
    pub query_kib: u32,
    /// KiB of documents.
    pub document_kib: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { query_kib: 256, document_kib: 4096 }
    }
}

/// Runs a [`Model`] on threads of its own.
///
/// Queries are served before documents, in turns between the tenants that ask, and a document request gives its place up after each micro-batch: a query waits
/// for one micro-batch at most, and a large request does not hold up a small one behind it. A model that panics fails
/// the request at hand and nothing else. Work whose caller has gone is skipped.
///
/// Dropping the pool does not wait: each thread ends with the micro-batch that it is at, and callers get
/// [`EmbedError::Stopped`].
#[derive(Debug)]
pub struct LocalPool {
    model: Arc<dyn Model>,
    queue: Arc<Queue>,
    query_room: Room,
    document_room: Room,
}

impl LocalPool {
    /// Starts `threads` threads that share `model`; none (0) counts as one.
    ///
    /// # Errors
    /// [`EmbedError::Thread`] when the operating system refuses a thread.
    pub fn start(model: impl Model, threads: usize, limits: Limits) -> Result<Self, EmbedError> {
        let pool = Self {
            model: Arc::new(model),
            queue: Arc::default(),
            query_room: Room::new(limits.query_kib),
            document_room: Room::new(limits.document_kib),
        };
        for number in 0..threads.max(1) {
            let (model, queue) = (Arc::clone(&pool.model), Arc::clone(&pool.queue));
            thread::Builder::new()
                .name(format!("embed-{number}"))
                .spawn(move || work(&*model, &queue))
                .map_err(EmbedError::Thread)?;
        }
        Ok(pool)
    }
}

#[async_trait]
impl Embedder for LocalPool {
    fn model(&self) -> &ModelId {
        self.model.id()
    }

    fn dimension(&self) -> usize {
        self.model.dimension()
    }

    async fn embed(&self, texts: Vec<String>, lane: Lane) -> Answer {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let room = match lane {
            Lane::Query(_) => &self.query_room,
            Lane::Document => &self.document_room,
        };
        let (request, answer) = room.admit(texts, &lane)?;
        self.queue.push(lane, request);
        answer.await.unwrap_or(Err(EmbedError::Stopped))
    }
}

impl Drop for LocalPool {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// What one thread does until the queue closes.
fn work(model: &dyn Model, queue: &Queue) {
    while let Some((lane, mut request)) = queue.next() {
        let batch = request.take(model.micro_batch());
        if let Some(rest) = request.advance(encode(model, &batch)) {
            queue.push(lane, rest);
        }
    }
}

/// The model's answer, with its panics and broken promises as errors.
fn encode(model: &dyn Model, batch: &[String]) -> Answer {
    let texts: Vec<&str> = batch.iter().map(String::as_str).collect();
    // Unwinding leaves nothing half-changed: the pool holds no lock here, and a model is shared by reference.
    let vectors = catch_unwind(AssertUnwindSafe(|| model.encode(&texts))).unwrap_or_else(|_| {
        tracing::error!(model = %model.id(), texts = texts.len(), "the embedding model panicked");
        Err(EmbedError::model("the model panicked"))
    })?;
    if vectors.len() == texts.len() && vectors.iter().all(|vector| vector.len() == model.dimension()) {
        Ok(vectors)
    } else {
        Err(EmbedError::model("the model gave another number or size of vectors than it was asked for"))
    }
}

#[cfg(test)]
mod tests;
