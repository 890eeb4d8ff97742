//! A feature that reads what another answers: the bits of one function over the other's answer, from its first value on.

use omega_catalog::{
    Data, Definition, FeatureSet, Given, Groups, Key, Nulls, Params, Restored, Result, find, restore, run,
};
use omega_contract::ErrorCode;
use omega_contract::spec::Input;

const NAMES: [&str; 3] = ["a", "b", "c"];

/// Bars by column, some of their values missing.
struct Bars {
    rows: usize,
    symbols: Vec<&'static str>,
    columns: Vec<(&'static str, Vec<f64>)>,
}

impl Bars {
    fn new(rows: usize, hole: usize) -> Self {
        let close: Vec<f64> = (0..rows).map(|row| 100.0 + ((row * 7919) % 101) as f64 / 8.0).collect();
        let moved = |by: f64| close.iter().map(|close| close * by).collect::<Vec<_>>();
        let volume = (0..rows).map(|row| ((row * 104_729) % 977) as f64).collect();
        let mut columns =
            vec![("high", moved(1.01)), ("low", moved(0.98)), ("close", close), ("volume", volume)];
        for (place, (_, column)) in columns.iter_mut().enumerate() {
            column.iter_mut().skip(3 + 5 * place).step_by(hole.max(1)).for_each(|value| {
                if hole > 0 {
                    *value = f64::NAN;
                }
            });
        }
        let symbols = (0..rows).map(|row| NAMES[(row * row + row / 7) % 3]).collect();
        Self { rows, symbols, columns }
    }

    fn column(&self, name: &str) -> &[f64] {
        &self.columns.iter().find(|(known, _)| *known == name).expect("a column of bars").1
    }
}

fn alone(name: &str, period: i64, columns: &[&[f64]], nulls: Nulls) -> Vec<Vec<f64>> {
    let function = find(name).expect("listed");
    let params = Params::resolve(&function.spec, given(name, period)).expect("allowed");
    run(function, &params, nulls, &Data::new(columns).expect("one length")).expect("an answer")
}

fn given(name: &str, period: i64) -> Vec<(&'static str, Given)> {
    let has_period = find(name).expect("listed").spec.parameters.iter().any(|known| known.name == "period");
    if has_period { vec![("period", Given::Int(period))] } else { Vec::new() }
}

/// The place of the last input that may be any series; none where all are columns of bars.
fn wired(name: &str) -> Option<usize> {
    find(name).expect("listed").spec.inputs.iter().rposition(Input::is_series)
}

/// What the last output of `inner` makes of some rows, and `outer` of that, in place of its last series.
fn expected(inner: &str, outer: &str, bars: &Bars, rows: &[usize], nulls: Nulls) -> [Vec<f64>; 2] {
    let pick = |column: &[f64]| rows.iter().map(|&row| column[row]).collect::<Vec<f64>>();
    let inputs = |name: &str| -> Vec<Vec<f64>> {
        find(name).expect("listed").spec.inputs.iter().map(|input| pick(bars.column(&input.name))).collect()
    };
    let slices = |columns: &[Vec<f64>], from: usize, name: &str, period: i64| {
        let columns: Vec<&[f64]> = columns.iter().map(|column| &column[from..]).collect();
        alone(name, period, &columns, nulls).pop().expect("an output")
    };
    let wire = slices(&inputs(inner), 0, inner, 4);
    let first = wire.iter().position(|value| !value.is_nan()).unwrap_or(rows.len());
    let mut outer_inputs = inputs(outer);
    outer_inputs[wired(outer).expect("a series")].clone_from(&wire);
    let mut answer = vec![f64::NAN; first];
    answer.extend(slices(&outer_inputs, first, outer, 3));
    [wire, answer]
}

fn definitions(inner: &str, outer: &str) -> Vec<Definition> {
    let function = find(inner).expect("listed");
    let outputs = &function.spec.outputs;
    let last = &outputs.last().expect("an output").name;
    let wire = if outputs.len() == 1 { "inner".to_owned() } else { format!("inner_{last}") };
    let input = &find(outer).expect("listed").spec.inputs[wired(outer).expect("a series")].name;
    vec![
        Definition::new("inner", inner, given(inner, 4)).expect("allowed"),
        Definition::new("outer", outer, given(outer, 3)).expect("allowed").wire(input, &wire),
    ]
}

fn same(left: f64, right: f64) -> bool {
    left.to_bits() == right.to_bits() || left.is_nan() && right.is_nan()
}

#[track_caller]
fn assert_same(
    answers: &[Vec<f64>],
    places: [usize; 2],
    rows: &[usize],
    expected: &[Vec<f64>; 2],
    label: &str,
) {
    for (place, expected) in places.into_iter().zip(expected) {
        for (&row, &expected) in rows.iter().zip(expected) {
            let answer = answers[place][row];
            assert!(same(answer, expected), "{label}: {answer} for {expected} in row {row}");
        }
    }
}

fn columns<'a>(set: &FeatureSet, bars: &'a Bars, from: usize, to: usize) -> Vec<&'a [f64]> {
    set.features().inputs().iter().map(|input| &bars.column(&input.name)[from..to]).collect()
}

/// A set over some rows, in a table from `from` up to `to`, and what it answers to the rows after it one by one.
fn walked(set: &mut FeatureSet, bars: &Bars, to: usize) -> Result<Vec<Vec<f64>>> {
    let grouped = set.features().by().is_some();
    let mut groups = Groups::default();
    let numbers: Vec<u32> =
        bars.symbols[..to].iter().map(|symbol| groups.text(symbol)).collect::<Result<_>>()?;
    let head = columns(set, bars, 0, to);
    let data = Data::new(&head)?;
    let mut answers = set.extend(&if grouped { data.by(&groups, &numbers)? } else { data })?;
    let Restored::FeatureSet(mut set) = restore(&set.snapshot()?)? else { panic!("a feature set") };
    for row in to..bars.rows {
        let values: Vec<f64> = columns(&set, bars, row, row + 1).iter().map(|column| column[0]).collect();
        let key = grouped.then(|| Key::Text(bars.symbols[row].into()));
        let (mut peeked, mut updated) = (vec![0.0; answers.len()], vec![0.0; answers.len()]);
        set.peek(&values, key.as_ref(), &mut peeked)?;
        set.update(&values, key.as_ref(), &mut updated)?;
        for ((answer, peeked), updated) in answers.iter_mut().zip(peeked).zip(updated) {
            assert!(same(peeked, updated), "{peeked} for {updated} in row {row}");
            answer.push(updated);
        }
    }
    Ok(answers)
}

#[test]
fn a_wired_feature_has_the_bits_of_its_function_over_the_answer_of_the_other() -> Result<()> {
    let rowwise = ["ta.sma", "ta.ema", "ta.rsi", "ta.macd", "ta.bbands", "ta.atr", "ta.adx", "ta.obv"];
    let pairs = rowwise.iter().flat_map(|inner| rowwise.map(|outer| (inner, outer)));
    for (inner, outer) in pairs.filter(|(_, outer)| wired(outer).is_some()) {
        for (hole, nulls) in
            [(0, Nulls::Raise), (0, Nulls::Propagate), (47, Nulls::Skip), (61, Nulls::Propagate)]
        {
            let bars = Bars::new(230, hole);
            let label = format!("{outer} of {inner}, {} holes, {}", hole, nulls.as_str());
            for to in [0, 1, 17, 130, 230] {
                let mut set = FeatureSet::new(definitions(inner, outer), None, nulls)?;
                let outputs = set.features().names().len();
                let places = [outputs - find(outer)?.spec.outputs.len() - 1, outputs - 1];
                let answers = walked(&mut set, &bars, to)?;
                let rows: Vec<usize> = (0..bars.rows).collect();
                assert_same(&answers, places, &rows, &expected(inner, outer, &bars, &rows, nulls), &label);

                let mut set = FeatureSet::new(definitions(inner, outer), Some("symbol".into()), nulls)?;
                let answers = walked(&mut set, &bars, to)?;
                for name in NAMES {
                    let rows: Vec<usize> = (0..bars.rows).filter(|&row| bars.symbols[row] == name).collect();
                    let expected = expected(inner, outer, &bars, &rows, nulls);
                    assert_same(&answers, places, &rows, &expected, &format!("{label} of {name}"));
                }
            }
        }
    }
    Ok(())
}

#[test]
fn long_tables_are_cut_into_blocks_without_a_trace() -> Result<()> {
    let bars = Bars::new(140_000, 8191);
    for nulls in [Nulls::Skip, Nulls::Propagate] {
        let rows: Vec<usize> = (0..bars.rows).collect();
        let mut set = FeatureSet::new(definitions("ta.rsi", "ta.obv"), None, nulls)?;
        let answers = walked(&mut set, &bars, bars.rows)?;
        assert_same(&answers, [0, 1], &rows, &expected("ta.rsi", "ta.obv", &bars, &rows, nulls), "long");
        let mut set = FeatureSet::new(definitions("ta.rsi", "ta.obv"), Some("symbol".into()), nulls)?;
        let answers = walked(&mut set, &bars, bars.rows)?;
        for name in NAMES {
            let rows: Vec<usize> = (0..bars.rows).filter(|&row| bars.symbols[row] == name).collect();
            assert_same(&answers, [0, 1], &rows, &expected("ta.rsi", "ta.obv", &bars, &rows, nulls), name);
        }
    }
    Ok(())
}

#[test]
fn an_input_may_be_any_column() -> Result<()> {
    let set = vec![
        Definition::new("price", "ta.sma", given("ta.sma", 3))?,
        Definition::new("volume_mean", "ta.sma", given("ta.sma", 3))?.wire("close", "volume"),
    ];
    let set = FeatureSet::new(set, None, Nulls::Skip)?;
    let inputs: Vec<&str> = set.features().inputs().iter().map(|input| input.name.as_str()).collect();
    assert_eq!(inputs, ["close", "volume"]);
    let bars = Bars::new(50, 13);
    let answers = set.run(&Data::new(&columns(&set, &bars, 0, 50))?)?;
    let expected = alone("ta.sma", 3, &[bars.column("volume")], Nulls::Skip);
    assert!(answers[1].iter().zip(&expected[0]).all(|(left, right)| same(*left, *right)));
    Ok(())
}

#[test]
fn a_wire_from_nowhere_or_from_two_places_is_refused() -> Result<()> {
    let sma = |name: &str| Definition::new(name, "ta.sma", []);
    let refused = |definitions: Vec<Definition>| {
        let error = FeatureSet::new(definitions, None, Nulls::Skip).err().expect("a refusal");
        (error.code(), error.to_string())
    };
    let says = |definitions, word: &str| {
        let (code, text) = refused(definitions);
        assert_eq!(code, ErrorCode::InvalidShape);
        assert!(text.contains(word), "{text}");
    };
    says(vec![sma("x")?.wire("close", "x")], "its own");
    says(vec![sma("x")?.wire("close", "y"), sma("y")?.wire("close", "x")], "y, of a feature after it");
    says(vec![Definition::new("macd", "ta.macd", [])?, sma("x")?.wire("close", "macd")], "macd_histogram");
    says(vec![sma("close")?, sma("x")?.wire("close", "close")], "both");
    let (code, text) = refused(vec![sma("x")?.wire("clos", "high")]);
    assert_eq!(code, ErrorCode::UnknownParameter);
    assert!(text.contains("`close`"), "{text}");
    Ok(())
}

#[test]
fn a_value_that_a_wire_may_not_carry_is_refused_by_name_before_any_feature_has_taken_the_row() -> Result<()> {
    let definitions = || -> Result<Vec<Definition>> {
        Ok(vec![
            Definition::new("flow", "ta.obv", [])?,
            Definition::new("price", "ta.ema", given("ta.ema", 2))?,
            Definition::new("mean", "ta.sma", given("ta.sma", 2))?.wire("close", "flow"),
        ])
    };
    let (close, volume) = ([1.0, 2.0, 3.0], [0.0, 1e100, 1e100]);
    for by in [None, Some("symbol".to_owned())] {
        let key = by.as_ref().map(|_| Key::Int(7));
        let mut set = FeatureSet::new(definitions()?, by.clone(), Nulls::Skip)?;
        let mut values = [0.0; 3];
        for row in 0..2 {
            set.update(&[close[row], volume[row]], key.as_ref(), &mut values)?;
        }
        let before = set.snapshot()?;
        let peeked = set.peek(&[close[2], volume[2]], key.as_ref(), &mut values);
        let updated = set.update(&[close[2], volume[2]], key.as_ref(), &mut values);
        let mut groups = Groups::default();
        let numbers = [groups.int(7)?; 3];
        let data = Data::new(&[&close, &volume])?;
        let mut whole = FeatureSet::new(definitions()?, by.clone(), Nulls::Skip)?;
        let extended =
            whole.extend(&if by.is_some() { data.by(&groups, &numbers)? } else { data }).map(|_| ());
        for refused in [peeked, updated, extended] {
            let error = refused.expect_err("2e100");
            assert_eq!(error.code(), ErrorCode::InvalidValue);
            assert_eq!((error.field("name"), error.field("row")), (Some("flow"), Some("2")));
        }
        assert_eq!(set.snapshot()?, before);
        assert_eq!(whole.snapshot()?, FeatureSet::new(definitions()?, by, Nulls::Skip)?.snapshot()?);
    }
    Ok(())
}
