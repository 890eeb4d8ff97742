//! Streams, accumulators and feature sets as Rust programs use them: refused, restored, copied.

use omega_catalog::{
    Accumulator, Data, Definition, FeatureSet, Given, Groups, Key, Kind, Nulls, Params, Restored, Result,
    Stream, find, restore, run,
};
use omega_contract::ErrorCode;
use omega_kernel::snapshot::Snapshot;

fn code<T>(refused: Result<T>) -> ErrorCode {
    refused.err().expect("a refusal").code()
}

fn close(rows: usize) -> Vec<f64> {
    (0..rows).map(|row| 100.0 + ((row * 7919) % 101) as f64).collect()
}

fn definitions() -> Vec<Definition> {
    let period = |rows| [("period", Given::Int(rows))];
    vec![
        Definition::new("rsi", "ta.rsi", period(3)).expect("allowed"),
        Definition::new("bands", "ta.bbands", period(4)).expect("allowed"),
    ]
}

fn keys(names: &[&str]) -> (Groups, Vec<u32>) {
    numbered(names, |name| Key::Text(name.into()))
}

fn numbered(names: &[&str], key: fn(&str) -> Key) -> (Groups, Vec<u32>) {
    let mut groups = Groups::default();
    let numbers = names.iter().map(|name| groups.number_of(&key(name)).expect("memory")).collect();
    (groups, numbers)
}

/// Columns of keys, and what stands in them for a name.
type Keyed = (&'static [&'static str], fn(&str) -> Key);

/// Ways in which names may be keys.
const KEYS: [Keyed; 4] = [
    (&["symbol"], |name| Key::Text(name.into())),
    (&["symbol"], |name| if name == "b" { Key::Missing } else { Key::Text(name.into()) }),
    (&["day"], |name| Key::Value(Kind::Date, name.len() as i128 + i128::from(name.as_bytes()[0]))),
    (&["exchange", "id"], |name| {
        let exchange = if name == "c" { Key::Missing } else { Key::Text("X".into()) };
        Key::of(vec![exchange, Key::Int(i64::from(name == "b"))])
    }),
];

fn same(left: &[f64], right: &[f64]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
}

#[test]
fn columns_of_other_lengths_and_numbers_are_refused_and_not_read() {
    assert_eq!(code(Data::new(&[&[1.0, 2.0], &[1.0]])), ErrorCode::LengthMismatch);
    let (groups, numbers) = keys(&["a", "b"]);
    let data = Data::new(&[&[1.0]]).expect("one column");
    assert_eq!(code(data.by(&groups, &numbers)), ErrorCode::LengthMismatch);
    let atr = find("ta.atr").expect("listed");
    let params = Params::resolve(&atr.spec, []).expect("defaults");
    let data = Data::new(&[&[1.0]]).expect("one column");
    assert_eq!(code(run(atr, &params, Nulls::Skip, &data)), ErrorCode::InvalidShape);
    let mut stream = Stream::new(atr, params, Nulls::Skip).expect("rowwise");
    assert_eq!(code(stream.update(&[1.0], &mut [0.0])), ErrorCode::InvalidShape);
    assert_eq!(code(stream.peek(&[1.0, 1.0, 1.0], &mut [])), ErrorCode::InvalidShape);
    assert_eq!(stream.rows(), 0);
    let mut set = FeatureSet::new(definitions(), None, Nulls::Skip).expect("allowed");
    assert_eq!(code(set.update(&[1.0, 2.0], None, &mut [0.0; 4])), ErrorCode::InvalidShape);
    assert_eq!(code(set.update(&[1.0], None, &mut [0.0; 3])), ErrorCode::InvalidShape);
    assert_eq!(code(set.update(&[1.0], Some(&Key::Int(1)), &mut [0.0; 4])), ErrorCode::InvalidShape);
    assert_eq!(set.rows(), 0);
}

#[test]
fn a_function_of_another_kind_is_refused_by_name() {
    let (sma, var) = (find("ta.sma").expect("listed"), find("risk.value_at_risk").expect("listed"));
    let params = |function: &omega_catalog::Function| Params::resolve(&function.spec, []).expect("defaults");
    assert_eq!(code(Stream::new(var, params(var), Nulls::Skip)), ErrorCode::InvalidType);
    assert_eq!(code(Accumulator::new(sma, params(sma), Nulls::Skip)), ErrorCode::InvalidType);
    assert_eq!(code(FeatureSet::new(Vec::new(), None, Nulls::Skip)), ErrorCode::InvalidShape);
    let twice = [definitions(), definitions()].concat();
    assert_eq!(code(FeatureSet::new(twice, None, Nulls::Skip)), ErrorCode::InvalidShape);
}

#[test]
fn a_feature_set_by_group_answers_the_same_in_one_go_bar_by_bar_and_from_a_snapshot() -> Result<()> {
    let rows = 60;
    let names: Vec<&str> = (0..rows).map(|row| ["a", "b", "c"][(row * row) % 3]).collect();
    let close = close(rows);
    for (by, key) in KEYS {
        same_in_one_go_bar_by_bar_and_from_a_snapshot(&names, &close, by, key)?;
    }
    Ok(())
}

fn same_in_one_go_bar_by_bar_and_from_a_snapshot(
    names: &[&str],
    close: &[f64],
    by: &[&str],
    key: fn(&str) -> Key,
) -> Result<()> {
    let rows = names.len();
    let (groups, numbers) = numbered(names, key);
    let mut live = FeatureSet::new(definitions(), by.iter().map(|&name| name.to_owned()), Nulls::Skip)?;
    let whole = live.run(&Data::new(&[close])?.by(&groups, &numbers)?)?;
    assert_eq!(live.features().names(), ["rsi", "bands_upper", "bands_middle", "bands_lower"]);
    assert_eq!(live.rows(), 0, "`run` leaves the live state alone");

    let (head, head_numbers) = numbered(&names[..25], key);
    live.extend(&Data::new(&[&close[..25]])?.by(&head, &head_numbers)?)?;
    assert_eq!(code(live.extend(&Data::new(&[close])?)), ErrorCode::MissingColumn);
    let Restored::FeatureSet(mut restored) = restore(&live.snapshot()?)? else { panic!("a feature set") };
    for row in 25..rows {
        let key = key(names[row]);
        let expected: Vec<f64> = whole.iter().map(|column| column[row]).collect();
        let mut peeked = [0.0; 4];
        live.peek(&close[row..=row], Some(&key), &mut peeked)?;
        for set in [&mut live, &mut restored] {
            let mut values = [0.0; 4];
            set.update(&close[row..=row], Some(&key), &mut values)?;
            assert!(same(&values, &expected) && same(&peeked, &expected), "{values:?} and {expected:?}");
        }
    }
    let copy = live.copy()?;
    live.reset();
    assert_eq!((live.rows(), copy.rows()), (0, rows as u64));
    Ok(())
}

#[test]
fn a_refused_row_is_taken_by_no_feature() -> Result<()> {
    let mut set = FeatureSet::new(definitions(), Some("symbol".into()), Nulls::Raise)?;
    let mut values = [0.0; 4];
    let key = Key::Int(7);
    for refused in [f64::NAN, f64::INFINITY] {
        set.update(&[refused], Some(&key), &mut values).expect_err("refused");
    }
    assert_eq!(code(set.update(&[1.0], None, &mut values)), ErrorCode::MissingColumn);
    assert_eq!(set.rows(), 0);
    Ok(())
}

#[test]
fn a_metric_by_group_is_the_metric_of_each_group_and_an_error_names_the_row_of_the_data() -> Result<()> {
    let metric = find("risk.max_drawdown")?;
    let params = Params::resolve(&metric.spec, [])?;
    let returns: Vec<f64> = (0..40).map(|row| ((row * 37) % 23) as f64 / 100.0 - 0.1).collect();
    let names: Vec<&str> = (0..40).map(|row| ["x", "y"][row % 3 / 2]).collect();
    let (groups, numbers) = keys(&names);
    let answer = run(metric, &params, Nulls::Skip, &Data::new(&[&returns])?.by(&groups, &numbers)?)?;
    for (group, name) in ["x", "y"].iter().enumerate() {
        let own: Vec<f64> = (0..40).filter(|&row| names[row] == *name).map(|row| returns[row]).collect();
        let mut state = Accumulator::new(metric, params.clone(), Nulls::Skip)?;
        let (head, tail) = own.split_at(own.len() / 2);
        state.update(&Data::new(&[head])?)?;
        let Restored::Accumulator(mut state) = restore(&state.snapshot()?)? else { panic!("an accumulator") };
        let mut rest = Accumulator::new(metric, params.clone(), Nulls::Skip)?;
        rest.update(&Data::new(&[tail])?)?;
        state.merge(&rest)?;
        let mut value = [0.0];
        assert!(state.value(&mut value)?);
        assert_eq!(value[0].to_bits(), answer[0][group].to_bits());
    }
    let mut bad = returns;
    bad[23] = f64::INFINITY;
    let refused = run(metric, &params, Nulls::Skip, &Data::new(&[&bad])?.by(&groups, &numbers)?);
    assert_eq!(refused.expect_err("infinite").field("row"), Some("23"));
    Ok(())
}

/// A snapshot of a stream under some period, and the same frame with another period in it.
fn frames(period: i64, other: i64) -> Result<(Vec<u8>, Vec<u8>)> {
    let sma = find("ta.sma")?;
    let params = |rows| Params::resolve(&sma.spec, [("period", Given::Int(rows))]);
    let mut stream = Stream::new(sma, params(period)?, Nulls::Skip)?;
    stream.extend(&Data::new(&[&close(20)])?)?;
    let bytes = stream.snapshot()?;
    let honest = Snapshot::decode(&bytes)?;
    let forged = Snapshot { params: params(other)?.values().to_vec(), ..honest }.encode()?;
    Ok((bytes, forged))
}

#[test]
fn what_is_restored_has_the_parameters_of_its_frame_and_no_others() -> Result<()> {
    let (bytes, forged) = frames(7, 30)?;
    let period = |bytes: &[u8]| match restore(bytes) {
        Ok(Restored::Stream(stream)) => Ok(stream.params().rows("period")),
        Ok(_) => panic!("a stream"),
        Err(error) => Err(error.code()),
    };
    assert_eq!(period(&bytes), Ok(7));
    // Other parameters under the checksum of the old ones.
    let end = bytes.len() - 4;
    let mended = [&forged[..end], &bytes[end..]].concat();
    assert_eq!(period(&mended), Err(ErrorCode::SnapshotCorrupt));
    // Under one that fits: a window of 7 rows that has been full is none of 5, and may be one of 30 under way.
    assert!(matches!(period(&forged), Ok(30) | Err(ErrorCode::SnapshotCorrupt)));
    assert_eq!(period(&frames(7, 5)?.1), Err(ErrorCode::SnapshotCorrupt));
    Ok(())
}
