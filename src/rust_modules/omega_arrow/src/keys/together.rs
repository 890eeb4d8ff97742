//! Several columns of keys as one: a group for each combination that occurs.

use hashbrown::HashMap;

use super::{Groups, Key};
use omega_contract::{Error, Result, memory};

/// A column of keys: its groups, and the number of each row's.
pub type Numbered = (Groups, Vec<u32>);

/// What no group has as its number: a combination that was not met yet.
const UNKNOWN: u32 = u32::MAX;

/// Combinations, up to so many for each row, that have a place each in a table.
const PLACES_PER_ROW: u64 = 2;

/// The groups of rows by the keys of all columns, in order of first appearance. One column is as it is.
///
/// # Errors
/// `OUT_OF_MEMORY`
pub fn together(mut columns: Vec<Numbered>) -> Result<Numbered> {
    if columns.len() < 2 {
        return Ok(columns.pop().unwrap_or_default());
    }
    // Column after column, a combination is one of those before it and a key.
    let mut steps: Vec<Vec<(u32, u32)>> = Vec::with_capacity(columns.len());
    let mut numbers = Vec::new();
    for (groups, own) in &columns {
        if steps.is_empty() {
            numbers = memory::copied(own)?;
            steps.push(memory::collected((0..groups.next()).map(|group| (0, group)))?);
            continue;
        }
        let before = steps.last().map_or(0, Vec::len);
        steps.push(pairs(&mut numbers, before, own, groups.next())?);
    }
    let mut groups = Groups::default();
    for last in 0..steps.last().map_or(0, Vec::len) {
        let (mut place, mut keys) = (last, Vec::with_capacity(columns.len()));
        for (step, (groups, _)) in steps.iter().zip(&columns).rev() {
            let (before, own) = step[place];
            keys.push(groups.keys()[own as usize].copy()?);
            place = before as usize;
        }
        keys.reverse();
        groups.number_of(&Key::of(keys))?;
    }
    Ok((groups, numbers))
}

/// Replaces each row's number by that of its pair with another one; the pairs.
fn pairs(numbers: &mut [u32], count: usize, others: &[u32], other_count: u32) -> Result<Vec<(u32, u32)>> {
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    let mut add = |pair: (u32, u32)| -> Result<u32> {
        let number = u32::try_from(pairs.len()).ok().filter(|&number| number != UNKNOWN);
        let number =
            number.ok_or_else(|| Error::invalid_shape("the groups", "below 2^32 of them", "more"))?;
        memory::push(&mut pairs, pair)?;
        Ok(number)
    };
    let places = count as u64 * u64::from(other_count);
    let rows = numbers.iter_mut().zip(others);
    if places <= numbers_of(rows.len()) {
        let mut known = memory::filled(places as usize, UNKNOWN)?;
        for (number, &other) in rows {
            let place = &mut known[*number as usize * other_count as usize + other as usize];
            if *place == UNKNOWN {
                *place = add((*number, other))?;
            }
            *number = *place;
        }
    } else {
        let mut known: HashMap<u64, u32> = HashMap::new();
        for (number, &other) in rows {
            let pair = u64::from(*number) << 32 | u64::from(other);
            *number = match known.get(&pair) {
                Some(&known) => known,
                None => {
                    memory::reserve_entries(&mut known)?;
                    *known.entry(pair).or_insert(add((*number, other))?)
                }
            };
        }
    }
    Ok(pairs)
}

/// How many places a table may have for so many rows.
fn numbers_of(rows: usize) -> u64 {
    (rows as u64).saturating_mul(PLACES_PER_ROW).max(1 << 10)
}
