//! Calls from many threads, run in order on one.
//!
//! A request lies on its caller's stack, so submitting one allocates nothing. Whoever waits looks again and
//! again for some microseconds first, for waking a sleeping thread costs more than a short call; then it sleeps.
//!
//! Whoever no longer wants an answer takes a job that waits back, and asks the worker to stop one that runs. The
//! worker takes jobs, and callers raise the flag, under the lock; so the flag never meets another caller's job.

#![expect(clippy::disallowed_types, reason = "a forked child is refused before it comes to the lock")]

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::fork;

/// How long to stay awake: about what falling asleep and being woken costs on a busy machine.
const SPIN: Duration = Duration::from_micros(60);

/// How often a caller who waits asks whether to go on waiting.
pub(crate) const ASK_EVERY: Duration = Duration::from_millis(50);

/// Why a job was not, and will not be, run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unrun {
    /// The queue was closed.
    Closed,
    /// Its caller took it back.
    Withdrawn,
    /// Its caller forked while it waited, and this is the child, which has no worker.
    Forked,
}

/// Whether to stop: asked now and then by a caller who waits.
pub(crate) type Poll<'a> = &'a mut dyn FnMut() -> bool;

/// Jobs of many threads for one.
pub(crate) struct Queue<J> {
    state: Mutex<State<J>>,
    filled: Condvar,
    /// A copy of the length and of `closed`, to look at without the lock.
    length: AtomicUsize,
    closed: AtomicBool,
    /// Not 0 while the job that runs is to stop, for the worker to heed. Written under the lock.
    interrupt: OnceLock<&'static AtomicU32>,
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
const WITHDRAWN: u8 = 4;

impl<J: Send> Queue<J> {
    pub(crate) const fn new() -> Self {
        Self {
            state: Mutex::new(State { waiting: VecDeque::new(), worker_sleeps: false, closed: false }),
            filled: Condvar::new(),
            length: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            interrupt: OnceLock::new(),
        }
    }

    /// The flag that the worker's jobs look at. Until there is one, a job that runs cannot be asked to stop.
    pub(crate) fn watch(&self, flag: &'static AtomicU32) {
        let _ = self.interrupt.set(flag);
    }

    /// Has the worker run `job`, and returns when it did.
    ///
    /// Once `poll` says so, a job that waits is taken back and one that runs is asked to stop; it is not asked
    /// again then. A job that runs is waited for in any case. The lock is free while `poll` runs.
    pub(crate) fn run(&self, job: &mut J, poll: Option<Poll<'_>>) -> Result<(), Unrun> {
        let ticket = Ticket {
            job: NonNull::from(job),
            progress: AtomicU8::new(WAITING),
            caller: std::thread::current(),
        };
        let mut state = self.lock();
        if state.closed {
            return Err(Unrun::Closed);
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
        let panicked = if asleep.is_ok() { self.sleep(&ticket, poll) } else { None };
        let progress = ticket.progress.load(Ordering::Acquire);
        if let Some(panic) = panicked {
            resume_unwind(panic);
        }
        match progress {
            DONE => Ok(()),
            WITHDRAWN => Err(Unrun::Withdrawn),
            REFUSED => Err(Unrun::Closed),
            _ => Err(Unrun::Forked),
        }
    }

    /// Sleeps until the ticket's job has ended, or `poll` returns in a forked child, where it never will; what
    /// `poll` panicked with, which counts as a yes.
    fn sleep(&self, ticket: &Ticket<J>, mut poll: Option<Poll<'_>>) -> Option<Box<dyn Any + Send>> {
        let mut panicked = None;
        let (mut asked, here) = (Instant::now(), fork::generation());
        while ticket.progress.load(Ordering::Acquire) < DONE {
            let Some(stop) = &mut poll else {
                std::thread::park();
                continue;
            };
            let left = ASK_EVERY.saturating_sub(asked.elapsed());
            if !left.is_zero() {
                std::thread::park_timeout(left);
                continue;
            }
            let answer = catch_unwind(AssertUnwindSafe(stop));
            if fork::generation() != here {
                // The worker and whoever held the lock stayed with the parent; our ticket is its copy's alone.
                return answer.err();
            }
            asked = Instant::now();
            if !matches!(answer, Ok(false)) {
                panicked = answer.err();
                poll = None;
                self.stop(ticket);
            }
        }
        panicked
    }

    /// Takes the ticket's job back if it waits; asks the worker to stop if it runs.
    fn stop(&self, ticket: &Ticket<J>) {
        let mut state = self.lock();
        if ticket.progress.load(Ordering::Acquire) >= DONE {
            return;
        }
        let place = state.waiting.iter().position(|other| std::ptr::eq(other.0.as_ptr(), ticket));
        if let Some(place) = place {
            state.waiting.remove(place);
            self.length.store(state.waiting.len(), Ordering::Release);
            ticket.progress.store(WITHDRAWN, Ordering::Release);
        } else if let Some(flag) = self.interrupt.get() {
            // The worker has this job, or has just ended it: it takes no other before it lowers the flag.
            flag.store(1, Ordering::Release);
        }
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
                if let Some(flag) = self.interrupt.get() {
                    flag.store(0, Ordering::Release);
                }
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
                        queue.run(&mut job, None).unwrap();
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
                let handle = std::thread::spawn(move || caller.run(&mut { number }, None));
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
                queue.run(&mut job, None).map(|()| job)
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
        assert_eq!(waiting.join().unwrap(), Err(Unrun::Closed));
        assert_eq!(running.join().unwrap(), Ok(7));
        assert_eq!(queue.run(&mut 0, None), Err(Unrun::Closed));
        worker.join().unwrap();
    }

    /// A worker whose jobs end once the flag is raised, with 1, or when told to, with 2.
    fn stoppable(
        queue: &Arc<Queue<u64>>,
        flag: &'static AtomicU32,
        finish: &Arc<AtomicBool>,
    ) -> std::thread::JoinHandle<()> {
        queue.watch(flag);
        let finish = Arc::clone(finish);
        serve(queue, move |job| {
            *job = loop {
                if flag.load(Ordering::Acquire) != 0 {
                    break 1;
                }
                if finish.load(Ordering::Acquire) {
                    break 2;
                }
                std::thread::yield_now();
            };
        })
    }

    #[test]
    fn a_job_that_runs_is_stopped_and_one_that_waits_is_taken_back_and_others_go_on() {
        static FLAG: AtomicU32 = AtomicU32::new(0);
        let (queue, finish) = (Arc::new(Queue::new()), Arc::new(AtomicBool::new(false)));
        let worker = stoppable(&queue, &FLAG, &finish);
        let stopped = queue.run(&mut 0, Some(&mut || true));
        assert_eq!(stopped, Ok(()));
        std::thread::scope(|scope| {
            let first = scope.spawn(|| {
                let mut job = 0;
                queue.run(&mut job, None).map(|()| job)
            });
            while queue.length.load(Ordering::Acquire) > 0 || FLAG.load(Ordering::Acquire) != 0 {
                std::thread::yield_now();
            }
            assert_eq!(queue.run(&mut 0, Some(&mut || true)), Err(Unrun::Withdrawn));
            assert_eq!(queue.length.load(Ordering::Acquire), 0);
            finish.store(true, Ordering::Release);
            assert_eq!(first.join().unwrap(), Ok(2));
        });
        let mut job = 0;
        assert_eq!((queue.run(&mut job, Some(&mut || true)), job), (Ok(()), 2));
        queue.close();
        worker.join().unwrap();
    }

    #[test]
    fn a_question_that_panics_stops_the_job_first() {
        static FLAG: AtomicU32 = AtomicU32::new(0);
        let (queue, finish) = (Arc::new(Queue::new()), Arc::new(AtomicBool::new(false)));
        let worker = stoppable(&queue, &FLAG, &finish);
        let mut job = 0;
        let panicked = catch_unwind(AssertUnwindSafe(|| queue.run(&mut job, Some(&mut || panic!("asked")))));
        assert!(panicked.is_err());
        assert_eq!(job, 1);
        finish.store(true, Ordering::Release);
        assert_eq!((queue.run(&mut job, None), job), (Ok(()), 2));
        queue.close();
        worker.join().unwrap();
    }

    #[test]
    fn a_question_that_says_no_is_asked_again() {
        let queue = Arc::new(Queue::new());
        let worker = serve(&queue, |job| {
            std::thread::sleep(4 * ASK_EVERY);
            *job = 7;
        });
        let (mut job, mut asked) = (0, 0);
        let mut poll = || {
            asked += 1;
            assert!(queue.state.try_lock().is_ok());
            false
        };
        assert_eq!(queue.run(&mut job, Some(&mut poll)), Ok(()));
        assert!(job == 7 && (1..=4).contains(&asked), "{job} {asked}");
        queue.close();
        worker.join().unwrap();
    }
}
