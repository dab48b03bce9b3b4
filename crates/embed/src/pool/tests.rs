use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use tokio::sync::mpsc as channel;
use tokio::task::JoinHandle;

use super::*;
use crate::MicroBatch;
use crate::provider::query;

/// A model that the test leads by the hand: it tells what it starts on, and goes on when it is let.
#[derive(Debug)]
struct Led {
    started: channel::UnboundedSender<Vec<String>>,
    go_on: Mutex<mpsc::Receiver<()>>,
    panics: AtomicBool,
}

impl Model for Led {
    fn id(&self) -> &ModelId {
        static ID: ModelId = ModelId::new("led");
        &ID
    }

    fn dimension(&self) -> usize {
        1
    }

    fn micro_batch(&self) -> MicroBatch {
        MicroBatch { texts: 2, bytes: 100 }
    }

    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.started.send(texts.iter().map(|&text| text.to_owned()).collect()).unwrap();
        self.go_on.lock().unwrap().recv().unwrap();
        assert!(!self.panics.swap(false, Ordering::Relaxed), "as the test asked");
        Ok(vec![vec![1.0]; texts.len()])
    }
}

struct Lead {
    pool: Arc<LocalPool>,
    started: channel::UnboundedReceiver<Vec<String>>,
    go_on: mpsc::Sender<()>,
}

impl Lead {
    fn start(limits: Limits, panics: bool) -> Self {
        let (start, started) = channel::unbounded_channel();
        let (go_on, wait) = mpsc::channel();
        let model = Led { started: start, go_on: Mutex::new(wait), panics: AtomicBool::new(panics) };
        Self { pool: Arc::new(LocalPool::start(model, 1, limits).unwrap()), started, go_on }
    }

    /// A request that is queued when this returns.
    async fn ask(&self, texts: &[&str], lane: Lane) -> JoinHandle<Answer> {
        let (pool, texts) = (Arc::clone(&self.pool), owned(texts));
        let before = self.waiting();
        let asked = tokio::spawn(async move { pool.embed(texts, lane).await });
        while self.waiting() == before {
            tokio::task::yield_now().await;
        }
        asked
    }

    /// Free KiB over both lanes: changes whenever a request comes or goes.
    fn waiting(&self) -> usize {
        self.pool.query_room.free() + self.pool.document_room.free()
    }

    async fn started(&mut self) -> Vec<String> {
        self.started.recv().await.unwrap()
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[tokio::test]
async fn a_query_overtakes_documents_and_documents_take_turns() {
    let mut lead = Lead::start(Limits::default(), false);
    let large = lead.ask(&["d1", "d2", "d3", "d4"], Lane::Document).await;
    assert_eq!(lead.started().await, ["d1", "d2"]);
    let small = lead.ask(&["small"], Lane::Document).await;
    let query = lead.ask(&["query"], query("tenant-a")).await;
    for _ in 0..4 {
        lead.go_on.send(()).unwrap();
    }
    assert_eq!(lead.started().await, ["query"]);
    assert_eq!(lead.started().await, ["small"]);
    assert_eq!(lead.started().await, ["d3", "d4"]);
    assert_eq!(query.await.unwrap().unwrap().len(), 1);
    assert_eq!(small.await.unwrap().unwrap().len(), 1);
    assert_eq!(large.await.unwrap().unwrap().len(), 4);
}

#[tokio::test]
async fn a_full_lane_is_busy_and_leaves_the_other_open() {
    let mut lead = Lead::start(Limits { query_kib: 1, document_kib: 2 }, false);
    let first = lead.ask(&["d1", "d2", "larger than the lane"], Lane::Document).await;
    let refused = lead.pool.embed(owned(&["d3"]), Lane::Document).await;
    assert!(matches!(refused, Err(EmbedError::Busy)), "{refused:?}");
    let query = lead.ask(&["query"], query("tenant-a")).await;
    for _ in 0..3 {
        lead.go_on.send(()).unwrap();
        lead.started().await;
    }
    assert_eq!(first.await.unwrap().unwrap().len(), 3);
    query.await.unwrap().unwrap();
    lead.go_on.send(()).unwrap();
    lead.pool.embed(owned(&["d3"]), Lane::Document).await.unwrap();
}

#[tokio::test]
async fn a_tenant_that_asks_without_end_neither_shuts_out_nor_holds_up_another() {
    let mut lead = Lead::start(Limits { query_kib: 30, document_kib: 1 }, false);
    let mut hostile = vec![lead.ask(&["h0"], query("hostile")).await];
    assert_eq!(lead.started().await, ["h0"]);
    for n in 1..10 {
        hostile.push(lead.ask(&[&format!("h{n}")], query("hostile")).await);
    }
    let refused = lead.pool.embed(owned(&["one too many"]), query("hostile")).await;
    assert!(matches!(refused, Err(EmbedError::Busy)), "{refused:?}");
    let neighbour = lead.ask(&["neighbour"], query("tenant-a")).await;
    for _ in 0..11 {
        lead.go_on.send(()).unwrap();
    }
    assert_eq!(lead.started().await, ["h1"]);
    assert_eq!(lead.started().await, ["neighbour"], "after one of the other's, and before eight");
    neighbour.await.unwrap().unwrap();
    for asked in hostile {
        asked.await.unwrap().unwrap();
    }
    assert_eq!(lead.waiting(), 31, "all room is free again");
}

#[tokio::test]
async fn work_whose_caller_has_gone_is_skipped() {
    let mut lead = Lead::start(Limits::default(), false);
    let first = lead.ask(&["first"], Lane::Document).await;
    lead.started().await;
    let abandoned = lead.ask(&["abandoned"], Lane::Document).await;
    let last = lead.ask(&["last"], Lane::Document).await;
    abandoned.abort();
    assert!(abandoned.await.unwrap_err().is_cancelled());
    lead.go_on.send(()).unwrap();
    lead.go_on.send(()).unwrap();
    assert_eq!(lead.started().await, ["last"]);
    first.await.unwrap().unwrap();
    last.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_panic_fails_one_request_and_the_pool_goes_on() {
    let lead = Lead::start(Limits::default(), true);
    lead.go_on.send(()).unwrap();
    lead.go_on.send(()).unwrap();
    let failed = lead.pool.embed(owned(&["one"]), query("tenant-a")).await;
    assert!(matches!(failed, Err(EmbedError::Model(_))), "{failed:?}");
    lead.pool.embed(owned(&["two"]), query("tenant-a")).await.unwrap();
}

#[tokio::test]
async fn no_texts_are_no_work() {
    let lead = Lead::start(Limits::default(), false);
    assert_eq!(lead.pool.embed(Vec::new(), query("tenant-a")).await.unwrap(), Vec::<Vec<f32>>::new());
}

#[tokio::test]
async fn a_dropped_pool_ends_its_threads() {
    let lead = Lead::start(Limits::default(), false);
    let model = Arc::downgrade(&lead.pool.model);
    drop(lead.pool);
    let ended = async {
        while model.upgrade().is_some() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended).await.unwrap();
}
