//! Finds missing and impossible values before a kernel meets them.

use omega_arrow::column::{Bitmap, Chunk};
use omega_arrow::gaps::{BITS, WORD_ROWS};
use omega_contract::bounds::{ALLOWED_INPUT, is_input, shown};
use omega_contract::spec::Input;
use omega_contract::{Error, Result};

use crate::Nulls;
use crate::ordinary::{are_in_place, are_ordinary, is_ordinary, place};

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
#[must_use]
pub fn refusal(inputs: &[Input], values: &[f64], row: u64) -> Error {
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
        let rows = column.values.len();
        let all_there = |bitmap: Bitmap<'_>| {
            (0..rows).step_by(WORD_ROWS).all(|from| {
                let to = rows.min(from + WORD_ROWS);
                bitmap.word(from, to) == bits(to - from)
            })
        };
        column.validity.is_none_or(all_there) && within_bounds(column.values)
    })
}

/// Whether every value is within bounds, NaN being out of them; without a branch per value, so that it vectorises.
fn within_bounds(values: &[f64]) -> bool {
    let exactly = |block: &[f64]| block.iter().fold(true, |within, value| within & is_input(*value));
    values.chunks(BLOCK_ROWS).all(|block| are_ordinary(block) || exactly(block))
}

/// What up to 64 rows are good for, the first in the lowest bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// Rows of which every value is there and within bounds.
    pub(crate) clean: u64,
    /// Rows of which a value is out of bounds.
    pub(crate) wrong: u64,
}

/// Which rows are clean, 64 to a word, and whether all are; else the first row that the policy refuses.
pub(crate) fn clean_rows(
    columns: &[Chunk<'_>],
    nulls: Nulls,
    words: &mut [u64],
) -> std::result::Result<bool, usize> {
    let rows = columns[0].values.len();
    let mut all = true;
    for (word, from) in words.iter_mut().zip((0..rows).step_by(WORD_ROWS)) {
        let to = rows.min(from + WORD_ROWS);
        let Look { clean, wrong } = look(columns, from, to);
        let missing = !clean & bits(to - from);
        let refused = if nulls == Nulls::Raise { missing } else { wrong };
        if refused != 0 {
            return Err(from + refused.trailing_zeros() as usize);
        }
        all &= missing == 0;
        *word = clean;
    }
    Ok(all)
}

/// Looks at the rows from `from` up to, not including, `to`.
#[inline]
pub(crate) fn look(columns: &[Chunk<'_>], from: usize, to: usize) -> Look {
    let mut seen = Look { clean: bits(to - from), wrong: 0 };
    for column in columns {
        let there = column.validity.map(|bitmap| bitmap.word(from, to));
        let values = &column.values[from..to];
        let Glance { present, ordinary } = match there {
            None => glance(values, |_| true),
            Some(there) => glance(values, |bit| there & bit != 0),
        };
        if ordinary {
            seen.clean &= present;
            continue;
        }
        let within =
            (0..).zip(values).fold(0, |within, (row, value)| within | u64::from(is_input(*value)) << row);
        seen.clean &= present & within;
        seen.wrong |= present & !within;
    }
    seen
}

/// What is seen of up to 64 values at once.
struct Glance {
    /// Those that are there, and not NaN.
    present: u64,
    /// Whether all of these are ordinary.
    ordinary: bool,
}

/// In one loop, which vectorises.
#[inline(always)]
fn glance(values: &[f64], is_there: impl Fn(u64) -> bool) -> Glance {
    let (present, places) = values.iter().zip(&BITS).fold((0, 0), |(present, places), (value, bit)| {
        let is_present = !value.is_nan() & is_there(*bit);
        if is_present { (present | bit, places | place(*value)) } else { (present, places) }
    });
    Glance { present, ordinary: are_in_place(places) }
}

/// As many ones.
#[inline]
fn bits(rows: usize) -> u64 {
    u64::MAX.checked_shr((WORD_ROWS - rows) as u32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_tells_each_row_as_a_check_of_it_would() {
        let kinds = [1.0, f64::NAN, 0.0, f64::INFINITY, -3.0, 1e-200, -1e101, 5e99];
        let (mut state, mut next) = (7_u64, 0);
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            next = (state >> 33) as usize % below;
            next
        };
        let column = |random: &mut dyn FnMut(usize) -> usize, kinds: &[f64]| -> Vec<f64> {
            (0..200).map(|_| kinds[random(kinds.len())]).collect()
        };
        for few in [1, 2, 3, 8] {
            let columns = [column(&mut random, &kinds[..few]), column(&mut random, &kinds[..few])];
            let bytes: Vec<u8> = (0..40).map(|_| random(256) as u8).collect();
            for offset in [0, 3, 8, 13] {
                let validity = Some(Bitmap::new(&bytes, offset));
                let chunks = [Chunk::dense(&columns[0]), Chunk { values: &columns[1], validity }];
                for (from, to) in [(0, 64), (64, 128), (1, 2), (7, 70), (136, 200), (199, 200)] {
                    let Look { clean, wrong } = look(&chunks, from, to);
                    for place in from..to {
                        let checked = row(&chunks.map(|chunk| chunk.get(place)));
                        let expected = (checked == Checked::Clean, checked == Checked::Invalid);
                        let bit = |word: u64| word >> (place - from) & 1 == 1;
                        assert_eq!((bit(clean), bit(wrong)), expected, "row {place} of {from}..{to}");
                    }
                    let clean = all_clean(&chunks.map(|chunk| chunk.slice(from, to)));
                    assert_eq!(clean, look(&chunks, from, to).clean == bits(to - from));
                }
            }
        }
    }
}
