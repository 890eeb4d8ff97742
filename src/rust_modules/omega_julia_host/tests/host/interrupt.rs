//! Calls that are stopped: the one that runs, one that waits for its turn, and no other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use omega_julia_host::{Columns, Julia};

use crate::common::{SKIP, call, id, julia, with_column};

/// Ten states from a thousand places, a search that takes minutes.
const LONG: [f64; 7] = [10.0, 0.0, 1000.0, 1e6, 1e-12, 1e-4, SKIP];

fn returns() -> Vec<f64> {
    (1..=3_000).map(|i| 0.01 * f64::sin(7.0 * f64::from(i * i))).collect()
}

/// The name of the error of a long call that is stopped after `patience`, and how long it took to end then.
fn stopped(julia: &Julia, function: &str, params: &[f64], patience: Duration) -> (String, Duration) {
    let (start, mut asked) = (Instant::now(), None);
    let mut poll = || {
        assert!(asked.is_none(), "asked again after it said to stop");
        let stop = start.elapsed() > patience;
        asked = stop.then(Instant::now);
        stop
    };
    let number = id(julia, function);
    // SAFETY: the structs are live, and describe a borrowed column.
    let answer = with_column(&returns(), |schema, array, outputs| unsafe {
        let columns = Columns { per_input: &[1], schemas: &[schema], arrays: &[array] };
        julia.call_interruptible(number, params, columns, outputs, &mut poll)
    });
    let error = answer.unwrap_err();
    assert_eq!(error.field("function"), Some(function), "{error}");
    (error.code().name().to_owned(), asked.unwrap().elapsed())
}

#[test]
fn a_long_call_is_stopped_and_the_next_one_works() {
    let Some(julia) = julia() else { return };
    let many_replications = [0.05, 1e6, 0.0, 0.95, 0.0, SKIP];
    for (function, params) in
        [("regimes.hidden_markov", &LONG[..]), ("simulation.stationary_bootstrap", &many_replications)]
    {
        for patience in [0, 200] {
            let (code, took) = stopped(julia, function, params, Duration::from_millis(patience));
            assert_eq!(code, "INTERRUPTED");
            assert!(took < Duration::from_secs(1), "{function} took {took:?} to stop");
        }
        let outputs = call(julia, id(julia, "probe.identity"), &[SKIP], &[1.0, 2.0]).unwrap();
        assert_eq!(outputs.node(0).unwrap().f64_values(), [1.0, 2.0]);
    }
}

#[test]
fn calls_of_other_threads_go_on() {
    let Some(julia) = julia() else { return };
    let done = AtomicBool::new(false);
    let models = || {
        let mut calls = 0;
        while !done.load(Ordering::Relaxed) || calls == 0 {
            call(julia, id(julia, "volatility.garch"), &[10.0, 0.0, 0.0, 500.0, SKIP], &returns()).unwrap();
            calls += 1;
        }
    };
    std::thread::scope(|scope| {
        let others = [scope.spawn(models), scope.spawn(models)];
        for patience in [0, 50, 0, 120, 0, 70] {
            assert_eq!(
                stopped(julia, "regimes.hidden_markov", &LONG, Duration::from_millis(patience)).0,
                "INTERRUPTED"
            );
        }
        done.store(true, Ordering::Relaxed);
        for other in others {
            other.join().unwrap();
        }
    });
}
