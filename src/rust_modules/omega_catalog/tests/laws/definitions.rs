//! Parts of kernels beside their definitions, written out over every window.

use omega_kernel::Nulls;

use crate::law::{Named, laws};
use crate::parts::definition_of;
use crate::support::{RowwiseCase, batch, chunks, columns, same};

pub const LAWS: &[Named] = laws!(Rowwise: a_part_answers_by_its_definition);

const ROWS: usize = 2600;

/// Up to rounding, with a wild row that comes and goes, and a stretch in which nothing moves.
fn a_part_answers_by_its_definition(case: &RowwiseCase) {
    let Some(defined) = definition_of(&case.spec.name) else { return };
    let mut data = columns(&case.spec, 80, ROWS);
    for column in &mut data {
        column[200] *= 1e6;
        let level = column[300];
        column[300..500].fill(level);
    }
    let answer = batch(case.stream(Nulls::Raise).as_mut(), case.outputs(), &chunks(&data));
    let begins = case.warm_up();
    for row in (0..ROWS).filter(|row| row % 19 == 0 || row.abs_diff(begins) < 3 || (490..520).contains(row)) {
        let so_far: Vec<&[f64]> = data.iter().map(|column| &column[..=row]).collect();
        let expected = defined(&case.params, &so_far).unwrap_or(vec![f64::NAN; case.outputs()]);
        for (place, output) in case.spec.outputs.iter().enumerate() {
            let (found, expected_one) = (answer[place][row], expected[place]);
            let alike =
                case.spec.outputs.iter().zip(&expected).filter(|(other, _)| other.unit == output.unit);
            let scale = alike.map(|(_, value)| value.abs()).fold(0.0, f64::max);
            let near = (found - expected_one).abs() <= 1e-9 * scale;
            let label = format!("{} {} in row {row}", case.label(), output.name);
            assert!(same(found, expected_one) || near, "{label}: {found:e}, not {expected_one:e}");
        }
    }
}
