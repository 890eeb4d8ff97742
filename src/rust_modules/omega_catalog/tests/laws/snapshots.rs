//! Snapshots: anywhere, through bytes, and damaged.

use omega_contract::ErrorCode;
use omega_kernel::snapshot::{Snapshot, SnapshotKind};
use omega_kernel::{Nulls, Stream};

use crate::law::{Named, laws};
use crate::support::{
    Random, ReductionCase, RowwiseCase, all_same, assert_same, batch, chunks, columns, row, slice, values,
};

pub const OF_ROWWISE: &[Named] = laws!(Rowwise:
    a_stream_goes_on_with_the_same_bits_wherever_it_was_saved,
    groups_go_on_with_the_same_bits_wherever_they_were_saved,
    a_state_with_a_number_that_is_none_is_refused,
    a_payload_made_by_hand_is_refused_or_works_but_never_panics,
);

pub const OF_ROWWISE_SETS: &[Named] =
    laws!(Rowwises: a_state_of_other_parameters_is_refused_or_works_but_never_panics);

/// Of the frame around a state, which is the same for every function.
pub const OF_THE_FRAME: &[Named] = laws!(Rowwises:
    a_snapshot_that_is_cut_or_flipped_anywhere_is_refused,
    a_snapshot_of_another_version_is_refused_as_such,
    a_frame_with_a_right_checksum_and_a_wrong_body_never_panics,
);

pub const OF_REDUCTIONS: &[Named] = laws!(Reduction:
    an_accumulator_goes_on_with_the_same_bits_wherever_it_was_saved,
    an_accumulated_state_with_a_number_that_is_none_is_refused,
    an_accumulated_payload_made_by_hand_is_refused_or_works_but_never_panics,
);

fn snapshot(case: &RowwiseCase, stream: &dyn Stream) -> Vec<u8> {
    let snapshot = Snapshot {
        kind: SnapshotKind::Stream,
        function: &case.spec.name,
        version: &case.spec.version,
        params: case.params.values().to_vec(),
        nulls: Nulls::Propagate,
        payload: &stream.save().expect("memory"),
    };
    let bytes = snapshot.encode().expect("memory");
    assert_eq!(Snapshot::decode(&bytes), Ok(snapshot));
    bytes
}

/// The snapshot of a stream after some rows, under the parameters with the shortest warm-up.
fn short_snapshot(cases: &[RowwiseCase], rows: usize) -> Vec<u8> {
    let case = cases.iter().min_by_key(|case| case.warm_up()).expect("a case");
    let mut stream = case.stream(Nulls::Propagate);
    batch(stream.as_mut(), case.outputs(), &chunks(&columns(&case.spec, 44, rows)));
    snapshot(case, stream.as_ref())
}

fn a_stream_goes_on_with_the_same_bits_wherever_it_was_saved(case: &RowwiseCase) {
    let mut data = columns(&case.spec, 41, 400);
    data[0][150] = f64::NAN;
    let inputs = chunks(&data);
    for cut in [0, 1, 2, 13, 14, 39, 40, 120, 151, 200, 399] {
        let mut stream = case.stream(Nulls::Propagate);
        batch(stream.as_mut(), case.outputs(), &slice(&inputs, 0, cut));
        let bytes = snapshot(case, stream.as_ref());
        let decoded = Snapshot::decode(&bytes).expect("whole bytes decode");
        let mut restored = case.stream(Nulls::Propagate);
        restored.load(decoded.payload).expect("a saved state loads");
        assert_eq!(restored.rows(), cut as u64);
        let rest = slice(&inputs, cut, 400);
        let on = batch(stream.as_mut(), case.outputs(), &rest);
        let again = batch(restored.as_mut(), case.outputs(), &rest);
        assert_same(&on, &again, &case.label());
    }
}

fn groups_go_on_with_the_same_bits_wherever_they_were_saved(case: &RowwiseCase) {
    let data = columns(&case.spec, 42, 600);
    let groups: Vec<u32> = (0..600).map(|row| row % 4).collect();
    let run = |grouped: &mut dyn omega_kernel::Grouped, from: usize, to: usize| {
        let mut answer = vec![vec![0.0; to - from]; case.outputs()];
        let mut parts: Vec<&mut [f64]> = answer.iter_mut().map(Vec::as_mut_slice).collect();
        grouped.batch(&groups[from..to], &slice(&chunks(&data), from, to), &mut parts).expect("clean");
        answer
    };
    let mut grouped = case.factory.grouped(&case.params, Nulls::Skip);
    run(grouped.as_mut(), 0, 233);
    let mut restored = case.factory.grouped(&case.params, Nulls::Skip);
    restored.load(&grouped.save().expect("memory")).expect("a saved state loads");
    let mut twin = grouped.copy().expect("memory");
    let on = run(grouped.as_mut(), 233, 600);
    assert_same(&on, &run(restored.as_mut(), 233, 600), &case.label());
    assert_same(&on, &run(twin.as_mut(), 233, 600), &case.label());
    restored.reset();
    let fresh = case.factory.grouped(&case.params, Nulls::Skip);
    assert_eq!(restored.save().expect("memory"), fresh.save().expect("memory"));
}

fn an_accumulator_goes_on_with_the_same_bits_wherever_it_was_saved(case: &ReductionCase) {
    let data = columns(&case.spec, 43, 1000);
    let inputs = chunks(&data);
    for cut in [0, 1, 255, 256, 257, 700, 1000] {
        let mut accumulator = case.over(Nulls::Skip, &slice(&inputs, 0, cut));
        let mut restored = case.accumulator(Nulls::Skip);
        restored.load(&accumulator.save().expect("memory")).expect("a saved state loads");
        for accumulator in [&mut accumulator, &mut restored] {
            accumulator.update(&slice(&inputs, cut, 1000)).expect("clean rows are taken");
        }
        let (on, again) = (values(accumulator.as_ref()), values(restored.as_ref()));
        assert!(all_same(&on, &again), "{}", case.label());
        assert_eq!(accumulator.save().expect("memory"), restored.save().expect("memory"));
        restored.reset();
        let fresh = case.accumulator(Nulls::Skip);
        assert_eq!(restored.save().expect("memory"), fresh.save().expect("memory"));
    }
}

fn a_snapshot_that_is_cut_or_flipped_anywhere_is_refused(cases: &[RowwiseCase]) {
    let bytes = short_snapshot(cases, 30);
    for end in 0..bytes.len() {
        let error = Snapshot::decode(&bytes[..end]).expect_err("it is cut");
        assert_eq!(error.code(), ErrorCode::SnapshotCorrupt, "{error}");
    }
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = Snapshot::decode(&flipped).expect_err("it is flipped");
        assert_eq!(error.code(), ErrorCode::SnapshotCorrupt, "{error}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(Snapshot::decode(&longer).is_err());
}

/// A frame with a right checksum.
fn sealed(mut content: Vec<u8>) -> Vec<u8> {
    let checksum = crc32fast::hash(&content);
    content.extend(checksum.to_le_bytes());
    content
}

fn a_snapshot_of_another_version_is_refused_as_such(cases: &[RowwiseCase]) {
    let mut bytes = short_snapshot(cases, 0);
    bytes.truncate(bytes.len() - 4);
    bytes[8] = 3;
    let error = Snapshot::decode(&sealed(bytes)).expect_err("another version");
    assert_eq!(error.code(), ErrorCode::SnapshotVersion, "{error}");
    assert_eq!(error.field("value"), Some("3"));
}

fn a_frame_with_a_right_checksum_and_a_wrong_body_never_panics(cases: &[RowwiseCase]) {
    let bytes = short_snapshot(cases, 0);
    let content = &bytes[..bytes.len() - 4];
    for end in 0..content.len() {
        assert!(Snapshot::decode(&sealed(content[..end].to_vec())).is_err());
    }
    for bit in 80..content.len() * 8 {
        let mut flipped = content.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        // Some bits are as good the other way round, as those of a name; nothing may panic.
        let _ = Snapshot::decode(&sealed(flipped));
    }
}

/// Numbers that lead to infinity wherever they are added, squared or divided by.
const ENORMOUS: [f64; 4] = [1e300, -f64::MAX, 1e160, 5e-324];

fn overwrite(bytes: &mut [u8], place: usize, by: [u8; 8]) {
    bytes.iter_mut().skip(place).zip(by).for_each(|(byte, by)| *byte = by);
}

/// A payload with something else in it.
fn tampered(payload: &[u8], attempt: usize, random: &mut Random) -> Vec<u8> {
    let mut bytes = payload.to_vec();
    match attempt % 4 {
        0 => bytes.truncate(random.below(payload.len() + 1)),
        1 if attempt % 8 == 1 => bytes.push(0),
        1 => {
            overwrite(&mut bytes, random.below(payload.len()), ENORMOUS[attempt / 8 % 4].to_le_bytes());
        }
        _ => {
            let place = random.below(bytes.len() + 1);
            let value = if attempt.is_multiple_of(2) { 0xFF } else { random.integer() as u8 };
            bytes.iter_mut().skip(place).take(1 + attempt % 8).for_each(|byte| *byte = value);
        }
    }
    bytes
}

/// Loads a payload; a state that refuses stays as it was, and one that does not works.
#[track_caller]
fn assert_refused_or_works(case: &RowwiseCase, bytes: &[u8], data: &[Vec<f64>]) {
    let mut other = case.stream(Nulls::Propagate);
    let fresh = other.save().expect("memory");
    if let Err(error) = other.load(bytes) {
        let code = error.code();
        let told = matches!(code, ErrorCode::SnapshotCorrupt | ErrorCode::SnapshotVersion);
        assert!(told, "{}: {error}", case.label());
        assert_eq!(other.save().expect("memory"), fresh, "a refused state changes nothing");
        return;
    }
    let mut output = vec![0.0; case.outputs()];
    for place in 0..data[0].len() {
        other.update(&row(&chunks(data), place), &mut output).expect("clean rows are taken");
        assert!(!output.iter().any(|value| value.is_infinite()), "{}", case.label());
    }
}

/// Beneath the checksum: whatever bytes a payload holds, it is refused or works.
fn a_payload_made_by_hand_is_refused_or_works_but_never_panics(case: &RowwiseCase) {
    let mut random = Random(45);
    let data = columns(&case.spec, 46, 60);
    let mut stream = case.stream(Nulls::Propagate);
    batch(stream.as_mut(), case.outputs(), &chunks(&data));
    let payload = stream.save().expect("memory");
    for attempt in 0..800 {
        assert_refused_or_works(case, &tampered(&payload, attempt, &mut random), &data);
    }
}

fn an_accumulated_payload_made_by_hand_is_refused_or_works_but_never_panics(case: &ReductionCase) {
    let mut random = Random(45);
    let data = columns(&case.spec, 47, 300);
    let accumulator = case.over(Nulls::Skip, &chunks(&data));
    let payload = accumulator.save().expect("memory");
    for attempt in 0..800 {
        let bytes = tampered(&payload, attempt, &mut random);
        let mut other = case.accumulator(Nulls::Skip);
        let fresh = other.save().expect("memory");
        if other.load(&bytes).is_err() {
            assert_eq!(other.save().expect("memory"), fresh, "a refused state changes nothing");
            continue;
        }
        // What claims to have seen nearly all rows there can be has no room for more.
        if other.update(&chunks(&data)).is_ok() && other.merge(accumulator.as_ref()).is_ok() {
            let infinite = values(other.as_ref()).iter().any(|value| value.is_infinite());
            assert!(!infinite, "{}", case.label());
        }
    }
}

/// Where a state holds a number that came from the data: it is a power of two times as much where the data are.
fn numbers(save: &dyn Fn(f64) -> Vec<u8>) -> Vec<usize> {
    let (plain, scaled) = (save(1.0), save(4.0));
    if plain.len() != scaled.len() {
        return Vec::new();
    }
    let number = |bytes: &[u8]| f64::from_le_bytes(std::array::from_fn(|place| bytes[place]));
    let follows = |place: usize| {
        let (plain, scaled) = (number(&plain[place..]), number(&scaled[place..]));
        plain.is_normal() && [4.0, 16.0].iter().any(|factor| plain * factor == scaled)
    };
    let all: Vec<usize> = (0..plain.len().saturating_sub(7)).filter(|&place| follows(place)).collect();
    // Of thousands of rows those that lie evenly, the first among them: each is read by the same line.
    all.iter().copied().step_by(all.len() / 600 + 1).collect()
}

/// A payload with NaN or infinity for each of the numbers that came from the data.
fn spoilt<'a>(payload: &'a [u8], places: &'a [usize]) -> impl Iterator<Item = Vec<u8>> + 'a {
    places.iter().flat_map(move |&place| {
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(|wrong| {
            let mut bytes = payload.to_vec();
            overwrite(&mut bytes, place, wrong.to_le_bytes());
            bytes
        })
    })
}

/// A number that is none, in any place of a state that holds one.
fn a_state_with_a_number_that_is_none_is_refused(case: &RowwiseCase) {
    for rows in [1, 3, case.warm_up() + 2] {
        let data = columns(&case.spec, 48, rows);
        let save = |factor: f64| {
            let scaled: Vec<Vec<f64>> =
                data.iter().map(|column| column.iter().map(|value| value * factor).collect()).collect();
            let mut stream = case.stream(Nulls::Skip);
            batch(stream.as_mut(), case.outputs(), &chunks(&scaled));
            stream.save().expect("memory")
        };
        for bytes in spoilt(&save(1.0), &numbers(&save)) {
            let error = case.stream(Nulls::Skip).load(&bytes).expect_err("no rows lead there");
            assert_eq!(error.code(), ErrorCode::SnapshotCorrupt, "{}", case.label());
        }
    }
}

fn an_accumulated_state_with_a_number_that_is_none_is_refused(case: &ReductionCase) {
    for rows in [1, 3, 300] {
        let data = columns(&case.spec, 49, rows);
        let save = |factor: f64| {
            let scaled: Vec<Vec<f64>> =
                data.iter().map(|column| column.iter().map(|value| value * factor).collect()).collect();
            case.over(Nulls::Skip, &chunks(&scaled)).save().expect("memory")
        };
        for bytes in spoilt(&save(1.0), &numbers(&save)) {
            let error = case.accumulator(Nulls::Skip).load(&bytes).expect_err("no rows lead there");
            assert_eq!(error.code(), ErrorCode::SnapshotCorrupt, "{}", case.label());
        }
    }
}

/// A state holds nothing that was chosen: the frame around it does, and what is restored is made from the frame's parameters
/// before the state is loaded into it. So no snapshot brings a state together with other parameters, unless somebody has
/// written other ones into a frame and a checksum that fits (`live_objects.rs` tries both). Such a state may fit, as many a
/// window of 5 rows is one of 40 under way, and cannot be told from an honest one; it must do no harm.
fn a_state_of_other_parameters_is_refused_or_works_but_never_panics(cases: &[RowwiseCase]) {
    for left in cases {
        let data = columns(&left.spec, 40, 60);
        for rows in [0, 5, 60] {
            let mut stream = left.stream(Nulls::Propagate);
            batch(stream.as_mut(), left.outputs(), &slice(&chunks(&data), 0, rows));
            let payload = stream.save().expect("memory");
            left.stream(Nulls::Propagate).load(&payload).expect("a saved state loads");
            for right in cases {
                assert_refused_or_works(right, &payload, &data);
            }
        }
    }
}
