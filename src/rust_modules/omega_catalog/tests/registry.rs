//! What the catalogue promises about its list of functions.

use std::collections::HashSet;

use omega_catalog::{MOST_COLUMNS, all, find, hidden};
use omega_contract::ErrorCode;

#[test]
fn every_function_is_found_by_its_name_and_no_name_is_taken_twice() {
    let mut names = HashSet::new();
    for function in all().iter().chain(hidden()) {
        assert!(names.insert(&function.spec.name), "{} stands there twice", function.spec.name);
        assert_eq!(find(&function.spec.name).expect("listed").spec.name, function.spec.name);
    }
}

#[test]
fn hidden_functions_are_those_of_the_probe_and_no_others() {
    assert!(all().iter().all(|function| function.spec.module() != "probe"));
    assert!(!hidden().is_empty() && hidden().iter().all(|function| function.spec.module() == "probe"));
}

#[test]
fn a_row_of_any_function_fits_on_the_stack() {
    for function in all().iter().chain(hidden()) {
        let columns = function.spec.inputs.len().max(function.spec.outputs.len());
        assert!(columns <= MOST_COLUMNS, "{} has {columns} columns", function.spec.name);
    }
}

#[test]
fn an_unknown_function_is_refused_with_the_nearest_name_that_is_not_hidden() {
    for (name, nearest) in [("ta.rsl", "ta.rsi"), ("risk.volatilty", "risk.volatility")] {
        let Err(error) = find(name) else { panic!("{name} is no function") };
        assert_eq!(error.code(), ErrorCode::UnknownFunction);
        assert_eq!(error.field("nearest"), Some(nearest));
    }
}
