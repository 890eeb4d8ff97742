//! Calls from many threads, run in order on one.
//!
//! A request lies on its caller's stack, so submitting one allocates nothing. Whoever waits looks again and
//! again for some microseconds first, for waking a sleeping thread costs more than a short call; then it sleeps.

use std::collections::VecDeque;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// How long to stay awake: about what falling asleep and being woken costs on a busy machine.
const SPIN: Duration = Duration::from_micros(60);

/// The queue was closed: the job was not, and will not be, run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed;

/// Jobs of many threads for one.
pub(crate) struct Queue<J> {
    state: Mutex<State<J>>,
    filled: Condvar,
    /// A copy of the length and of `closed`, to look at without the lock.
    length: AtomicUsize,
    closed: AtomicBool,
}

struct State<J> {
    waiting: VecDeque<Submitted<J>>,
    worker_sleeps: bool,
    closed: bool,
}

/// A job and the thread that waits for it.
struct Ticket<J> {
    job: NonNull<J>,
    progress: AtomicU8,
    caller: Thread,
}

/// The address of a ticket, which lives until its progress says that it has ended.
struct Submitted<J>(NonNull<Ticket<J>>);

// SAFETY: the ticket's job is used by one thread at a time, first the worker and then the caller.
unsafe impl<J: Send> Send for Submitted<J> {}

// Progress of a ticket.
const WAITING: u8 = 0;
const CALLER_SLEEPS: u8 = 1;
const DONE: u8 = 2;
const REFUSED: u8 = 3;

impl<J: Send> Queue<J> {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State { waiting: VecDeque::new(), worker_sleeps: false, closed: false }),
            filled: Condvar::new(),
            length: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
        }
    }

    /// Has the worker run `job`, and returns when it did.
    pub(crate) fn run(&self, job: &mut J) -> Result<(), Closed> {
        let ticket = Ticket {
            job: NonNull::from(job),
            progress: AtomicU8::new(WAITING),
            caller: std::thread::current(),
        };
        let mut state = self.lock();
        if state.closed {
            return Err(Closed);
        }
        state.waiting.push_back(Submitted(NonNull::from(&ticket)));
        self.length.store(state.waiting.len(), Ordering::Release);
        let wake = std::mem::take(&mut state.worker_sleeps);
        drop(state);
        if wake {
            self.filled.notify_one();
        }
        // Nothing from here on may unwind: the worker holds the address of `ticket`.
        spin_until(|| ticket.progress.load(Ordering::Acquire) >= DONE);
        let asleep =
            ticket.progress.compare_exchange(WAITING, CALLER_SLEEPS, Ordering::AcqRel, Ordering::Acquire);
        if asleep.is_ok() {
            while ticket.progress.load(Ordering::Acquire) < DONE {
                std::thread::park();
            }
        }
        if ticket.progress.load(Ordering::Acquire) == DONE { Ok(()) } else { Err(Closed) }
    }

    /// Waits for the next job and has `work` do it; false once the queue is closed.
    ///
    /// `work` must not unwind: the caller would wait for ever.
    pub(crate) fn work(&self, waiting: impl FnOnce(&mut dyn FnMut()), work: impl FnOnce(&mut J)) -> bool {
        let mut next = None;
        waiting(&mut || next = self.next());
        let Some(Submitted(ticket)) = next else { return false };
        // SAFETY: its caller waits, and lent the job exclusively.
        work(unsafe { &mut *ticket.as_ref().job.as_ptr() });
        // SAFETY: the progress has not ended yet.
        unsafe { end(ticket, DONE) };
        true
    }

    fn next(&self) -> Option<Submitted<J>> {
        spin_until(|| self.length.load(Ordering::Acquire) > 0 || self.closed.load(Ordering::Acquire));
        let mut state = self.lock();
        loop {
            if let Some(ticket) = state.waiting.pop_front() {
                self.length.store(state.waiting.len(), Ordering::Release);
                return Some(ticket);
            }
            if state.closed {
                return None;
            }
            state.worker_sleeps = true;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.worker_sleeps = false;
        }
    }

    /// Refuses the jobs that wait, and all later ones. The one that runs ends as usual.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        self.closed.store(true, Ordering::Release);
        self.length.store(0, Ordering::Release);
        for Submitted(ticket) in state.waiting.drain(..) {
            // SAFETY: its caller waits, and the worker has not seen it.
            unsafe { end(ticket, REFUSED) };
        }
        drop(state);
        self.filled.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the caller of a ticket that its job has ended.
///
/// # Safety
/// The ticket's progress has not ended: afterwards it may be gone at any moment.
unsafe fn end<J>(ticket: NonNull<Ticket<J>>, progress: u8) {
    // SAFETY: the caller waits for the progress to end. Its thread is copied first, to be woken after.
    let caller = unsafe { ticket.as_ref() }.caller.clone();
    // SAFETY: as above; this is the last look at the ticket.
    let before = unsafe { ticket.as_ref() }.progress.swap(progress, Ordering::AcqRel);
    if before == CALLER_SLEEPS {
        caller.unpark();
    }
}

/// Waits for `condition` for a short while, leaving the processor to any thread that has work to do.
fn spin_until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() && start.elapsed() < SPIN {
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;

    use super::*;

    fn serve(
        queue: &Arc<Queue<u64>>,
        work: impl Fn(&mut u64) + Send + 'static,
    ) -> std::thread::JoinHandle<()> {
        let queue = Arc::clone(queue);
        std::thread::spawn(move || while queue.work(|wait| wait(), &work) {})
    }

    #[test]
    fn every_caller_gets_its_own_answer() {
        let queue = Arc::new(Queue::new());
        let worker = serve(&queue, |job| *job *= 2);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let queue = &queue;
                scope.spawn(move || {
                    for number in 0..2_000 {
                        let mut job = thread * 10_000 + number;
                        queue.run(&mut job).unwrap();
                        assert_eq!(job, 2 * (thread * 10_000 + number));
                    }
                });
            }
        });
        queue.close();
        worker.join().unwrap();
    }

    #[test]
    fn jobs_are_done_in_the_order_they_came() {
        let queue = Arc::new(Queue::new());
        let order = Arc::new(Mutex::new(Vec::new()));
        let callers: Vec<_> = (0..8)
            .map(|number| {
                let caller = Arc::clone(&queue);
                let handle = std::thread::spawn(move || caller.run(&mut { number }));
                while queue.length.load(Ordering::Acquire) <= number as usize {
                    std::thread::yield_now();
                }
                handle
            })
            .collect();
        let seen = Arc::clone(&order);
        let worker = serve(&queue, move |job| seen.lock().unwrap().push(*job));
        assert!(callers.into_iter().all(|caller| caller.join().unwrap().is_ok()));
        queue.close();
        worker.join().unwrap();
        assert_eq!(*order.lock().unwrap(), (0..8).collect::<Vec<u64>>());
    }

    #[test]
    fn closing_refuses_those_who_wait_and_lets_the_running_job_end() {
        let queue = Arc::new(Queue::new());
        let started = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&started);
        let worker = serve(&queue, move |job| {
            seen.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(50));
            *job = 7;
        });
        let submit = || {
            let queue = Arc::clone(&queue);
            std::thread::spawn(move || {
                let mut job = 0;
                queue.run(&mut job).map(|()| job)
            })
        };
        let running = submit();
        while started.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        let waiting = submit();
        while queue.length.load(Ordering::Acquire) == 0 {
            std::thread::yield_now();
        }
        queue.close();
        assert_eq!(waiting.join().unwrap(), Err(Closed));
        assert_eq!(running.join().unwrap(), Ok(7));
        assert_eq!(queue.run(&mut 0), Err(Closed));
        worker.join().unwrap();
    }
}
