//! The threads on which passwords are worked out: a fixed number that stand back behind others, with a queue of bounded length, so that a flood of
//! sign-ins costs the other endpoints little.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use argon2::Block;
use tokio::sync::oneshot;

/// How large a pool is.
#[derive(Debug, Clone, Copy)]
pub struct PoolOptions {
    /// Threads, each with the memory of one hash.
    pub threads: usize,
    /// How many may wait.
    pub queue: usize,
}

impl PoolOptions {
    /// As many threads as the machine has cores, and a second's worth of work waiting.
    pub fn of_this_machine() -> Self {
        let threads = thread::available_parallelism().map_or(2, usize::from);
        Self { threads, queue: threads * 32 }
    }
}

/// Why the pool did not work something out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The queue is full.
    #[error("too many passwords wait to be checked")]
    Busy,
    /// A thread ended: it cannot, but for a fault of ours.
    #[error("a password could not be worked out")]
    Failed,
}

type Job = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

/// The threads.
#[derive(Debug, Clone)]
pub struct HashPool {
    jobs: SyncSender<Job>,
}

impl HashPool {
    /// Starts the threads. They end when the last handle is dropped.
    pub fn start(options: PoolOptions) -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel::<Job>(options.queue.max(1));
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..options.threads.max(1) {
            let waiting = waiting.clone();
            thread::Builder::new().name(format!("password-{number}")).spawn(move || work(&waiting))?;
        }
        Ok(Self { jobs })
    }

    /// Works something out on one of the threads, with its memory.
    ///
    /// # Errors
    /// [`PoolError::Busy`] at once if the queue is full.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static) -> Result<T, PoolError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |memory| {
            // Whoever asked may have left meanwhile: then there is nothing to do.
            if !answer.is_closed() {
                let _ = answer.send(job(memory));
            }
        });
        self.jobs.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => PoolError::Busy,
            TrySendError::Disconnected(_) => PoolError::Failed,
        })?;
        answered.await.map_err(|_| PoolError::Failed)
    }
}

/// How much the threads stand back: at equal demand a thread at 5 gets a third of what one at 0 gets (sched(7)).
const NICE: i32 = 5;

fn work(waiting: &Mutex<Receiver<Job>>) {
    // Of this thread alone. Where the system forbids it, sign-ins weigh as much as other requests do.
    let _ = rustix::process::nice(NICE);
    let mut memory = Vec::new();
    loop {
        // Held while waiting: whoever holds it takes the next job, and the others wait for it instead of for the job.
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A job that panics answers nobody, and takes no thread with it.
        if catch_unwind(AssertUnwindSafe(|| job(&mut memory))).is_err() {
            memory = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_threads_stand_back_and_no_other_does() {
        let pool = HashPool::start(PoolOptions { threads: 1, queue: 1 }).unwrap();
        let own = rustix::process::getpriority_process(None).unwrap();
        let theirs = pool.run(|_| rustix::process::getpriority_process(None).unwrap()).await.unwrap();
        assert_eq!(theirs, (own + NICE).min(19));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_goes_on_afterwards() {
        let pool = HashPool::start(PoolOptions { threads: 1, queue: 1 }).unwrap();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (begin, first_works) = oneshot::channel();
        let first = tokio::spawn({
            let pool = pool.clone();
            async move {
                pool.run(move |_| {
                    let _ = begin.send(());
                    let _ = held.recv();
                })
                .await
            }
        });
        first_works.await.unwrap();
        let second = tokio::spawn({
            let pool = pool.clone();
            async move { pool.run(|_| 2).await }
        });
        // The second waits in the queue once a third is refused.
        let refused = async {
            loop {
                match pool.run(|_| 3).await {
                    Err(refusal) => return refusal,
                    Ok(_) => tokio::task::yield_now().await,
                }
            }
        };
        tokio::task::yield_now().await;
        assert_eq!(refused.await, PoolError::Busy);
        release.send(()).unwrap();
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(()), Ok(2)));
        assert_eq!(pool.run(|_| 4).await, Ok(4));
    }
}
