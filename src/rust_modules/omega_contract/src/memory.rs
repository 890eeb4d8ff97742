//! Memory that grows with the caller's data: asked for politely, and refused before it is asked for in vain.
//!
//! Linux grants far more than there is and kills the process that uses it, so a successful allocation proves nothing.
//! What is asked for is therefore first compared with what is free. Small vectors, whose size no caller chooses (a
//! message, the inputs of one row), need none of this.

/// How much memory this process can still get.
mod free;

use std::alloc::{Layout, alloc_zeroed};
use std::fmt::Display;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};

use hashbrown::{HashMap, HashTable};

use crate::{Error, Result};

/// What may be asked for, in one piece or in many, between two looks at how much is free.
const LOOK_BYTES: usize = 64 << 20;

/// The least room that a growing vector gets.
const FIRST_ROOM: usize = 4;

/// The function in a refusal, until whoever knows its name puts it in.
pub const SOME_FUNCTION: &str = "omega";

/// What was asked for since the last look.
static ASKED: AtomicUsize = AtomicUsize::new(0);

/// Refuses to ask for `bytes` where they are not to be had.
///
/// # Errors
/// `OUT_OF_MEMORY`
#[inline]
pub fn ask(bytes: usize) -> Result<()> {
    let before = ASKED.fetch_add(bytes.min(LOOK_BYTES), Ordering::Relaxed);
    if before.saturating_add(bytes) < LOOK_BYTES { Ok(()) } else { look(bytes) }
}

#[cold]
fn look(bytes: usize) -> Result<()> {
    // After a refusal the next request looks again, however small it is.
    if free::bytes().is_some_and(|free| bytes > free) {
        ASKED.store(LOOK_BYTES, Ordering::Relaxed);
        return Err(refusal(bytes));
    }
    ASKED.store(0, Ordering::Relaxed);
    Ok(())
}

/// The error of memory that could not be had. Whoever knows the name of the function called puts it in.
#[cold]
#[must_use]
pub fn refusal(bytes: usize) -> Error {
    refusal_of(bytes)
}

/// As [`refusal`], where nobody says how much was asked for.
#[must_use]
pub fn refusal_of_unknown() -> Error {
    refusal_of("an unknown number of")
}

fn refusal_of(bytes: impl Display) -> Error {
    let free = free::bytes().map_or_else(|| "an unknown number".into(), |free| free.to_string());
    Error::out_of_memory(SOME_FUNCTION, bytes, free)
}

/// Room in a vector for `additional` values more, and for some to come, so that growing costs little.
///
/// # Errors
/// `OUT_OF_MEMORY`; the vector is unchanged then.
#[inline]
pub fn reserve<T>(values: &mut Vec<T>, additional: usize) -> Result<()> {
    reserve_up_to(values, additional, usize::MAX)
}

/// As [`reserve`], for a vector that never holds more than `most` values: it gets no room beyond them.
///
/// # Errors
/// `OUT_OF_MEMORY`; the vector is unchanged then.
#[inline]
pub fn reserve_up_to<T>(values: &mut Vec<T>, additional: usize, most: usize) -> Result<()> {
    if additional <= values.capacity() - values.len() { Ok(()) } else { grow(values, additional, most) }
}

#[cold]
fn grow<T>(values: &mut Vec<T>, additional: usize, most: usize) -> Result<()> {
    grow_by(values, additional, most, reserve_exact)
}

fn grow_by<T>(
    values: &mut Vec<T>,
    additional: usize,
    most: usize,
    reserve: impl Fn(&mut Vec<T>, usize) -> Result<()>,
) -> Result<()> {
    // Where there is no room for as much again, a quarter or an eighth more still keeps what pushing costs in
    // proportion to the rows; growing by each would copy all of them each time.
    let capacity = values.capacity();
    for more in [capacity.max(FIRST_ROOM), capacity / 4, capacity / 8] {
        let room = capacity.saturating_add(more).min(most).saturating_sub(values.len());
        if room > additional && reserve(values, room).is_ok() {
            return Ok(());
        }
    }
    reserve(values, additional)
}

/// The same text.
///
/// # Errors
/// `OUT_OF_MEMORY`
pub fn text(text: &str) -> Result<String> {
    ask(text.len())?;
    let mut copy = String::new();
    copy.try_reserve_exact(text.len()).map_err(|_| refusal(text.len()))?;
    copy.push_str(text);
    Ok(copy)
}

/// Room in a map for one entry more, and for some to come.
///
/// # Errors
/// `OUT_OF_MEMORY`; the map is unchanged then.
#[inline]
pub fn reserve_entries<K: Eq + Hash, V>(map: &mut HashMap<K, V>) -> Result<()> {
    if map.len() < map.capacity() { Ok(()) } else { grow_map(map) }
}

#[cold]
fn grow_map<K: Eq + Hash, V>(map: &mut HashMap<K, V>) -> Result<()> {
    // A map that grows doubles, with a byte beside each entry.
    let bytes = map.capacity().max(FIRST_ROOM).saturating_mul(2 * (size_of::<(K, V)>() + 1));
    ask(bytes)?;
    map.try_reserve(1).map_err(|_| refusal(bytes))
}

/// As [`reserve_entries`], in a table whose entries `hash` tells the places of.
///
/// # Errors
/// `OUT_OF_MEMORY`; the table is unchanged then.
#[inline]
pub fn reserve_slots<T>(table: &mut HashTable<T>, hash: impl Fn(&T) -> u64) -> Result<()> {
    if table.len() < table.capacity() {
        return Ok(());
    }
    let bytes = table.capacity().max(FIRST_ROOM).saturating_mul(2 * (size_of::<T>() + 1));
    ask(bytes)?;
    table.try_reserve(1, hash).map_err(|_| refusal(bytes))
}

/// Room in a vector for `additional` values more and, if it has to grow, for no others.
///
/// # Errors
/// `OUT_OF_MEMORY`; the vector is unchanged then.
pub fn reserve_exact<T>(values: &mut Vec<T>, additional: usize) -> Result<()> {
    if additional <= values.capacity() - values.len() {
        return Ok(());
    }
    // While it grows, a vector may lie in memory twice.
    let bytes = values.len().saturating_add(additional).saturating_mul(size_of::<T>());
    ask(bytes)?;
    values.try_reserve_exact(additional).map_err(|_| refusal(bytes))
}

/// An empty vector with room for `rows` values.
///
/// # Errors
/// `OUT_OF_MEMORY`
pub fn room<T>(rows: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    reserve_exact(&mut values, rows)?;
    Ok(values)
}

/// A column of zeros for an answer to be written into. Memory that is fresh from the system is zero, and not touched before.
///
/// # Errors
/// `OUT_OF_MEMORY`
pub fn zeros(rows: usize) -> Result<Vec<f64>> {
    let bytes = rows.saturating_mul(size_of::<f64>());
    ask(bytes)?;
    let layout = Layout::array::<f64>(rows).map_err(|_| refusal(bytes))?;
    if layout.size() == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the layout has a size.
    let start = unsafe { alloc_zeroed(layout) };
    if start.is_null() {
        return Err(refusal(bytes));
    }
    // SAFETY: just allocated for as many, by the allocator of vectors, and no bits at all are 0.0.
    Ok(unsafe { Vec::from_raw_parts(start.cast(), rows, rows) })
}

/// A vector of `rows` times the same value.
///
/// # Errors
/// `OUT_OF_MEMORY`
pub fn filled<T: Clone>(rows: usize, value: T) -> Result<Vec<T>> {
    let mut values = room(rows)?;
    values.resize(rows, value);
    Ok(values)
}

/// A vector of the same values.
///
/// # Errors
/// `OUT_OF_MEMORY`
pub fn copied<T: Copy>(values: &[T]) -> Result<Vec<T>> {
    let mut copy = room(values.len())?;
    copy.extend_from_slice(values);
    Ok(copy)
}

/// A vector of what an iterator yields.
///
/// # Errors
/// `OUT_OF_MEMORY`
pub fn collected<T>(items: impl IntoIterator<Item = T>) -> Result<Vec<T>> {
    let items = items.into_iter();
    let mut values = room(items.size_hint().0)?;
    for item in items {
        push(&mut values, item)?;
    }
    Ok(values)
}

/// Adds one value.
///
/// # Errors
/// `OUT_OF_MEMORY`; the vector is unchanged then.
#[inline]
pub fn push<T>(values: &mut Vec<T>, value: T) -> Result<()> {
    reserve(values, 1)?;
    values.push(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    #[test]
    fn what_no_machine_has_is_refused_and_named() {
        let error = filled(1 << 45, 0.0).expect_err("256 TiB");
        assert_eq!(error.code(), ErrorCode::OutOfMemory);
        assert_eq!(error.field("value"), Some((1_u64 << 48).to_string().as_str()));
        let error = zeros(1 << 45).expect_err("256 TiB");
        assert_eq!(error.field("value"), Some((1_u64 << 48).to_string().as_str()));
        assert_eq!(zeros(2).expect("a few bytes"), [0.0; 2]);
        assert!(zeros(0).expect("nothing").is_empty());
        zeros(usize::MAX).expect_err("more than there are addresses");
        let error = room::<f64>(usize::MAX).expect_err("more than there are addresses");
        assert_eq!(error.field("value"), Some(usize::MAX.to_string().as_str()));
    }

    #[test]
    fn a_refused_vector_is_as_before_and_the_next_request_is_granted() {
        let mut values = vec![1.0, 2.0];
        reserve(&mut values, 1 << 45).expect_err("256 TiB");
        push(&mut values, 3.0).expect("a few bytes");
        assert_eq!(copied(&values).expect("a few bytes"), [1.0, 2.0, 3.0]);
    }

    #[test]
    fn near_the_end_of_memory_growing_stays_in_proportion() {
        let most = 1_000_000;
        let scarce = |values: &mut Vec<u8>, more: usize| {
            let wanted = values.len() + more;
            if wanted > most { Err(refusal(wanted)) } else { reserve_exact(values, more) }
        };
        let mut values = vec![0; 600_000];
        let mut grown = 0;
        while values.len() < most {
            if values.len() == values.capacity() {
                if grow_by(&mut values, 1, usize::MAX, scarce).is_err() {
                    break;
                }
                grown += 1;
            }
            values.push(0);
            // The last eighth is not worth a copy for each row; what can be had without one is enough.
            if values.len() > most / 8 * 7 {
                break;
            }
        }
        assert!(grown <= 3, "{grown} copies");
    }

    #[test]
    fn growing_doubles() {
        let mut values = Vec::new();
        let grown = (0..1000).filter(|&value| {
            let before = values.capacity();
            push(&mut values, value).expect("a few bytes");
            values.capacity() != before
        });
        assert!(grown.count() <= 11);
    }
}
