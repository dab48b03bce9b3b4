//! Taking active HTML out of what came in and will be shown, before a transaction begins.

use wardgraph_api::Problem;
use wardgraph_graph::{edge::NewEdge, node::NewNode};

use crate::{Failure, decode::AT_ONCE_BYTES};

/// What has texts that will be shown.
pub(super) trait Shown: Send + 'static {
    /// Octets of what a reader will be given.
    fn size_bytes(&self) -> i32;

    /// Takes active HTML out, and says where it was.
    fn clean(&mut self) -> Vec<String>;
}

impl Shown for NewNode {
    fn size_bytes(&self) -> i32 {
        Self::size_bytes(self)
    }

    fn clean(&mut self) -> Vec<String> {
        Self::clean(self)
    }
}

impl Shown for NewEdge {
    fn size_bytes(&self) -> i32 {
        Self::size_bytes(self)
    }

    fn clean(&mut self) -> Vec<String> {
        Self::clean(self)
    }
}

/// Cleans one, and says where it did.
pub(super) async fn cleaned<T: Shown>(one: T) -> Result<(T, Vec<String>), Failure> {
    let done = all_cleaned(vec![one]).await?;
    done.into_iter().next().ok_or_else(|| Problem::internal("what was cleaned did not come back").into())
}

/// Cleans all of them, and says of each where it did. From the size of a large body on, all together on a thread that may be busy for a while.
pub(super) async fn all_cleaned<T: Shown>(all: Vec<T>) -> Result<Vec<(T, Vec<String>)>, Failure> {
    let size = all.iter().fold(0_usize, |sum, one| sum.saturating_add(usize::try_from(one.size_bytes()).unwrap_or_default()));
    if size <= AT_ONCE_BYTES {
        return Ok(clean(all));
    }
    tokio::task::spawn_blocking(move || clean(all)).await.map_err(|_| Problem::internal("the texts could not be cleaned").into())
}

fn clean<T: Shown>(all: Vec<T>) -> Vec<(T, Vec<String>)> {
    all.into_iter()
        .map(|mut one| {
            let cleaned = one.clean();
            (one, cleaned)
        })
        .collect()
}
