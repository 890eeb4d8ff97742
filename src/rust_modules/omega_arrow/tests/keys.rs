//! Rows get the numbers that a plain map would give them, whatever their order, type and cuts.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;

use omega_arrow::c::{ArrowArray, ArrowSchema};
use omega_arrow::keys::{Groups, Key};
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
    let mut rows: Vec<u64> = vec![7; 1000];
    rows[777] = 1 << 63;
    let error = numbers(&mut Groups::default(), &[ints("L", &rows)]).expect_err("too large");
    assert_eq!(error.code(), ErrorCode::UnsupportedType);
    assert_eq!(error.field("value"), Some("9223372036854775808"));

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
    let key = |place: usize| match place % 3 {
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
