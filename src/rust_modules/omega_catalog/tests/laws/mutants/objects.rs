//! Objects that compute as they should but for one thing.

use std::any::Any;

use omega_arrow::column::Chunk;
use omega_contract::bounds::{LARGEST_INPUT, SMALLEST_INPUT};
use omega_contract::params::Params;
use omega_contract::{Error, Result};
use omega_kernel::function::SummaryId;
use omega_kernel::{Accumulator, Body, Grouped, Looked, Nulls, ReductionFactory, RowwiseFactory, Stream};

/// The one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    AnswersAreOff,
    AnswersAreTiny,
    AnswersOverflow,
    BatchForgets,
    BatchIsOneRowLate,
    BatchRoundsOtherwise,
    CopyIsEmpty,
    GroupsAreOne,
    LoadForgets,
    LoadPanics,
    LoadTakesAnything,
    MergeForgetsTheOther,
    MergesWithAnything,
    MissingIsZero,
    NothingIsZero,
    OutOfBoundsIsClipped,
    OutliersStick,
    PeekIsOfAnotherRow,
    PropagateSkips,
    ResetKeepsTheState,
    UpdatesAreCounted,
    ValidityIsIgnored,
    WarmUpIsLonger,
    WhatIsLoadedOverflows,
}

use Fault::*;

impl Fault {
    /// A body whose objects have this fault.
    pub fn within(self, body: Body) -> Body {
        match body {
            Body::Rowwise(inner) => Body::Rowwise(Box::leak(Box::new(Rows { inner, fault: self }))),
            Body::Reduction(inner) => Body::Reduction(Box::leak(Box::new(Sums { inner, fault: self }))),
        }
    }

    fn policy(self, nulls: Nulls) -> Nulls {
        if self == PropagateSkips && nulls == Nulls::Propagate { Nulls::Skip } else { nulls }
    }

    fn input(self, value: f64) -> f64 {
        match self {
            MissingIsZero if value.is_nan() => 0.0,
            OutOfBoundsIsClipped if value.abs() < SMALLEST_INPUT => 0.0,
            OutOfBoundsIsClipped => value.clamp(-LARGEST_INPUT, LARGEST_INPUT),
            _ => value,
        }
    }

    fn columns(self, inputs: &[Chunk<'_>]) -> Vec<Vec<f64>> {
        let column = |chunk: &Chunk<'_>| match self {
            ValidityIsIgnored => chunk.values.to_vec(),
            _ => (0..chunk.values.len()).map(|row| self.input(chunk.get(row))).collect(),
        };
        inputs.iter().map(column).collect()
    }

    fn answer(self, value: f64, loaded: bool) -> f64 {
        match self {
            _ if value.is_nan() => value,
            AnswersAreOff => value + 1e-6,
            AnswersAreTiny => 1e-150,
            AnswersOverflow => f64::INFINITY,
            WhatIsLoadedOverflows if loaded => f64::INFINITY,
            _ => value,
        }
    }

    /// What a load comes to: whether the state is then to be forgotten.
    fn load(self, loaded: Result<()>) -> Result<bool> {
        match self {
            LoadPanics => loaded.expect("no test damages a state"),
            LoadTakesAnything => {}
            _ => loaded?,
        }
        Ok(self == LoadForgets)
    }
}

fn chunks(columns: &[Vec<f64>]) -> Vec<Chunk<'_>> {
    columns.iter().map(|column| Chunk::dense(column)).collect()
}

struct Rows {
    inner: &'static dyn RowwiseFactory,
    fault: Fault,
}

impl RowwiseFactory for Rows {
    fn warm_up(&self, params: &Params) -> usize {
        self.inner.warm_up(params) + usize::from(self.fault == WarmUpIsLonger)
    }

    fn stream(&self, params: &Params, nulls: Nulls) -> Box<dyn Stream> {
        let fresh = self.inner.stream(params, self.fault.policy(nulls));
        let inner = fresh.copy().expect("memory");
        Box::new(OneSeries { inner, fresh, fault: self.fault, loaded: false })
    }

    fn grouped(&self, params: &Params, nulls: Nulls) -> Box<dyn Grouped> {
        let fresh = self.inner.grouped(params, self.fault.policy(nulls));
        Box::new(ManySeries { inner: fresh.copy().expect("memory"), fresh, fault: self.fault })
    }
}

struct OneSeries {
    inner: Box<dyn Stream>,
    fresh: Box<dyn Stream>,
    fault: Fault,
    loaded: bool,
}

impl OneSeries {
    fn forget(&mut self) {
        self.inner = self.fresh.copy().expect("memory");
    }
}

impl Stream for OneSeries {
    fn update(&mut self, input: &[f64], output: &mut [f64]) -> Result<bool> {
        let input: Vec<f64> = input.iter().map(|value| self.fault.input(*value)).collect();
        let there = self.inner.update(&input, output)?;
        output.iter_mut().for_each(|value| *value = self.fault.answer(*value, self.loaded));
        Ok(there)
    }

    fn peek(&self, input: &[f64], output: &mut [f64]) -> Result<bool> {
        let factor = if self.fault == PeekIsOfAnotherRow { 2.0 } else { 1.0 };
        let input: Vec<f64> = input.iter().map(|value| factor * self.fault.input(*value)).collect();
        let there = self.inner.peek(&input, output)?;
        output.iter_mut().for_each(|value| *value = self.fault.answer(*value, self.loaded));
        Ok(there)
    }

    fn reserve(&mut self, rows: usize) -> Result<()> {
        self.inner.reserve(rows)
    }

    fn reset(&mut self) {
        if self.fault != ResetKeepsTheState {
            self.inner.reset();
        }
    }

    fn batch(&mut self, inputs: &[Chunk<'_>], outputs: &mut [&mut [f64]]) -> Result<()> {
        if self.fault == BatchForgets {
            self.forget();
        }
        self.inner.batch(&chunks(&self.fault.columns(inputs)), outputs)?;
        let outlier = inputs.iter().flat_map(|column| column.values).any(|value| value.abs() > 1e80);
        for column in outputs {
            for value in column.iter_mut() {
                *value = self.fault.answer(*value, self.loaded);
                if self.fault == OutliersStick && outlier {
                    *value += 1e-6;
                }
                if self.fault == BatchRoundsOtherwise {
                    *value = f64::from_bits(value.to_bits() + 1);
                }
            }
            if self.fault == BatchIsOneRowLate && !column.is_empty() {
                column.rotate_right(1);
                column[0] = f64::NAN;
            }
        }
        Ok(())
    }

    fn take(&mut self, rows: Looked<'_, '_>) -> Result<()> {
        self.inner.take(rows)
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.inner.save()
    }

    fn load(&mut self, payload: &[u8]) -> Result<()> {
        let loaded = self.inner.load(payload);
        if self.fault.load(loaded)? {
            self.forget();
        }
        self.loaded = true;
        Ok(())
    }

    fn copy(&self) -> Result<Box<dyn Stream>> {
        let inner = if self.fault == CopyIsEmpty { &self.fresh } else { &self.inner };
        Ok(Box::new(Self { inner: inner.copy()?, fresh: self.fresh.copy()?, ..*self }))
    }

    fn rows(&self) -> u64 {
        self.inner.rows()
    }
}

struct ManySeries {
    inner: Box<dyn Grouped>,
    fresh: Box<dyn Grouped>,
    fault: Fault,
}

impl ManySeries {
    fn group(&self, group: u32) -> u32 {
        if self.fault == GroupsAreOne { 0 } else { group }
    }
}

impl Grouped for ManySeries {
    fn update(&mut self, group: u32, input: &[f64], output: &mut [f64]) -> Result<bool> {
        self.inner.update(self.group(group), input, output)
    }

    fn peek(&self, group: u32, input: &[f64], output: &mut [f64]) -> Result<bool> {
        self.inner.peek(self.group(group), input, output)
    }

    fn batch(&mut self, groups: &[u32], inputs: &[Chunk<'_>], outputs: &mut [&mut [f64]]) -> Result<()> {
        let groups: Vec<u32> = groups.iter().map(|group| self.group(*group)).collect();
        self.inner.batch(&groups, inputs, outputs)
    }

    fn take(&mut self, rows: Looked<'_, '_>) -> Result<()> {
        self.inner.take(rows)
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.inner.save()
    }

    fn load(&mut self, payload: &[u8]) -> Result<()> {
        let loaded = self.inner.load(payload);
        if self.fault.load(loaded)? {
            self.inner = self.fresh.copy()?;
        }
        Ok(())
    }

    fn reserve(&mut self, group: u32) -> Result<()> {
        self.inner.reserve(self.group(group))
    }

    fn grow(&mut self, groups: usize) -> Result<()> {
        self.inner.grow(groups)
    }

    fn copy_of(&self, groups: &[u32]) -> Result<Box<dyn Grouped>> {
        let groups: Vec<u32> = groups.iter().map(|group| self.group(*group)).collect();
        Ok(Box::new(Self { inner: self.inner.copy_of(&groups)?, fresh: self.fresh.copy()?, ..*self }))
    }

    fn adopt(&mut self, groups: &[u32], copy: Box<dyn Grouped>) -> Result<()> {
        let copy: Box<dyn Any> = copy;
        let copy = copy.downcast::<Self>().map_err(|_| Error::internal("a mutant", "another mutant"))?;
        let groups: Vec<u32> = groups.iter().map(|group| self.group(*group)).collect();
        self.inner.adopt(&groups, copy.inner)
    }

    fn truncate(&mut self, groups: usize) {
        self.inner.truncate(groups);
    }

    fn remove(&mut self, group: u32) {
        self.inner.remove(self.group(group));
    }

    fn reset(&mut self) {
        self.inner.reset();
    }

    fn copy(&self) -> Result<Box<dyn Grouped>> {
        Ok(Box::new(Self { inner: self.inner.copy()?, fresh: self.fresh.copy()?, ..*self }))
    }

    fn rows(&self) -> u64 {
        self.inner.rows()
    }
}

struct Sums {
    inner: &'static dyn ReductionFactory,
    fault: Fault,
}

impl ReductionFactory for Sums {
    fn accumulator(&self, params: &Params, nulls: Nulls) -> Box<dyn Accumulator> {
        let fresh = self.inner.accumulator(params, self.fault.policy(nulls));
        let inner = fresh.copy().expect("memory");
        Box::new(Sum { inner, fresh, fault: self.fault, updates: 0 })
    }

    fn expanding(&self) -> &'static dyn RowwiseFactory {
        self.inner.expanding()
    }

    fn summary(&self, params: &Params) -> SummaryId {
        self.inner.summary(params)
    }

    fn value_of(&self, params: &Params, summary: &dyn Any, output: &mut [f64]) -> Result<bool> {
        self.inner.value_of(params, summary, output)
    }
}

struct Sum {
    inner: Box<dyn Accumulator>,
    fresh: Box<dyn Accumulator>,
    fault: Fault,
    updates: u32,
}

impl Accumulator for Sum {
    fn update(&mut self, inputs: &[Chunk<'_>]) -> Result<()> {
        self.updates += 1;
        self.inner.update(&chunks(&self.fault.columns(inputs)))
    }

    fn check(&self, before: usize, inputs: &[Chunk<'_>]) -> Result<()> {
        self.inner.check(before, &chunks(&self.fault.columns(inputs)))
    }

    fn reserve(&mut self, rows: usize) -> Result<()> {
        self.inner.reserve(rows)
    }

    fn take(&mut self, inputs: &[Chunk<'_>]) {
        self.inner.take(&chunks(&self.fault.columns(inputs)));
    }

    fn reserve_for(&mut self, other: &dyn Accumulator) -> Result<()> {
        let any: &dyn Any = other;
        self.inner.reserve_for(any.downcast_ref::<Self>().map_or(other, |other| other.inner.as_ref()))
    }

    fn merge(&mut self, other: &dyn Accumulator) -> Result<()> {
        let any: &dyn Any = other;
        let other = any.downcast_ref::<Self>().map_or(other, |other| other.inner.as_ref());
        match self.fault {
            MergeForgetsTheOther => Ok(()),
            MergesWithAnything => {
                let _ = self.inner.merge(other);
                Ok(())
            }
            _ => self.inner.merge(other),
        }
    }

    fn outputs(&self) -> usize {
        self.inner.outputs()
    }

    fn summary(&self) -> &dyn Any {
        self.inner.summary()
    }

    fn value(&self, output: &mut [f64]) -> Result<bool> {
        let there = self.inner.value(output)?;
        for value in output.iter_mut() {
            *value = self.fault.answer(*value, false);
            match self.fault {
                NothingIsZero if !there => *value = 0.0,
                UpdatesAreCounted => *value += f64::from(self.updates) * 1e-9,
                _ => {}
            }
        }
        Ok(there || self.fault == NothingIsZero)
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.inner.save()
    }

    fn load(&mut self, payload: &[u8]) -> Result<()> {
        let loaded = self.inner.load(payload);
        if self.fault.load(loaded)? {
            self.inner = self.fresh.copy()?;
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.inner.reset();
    }

    fn copy(&self) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Self { inner: self.inner.copy()?, fresh: self.fresh.copy()?, ..*self }))
    }

    fn rows(&self) -> u64 {
        self.inner.rows()
    }
}
