//! What holds for the memory of every function of every registry, whatever it computes.

/// An allocator that refuses when told to, and counts.
mod allocator;
/// Memory grows with the rows that are held, not with the parameters.
mod held;
/// Each part of a kernel as a function of its own.
#[expect(dead_code, reason = "shared with the laws, which use all of it")]
#[path = "../laws/parts.rs"]
mod parts;
/// Whatever is refused, the answer is an error and the state is as before.
mod refused;
/// Functions, parameters and data to try.
#[expect(dead_code, unused_imports, reason = "shared with the laws, which use all of it")]
#[path = "../laws/support.rs"]
mod support;

use omega_contract::params::{Given, Params};
use omega_contract::spec::{Parameter, ParameterType, Unit};
use omega_kernel::Body;

use support::{ReductionCase, RowwiseCase, functions, reduction_cases_of};

/// Every reduction under each of its parameters.
fn reductions() -> Vec<ReductionCase> {
    functions().iter().chain(&parts::functions()).flat_map(reduction_cases_of).collect()
}

/// Every rowwise function with all its numbers of rows from `rows` on.
fn long_cases(rows: i64) -> impl Iterator<Item = RowwiseCase> {
    functions().into_iter().chain(parts::functions()).filter_map(move |function| {
        let Body::Rowwise(factory) = function.body else { return None };
        let lengths = function.spec.parameters.iter().zip(rows..);
        let in_rows = |parameter: &Parameter| {
            parameter.parameter_type == ParameterType::Int && parameter.unit == Unit::Rows
        };
        let lengths = lengths.filter(|(parameter, _)| in_rows(parameter));
        let given = lengths.map(|(parameter, rows)| (parameter.name.as_str(), Given::Int(rows)));
        let params = Params::resolve(&function.spec, given).expect("long windows are allowed");
        Some(RowwiseCase { spec: function.spec, factory, params })
    })
}
