//! What a metric knows of its rows, and the three ways in which rows come: all of them, one after the other, and the
//! last ones only.

use std::fmt::Debug;

use omega_contract::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::parts::{Blocks, GrowingBlocks, MergedWindow, Ordered, OrderedRows, OrderedWindow, Sample};
use crate::payload::State;

/// What a metric knows of its rows: sums and moments, a drawdown, or all values in order.
///
/// A metric names its summary and the shape it asks for; batch, accumulator, expanding and rolling answers come from
/// the three keepers of the summary. Metrics whose summaries are of the same type and shape share one in a set.
pub trait Summary<const I: usize>: 'static {
    /// What a summary depends on beside the rows: for moments of excess returns, the return without risk.
    type Shape: Copy + PartialEq + Debug + Send + Sync + 'static;

    /// What is known of one row or more, as a metric gets it.
    type Known<'a>;

    /// Whether every row is kept, and not what is known of many together.
    const KEEPS_ROWS: bool;

    /// All rows so far, in any number at a time, for accumulators.
    type Whole: Whole<I, Self>;

    /// All rows so far, one at a time, with something known after each.
    type Growing: Series<I, Self>;

    /// The last rows, one at a time.
    type Window: Series<I, Self>;
}

/// A summary of a fixed size. What is known of two stretches of rows makes up what is known of both.
pub trait Mergeable<const I: usize>:
    Copy + PartialEq + Send + Sync + Serialize + DeserializeOwned + 'static
{
    /// What it depends on beside the rows.
    type Shape: Copy + PartialEq + Debug + Send + Sync + 'static;

    /// Of one row or more.
    fn of(shape: Self::Shape, rows: [&[f64]; I]) -> Self;

    /// Of these rows and those after them.
    fn merge(&mut self, later: &Self);

    /// How many rows.
    fn count(&self) -> u64;

    /// Whether rows can lead to it.
    fn is_sound(&self) -> bool;
}

impl<S: Mergeable<I>, const I: usize> Summary<I> for S {
    type Shape = <S as Mergeable<I>>::Shape;
    type Known<'a> = S;
    const KEEPS_ROWS: bool = false;
    type Whole = Blocks<S, I>;
    type Growing = GrowingBlocks<S, I>;
    type Window = MergedWindow<S, I>;
}

impl Summary<1> for Sample {
    type Shape = ();
    type Known<'a> = Ordered<'a>;
    const KEEPS_ROWS: bool = true;
    type Whole = Self;
    type Growing = OrderedRows;
    type Window = OrderedWindow;
}

/// All rows so far, in any number at a time; of two of these the rows can be joined.
pub trait Whole<const I: usize, S: Summary<I> + ?Sized>: State {
    /// Before the first row.
    fn start() -> Self;

    /// Takes consecutive rows, for which there is [room](State::reserve). The bits do not depend on how rows are divided between calls.
    fn update(&mut self, shape: S::Shape, rows: [&[f64]; I]);

    /// Takes over the rows of `other`, for which there is room, as if they had come after these.
    fn merge(&mut self, shape: S::Shape, other: &Self);

    /// What is known so far; `None` before the first row.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    fn known(&self, shape: S::Shape) -> Result<Option<S::Known<'_>>>;

    /// How many rows so far.
    fn count(&self) -> u64;

    /// Whether rows can lead to this state.
    fn is_sound(&self) -> bool;
}

/// What was chosen for a [`Series`], which it is told each time and does not keep.
#[derive(Clone, Copy)]
pub struct Chosen<H> {
    /// What the summary depends on beside the rows.
    pub shape: H,
    /// How many rows count, where it is only the last that do.
    pub window: usize,
}

/// Rows one at a time: all so far, or the last of them.
pub trait Series<const I: usize, S: Summary<I> + ?Sized>: State {
    /// Before the first row.
    fn start() -> Self;

    /// Memory for `rows` rows more.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; the state is unchanged then.
    fn make_room(&mut self, window: usize, rows: usize) -> Result<()>;

    /// What is made of the rows once `row` will have come; `None` while a window is not full. Does not allocate.
    fn look<T>(
        &self,
        chosen: Chosen<S::Shape>,
        row: [f64; I],
        make: impl FnOnce(S::Known<'_>) -> T,
    ) -> Option<T>;

    /// Takes one row, for which there is [room](Self::make_room). Does not allocate.
    fn push(&mut self, chosen: Chosen<S::Shape>, row: [f64; I]);

    /// Whether rows can lead to this state.
    fn is_sound(&self, chosen: Chosen<S::Shape>) -> bool;
}
