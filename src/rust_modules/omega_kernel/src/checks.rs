//! Finds missing and impossible values before a kernel meets them.

use omega_arrow::column::Chunk;
use omega_contract::bounds::{ALLOWED_INPUT, is_input, shown};
use omega_contract::spec::Input;
use omega_contract::{Error, Result};

use crate::Nulls;
use crate::ordinary::{are_ordinary, is_ordinary};

/// Rows of a column that are looked at together: what is not ordinary among them is looked at once more, from the cache.
const BLOCK_ROWS: usize = 1024;

/// What a row is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// Every value is there and within bounds.
    Clean,
    /// A value is missing, and no other is out of bounds.
    Missing,
    /// A value is infinite, or of a magnitude that is not taken.
    Invalid,
}

/// What one row is good for; NaN is missing.
#[inline]
pub(crate) fn row(values: &[f64]) -> Checked {
    if is_usual(values) { Checked::Clean } else { unusual(values) }
}

/// Whether every value of a row is ordinary, so that it is surely clean.
///
/// One by one: the values of a row were written singly, and a processor has to wait before it can read a pair.
#[inline]
pub(crate) fn is_usual(values: &[f64]) -> bool {
    for value in values {
        if !is_ordinary(*value) {
            return false;
        }
    }
    true
}

/// [`row`] where a value is 0, missing, or out of bounds or near them.
#[cold]
#[inline(never)]
fn unusual(values: &[f64]) -> Checked {
    if values.iter().all(|value| is_input(*value)) {
        Checked::Clean
    } else if values.iter().any(is_out_of_bounds) {
        Checked::Invalid
    } else {
        Checked::Missing
    }
}

fn is_out_of_bounds(value: &f64) -> bool {
    !is_input(*value) && !value.is_nan()
}

/// Why a row is refused: its first value out of bounds, else its first missing one.
#[cold]
pub(crate) fn refusal(inputs: &[Input], values: &[f64], row: u64) -> Error {
    let named = || inputs.iter().zip(values);
    if let Some((input, value)) = named().find(|(_, value)| is_out_of_bounds(value)) {
        return Error::invalid_value(&input.name, ALLOWED_INPUT, shown(*value), row);
    }
    let name = named().find(|(_, value)| value.is_nan()).map_or("", |(input, _)| input.name.as_str());
    Error::missing_value(name, row, format!("nulls=\"{}\"", Nulls::Raise.as_str()))
}

/// Refuses a row that a kernel would refuse, before any of several kernels has taken it.
///
/// # Errors
/// `INVALID_VALUE`, or `MISSING_VALUE` where the policy is to raise.
pub fn check_row(inputs: &[Input], values: &[f64], nulls: Nulls, number: u64) -> Result<()> {
    match row(values) {
        Checked::Clean => Ok(()),
        Checked::Missing if nulls != Nulls::Raise => Ok(()),
        _ => Err(refusal(inputs, values, number)),
    }
}

/// Whether every value of every column is there and within bounds.
pub(crate) fn all_clean(columns: &[Chunk<'_>]) -> bool {
    columns.iter().all(|column| {
        within_bounds(column.values)
            && column.validity.is_none_or(|bitmap| (0..column.values.len()).all(|row| bitmap.get(row)))
    })
}

/// Whether every value is within bounds, NaN being out of them; without a branch per value, so that it vectorises.
fn within_bounds(values: &[f64]) -> bool {
    let exactly = |block: &[f64]| block.iter().fold(true, |within, value| within & is_input(*value));
    values.chunks(BLOCK_ROWS).all(|block| are_ordinary(block) || exactly(block))
}
