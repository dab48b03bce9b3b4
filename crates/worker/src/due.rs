//! The one way in which what falls due is worked: some of it is claimed for a while, each claim in bounded batches, each batch a transaction.

use std::{fmt::Display, time::Duration};

use wardgraph_gate::{StoreError, SystemParts, Tx};
use wardgraph_kernel::{Timestamp, Write};

/// How much is claimed at once.
const CLAIMS: i64 = 16;
/// How long a claim holds: longer than its batches can take.
const LEASE: Duration = Duration::from_mins(5);
/// How long to wait when nothing is due, and after trouble.
const IDLE: Duration = Duration::from_secs(10);
const TROUBLED: Duration = Duration::from_secs(1);

/// A kind of work that falls due.
pub(crate) trait Due: Sync {
    /// What is claimed.
    type Claim: Send + Sync;
    /// What can go wrong.
    type Error: Display + From<StoreError> + Send;
    /// How many batches a claim gets before it is the next one's turn.
    const BATCHES: usize;
    /// What is warned of.
    const TROUBLE: &'static str;

    /// What it works with.
    fn parts(&self) -> &SystemParts;

    /// Claims up to `most` until `now + lease`.
    fn claim(
        tx: &mut Tx<'_, Write>,
        most: i64,
        now: Timestamp,
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<Self::Claim>, StoreError>> + Send;

    /// Works one batch. True once nothing is left to do.
    fn batch(&self, claim: &Self::Claim) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Lets go of a claim whose batches are used up.
    fn rest(&self, _: &Self::Claim) -> impl Future<Output = Result<(), Self::Error>> + Send {
        async { Ok(()) }
    }
}

/// Works until the task is dropped. What is not finished by then falls due again.
pub(crate) async fn run<D: Due>(due: D) {
    loop {
        match turn(&due).await {
            Ok(0) => tokio::time::sleep(IDLE).await,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "{}; trying again", D::TROUBLE);
                tokio::time::sleep(TROUBLED).await;
            }
        }
    }
}

/// Works what is due. Returns how much it was.
pub(crate) async fn turn<D: Due>(due: &D) -> Result<usize, D::Error> {
    let parts = due.parts();
    let mut queue = parts.queue()?;
    let claims = D::claim(&mut queue.tx::<Write>(), CLAIMS, parts.clock.now(), LEASE).await?;
    queue.commit(&[]).await?;
    // One's trouble is no other's: it falls due again with the lease.
    let mut trouble = Ok(claims.len());
    for claim in claims {
        if let Err(error) = work(due, &claim).await {
            trouble = Err(error);
        }
    }
    trouble
}

async fn work<D: Due>(due: &D, claim: &D::Claim) -> Result<(), D::Error> {
    for _ in 0..D::BATCHES {
        if due.batch(claim).await? {
            return Ok(());
        }
    }
    due.rest(claim).await
}
