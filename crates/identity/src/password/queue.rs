//! What waits for a thread: of bounded length, taken in the order in which it came.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Jobs that wait.
#[derive(Debug)]
pub(super) struct Queue<T> {
    room: usize,
    state: Mutex<State<T>>,
    /// Told of each job.
    any: Condvar,
    /// Told of the first job after none: who waits for old ones has one to wait for.
    old: Condvar,
}

#[derive(Debug)]
struct State<T> {
    jobs: VecDeque<(Instant, T)>,
    closed: bool,
}

impl<T> Queue<T> {
    /// An empty one with room for `room` jobs.
    pub(super) fn new(room: usize) -> Self {
        let state = Mutex::new(State { jobs: VecDeque::new(), closed: false });
        Self { room, state, any: Condvar::new(), old: Condvar::new() }
    }

    /// Has a job wait; gives it back if there is no room.
    pub(super) fn push(&self, job: T) -> Result<(), T> {
        let mut state = self.lock();
        if state.jobs.len() >= self.room {
            return Err(job);
        }
        if state.jobs.is_empty() {
            self.old.notify_all();
        }
        state.jobs.push_back((Instant::now(), job));
        self.any.notify_one();
        Ok(())
    }

    /// The next job; `None` once the queue is closed and empty.
    pub(super) fn take(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some((_, job)) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = self.any.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next job that waited for at least `age`; `None` once the queue is closed and empty.
    pub(super) fn take_old(&self, age: Duration) -> Option<T> {
        let mut state = self.lock();
        loop {
            let waited = state.jobs.front().map(|(since, _)| since.elapsed());
            state = match waited {
                Some(waited) if waited >= age => return state.jobs.pop_front().map(|(_, job)| job),
                Some(waited) => {
                    let rest = age.saturating_sub(waited);
                    self.old.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0
                }
                None if state.closed => return None,
                None => self.old.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Takes no more jobs; those that wait are still done.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.any.notify_all();
        self.old.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use super::*;

    #[test]
    fn jobs_come_in_order_and_no_more_than_there_is_room_for() {
        let queue = Queue::new(2);
        assert_eq!((queue.push(1), queue.push(2), queue.push(3)), (Ok(()), Ok(()), Err(3)));
        queue.close();
        assert_eq!((queue.take(), queue.take(), queue.take()), (Some(1), Some(2), None));
    }

    #[test]
    fn who_takes_old_jobs_leaves_young_ones() {
        let age = Duration::from_millis(50);
        let queue = Arc::new(Queue::new(2));
        let taking = thread::spawn({
            let queue = queue.clone();
            move || queue.take_old(age)
        });
        queue.push("young").unwrap();
        assert_eq!(queue.take(), Some("young"));
        let began = Instant::now();
        queue.push("old").unwrap();
        assert_eq!(taking.join().unwrap(), Some("old"));
        assert!(began.elapsed() >= age);
    }

    #[test]
    fn whoever_waits_is_told_of_the_end() {
        let queue: Arc<Queue<()>> = Arc::new(Queue::new(1));
        let others = [(); 2].map(|()| queue.clone());
        let [one, two] = others;
        let waiting = [thread::spawn(move || one.take()), thread::spawn(move || two.take_old(Duration::ZERO))];
        queue.close();
        for thread in waiting {
            assert_eq!(thread.join().unwrap(), None);
        }
    }
}
