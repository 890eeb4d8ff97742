//! What Julia's start changes for the whole process, and how it is put back.
//!
//! `jl_init` believes that the process is Julia's own. It takes Ctrl-C, makes pipes that are standard streams
//! non-blocking (after which a large `print` in Python fails), and sets the locale.

use std::ffi::{CStr, CString, c_int};
use std::mem::MaybeUninit;

/// Julia works through these: a guard page tells it of stack overflow and of its collector's wish to stop
/// threads (segmentation and bus errors), of division errors, and of one thread's wish to see another's state.
const JULIAS_OWN: [c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGUSR2];

/// The state of the process, to be put back.
pub(crate) struct Habits {
    signals: Vec<(c_int, libc::sigaction)>,
    streams: Vec<(c_int, c_int)>,
    locale: Option<CString>,
}

impl Habits {
    /// As they are now.
    pub(crate) fn save() -> Self {
        let signals = (1..=libc::SIGRTMAX()).filter(|signal| !JULIAS_OWN.contains(signal));
        // SAFETY: asking for the locale changes nothing; the text is copied before anyone can change it.
        let locale = unsafe {
            let name = libc::setlocale(libc::LC_ALL, std::ptr::null());
            (!name.is_null()).then(|| CStr::from_ptr(name).to_owned())
        };
        Self {
            signals: signals.filter_map(|signal| Some((signal, disposition(signal)?))).collect(),
            streams: (0..=2).map(|stream| (stream, flags(stream))).collect(),
            locale,
        }
    }

    /// Puts back what differs.
    pub(crate) fn restore(&self) {
        for (signal, before) in &self.signals {
            let same = |now: libc::sigaction| {
                now.sa_sigaction == before.sa_sigaction && now.sa_flags == before.sa_flags
            };
            if !disposition(*signal).is_some_and(same) {
                // SAFETY: `before` is what the system told for this signal.
                unsafe { libc::sigaction(*signal, before, std::ptr::null_mut()) };
            }
        }
        for &(stream, before) in &self.streams {
            if before >= 0 && flags(stream) != before {
                // SAFETY: sets flags that the same descriptor had.
                unsafe { libc::fcntl(stream, libc::F_SETFL, before) };
            }
        }
        if let Some(locale) = &self.locale {
            // SAFETY: a valid text. Julia's start has just done the same call: nothing is less safe than before.
            unsafe { libc::setlocale(libc::LC_ALL, locale.as_ptr()) };
        }
    }
}

fn disposition(signal: c_int) -> Option<libc::sigaction> {
    let mut now = MaybeUninit::uninit();
    // SAFETY: only asks. The C library refuses the few signals it keeps to itself.
    let asked = unsafe { libc::sigaction(signal, std::ptr::null(), now.as_mut_ptr()) };
    // SAFETY: filled in by a call that succeeded.
    (asked == 0).then(|| unsafe { now.assume_init() })
}

fn flags(stream: c_int) -> c_int {
    // SAFETY: only asks; -1 for a stream that is closed.
    unsafe { libc::fcntl(stream, libc::F_GETFL) }
}

/// How large a stack to give the thread that starts Julia.
///
/// Julia takes the soft limit of the main thread's stack for the size of its own, and an overflow that happens
/// further down for a crash. So the thread gets just that, within reason.
pub(crate) fn stack_size() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: fills in the struct it is given.
    unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) };
    usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX).clamp(SMALLEST_STACK, LARGEST_STACK)
}

/// Compiling takes this much.
const SMALLEST_STACK: usize = 8 << 20;
/// More would be a waste of address space.
const LARGEST_STACK: usize = 64 << 20;
/// Julia's arithmetic overflows where the limit is infinite.
const LARGEST_LIMIT: libc::rlim_t = 1 << 30;

/// Keeps the soft limit of the stack finite while Julia starts.
pub(crate) struct FiniteStackLimit(Option<libc::rlimit>);

impl FiniteStackLimit {
    pub(crate) fn set() -> Self {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: fills in the struct it is given.
        unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) };
        if limit.rlim_cur <= LARGEST_LIMIT {
            return Self(None);
        }
        let finite = libc::rlimit { rlim_cur: LARGEST_LIMIT, ..limit };
        // SAFETY: a soft limit below the hard one. No stack that exists is cut, only its growth for a moment.
        unsafe { libc::setrlimit(libc::RLIMIT_STACK, &raw const finite) };
        Self(Some(limit))
    }
}

impl Drop for FiniteStackLimit {
    fn drop(&mut self) {
        if let Some(limit) = &self.0 {
            // SAFETY: the limit that was in force.
            unsafe { libc::setrlimit(libc::RLIMIT_STACK, limit) };
        }
    }
}
