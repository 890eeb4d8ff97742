//! Reads streams without holding what their producers may wait for.
//!
//! Callbacks run without the GIL: a producer may have threads that need it, or be Python itself. Where a producer may
//! keep its caller waiting, and the caller is the thread that answers to Ctrl-C, another thread reads, so that this one
//! can look at signals. A running callback cannot be stopped: after an interruption that thread waits for it alone.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use omega_arrow::stream::Reading;
use omega_contract::{Error, Result};
use pyo3::intern;
use pyo3::prelude::*;

use crate::errors::Outcome;

/// How long a signal may wait to be looked at.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long a process that ends waits for readers that were left alone.
const FAREWELL: Duration = Duration::from_secs(1);

/// How much of a stream is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The type of its arrays.
    Schema,
    /// All arrays.
    Whole,
}

/// Reads a stream; `may_wait` says that the producer may keep its caller waiting.
pub fn read(py: Python<'_>, mut reading: Reading, extent: Extent, may_wait: bool) -> Outcome<Reading> {
    if may_wait && answers_to_signals(py)? {
        return read_elsewhere(py, reading, extent);
    }
    // The stream ends without the GIL, and what it handed out is released with it, on errors too.
    py.detach(|| {
        let read = run(&mut reading, extent, &AtomicBool::new(false));
        reading.end();
        read
    })?;
    Ok(reading)
}

/// Whether this thread is the one that Python runs signal handlers on.
fn answers_to_signals(py: Python<'_>) -> PyResult<bool> {
    let threading = py.import(intern!(py, "threading"))?;
    let current = threading.call_method0(intern!(py, "get_ident"))?;
    threading.call_method0(intern!(py, "main_thread"))?.getattr(intern!(py, "ident"))?.eq(current)
}

fn run(reading: &mut Reading, extent: Extent, stop: &AtomicBool) -> Result<()> {
    reading.read_schema()?;
    if extent == Extent::Whole {
        while !stop.load(Ordering::Relaxed) && reading.read_next()? {}
    }
    Ok(())
}

/// A reading on its way between threads, and how it went.
struct Answer {
    reading: Abandoned,
    read: Result<()>,
}

/// A reading that whoever drops it releases with the GIL held.
struct Abandoned(Option<Reading>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        let Some(mut reading) = self.0.take() else { return };
        reading.end();
        let mut left = Some(reading);
        // An interpreter that is shutting down gives nobody the GIL: the process is about to give everything back.
        Python::try_attach(|_| drop(left.take()));
        std::mem::forget(left);
    }
}

/// Readers of this process that have not ended, and which process that is: a forked child has none of its parent's.
static RUNNING: AtomicUsize = AtomicUsize::new(0);
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// One reader, as long as it runs.
struct Running;

impl Running {
    fn new() -> Self {
        if PROCESS.swap(process::id(), Ordering::Relaxed) != process::id() {
            RUNNING.store(0, Ordering::Relaxed);
        }
        RUNNING.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::Release);
    }
}

/// Has the interpreter wait for readers that nobody waits for, before it takes down what their producers may use.
fn wait_at_exit(py: Python<'_>) -> PyResult<()> {
    static ASKED: AtomicBool = AtomicBool::new(false);
    if !ASKED.swap(true, Ordering::Relaxed) {
        let wait = wrap_pyfunction!(wait_for_readers, py)?;
        py.import(intern!(py, "atexit"))?.call_method1(intern!(py, "register"), (wait,))?;
    }
    Ok(())
}

/// Waits a moment for readers that nobody waits for; a second Ctrl-C ends the wait.
#[pyfunction]
fn wait_for_readers(py: Python<'_>) {
    let until = Instant::now() + FAREWELL;
    let left = || PROCESS.load(Ordering::Relaxed) == process::id() && RUNNING.load(Ordering::Acquire) > 0;
    py.detach(|| {
        while left() && Instant::now() < until {
            thread::sleep(PATIENCE / 10);
            if Python::attach(|py| py.check_signals()).is_err() {
                break;
            }
        }
    });
}

/// Reads on a thread of its own, and looks at signals meanwhile.
fn read_elsewhere(py: Python<'_>, reading: Reading, extent: Extent) -> Outcome<Reading> {
    let (send, receive) = sync_channel(1);
    let stop = Arc::new(AtomicBool::new(false));
    let read = {
        let stop = Arc::clone(&stop);
        let running = Running::new();
        move |send: SyncSender<Answer>, mut reading: Abandoned| {
            let read = reading.0.as_mut().map_or(Ok(()), |reading| run(reading, extent, &stop));
            if let Some(reading) = &mut reading.0 {
                reading.end();
            }
            // Where nobody waits any more, the answer comes back and is dropped here.
            drop(send.send(Answer { reading, read }));
            drop(running);
        }
    };
    let process = process::id();
    py.detach(move || {
        let reading = Abandoned(Some(reading));
        thread::Builder::new().name("omega reader".into()).spawn(move || read(send, reading)).map_err(
            |reason| Error::stream_failed(0, format!("no thread could be started to read it ({reason})")),
        )?;
        loop {
            match receive.recv_timeout(PATIENCE) {
                Ok(mut answer) => {
                    answer.read?;
                    return answer.reading.0.take().ok_or_else(|| vanished().into());
                }
                Err(RecvTimeoutError::Disconnected) => return Err(vanished().into()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let interrupt = Python::attach(|py| py.check_signals());
            if process::id() != process {
                // A handler has forked, and the reader is a thread of the other process.
                return Err(Error::stream_failed(0, "the process was forked while it was read").into());
            }
            if let Err(interrupt) = interrupt {
                stop.store(true, Ordering::Relaxed);
                Python::attach(wait_at_exit)?;
                return Err(interrupt.into());
            }
        }
    })
}

fn vanished() -> Error {
    Error::internal("omega", "the thread that read a stream ended without an answer")
}
