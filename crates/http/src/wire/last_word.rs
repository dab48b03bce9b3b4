//! What is said on a connection that HTTP's parser has nothing more to say on: why its last request was not read.

use std::time::Duration;

use axum::response::Response;
use http_body_util::{BodyExt, Collected};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::body::{DRAIN_BYTES, DRAIN_WITHIN};

/// How long the client may take to take it.
const SAID_WITHIN: Duration = Duration::from_secs(5);

/// Writes `response` as HTTP/1.1, and ends the connection as soon as the client stops sending.
pub(super) async fn say(mut stream: impl AsyncRead + AsyncWrite + Unpin, response: Response) {
    let text = text(response).await;
    let said = async {
        stream.write_all(&text).await?;
        stream.flush().await?;
        stream.shutdown().await
    };
    if let Ok(Ok(())) = tokio::time::timeout(SAID_WITHIN, said).await {
        // Closed with something unread, the connection would be reset, and the answer lost with it.
        let mut rest = stream.take(DRAIN_BYTES as u64);
        let _ = tokio::time::timeout(DRAIN_WITHIN, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
    }
}

async fn text(response: Response) -> Vec<u8> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let reason = parts.status.canonical_reason().unwrap_or_default();
    let mut text = format!("HTTP/1.1 {} {reason}\r\ncontent-length: {}\r\n", parts.status.as_u16(), body.len()).into_bytes();
    for (name, value) in &parts.headers {
        for piece in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            text.extend_from_slice(piece);
        }
    }
    text.extend_from_slice(b"\r\n");
    text.extend_from_slice(&body);
    text
}
