//! Group keys, numbered as the values that the library says.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;

use arrow_array::types::{ArrowDictionaryKeyType, Int8Type, Int32Type, UInt16Type};
use arrow_array::{
    DictionaryArray, Int16Array, Int64Array, LargeStringArray, PrimitiveArray, StringArray, StringViewArray,
    UInt64Array,
};
use omega_arrow::keys::Groups;
use omega_contract::Result;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::bridge::{Pair, cases};
use crate::numbers::missing_at;

/// The numbers of keys in order of appearance; rows that have none are a group.
fn plainly<K: Hash + Eq + Clone>(rows: &[Option<K>]) -> Vec<u32> {
    let mut known = HashMap::new();
    let number = |key: &Option<K>| {
        let next = known.len() as u32;
        *known.entry(key.clone()).or_insert(next)
    };
    rows.iter().map(number).collect()
}

fn numbered(pair: &Pair) -> Result<Vec<u32>> {
    let (mut groups, mut numbers) = (Groups::default(), Vec::new());
    // SAFETY: made by a library, as the interface asks.
    unsafe { groups.number(&pair.fields()?[0], "symbol", &mut numbers)? };
    Ok(numbers)
}

/// Numbers the part of a column as a plain map does.
#[track_caller]
fn expect<K: Hash + Eq + Clone>(pair: Pair, rows: &[Option<K>], part: &Range<usize>) {
    let (pair, rows) = (pair.cut(part.start, part.len()), &rows[part.clone()]);
    assert_eq!(numbered(&pair).expect("keys"), plainly(rows));
}

/// Indices into a few keys, some of them missing now and then, and a part of the rows.
fn places() -> impl Strategy<Value = (Vec<Option<usize>>, Range<usize>)> {
    (prop_oneof![Just(0), Just(2)], 0..150_usize)
        .prop_flat_map(|(missing_percent, length)| {
            let row = missing_at(missing_percent, 0..12_usize);
            (vec(row, length), 0..=length, 0..=length)
        })
        .prop_map(|(rows, one, other)| (rows, one.min(other)..one.max(other)))
}

/// Twelve texts of lengths about those at which they lie elsewhere in memory, some alike.
fn texts() -> impl Strategy<Value = Vec<String>> {
    vec(prop_oneof!["[a-zé]{0,3}", "[ab]{11,14}", "[ab]{30,40}"], 12)
}

fn dictionary<K: ArrowDictionaryKeyType>(
    places: &[Option<usize>],
    values: &[Option<String>],
    place: impl Fn(usize) -> K::Native,
) -> DictionaryArray<K> {
    let keys: PrimitiveArray<K> = places.iter().map(|at| at.map(&place)).collect();
    DictionaryArray::new(keys, std::sync::Arc::new(StringArray::from(values.to_vec())))
}

fn dictionary2<K: arrow2::array::DictionaryKey>(
    places: &[Option<usize>],
    values: &[Option<String>],
    place: impl Fn(usize) -> K,
) -> Box<dyn arrow2::array::Array> {
    let keys: Vec<Option<K>> = places.iter().map(|at| at.map(&place)).collect();
    let values = arrow2::array::Utf8Array::<i64>::from(values);
    arrow2::array::DictionaryArray::try_from_keys(keys.into(), values.boxed())
        .expect("keys of its values")
        .boxed()
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn texts_are_numbered_by_what_the_libraries_say_they_are((places, part) in places(), texts in texts()) {
        let rows: Vec<Option<String>> = places.iter().map(|at| at.map(|at| texts[at].clone())).collect();
        let told = StringArray::from(rows.clone());
        let rows: Vec<Option<String>> = told.iter().map(|text| text.map(str::to_owned)).collect();
        expect(Pair::of_arrow_rs("k", &told), &rows, &part);
        expect(Pair::of_arrow_rs("k", &LargeStringArray::from(rows.clone())), &rows, &part);
        expect(Pair::of_arrow_rs("k", &StringViewArray::from_iter(rows.iter().cloned())), &rows, &part);
        expect(Pair::of_arrow2("k", arrow2::array::Utf8Array::<i32>::from(&rows).boxed()), &rows, &part);
        expect(Pair::of_arrow2("k", arrow2::array::Utf8Array::<i64>::from(&rows).boxed()), &rows, &part);
        // What a library cut itself may start anywhere in its texts.
        let slice = told.slice(part.start, part.len());
        expect(Pair::of_arrow_rs("k", &slice), &rows[part.clone()], &(0..part.len()));
        let slice = arrow2::array::Utf8Array::<i32>::from(&rows).sliced(part.start, part.len());
        expect(Pair::of_arrow2("k", slice.boxed()), &rows[part.clone()], &(0..part.len()));
        let slice = StringViewArray::from_iter(rows.iter().cloned()).slice(part.start, part.len());
        expect(Pair::of_arrow_rs("k", &slice), &rows[part.clone()], &(0..part.len()));
    }

    #[test]
    fn whole_numbers_are_numbered_by_value((places, part) in places(), ints in vec(any::<i64>(), 12)) {
        let rows: Vec<Option<i64>> = places.iter().map(|at| at.map(|at| ints[at])).collect();
        expect(Pair::of_arrow_rs("k", &Int64Array::from(rows.clone())), &rows, &part);
        expect(Pair::of_arrow2("k", arrow2::array::PrimitiveArray::<i64>::from(rows.clone()).boxed()), &rows, &part);
        let small: Vec<Option<i16>> = rows.iter().map(|row| row.map(|int| int as i16)).collect();
        expect(Pair::of_arrow_rs("k", &Int16Array::from(small.clone())), &small, &part);
        expect(Pair::of_arrow2("k", arrow2::array::PrimitiveArray::<i16>::from(small.clone()).boxed()), &small, &part);
        let positive: Vec<Option<u64>> = rows.iter().map(|row| row.map(|int| int.unsigned_abs() >> 1)).collect();
        expect(Pair::of_arrow_rs("k", &UInt64Array::from(positive.clone())), &positive, &part);
        expect(Pair::of_arrow2("k", arrow2::array::PrimitiveArray::<u64>::from(positive.clone()).boxed()), &positive, &part);
    }

    #[test]
    fn entries_of_dictionaries_are_numbered_by_their_values(
        (places, part) in places(), texts in texts(), hole in proptest::option::weighted(0.2, 0..12_usize),
    ) {
        let mut values: Vec<Option<String>> = texts.into_iter().map(Some).collect();
        if let Some(hole) = hole {
            values[hole] = None;
        }
        let rows: Vec<Option<String>> = places.iter().map(|at| at.and_then(|at| values[at].clone())).collect();
        expect(Pair::of_arrow_rs("k", &dictionary::<Int8Type>(&places, &values, |at| at as i8)), &rows, &part);
        expect(Pair::of_arrow_rs("k", &dictionary::<UInt16Type>(&places, &values, |at| at as u16)), &rows, &part);
        expect(Pair::of_arrow_rs("k", &dictionary::<Int32Type>(&places, &values, |at| at as i32)), &rows, &part);
        expect(Pair::of_arrow2("k", dictionary2::<u8>(&places, &values, |at| at as u8)), &rows, &part);
        expect(Pair::of_arrow2("k", dictionary2::<i64>(&places, &values, |at| at as i64)), &rows, &part);
    }
}
