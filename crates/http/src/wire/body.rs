//! Reading a request's body, within its endpoint's limit and a deadline; and draining one that was refused.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Body as _;
use wardgraph_api::Problem;
use wardgraph_kernel::{TenantId, metric};

use super::{
    heap::Heap,
    held::{COUNTED_BYTES, Held, Holding},
};

/// How much of a refused body is read and dropped, so that its sender gets to read why.
pub(super) const DRAIN_BYTES: usize = 16 << 20;
pub(super) const DRAIN_WITHIN: Duration = Duration::from_secs(5);

/// What is taken of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The most bytes.
    pub(crate) most: usize,
    /// How long all of it may take.
    pub(crate) within: Duration,
    /// Where it is counted, and as whose.
    pub(crate) held: &'a Arc<Held>,
    pub(crate) whose: Option<&'a TenantId>,
}

/// Why a body is not read to its end.
enum Stop {
    TooLarge,
    /// It is not too long, and becomes more than this much memory.
    TooMuch(usize),
    NoRoom,
    Broken,
}

/// Reads a body. A large one, and one that becomes large, is counted as long as what is returned with it is kept. What is refused is drained.
pub(crate) async fn read(headers: &HeaderMap, body: Body, wanted: Wanted<'_>) -> Result<(Bytes, Option<Holding>), Problem> {
    let most = wanted.most;
    if declared(headers).is_some_and(|length| length > most as u64) {
        drain(headers, body).await;
        return Err(too_large(most));
    }
    if body.is_end_stream() {
        return Ok((Bytes::new(), None));
    }
    let mut body = body;
    let problem = match tokio::time::timeout(wanted.within, collect(&mut body, wanted)).await {
        Ok(Ok(read)) => return Ok(read),
        Err(_) => return Err(Problem::too_slow("the body did not arrive in time")),
        Ok(Err(Stop::Broken)) => return Err(Problem::malformed("the body ended early or is badly framed")),
        Ok(Err(Stop::TooLarge)) => too_large(most),
        Ok(Err(Stop::TooMuch(room))) => Problem::too_large(format!(
            "the body has so many values that it would take more than {room} bytes of memory: send it in parts"
        )),
        Ok(Err(Stop::NoRoom)) => {
            metric::HTTP_BODIES_WITHOUT_ROOM.of([]).increment(1);
            Problem::unavailable("too many large bodies are being sent at once").retry_after(1)
        }
    };
    drain(headers, body).await;
    Err(problem)
}

async fn collect(body: &mut Body, wanted: Wanted<'_>) -> Result<(Bytes, Option<Holding>), Stop> {
    let (mut read, mut heap, mut holding) = (BytesMut::new(), Heap::default(), None);
    let mut hold =
        |bytes| bytes <= COUNTED_BYTES || holding.get_or_insert_with(|| wanted.held.none(wanted.whose)).grow(bytes, false);
    let room = wanted.held.for_one(wanted.most);
    while let Some(frame) = body.frame().await {
        let data = frame.map_err(|_| Stop::Broken)?.into_data().unwrap_or_default();
        let length = read.len() + data.len();
        if length > wanted.most {
            return Err(Stop::TooLarge);
        }
        heap.see(&data);
        if heap.bytes() > room {
            return Err(Stop::TooMuch(room));
        }
        if !hold(length) {
            return Err(Stop::NoRoom);
        }
        read.extend_from_slice(&data);
    }
    // Values are made of it now. Before, whoever sends slowly would hold what is not there yet.
    if !hold(read.len().saturating_add(heap.bytes())) {
        return Err(Stop::NoRoom);
    }
    Ok((read.freeze(), holding))
}

/// Reads and drops what a refused request still sends. A client that waits for `100 Continue` has sent nothing yet, and is told at once.
pub(crate) async fn drain(headers: &HeaderMap, body: Body) {
    if headers.contains_key(header::EXPECT) || body.is_end_stream() {
        return;
    }
    let mut limited = Limited::new(body, DRAIN_BYTES);
    let dropped = async { while let Some(Ok(_)) = limited.frame().await {} };
    let _ = tokio::time::timeout(DRAIN_WITHIN, dropped).await;
}

fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(most: usize) -> Problem {
    if most == 0 {
        return Problem::malformed("no body is taken here");
    }
    Problem::too_large(format!("the body may have at most {most} bytes"))
}
