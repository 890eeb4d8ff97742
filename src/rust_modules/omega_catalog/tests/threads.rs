//! A set on any number of threads, and what `extend` does to the live state: the same bits, and all or nothing.

use omega_catalog::{Data, Definition, FeatureSet, Given, Groups, Key, Nulls, Result};
use omega_contract::ErrorCode;

const ROWS: usize = 20_000;

fn definitions() -> Result<Vec<Definition>> {
    let period = |rows| [("period", Given::Int(rows))];
    Ok(vec![
        Definition::new("mean", "ta.sma", period(20))?,
        Definition::new("rsi", "ta.rsi", period(14))?,
        Definition::new("bands", "ta.bbands", period(20))?,
        Definition::new("signal", "ta.ema", period(9))?.wire("close", "rsi"),
        Definition::new("flow", "ta.obv", [])?,
        Definition::new("flow_mean", "ta.sma", period(5))?.wire("close", "flow"),
        Definition::new("swing", "ta.rsi", period(3))?.wire("close", "signal"),
    ])
}

/// Closes and volumes, the set's two columns, some of them missing.
fn bars() -> [Vec<f64>; 2] {
    let close = (0..ROWS).map(|row| 100.0 + ((row * 7919) % 101) as f64 / 8.0);
    let hole = |(row, value): (usize, f64)| if row % 997 == 5 { f64::NAN } else { value };
    let volume = (0..ROWS).map(|row| ((row * 104_729) % 977) as f64);
    [close.enumerate().map(hole).collect(), volume.collect()]
}

fn keys(rows: usize, groups: usize) -> Result<(Groups, Vec<u32>)> {
    let mut keys = Groups::default();
    let numbers = (0..rows).map(|row| keys.int((row * row % groups) as i64)).collect::<Result<_>>()?;
    Ok((keys, numbers))
}

fn bits(answers: &[Vec<f64>]) -> Vec<Vec<u64>> {
    answers.iter().map(|column| column.iter().map(|value| value.to_bits()).collect()).collect()
}

#[test]
fn any_number_of_threads_answers_with_the_same_bits() -> Result<()> {
    let bars = bars();
    let (groups, numbers) = keys(ROWS, 97)?;
    for nulls in [Nulls::Skip, Nulls::Propagate] {
        for by in [None, Some("symbol".to_owned())] {
            let grouped = by.is_some();
            let set = FeatureSet::new(definitions()?, by, nulls)?;
            let data = Data::new(&[&bars[0], &bars[1]])?;
            let data = if grouped { data.by(&groups, &numbers)? } else { data };
            let alone = bits(&set.features().run_on(1, &data)?);
            for threads in [0, 2, 3, 64] {
                assert_eq!(bits(&set.features().run_on(threads, &data)?), alone, "{threads} threads");
            }
            assert_eq!(bits(&set.run(&data)?), alone);
        }
    }
    Ok(())
}

#[test]
fn any_number_of_threads_refuses_the_first_row_and_names_the_same_column() -> Result<()> {
    let [mut close, mut volume] = bars();
    close.iter_mut().for_each(|close| *close = if close.is_nan() { 100.0 } else { *close });
    let set = FeatureSet::new(definitions()?, None, Nulls::Raise)?;
    let refusals = |columns: &[&[f64]]| -> Vec<(Option<String>, Option<String>)> {
        let data = Data::new(columns).expect("one length");
        let refusal = |threads| set.features().run_on(threads, &data).expect_err("a refusal");
        [1, 2, 3]
            .map(refusal)
            .map(|error| (error.field("name").map(str::to_owned), error.field("row").map(str::to_owned)))
            .into()
    };
    let expect = |refusals: Vec<(Option<String>, Option<String>)>, name: &str, row: &str| {
        refusals.into_iter().for_each(|refusal| assert_eq!(refusal, (Some(name.into()), Some(row.into()))));
    };
    // What a wire carries is refused in row 9001, and a column in a later row or in an earlier one.
    (volume[9000], volume[9001]) = (1e100, 1e100);
    (close[9000], close[9001]) = (close[8999] + 1.0, close[8999] + 2.0);
    close[15_000] = f64::INFINITY;
    expect(refusals(&[&close, &volume]), "flow", "9001");
    volume[4095] = f64::NAN;
    expect(refusals(&[&close, &volume]), "volume", "4095");
    volume[0] = f64::NAN;
    expect(refusals(&[&close, &volume]), "volume", "0");
    Ok(())
}

#[test]
fn extending_by_some_groups_leaves_the_others_as_they_are() -> Result<()> {
    let bars = bars();
    for nulls in [Nulls::Skip, Nulls::Propagate] {
        let mut whole = FeatureSet::new(definitions()?, Some("symbol".into()), nulls)?;
        let mut parts = whole.copy()?;
        let mut step = 0;
        let (_, numbers) = keys(ROWS, 97)?;
        let mut expected = vec![Vec::new(); whole.features().names().len()];
        let mut answers = expected.clone();
        for (from, to) in [(0, 1), (1, 2), (2, 500), (500, 501), (501, 2000)] {
            // Each batch has groups and numbers of its own.
            let mut own = Groups::default();
            let numbers = numbers[from..to].iter().map(|&number| own.int(i64::from(number)));
            let numbers = numbers.collect::<Result<Vec<u32>>>()?;
            let data = Data::new(&[&bars[0][from..to], &bars[1][from..to]])?.by(&own, &numbers)?;
            for (answer, column) in answers.iter_mut().zip(parts.extend(&data)?) {
                answer.extend(column);
            }
            step += 1;
            assert_eq!(parts.rows(), to as u64, "after {step} batches");
        }
        let mut values = vec![0.0; expected.len()];
        for row in 0..2000 {
            let key = Key::Int(i64::from(numbers[row]));
            whole.update(&[bars[0][row], bars[1][row]], Some(&key), &mut values)?;
            expected.iter_mut().zip(&values).for_each(|(column, value)| column.push(*value));
        }
        assert_eq!(bits(&answers), bits(&expected));
        assert_eq!(parts.snapshot()?, whole.snapshot()?);
    }
    Ok(())
}

#[test]
fn a_refused_batch_leaves_groups_old_and_new_as_they_were() -> Result<()> {
    let bars = bars();
    let mut set = FeatureSet::new(definitions()?, Some("symbol".into()), Nulls::Raise)?;
    let batch = |set: &mut FeatureSet, from: i64, columns: [&[f64]; 2]| {
        let mut own = Groups::default();
        let numbers = (0..columns[0].len()).map(|row| own.text(&format!("group {}", from + row as i64)));
        let numbers = numbers.collect::<Result<Vec<u32>>>()?;
        set.extend(&Data::new(&columns)?.by(&own, &numbers)?).map(|_| ())
    };
    batch(&mut set, 0, [&bars[0][10..50], &bars[1][10..50]])?;
    let before = set.snapshot()?;
    let refused = batch(&mut set, 30, [&[1.0, 1.0, f64::NAN], &[1.0; 3]]).expect_err("a missing close");
    assert_eq!((refused.code(), refused.field("row")), (ErrorCode::MissingValue, Some("42")));
    let sky = [1e100; 40];
    batch(&mut set, 0, [&bars[0][50..90], &sky])?;
    let after = set.snapshot()?;
    let refused = batch(&mut set, 0, [&[1e3; 40], &sky]).expect_err("2e100 on a wire");
    assert_eq!((refused.code(), refused.field("name")), (ErrorCode::InvalidValue, Some("flow")));
    assert!(set.snapshot()? == after && after != before);
    batch(&mut set, 30, [&[1.0; 3], &[1.0; 3]])
}
