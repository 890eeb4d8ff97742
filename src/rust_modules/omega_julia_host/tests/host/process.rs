//! What Julia does to the process it runs in.

use std::ffi::{CStr, c_int};
use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use omega_julia_host::{Julia, Settings};

use crate::alone::{PATIENCE, alone, start};
use crate::common::{call, call_alone, id};

#[test]
fn a_process_may_end_without_stopping_julia() {
    alone("process::a_process_may_end_without_stopping_julia", |settings| {
        let julia = start(&settings);
        call(julia, id(julia, "identity_of"), &[], &[1.0]).unwrap();
    });
}

#[test]
fn a_process_may_end_while_julia_works() {
    alone("process::a_process_may_end_while_julia_works", |settings| {
        let julia = start(&settings);
        let collect = id(julia, "collect_garbage");
        std::thread::spawn(move || while call_alone(julia, collect, &[]).is_ok() {});
        std::thread::sleep(Duration::from_millis(100));
    });
}

#[test]
fn after_a_stop_calls_are_refused() {
    alone("process::after_a_stop_calls_are_refused", |settings| {
        let julia = start(&settings);
        let identity = id(julia, "identity_of");
        assert!(call(julia, identity, &[], &[1.0]).is_ok());
        Julia::stop();
        let error = call(julia, identity, &[], &[1.0]).unwrap_err();
        assert_eq!(error.code().name(), "JULIA_UNAVAILABLE");
        assert_eq!(error.field("function"), Some("identity_of"));
        assert!(error.to_string().contains("stopped"), "{error}");
        Julia::stop();
    });
}

#[test]
fn a_stop_leaves_no_caller_waiting() {
    alone("process::a_stop_leaves_no_caller_waiting", |settings| {
        let julia = start(&settings);
        let identity = id(julia, "identity_of");
        std::thread::scope(|scope| {
            let call_until_refused = || loop {
                if let Err(error) = call(julia, identity, &[], &[1.0]) {
                    return error;
                }
            };
            let callers: Vec<_> = (0..8).map(|_| scope.spawn(call_until_refused)).collect();
            std::thread::sleep(Duration::from_millis(50));
            Julia::stop();
            for caller in callers {
                assert_eq!(caller.join().unwrap().code().name(), "JULIA_UNAVAILABLE");
            }
        });
    });
}

extern "C" fn note(_signal: c_int) {
    NOTED.store(true, Ordering::SeqCst);
}

static NOTED: AtomicBool = AtomicBool::new(false);

fn handler(signal: c_int) -> usize {
    let mut now = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: only asks, for signals that exist.
    unsafe {
        assert_eq!(libc::sigaction(signal, std::ptr::null(), now.as_mut_ptr()), 0);
        now.assume_init().sa_sigaction
    }
}

#[test]
fn ctrl_c_and_all_signals_but_julias_own_stay_as_they_were() {
    alone("process::ctrl_c_and_all_signals_but_julias_own_stay_as_they_were", |settings| {
        let signals = [
            libc::SIGHUP,
            libc::SIGINT,
            libc::SIGQUIT,
            libc::SIGILL,
            libc::SIGABRT,
            libc::SIGPIPE,
            libc::SIGALRM,
            libc::SIGTERM,
            libc::SIGCHLD,
            libc::SIGUSR1,
            libc::SIGTSTP,
            libc::SIGWINCH,
        ];
        // SAFETY: the handler only stores a flag.
        unsafe { libc::signal(libc::SIGINT, note as extern "C" fn(c_int) as libc::sighandler_t) };
        let before = signals.map(handler);
        let mask = blocked();
        start(&settings);
        assert_eq!(signals.map(handler), before);
        assert_eq!(blocked(), mask);
        // SAFETY: the process sends a signal that it handles to itself.
        unsafe { libc::kill(libc::getpid(), libc::SIGINT) };
        let start = Instant::now();
        while !NOTED.load(Ordering::SeqCst) {
            assert!(start.elapsed() < PATIENCE, "Ctrl-C does not arrive");
            std::thread::yield_now();
        }
        Julia::stop();
        assert_eq!(signals.map(handler), before);
    });
}

/// The signals that this thread blocks.
fn blocked() -> Vec<c_int> {
    let mut mask = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: only asks; the set is filled in before it is read.
    unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), mask.as_mut_ptr());
        (1..32).filter(|&signal| libc::sigismember(mask.as_ptr(), signal) == 1).collect()
    }
}

#[test]
fn standard_streams_and_the_locale_stay_as_they_were() {
    alone("process::standard_streams_and_the_locale_stay_as_they_were", |settings| {
        let habits = || {
            // SAFETY: only asks; the locale's name is copied at once.
            let locale =
                unsafe { CStr::from_ptr(libc::setlocale(libc::LC_ALL, std::ptr::null())).to_owned() };
            // SAFETY: only asks.
            (locale, [0, 1, 2].map(|stream| unsafe { libc::fcntl(stream, libc::F_GETFL) }))
        };
        let before = habits();
        start(&settings);
        assert_eq!(habits(), before);
        Julia::stop();
        assert_eq!(habits(), before);
    });
}

#[test]
fn memory_does_not_grow_with_calls() {
    alone("process::memory_does_not_grow_with_calls", |settings| {
        let julia = start(&settings);
        let (identity, collect) = (id(julia, "identity_of"), id(julia, "collect_garbage"));
        let throw = id(julia, "always_throw");
        let column = vec![1.0; 10_000];
        let rounds = |calls: usize| {
            for number in 0..calls {
                call(julia, identity, &[], &column).unwrap();
                if number % 10 == 0 {
                    call_alone(julia, throw, &[]).unwrap_err();
                }
            }
            call_alone(julia, collect, &[]).unwrap();
            resident_bytes()
        };
        let before = rounds(2_000);
        let after = rounds(20_000);
        // A leak of one column in a hundred calls would be 16 MB.
        assert!(after < before + 8_000_000, "{before} bytes became {after}");
    });
}

fn resident_bytes() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn julia_without_work_uses_no_processor_time() {
    alone("process::julia_without_work_uses_no_processor_time", |settings| {
        let julia = start(&settings);
        call(julia, id(julia, "identity_of"), &[], &[1.0]).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        let before = processor_time();
        std::thread::sleep(Duration::from_millis(500));
        let used = processor_time() - before;
        assert!(used < Duration::from_millis(10), "{used:?}");
    });
}

fn processor_time() -> Duration {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: filled in before it is read.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    let micros = |time: libc::timeval| Duration::from_micros((time.tv_sec * 1_000_000 + time.tv_usec) as u64);
    micros(usage.ru_utime) + micros(usage.ru_stime)
}

#[test]
fn a_forked_child_is_refused_and_its_parent_goes_on() {
    alone("process::a_forked_child_is_refused_and_its_parent_goes_on", |settings| {
        let julia = start(&settings);
        let identity = id(julia, "identity_of");
        // SAFETY: the child only calls what is tested here, and leaves without running its parent's exit code.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let refused = call(julia, identity, &[], &[1.0])
                .is_err_and(|e| e.code().name() == "FORKED_PROCESS")
                && Julia::start(&settings).is_err_and(|e| e.code().name() == "FORKED_PROCESS");
            Julia::stop();
            // SAFETY: ends the child.
            unsafe { libc::_exit(i32::from(!refused)) };
        }
        let mut status = -1;
        // SAFETY: waits for our own child.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        assert!(call(julia, identity, &[], &[1.0]).is_ok());
    });
}

#[test]
fn an_overflow_is_caught_where_the_stack_has_no_limit() {
    alone("process::an_overflow_is_caught_where_the_stack_has_no_limit", |settings| {
        an_overflow_is_caught_below(&settings, stack_limit().rlim_max);
    });
}

#[test]
fn an_overflow_is_caught_where_stacks_are_small() {
    alone("process::an_overflow_is_caught_where_stacks_are_small", |settings| {
        an_overflow_is_caught_below(&settings, 1 << 20);
    });
}

fn an_overflow_is_caught_below(settings: &Settings, limit: libc::rlim_t) {
    let limits = libc::rlimit { rlim_cur: limit, ..stack_limit() };
    // SAFETY: a soft limit within the hard one.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_STACK, &raw const limits) }, 0);
    let julia = start(settings);
    for _ in 0..3 {
        let error = call_alone(julia, id(julia, "overflow"), &[]).unwrap_err();
        assert_eq!(error.code().name(), "JULIA_STACK_OVERFLOW");
    }
    assert_eq!(stack_limit().rlim_cur, limit);
}

fn stack_limit() -> libc::rlimit {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: only asks.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) }, 0);
    limit
}

/// A package of one file.
fn package(name: &str, source: &str) -> PathBuf {
    // A name with a meaning in Julia's strings.
    let folder = std::env::temp_dir().join(format!("omega \"${name}\" {}", std::process::id()));
    std::fs::create_dir_all(folder.join("src")).unwrap();
    std::fs::write(folder.join("src/OmegaJulia.jl"), source).unwrap();
    folder
}

#[test]
fn a_package_that_throws_while_it_loads_makes_julia_unavailable_and_says_why() {
    alone("process::a_package_that_throws_while_it_loads_makes_julia_unavailable_and_says_why", |settings| {
        let package = package("throws", "module OmegaJulia\nsqrt(-1.0)\nend\n");
        let settings = Settings { package: package.clone(), ..settings };
        let error = Julia::start(&settings).map(drop).unwrap_err();
        assert_eq!(error.code().name(), "JULIA_UNAVAILABLE");
        assert!(error.field("reason").unwrap().contains("DomainError"), "{error}");
        std::fs::remove_dir_all(package).unwrap();
        assert_eq!(Julia::start(&settings).map(drop).unwrap_err(), error);
    });
}

#[test]
fn a_package_of_another_version_is_refused() {
    alone("process::a_package_of_another_version_is_refused", |settings| {
        let source = "module OmegaJulia\nconst ABI = UInt32[48, 99]\nabi() = pointer(ABI)\nend\n";
        let package = package("version", source);
        let error = Julia::start(&Settings { package: package.clone(), ..settings }).map(drop).unwrap_err();
        std::fs::remove_dir_all(package).unwrap();
        assert_eq!(error.code().name(), "CONTRACT_MISMATCH");
        assert!(error.to_string().contains("version 99"), "{error}");
    });
}

#[test]
fn a_julia_that_someone_else_started_is_not_joined() {
    alone("process::a_julia_that_someone_else_started_is_not_joined", |settings| {
        let prefix = settings.julia.parent().unwrap().parent().unwrap();
        let lib = ["lib", "lib64"].map(|folder| prefix.join(folder));
        let found = lib.iter().find_map(|lib| {
            let file = |folder: PathBuf| {
                let mut files = std::fs::read_dir(folder).ok()?.map(|file| file.unwrap().path());
                files.find(|file| file.file_name().unwrap().to_string_lossy().starts_with("libjulia.so"))
            };
            file(lib.clone())
        });
        let Some(libjulia) = found else {
            eprintln!("skipped: this Julia keeps its library elsewhere");
            return;
        };
        // SAFETY: Julia's library, started as its manual says.
        unsafe {
            let flags = libc::RTLD_LAZY | libc::RTLD_GLOBAL;
            let library = libloading::os::unix::Library::open(Some(&libjulia), flags).unwrap();
            let init = library.get::<unsafe extern "C" fn()>(c"jl_init");
            init.or_else(|_| library.get(c"jl_init__threading")).unwrap()();
            std::mem::forget(library);
        }
        let error = Julia::start(&settings).map(drop).unwrap_err();
        assert_eq!(error.code().name(), "JULIA_UNAVAILABLE");
        assert!(error.to_string().contains("already runs"), "{error}");
    });
}

#[test]
fn a_julia_under_a_name_of_its_own_is_not_joined_either() {
    alone("process::a_julia_under_a_name_of_its_own_is_not_joined_either", |settings| {
        let folder = std::env::temp_dir().join(format!("omega-salted-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let library = folder.join("ICl90UHn_libjulia.so.1.13.1");
        std::fs::write(folder.join("salted.c"), "int jl_is_initialized(void) { return 1; }\n").unwrap();
        let mut compiler = std::process::Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-o"]).args([&library, &folder.join("salted.c")]);
        assert!(compiler.status().unwrap().success());
        // SAFETY: a library that does nothing when it is loaded.
        std::mem::forget(unsafe { libloading::os::unix::Library::new(&library) }.unwrap());
        let error = Julia::start(&settings).map(drop).unwrap_err();
        std::fs::remove_dir_all(folder).unwrap();
        assert_eq!(error.code().name(), "JULIA_UNAVAILABLE");
        assert!(error.to_string().contains("ICl90UHn_libjulia.so.1.13.1"), "{error}");
    });
}

#[test]
fn a_caller_who_no_longer_waits_leaves_the_start_to_the_next() {
    alone("process::a_caller_who_no_longer_waits_leaves_the_start_to_the_next", |settings| {
        let begun = Instant::now();
        let mut asked = 0;
        let mut poll = || {
            asked += 1;
            asked == 3
        };
        let error = Julia::start_interruptible(&settings, &mut poll).map(drop).unwrap_err();
        assert_eq!(error.code().name(), "INTERRUPTED");
        // A twentieth of a second each time; the rest is for a busy machine.
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        assert!(Julia::started().is_none());
        let mut never = || false;
        let julia =
            Julia::start_interruptible(&settings, &mut never).unwrap_or_else(|error| panic!("{error}"));
        assert!(call(julia, id(julia, "identity_of"), &[], &[1.0]).is_ok());
    });
}

#[test]
fn a_start_that_was_stopped_ends_at_once_and_is_refused() {
    alone("process::a_start_that_was_stopped_ends_at_once_and_is_refused", |settings| {
        let refused = Julia::start_interruptible(&settings, &mut || true).map(drop).unwrap_err();
        assert_eq!(refused.code().name(), "INTERRUPTED");
        let begun = Instant::now();
        Julia::stop();
        assert!(begun.elapsed() < Duration::from_secs(1));
        assert_eq!(Julia::start(&settings).map(drop).unwrap_err().code().name(), "JULIA_UNAVAILABLE");
    });
}
