//! Memory grows with the rows that are held, not with the parameters.

use omega_contract::spec::Unit;
use omega_kernel::Nulls;

use crate::allocator::{measured, requests};
use crate::long_cases;
use crate::support::{batch, chunks, columns, row};

#[test]
fn a_thousand_groups_of_one_row_take_no_memory_for_their_windows() {
    for case in long_cases(100_000) {
        let data = columns(&case.spec, 1, 1000);
        let groups: Vec<u32> = (0..1000).collect();
        let mut answer = vec![vec![0.0; 1000]; case.spec.outputs.len()];
        let (grouped, held) = measured(|| {
            let mut grouped = case.factory.grouped(&case.params, Nulls::Skip);
            let mut outputs: Vec<&mut [f64]> = answer.iter_mut().map(Vec::as_mut_slice).collect();
            grouped.batch(&groups, &chunks(&data), &mut outputs).expect("clean rows are taken");
            grouped
        });
        assert!(held < 1_000_000, "{} holds {held} bytes", case.label());
        let saved = grouped.save().expect("memory").len();
        assert!(saved < 200_000, "{} saves {saved} bytes", case.label());
        let (_copy, held) = measured(|| grouped.copy().expect("memory"));
        assert!(held < 1_000_000, "a copy of {} holds {held} bytes", case.label());
    }
}

#[test]
fn a_stream_holds_no_more_than_its_rows_and_never_more_than_its_windows() {
    const PERIOD: usize = 3000;
    for case in long_cases(PERIOD as i64) {
        for rows in [0, 1, 100, PERIOD - 1, PERIOD, 5 * PERIOD / 2] {
            let data = columns(&case.spec, 2, rows.max(1));
            let inputs: Vec<_> = chunks(&data).iter().map(|chunk| chunk.slice(0, rows)).collect();
            let (stream, held) = measured(|| {
                let mut stream = case.stream(Nulls::Skip);
                drop(batch(stream.as_mut(), case.spec.outputs.len(), &inputs));
                stream
            });
            // A mean and a deviation, a number each, or the rows with a summary for sixteen of them; room for twice the
            // rows until the window is full; and a sum for each square or product that is answered. Rows that are kept in order besides lie in chunks that are half full at least.
            let squares = case.spec.outputs.iter().filter(|output| output.unit == Unit::PriceSquared).count();
            let numbers = if case.spec.keeps_rows { 3 } else { 2 * case.spec.inputs.len() + squares };
            let spare = if case.spec.keeps_rows { 10_000 } else { 1000 };
            let most = spare + numbers * size_of::<f64>() * (2 * rows).min(PERIOD);
            assert!(held <= most, "{} holds {held} bytes after {rows} rows", case.label());
            let (saved, most) = (stream.save().expect("memory").len(), 200 + numbers * 8 * rows.min(PERIOD));
            assert!(saved <= most, "{} saves {saved} bytes after {rows} rows", case.label());
        }
    }
}

#[test]
fn a_row_asks_for_no_memory_once_windows_are_full_and_a_look_ahead_never_does() {
    for case in long_cases(50) {
        let data = columns(&case.spec, 3, 400);
        let inputs = chunks(&data);
        let mut stream = case.stream(Nulls::Skip);
        let mut output = vec![0.0; case.spec.outputs.len()];
        for place in 0..400 {
            let input = row(&inputs, place);
            let asked = requests(|| {
                stream.peek(&input, &mut output).expect("clean rows are taken");
            });
            assert_eq!(asked, 0, "{} looks ahead in row {place}", case.label());
            let asked = requests(|| {
                stream.update(&input, &mut output).expect("clean rows are taken");
            });
            assert!(asked == 0 || place < 60, "{} asks for memory in row {place}", case.label());
        }
    }
}
