//! Order statistics of all rows, which have to be kept for it.

use omega_contract::bounds::is_input;
use omega_contract::{Result, memory};
use serde::{Deserialize, Serialize};

use crate::payload::list;

/// All values so far. What it answers depends on the values alone and not on their order.
#[derive(Default, Serialize, Deserialize)]
pub struct Sample {
    #[serde(with = "list")]
    values: Vec<f64>,
}

impl Sample {
    /// An independent copy.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn copy(&self) -> Result<Self> {
        Ok(Self { values: memory::copied(&self.values)? })
    }

    /// Memory for `rows` values more.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; nothing is changed then.
    pub fn reserve(&mut self, rows: usize) -> Result<()> {
        memory::reserve(&mut self.values, rows)
    }

    /// Takes values, for which there is room.
    pub fn update(&mut self, values: &[f64]) {
        self.values.extend_from_slice(values);
    }

    /// Takes over the values of `other`, for which there is room.
    pub fn merge(&mut self, other: &Self) {
        self.update(&other.values);
    }

    /// The value below which a share of `cutoff` lies, between two values on the line through them, as
    /// `numpy.quantile` has it; `None` where there are no values.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`: finding it takes a copy of all values.
    pub fn quantile(&self, cutoff: f64) -> Result<Option<f64>> {
        let Some(last) = self.values.len().checked_sub(1) else { return Ok(None) };
        let place = cutoff * last as f64;
        let mut values = memory::copied(&self.values)?;
        let (_, low, above) = values.select_nth_unstable_by(place as usize, f64::total_cmp);
        let low = *low;
        let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
        let share = place.fract();
        // From the nearer end, so that the whole way leads to `high` exactly.
        Ok(Some(if share < 0.5 {
            (high - low).mul_add(share, low)
        } else {
            (low - high).mul_add(1.0 - share, high)
        }))
    }

    /// The mean of the least values: those up to the one at `cutoff` of the way; `None` where there are no values.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`: finding it takes a copy of all values.
    pub fn mean_of_least(&self, cutoff: f64) -> Result<Option<f64>> {
        let Some(last) = self.values.len().checked_sub(1) else { return Ok(None) };
        let last = (last as f64 * cutoff) as usize;
        let mut values = memory::copied(&self.values)?;
        values.select_nth_unstable_by(last, f64::total_cmp);
        values.truncate(last + 1);
        // In order, so that the sum has the same bits whatever order the values came in; and from the least, so that
        // equal values have their value as mean.
        values.sort_unstable_by(f64::total_cmp);
        let least = values[0];
        Ok(Some(least + values.iter().map(|value| value - least).sum::<f64>() / values.len() as f64))
    }

    /// How many values so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.values.len() as u64
    }

    /// Whether values can lead to this state.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.values.iter().all(|value| is_input(*value))
    }
}
