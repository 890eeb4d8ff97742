//! Julia for tests, and calls of the package's hidden functions.

use std::ffi::c_void;

use omega_arrow::c::{ArrowArray, ArrowSchema};
use omega_contract::Result;
use omega_julia_host::{Columns, Julia, Outputs, Settings, find};

/// The Julia that `OMEGA_JULIA` names, and a package; none, with a word about it, without one.
pub fn settings(package: &str) -> Option<Settings> {
    let Some(named) = std::env::var_os("OMEGA_JULIA") else {
        eprintln!("skipped: OMEGA_JULIA is not set, so there is no Julia to test with");
        return None;
    };
    Some(Settings { julia: find(Some(named), None, None).unwrap(), package: package.into() })
}

/// Julia with this repository's package, started.
pub fn julia() -> Option<&'static Julia> {
    let package = concat!(env!("CARGO_MANIFEST_DIR"), "/../../julia_modules/omega_julia");
    Some(Julia::start(&settings(package)?).unwrap_or_else(|error| panic!("{error}")))
}

/// The number of a function.
pub fn id(julia: &Julia, name: &str) -> i32 {
    let names = julia.function_names();
    names.iter().position(|other| other == name).unwrap_or_else(|| panic!("no {name} in {names:?}")) as i32
}

/// What to do about missing rows: every function's last parameter.
pub const SKIP: f64 = 0.0;

/// Calls a function of one column of numbers.
pub fn call(julia: &Julia, id: i32, params: &[f64], column: &[f64]) -> Result<Outputs> {
    // SAFETY: the structs are live, and describe a borrowed column.
    with_column(column, |schema, array, outputs| unsafe {
        julia.call(id, params, Columns { per_input: &[1], schemas: &[schema], arrays: &[array] }, outputs)
    })
}

/// Lends a column of numbers to `call`, which fills the outputs.
pub fn with_column(
    column: &[f64],
    call: impl FnOnce(*const ArrowSchema, *const ArrowArray, &mut Outputs) -> Result<()>,
) -> Result<Outputs> {
    let mut buffers = [std::ptr::null(), column.as_ptr().cast::<c_void>()];
    let mut array = ArrowArray::empty();
    array.length = column.len() as i64;
    array.n_buffers = 2;
    array.buffers = buffers.as_mut_ptr();
    let mut schema = ArrowSchema::empty();
    schema.format = c"g".as_ptr();
    let mut outputs = Outputs::new();
    call(&raw const schema, &raw const array, &mut outputs)?;
    Ok(outputs)
}

/// Calls a function without inputs.
pub fn call_alone(julia: &Julia, id: i32, params: &[f64]) -> Result<Outputs> {
    let mut outputs = Outputs::new();
    // SAFETY: there are no pointers.
    unsafe { julia.call(id, params, Columns::default(), &mut outputs) }?;
    Ok(outputs)
}
