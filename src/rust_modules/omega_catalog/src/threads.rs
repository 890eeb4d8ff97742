//! How many threads a call may use, and how they share its work.
//!
//! Threads are started for one call and end with it: a forked child would wait for ever for those of a pool, which it
//! does not have. Where none can be started, the caller does all of the work.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::thread::{self, Builder};

use omega_contract::{Error, Result};

/// The variable that limits them.
const VARIABLE: &str = "OMEGA_THREADS";

/// Numbers of an answer that are worth a thread: a millisecond's, as starting one may take a third of that.
const WORTH_A_THREAD: usize = 500_000;

/// What they are called. Who reports panics knows by it that the caller gets the message.
pub const THREAD_NAME: &str = "omega worker";

/// How many threads a call that answers with so many numbers uses.
///
/// # Errors
/// `INVALID_TYPE` if the variable `OMEGA_THREADS` holds no whole number from 1.
pub(crate) fn threads_for(numbers: usize) -> Result<usize> {
    let limit = limit()?;
    let worth = numbers / WORTH_A_THREAD + 1;
    if worth == 1 || limit == Some(1) {
        return Ok(1);
    }
    // Asked for each time: processors can be taken from a process, and given back.
    let here = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Ok(worth.min(limit.map_or(here, |limit| limit.min(here))))
}

/// What the variable says, as it was when it was first looked at; `None` where it is not set.
fn limit() -> Result<Option<usize>> {
    static LIMIT: OnceLock<std::result::Result<Option<usize>, String>> = OnceLock::new();
    if LIMIT.get().is_none() {
        // Where two threads come here at once, both have read the same.
        let _ = LIMIT.set(match std::env::var_os(VARIABLE) {
            None => Ok(None),
            Some(text) => read(&text.to_string_lossy()).map(Some),
        });
    }
    match LIMIT.get() {
        Some(Err(wrong)) => Err(Error::invalid_type(VARIABLE, "a whole number from 1", wrong)),
        Some(Ok(limit)) => Ok(*limit),
        None => Ok(None),
    }
}

fn read(text: &str) -> std::result::Result<usize, String> {
    text.trim().parse().ok().filter(|threads| *threads > 0).ok_or_else(|| text.to_owned())
}

/// Runs `work` on this thread and on others, so many in all or as many as can be started, until each has returned. A
/// panic of any goes on here.
pub(crate) fn together(threads: usize, work: impl Fn() + Sync) {
    let work = &work;
    let panicked = thread::scope(|scope| {
        let start = |_| Builder::new().name(THREAD_NAME.into()).spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..threads).map_while(start).collect();
        work();
        others.into_iter().filter_map(|other| other.join().err()).last()
    });
    if let Some(panic) = panicked {
        resume_unwind(panic);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_limit_is_a_whole_number_from_one() {
        assert_eq!((read("1"), read(" 16 ")), (Ok(1), Ok(16)));
        for wrong in ["", "0", "-1", "2.0", "all"] {
            assert_eq!(read(wrong), Err(wrong.to_owned()));
        }
    }

    #[test]
    fn every_thread_works_and_little_work_takes_one() {
        let count = AtomicUsize::new(0);
        together(3, || {
            count.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(count.into_inner(), 3);
        assert_eq!(threads_for(1000).expect("no variable"), 1);
    }

    #[test]
    fn a_panic_of_another_thread_goes_on_in_the_caller() {
        let caller = thread::current().id();
        let panicked = std::panic::catch_unwind(|| {
            together(2, || assert!(thread::current().id() == caller, "elsewhere"));
        });
        let panic = panicked.expect_err("a panic");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"elsewhere"));
    }
}
