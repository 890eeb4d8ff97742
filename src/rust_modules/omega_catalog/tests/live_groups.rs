//! Live objects by group and in time: groups that are dropped, closed lists, bars out of order, several bars at once.

use omega_catalog::{
    Data, Definition, FeatureSet, Follows, Given, Groups, Key, MetricSet, Moment, Nulls, Params, Restored,
    Result, Stream, all, find, restore,
};
use omega_contract::ErrorCode;
use omega_kernel::Body;

fn code<T>(refused: Result<T>) -> ErrorCode {
    refused.err().expect("a refusal").code()
}

fn keys(names: &[&str]) -> (Groups, Vec<u32>) {
    let mut groups = Groups::default();
    let numbers = names.iter().map(|name| groups.text(name).expect("memory")).collect();
    (groups, numbers)
}

fn key(name: &str) -> Key {
    Key::Text(name.into())
}

fn prices(rows: usize, seed: usize) -> Vec<f64> {
    (0..rows).map(|row| 100.0 + (((row + seed) * 7919) % 101) as f64 / 10.0).collect()
}

fn same(left: &[f64], right: &[f64]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
}

/// Every function that answers row by row, with a wire from the first.
fn everything() -> Vec<Definition> {
    let mut definitions =
        vec![Definition::new("mean", "ta.sma", [("period", Given::Int(3))]).expect("allowed")];
    for function in all() {
        let params = Params::resolve(&function.spec, []).expect("defaults");
        let name = function.spec.name.replace('.', "_");
        definitions.push(Definition { name, function, params, wires: Vec::new() });
    }
    definitions.push(
        Definition::new("wired", "ta.ema", [("period", Given::Int(2))])
            .expect("allowed")
            .wire("close", "mean"),
    );
    definitions
}

fn set() -> FeatureSet {
    FeatureSet::new(everything(), Some("symbol".into()), Nulls::Skip).expect("allowed")
}

/// Rows for a set: what each column has in each row, numbers that any function takes.
fn rows(set: &FeatureSet, rows: usize, seed: usize) -> Vec<Vec<f64>> {
    let inputs = set.features().inputs();
    let column = |place: usize, name: &str| match name {
        "returns" | "benchmark" => {
            (0..rows).map(|row| (((row + seed + place) * 37) % 23) as f64 / 500.0 - 0.02).collect()
        }
        _ => prices(rows, seed + place),
    };
    inputs.iter().enumerate().map(|(place, input)| column(place, &input.name)).collect()
}

fn row(columns: &[Vec<f64>], row: usize) -> Vec<f64> {
    columns.iter().map(|column| column[row]).collect()
}

fn update(set: &mut FeatureSet, columns: &[Vec<f64>], at: usize, group: &str) -> Vec<f64> {
    let mut values = vec![f64::NAN; set.features().names().len()];
    set.update(&row(columns, at), Some(&key(group)), &mut values).expect("taken");
    values
}

#[test]
fn a_dropped_group_starts_afresh_and_the_others_go_on() -> Result<()> {
    let (mut set, mut fresh, mut other) = (set(), set(), set());
    let columns = rows(&set, 120, 0);
    let names = ["a", "b", "c"];
    for at in 0..60 {
        update(&mut set, &columns, at, names[at % 3]);
        if at % 3 != 1 {
            update(&mut other, &columns, at, names[at % 3]);
        }
    }
    assert_eq!((set.rows(), set.rows_of(&key("b"))?), (60, 20));
    set.forget(&key("b"))?;
    assert_eq!(set.groups().keys(), [key("a"), key("c")]);
    assert_eq!((set.rows(), code(set.rows_of(&key("b")))), (40, ErrorCode::UnknownGroup));
    let Restored::FeatureSet(mut restored) = restore(&set.snapshot()?)? else { panic!("a feature set") };
    for at in 60..120 {
        let expected = match at % 3 {
            1 => update(&mut fresh, &columns, at, "b"),
            _ => update(&mut other, &columns, at, names[at % 3]),
        };
        for set in [&mut set, &mut restored] {
            assert!(same(&update(set, &columns, at, names[at % 3]), &expected), "row {at}");
        }
    }
    for name in names {
        set.forget(&key(name))?;
    }
    // Nothing is left, and nothing of it is asked for.
    let nothing: Vec<&[f64]> = columns.iter().map(|_| &[][..]).collect();
    set.extend(&Data::new(&nothing)?.by(&Groups::default(), &[])?)?;
    assert_eq!((set.rows(), set.groups().keys().len()), (0, 0));
    Ok(())
}

#[test]
fn a_closed_list_refuses_strangers_by_name_and_takes_nothing() -> Result<()> {
    let (list, numbers) = keys(&["AAPL", "MSFT"]);
    let mut set = set().closed_to(&list)?;
    let columns = rows(&set, 2, 0);
    let mut values = vec![0.0; set.features().names().len()];
    let before = set.snapshot()?;
    let refused = set.update(&row(&columns, 0), Some(&key("APPL")), &mut values).expect_err("a stranger");
    assert_eq!((refused.code(), refused.field("nearest")), (ErrorCode::UnknownGroup, Some("AAPL")));
    assert_eq!(code(set.peek(&row(&columns, 0), Some(&Key::Int(7)), &mut values)), ErrorCode::UnknownGroup);
    let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let (others, own) = keys(&["MSFT", "TSLA"]);
    assert_eq!(code(set.extend(&Data::new(&slices)?.by(&others, &own)?)), ErrorCode::UnknownGroup);
    assert_eq!(set.snapshot()?, before);

    set.extend(&Data::new(&slices)?.by(&list, &numbers)?)?;
    let Restored::FeatureSet(mut restored) = restore(&set.snapshot()?)? else { panic!("a feature set") };
    assert!(restored.is_closed());
    restored.reset();
    assert_eq!(restored.snapshot()?, before, "a closed list survives a reset");
    restored.forget(&key("MSFT"))?;
    assert_eq!(
        code(restored.peek(&row(&columns, 0), Some(&key("MSFT")), &mut values)),
        ErrorCode::UnknownGroup
    );
    let alone = FeatureSet::new(everything(), None, Nulls::Skip)?;
    assert_eq!(code(alone.closed_to(&list)), ErrorCode::InvalidShape);
    Ok(())
}

#[test]
fn extending_is_as_many_updates_and_a_snapshot_may_come_anywhere() -> Result<()> {
    let names: Vec<&str> = (0..80).map(|row| ["a", "b", "c"][row * row % 3]).collect();
    let columns = rows(&set(), 80, 3);
    let mut one_by_one = set();
    let expected: Vec<Vec<f64>> =
        (0..80).map(|at| update(&mut one_by_one, &columns, at, names[at])).collect();
    for cut in [0, 1, 37, 79, 80] {
        let mut live = set();
        let mut answers: Vec<Vec<f64>> = Vec::new();
        for part in [0..cut, cut..80] {
            let slices: Vec<&[f64]> = columns.iter().map(|column| &column[part.clone()]).collect();
            let (groups, numbers) = keys(&names[part.clone()]);
            let data = Data::new(&slices)?.by(&groups, &numbers)?;
            let ahead = live.look_ahead(&data, &[], Follows::NotEarlier)?;
            let taken = live.extend(&data)?;
            assert!(ahead.iter().zip(&taken).all(|(one, other)| same(one, other)));
            answers
                .extend((0..part.len()).map(|at| taken.iter().map(|column| column[at]).collect::<Vec<_>>()));
            let Restored::FeatureSet(restored) = restore(&live.snapshot()?)? else { panic!("a feature set") };
            live = restored;
        }
        assert!(answers.iter().zip(&expected).all(|(one, other)| same(one, other)), "cut at {cut}");
        assert_eq!(live.snapshot()?, one_by_one.snapshot()?, "cut at {cut}");
    }
    Ok(())
}

#[test]
fn every_stream_extends_as_it_updates_and_knows_its_last_value() -> Result<()> {
    for function in all().iter().filter(|function| matches!(function.body, Body::Rowwise(_))) {
        let params = Params::resolve(&function.spec, [])?;
        let fresh = || Stream::new(function, params.clone(), Nulls::Skip);
        let columns: Vec<Vec<f64>> = (0..function.spec.inputs.len()).map(|place| prices(90, place)).collect();
        let (mut one_by_one, mut live) = (fresh()?, fresh()?);
        assert!(live.value().is_none());
        for part in [0..50, 50..90] {
            let slices: Vec<&[f64]> = columns.iter().map(|column| &column[part.clone()]).collect();
            let taken = live.extend(&Data::new(&slices)?)?;
            for (place, at) in part.enumerate() {
                let mut output = vec![f64::NAN; function.spec.outputs.len()];
                let has_value = one_by_one.update(&row(&columns, at), &mut output)?;
                let own: Vec<f64> = taken.iter().map(|column| column[place]).collect();
                assert!(same(&own, &output), "{}", function.spec.name);
                assert_eq!(
                    one_by_one.value(),
                    has_value.then_some(output.as_slice()),
                    "{}",
                    function.spec.name
                );
            }
            assert_eq!(live.value(), one_by_one.value(), "{}", function.spec.name);
            let Restored::Stream(restored) = restore(&live.snapshot()?)? else { panic!("a stream") };
            assert_eq!(restored.value(), live.value(), "{}", function.spec.name);
            live = restored;
        }
        live.reset();
        assert_eq!(live.snapshot()?, fresh()?.snapshot()?, "{}", function.spec.name);
    }
    Ok(())
}

#[test]
fn a_bar_that_is_not_later_is_refused_with_both_times_and_its_group() -> Result<()> {
    let mean = || vec![Definition::new("mean", "ta.sma", [("period", Given::Int(1))]).expect("allowed")];
    let mut set =
        FeatureSet::new(mean(), Some("symbol".into()), Nulls::Skip)?.ordered_by(Some("timestamp".into()));
    let (a, b) = (key("a"), key("b"));
    let at = |minute: i64| Some(Moment::Time(1_700_000_000_000_000 + minute * 60_000_000));
    let mut value = [0.0];
    set.update_at(&[1.0], Some(&a), at(1), &mut value)?;
    // Other groups have times of their own, and a bar without a time is in no order.
    set.update_at(&[1.0], Some(&b), at(0), &mut value)?;
    set.update_at(&[1.0], Some(&a), None, &mut value)?;
    let before = set.snapshot()?;
    for minute in [1, 0] {
        let refused = set.update_at(&[2.0], Some(&a), at(minute), &mut value).expect_err("not later");
        assert_eq!((refused.code(), refused.field("name")), (ErrorCode::InvalidValue, Some("timestamp")));
        assert_eq!(refused.field("allowed"), Some("later than the last of group a, 2023-11-14T22:14:20Z"));
        assert_eq!(code(set.peek_at(&[2.0], Some(&a), at(minute), &mut value)), ErrorCode::InvalidValue);
    }
    assert_eq!(
        code(set.update_at(&[2.0], Some(&a), Some(Moment::Count(9)), &mut value)),
        ErrorCode::InvalidType
    );
    let (groups, numbers) = keys(&["a", "b", "a"]);
    let data = || Data::new(&[&[1.0, 2.0, 3.0]])?.by(&groups, &numbers);
    // The first of a group is later than its last bar, the others may be of the same time in a batch.
    assert_eq!(
        code(set.extend_at(&data()?, &[at(1), at(5), at(2)], Follows::NotEarlier)),
        ErrorCode::InvalidValue
    );
    assert_eq!(
        code(set.extend_at(&data()?, &[at(3), at(5), at(2)], Follows::NotEarlier)),
        ErrorCode::InvalidValue
    );
    assert_eq!(
        code(set.extend_at(&data()?, &[at(3), at(5), at(3)], Follows::Later)),
        ErrorCode::InvalidValue
    );
    assert_eq!(set.snapshot()?, before);
    set.extend_at(&data()?, &[at(3), at(5), at(3)], Follows::NotEarlier)?;
    let Restored::FeatureSet(mut restored) = restore(&set.snapshot()?)? else { panic!("a feature set") };
    assert_eq!(restored.order_field(), Some("timestamp"));
    assert_eq!(code(restored.update_at(&[2.0], Some(&a), at(3), &mut value)), ErrorCode::InvalidValue);
    restored.update_at(&[2.0], Some(&a), at(4), &mut value)?;
    restored.forget(&b)?;
    restored.update_at(&[2.0], Some(&b), at(0), &mut value)?;
    restored.reset();
    restored.update_at(&[2.0], Some(&a), at(0), &mut value)
}

#[test]
fn a_stream_is_in_order_too() -> Result<()> {
    let sma = find("ta.sma")?;
    let mut stream = Stream::new(sma, Params::resolve(&sma.spec, [("period", Given::Int(1))])?, Nulls::Skip)?;
    stream.order_by(Some("sequence".into()));
    let mut value = [0.0];
    stream.update_at(&[1.0], Some(Moment::Count(7)), &mut value)?;
    let Restored::Stream(mut stream) = restore(&stream.snapshot()?)? else { panic!("a stream") };
    let before = stream.snapshot()?;
    for moment in [Moment::Count(7), Moment::Count(-1), Moment::Number(6.5)] {
        assert_eq!(code(stream.update_at(&[2.0], Some(moment), &mut value)), ErrorCode::InvalidValue);
        assert_eq!(code(stream.peek_at(&[2.0], Some(moment), &mut value)), ErrorCode::InvalidValue);
        assert_eq!(code(stream.extend_at(&Data::new(&[&[2.0]])?, &[Some(moment)])), ErrorCode::InvalidValue);
    }
    assert_eq!(stream.snapshot()?, before);
    stream.extend_at(&Data::new(&[&[2.0, 3.0]])?, &[Some(Moment::Number(7.5)), None])?;
    assert_eq!(
        code(stream.update_at(&[2.0], Some(Moment::Number(7.5)), &mut value)),
        ErrorCode::InvalidValue
    );
    Ok(())
}

#[test]
fn metrics_by_group_are_dropped_closed_and_merged() -> Result<()> {
    let drawdown = || vec![Definition::new("drawdown", "risk.max_drawdown", []).expect("allowed")];
    let fresh = || MetricSet::new(drawdown(), Some("symbol".into()), Nulls::Skip);
    let (groups, numbers) = keys(&["a", "b", "a"]);
    let returns = [0.5, -0.25, -0.5];
    let data = || Data::new(&[&returns])?.by(&groups, &numbers);
    let mut live = fresh()?;
    live.update(&data()?)?;
    assert_eq!((live.rows(), live.rows_of(&key("a"))?), (3, 2));
    live.forget(&key("a"))?;
    assert_eq!((live.rows(), live.groups(), live.values()?), (1, &[key("b")][..], vec![vec![-0.25]]));
    let Restored::MetricSet(mut live) = restore(&live.snapshot()?)? else { panic!("a set of metrics") };
    live.update(&data()?)?;
    assert_eq!((live.groups(), live.values()?), (&[key("b"), key("a")][..], vec![vec![-0.4375, -0.5]]));

    let (list, _) = keys(&["a"]);
    let mut closed = fresh()?.closed_to(&list)?;
    let before = closed.snapshot()?;
    assert_eq!(code(closed.update(&data()?)), ErrorCode::UnknownGroup);
    assert_eq!(code(closed.merge(&live)), ErrorCode::UnknownGroup);
    assert_eq!(closed.snapshot()?, before);
    live.forget(&key("b"))?;
    closed.merge(&live)?;
    let Restored::MetricSet(mut restored) = restore(&closed.snapshot()?)? else { panic!("a set of metrics") };
    assert_eq!((restored.is_closed(), restored.values()?), (true, vec![vec![-0.5]]));
    restored.reset();
    assert_eq!(restored.snapshot()?, before);
    // One metric that answers for itself is another thing than a set of one.
    assert_eq!(code(fresh()?.alone()?.merge(&live)), ErrorCode::SnapshotMismatch);
    Ok(())
}
