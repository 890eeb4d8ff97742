//! Which side of a fork this is, and a lock that a forked child is refused where it would wait for ever.
//!
//! A forked child has all of its parent's memory and one of its threads. What another thread held at that moment
//! stays held, and half changed, for nobody is left to let go of it. Whoever waits for such a thread first asks
//! whether it can have come along.

#![expect(clippy::disallowed_types, reason = "`Once` guards one call that does not wait for anything")]

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use omega_contract::Error;

/// How many forks lie between the process that loaded this library and this one, counted from 1.
static GENERATION: AtomicU32 = AtomicU32::new(1);

/// A number that differs between a process and all that were forked from it.
///
/// Not the process id: asking for that costs more than an indicator's step, and a grandchild may have its
/// grandparent's.
#[inline]
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Counts forks from now on. Called before anything is made that a fork could break.
pub(crate) fn count_forks() {
    static COUNTING: Once = Once::new();
    extern "C" fn in_the_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }
    COUNTING.call_once(|| {
        // SAFETY: the handler does nothing but add, which is allowed between a fork and whatever the child does.
        unsafe { libc::pthread_atfork(None, None, Some(in_the_child)) };
    });
}

/// FORKED_PROCESS for `function`, with what to do instead.
pub(crate) fn refusal(function: &str, allowed: &str) -> Error {
    Error::forked_process(function, std::process::id(), allowed)
}

/// Held by a thread of the process that this one was forked from, which did not come along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftLocked;

impl LeftLocked {
    /// FORKED_PROCESS for `function`, which needed the lock.
    #[must_use]
    pub fn error(self, function: &str) -> Error {
        let allowed = "another thread was using this object during the fork: fork while no thread does, or \
                       restore a snapshot in the child";
        refusal(function, allowed)
    }
}

/// A lock that knows in which process it was taken: in a forked child one that was free works as ever, and one
/// that was held is refused at once.
///
/// A panic of the holder frees it. Not fair, and not reentrant.
pub struct Lock<T> {
    /// [`FREE`], or twice the generation of its holder's process; odd while somebody may sleep for it.
    holder: AtomicU32,
    value: UnsafeCell<T>,
}

const FREE: u32 = 0;
const WAITED_FOR: u32 = 1;

// SAFETY: `holder` lets one thread at a time to the value.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    /// A free lock.
    pub fn new(value: T) -> Self {
        count_forks();
        Self { holder: AtomicU32::new(FREE), value: UnsafeCell::new(value) }
    }

    /// Waits until no other thread holds the lock.
    ///
    /// # Errors
    /// [`LeftLocked`], where that would be for ever.
    #[inline]
    pub fn lock(&self) -> Result<Held<'_, T>, LeftLocked> {
        let here = generation() << 1;
        if self.holder.compare_exchange(FREE, here, Ordering::Acquire, Ordering::Relaxed).is_err() {
            self.wait(here)?;
        }
        Ok(Held { lock: self })
    }

    #[cold]
    fn wait(&self, here: u32) -> Result<(), LeftLocked> {
        let take = |from, to| self.holder.compare_exchange(from, to, Ordering::Acquire, Ordering::Relaxed);
        loop {
            match self.holder.load(Ordering::Relaxed) {
                // Others may sleep for it too: nobody has counted them, so whoever slept wakes the next.
                FREE if take(FREE, here | WAITED_FOR).is_ok() => return Ok(()),
                FREE => {}
                holder if holder & !WAITED_FOR != here => return Err(LeftLocked),
                holder if holder == here && take(here, here | WAITED_FOR).is_err() => {}
                _ => sleep_while(&self.holder, here | WAITED_FOR),
            }
        }
    }
}

/// A lock that is held; free again when this is dropped.
pub struct Held<'a, T> {
    lock: &'a Lock<T>,
}

// SAFETY: a shared guard gives shared access to the value, and no more.
unsafe impl<T: Sync> Sync for Held<'_, T> {}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this thread holds the lock.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for Held<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this thread holds the lock, and lends the value once.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for Held<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.lock.holder.swap(FREE, Ordering::Release) & WAITED_FOR != 0 {
            wake_one(&self.lock.holder);
        }
    }
}

/// Sleeps until woken, or not at all where `word` is no longer `value`; may wake up for no reason.
#[cfg(target_os = "linux")]
fn sleep_while(word: &AtomicU32, value: u32) {
    let forever = std::ptr::null::<libc::timespec>();
    // SAFETY: the word outlives the call, which only reads it.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT | PRIVATE, value, forever) };
}

#[cfg(target_os = "linux")]
#[cold]
fn wake_one(word: &AtomicU32) {
    // SAFETY: the address alone is looked at; nothing is read there.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | PRIVATE, 1) };
}

/// No other process waits for the same word.
#[cfg(target_os = "linux")]
const PRIVATE: libc::c_int = libc::FUTEX_PRIVATE_FLAG;

#[cfg(not(target_os = "linux"))]
fn sleep_while(word: &AtomicU32, value: u32) {
    if word.load(Ordering::Relaxed) == value {
        std::thread::sleep(std::time::Duration::from_micros(200));
    }
}

#[cfg(not(target_os = "linux"))]
fn wake_one(_word: &AtomicU32) {}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `body` says in a forked child.
    fn in_a_child(body: impl FnOnce() -> bool) -> bool {
        // SAFETY: the child runs `body`, which takes a lock or is refused, and leaves at once.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let said = body();
            // SAFETY: ends the child.
            unsafe { libc::_exit(i32::from(!said)) };
        }
        let mut status = -1;
        // SAFETY: waits for our own child.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        status == 0
    }

    #[test]
    fn threads_take_turns() {
        let lock = Lock::new(0_u64);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for turn in 0..20_000 {
                        let mut count = lock.lock().unwrap();
                        let before = *count;
                        if turn % 1_000 == 0 {
                            std::thread::sleep(std::time::Duration::from_micros(50));
                        }
                        *count = before + 1;
                    }
                });
            }
        });
        assert_eq!(*lock.lock().unwrap(), 80_000);
    }

    #[test]
    fn a_panic_of_the_holder_frees_it() {
        let lock = Lock::new(0);
        let panicked = std::thread::scope(|scope| {
            let holder = scope.spawn(|| {
                *lock.lock().unwrap() = 7;
                let _held = lock.lock().unwrap();
                panic!("while holding it");
            });
            holder.join()
        });
        assert!(panicked.is_err());
        assert_eq!(*lock.lock().unwrap(), 7);
    }

    #[test]
    fn a_child_is_refused_what_was_held_and_gets_what_was_free() {
        let (held, free) = (Lock::new(1), Lock::new(2));
        let guard = held.lock().unwrap();
        assert!(in_a_child(|| {
            held.lock().err() == Some(LeftLocked)
                && free.lock().is_ok_and(|value| *value == 2)
                // What a child holds, its own child is refused.
                && free.lock().is_ok_and(|_own| in_a_child(|| free.lock().is_err() && held.lock().is_err()))
        }));
        drop(guard);
        assert!(in_a_child(|| held.lock().is_ok_and(|value| *value == 1)));
        assert_eq!(*held.lock().unwrap(), 1);
    }

    #[test]
    fn the_refusal_names_the_function_and_the_process() {
        let error = LeftLocked.error("ta.sma");
        assert_eq!(error.code().name(), "FORKED_PROCESS");
        assert_eq!(error.field("value"), Some(&*std::process::id().to_string()));
        assert!(error.to_string().contains("ta.sma") && error.to_string().contains("snapshot"), "{error}");
    }
}
