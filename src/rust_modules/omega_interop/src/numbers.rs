//! Numbers of every type, read as the values that the library says.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, NullArray, PrimitiveArray, StructArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Fields};
use arrow2::array::Array as _;
use omega_contract::ErrorCode;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::bridge::{Pair, assert_same, cases, numbers};

/// Some rows, of which some are missing, and a part of them.
pub type Rows<T> = (Vec<Option<T>>, Vec<bool>, std::ops::Range<usize>);

/// Rows of which none, some or all are missing; presence of a struct's rows above them; and where to cut.
pub fn rows<T: std::fmt::Debug + Clone>(
    values: impl Strategy<Value = T> + Clone,
) -> impl Strategy<Value = Rows<T>> {
    let missing_percent = prop_oneof![Just(0), Just(30), Just(100)];
    let lengths = prop_oneof![0..20_usize, 60..140_usize];
    (missing_percent, lengths)
        .prop_flat_map(move |(missing, length)| {
            let row = missing_at(missing, values.clone());
            (vec(row, length), vec(any::<bool>(), length), 0..=length, 0..=length)
        })
        .prop_map(|(rows, above, one, other)| (rows, above, one.min(other)..one.max(other)))
}

/// A value that is missing in so many percent of the rows.
pub fn missing_at<T: std::fmt::Debug>(
    percent: u8,
    values: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    (0..100_u8, values).prop_map(move |(draw, value)| (draw >= percent).then_some(value))
}

/// The values that arrow-rs says an array has.
pub fn told_by_arrow_rs<T: ArrowPrimitiveType>(
    array: &dyn Array,
    number: impl Fn(T::Native) -> f64,
) -> Vec<f64> {
    array.as_primitive::<T>().iter().map(|value| value.map_or(f64::NAN, &number)).collect()
}

/// The values that arrow2 says an array has.
pub fn told_by_arrow2<T: arrow2::types::NativeType>(
    array: &dyn arrow2::array::Array,
    number: impl Fn(T) -> f64,
) -> Vec<f64> {
    let array = array.as_any().downcast_ref::<arrow2::array::PrimitiveArray<T>>().expect("its type");
    array.iter().map(|value| value.map_or(f64::NAN, |&value| number(value))).collect()
}

/// The same numbers, missing where the row above them is.
fn under(numbers: &[f64], above: &[bool]) -> Vec<f64> {
    numbers.iter().zip(above).map(|(&number, &present)| if present { number } else { f64::NAN }).collect()
}

/// Reads a column of arrow-rs alone, cut by the library, cut by the C interface, and under missing rows.
fn expect_arrow_rs<T: ArrowPrimitiveType>(
    array: PrimitiveArray<T>,
    above: &[bool],
    part: &std::ops::Range<usize>,
    number: impl Fn(T::Native) -> f64,
) {
    let expected = told_by_arrow_rs::<T>(&array, &number);
    assert_same(&Pair::of_arrow_rs("x", &array).column(), &expected);
    let sliced = array.slice(part.start, part.len());
    let told = told_by_arrow_rs::<T>(&sliced, &number);
    assert_same(&Pair::of_arrow_rs("x", &sliced).column(), &told);
    assert_same(&Pair::of_arrow_rs("x", &array).cut(part.start, part.len()).column(), &told);

    let fields = Fields::from(vec![Field::new("x", array.data_type().clone(), true)]);
    let presence = NullBuffer::from(above.to_vec());
    let all: ArrayRef = Arc::new(array);
    let batch = StructArray::new(fields, vec![all], Some(presence));
    let expected = under(&expected, above);
    assert_same(&Pair::of_arrow_rs("", &batch).column(), &expected);
    let expected = &expected[part.clone()];
    assert_same(&Pair::of_arrow_rs("", &batch.slice(part.start, part.len())).column(), expected);
    assert_same(&Pair::of_arrow_rs("", &batch).cut(part.start, part.len()).column(), expected);
}

/// The same for a column of arrow2.
fn expect_arrow2<T: arrow2::types::NativeType>(
    array: arrow2::array::PrimitiveArray<T>,
    above: &[bool],
    part: &std::ops::Range<usize>,
    number: impl Fn(T) -> f64,
) {
    let expected = told_by_arrow2::<T>(&array, &number);
    assert_same(&Pair::of_arrow2("x", array.to_boxed()).column(), &expected);
    let sliced = array.clone().sliced(part.start, part.len());
    let told = told_by_arrow2::<T>(&sliced, &number);
    assert_same(&Pair::of_arrow2("x", sliced.boxed()).column(), &told);
    assert_same(&Pair::of_arrow2("x", array.to_boxed()).cut(part.start, part.len()).column(), &told);

    let expected = under(&expected, above);
    let batch = batch_of_arrow2(array.clone(), above);
    assert_same(&Pair::of_arrow2("", batch.to_boxed()).column(), &expected);
    let cut = Pair::of_arrow2("", batch.boxed()).cut(part.start, part.len());
    assert_same(&cut.column(), &expected[part.clone()]);

    // Cut at both levels: arrow2 keeps the offset of a column, to which that of the batch is added.
    let batch = batch_of_arrow2(array.sliced(part.start, part.len()), &above[part.clone()]);
    let inner = part.len() / 3..part.len() - part.len() / 4;
    let cut = Pair::of_arrow2("", batch.boxed()).cut(inner.start, inner.len());
    assert_same(&cut.column(), &expected[part.clone()][inner]);
}

/// A batch of one column, some of whose rows are missing as a whole.
fn batch_of_arrow2<T: arrow2::types::NativeType>(
    array: arrow2::array::PrimitiveArray<T>,
    above: &[bool],
) -> arrow2::array::StructArray {
    let field = arrow2::datatypes::Field::new("x", array.data_type().clone(), true);
    let fields = arrow2::datatypes::DataType::Struct(vec![field]);
    arrow2::array::StructArray::new(fields, vec![array.boxed()], Some(above.to_vec().into()))
}

macro_rules! numbers_are_read {
    ($($test:ident: $native:ty, $type:ty, $values:expr;)+) => {
        proptest! {
            #![proptest_config(cases(96))]
            $(
                #[test]
                fn $test((rows, above, part) in rows($values)) {
                    let number = |value: $native| value as f64;
                    expect_arrow_rs(PrimitiveArray::<$type>::from(rows.clone()), &above, &part, number);
                    expect_arrow2(arrow2::array::PrimitiveArray::<$native>::from(rows), &above, &part, number);
                }
            )+
        }
    };
}

numbers_are_read! {
    float64_is_read: f64, Float64Type, proptest::num::f64::ANY;
    float32_is_read: f32, Float32Type, proptest::num::f32::ANY;
    int8_is_read: i8, Int8Type, any::<i8>();
    int16_is_read: i16, Int16Type, any::<i16>();
    int32_is_read: i32, Int32Type, any::<i32>();
    int64_is_read: i64, Int64Type, any::<i64>();
    uint8_is_read: u8, UInt8Type, any::<u8>();
    uint16_is_read: u16, UInt16Type, any::<u16>();
    uint32_is_read: u32, UInt32Type, any::<u32>();
    uint64_is_read: u64, UInt64Type, any::<u64>();
}

/// Decimals that 38 digits hold, small and large.
fn decimals() -> impl Strategy<Value = i128> + Clone {
    (any::<i128>(), 0..128_u32).prop_map(|(value, shift)| (value >> shift) % 10_i128.pow(38))
}

proptest! {
    #![proptest_config(cases(96))]
    #[test]
    fn decimals_are_read_as_the_texts_that_the_library_writes(
        (rows, above, part) in rows(decimals()), scale in 0..=38_i8,
    ) {
        let array = PrimitiveArray::<Decimal128Type>::from(rows.clone());
        let array = array.with_precision_and_scale(38, scale).expect("38 digits");
        let texts: Vec<f64> = (0..array.len())
            .map(|row| if array.is_null(row) { f64::NAN } else { array.value_as_string(row).parse().expect("digits") })
            .collect();
        assert_same(&Pair::of_arrow_rs("x", &array).column(), &texts);
        let number = |value: i128| format!("{value}e-{scale}").parse().expect("digits");
        expect_arrow_rs(array, &above, &part, number);
        let of_38 = arrow2::datatypes::DataType::Decimal(38, scale.unsigned_abs().into());
        expect_arrow2(arrow2::array::PrimitiveArray::<i128>::from(rows).to(of_38), &above, &part, number);
    }
}

proptest! {
    #![proptest_config(cases(96))]
    #[test]
    fn float64_is_borrowed_where_both_libraries_keep_it((rows, _, part) in rows(any::<f64>())) {
        let array = PrimitiveArray::<Float64Type>::from(rows.clone()).slice(part.start, part.len());
        let pair = Pair::of_arrow_rs("x", &array);
        let (_, start) = numbers(&pair.fields().expect("a column")[0]).expect("numbers");
        prop_assert!(array.is_empty() || start == array.values().as_ptr());
        let array = arrow2::array::PrimitiveArray::<f64>::from(rows).sliced(part.start, part.len());
        let expected = array.values().as_ptr();
        let pair = Pair::of_arrow2("x", array.boxed());
        let (_, start) = numbers(&pair.fields().expect("a column")[0]).expect("numbers");
        prop_assert!(part.is_empty() || start == expected);
    }
}

#[test]
fn a_column_of_nothing_is_all_missing() {
    for rows in [0, 1, 70] {
        let expected = vec![f64::NAN; rows];
        assert_same(&Pair::of_arrow_rs("x", &NullArray::new(rows)).column(), &expected);
        let nothing = arrow2::array::NullArray::new(arrow2::datatypes::DataType::Null, rows);
        assert_same(&Pair::of_arrow2("x", nothing.boxed()).column(), &expected);
    }
}

#[test]
fn a_batch_has_its_columns_in_order_and_by_name() {
    let whole: ArrayRef = Arc::new(PrimitiveArray::<Int32Type>::from(vec![1, 2, 3]));
    let real: ArrayRef = Arc::new(PrimitiveArray::<Float64Type>::from(vec![Some(0.5), None, Some(1.5)]));
    let field = |name, array: &ArrayRef| Field::new(name, array.data_type().clone(), true);
    let fields = Fields::from(vec![field("größe", &whole), field("", &real)]);
    let batch = StructArray::new(fields, vec![whole, real], None);
    let read = Pair::of_arrow_rs("", &batch).numbers().expect("numbers");
    assert_eq!([read[0].0.as_str(), read[1].0.as_str()], ["größe", ""]);
    assert_same(&read[0].1, &[1.0, 2.0, 3.0]);
    assert_same(&read[1].1, &[0.5, f64::NAN, 1.5]);
    let none = StructArray::new_empty_fields(3, None);
    assert!(Pair::of_arrow_rs("", &none).numbers().expect("no columns").is_empty());
}

#[test]
fn what_is_no_number_is_refused_by_name_whoever_made_it() {
    use arrow2::datatypes as two;
    let text = arrow_array::StringArray::from(vec!["1"]);
    let wide = arrow_array::Decimal256Array::from(vec![arrow_buffer::i256::ONE]);
    let truth = arrow2::array::BooleanArray::from_slice([true]);
    let day = arrow2::array::PrimitiveArray::<i32>::from_slice([1]).to(two::DataType::Date32);
    let flagged = two::DataType::Extension("a.kind".into(), Box::new(two::DataType::Float64), None);
    let own = arrow2::array::PrimitiveArray::<f64>::from_slice([1.0]).to(flagged);
    assert_eq!(*wide.data_type(), DataType::Decimal256(76, 10));
    for (pair, says) in [
        (Pair::of_arrow_rs("x", &text), "string"),
        (Pair::of_arrow_rs("x", &wide), "d:76,10,256"),
        (Pair::of_arrow2("x", truth.boxed()), "bool"),
        (Pair::of_arrow2("x", day.boxed()), "date"),
        (Pair::of_arrow2("x", own.boxed()), "a.kind"),
    ] {
        let error = pair.numbers().expect_err("no number");
        assert_eq!(error.code(), ErrorCode::UnsupportedType);
        assert_eq!((error.field("name"), error.field("value")), (Some("x"), Some(says)));
    }
}
