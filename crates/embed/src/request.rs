//! One caller's texts on their way through the pool.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use crate::room::Taken;
use crate::{EmbedError, MicroBatch};

/// What the caller waits for.
pub(crate) type Answer = Result<Vec<Vec<f32>>, EmbedError>;

/// Texts still to embed, vectors made so far, and the caller who waits for them.
#[derive(Debug)]
pub(crate) struct Request {
    texts: VecDeque<String>,
    vectors: Vec<Vec<f32>>,
    caller: oneshot::Sender<Answer>,
    /// The room taken up in the lane; free again when the request is gone, however it ends.
    room: Taken,
}

impl Request {
    /// A request that holds `room`, and the end on which its caller waits.
    pub(crate) fn new(texts: Vec<String>, room: Taken) -> (Self, oneshot::Receiver<Answer>) {
        let (caller, answer) = oneshot::channel();
        let vectors = Vec::with_capacity(texts.len());
        (Self { texts: texts.into(), vectors, caller, room }, answer)
    }

    /// Whether the caller has gone, so that nobody would read the vectors.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.caller.is_closed()
    }

    /// Takes the next texts off: at least one, and no more than `most`.
    pub(crate) fn take(&mut self, most: MicroBatch) -> Vec<String> {
        let mut batch: Vec<String> = self.texts.pop_front().into_iter().collect();
        let mut bytes: usize = batch.iter().map(String::len).sum();
        while let Some(text) = self.texts.pop_front_if(|text| batch.len() < most.texts && bytes + text.len() <= most.bytes) {
            bytes += text.len();
            batch.push(text);
        }
        batch
    }

    /// Adds the vectors of the last batch, or passes its error on. Gives the request back when texts are left.
    pub(crate) fn advance(mut self, outcome: Answer) -> Option<Self> {
        match outcome {
            Ok(vectors) => self.vectors.extend(vectors),
            Err(error) => {
                self.answer(Err(error));
                return None;
            }
        }
        if !self.texts.is_empty() {
            return Some(self);
        }
        let vectors = std::mem::take(&mut self.vectors);
        self.answer(Ok(vectors));
        None
    }

    fn answer(self, answer: Answer) {
        // Before the answer: a caller who comes back at once must not find the lane full of the request just answered.
        drop(self.room);
        // A caller who has gone needs no answer.
        let _ = self.caller.send(answer);
    }
}
