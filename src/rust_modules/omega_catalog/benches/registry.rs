//! Nanoseconds per row of every function of every registry: `cargo bench -p omega_catalog [-- name]`.
//!
//! Rows are those of a random walk. Outputs are written into memory that was written before, as an allocator
//! that keeps its pages hands it out; the first touch of fresh memory costs more than most kernels. Each figure is
//! the best of many short rounds, which a busy machine disturbs least.

use std::hint::black_box;
use std::time::Instant;

use omega_arrow::column::Chunk;
use omega_contract::params::Params;
use omega_kernel::{Body, Function, Nulls};

/// A market that never was.
#[path = "../tests/data/mod.rs"]
mod data;

const ROWS: usize = 100_000;
const GROUPS: usize = 10_000;
const ROUNDS: usize = 50;

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let hidden = omega_catalog::hidden().iter().take(1);
    let functions = hidden.chain(omega_catalog::all());
    let kinds = ["batch", "missing", "update", "grouped", "sorted"].map(|kind| format!("{kind:>8}"));
    println!("{:32} {}  ns per row", "", kinds.join(" "));
    for function in functions {
        if wanted.is_empty() || wanted.iter().any(|name| function.spec.name.contains(name)) {
            report(function);
        }
    }
}

fn report(function: &Function) {
    let params = Params::resolve(&function.spec, []).expect("defaults are allowed");
    let columns = data::columns(&function.spec, 42, ROWS, usize::MAX);
    let inputs: Vec<Chunk<'_>> = columns.iter().map(|column| Chunk::dense(column)).collect();
    let name = &function.spec.name;
    match function.body {
        Body::Rowwise(factory) => {
            let mut answer = vec![vec![1.0; ROWS]; function.spec.outputs.len()];
            let batch = best(|| {
                let mut outputs: Vec<&mut [f64]> = answer.iter_mut().map(Vec::as_mut_slice).collect();
                factory
                    .stream(&params, Nulls::Skip)
                    .batch(black_box(&inputs), &mut outputs)
                    .expect("clean rows");
            });
            let gappy = with_holes(&columns);
            let gappy: Vec<Chunk<'_>> = gappy.iter().map(|column| Chunk::dense(column)).collect();
            let missing = best(|| {
                let mut outputs: Vec<&mut [f64]> = answer.iter_mut().map(Vec::as_mut_slice).collect();
                let mut stream = factory.stream(&params, Nulls::Skip);
                stream.batch(black_box(&gappy), &mut outputs).expect("rows without impossible values");
            });
            let mut values = vec![0.0; answer.len()];
            let bars: Vec<f64> =
                (0..ROWS).flat_map(|row| columns.iter().map(move |column| column[row])).collect();
            let update = best(|| {
                let mut stream = factory.stream(&params, Nulls::Skip);
                for bar in bars.chunks_exact(inputs.len()) {
                    black_box(matches!(stream.update(bar, &mut values), Ok(true)));
                }
            });
            let mut by = |groups: Vec<u32>| {
                let mut states = factory.grouped(&params, Nulls::Skip);
                best(|| {
                    let mut outputs: Vec<&mut [f64]> = answer.iter_mut().map(Vec::as_mut_slice).collect();
                    states.batch(&groups, black_box(&inputs), &mut outputs).expect("clean rows");
                })
            };
            let grouped = by((0..ROWS).map(|row| (row % GROUPS) as u32).collect());
            let sorted = by((0..ROWS).map(|row| (row / 250) as u32).collect());
            println!("{name:32} {batch:8.2} {missing:8.2} {update:8.2} {grouped:8.2} {sorted:8.2}");
        }
        Body::Reduction(factory) => {
            let batch = best(|| {
                let mut accumulator = factory.accumulator(&params, Nulls::Skip);
                accumulator.update(black_box(&inputs)).expect("clean rows");
                black_box(accumulator.value(&mut vec![0.0; accumulator.outputs()]).expect("memory"));
            });
            println!("{name:32} {batch:8.2}");
        }
    }
}

/// The columns with every twentieth row missing, on average.
fn with_holes(columns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut state = 7_u64;
    let missing: Vec<bool> = (0..ROWS)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33).is_multiple_of(20)
        })
        .collect();
    let hole = |(value, missing): (&f64, &bool)| if *missing { f64::NAN } else { *value };
    columns.iter().map(|column| column.iter().zip(&missing).map(hole).collect()).collect()
}

/// Nanoseconds per row of the best round.
fn best(mut run: impl FnMut()) -> f64 {
    let round = |_| {
        let start = Instant::now();
        run();
        start.elapsed().as_nanos() as f64 / ROWS as f64
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}
