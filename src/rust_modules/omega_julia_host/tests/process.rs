//! What Julia does to the process it runs in: each test has a process of its own, which must end by itself and
//! with status 0.

mod common;

use std::ffi::{CStr, c_int};
use std::io::Read;
use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::{SKIP, call, call_alone, id, settings};
use omega_julia_host::{Julia, Settings};

/// Starting Julia takes a second or so; this is for machines that are busy with other things.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs `body` in a process that runs only the test `name`, and expects it to end well.
fn alone(name: &str, body: impl FnOnce(Settings)) {
    let Some(settings) = settings() else { return };
    if std::env::var("OMEGA_HOST_TEST_ALONE").is_ok_and(|alone| alone == name) {
        return body(settings);
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env("OMEGA_HOST_TEST_ALONE", name)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let said = std::thread::spawn(move || {
        let mut said = String::new();
        stdout.read_to_string(&mut said).unwrap();
        stderr.read_to_string(&mut said).unwrap();
        said
    });
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{name} hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let said = said.join().unwrap();
    assert!(status.success(), "{name}: {status}\n{said}");
    assert!(said.contains("1 passed"), "{name} did not run\n{said}");
}

fn start(settings: &Settings) -> &'static Julia {
    Julia::start(settings).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_process_may_end_without_stopping_julia() {
    alone("a_process_may_end_without_stopping_julia", |settings| {
        let julia = start(&settings);
        call(julia, id(julia, "contract.identity"), &[SKIP], &[1.0]).unwrap();
    });
}

#[test]
fn a_process_may_end_while_julia_works() {
    alone("a_process_may_end_while_julia_works", |settings| {
        let julia = start(&settings);
        let collect = id(julia, "contract.collect");
        std::thread::spawn(move || while call_alone(julia, collect, &[SKIP]).is_ok() {});
        std::thread::sleep(Duration::from_millis(100));
    });
}

#[test]
fn after_a_stop_calls_are_refused() {
    alone("after_a_stop_calls_are_refused", |settings| {
        let julia = start(&settings);
        let identity = id(julia, "contract.identity");
        assert!(call(julia, identity, &[SKIP], &[1.0]).is_ok());
        julia.stop();
        let error = call(julia, identity, &[SKIP], &[1.0]).unwrap_err();
        assert_eq!(error.code().name(), "JULIA_UNAVAILABLE");
        assert_eq!(error.field("function"), Some("contract.identity"));
        assert!(error.to_string().contains("stopped"), "{error}");
        julia.stop();
    });
}

#[test]
fn a_stop_leaves_no_caller_waiting() {
    alone("a_stop_leaves_no_caller_waiting", |settings| {
        let julia = start(&settings);
        let identity = id(julia, "contract.identity");
        std::thread::scope(|scope| {
            let call_until_refused = || loop {
                if let Err(error) = call(julia, identity, &[SKIP], &[1.0]) {
                    return error;
                }
            };
            let callers: Vec<_> = (0..8).map(|_| scope.spawn(call_until_refused)).collect();
            std::thread::sleep(Duration::from_millis(50));
            julia.stop();
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
    alone("ctrl_c_and_all_signals_but_julias_own_stay_as_they_were", |settings| {
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
        let julia = start(&settings);
        assert_eq!(signals.map(handler), before);
        assert_eq!(blocked(), mask);
        // SAFETY: the process sends a signal that it handles to itself.
        unsafe { libc::kill(libc::getpid(), libc::SIGINT) };
        let start = Instant::now();
        while !NOTED.load(Ordering::SeqCst) {
            assert!(start.elapsed() < PATIENCE, "Ctrl-C does not arrive");
            std::thread::yield_now();
        }
        julia.stop();
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
    alone("standard_streams_and_the_locale_stay_as_they_were", |settings| {
        let habits = || {
            // SAFETY: only asks; the locale's name is copied at once.
            let locale =
                unsafe { CStr::from_ptr(libc::setlocale(libc::LC_ALL, std::ptr::null())).to_owned() };
            // SAFETY: only asks.
            (locale, [0, 1, 2].map(|stream| unsafe { libc::fcntl(stream, libc::F_GETFL) }))
        };
        let before = habits();
        let julia = start(&settings);
        assert_eq!(habits(), before);
        julia.stop();
        assert_eq!(habits(), before);
    });
}

#[test]
fn memory_does_not_grow_with_calls() {
    alone("memory_does_not_grow_with_calls", |settings| {
        let julia = start(&settings);
        let (identity, collect) = (id(julia, "contract.identity"), id(julia, "contract.collect"));
        let throw = id(julia, "contract.throw");
        let column = vec![1.0; 10_000];
        let rounds = |calls: usize| {
            for number in 0..calls {
                call(julia, identity, &[SKIP], &column).unwrap();
                if number % 10 == 0 {
                    call_alone(julia, throw, &[SKIP]).unwrap_err();
                }
            }
            call_alone(julia, collect, &[SKIP]).unwrap();
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
    alone("julia_without_work_uses_no_processor_time", |settings| {
        let julia = start(&settings);
        call(julia, id(julia, "contract.identity"), &[SKIP], &[1.0]).unwrap();
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
    alone("a_forked_child_is_refused_and_its_parent_goes_on", |settings| {
        let julia = start(&settings);
        let identity = id(julia, "contract.identity");
        // SAFETY: the child only calls what is tested here, and leaves without running its parent's exit code.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let refused = call(julia, identity, &[SKIP], &[1.0])
                .is_err_and(|e| e.code().name() == "FORKED_PROCESS")
                && Julia::start(&settings).is_err_and(|e| e.code().name() == "FORKED_PROCESS");
            julia.stop();
            // SAFETY: ends the child.
            unsafe { libc::_exit(i32::from(!refused)) };
        }
        let mut status = -1;
        // SAFETY: waits for our own child.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        assert!(call(julia, identity, &[SKIP], &[1.0]).is_ok());
    });
}

#[test]
fn an_overflow_is_caught_whatever_the_limit_of_the_stack() {
    alone("an_overflow_is_caught_whatever_the_limit_of_the_stack", |settings| {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: asks, and raises the soft limit as far as it may be.
        unsafe {
            libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit);
            limit.rlim_cur = limit.rlim_max;
            assert_eq!(libc::setrlimit(libc::RLIMIT_STACK, &raw const limit), 0);
        }
        let julia = start(&settings);
        let error = call_alone(julia, id(julia, "contract.overflow"), &[SKIP]).unwrap_err();
        assert_eq!(error.code().name(), "JULIA_STACK_OVERFLOW");
        let mut now = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: only asks.
        unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut now) };
        assert_eq!(now.rlim_cur, limit.rlim_cur);
    });
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
    alone("a_package_that_throws_while_it_loads_makes_julia_unavailable_and_says_why", |settings| {
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
    alone("a_package_of_another_version_is_refused", |settings| {
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
    alone("a_julia_that_someone_else_started_is_not_joined", |settings| {
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
