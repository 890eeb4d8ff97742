//! What Julia's start changes for the whole process, and how it is put back.
//!
//! `jl_init` believes that the process is Julia's own. It takes Ctrl-C, makes pipes that are standard streams
//! non-blocking (after which a large `print` in Python fails), and sets the locale.

use std::ffi::{CStr, CString, c_int};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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

    /// Runs `start` on this thread while another puts signals back as fast as they are taken: Julia takes Ctrl-C
    /// tens of milliseconds before its start returns, and would keep for itself what comes meanwhile.
    pub(crate) fn guarded_during<T>(&self, start: impl FnOnce() -> T) -> T {
        let started = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let guard = || {
                while !started.load(Ordering::Acquire) {
                    self.restore_signals();
                    std::thread::sleep(Duration::from_micros(200));
                }
            };
            // Without the guard Ctrl-C may have to be pressed twice.
            let _ = std::thread::Builder::new().name("omega-signals".into()).spawn_scoped(scope, guard);
            let answer = start();
            started.store(true, Ordering::Release);
            answer
        })
    }

    /// Puts back what differs.
    pub(crate) fn restore(&self) {
        self.restore_signals();
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

    fn restore_signals(&self) {
        for (signal, before) in &self.signals {
            let same = |now: libc::sigaction| {
                now.sa_sigaction == before.sa_sigaction && now.sa_flags == before.sa_flags
            };
            if !disposition(*signal).is_some_and(same) {
                // SAFETY: `before` is what the system told for this signal.
                unsafe { libc::sigaction(*signal, before, std::ptr::null_mut()) };
            }
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

/// Opens those of the three standard streams that are closed, on /dev/null and for good.
///
/// The next file that anyone opens takes the lowest free number. Were that one of Julia's own, it would be taken for
/// a standard stream: what the process prints would go into it, and closing it would abort the process.
pub(crate) fn open_standard_streams() {
    loop {
        // SAFETY: the path is a text; what is opened is kept if it is a standard stream, and closed if not.
        let opened = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
        if !(0..=2).contains(&opened) {
            // SAFETY: nobody else has seen this number; -1 is no file, and closing it does nothing.
            unsafe { libc::close(opened) };
            return;
        }
    }
}

/// The stack of Julia's thread: compiling takes a few MiB, and recursion is as deep as on a main thread, twice.
const STACK: libc::rlim_t = 16 << 20;
/// Julia's arithmetic overflows where the limit is infinite.
const LARGEST_LIMIT: libc::rlim_t = 1 << 30;

/// How large a stack to give the thread that starts Julia.
pub(crate) fn stack_size() -> usize {
    STACK.min(stack_limit().rlim_max) as usize
}

/// Keeps the soft limit of the stack, while Julia starts, at the stack of its thread or above.
///
/// Julia takes this limit for the size of its own stack, and an overflow that happens further down for a crash.
pub(crate) struct StackLimit(libc::rlimit);

impl StackLimit {
    pub(crate) fn fit() -> Self {
        let before = stack_limit();
        let needed = STACK.min(before.rlim_max);
        set_stack_limit(libc::rlimit { rlim_cur: before.rlim_cur.clamp(needed, LARGEST_LIMIT), ..before });
        Self(before)
    }
}

impl Drop for StackLimit {
    fn drop(&mut self) {
        set_stack_limit(self.0);
    }
}

fn stack_limit() -> libc::rlimit {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: fills in the struct it is given.
    unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) };
    limit
}

fn set_stack_limit(limit: libc::rlimit) {
    // SAFETY: a soft limit within the hard one. No stack that exists is cut, only its growth.
    unsafe { libc::setrlimit(libc::RLIMIT_STACK, &raw const limit) };
}

/// When the process ends, ends it without what its libraries do at exit: they would take themselves down while Julia's
/// thread, which nobody can stop half-way through its start or a call, still works with them.
#[cfg(target_env = "gnu")]
pub(crate) fn end_at_once() {
    use std::ffi::c_void;

    unsafe extern "C" {
        fn on_exit(handler: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
    }

    extern "C" fn leave(status: c_int, _: *mut c_void) {
        // SAFETY: writes out what is buffered, and ends the process with the status it was to end with.
        unsafe {
            libc::fflush(std::ptr::null_mut());
            libc::_exit(status);
        }
    }

    // What is registered last runs first. Without room for it the process ends as others do.
    // SAFETY: the handler is code that stays loaded, and takes no argument.
    unsafe { on_exit(leave, std::ptr::null_mut()) };
}

/// Other C libraries do not tell a handler the status to end with.
#[cfg(not(target_env = "gnu"))]
pub(crate) fn end_at_once() {}
