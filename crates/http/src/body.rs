//! Reading a request's body, within its endpoint's limit and a deadline; and draining one that was refused.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Body as _;
use wardgraph_api::Problem;

/// How long a whole body may take to arrive.
const READ_WITHIN: Duration = Duration::from_secs(30);
/// How much of a refused body is read and dropped, so that its sender gets to read why.
const DRAIN_BYTES: usize = 16 << 20;
const DRAIN_WITHIN: Duration = Duration::from_secs(5);

/// Reads a body of at most `most` bytes. What is refused is drained.
pub(crate) async fn read(headers: &HeaderMap, body: Body, most: usize) -> Result<Bytes, Problem> {
    if declared(headers).is_some_and(|length| length > most as u64) {
        drain(headers, body).await;
        return Err(too_large(most));
    }
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let mut body = body;
    match tokio::time::timeout(READ_WITHIN, collect(&mut body, most)).await {
        Err(_) => Err(Problem::too_slow("the body did not arrive in time")),
        Ok(Some(Ok(read))) => Ok(read),
        Ok(Some(Err(_))) => Err(Problem::malformed("the body ended early or is badly framed")),
        Ok(None) => {
            drain(headers, body).await;
            Err(too_large(most))
        }
    }
}

/// `None`: there is more than `most` bytes.
async fn collect(body: &mut Body, most: usize) -> Option<Result<Bytes, axum::Error>> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let data = match frame {
            Ok(frame) => frame.into_data().unwrap_or_default(),
            Err(error) => return Some(Err(error)),
        };
        if read.len() + data.len() > most {
            return None;
        }
        read.extend_from_slice(&data);
    }
    Some(Ok(read.freeze()))
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
    Problem::too_large(if most == 0 {
        "no body is taken here".to_owned()
    } else {
        format!("the body may have at most {most} bytes")
    })
}
