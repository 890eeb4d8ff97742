//! The only PyO3 crate: serves every function of every module to Python, and owns nothing else.

/// Incremental risk metrics: update, merge, value.
mod accumulators;
/// Columns and tables on their way back to Python, as Arrow capsules and buffers.
mod answers;
/// What callers choose, as Rust: parameters, policies and names.
mod arguments;
/// Whatever data Python holds, borrowed for the length of a call.
mod data;
/// What live objects say of themselves.
mod descriptions;
/// One place that turns errors and panics into Python exceptions.
mod errors;
/// Methods as CPython's fast calls.
mod fastcalls;
/// Many functions, one native call per bar or batch.
mod feature_sets;
/// Functions by name, and the one call that serves them all.
mod functions;
/// Group keys as Python has them.
mod groups;
/// Functions written in Julia: the same inputs, handed to the host.
mod julia;
/// Keys of groups as Python objects.
mod keys;
/// What all live objects do alike.
mod live;
/// Many metrics of the same rows, one native call per chunk.
mod metric_sets;
/// Python objects, made so that missing memory is an exception.
mod objects;
/// The caller's own memory for answers.
mod outputs;
/// The records behind the tables, as Python classes.
mod records;
/// Every function of every language, by name.
mod registry;
/// Hands an import to the catalogue, and what comes back to Python.
mod run;
/// Arrow schemas as Python sees them.
mod schemas;
/// Snapshots back into live objects.
mod snapshots;
/// Indicators bar by bar.
mod streams;
/// Hidden entries that only tests call.
mod testing;
/// What Python objects are called in messages, whatever their own code does when it is asked.
mod words;

use pyo3::prelude::*;

/// Keeps pages: the first touch of fresh memory costs more than most kernels.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[pymodule]
fn _rust(module: &Bound<'_, PyModule>) -> PyResult<()> {
    errors::install_panic_hook();
    module.add_class::<functions::Function>()?;
    module.add_class::<answers::Column>()?;
    module.add_class::<answers::Table>()?;
    module.add_class::<data::CopyLog>()?;
    module.add_class::<streams::Stream>()?;
    streams::add_methods(module.py())?;
    module.add_class::<accumulators::Accumulator>()?;
    module.add_class::<metric_sets::MetricSet>()?;
    module.add_class::<feature_sets::FeatureSet>()?;
    feature_sets::add_methods(module.py())?;
    module.add_function(wrap_pyfunction!(functions::function, module)?)?;
    module.add_function(wrap_pyfunction!(registry::function_names, module)?)?;
    module.add_function(wrap_pyfunction!(registry::function_specs_json, module)?)?;
    module.add_function(wrap_pyfunction!(snapshots::restore, module)?)?;
    module.add_function(wrap_pyfunction!(julia::julia_start, module)?)?;
    module.add_function(wrap_pyfunction!(julia::julia_stop, module)?)?;
    records::register(module)?;
    schemas::register(module)?;
    testing::register(module)
}
