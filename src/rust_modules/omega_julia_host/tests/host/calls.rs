//! Calls of the package: answers, errors, many threads.

use std::sync::atomic::{AtomicBool, Ordering};

use omega_julia_host::Columns;

use crate::common::{SKIP, call, call_alone, id, julia};

#[test]
fn what_goes_in_comes_out() {
    let Some(julia) = julia() else { return };
    let identity = id(julia, "probe.identity");
    for rows in [0, 1, 1_000] {
        let column: Vec<f64> = (0..rows).map(f64::from).collect();
        let outputs = call(julia, identity, &[SKIP], &column).unwrap();
        assert_eq!(outputs.len(), 1);
        let node = outputs.node(0).unwrap();
        assert_eq!((node.rows(), node.f64_values()), (column.len(), &*column));
        assert_eq!(node.buffer(1).unwrap().as_ptr().addr() % 64, 0);
    }
}

#[test]
fn eight_threads_call_while_julia_collects_its_garbage() {
    let Some(julia) = julia() else { return };
    let (identity, collect) = (id(julia, "probe.identity"), id(julia, "probe.collect"));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let collector = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                call_alone(julia, collect, &[SKIP]).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        });
        let callers: Vec<_> = (0..8)
            .map(|thread| {
                scope.spawn(move || {
                    for number in 0..2_000 {
                        let column = [f64::from(thread), f64::from(number)];
                        let outputs = call(julia, identity, &[SKIP], &column).unwrap();
                        assert_eq!(outputs.node(0).unwrap().f64_values(), column);
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        collector.join().unwrap();
    });
}

#[test]
fn a_function_that_throws_can_throw_for_ever() {
    let Some(julia) = julia() else { return };
    let throw = id(julia, "probe.throw");
    for _ in 0..2_000 {
        let error = call_alone(julia, throw, &[SKIP]).unwrap_err();
        assert_eq!(error.code().name(), "JULIA_EXCEPTION");
        assert!(error.field("reason").unwrap().contains("always"), "{error}");
    }
}

#[test]
fn an_overflow_of_julias_stack_is_an_error_like_others() {
    let Some(julia) = julia() else { return };
    let (overflow, identity) = (id(julia, "probe.overflow"), id(julia, "probe.identity"));
    for _ in 0..5 {
        assert_eq!(call_alone(julia, overflow, &[SKIP]).unwrap_err().code().name(), "JULIA_STACK_OVERFLOW");
        assert!(call(julia, identity, &[SKIP], &[1.0]).is_ok());
    }
}

#[test]
fn a_function_that_does_not_exist_is_refused() {
    let Some(julia) = julia() else { return };
    for number in [-1, i32::MAX] {
        assert_eq!(call_alone(julia, number, &[]).unwrap_err().code().name(), "INTERNAL");
    }
}

#[test]
fn schemas_and_arrays_come_in_pairs() {
    let Some(julia) = julia() else { return };
    let mut outputs = omega_julia_host::Outputs::new();
    let schema = omega_arrow::c::ArrowSchema::empty();
    // SAFETY: the one struct is live, and nobody gets to see it.
    let refused = unsafe {
        let columns = Columns { per_input: &[1], schemas: &[&raw const schema], arrays: &[] };
        julia.call(id(julia, "probe.identity"), &[SKIP], columns, &mut outputs)
    };
    assert_eq!(refused.unwrap_err().code().name(), "INTERNAL");
}

#[test]
fn a_second_start_gives_the_same_julia() {
    let Some(julia) = julia() else { return };
    let other = omega_julia_host::Settings { julia: "/nowhere".into(), package: "/nowhere".into() };
    assert!(std::ptr::eq(omega_julia_host::Julia::start(&other).unwrap(), julia));
    assert!(std::ptr::eq(omega_julia_host::Julia::started().unwrap(), julia));
    assert!(julia.version().starts_with("1."));
}
