//! The threads on which passwords are worked out: a fixed number that stand back behind others, with a queue of bounded length, so that a flood of
//! sign-ins costs the other endpoints little. And one more that does what has waited for long, so that others' work never keeps people out.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::Duration,
};

use argon2::Block;
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use tokio::sync::oneshot;

use super::queue::Queue;

/// How large a pool is.
#[derive(Debug, Clone, Copy)]
pub struct PoolOptions {
    /// Threads, each with the memory of one hash.
    pub threads: usize,
    /// How many may wait.
    pub queue: usize,
    /// Whether the threads work only when no other has anything to do.
    pub stand_back: bool,
}

impl PoolOptions {
    /// As many threads as the machine has cores, and a second's worth of work waiting.
    pub fn of_this_machine() -> Self {
        let threads = thread::available_parallelism().map_or(2, usize::from);
        Self { threads, queue: threads * 32, stand_back: true }
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
    desk: Arc<Desk>,
}

/// The queue as those have it who bring work: the threads end when the last of them is gone.
struct Desk(Arc<Queue<Job>>);

impl HashPool {
    /// Starts the threads, and one that helps out. They end when the last handle is dropped.
    pub fn start(options: PoolOptions) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::new(options.queue.max(1)));
        let pool = Self { desk: Arc::new(Desk(queue.clone())) };
        for number in 0..options.threads.max(1) {
            let queue = queue.clone();
            thread::Builder::new().name(format!("password-{number}")).spawn(move || {
                if options.stand_back {
                    stand_back();
                }
                work(|| queue.take());
            })?;
        }
        thread::Builder::new().name("password-old".into()).spawn(move || {
            let _ = rustix::process::nice(NICE);
            work(|| queue.take_old(PATIENCE));
        })?;
        Ok(pool)
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
        self.desk.0.push(job).map_err(|_| PoolError::Busy)?;
        answered.await.map_err(|_| PoolError::Failed)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

/// How much the thread that helps out stands back: at equal demand one at 5 gets a third of what one at 0 gets (sched(7)).
const NICE: i32 = 5;

/// How long a job waits for a thread that works when nobody else has anything to do, before one does it that has a share of its own. On a machine
/// with nothing else to do a full queue takes less.
const PATIENCE: Duration = Duration::from_secs(1);

/// Has this thread work only when no other has anything to do (`SCHED_IDLE`, sched(7)): whoever wakes up has the core at once. Where the system
/// forbids it, sign-ins weigh as much as other requests do.
fn stand_back() {
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
}

fn work(next: impl Fn() -> Option<Job>) {
    let mut memory = Vec::new();
    while let Some(job) = next() {
        // A job that panics answers nobody, and takes no thread with it.
        if catch_unwind(AssertUnwindSafe(|| job(&mut memory))).is_err() {
            memory = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use thread_priority::thread_schedule_policy;

    use super::*;

    #[tokio::test]
    async fn the_threads_stand_back_and_no_other_does() {
        let policy = || thread_schedule_policy().unwrap();
        let own = policy();
        let pool = HashPool::start(PoolOptions { threads: 1, queue: 1, stand_back: true }).unwrap();
        let theirs = pool.run(move |_| policy()).await.unwrap();
        assert_eq!(theirs, ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle));
        assert_ne!(own, theirs);
        assert_eq!(policy(), own);
    }

    /// Has a thread work until it is told not to.
    async fn kept_busy(pool: &HashPool) -> (std::sync::mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), PoolError>>) {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (begin, works) = oneshot::channel();
        let pool = pool.clone();
        let busy = tokio::spawn(async move {
            pool.run(move |_| {
                let _ = begin.send(());
                let _ = held.recv();
            })
            .await
        });
        works.await.unwrap();
        (release, busy)
    }

    #[tokio::test]
    async fn what_waits_for_long_is_done_while_the_threads_get_nowhere() {
        let pool = HashPool::start(PoolOptions { threads: 1, queue: 1, stand_back: true }).unwrap();
        let (release, first) = kept_busy(&pool).await;
        let own = rustix::process::getpriority_process(None).unwrap();
        let theirs = pool.run(|_| rustix::process::getpriority_process(None).unwrap()).await.unwrap();
        assert_eq!(theirs, (own + NICE).min(19));
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_goes_on_afterwards() {
        let pool = HashPool::start(PoolOptions { threads: 1, queue: 1, stand_back: true }).unwrap();
        let (release, first) = kept_busy(&pool).await;
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
