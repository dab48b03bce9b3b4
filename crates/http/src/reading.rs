//! Reading large bodies: on threads that may be busy for a while, and in turns.
//!
//! **Invariant:** what is read there holds its turn and its memory until it is done, whether or not its client still waits: who hangs up makes
//! no room that is not there (`large_bodies_of_a_tenant_leave_the_others_their_turn`).

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use bytes::Bytes;
use http::request::Parts;
use tokio::task::{JoinError, spawn_blocking};
use wardgraph_api::Problem;
use wardgraph_kernel::TenantId;

use crate::{
    turns::{Turn, Turns},
    wire::held::Holding,
};

/// Up to this size a body is read on the spot: it takes less than a millisecond.
const AT_ONCE_BYTES: usize = 64 << 10;
/// How long a body waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many bodies are read at once in this process: half of what the machine could.
static TURNS: LazyLock<Turns> = LazyLock::new(Turns::of_half_the_machine);

/// What a body that is read holds.
#[derive(Debug, Clone)]
struct Reading {
    _turn: Arc<Turn>,
    _holding: Option<Arc<Holding>>,
}

/// Waits until a body may be read, if it is large. What is large comes of tenants: no other endpoint takes it.
///
/// # Errors
/// 503 after some seconds, while many others are read.
pub(crate) async fn turn(
    parts: &mut Parts,
    body: &Bytes,
    whose: Option<&TenantId>,
    holding: Option<&Arc<Holding>>,
) -> Result<(), Problem> {
    let Some(tenant) = whose.filter(|_| body.len() > AT_ONCE_BYTES) else { return Ok(()) };
    let turn = TURNS.take(tenant, PATIENCE).await;
    let turn = turn.ok_or_else(|| Problem::unavailable("many large bodies are read just now").retry_after(2))?;
    parts.extensions.insert(Reading { _turn: Arc::new(turn), _holding: holding.cloned() });
    Ok(())
}

/// Reads a body, elsewhere if it is large.
pub(crate) async fn read<T: Send + 'static>(
    parts: &mut Parts,
    body: Bytes,
    read: impl FnOnce(&[u8]) -> T + Send + 'static,
) -> Result<T, JoinError> {
    if body.len() <= AT_ONCE_BYTES {
        return Ok(read(&body));
    }
    let reading = parts.extensions.remove::<Reading>();
    spawn_blocking(move || {
        let _reading = reading;
        read(&body)
    })
    .await
}
