//! Order statistics, for which all values have to be kept: as they come, or in order where answers are asked for after
//! each of them.

use omega_contract::bounds::is_input;
use omega_contract::memory;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::order::Order;
use crate::payload::{State, list, refused};
use crate::summary::{Chosen, Series, Whole};

/// Values, from the least to the greatest. What is answered depends on the values alone and not on how they were kept.
pub enum Ordered<'a> {
    /// A copy of values that lie as they came.
    Loose(Vec<f64>),
    /// Values in order, one of them left out, and another one taken in.
    Kept {
        /// Those that are kept.
        order: &'a Values,
        /// One of them that no longer counts.
        without: Option<f64>,
        /// One more that counts.
        with: f64,
    },
}

/// Values that are kept in order.
#[derive(Default)]
pub struct Values(Order);

/// A value on the line from `low` to `high`, from the nearer end, so that the whole way leads to `high` exactly.
fn between(low: f64, high: f64, share: f64) -> f64 {
    if share < 0.5 { (high - low).mul_add(share, low) } else { (low - high).mul_add(1.0 - share, high) }
}

/// The mean of values in order, from the least, so that equal values have their value as mean.
fn mean_from_least(values: impl Iterator<Item = f64>, count: usize) -> f64 {
    let mut values = values.take(count).peekable();
    let least = values.peek().copied().unwrap_or(0.0);
    least + values.map(|value| value - least).sum::<f64>() / count as f64
}

impl Ordered<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Loose(values) => values.len(),
            Self::Kept { order, without, .. } => order.0.len() + 1 - usize::from(without.is_some()),
        }
    }

    /// The value below which a share of `cutoff` lies, between two values on the line through them, as
    /// `numpy.quantile` has it.
    #[must_use]
    pub fn quantile(self, cutoff: f64) -> f64 {
        let last = self.len().saturating_sub(1);
        let place = cutoff * last as f64;
        let (rank, share) = (place as usize, place.fract());
        match self {
            Self::Loose(mut values) => {
                let (_, low, above) = values.select_nth_unstable_by(rank, f64::total_cmp);
                let low = *low;
                let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
                between(low, high, share)
            }
            Self::Kept { order, without, with } => {
                let nth = order.nth(without, with);
                between(nth(rank), nth(last.min(rank + 1)), share)
            }
        }
    }

    /// The mean of the least values: those up to the one at `cutoff` of the way.
    #[must_use]
    pub fn mean_of_least(self, cutoff: f64) -> f64 {
        let count = (self.len().saturating_sub(1) as f64 * cutoff) as usize + 1;
        match self {
            Self::Loose(mut values) => {
                values.select_nth_unstable_by(count - 1, f64::total_cmp);
                values.truncate(count);
                // In order, so that the sum has the same bits whatever order the values came in.
                values.sort_unstable_by(f64::total_cmp);
                mean_from_least(values.into_iter(), count)
            }
            Self::Kept { order, without, with } => {
                let rank = order.nth_place(without, with);
                let left_out = without.map(|value| order.0.rank(value));
                let kept = order.0.iter().enumerate().filter(|(place, _)| Some(*place) != left_out);
                let mut kept = kept.map(|(_, value)| value);
                let values =
                    (0..count).map_while(|place| if place == rank { Some(with) } else { kept.next() });
                mean_from_least(values, count)
            }
        }
    }
}

impl Values {
    /// The rank of `with` among the values without `without`.
    fn nth_place(&self, without: Option<f64>, with: f64) -> usize {
        let below = without.is_some_and(|value| value.total_cmp(&with).is_lt());
        self.0.rank(with) - usize::from(below)
    }

    /// The value of any rank among the values without `without` and with `with`.
    fn nth(&self, without: Option<f64>, with: f64) -> impl Fn(usize) -> f64 {
        let rank = self.nth_place(without, with);
        let left_out = without.map_or(usize::MAX, |value| self.0.rank(value));
        move |place| {
            let among_kept = if place > rank { place - 1 } else { place };
            let place_of_all = if among_kept >= left_out { among_kept + 1 } else { among_kept };
            if place == rank { with } else { self.0.nth(place_of_all) }
        }
    }
}

/// All values so far, as they came.
#[derive(Default, Serialize, Deserialize)]
pub struct Sample {
    #[serde(with = "list")]
    values: Vec<f64>,
}

impl State for Sample {
    fn copy(&self) -> omega_contract::Result<Self> {
        Ok(Self { values: memory::copied(&self.values)? })
    }

    fn reserve(&mut self, rows: usize) -> omega_contract::Result<()> {
        memory::reserve(&mut self.values, rows)
    }
}

impl Whole<1, Self> for Sample {
    fn start() -> Self {
        Self::default()
    }

    fn update(&mut self, (): (), [values]: [&[f64]; 1]) {
        self.values.extend_from_slice(values);
    }

    fn merge(&mut self, (): (), other: &Self) {
        self.values.extend_from_slice(&other.values);
    }

    fn known(&self, (): ()) -> omega_contract::Result<Option<Ordered<'_>>> {
        if self.values.is_empty() {
            return Ok(None);
        }
        memory::copied(&self.values).map(|values| Some(Ordered::Loose(values)))
    }

    fn count(&self) -> u64 {
        self.values.len() as u64
    }

    fn is_sound(&self) -> bool {
        self.values.iter().all(|value| is_input(*value))
    }
}

/// All values so far, in order.
#[derive(Default)]
pub struct OrderedRows(Values);

impl State for OrderedRows {
    fn copy(&self) -> omega_contract::Result<Self> {
        Ok(Self(Values(self.0.0.copy()?)))
    }
}

impl Series<1, Sample> for OrderedRows {
    fn start() -> Self {
        Self::default()
    }

    #[inline]
    fn make_room(&mut self, _: usize, rows: usize) -> omega_contract::Result<()> {
        self.0.0.reserve(rows)
    }

    #[inline]
    fn look<T>(&self, _: Chosen<()>, [row]: [f64; 1], make: impl FnOnce(Ordered<'_>) -> T) -> Option<T> {
        Some(make(Ordered::Kept { order: &self.0, without: None, with: row }))
    }

    #[inline]
    fn push(&mut self, _: Chosen<()>, [row]: [f64; 1]) {
        self.0.0.insert(row);
    }

    fn is_sound(&self, _: Chosen<()>) -> bool {
        self.0.0.iter().all(is_input)
    }
}

/// Saved as the values in order.
impl Serialize for OrderedRows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(Counted(self.0.0.iter(), self.0.0.len()))
    }
}

impl<'de> Deserialize<'de> for OrderedRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values: Vec<f64> = list::deserialize(deserializer)?;
        Ok(Self(Values(Order::of(&values).map_err(refused)?)))
    }
}

/// An iterator that knows its length, without which postcard writes none.
struct Counted<T>(T, usize);

impl<T: Iterator> Iterator for Counted<T> {
    type Item = T::Item;

    fn next(&mut self) -> Option<T::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.1, Some(self.1))
    }
}

/// The last values, as they came and in order.
#[derive(Serialize)]
pub struct OrderedWindow {
    /// The values of the window; once it is full, the oldest is at `next`.
    #[serde(with = "list")]
    values: Vec<f64>,
    next: usize,
    #[serde(skip)]
    order: Values,
}

/// [`OrderedWindow`] as it is read.
#[derive(Deserialize)]
struct Saved {
    #[serde(with = "list")]
    values: Vec<f64>,
    next: usize,
}

impl<'de> Deserialize<'de> for OrderedWindow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Saved { values, next } = Saved::deserialize(deserializer)?;
        let order = Values(Order::of(&values).map_err(refused)?);
        Ok(Self { values, next, order })
    }
}

impl State for OrderedWindow {
    fn copy(&self) -> omega_contract::Result<Self> {
        Ok(Self { values: memory::copied(&self.values)?, order: Values(self.order.0.copy()?), ..*self })
    }
}

impl OrderedWindow {
    /// The value that the next one takes the place of.
    #[inline]
    fn oldest(&self, window: usize) -> Option<f64> {
        (self.values.len() == window).then(|| self.values[self.next])
    }
}

impl Series<1, Sample> for OrderedWindow {
    fn start() -> Self {
        Self { values: Vec::new(), next: 0, order: Values::default() }
    }

    #[inline]
    fn make_room(&mut self, window: usize, rows: usize) -> omega_contract::Result<()> {
        let missing = rows.min(window - self.values.len());
        // A full window takes out a value before it takes one in, but not of the same chunk.
        self.order.0.reserve(missing.max(1))?;
        memory::reserve_up_to(&mut self.values, missing, window)
    }

    #[inline]
    fn look<T>(
        &self,
        Chosen { window, .. }: Chosen<()>,
        [row]: [f64; 1],
        make: impl FnOnce(Ordered<'_>) -> T,
    ) -> Option<T> {
        let known = || make(Ordered::Kept { order: &self.order, without: self.oldest(window), with: row });
        (self.values.len() + 1 >= window).then(known)
    }

    #[inline]
    fn push(&mut self, Chosen { window, .. }: Chosen<()>, [row]: [f64; 1]) {
        if let Some(oldest) = self.oldest(window) {
            self.order.0.remove(oldest);
            self.values[self.next] = row;
            self.next = (self.next + 1) % window;
        } else {
            self.values.push(row);
        }
        self.order.0.insert(row);
    }

    fn is_sound(&self, Chosen { window, .. }: Chosen<()>) -> bool {
        let full = self.values.len() == window;
        self.values.len() <= window
            && (if full { self.next < window } else { self.next == 0 })
            && self.values.iter().all(|value| is_input(*value))
    }
}
