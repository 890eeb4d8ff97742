//! What a call of Julia costs over the queue: the identity of one number, from one and from four threads, and
//! after a pause, when Julia's thread sleeps. Needs `OMEGA_JULIA`.

#![expect(clippy::unwrap_used, reason = "a measurement of what fails is worth nothing")]

#[path = "../tests/host/common.rs"]
mod common;

use std::time::{Duration, Instant};

use common::{SKIP, call, call_alone, id, julia};
use omega_julia_host::Julia;

const CALLS: usize = 20_000;

fn main() {
    let Some(julia) = julia() else { return };
    for threads in [1, 2, 4] {
        report(&format!("{threads} threads, one call after the other"), calls_from(julia, threads, None));
    }
    report("1 thread, a pause before each", calls_from(julia, 1, Some(Duration::from_millis(1))));
    let throw = id(julia, "probe.throw");
    let errors = (0..CALLS).map(|_| timed(|| drop(call_alone(julia, throw, &[SKIP]).unwrap_err()))).collect();
    report("1 thread, an exception each", errors);
}

/// Durations of calls of the identity, each thread after its own pauses.
fn calls_from(julia: &Julia, threads: usize, pause: Option<Duration>) -> Vec<Duration> {
    let identity = id(julia, "probe.identity");
    let calls = if pause.is_some() { CALLS / 10 } else { CALLS } / threads;
    let one_thread = || {
        let durations = (0..calls).map(|_| {
            pause.inspect(|&pause| std::thread::sleep(pause));
            timed(|| drop(call(julia, identity, &[SKIP], &[1.0]).unwrap()))
        });
        durations.collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..threads).map(|_| scope.spawn(one_thread)).collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    })
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn report(what: &str, mut durations: Vec<Duration>) {
    durations.sort_unstable();
    let at = |share: f64| durations[(share * (durations.len() - 1) as f64) as usize].as_secs_f64() * 1e6;
    println!("{what:45} min {:7.1} us   p50 {:7.1} us   p99 {:7.1} us", at(0.0), at(0.5), at(0.99));
}
