//! Whatever is refused, the answer is an error and the state is as before.

use omega_arrow::column::Chunk;
use omega_catalog::{Data, Definition, FeatureSet, Groups, Key, MetricSet, restore};
use omega_contract::params::Given;
use omega_contract::{ErrorCode, Result};
use omega_kernel::snapshot::{Snapshot, SnapshotKind};
use omega_kernel::{Accumulator, Body, Grouped, Nulls, Stream};

use crate::allocator::granting;
use crate::support::{ReductionCase, chunks, columns, row, same, same_values, slice};
use crate::{long_cases, reductions};

/// Windows long enough that each of their vectors is large, and rows to fill them more than twice.
const PERIOD: i64 = 700;
const ROWS: usize = 2000;

/// Refuses, run after run, what `act` asks for from its first large request on, from its second, and so on until it
/// asks for nothing more: each time it fails as it should. `make` makes what it acts on, and `look` tells two apart.
fn every_refusal<S, T, L: PartialEq>(
    label: &str,
    make: impl Fn() -> S,
    act: impl Fn(&mut S) -> Result<T>,
    look: impl Fn(&S) -> L,
) {
    for granted in 0.. {
        let mut subject = make();
        let (outcome, refused) = granting(granted, || act(&mut subject));
        if refused == 0 {
            assert!(outcome.is_ok(), "{label} fails where nothing is refused");
            return;
        }
        let Err(error) = outcome else {
            // A vector that may not double asks once more, for no more than it needs, and that is granted: more of it is
            // there than was asked of us, and nothing says that it failed. So success after a refusal is right if it is
            // the whole of it: the state is that of a run in which nothing was refused.
            let mut other = make();
            assert!(act(&mut other).is_ok() && look(&subject) == look(&other), "{label} went on half-done");
            continue;
        };
        assert_eq!(error.code(), ErrorCode::OutOfMemory, "{label}: {error}");
        assert!(look(&subject) == look(&make()), "{label} is not as before");
        assert!(act(&mut subject).is_ok(), "{label} works again with memory");
    }
}

#[test]
fn a_stream_that_is_refused_memory_says_so_and_stays_as_it_was() {
    for case in long_cases(PERIOD) {
        let data = columns(&case.spec, 1, ROWS);
        let inputs = chunks(&data);
        let n_outputs = case.spec.outputs.len();
        let run = |stream: &mut Box<dyn Stream>, from: usize, to: usize| {
            let mut answer = vec![vec![0.0; ROWS]; n_outputs];
            let mut outputs: Vec<&mut [f64]> =
                answer.iter_mut().map(|column| &mut column[from..to]).collect();
            let inputs = slice(&inputs, from, to);
            granting(usize::MAX, || stream.batch(&inputs, &mut outputs)).0
        };
        for rows in [0, 600, 1500] {
            let label = format!("{} after {rows} rows", case.label());
            let make = || {
                let mut stream = case.stream(Nulls::Skip);
                run(&mut stream, 0, rows).expect("memory");
                stream
            };
            every_refusal(&label, make, |stream| stream.copy(), |it| it.save());
            every_refusal(&label, make, |stream| stream.save(), |it| it.save());
            every_refusal(&label, make, |stream| stream.reserve(ROWS), |it| it.save());
            let payload = make().save().expect("memory");
            every_refusal(
                &label,
                || case.stream(Nulls::Skip),
                |stream| stream.load(&payload),
                |it| it.save(),
            );
            every_refusal(&label, || frame(&payload), |snapshot| snapshot.encode(), Snapshot::clone);
            let bytes = frame(&payload).encode().expect("memory");
            every_refusal(&label, || (), |()| Snapshot::decode(&bytes).map(|_| ()), |()| ());

            // A batch may stop half-way; its callers work on copies. Its memory is what the windows need.
            let mut answer = vec![vec![0.0; ROWS - rows]; n_outputs];
            for granted in 0.. {
                let mut stream = make();
                let mut outputs: Vec<&mut [f64]> = answer.iter_mut().map(Vec::as_mut_slice).collect();
                let inputs = slice(&inputs, rows, ROWS);
                let (outcome, refused) = granting(granted, || stream.batch(&inputs, &mut outputs));
                if refused == 0 {
                    outcome.expect("memory");
                    break;
                }
                assert_eq!(outcome.expect_err("no memory").code(), ErrorCode::OutOfMemory, "{label}");
            }
        }
        let (mut stingy, mut plain) = (case.stream(Nulls::Skip), case.stream(Nulls::Skip));
        let (mut left, mut right) = (vec![0.0; n_outputs], vec![0.0; n_outputs]);
        for place in 0..ROWS {
            let input = row(&inputs, place);
            let (peeked, refused) = granting(0, || stingy.peek(&input, &mut left));
            assert!(peeked.is_ok() && refused == 0, "{} needs no memory to look ahead", case.label());
            let (outcome, _) = granting(0, || stingy.update(&input, &mut left));
            if let Err(error) = outcome {
                assert_eq!(error.code(), ErrorCode::OutOfMemory, "{}: {error}", case.label());
                assert_eq!(stingy.save(), plain.save(), "{} in row {place}", case.label());
                stingy.update(&input, &mut left).expect("memory");
            }
            plain.update(&input, &mut right).expect("memory");
            assert!(left.iter().zip(&right).all(|(left, right)| same(*left, *right)), "{}", case.label());
        }
    }
}

fn frame(payload: &[u8]) -> Snapshot<'_> {
    Snapshot {
        kind: SnapshotKind::Stream,
        function: "a.function",
        version: "1.0.0",
        params: vec![1.0; 1000],
        nulls: Nulls::Skip,
        payload,
    }
}

#[test]
fn groups_that_are_refused_memory_say_so_and_stay_as_they_were() {
    const GROUPS: u32 = 300;
    for case in long_cases(PERIOD) {
        let data = columns(&case.spec, 2, ROWS);
        let inputs = chunks(&data);
        let n_outputs = case.spec.outputs.len();
        // Many groups of a row or two, and one with a window of its own.
        let groups: Vec<u32> =
            (0..ROWS as u32).map(|row| if row % 2 == 0 { 0 } else { row % GROUPS }).collect();
        let batch = |grouped: &mut dyn Grouped, answer: &mut [Vec<f64>]| {
            let mut outputs: Vec<&mut [f64]> = answer.iter_mut().map(Vec::as_mut_slice).collect();
            grouped.batch(&groups, &inputs, &mut outputs)
        };
        let make = || {
            let mut grouped = case.factory.grouped(&case.params, Nulls::Skip);
            batch(grouped.as_mut(), &mut vec![vec![0.0; ROWS]; n_outputs]).expect("memory");
            grouped
        };
        let label = case.label();
        every_refusal(&label, make, |grouped| grouped.copy(), |it| it.save());
        every_refusal(&label, make, |grouped| grouped.save(), |it| it.save());
        let payload = make().save().expect("memory");
        let fresh = || case.factory.grouped(&case.params, Nulls::Skip);
        every_refusal(&label, fresh, |grouped| grouped.load(&payload), |it| it.save());
        for granted in 0.. {
            let mut answer = vec![vec![0.0; ROWS]; n_outputs];
            let mut grouped = fresh();
            let (outcome, refused) = granting(granted, || batch(grouped.as_mut(), &mut answer));
            if refused == 0 {
                outcome.expect("memory");
                break;
            }
            assert_eq!(outcome.expect_err("no memory").code(), ErrorCode::OutOfMemory, "{label}");
        }
        // Room for one row of a new group is refused, and forgotten again.
        let known = GROUPS as usize;
        every_refusal(
            &label,
            make,
            |grouped| {
                let reserved = grouped.reserve(5000);
                grouped.truncate(known);
                reserved
            },
            |it| it.save(),
        );
    }
}

fn over(case: &ReductionCase, inputs: &[Chunk<'_>]) -> Box<dyn Accumulator> {
    let mut accumulator = case.accumulator(Nulls::Skip);
    accumulator.update(inputs).expect("clean rows are taken");
    accumulator
}

#[test]
fn an_accumulator_that_is_refused_memory_says_so_and_stays_as_it_was() {
    for case in reductions() {
        let label = case.label();
        let mut data = columns(&case.spec, 3, ROWS);
        data[0][1700] = f64::NAN;
        let inputs = chunks(&data);
        for rows in [0, 100, 1100] {
            let make = || over(&case, &slice(&inputs, 0, rows));
            let (clean, holed) = (slice(&inputs, rows, 1600), slice(&inputs, rows, ROWS));
            every_refusal(&label, make, |accumulator| accumulator.update(&clean), |it| it.save());
            every_refusal(&label, make, |accumulator| accumulator.update(&holed), |it| it.save());
            let parts = [slice(&inputs, rows, 1500), slice(&inputs, 1500, ROWS)];
            let in_parts = |accumulator: &mut Box<dyn Accumulator>| {
                accumulator.check(0, &parts[0])?;
                accumulator.check(1500 - rows, &parts[1])?;
                accumulator.reserve(ROWS - rows)?;
                parts.iter().for_each(|part| accumulator.take(part));
                Ok(())
            };
            every_refusal(&label, make, in_parts, |it| it.save());
            let other = over(&case, &holed);
            every_refusal(&label, make, |accumulator| accumulator.merge(other.as_ref()), |it| it.save());
            every_refusal(
                &label,
                make,
                |accumulator| accumulator.value(&mut vec![0.0; accumulator.outputs()]),
                |it| it.save(),
            );
            every_refusal(&label, make, |accumulator| accumulator.copy(), |it| it.save());
            every_refusal(&label, make, |accumulator| accumulator.save(), |it| it.save());
            let payload = make().save().expect("memory");
            let fresh = || case.accumulator(Nulls::Skip);
            every_refusal(&label, fresh, |accumulator| accumulator.load(&payload), |it| it.save());
            let (mut whole, mut divided) = (make(), make());
            whole.update(&holed).expect("memory");
            in_parts(&mut divided).expect("memory");
            assert!(whole.save() == divided.save(), "{label} in parts");
            assert!(same_values(whole.as_ref(), divided.as_ref()), "{label} in parts");
        }
    }
}

#[test]
fn a_set_of_metrics_that_is_refused_memory_says_so_and_stays_as_it_was() {
    const GROUPS: u32 = 300;
    let metrics = || omega_catalog::all().iter().filter(|one| matches!(one.body, Body::Reduction(_)));
    let definitions =
        || metrics().map(|one| Definition::new(&one.spec.name, &one.spec.name, []).expect("known"));
    for by in [&[][..], &["symbol"], &["exchange", "symbol"]] {
        let by: Vec<String> = by.iter().map(|&name| name.to_owned()).collect();
        let new = || MetricSet::new(definitions().collect(), by.clone(), Nulls::Skip).expect("metrics");
        let mut reader = metrics().next().expect("a metric").spec.clone();
        reader.inputs = new().metrics().inputs().to_vec();
        let columns = columns(&reader, 4, ROWS);
        let mut groups = Groups::default();
        let numbers: Vec<u32> = (0..ROWS as u32)
            .map(|row| if row % 2 == 0 { 0 } else { row % GROUPS })
            .map(|group| match by.len() {
                2 => groups.number_of(&Key::of(vec![Key::Missing, Key::Text(group.to_string())])),
                _ => groups.int(i64::from(group)),
            })
            .map(|number| number.expect("memory"))
            .collect();
        // Groups that the first rows know, and others.
        let rows = |from: usize, to: usize| {
            let parts: Vec<&[f64]> = columns.iter().map(|column| &column[from..to]).collect();
            Data::new(&parts).and_then(|data| data.by(&groups, &numbers[from..to])).expect("columns")
        };
        let of = |from: usize, to: usize| {
            let mut set = new();
            set.update(&rows(from, to)).expect("memory");
            set
        };
        let label = format!("a set by {by:?}");
        let make = || of(0, 101);
        every_refusal(&label, make, |set| set.update(&rows(101, ROWS)), |it| it.snapshot());
        every_refusal(&label, make, |set| set.run(&rows(101, ROWS)), |it| it.snapshot());
        let other = of(101, ROWS);
        every_refusal(&label, make, |set| set.merge(&other), |it| it.snapshot());
        every_refusal(&label, new, |set| set.merge(&other), |it| it.snapshot());
        for make in [&make as &dyn Fn() -> MetricSet, &|| of(0, ROWS)] {
            every_refusal(&label, make, |set| set.values(), |it| it.snapshot());
            every_refusal(&label, make, |set| set.copy(), |it| it.snapshot());
            every_refusal(&label, make, |set| set.snapshot(), |it| it.snapshot());
        }
        let saved = of(0, ROWS).snapshot().expect("memory");
        every_refusal(&label, || (), |()| restore(&saved).map(|_| ()), |()| ());
    }
}

#[test]
fn a_set_that_is_refused_memory_for_a_batch_stays_as_it_was() {
    let definitions = || -> Result<Vec<Definition>> {
        let long = |name, function| Definition::new(name, function, [("period", Given::Int(PERIOD))]);
        Ok(vec![
            long("mean", "ta.sma")?,
            long("bands", "ta.bbands")?,
            long("more", "ta.sma")?.wire("close", "mean"),
        ])
    };
    let close: Vec<f64> = (0..ROWS).map(|row| 100.0 + ((row * 7919) % 101) as f64 / 8.0).collect();
    for by in [&[][..], &["symbol"], &["exchange", "symbol"]] {
        let by: Vec<String> = by.iter().map(|&name| name.to_owned()).collect();
        let label = format!("a set by {by:?}");
        // Many groups of a row or two, and one with a window of its own; of the second batch every other one is new.
        let keys = |from: usize| {
            let (mut groups, mut numbers) = (Groups::default(), Vec::new());
            for row in 0..ROWS {
                let group = if row % 2 == 0 { 0 } else { from + row % 600 };
                let key = Key::Text(format!("a long name of group {group}"));
                let key = if by.len() == 2 { Key::of(vec![Key::Missing, key]) } else { key };
                numbers.push(groups.number_of(&key).expect("memory"));
            }
            (groups, numbers)
        };
        let (first, second) = (keys(0), keys(300));
        let extend = |set: &mut FeatureSet, (groups, numbers): &(Groups, Vec<u32>)| -> Result<()> {
            let data = Data::new(&[&close])?;
            let data = if set.features().by().is_some() { data.by(groups, numbers)? } else { data };
            set.extend(&data).map(|_| ())
        };
        let make = || {
            let mut set =
                FeatureSet::new(definitions().expect("allowed"), by.clone(), Nulls::Skip).expect("allowed");
            extend(&mut set, &first).expect("memory");
            set
        };
        every_refusal(&label, make, |set| extend(set, &second), |set| set.snapshot().expect("memory"));
    }
}
