//! The start of the process's one Julia: begun once, on a thread of its own, and waited for by any number of callers.

#![expect(
    clippy::disallowed_types,
    reason = "whoever takes one of these locks has made sure that this is the process that Julia runs in"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use omega_contract::{Error, Result};

use crate::discover::unavailable;
use crate::fork;
use crate::julia::{Julia, Settings, forked};
use crate::process::{end_at_once, open_standard_streams, stack_size};
use crate::queue::{ASK_EVERY, Poll, Queue};
use crate::runtime::{Job, Runtime};

/// How long [`Start::stop`] waits for the call that runs, and for Julia's exit hooks.
const PATIENCE: Duration = Duration::from_secs(5);

/// There is one Julia per process.
pub(crate) static START: Start = Start {
    begun: AtomicU32::new(0),
    unwanted: AtomicBool::new(false),
    outcome: OnceLock::new(),
    queue: Queue::new(),
    thread: Mutex::new(Thread { handle: None, ended: false }),
    news: Condvar::new(),
};

/// Where Julia's start is. In a forked child all of this is the parent's, `begun` tells.
pub(crate) struct Start {
    /// The generation of the process that began it, and the only one to take a lock here; 0 before.
    begun: AtomicU32,
    /// The process ends: no step of the start need be taken any more.
    unwanted: AtomicBool,
    outcome: OnceLock<Result<Julia>>,
    /// Calls of Julia.
    pub(crate) queue: Queue<Job>,
    thread: Mutex<Thread>,
    /// There is an outcome, or the thread has ended.
    news: Condvar,
}

/// Julia's thread.
struct Thread {
    handle: Option<JoinHandle<()>>,
    /// It has nothing left to do.
    ended: bool,
}

impl Start {
    /// What came of the start, if it has come to an end.
    pub(crate) fn outcome(&self) -> Option<&Result<Julia>> {
        self.outcome.get()
    }

    /// Begins the start unless it was begun, and waits for its end, or until `poll` says to wait no longer.
    pub(crate) fn wait_for(
        &'static self,
        settings: &Settings,
        mut poll: Option<Poll<'_>>,
    ) -> Result<&'static Julia> {
        fork::count_forks();
        let here = fork::generation();
        if self.begun.compare_exchange(0, here, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.begin(settings.clone());
        }
        loop {
            // Asked each time, for `poll` may run Python code, which may fork.
            if self.begun.load(Ordering::Acquire) != fork::generation() {
                return Err(forked("this function"));
            }
            if let Some(outcome) = self.outcome() {
                return outcome.as_ref().map_err(Clone::clone);
            }
            let thread = self.lock();
            let unknown = |_: &mut Thread| self.outcome().is_none();
            drop(self.news.wait_timeout_while(thread, ASK_EVERY, unknown));
            if self.outcome().is_none() && poll.as_mut().is_some_and(|poll| poll()) {
                let allowed = "Julia goes on starting: calling it again waits for the same start";
                return Err(Error::interrupted("the start of Julia", 0, allowed));
            }
        }
    }

    /// Starts Julia's thread, which starts Julia, tells what came of it, and serves calls.
    fn begin(&'static self, settings: Settings) {
        let body = move || {
            let start = || Runtime::start(&settings, &self.unwanted);
            let started = catch_unwind(AssertUnwindSafe(start));
            match started.unwrap_or_else(|_| Err(unavailable("its start panicked"))) {
                Ok((runtime, published)) => {
                    self.tell(Ok(Julia::new(published, fork::generation())));
                    runtime.serve(&self.queue);
                }
                Err(error) => self.tell(Err(error)),
            }
            self.end();
        };
        // Before anything opens a file: one that took the place of a closed stream would be mistaken for it.
        open_standard_streams();
        let thread = std::thread::Builder::new().name("omega-julia".into()).stack_size(stack_size());
        match thread.spawn(body) {
            Ok(handle) => self.lock().handle = Some(handle),
            Err(fault) => {
                self.tell(Err(unavailable(format!("its thread cannot be started: {fault}"))));
                self.end();
            }
        }
    }

    fn end(&self) {
        self.lock().ended = true;
        self.news.notify_all();
    }

    fn tell(&self, outcome: Result<Julia>) {
        let thread = self.lock();
        // There is one thread to tell, and it tells once.
        let _ = self.outcome.set(outcome);
        drop(thread);
        self.news.notify_all();
    }

    /// See [`Julia::stop`].
    pub(crate) fn stop(&self) {
        if self.begun.load(Ordering::Acquire) != fork::generation() {
            return;
        }
        self.unwanted.store(true, Ordering::Release);
        self.queue.close();
        if self.outcome().is_none() {
            end_at_once();
            return;
        }
        let (mut thread, _) = self
            .news
            .wait_timeout_while(self.lock(), PATIENCE, |thread| !thread.ended)
            .unwrap_or_else(PoisonError::into_inner);
        if !thread.ended {
            end_at_once();
            return;
        }
        let handle = thread.handle.take();
        drop(thread);
        // It has nothing left to do that could panic.
        let _ = handle.map(JoinHandle::join);
    }

    fn lock(&self) -> MutexGuard<'_, Thread> {
        // Nothing panics while it holds the lock.
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
