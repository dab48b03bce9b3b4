//! How much may wait in a lane, and how much of it is one tenant's.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use wardgraph_kernel::TenantId;
use wardgraph_shares::Shares;

use crate::request::{Answer, Request};
use crate::{EmbedError, Lane};

const KIB: usize = 1024;

/// How much may wait in one lane, the requests at work included.
#[derive(Debug)]
pub(crate) struct Room {
    free: Arc<Semaphore>,
    kib: u32,
    shares: Shares<TenantId>,
}

/// Room that is taken up, of the tenant's share if it is a tenant's and of the lane; free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    _share: Option<OwnedSemaphorePermit>,
    _lane: OwnedSemaphorePermit,
}

impl Room {
    /// Room for `kib` KiB of text.
    pub(crate) fn new(kib: u32) -> Self {
        Self { free: Arc::new(Semaphore::new(kib as usize)), kib, shares: Shares::thirds_of(kib as usize) }
    }

    /// A request that has its room, and the end on which its caller waits.
    ///
    /// # Errors
    /// [`EmbedError::Busy`] when it does not fit now.
    pub(crate) fn admit(&self, texts: Vec<String>, lane: &Lane) -> Result<(Request, oneshot::Receiver<Answer>), EmbedError> {
        let room = self.take(&texts, lane)?;
        Ok(Request::new(texts, room))
    }

    /// The room that texts need.
    ///
    /// # Errors
    /// [`EmbedError::Busy`] when they do not fit now.
    pub(crate) fn take(&self, texts: &[String], lane: &Lane) -> Result<Taken, EmbedError> {
        let kib: usize = texts.iter().map(|text| text.len().div_ceil(KIB).max(1)).sum();
        let kib = u32::try_from(kib).unwrap_or(u32::MAX).min(self.kib);
        let share = match lane {
            Lane::Query(tenant) => {
                let most = u32::try_from(self.shares.each()).unwrap_or(u32::MAX);
                Some(self.shares.of(tenant).try_acquire_many_owned(kib.min(most)).map_err(|_| EmbedError::Busy)?)
            }
            Lane::Document => None,
        };
        let lane = Arc::clone(&self.free).try_acquire_many_owned(kib).map_err(|_| EmbedError::Busy)?;
        Ok(Taken { _share: share, _lane: lane })
    }
}

#[cfg(test)]
impl Room {
    /// KiB that are free now.
    pub(crate) fn free(&self) -> usize {
        self.free.available_permits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::query;

    #[test]
    fn a_tenant_has_a_third_and_what_it_gives_back_it_has_again() {
        let room = Room::new(30);
        let text = |kib: usize| vec!["x".repeat(kib * KIB)];
        let held = room.take(&text(6), &query("a")).unwrap();
        let small = room.take(&text(4), &query("a")).unwrap();
        assert!(room.take(&text(1), &query("a")).is_err(), "ten of thirty");
        // Others have theirs, and what is larger than a share is let in alone.
        let large = room.take(&text(12), &query("b")).unwrap();
        assert!(room.take(&text(1), &query("b")).is_err());
        let last = room.take(&text(8), &query("c")).unwrap();
        assert_eq!(room.free(), 0);
        assert!(room.take(&text(1), &query("d")).is_err(), "the lane itself is full");
        drop((held, large));
        assert_eq!(room.free(), 18);
        assert!(room.take(&text(7), &query("a")).is_err(), "four are held still");
        drop((small, last));
        room.take(&text(10), &query("a")).unwrap();
        assert_eq!(room.free(), 30);
    }
}
