//! One series of a rowwise function.

use omega_arrow::column::Chunk;
use omega_contract::Result;
use omega_contract::bounds::MOST_ROWS;

use super::stretches::{Batch, Looked, Taker, take, walk};
use super::{FORGET_ROWS, Rowwise, Rules, as_row, refusal, write};
use crate::checks::{self, Checked};
use crate::function::Stream;
use crate::payload::{self, State};

/// The rows taken so far, the state, and whether a missing row has spoilt it for ever.
type Saved<S> = (u64, S, bool);

pub(super) struct OneSeries<K: Rowwise<I, O>, const I: usize, const O: usize> {
    rules: Rules<K, I, O>,
    state: K::State,
    spoilt: bool,
    rows: u64,
}

impl<K: Rowwise<I, O>, const I: usize, const O: usize> OneSeries<K, I, O> {
    pub(super) fn new(rules: Rules<K, I, O>) -> Self {
        Self { state: rules.kernel.start(), rules, spoilt: false, rows: 0 }
    }

    /// `update` from a row that has to be looked at more closely. Apart, so that the usual way keeps nothing for it.
    #[cold]
    #[inline(never)]
    fn update_unusual(&mut self, input: &[f64], output: &mut [f64]) -> Result<bool> {
        let row = as_row(input);
        let values = if self.rules.check(row, self.rows)? == Checked::Clean {
            self.rules.take(&mut self.state, self.spoilt, row)?
        } else {
            self.rules.miss(&mut self.state, &mut self.spoilt);
            None
        };
        Ok(self.taken(values, output))
    }

    /// Counts a row that was taken, and hands on its values.
    #[inline(always)]
    fn taken(&mut self, values: Option<[f64; O]>, output: &mut [f64]) -> bool {
        self.rows += 1;
        if self.rows.is_multiple_of(FORGET_ROWS as u64) {
            self.rules.kernel.forget(&mut self.state);
        }
        write(values, output)
    }
}

impl<K: Rowwise<I, O>, const I: usize, const O: usize> Taker<I, O> for OneSeries<K, I, O> {
    fn take(&mut self, _: &[u32], inputs: [&[f64]; I], mut outputs: [&mut [f64]; O]) -> Result<()> {
        if self.spoilt {
            outputs.iter_mut().for_each(|output| output.fill(f64::NAN));
            return Ok(());
        }
        self.rules.kernel.reserve(&mut self.state, inputs[0].len())?;
        self.rules.kernel.batch(&mut self.state, inputs, outputs);
        Ok(())
    }

    fn miss(&mut self, _: Option<u32>) {
        self.rules.miss(&mut self.state, &mut self.spoilt);
    }

    fn count(&mut self, rows: usize) {
        self.rows += rows as u64;
        self.rules.kernel.forget(&mut self.state);
    }

    fn number(&self) -> u64 {
        self.rows
    }
}

impl<K: Rowwise<I, O>, const I: usize, const O: usize> Stream for OneSeries<K, I, O> {
    #[inline]
    fn update(&mut self, input: &[f64], output: &mut [f64]) -> Result<bool> {
        let row = as_row(input);
        if !checks::is_usual(&row) {
            return self.update_unusual(input, output);
        }
        let values = self.rules.take(&mut self.state, self.spoilt, row)?;
        Ok(self.taken(values, output))
    }

    fn peek(&self, input: &[f64], output: &mut [f64]) -> Result<bool> {
        Ok(write(self.rules.peek(&self.state, self.spoilt, as_row(input), self.rows)?, output))
    }

    fn reserve(&mut self, rows: usize) -> Result<()> {
        self.rules.kernel.reserve(&mut self.state, rows)
    }

    fn reset(&mut self) {
        self.state = self.rules.kernel.start();
        self.spoilt = false;
        self.rows = 0;
    }

    fn batch(&mut self, inputs: &[Chunk<'_>], outputs: &mut [&mut [f64]]) -> Result<()> {
        let nulls = self.rules.nulls;
        walk(Batch { groups: &[], inputs, outputs }, nulls, self, refusal::<K, I, O>)
    }

    fn take(&mut self, rows: Looked<'_, '_>) -> Result<()> {
        take(rows, self.rules.nulls, self)
    }

    fn save(&self) -> Result<Vec<u8>> {
        payload::save::<Saved<K::State>>(&(self.rows, &self.state, self.spoilt))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let (rows, state, spoilt): Saved<K::State> = payload::load(bytes)?;
        let sound = rows <= MOST_ROWS && self.rules.kernel.is_sound(&state);
        if !sound || (spoilt && !self.rules.can_spoil()) {
            return Err(payload::impossible("a state that no rows lead to"));
        }
        (self.rows, self.state, self.spoilt) = (rows, state, spoilt);
        Ok(())
    }

    fn copy(&self) -> Result<Box<dyn Stream>> {
        let Self { ref rules, ref state, spoilt, rows } = *self;
        Ok(Box::new(Self { rules: rules.clone(), state: state.copy()?, spoilt, rows }))
    }

    fn rows(&self) -> u64 {
        self.rows
    }
}
