//! One function at work: what it computes, with what it was chosen to, and what it remembers.

use omega_contract::params::Params;
use omega_contract::{Error, Result};
use omega_kernel::snapshot::{Snapshot, SnapshotKind};
use omega_kernel::{Function, Nulls};

use crate::data::wide;
use crate::restore::saved;

/// A function under its parameters, and its memory `K`: what a [`Stream`](crate::Stream) and an
/// [`Accumulator`](crate::Accumulator) have in common.
pub struct Live<K: Kernel + ?Sized> {
    pub(crate) function: &'static Function,
    pub(crate) params: Params,
    pub(crate) nulls: Nulls,
    pub(crate) kernel: Box<K>,
    /// What is remembered beside the state of the kernel.
    pub(crate) seen: K::Seen,
}

/// What a function remembers, as one of the kernel's objects keeps it.
pub trait Kernel: sealed::Kernel {}

impl<K: sealed::Kernel + ?Sized> Kernel for K {}

mod sealed {
    use super::{Function, Nulls, Params, Result, SnapshotKind};

    /// What all of the kernel's objects can do, whatever rows they take.
    pub trait Kernel {
        /// What a snapshot calls them.
        const KIND: SnapshotKind;
        /// What is remembered beside their state.
        type Seen: Clone + Default;

        fn make(function: &'static Function, params: &Params, nulls: Nulls) -> Result<Box<Self>>;
        fn save(&self, seen: &Self::Seen) -> Result<Vec<u8>>;
        fn load(&mut self, payload: &[u8]) -> Result<Self::Seen>;
        fn copy(&self) -> Result<Box<Self>>;
        fn reset(&mut self);
        fn rows(&self) -> u64;
    }
}

/// Makes the trait objects of the kernel ones that can be [`Live`]: what makes them, and by which kind they are saved.
macro_rules! kernels {
    ($($kind:ident, $seen:ty: $make:expr;)+) => {$(
        impl sealed::Kernel for dyn omega_kernel::$kind {
            const KIND: SnapshotKind = SnapshotKind::$kind;
            type Seen = $seen;

            fn make(function: &'static Function, params: &Params, nulls: Nulls) -> Result<Box<Self>> {
                $make(function, params, nulls)
            }

            fn save(&self, seen: &$seen) -> Result<Vec<u8>> {
                seen.save(omega_kernel::$kind::save(self)?)
            }

            fn load(&mut self, payload: &[u8]) -> Result<$seen> {
                let (seen, state) = <$seen>::load(payload)?;
                omega_kernel::$kind::load(self, state)?;
                Ok(seen)
            }

            fn copy(&self) -> Result<Box<Self>> {
                omega_kernel::$kind::copy(self)
            }

            fn reset(&mut self) {
                omega_kernel::$kind::reset(self);
            }

            fn rows(&self) -> u64 {
                omega_kernel::$kind::rows(self)
            }
        }
    )+};
}

kernels! {
    Stream, crate::stream::Seen: |function, params, nulls| Ok(crate::stream::rowwise(function)?.stream(params, nulls));
    Accumulator, crate::accumulator::Seen: |function, params, nulls| Ok(crate::accumulator::reduction(function)?.accumulator(params, nulls));
}

impl<K: Kernel + ?Sized> Live<K> {
    /// One that has seen no rows.
    ///
    /// # Errors
    /// `INVALID_TYPE` if the function is of another kind: a stream answers row by row, an accumulator reduces rows to a
    /// number.
    pub fn new(function: &'static Function, params: Params, nulls: Nulls) -> Result<Self> {
        let kernel = K::make(function, &params, nulls)?;
        Ok(Self { function, params, nulls, kernel, seen: K::Seen::default() })
    }

    pub(crate) fn restore(snapshot: &Snapshot<'_>) -> Result<Self> {
        let (function, params) = saved(snapshot.function, snapshot.version, &snapshot.params)?;
        let mut live = Self::new(function, params, snapshot.nulls)?;
        live.seen = live.kernel.load(snapshot.payload)?;
        Ok(live)
    }

    /// An independent copy.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn copy(&self) -> Result<Self> {
        let kernel = self.kernel.copy()?;
        let (params, seen) = (self.params.clone(), self.seen.clone());
        Ok(Self { function: self.function, params, nulls: self.nulls, kernel, seen })
    }

    /// The state as bytes, for [`restore`](crate::restore()).
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn snapshot(&self) -> Result<Vec<u8>> {
        let snapshot = Snapshot {
            kind: K::KIND,
            function: &self.function.spec.name,
            version: &self.function.spec.version,
            params: self.params.values().to_vec(),
            nulls: self.nulls,
            payload: &self.kernel.save(&self.seen)?,
        };
        snapshot.encode()
    }

    /// What it computes.
    #[must_use]
    pub fn function(&self) -> &'static Function {
        self.function
    }

    /// What it computes it with.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// What a missing input does.
    #[must_use]
    pub fn nulls(&self) -> Nulls {
        self.nulls
    }

    /// The number of rows taken so far, missing ones included.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.kernel.rows()
    }

    /// Refuses an answer that has not room for each output.
    #[inline]
    pub(crate) fn answers_in(&self, output: &[f64]) -> Result<()> {
        wide(&self.function.spec.name, self.function.spec.outputs.len(), output.len())
    }

    /// Refuses one that computes something else, or the same with other choices.
    pub(crate) fn is_like(&self, other: &Self) -> Result<()> {
        let alike = self.function.spec.name == other.function.spec.name
            && self.params == other.params
            && self.nulls == other.nulls;
        if alike { Ok(()) } else { Err(Error::snapshot_mismatch(other.label(), self.label())) }
    }

    fn label(&self) -> String {
        let (name, values) = (&self.function.spec.name, self.params.values());
        format!("{name} {values:?} nulls={}", self.nulls.as_str())
    }
}
