//! Snapshots: anywhere, through bytes, and damaged.

use omega_contract::ErrorCode;
use omega_kernel::snapshot::{Snapshot, SnapshotKind};
use omega_kernel::{Nulls, Stream};

use crate::support::{
    Random, RowwiseCase, assert_same, batch, chunks, columns, reduction_cases, row, rowwise_cases,
    same_values, slice, values,
};

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

#[test]
fn a_stream_goes_on_with_the_same_bits_wherever_it_was_saved() {
    for case in rowwise_cases() {
        let mut data = columns(&case.spec, 41, 400);
        data[0][150] = f64::NAN;
        let inputs = chunks(&data);
        let outputs = case.spec.outputs.len();
        for cut in [0, 1, 2, 13, 14, 39, 40, 120, 151, 200, 399] {
            let mut stream = case.stream(Nulls::Propagate);
            batch(stream.as_mut(), outputs, &slice(&inputs, 0, cut));
            let bytes = snapshot(&case, stream.as_ref());
            let decoded = Snapshot::decode(&bytes).expect("whole bytes decode");
            let mut restored = case.stream(Nulls::Propagate);
            restored.load(decoded.payload).expect("a saved state loads");
            assert_eq!(restored.rows(), cut as u64);
            let rest = slice(&inputs, cut, 400);
            let (on, again) =
                (batch(stream.as_mut(), outputs, &rest), batch(restored.as_mut(), outputs, &rest));
            assert_same(&on, &again, &case.label());
        }
    }
}

#[test]
fn groups_go_on_with_the_same_bits_wherever_they_were_saved() {
    for case in rowwise_cases() {
        let data = columns(&case.spec, 42, 600);
        let groups: Vec<u32> = (0..600).map(|row| row % 4).collect();
        let outputs = case.spec.outputs.len();
        let run = |grouped: &mut dyn omega_kernel::Grouped, from: usize, to: usize| {
            let mut answer = vec![vec![0.0; to - from]; outputs];
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
        assert_eq!(
            restored.save().expect("memory"),
            case.factory.grouped(&case.params, Nulls::Skip).save().expect("memory")
        );
    }
}

#[test]
fn an_accumulator_goes_on_with_the_same_bits_wherever_it_was_saved() {
    for case in reduction_cases() {
        let data = columns(&case.spec, 43, 1000);
        let inputs = chunks(&data);
        for cut in [0, 1, 255, 256, 257, 700, 1000] {
            let mut accumulator = case.accumulator(Nulls::Skip);
            accumulator.update(&slice(&inputs, 0, cut)).expect("clean rows are taken");
            let mut restored = case.accumulator(Nulls::Skip);
            restored.load(&accumulator.save().expect("memory")).expect("a saved state loads");
            for accumulator in [&mut accumulator, &mut restored] {
                accumulator.update(&slice(&inputs, cut, 1000)).expect("clean rows are taken");
            }
            assert!(same_values(accumulator.as_ref(), restored.as_ref()), "{}", case.label());
            assert_eq!(accumulator.save().expect("memory"), restored.save().expect("memory"));
            restored.reset();
            assert_eq!(
                restored.save().expect("memory"),
                case.accumulator(Nulls::Skip).save().expect("memory")
            );
        }
    }
}

#[test]
fn a_snapshot_that_is_cut_or_flipped_anywhere_is_refused() {
    for case in rowwise_cases().iter().filter(|case| case.warm_up() < 8) {
        let mut stream = case.stream(Nulls::Propagate);
        batch(stream.as_mut(), case.spec.outputs.len(), &chunks(&columns(&case.spec, 44, 30)));
        let bytes = snapshot(case, stream.as_ref());
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
}

/// A frame with a right checksum.
fn sealed(mut content: Vec<u8>) -> Vec<u8> {
    let checksum = crc32fast::hash(&content);
    content.extend(checksum.to_le_bytes());
    content
}

#[test]
fn a_snapshot_of_another_version_is_refused_as_such() {
    let cases = rowwise_cases();
    let mut bytes = snapshot(&cases[0], cases[0].stream(Nulls::Skip).as_ref());
    bytes.truncate(bytes.len() - 4);
    bytes[8] = 3;
    let error = Snapshot::decode(&sealed(bytes)).expect_err("another version");
    assert_eq!(error.code(), ErrorCode::SnapshotVersion, "{error}");
    assert_eq!(error.field("value"), Some("3"));
}

#[test]
fn a_frame_with_a_right_checksum_and_a_wrong_body_is_refused() {
    let cases = rowwise_cases();
    let bytes = snapshot(&cases[0], cases[0].stream(Nulls::Skip).as_ref());
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

/// Beneath the checksum: whatever bytes a payload holds, it is refused or works.
#[test]
fn a_payload_made_by_hand_is_refused_or_works_but_never_panics() {
    let mut random = Random(45);
    for case in rowwise_cases().iter().filter(|case| case.warm_up() < 45) {
        let data = columns(&case.spec, 46, 60);
        let mut stream = case.stream(Nulls::Propagate);
        let outputs = case.spec.outputs.len();
        batch(stream.as_mut(), outputs, &chunks(&data));
        let payload = stream.save().expect("memory");
        let mut output = vec![0.0; outputs];
        for attempt in 0..800 {
            let mut bytes = payload.clone();
            match attempt % 4 {
                0 => bytes.truncate(random.below(payload.len() + 1)),
                1 if attempt % 8 == 1 => bytes.push(0),
                1 => overwrite(
                    &mut bytes,
                    random.below(payload.len()),
                    ENORMOUS[attempt / 8 % 4].to_le_bytes(),
                ),
                _ => {
                    let place = random.below(bytes.len() + 1);
                    let value = if attempt % 2 == 0 { 0xFF } else { random.integer() as u8 };
                    bytes.iter_mut().skip(place).take(1 + attempt % 8).for_each(|byte| *byte = value);
                }
            }
            let mut other = case.stream(Nulls::Propagate);
            let fresh = other.save().expect("memory");
            match other.load(&bytes) {
                Ok(()) => {
                    for place in 0..60 {
                        let there = other
                            .update(&row(&chunks(&data), place), &mut output)
                            .expect("clean rows are taken");
                        assert!(!there || output.iter().all(|value| value.is_finite()), "{}", case.label());
                    }
                }
                Err(error) => {
                    let of_another =
                        error.code() == ErrorCode::SnapshotVersion && !bytes.starts_with(&payload[..8]);
                    assert!(of_another || error.code() == ErrorCode::SnapshotCorrupt, "{error}");
                    assert_eq!(other.save().expect("memory"), fresh, "a refused state changes nothing");
                }
            }
        }
    }
    for case in reduction_cases() {
        let data = columns(&case.spec, 47, 300);
        let mut accumulator = case.accumulator(Nulls::Skip);
        accumulator.update(&chunks(&data)).expect("clean rows are taken");
        let payload = accumulator.save().expect("memory");
        for attempt in 0..800 {
            let mut bytes = payload.clone();
            let place = random.below(bytes.len());
            match ENORMOUS.get(attempt % 8) {
                Some(number) => overwrite(&mut bytes, place, number.to_le_bytes()),
                None => bytes
                    .iter_mut()
                    .skip(place)
                    .take(1 + attempt % 8)
                    .for_each(|byte| *byte = random.integer() as u8),
            }
            let mut other = case.accumulator(Nulls::Skip);
            if other.load(&bytes).is_ok() {
                other.update(&chunks(&data)).expect("clean rows are taken");
                other.merge(accumulator.as_ref()).expect("alike");
                assert!(values(other.as_ref()).iter().all(|value| !value.is_infinite()), "{}", case.label());
            }
        }
    }
}

/// A number that is not one, in any place of a state that holds one.
#[test]
fn a_state_with_a_number_that_is_none_is_refused() {
    let marked = 1234.5678_f64;
    for case in rowwise_cases().iter().filter(|case| case.spec.module() == "ta") {
        let mut stream = case.stream(Nulls::Skip);
        let mut output = vec![0.0; case.spec.outputs.len()];
        let bar = vec![marked; case.spec.inputs.len()];
        stream.update(&bar, &mut output).expect("clean rows are taken");
        let payload = stream.save().expect("memory");
        let needle = marked.to_le_bytes();
        let places: Vec<usize> = (0..payload.len().saturating_sub(7))
            .filter(|&place| payload[place..place + 8] == needle)
            .collect();
        assert!(!places.is_empty(), "{} keeps a price somewhere", case.label());
        for place in places {
            for wrong in [f64::NAN, f64::INFINITY] {
                let mut bytes = payload.clone();
                bytes[place..place + 8].copy_from_slice(&wrong.to_le_bytes());
                let error = case.stream(Nulls::Skip).load(&bytes).expect_err("no rows lead there");
                assert_eq!(error.code(), ErrorCode::SnapshotCorrupt, "{}", case.label());
            }
        }
    }
}

/// What a state is of, the frame around it says; a state under other parameters goes on, or is refused.
#[test]
fn a_state_of_other_parameters_is_refused_or_works_but_never_panics() {
    let cases = rowwise_cases();
    for left in &cases {
        let data = columns(&left.spec, 48, 60);
        let mut stream = left.stream(Nulls::Skip);
        batch(stream.as_mut(), left.spec.outputs.len(), &chunks(&data));
        let payload = stream.save().expect("memory");
        for right in cases.iter().filter(|right| right.spec.name == left.spec.name) {
            let mut other = right.stream(Nulls::Skip);
            let loaded = other.load(&payload);
            assert!(loaded.is_ok() || left.params != right.params, "{}", left.label());
            if loaded.is_ok() {
                batch(other.as_mut(), left.spec.outputs.len(), &chunks(&data));
            }
        }
    }
}
