//! Values in order, of which any can be found, added or taken out in few steps.
//!
//! Values lie in chunks of a few hundred, in order within and from one to the next. A tree of sums over their lengths
//! (Fenwick 1994) finds the chunk of a rank. A chunk that is full is halved; one that has become small joins its
//! neighbour, so memory stays in proportion to the values.

use omega_contract::{Result, memory};

/// The most values of a chunk.
const MOST: usize = 512;
/// What a chunk has after it was halved.
const HALF: usize = MOST / 2;

/// Values in order.
#[derive(Default)]
pub(crate) struct Order {
    chunks: Vec<Vec<f64>>,
    /// Empty chunks with room for all values of one, taken when a chunk is halved.
    spare: Vec<Vec<f64>>,
    /// At place `i`, counted from 1, the lengths of the chunks `i - lowbit(i) + 1` to `i`, summed.
    sums: Vec<usize>,
    len: usize,
}

fn is_below(one: f64, other: f64) -> bool {
    one.total_cmp(&other).is_lt()
}

impl Order {
    /// The values in order.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn of(values: &[f64]) -> Result<Self> {
        let mut sorted = memory::copied(values)?;
        sorted.sort_unstable_by(f64::total_cmp);
        let mut order = Self::default();
        for part in sorted.chunks(if sorted.len() <= MOST { MOST } else { HALF }) {
            let mut chunk = memory::room(if sorted.len() <= MOST { part.len() } else { MOST })?;
            chunk.extend_from_slice(part);
            memory::push(&mut order.chunks, chunk)?;
        }
        memory::reserve(&mut order.sums, order.chunks.len() + 1)?;
        order.len = sorted.len();
        order.count();
        Ok(order)
    }

    /// An independent copy.
    pub fn copy(&self) -> Result<Self> {
        let mut copy = Self::default();
        memory::reserve_exact(&mut copy.chunks, self.chunks.len())?;
        for chunk in &self.chunks {
            let mut values = memory::room(if self.chunks.len() > 1 { MOST } else { chunk.len() })?;
            values.extend_from_slice(chunk);
            copy.chunks.push(values);
        }
        copy.sums = memory::copied(&self.sums)?;
        copy.len = self.len;
        Ok(copy)
    }

    /// Memory for `rows` values more.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; the values are unchanged then.
    #[inline]
    pub fn reserve(&mut self, rows: usize) -> Result<()> {
        match self.chunks.as_slice() {
            [only] if only.len().saturating_add(rows) <= only.capacity().min(MOST) => Ok(()),
            [_, _, ..] if rows == 1 && !self.spare.is_empty() => Ok(()),
            _ => self.reserve_more(rows),
        }
    }

    #[cold]
    fn reserve_more(&mut self, rows: usize) -> Result<()> {
        if self.chunks.is_empty() {
            memory::reserve(&mut self.sums, 2)?;
            memory::push(&mut self.chunks, Vec::new())?;
            self.count();
        }
        if let [only] = self.chunks.as_mut_slice() {
            memory::reserve_up_to(only, rows.min(MOST - only.len()), MOST)?;
            if only.len().saturating_add(rows) <= MOST {
                return Ok(());
            }
        }
        // Each halving is paid for by as many values above half a chunk, which are there or come.
        let above: usize = self.chunks.iter().map(|chunk| chunk.len().saturating_sub(HALF)).sum();
        let halved = rows.min(above.saturating_add(rows).div_ceil(HALF));
        memory::reserve(&mut self.chunks, halved)?;
        memory::reserve(&mut self.sums, self.chunks.len() + halved + 1)?;
        memory::reserve(&mut self.spare, halved)?;
        while self.spare.len() < halved {
            let chunk = memory::room(MOST)?;
            self.spare.push(chunk);
        }
        Ok(())
    }

    /// How many values.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Sums up the lengths of the chunks anew, into room that is there.
    fn count(&mut self) {
        self.sums.clear();
        self.sums.push(0);
        self.sums.extend(self.chunks.iter().map(Vec::len));
        for place in 1..self.sums.len() {
            let parent = place + (place & place.wrapping_neg());
            if parent < self.sums.len() {
                self.sums[parent] += self.sums[place];
            }
        }
    }

    /// Adds `change` to the length of one chunk.
    #[inline]
    fn change(&mut self, chunk: usize, change: isize) {
        let mut place = chunk + 1;
        while place < self.sums.len() {
            self.sums[place] = self.sums[place].wrapping_add_signed(change);
            place += place & place.wrapping_neg();
        }
        self.len = self.len.wrapping_add_signed(change);
    }

    /// The value of a rank below [`len`](Self::len), counted from 0.
    #[inline]
    pub fn nth(&self, rank: usize) -> f64 {
        let (mut chunk, mut left) = (0, rank);
        let mut step = self.sums.len().next_power_of_two() / 2;
        while step > 0 {
            if let Some(&sum) = self.sums.get(chunk + step).filter(|sum| **sum <= left) {
                chunk += step;
                left -= sum;
            }
            step /= 2;
        }
        self.chunks[chunk][left]
    }

    /// The first chunk that ends with a value not below this one, or the last chunk.
    #[inline]
    fn chunk_of(&self, value: f64) -> usize {
        let ends_below = |chunk: &Vec<f64>| chunk.last().is_some_and(|last| is_below(*last, value));
        self.chunks.partition_point(ends_below).min(self.chunks.len().saturating_sub(1))
    }

    /// How many values are below this one.
    #[inline]
    pub fn rank(&self, value: f64) -> usize {
        if self.chunks.is_empty() {
            return 0;
        }
        let chunk = self.chunk_of(value);
        let (mut place, mut before) = (chunk, 0);
        while place > 0 {
            before += self.sums[place];
            place &= place - 1;
        }
        before + self.chunks[chunk].partition_point(|other| is_below(*other, value))
    }

    /// Adds a value, for which there is room.
    #[inline]
    pub fn insert(&mut self, value: f64) {
        let mut chunk = self.chunk_of(value);
        if self.chunks[chunk].len() == MOST {
            self.halve(chunk);
            chunk = self.chunk_of(value);
        }
        let values = &mut self.chunks[chunk];
        let place = values.partition_point(|other| is_below(*other, value));
        values.insert(place, value);
        self.change(chunk, 1);
    }

    #[cold]
    fn halve(&mut self, chunk: usize) {
        let mut upper = self.spare.pop().unwrap_or_default();
        upper.extend_from_slice(&self.chunks[chunk][HALF..]);
        self.chunks[chunk].truncate(HALF);
        self.chunks.insert(chunk + 1, upper);
        self.count();
    }

    /// Takes out a value that is there.
    #[inline]
    pub fn remove(&mut self, value: f64) {
        let chunk = self.chunk_of(value);
        let values = &mut self.chunks[chunk];
        let place = values.partition_point(|other| is_below(*other, value));
        values.remove(place);
        self.change(chunk, -1);
        if self.chunks[chunk].len() < HALF / 2 && self.chunks.len() > 1 {
            self.join(chunk);
        }
    }

    /// Joins a chunk that has become small to a neighbour that has room.
    fn join(&mut self, chunk: usize) {
        let first = if chunk + 1 < self.chunks.len() { chunk } else { chunk - 1 };
        if self.chunks[first].len() + self.chunks[first + 1].len() > MOST {
            return;
        }
        let mut second = self.chunks.remove(first + 1);
        self.chunks[first].extend_from_slice(&second);
        second.clear();
        // One is kept for the next chunk that is full; more would be memory for nothing.
        if self.spare.is_empty() && self.spare.capacity() > 0 {
            self.spare.push(second);
        }
        self.count();
    }

    /// All values, from the least on.
    pub fn iter(&self) -> impl Iterator<Item = f64> {
        self.chunks.iter().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole numbers that look random, many of them equal.
    fn numbers(seed: u64, rows: usize, below: u64) -> impl Iterator<Item = f64> {
        let mut state = seed;
        (0..rows).map(move |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % below) as f64
        })
    }

    fn assert_like(order: &Order, values: &[f64]) {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        assert_eq!(order.len(), sorted.len());
        assert!(order.iter().eq(sorted.iter().copied()));
        for place in (0..sorted.len()).step_by(37) {
            assert_eq!(order.nth(place), sorted[place]);
            assert_eq!(order.rank(sorted[place]), sorted.partition_point(|value| *value < sorted[place]));
        }
        assert_eq!((order.rank(-1.0), order.rank(1e9)), (0, sorted.len()));
    }

    #[test]
    fn values_are_found_by_rank_while_they_come_and_go() {
        for below in [3, 100, 1_000_000] {
            let values: Vec<f64> = numbers(below, 12_000, below).collect();
            let (mut order, mut first) = (Order::default(), 0);
            for (row, value) in values.iter().enumerate() {
                order.reserve(1).expect("memory");
                let (chunks, spare) = (order.chunks.capacity(), order.spare.len());
                order.insert(*value);
                assert!(order.chunks.capacity() == chunks && order.spare.len() <= spare);
                // Windows grow, slide, shrink and slide again.
                let keep = if row < 6000 { 4000 } else { 700 };
                while row + 1 - first > keep {
                    order.remove(values[first]);
                    first += 1;
                }
                if row % 503 == 0 {
                    assert_like(&order, &values[first..=row]);
                }
            }
            assert_like(&order, &values[first..]);
            assert_like(&order.copy().expect("memory"), &values[first..]);
            assert_like(&Order::of(&values).expect("memory"), &values);
            assert!(order.chunks.len() <= 8, "{} chunks for 700 values", order.chunks.len());
        }
    }

    #[test]
    fn many_values_have_room_at_once_wherever_they_fall() {
        for values in [vec![7.0; 5000], (0..5000).map(f64::from).collect(), numbers(9, 5000, 50).collect()] {
            let mut order = Order::of(&values[..700]).expect("memory");
            order.reserve(4300).expect("memory");
            values[700..].iter().for_each(|value| order.insert(*value));
            assert_like(&order, &values);
            assert!(order.chunks.iter().all(|chunk| chunk.capacity() == MOST));
        }
    }
}
