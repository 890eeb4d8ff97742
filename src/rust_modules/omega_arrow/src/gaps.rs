//! Closes the gaps that missing rows leave in a column, and opens them again.
//!
//! Which rows are there is told by words of 64 bits, the first row in the lowest bit. A few missing rows in a hundred cut a
//! column into short runs of any length, and a processor guesses wrong at the end of most of them. So four rows at a time
//! are put into place by a table of the sixteen ways in which they can be there, without a branch.

/// Rows that one word tells of.
pub const WORD_ROWS: usize = u64::BITS as usize;

/// The bit of each row in a word. With the bit at hand a loop over values vectorises, which a shift by a place would not.
pub const BITS: [u64; WORD_ROWS] = {
    let mut bits = [0; WORD_ROWS];
    let mut row = 0;
    while row < WORD_ROWS {
        bits[row] = 1 << row;
        row += 1;
    }
    bits
};

/// The values of as many rows.
type Word = [f64; WORD_ROWS];

/// Moves the rows that are there to the front of `to`, in their order, and says how many. Behind them lies anything.
///
/// # Panics
/// Where `to` has fewer rows than `from`, or words are lacking.
pub fn close(words: &[u64], from: &[f64], to: &mut [f64]) -> usize {
    let mut moved = 0;
    for (word, from) in words[..from.len().div_ceil(WORD_ROWS)].iter().zip(from.chunks(WORD_ROWS)) {
        let to = &mut to[moved..moved + from.len()];
        match (from.first_chunk::<WORD_ROWS>(), to.first_chunk_mut::<WORD_ROWS>()) {
            (Some(from), Some(to)) if *word == u64::MAX => *to = *from,
            (Some(from), Some(to)) if *word != 0 => lanes::close(*word, from, to),
            _ => close_each(*word, from, to),
        }
        moved += rows_of(*word, from.len());
    }
    moved
}

/// [`close`] for the numbers of groups.
///
/// # Panics
/// As [`close`].
pub fn close_groups(words: &[u64], from: &[u32], to: &mut [u32]) -> usize {
    let mut moved = 0;
    for (word, from) in words[..from.len().div_ceil(WORD_ROWS)].iter().zip(from.chunks(WORD_ROWS)) {
        close_each(*word, from, &mut to[moved..moved + from.len()]);
        moved += rows_of(*word, from.len());
    }
    moved
}

/// Moves rows from the front of `from` to where they are there, in their order, and makes the others NaN.
///
/// # Panics
/// Where `from` has fewer rows than `to`, whatever lies in the last ones, or words are lacking.
pub fn open(words: &[u64], from: &[f64], to: &mut [f64]) {
    let mut moved = 0;
    for (word, to) in words[..to.len().div_ceil(WORD_ROWS)].iter().zip(to.chunks_mut(WORD_ROWS)) {
        let from = &from[moved..moved + to.len()];
        match (from.first_chunk::<WORD_ROWS>(), to.first_chunk_mut::<WORD_ROWS>()) {
            (Some(from), Some(to)) if *word == u64::MAX => *to = *from,
            (Some(from), Some(to)) if *word != 0 => lanes::open(*word, from, to),
            _ => open_each(*word, from, to),
        }
        moved += rows_of(*word, to.len());
    }
}

/// How many of the first rows of a word are there.
fn rows_of(word: u64, rows: usize) -> usize {
    (word << (WORD_ROWS - rows)).count_ones() as usize
}

/// Up to 64 rows, one by one.
fn close_each<T: Copy>(word: u64, from: &[T], to: &mut [T]) {
    let mut moved = 0;
    for (row, value) in from.iter().enumerate() {
        // Written in any case, so that no branch is there to be guessed: the next row that is there takes its place.
        to[moved] = *value;
        moved += (word >> row & 1) as usize;
    }
}

/// Up to 64 rows, one by one.
fn open_each(word: u64, from: &[f64], to: &mut [f64]) {
    let mut moved = 0;
    for (row, value) in to.iter_mut().enumerate() {
        let there = word >> row & 1;
        *value = if there == 1 { from[moved] } else { f64::NAN };
        moved += there as usize;
    }
}

/// Four rows at a time, by instructions that every processor of the build's baseline has.
#[cfg(all(target_arch = "x86_64", target_feature = "avx2", not(miri)))]
mod lanes {
    use std::arch::x86_64::{
        __m256i, _mm256_blendv_pd, _mm256_castpd_si256, _mm256_castsi256_pd, _mm256_loadu_pd,
        _mm256_loadu_si256, _mm256_permutevar8x32_epi32, _mm256_set1_pd, _mm256_storeu_pd,
    };

    use super::Word;

    /// Rows that are moved at once.
    const LANES: usize = 4;

    /// Which two halves of a value go to each lane, for the rows that are there as bits of the place in the table. The
    /// sign, which is no part of a number of a half, says of a lane that its row is missing.
    type Table = [[u32; 2 * LANES]; 1 << LANES];

    const MISSING: u32 = 1 << 31;

    const CLOSE: Table = {
        let mut table = [[0; 2 * LANES]; 1 << LANES];
        let mut there = 0;
        while there < table.len() {
            let (mut row, mut moved) = (0, 0);
            while row < LANES {
                if there >> row & 1 == 1 {
                    table[there][2 * moved] = 2 * row as u32;
                    table[there][2 * moved + 1] = 2 * row as u32 + 1;
                    moved += 1;
                }
                row += 1;
            }
            there += 1;
        }
        table
    };

    const OPEN: Table = {
        let mut table = [[MISSING; 2 * LANES]; 1 << LANES];
        let mut there = 0;
        while there < table.len() {
            let (mut row, mut moved) = (0, 0);
            while row < LANES {
                if there >> row & 1 == 1 {
                    table[there][2 * row] = 2 * moved;
                    table[there][2 * row + 1] = 2 * moved + 1;
                    moved += 1;
                }
                row += 1;
            }
            there += 1;
        }
        table
    };

    /// The lanes for the rows from `row` on, and how many of them are there.
    #[inline(always)]
    fn lanes(table: &'static Table, word: u64, row: usize) -> (__m256i, usize) {
        let there = (word >> row) as usize % table.len();
        // SAFETY: the processor has AVX2, without which this module is not compiled, and 32 bytes are read from as many.
        let lanes = unsafe { _mm256_loadu_si256(table[there].as_ptr().cast()) };
        (lanes, there.count_ones() as usize)
    }

    #[inline(always)]
    pub(super) fn close(word: u64, from: &Word, to: &mut Word) {
        let mut moved = 0;
        for row in (0..from.len()).step_by(LANES) {
            let (lanes, there) = lanes(&CLOSE, word, row);
            // SAFETY: the processor has AVX2. Four rows are read at `row`, of which at least four follow, and written at
            // `moved`, which is not above `row`, as each row before it was moved once at most.
            unsafe {
                let values = _mm256_castpd_si256(_mm256_loadu_pd(from.as_ptr().add(row)));
                let values = _mm256_castsi256_pd(_mm256_permutevar8x32_epi32(values, lanes));
                _mm256_storeu_pd(to.as_mut_ptr().add(moved), values);
            }
            moved += there;
        }
    }

    #[inline(always)]
    pub(super) fn open(word: u64, from: &Word, to: &mut Word) {
        let mut moved = 0;
        for row in (0..to.len()).step_by(LANES) {
            let (lanes, there) = lanes(&OPEN, word, row);
            // SAFETY: the processor has AVX2. Four rows are written at `row`, of which at least four follow, and read at
            // `moved`, which is not above `row`, as each row before it was moved once at most.
            unsafe {
                let values = _mm256_castpd_si256(_mm256_loadu_pd(from.as_ptr().add(moved)));
                let values = _mm256_castsi256_pd(_mm256_permutevar8x32_epi32(values, lanes));
                let missing = _mm256_set1_pd(f64::NAN);
                let values = _mm256_blendv_pd(values, missing, _mm256_castsi256_pd(lanes));
                _mm256_storeu_pd(to.as_mut_ptr().add(row), values);
            }
            moved += there;
        }
    }
}

/// One by one, where the processor is another one, or none.
#[cfg(not(all(target_arch = "x86_64", target_feature = "avx2", not(miri))))]
mod lanes {
    pub(super) use super::{close_each as close, open_each as open};
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random, the same in every run.
    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *state >> 16
    }

    /// Bits, as NaN is one of the values.
    fn bits(values: &[f64]) -> Vec<u64> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    /// A number that tells its row, or bits that are none.
    fn value(row: usize) -> f64 {
        match row % 7 {
            0 => f64::from_bits(0x7ff4_0000_0000_0000 + row as u64),
            1 => -0.0,
            2 => f64::NEG_INFINITY,
            _ => row as f64,
        }
    }

    fn agrees_with_a_loop(words: &[u64], rows: usize) {
        let is_there = |row: &usize| words[row / WORD_ROWS] >> (row % WORD_ROWS) & 1 == 1;
        let column: Vec<f64> = (0..rows).map(value).collect();
        let there: Vec<usize> = (0..rows).filter(is_there).collect();

        let mut closed = vec![8.0; rows];
        let moved = close(words, &column, &mut closed);
        let expected: Vec<f64> = there.iter().map(|row| value(*row)).collect();
        assert_eq!(bits(&closed[..moved]), bits(&expected), "{words:x?} of {rows}");

        let groups: Vec<u32> = (0..rows as u32).collect();
        let mut closed_groups = vec![0; rows];
        assert_eq!(close_groups(words, &groups, &mut closed_groups), moved);
        assert!(closed_groups[..moved].iter().map(|group| *group as usize).eq(there), "{words:x?} of {rows}");

        let mut opened = vec![9.0; rows];
        open(words, &closed, &mut opened);
        let expected: Vec<f64> =
            (0..rows).map(|row| if is_there(&row) { value(row) } else { f64::NAN }).collect();
        assert_eq!(bits(&opened), bits(&expected), "{words:x?} of {rows}");
    }

    #[test]
    fn every_four_rows_are_closed_and_opened_at_every_place() {
        for there in 0..16 {
            for row in (0..WORD_ROWS).step_by(4) {
                agrees_with_a_loop(&[there << row], WORD_ROWS);
                agrees_with_a_loop(&[!(there << row)], WORD_ROWS);
            }
            agrees_with_a_loop(&[there * 0x1111_1111_1111_1111], WORD_ROWS);
        }
    }

    #[test]
    fn columns_of_any_length_are_closed_and_opened() {
        let mut state = 5;
        for rows in 0..200 {
            for pattern in 0..6 {
                let mut word = |_| match pattern {
                    0 => random(&mut state) << 32 ^ random(&mut state),
                    1 => random(&mut state) | random(&mut state) | random(&mut state) << 20,
                    2 => u64::MAX,
                    3 => 0,
                    4 => 1 << (random(&mut state) % 64),
                    _ => !(1 << (random(&mut state) % 64)),
                };
                agrees_with_a_loop(&[0; 4].map(&mut word), rows);
            }
        }
    }
}
