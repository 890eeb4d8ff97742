//! Sets of metrics that share summaries.

use omega_catalog::{
    Chunk, Data, Definition, Given, Groups, Key, Kind, MetricSet, Nulls, Restored, Result, restore,
};
use omega_contract::ErrorCode;

/// Functions, parameters and data to try.
#[expect(dead_code, unused_imports, reason = "shared with the laws, which use all of it")]
#[path = "laws/support.rs"]
mod support;

use support::{Random, ReductionCase, columns, reduction_cases, same};

const ROWS: usize = 1000;

fn definition(name: &str, case: &ReductionCase) -> Definition {
    let function = omega_catalog::find(&case.spec.name).expect("a metric");
    Definition { name: name.into(), function, params: case.params.clone(), wires: Vec::new() }
}

/// Some cases as one set.
fn set_of(cases: &[&ReductionCase], by: Option<&str>, nulls: Nulls) -> MetricSet {
    let definitions = cases.iter().enumerate().map(|(place, case)| definition(&format!("m{place}"), case));
    MetricSet::new(definitions.collect(), by.map(str::to_owned), nulls).expect("they are metrics")
}

/// Columns for a set, each with a missing row of its own.
fn data_for(set: &MetricSet, case: &ReductionCase, seed: u64) -> Vec<Vec<f64>> {
    let mut reader = case.spec.clone();
    reader.inputs = set.metrics().inputs().to_vec();
    let mut data = columns(&reader, seed, ROWS);
    for (place, column) in data.iter_mut().enumerate() {
        column[100 * (place + 1)] = f64::NAN;
    }
    data
}

fn rows(data: &[Vec<f64>], from: usize, to: usize) -> Vec<&[f64]> {
    data.iter().map(|column| &column[from..to]).collect()
}

/// The columns of a set that a metric reads.
fn own<'a>(set: &MetricSet, case: &ReductionCase, data: &[&'a [f64]]) -> Vec<Chunk<'a>> {
    let inputs = set.metrics().inputs();
    let place = |name: &str| inputs.iter().position(|input| input.name == name).expect("the set reads it");
    case.spec.inputs.iter().map(|input| Chunk::dense(data[place(&input.name)])).collect()
}

/// Fails unless one row of a set's answers has the bits of each metric alone.
#[track_caller]
fn assert_as_alone(
    set: &MetricSet,
    cases: &[&ReductionCase],
    nulls: Nulls,
    data: &[&[f64]],
    answers: &[f64],
) {
    let mut answers = answers.iter();
    for case in cases {
        let alone = case.over(nulls, &own(set, case, data));
        for (alone, answer) in support::values(alone.as_ref()).into_iter().zip(&mut answers) {
            assert!(same(alone, *answer), "{}: {alone:e} {answer:e}", case.label());
        }
    }
    assert_eq!(answers.next(), None);
}

fn first_row(columns: Vec<Vec<f64>>) -> Vec<f64> {
    columns.into_iter().map(|column| column[0]).collect()
}

#[test]
fn every_metric_answers_as_alone_beside_every_other_and_beside_all() -> Result<()> {
    let cases = reduction_cases();
    let mut sets: Vec<Vec<&ReductionCase>> = vec![cases.iter().collect()];
    sets.extend(cases.iter().map(|case| vec![case]));
    sets.extend(cases.iter().flat_map(|one| cases.iter().map(move |other| vec![one, other])));
    for chosen in sets {
        for nulls in [Nulls::Skip, Nulls::Propagate] {
            let set = set_of(&chosen, None, nulls);
            let data = data_for(&set, chosen[0], 70);
            let data = rows(&data, 0, ROWS);
            let answers = first_row(set.run(&Data::new(&data)?)?);
            assert_as_alone(&set, &chosen, nulls, &data, &answers);
            assert_eq!(set.rows(), 0, "`run` leaves the live state alone");
        }
    }
    Ok(())
}

#[test]
fn parts_of_any_size_copies_and_what_was_saved_in_any_row_give_the_same_bits() -> Result<()> {
    let cases = reduction_cases();
    let cases: Vec<&ReductionCase> = cases.iter().collect();
    let mut live = set_of(&cases, None, Nulls::Skip);
    let data = data_for(&live, cases[0], 71);
    let (mut random, mut from) = (Random(72), 0);
    while from < ROWS {
        let to = ROWS.min(from + random.below(90));
        live.update(&Data::new(&rows(&data, from, to))?)?;
        let Restored::MetricSet(restored) = restore(&live.snapshot()?)? else { panic!("a set of metrics") };
        assert_eq!(restored.snapshot()?, live.snapshot()?);
        live = if to % 2 == 0 { restored } else { live.copy()? };
        from = to;
    }
    assert_eq!(live.rows(), ROWS as u64);
    assert_as_alone(&live, &cases, Nulls::Skip, &rows(&data, 0, ROWS), &first_row(live.values()?));
    live.reset();
    assert!(live.rows() == 0 && first_row(live.values()?).iter().all(|value| value.is_nan()));
    Ok(())
}

#[test]
fn merged_sets_have_the_bits_of_merged_metrics() -> Result<()> {
    let cases = reduction_cases();
    let cases: Vec<&ReductionCase> = cases.iter().collect();
    let (mut first, mut second) = (set_of(&cases, None, Nulls::Skip), set_of(&cases, None, Nulls::Skip));
    let data = data_for(&first, cases[0], 73);
    let (head, tail) = (rows(&data, 0, 333), rows(&data, 333, ROWS));
    first.update(&Data::new(&head)?)?;
    second.update(&Data::new(&tail)?)?;
    first.merge(&second)?;
    let answers = first_row(first.values()?);
    let mut answers = answers.iter();
    for case in &cases {
        let mut alone = case.over(Nulls::Skip, &own(&first, case, &head));
        alone.merge(case.over(Nulls::Skip, &own(&first, case, &tail)).as_ref())?;
        for (alone, answer) in support::values(alone.as_ref()).into_iter().zip(&mut answers) {
            assert!(same(alone, *answer), "{}: {alone:e} {answer:e}", case.label());
        }
    }
    Ok(())
}

/// A key for each row, of some number of groups.
fn keys(seed: u64, rows: usize, groups: usize) -> (Groups, Vec<u32>) {
    let (mut random, mut known) = (Random(seed), Groups::default());
    let key = |group: usize| match (seed % 3, group) {
        (0, _) => Key::Text(format!("g{group}")),
        (1, 0) => Key::Missing,
        (1, _) => Key::Int(group as i64),
        _ => Key::Value(Kind::Date, group as i128),
    };
    let numbers = (0..rows).map(|_| known.number_of(&key(random.below(groups))).expect("memory"));
    let numbers = numbers.collect();
    (known, numbers)
}

#[test]
fn keys_that_are_no_keys_of_its_columns_are_refused_and_nothing_is_taken() -> Result<()> {
    let definitions = || Definition::new("risk", "risk.volatility", []).map(|one| vec![one]);
    let by = ["exchange", "symbol"].map(str::to_owned);
    let returns = [0.5, 0.25];
    let take = |set: &mut MetricSet, keys: [Key; 2]| -> Result<()> {
        let mut groups = Groups::default();
        let numbers = keys.iter().map(|key| groups.number_of(key)).collect::<Result<Vec<_>>>()?;
        set.update(&Data::new(&[&returns])?.by(&groups, &numbers)?)
    };
    let text = |text: &str| Key::Text(text.into());
    let mut set = MetricSet::new(definitions()?, by.clone(), Nulls::Skip)?;
    let own = [Key::of(vec![text("X"), Key::Missing]), Key::of(vec![Key::Missing, Key::Int(7)])];
    take(&mut set, own)?;
    let before = set.snapshot()?;
    for keys in [
        [text("X"), text("Y")],
        [Key::of(vec![text("X"), text("a")]), Key::of(vec![text("X"), text("b")])],
        [Key::of(vec![text("X"), Key::Int(1)]), Key::of(vec![Key::Int(1), Key::Int(1)])],
    ] {
        take(&mut set, keys).expect_err("other keys");
        assert_eq!(set.snapshot()?, before);
    }
    let Restored::MetricSet(restored) = restore(&before)? else { panic!("a metric set") };
    assert_eq!(restored.groups(), set.groups());
    let twice = ["symbol", "symbol"].map(str::to_owned);
    MetricSet::new(definitions()?, twice, Nulls::Skip).err().expect("one column twice");
    MetricSet::new(definitions()?, (0..17).map(|place| place.to_string()), Nulls::Skip).err().expect("many");
    Ok(())
}

#[test]
fn every_group_answers_as_alone_in_one_go_in_parts_and_merged() -> Result<()> {
    let cases = reduction_cases();
    let cases: Vec<&ReductionCase> = cases.iter().collect();
    for nulls in [Nulls::Skip, Nulls::Propagate] {
        let mut live = set_of(&cases, Some("symbol"), nulls);
        let data = data_for(&live, cases[0], 74);
        let (groups, numbers) = keys(75, ROWS, 9);
        let whole = live.run(&Data::new(&rows(&data, 0, ROWS))?.by(&groups, &numbers)?)?;
        let by_group = |group: usize| -> Vec<Vec<f64>> {
            let rows = (0..ROWS).filter(|&row| numbers[row] as usize == group);
            let rows: Vec<usize> = rows.collect();
            data.iter().map(|column| rows.iter().map(|&row| column[row]).collect()).collect()
        };
        for group in 0..groups.keys().len() {
            let own = by_group(group);
            let answers: Vec<f64> = whole.iter().map(|column| column[group]).collect();
            assert_as_alone(&live, &cases, nulls, &rows(&own, 0, own[0].len()), &answers);
        }
        let mut parts = vec![set_of(&cases, Some("symbol"), nulls), set_of(&cases, Some("symbol"), nulls)];
        for (from, to) in [(0, 5), (5, 6), (6, 480), (480, ROWS)] {
            let mut own = Groups::default();
            let numbers: Vec<u32> = numbers[from..to]
                .iter()
                .map(|&number| own.number_of(&groups.keys()[number as usize]).expect("memory"))
                .collect();
            let part = || Data::new(&rows(&data, from, to)).and_then(|data| data.by(&own, &numbers));
            live.update(&part()?)?;
            parts[usize::from(from >= 480)].update(&part()?)?;
            let Restored::MetricSet(restored) = restore(&live.snapshot()?)? else { panic!("a set") };
            assert_eq!(restored.snapshot()?, live.snapshot()?);
            live = restored;
        }
        assert_eq!((live.rows(), live.groups()), (ROWS as u64, groups.keys()));
        for (column, expected) in live.values()?.iter().zip(&whole) {
            assert!(column.iter().zip(expected).all(|(value, expected)| same(*value, *expected)));
        }
        let second = parts.remove(1);
        parts[0].merge(&second)?;
        assert_eq!((parts[0].rows(), parts[0].groups()), (ROWS as u64, groups.keys()));
        for (column, expected) in parts[0].values()?.iter().zip(&whole) {
            for (value, expected) in column.iter().zip(expected) {
                let near = (value - expected).abs() <= 1e-12 * expected.abs().max(1.0);
                assert!(same(*value, *expected) || near, "{value:e} {expected:e}");
            }
        }
    }
    Ok(())
}

#[test]
fn groups_that_only_one_of_two_knows_are_merged_whole() -> Result<()> {
    let cases = reduction_cases();
    let cases: Vec<&ReductionCase> = cases.iter().collect();
    let [mut first, mut second, mut twice] = [(); 3].map(|()| set_of(&cases, Some("symbol"), Nulls::Skip));
    let data = data_for(&first, cases[0], 76);
    let (mut known, mut other) = (Groups::default(), Groups::default());
    known.text("a").expect("memory");
    other.text("b").expect("memory");
    let zeros = vec![0; ROWS];
    first.update(&Data::new(&rows(&data, 0, ROWS))?.by(&known, &zeros)?)?;
    second.update(&Data::new(&rows(&data, 0, ROWS))?.by(&other, &zeros)?)?;
    let before = second.snapshot()?;
    first.merge(&second)?;
    assert_eq!(second.snapshot()?, before, "the other is left as it was");
    assert!(first.groups().iter().eq(known.keys().iter().chain(other.keys())));
    for column in first.values()? {
        assert!(same(column[0], column[1]));
    }
    twice.merge(&first)?;
    assert_eq!(twice.snapshot()?, first.snapshot()?, "what is merged into nothing is the same");
    Ok(())
}

#[test]
fn equal_summaries_are_kept_once() {
    let member = |name: &str, given: &[(&'static str, f64)], wires: &[(&str, &str)]| {
        let given = given.iter().map(|(name, value)| (*name, Given::Float(*value)));
        let plain = Definition::new(&format!("{name} {wires:?}"), name, given).expect("they are allowed");
        wires.iter().fold(plain, |definition, (input, source)| definition.wire(input, source))
    };
    let summaries = |members: Vec<Definition>| {
        let named = members.into_iter().enumerate();
        let named = named.map(|(place, member)| Definition { name: format!("m{place}"), ..member });
        MetricSet::new(named.collect(), None, Nulls::Skip).expect("metrics").metrics().summaries()
    };
    let sharpe = |periods, risk_free| {
        member("risk.sharpe_ratio", &[("periods", periods), ("risk_free", risk_free)], &[])
    };
    let volatility = || member("risk.volatility", &[], &[]);
    assert_eq!(summaries(vec![sharpe(252.0, 0.0), sharpe(52.0, 0.0), volatility()]), 1);
    assert_eq!(summaries(vec![sharpe(252.0, 0.0), sharpe(252.0, 0.01)]), 2);
    assert_eq!(summaries(vec![volatility(), member("risk.volatility", &[], &[("returns", "other")])]), 2);
    let tails = ["risk.value_at_risk", "risk.conditional_value_at_risk"];
    assert_eq!(summaries(tails.map(|name| member(name, &[], &[])).to_vec()), 1);
    assert_eq!(summaries(vec![volatility(), member("risk.max_drawdown", &[], &[])]), 2);
}

#[test]
fn what_one_metric_refuses_is_taken_by_none_and_named_by_its_row() -> Result<()> {
    let cases = reduction_cases();
    let cases: Vec<&ReductionCase> = cases.iter().collect();
    for by in [None, Some("symbol")] {
        let mut set = set_of(&cases, by, Nulls::Skip);
        let mut data = data_for(&set, cases[0], 77);
        let last = data.len() - 1;
        data[last][500] = f64::INFINITY;
        let (groups, numbers) = keys(78, ROWS, 4);
        let part = |from: usize, to: usize| {
            let part = Data::new(&rows(&data, from, to)).expect("columns");
            if by.is_some() { part.by(&groups, &numbers[from..to]) } else { Ok(part) }
        };
        set.update(&part(0, 400)?)?;
        let before = set.snapshot()?;
        let error = set.update(&part(400, ROWS)?).expect_err("it is refused");
        assert_eq!((error.code(), error.field("row")), (ErrorCode::InvalidValue, Some("500")));
        assert_eq!(error.field("name"), Some(set.metrics().inputs()[last].name.as_str()));
        assert_eq!(set.snapshot()?, before);
        assert_eq!(set.run(&part(400, ROWS)?).expect_err("refused").field("row"), Some("100"));
    }
    let mut strict = set_of(&cases, None, Nulls::Raise);
    let data = data_for(&strict, cases[0], 79);
    let error = strict.update(&Data::new(&rows(&data, 0, ROWS))?).expect_err("a row is missing");
    assert_eq!((error.code(), error.field("row")), (ErrorCode::MissingValue, Some("100")));
    assert_eq!(strict.rows(), 0);
    Ok(())
}

#[test]
fn what_is_no_set_of_metrics_is_refused() -> Result<()> {
    let code = |definitions: Vec<Definition>| {
        MetricSet::new(definitions, None, Nulls::Skip).err().expect("refused").code()
    };
    let volatility = || Definition::new("x", "risk.volatility", []).expect("a metric");
    assert_eq!(code(Vec::new()), ErrorCode::InvalidShape);
    assert_eq!(code(vec![volatility(), volatility()]), ErrorCode::InvalidShape);
    assert_eq!(code(vec![Definition::new("x", "ta.sma", [])?]), ErrorCode::InvalidType);
    assert_eq!(code(vec![volatility().wire("close", "x")]), ErrorCode::UnknownParameter);
    let by = MetricSet::new(vec![volatility()], Some("symbol".into()), Nulls::Skip)?;
    assert_eq!(by.run(&Data::new(&[&[0.1]])?).expect_err("no groups").code(), ErrorCode::MissingColumn);
    Ok(())
}

#[test]
fn sets_of_other_metrics_parameters_columns_groups_or_policies_do_not_merge() -> Result<()> {
    let with = |name: &str, cutoff: f64, wire: &str, by: Option<&str>, nulls: Nulls| {
        let definition = Definition::new(name, "risk.value_at_risk", [("cutoff", Given::Float(cutoff))]);
        let definitions = vec![definition.expect("allowed").wire("returns", wire)];
        MetricSet::new(definitions, by.map(str::to_owned), nulls).expect("a metric")
    };
    let mut base = with("a", 0.05, "x", None, Nulls::Skip);
    base.update(&Data::new(&[&[0.1, -0.2]])?)?;
    let before = base.snapshot()?;
    let others = [
        with("b", 0.05, "x", None, Nulls::Skip),
        with("a", 0.1, "x", None, Nulls::Skip),
        with("a", 0.05, "y", None, Nulls::Skip),
        with("a", 0.05, "x", Some("symbol"), Nulls::Skip),
        with("a", 0.05, "x", None, Nulls::Raise),
    ];
    for other in &others {
        let error = base.merge(other).expect_err("another set");
        assert_eq!(error.code(), ErrorCode::SnapshotMismatch, "{error}");
        assert_eq!(base.snapshot()?, before);
    }
    base.merge(&with("a", 0.05, "x", None, Nulls::Skip))?;
    Ok(())
}
