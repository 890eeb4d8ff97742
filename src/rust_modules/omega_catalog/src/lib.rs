//! Every function of Omega by name, for Rust and for whatever binds it to another language.
//!
//! ```
//! use omega_catalog::{Accumulator, Data, Definition, FeatureSet, Given, Nulls, Params, Stream, find, run};
//!
//! // An indicator: over a batch, and bar by bar.
//! let close = [10.0, 11.0, 12.5, 12.0];
//! let sma = find("ta.sma")?;
//! let two_rows = Params::resolve(&sma.spec, [("period", Given::Int(2))])?;
//! let means = run(sma, &two_rows, Nulls::Skip, &Data::new(&[&close])?)?;
//! assert_eq!(means[0][1..], [10.5, 11.75, 12.25]);
//!
//! let mut stream = Stream::new(sma, two_rows, Nulls::Skip)?;
//! let mut mean = [f64::NAN];
//! assert!(!stream.update(&[10.0], &mut mean)?); // still warming up
//! assert!(stream.update(&[11.0], &mut mean)?);
//! assert_eq!(mean, [10.5]);
//!
//! // A metric, as returns arrive.
//! let drawdown = find("risk.max_drawdown")?;
//! let defaults = Params::resolve(&drawdown.spec, [])?;
//! let mut deepest = Accumulator::new(drawdown, defaults, Nulls::Skip)?;
//! deepest.update(&Data::new(&[&[0.25, -0.5, 0.25]])?)?;
//! let mut value = [f64::NAN];
//! assert!(deepest.value(&mut value)?);
//! assert_eq!(value, [-0.5]);
//!
//! // Many features at once: a table, then the bars that follow it, live.
//! let fast = Definition::new("fast", "ta.sma", [("period", Given::Int(2))])?;
//! let slow = Definition::new("slow", "ta.sma", [("period", Given::Int(4))])?;
//! let mut features = FeatureSet::new(vec![fast, slow], None, Nulls::Skip)?;
//! features.extend(&Data::new(&[&close])?)?;
//! let mut values = [f64::NAN; 2];
//! features.update(&[13.0], None, &mut values)?;
//! assert_eq!(values, [12.5, 12.125]);
//! # Ok::<(), omega_catalog::Error>(())
//! ```

/// Metrics as rows arrive.
mod accumulator;
/// One function over rows.
mod compute;
/// Rows on their way into functions.
mod data;
/// Many functions at once.
mod feature_set;
/// Rows of interleaved groups, laid side by side.
mod gather;
/// Groups as messages name them.
mod groups;
/// What streams and accumulators have in common.
mod live;
/// Many metrics at once.
mod metric_set;
/// The order of time.
mod order;
/// Hidden functions that the tests and benchmarks of the boundary call.
pub mod probe;
/// Functions by name.
mod registry;
/// Snapshots back into live objects.
mod restore;
/// Indicators bar by bar.
mod stream;
/// How many threads a call may use, and how they share its work.
mod threads;

pub use accumulator::{Accumulator, not_reduction};
pub use compute::{run, run_into};
pub use data::{Data, Grouping};
pub use feature_set::{Definition, FeatureSet, Features};
pub use gather::Gathered;
pub use live::Live;
pub use metric_set::{MetricSet, Metrics};
pub use order::{Follows, Moment};
pub use registry::{all, find, hidden};
pub use restore::{Restored, restore};
pub use stream::{MOST_COLUMNS, Stream, not_rowwise, warm_up_rows};
pub use threads::THREAD_NAME;

pub use omega_arrow::column::{Bitmap, Chunk};
pub use omega_arrow::keys::{Groups, Key, KeyRef, Kind};
pub use omega_contract::params::{Given, Params};
pub use omega_contract::{Error, Result};
pub use omega_kernel::{Function, Nulls};
