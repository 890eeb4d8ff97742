//! A package that breaks the rules of the call: each time a typed error, and Julia goes on.

use omega_contract::Error;
use omega_julia_host::{Columns, Julia, Outputs};

use crate::alone::{alone, start};
use crate::common::{call, id};

/// What comes of a function, after which the next call must work as ever.
fn fault(julia: &Julia, function: &str) -> Error {
    let mut outputs = Outputs::new();
    // SAFETY: there are no pointers.
    let answer = unsafe { julia.call(id(julia, function), &[], Columns::default(), &mut outputs) };
    assert!(outputs.is_empty(), "{function} left something behind");
    assert!(call(julia, id(julia, "identity_of"), &[], &[1.0]).is_ok());
    answer.unwrap_err()
}

#[test]
fn memory_that_makes_no_sense_is_refused() {
    alone("rules::memory_that_makes_no_sense_is_refused", |settings| {
        let julia = start(&settings);
        for function in [
            "ask_twice",
            "change_the_length",
            "ask_for_a_fourth_buffer",
            "ask_for_less_than_nothing",
            "leave_an_output_out",
        ] {
            let error = fault(julia, function);
            assert_eq!(error.code().name(), "CONTRACT_MISMATCH", "{function}: {error}");
            assert!(error.to_string().contains(function), "{error}");
        }
    });
}

#[test]
fn memory_that_the_system_does_not_have_is_an_error() {
    alone("rules::memory_that_the_system_does_not_have_is_an_error", |settings| {
        let error = fault(start(&settings), "ask_for_too_much");
        assert_eq!(error.code().name(), "OUT_OF_MEMORY");
    });
}

#[test]
fn a_status_without_a_report_is_a_broken_contract() {
    alone("rules::a_status_without_a_report_is_a_broken_contract", |settings| {
        let error = fault(start(&settings), "return_a_status_alone");
        assert_eq!(error.code().name(), "CONTRACT_MISMATCH");
    });
}

#[test]
fn a_code_from_a_newer_package_is_internal() {
    alone("rules::a_code_from_a_newer_package_is_internal", |settings| {
        let error = fault(start(&settings), "report_an_unknown_code");
        assert_eq!(error.code().name(), "INTERNAL");
        assert!(error.to_string().contains("9999"), "{error}");
    });
}
