//! Rows get the numbers that a plain map would give them, whatever their order, type and cuts.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;

use omega_arrow::c::{ArrowArray, ArrowSchema};
use omega_arrow::keys::{Groups, Key, Kind, together};
use omega_arrow::read::fields;
use omega_arrow::write::{array, schema};
use omega_contract::{Error, ErrorCode};

/// Numbers from a seed, the same everywhere.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// Rows in which groups come as they do in data: in turns, in runs, at random, with turns that come late or
/// change.
fn orders(groups: usize, rows: usize) -> Vec<Vec<usize>> {
    let mut draws = Draws(88_172_645_463_325_252);
    let random: Vec<usize> = (0..rows).map(|_| draws.below(groups)).collect();
    let mut sorted = random.clone();
    sorted.sort_unstable();
    let turns = (0..rows).map(|row| row % groups).collect();
    let almost = (0..rows).map(|row| if draws.below(200) == 0 { draws.below(groups) } else { row % groups });
    let shrinking = (0..rows).map(|row| row % (groups - (row / 500).min(groups - 1))).collect();
    let late = random.iter().copied().take(rows / 2).chain((0..rows - rows / 2).map(|row| row % groups));
    vec![almost.collect(), late.collect(), random, sorted, turns, shrinking]
}

/// The numbers of keys in order of appearance.
fn plainly<K: Hash + Eq + Clone>(rows: &[K]) -> Vec<u32> {
    let mut known = HashMap::new();
    rows.iter()
        .map(|key| {
            let next = known.len() as u32;
            *known.entry(key.clone()).or_insert(next)
        })
        .collect()
}

/// Keys of every length about the words' borders, many of them alike at both ends.
fn names(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("{}{index}{}", "ab".repeat(index % 7), "\0".repeat(index % 3))).collect()
}

fn numbers(groups: &mut Groups, pieces: &[(ArrowSchema, ArrowArray)]) -> Result<Vec<u32>, Error> {
    let mut numbers = Vec::new();
    for (schema, array) in pieces {
        // SAFETY: made by `write`, as the interface asks.
        unsafe {
            let field = fields(schema, array)?.fields[0];
            groups.number(&field, "symbol", &mut numbers)?;
        }
    }
    Ok(numbers)
}

/// Each piece of the rows as an array, so that what was met in one is known in the next.
fn expect<K: Hash + Eq + Clone + Debug>(rows: &[K], piece: impl Fn(&[K]) -> (ArrowSchema, ArrowArray)) {
    let expected = plainly(rows);
    for cut in [rows.len(), 1000, 77] {
        let pieces: Vec<_> = rows.chunks(cut.max(1)).map(&piece).collect();
        let mut groups = Groups::default();
        assert_eq!(numbers(&mut groups, &pieces).expect("keys"), expected);
        // What was numbered before keeps its numbers.
        assert_eq!(numbers(&mut groups, &pieces).expect("keys"), expected);
        for (number, key) in groups.keys().iter().enumerate() {
            assert_eq!(groups.find(key), Some(number as u32));
        }
    }
}

fn ints<T: Copy + Send + Sync + 'static>(format: &str, rows: &[T]) -> (ArrowSchema, ArrowArray) {
    let values = rows.to_vec();
    let buffers = vec![std::ptr::null(), values.as_ptr().cast()];
    (schema(format, "symbol", Vec::new()), array(rows.len(), 0, buffers, Vec::new(), Box::new(values)))
}

fn bits(rows: &[bool]) -> (ArrowSchema, ArrowArray) {
    let mut bits = vec![0_u8; rows.len().div_ceil(8)];
    rows.iter().enumerate().for_each(|(row, &is_set)| bits[row / 8] |= u8::from(is_set) << (row % 8));
    let buffers = vec![std::ptr::null(), bits.as_ptr().cast()];
    (schema("b", "symbol", Vec::new()), array(rows.len(), 0, buffers, Vec::new(), Box::new(bits)))
}

/// The same column, in which only some rows have a key.
fn gapped<T>((schema, values): (ArrowSchema, ArrowArray), rows: &[Option<T>]) -> (ArrowSchema, ArrowArray) {
    let present: Vec<bool> = rows.iter().map(Option::is_some).collect();
    let (_, bits) = bits(&present);
    // SAFETY: both were just made, with two buffers each.
    let buffers = unsafe { vec![*bits.buffers.add(1), *values.buffers.add(1)] };
    let missing = present.iter().filter(|is_present| !**is_present).count();
    (schema, array(rows.len(), missing, buffers, vec![values, bits], Box::new(())))
}

fn texts<T>(
    format: &str,
    rows: &[&str],
    offset: impl Fn(usize) -> T,
    byte: impl Fn(u8) -> u8,
) -> (ArrowSchema, ArrowArray)
where
    T: Send + Sync + 'static,
{
    let bytes: Vec<u8> = rows.concat().into_bytes().into_iter().map(byte).collect();
    let mut end = 0;
    let mut offsets = vec![offset(0)];
    for row in rows {
        end += row.len();
        offsets.push(offset(end));
    }
    let buffers = vec![std::ptr::null(), offsets.as_ptr().cast(), bytes.as_ptr().cast()];
    let owner = Box::new((offsets, bytes));
    (schema(format, "symbol", Vec::new()), array(rows.len(), 0, buffers, Vec::new(), owner))
}

fn views(rows: &[&str], byte: impl Fn(u8) -> u8) -> (ArrowSchema, ArrowArray) {
    let mut bytes: Vec<u8> = Vec::new();
    let views: Vec<u8> = rows
        .iter()
        .flat_map(|row| {
            let mut view = [0; 16];
            view[..4].copy_from_slice(&(row.len() as i32).to_le_bytes());
            if row.len() <= 12 {
                view[4..4 + row.len()].copy_from_slice(row.as_bytes());
                view[4..].iter_mut().for_each(|own| *own = byte(*own));
            } else {
                view[4..8].copy_from_slice(&row.as_bytes()[..4]);
                view[12..].copy_from_slice(&(bytes.len() as i32).to_le_bytes());
                bytes.extend_from_slice(row.as_bytes());
            }
            view
        })
        .collect();
    let sizes = vec![bytes.len() as i64];
    let buffers = vec![std::ptr::null(), views.as_ptr().cast(), bytes.as_ptr().cast(), sizes.as_ptr().cast()];
    let owner = Box::new((views, bytes, sizes));
    (schema("vu", "symbol", Vec::new()), array(rows.len(), 0, buffers, Vec::new(), owner))
}

#[test]
fn whole_numbers_get_the_numbers_of_a_plain_map() {
    for groups in [1, 2, 10, 63, 64, 65, 300] {
        for order in orders(groups, 3000) {
            let sparse: Vec<i64> =
                order.iter().map(|&group| i64::MIN + (group as i64) * 7_919_000_000).collect();
            expect(&sparse, |rows| ints("l", rows));
            let dense: Vec<i64> = order.iter().map(|&group| i64::MAX - group as i64).collect();
            expect(&dense, |rows| ints("l", rows));
            let unsigned: Vec<u64> =
                order.iter().map(|&group| (1 << 63) - 1 - group as u64 * 99_999_999).collect();
            expect(&unsigned, |rows| ints("L", rows));
            let narrow: Vec<i16> = order.iter().map(|&group| group as i16 - 150).collect();
            expect(&narrow, |rows| ints("s", rows));
        }
    }
}

#[test]
fn keys_of_other_types_get_the_numbers_of_a_plain_map() {
    for groups in [1, 2, 64, 300] {
        for order in orders(groups, 3000) {
            let large: Vec<u64> = order.iter().map(|&group| u64::MAX - group as u64).collect();
            expect(&large, |rows| ints("L", rows));
            let moments: Vec<i64> = order.iter().map(|&group| group as i64 * 86_400_000_000_001).collect();
            expect(&moments, |rows| ints("tsn:Europe/Zurich", rows));
            let days: Vec<i32> = order.iter().map(|&group| group as i32 - 100).collect();
            for format in ["tdD", "tts", "d:9,2,32"] {
                expect(&days, |rows| ints(format, rows));
            }
            let digits: Vec<i128> = order.iter().map(|&group| 10_i128.pow(37) - group as i128).collect();
            expect(&digits, |rows| ints("d:38,10", rows));
            let wide: Vec<[i128; 2]> = order.iter().map(|&group| [-1 - group as i128, -1]).collect();
            expect(&wide, |rows| ints("d:76,-3,256", rows));
            let floats: Vec<i64> = order.iter().map(|&group| group as i64 - 7).collect();
            expect(&floats, |rows| ints("g", &rows.iter().map(|&int| int as f64).collect::<Vec<_>>()));
            let truths: Vec<bool> = order.iter().map(|&group| group % 2 == 1).collect();
            expect(&truths, bits);
        }
    }
}

#[test]
fn equal_keys_are_one_whatever_they_lie_in() {
    let key = |piece: (ArrowSchema, ArrowArray)| {
        let mut groups = Groups::default();
        numbers(&mut groups, &[piece]).expect("a key");
        groups.keys()[0].copy().expect("memory")
    };
    let hour = 3_600_000_000_000_i128;
    for (format, each) in [("tss:", 1), ("tsm:", 1_000), ("tsu:", 1_000_000), ("tsn:", 1_000_000_000)] {
        assert_eq!(key(ints(format, &[3_600_i64 * each])), Key::Value(Kind::Local, hour));
        let zone = format!("{format}Asia/Tokyo");
        assert_eq!(key(ints(&zone, &[3_600_i64 * each])), Key::Value(Kind::Instant, hour));
    }
    assert_eq!(key(ints("tdD", &[-3_i32])), key(ints("tdm", &[-3_i64 * 86_400_000])));
    assert_eq!(key(ints("tts", &[60_i32])), key(ints("ttn", &[60_000_000_000_i64])));
    assert_eq!(key(ints("d:38,2", &[150_i128])), key(ints("d:9,1,32", &[15_i32])));
    assert_eq!(key(ints("d:38,2", &[0_i128])), key(ints("d:9,0,32", &[0_i32])));
    assert_eq!(key(ints("g", &[-0.0])), Key::Int(0));
    assert_eq!(key(ints("e", &[0x3c00_u16])), key(ints("c", &[1_i8])));
    assert_eq!(key(ints("f", &[f32::NAN])), Key::Missing);
    let error = numbers(&mut Groups::default(), &[ints("tdm", &[1_i64])]).expect_err("not a day");
    assert_eq!(error.code(), ErrorCode::UnsupportedType);
}

#[test]
fn rows_without_a_key_are_one_group_whatever_lies_there() {
    for order in orders(65, 3000) {
        let rows: Vec<Option<i64>> =
            order.iter().map(|&group| (group % 5 != 0).then_some(group as i64 * 1_000_003)).collect();
        let expected = plainly(&rows);
        for format in ["l", "L", "tsu:UTC", "tDn"] {
            let mut place = 0;
            let values: Vec<i64> = rows
                .iter()
                .map(|row| {
                    place += 1;
                    row.unwrap_or(-place)
                })
                .collect();
            let piece = gapped(ints(format, &values), &rows);
            let mut groups = Groups::default();
            assert_eq!(numbers(&mut groups, &[piece]).expect("keys"), expected);
            let missing = rows.iter().position(Option::is_none).map(|row| expected[row]);
            assert_eq!(groups.find(&Key::Missing), missing);
        }
    }
}

#[test]
fn several_columns_are_numbered_as_their_tuples() {
    for (rows, first, second, third) in [(0, 1, 1, 1), (3000, 7, 11, 2), (3000, 300, 300, 50), (5, 4, 4, 1)] {
        let mut draws = Draws(362_436_069);
        let tuples: Vec<(usize, usize, usize)> =
            (0..rows).map(|_| (draws.below(first), draws.below(second), draws.below(third))).collect();
        let column = |of: fn(&(usize, usize, usize)) -> usize| {
            let values: Vec<i64> = tuples.iter().map(|tuple| of(tuple) as i64).collect();
            let mut groups = Groups::default();
            let numbers = numbers(&mut groups, &[ints("l", &values)]).expect("keys");
            (groups, numbers)
        };
        let columns = vec![column(|tuple| tuple.0), column(|tuple| tuple.1), column(|tuple| tuple.2)];
        let (groups, numbers) = together(columns).expect("memory");
        assert_eq!(numbers, plainly(&tuples));
        for (&number, tuple) in numbers.iter().zip(&tuples) {
            let keys = [tuple.0, tuple.1, tuple.2].map(|key| Key::Int(key as i64));
            assert_eq!(groups.keys()[number as usize].parts(), keys);
        }
    }
}

#[test]
fn texts_get_the_numbers_of_a_plain_map() {
    for groups in [1, 10, 64, 300] {
        let names = names(groups);
        for order in orders(groups, 3000) {
            let rows: Vec<&str> = order.iter().map(|&group| names[group].as_str()).collect();
            expect(&rows, |rows| texts("u", rows, |offset| offset as i32, |byte| byte));
            expect(&rows, |rows| texts("U", rows, |offset| offset as i64, |byte| byte));
            expect(&rows, |rows| views(rows, |byte| byte));
        }
    }
}

#[test]
fn one_bad_row_among_many_good_ones_is_found() {
    let mut rows = vec![7.0; 1000];
    rows[777] = 0.5;
    let error = numbers(&mut Groups::default(), &[ints("g", &rows)]).expect_err("not whole");
    assert_eq!(error.code(), ErrorCode::UnsupportedType);
    assert_eq!(error.field("value"), Some("0.5"));

    for (wrong, says) in [(-1, "-1"), (3, "3")] {
        let (schema, array) = texts(
            "u",
            &["ab"; 1000],
            |offset| if offset == 1000 { wrong } else { offset as i32 },
            |byte| byte,
        );
        let error = numbers(&mut Groups::default(), &[(schema, array)]).expect_err("goes back");
        assert_eq!(error.code(), ErrorCode::MalformedArrow);
        assert_eq!(error.field("value"), Some(says));
    }

    let wrong = |byte: u8| if byte == b'!' { 0xff } else { byte };
    let mut rows = vec!["ab"; 1000];
    rows[900] = "a!";
    for piece in [texts("u", &rows, |offset| offset as i32, wrong), views(&rows, wrong)] {
        let error = numbers(&mut Groups::default(), &[piece]).expect_err("no text");
        assert_eq!(error.code(), ErrorCode::MalformedArrow);
    }
}

#[test]
fn a_text_is_known_by_all_of_its_bytes() {
    let mut groups = Groups::default();
    let texts = [
        "",
        "\0",
        "\0\0",
        "a",
        "a\0",
        "aa",
        "aaa",
        "aba",
        "aab",
        "aaaaaaaa",
        "aaaaaaaaa",
        "aaaaaaaaaaaaaaaa",
    ];
    let long: Vec<String> = (0..40).map(|length| "a".repeat(17 + length)).collect();
    for text in texts.iter().copied().chain(long.iter().map(String::as_str)) {
        let next = groups.next();
        assert_eq!(groups.text(text).expect("a few bytes"), next, "{text:?}");
    }
    assert_eq!(groups.find(&Key::Text("aaa".into())), Some(6));
}

#[test]
fn forgotten_keys_are_new_again_and_the_others_keep_their_numbers() {
    let key = |place: usize| match place % 5 {
        3 => Key::Value(Kind::Date, place as i128),
        4 => Key::of(vec![Key::Missing, Key::Text(place.to_string())]),
        0 => Key::Int(place as i64),
        1 => Key::Text(place.to_string()),
        _ => Key::Text(format!("a text longer than sixteen bytes, {place}")),
    };
    let mut groups = Groups::default();
    for known in [300, 7, 0] {
        (0..500).for_each(|place| assert_eq!(groups.number_of(&key(place)).expect("memory") as usize, place));
        groups.truncate(known);
        assert_eq!(groups.keys().len(), known);
        for place in 0..500 {
            let number = (place < known).then_some(place as u32);
            assert_eq!(groups.find(&key(place)), number, "{place} of {known}");
        }
        groups.truncate(known + 1);
        assert_eq!(groups.next() as usize, known);
    }
    assert_eq!(groups.number_of(&key(8)).expect("memory"), 0);
}
