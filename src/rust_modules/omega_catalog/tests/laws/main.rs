//! What holds for every function of every registry, whatever it computes.

/// From one end of what is taken to the other: no infinity, nothing lost, and answers that can go in again.
mod bounds;
/// Sets of metrics that share summaries.
mod metric_sets;
/// Reductions: chunks, merges, missing rows.
mod reductions;
/// Out-of-range parameters and impossible inputs are refused by name.
mod refusals;
/// Metrics after each row: over all rows so far, and over the last of them.
mod rolling;
/// Rowwise functions: batch, stream, grouped, splits, missing rows, warm-up.
mod rowwise;
/// Snapshots: anywhere, through bytes, and damaged.
mod snapshots;
/// Functions, parameters and data to try.
mod support;
/// What independent implementations answer.
mod vectors;
