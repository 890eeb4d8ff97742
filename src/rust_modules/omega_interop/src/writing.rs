//! Columns and tables of answers, taken by both libraries and released once.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::ffi::from_ffi;
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, make_array};
use arrow_schema::{DataType, Field, FieldRef};
use omega_arrow::c::{ArrowArray, ArrowSchema};
use omega_arrow::keys::Key;
use omega_arrow::write::{self, Column, Shared};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::bridge::{Releases, assert_same, cases, counted_array, counted_schema, counted_stream, moved};
use crate::numbers::{told_by_arrow_rs, told_by_arrow2};

/// The columns of an answer of some rows: numbers, texts and whole numbers.
#[derive(Clone, Debug)]
struct Answer {
    numbers: Vec<f64>,
    texts: Vec<String>,
    ints: Vec<i64>,
}

impl Answer {
    /// As Omega keeps it.
    fn columns(&self) -> Vec<Column> {
        let texts: Vec<Key> = self.texts.iter().cloned().map(Key::Text).collect();
        let ints: Vec<Key> = self.ints.iter().copied().map(Key::Int).collect();
        vec![
            Column::float64("größe", Shared::from_vec(self.numbers.clone())),
            Column::keys("symbol", &texts).expect("a few texts"),
            Column::keys("id", &ints).expect("a few numbers"),
        ]
    }

    fn rows(&self) -> usize {
        self.numbers.len()
    }

    /// Without rows keys have no type of their own, and are texts.
    fn has_ints(&self) -> bool {
        self.rows() > 0
    }

    fn missing(&self) -> usize {
        self.numbers.iter().filter(|value| value.is_nan()).count()
    }

    /// Whether arrow-rs sees the same.
    fn expect_arrow_rs(&self, columns: &[ArrayRef]) {
        for column in columns {
            column.to_data().validate_full().expect("as Arrow asks");
            assert_eq!(column.len(), self.rows());
        }
        let [numbers, texts, ints] = columns else { panic!("{} columns", columns.len()) };
        assert_same(&told_by_arrow_rs::<Float64Type>(numbers, |value| value), &self.numbers);
        assert_eq!(numbers.null_count(), self.missing());
        assert!(texts.as_string::<i32>().iter().eq(self.texts.iter().map(|text| Some(text.as_str()))));
        if self.has_ints() {
            assert!(ints.as_primitive::<Int64Type>().iter().eq(self.ints.iter().map(|&int| Some(int))));
        }
    }

    /// Whether arrow2 sees the same.
    fn expect_arrow2(&self, columns: &[Box<dyn arrow2::array::Array>]) {
        let [numbers, texts, ints] = columns else { panic!("{} columns", columns.len()) };
        assert_same(&told_by_arrow2::<f64>(numbers.as_ref(), |value| value), &self.numbers);
        assert_eq!(numbers.null_count(), self.missing());
        let texts = texts.as_any().downcast_ref::<arrow2::array::Utf8Array<i32>>().expect("texts");
        assert!(texts.iter().eq(self.texts.iter().map(|text| Some(text.as_str()))));
        if self.has_ints() {
            let ints = ints.as_any().downcast_ref::<arrow2::array::PrimitiveArray<i64>>().expect("ints");
            assert!(ints.iter().eq(self.ints.iter().map(Some)));
        }
    }

    /// Whether names, types and nullability are those of the columns.
    fn expect_fields(&self, fields: &[FieldRef]) {
        let ids = if self.has_ints() { DataType::Int64 } else { DataType::Utf8 };
        let expected = [
            Field::new("größe", DataType::Float64, true),
            Field::new("symbol", DataType::Utf8, false),
            Field::new("id", ids, false),
        ];
        assert!(fields.iter().map(AsRef::as_ref).eq(&expected), "{fields:?}");
    }
}

fn answers() -> impl Strategy<Value = Answer> {
    let number = prop_oneof![4 => proptest::num::f64::ANY, 1 => Just(f64::NAN)];
    vec((number, "[a-zé日]{0,14}", any::<i64>()), 0..140).prop_map(|rows| Answer {
        numbers: rows.iter().map(|row| row.0).collect(),
        texts: rows.iter().map(|row| row.1.clone()).collect(),
        ints: rows.iter().map(|row| row.2).collect(),
    })
}

fn arrow_rs_array(schema: ArrowSchema, array: ArrowArray) -> ArrayRef {
    // SAFETY: the same structs, made by `write`.
    make_array(unsafe { from_ffi(moved(array), &moved(schema)) }.expect("as Arrow asks"))
}

fn arrow2_array(schema: ArrowSchema, array: ArrowArray) -> Box<dyn arrow2::array::Array> {
    // SAFETY: as above.
    unsafe {
        let field = arrow2::ffi::import_field_from_c(&moved(schema)).expect("a type that it knows");
        arrow2::ffi::import_array_from_c(moved(array), field.data_type).expect("as Arrow asks")
    }
}

fn columns_of(array: Box<dyn arrow2::array::Array>) -> Vec<Box<dyn arrow2::array::Array>> {
    array.as_any().downcast_ref::<arrow2::array::StructArray>().expect("a batch").values().to_vec()
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn columns_are_taken_as_they_are_and_released_once(answer in answers()) {
        let [types, arrays] = [(); 2].map(|()| Releases::default());
        let export = |column: &Column| {
            let array = write::column_array(column).expect("a few rows");
            (counted_schema(write::column_schema(column), &types), counted_array(array, &arrays))
        };
        let columns = answer.columns();
        let one: Vec<_> = columns.iter().map(export).map(|(schema, array)| arrow_rs_array(schema, array)).collect();
        let two: Vec<_> = columns.iter().map(export).map(|(schema, array)| arrow2_array(schema, array)).collect();
        // Omega's own side may go first.
        drop(columns);
        // Where there is nothing to keep, a taker may be done at once.
        prop_assert!(answer.rows() == 0 || arrays.count() == 0);
        answer.expect_arrow_rs(&one);
        answer.expect_arrow2(&two);
        drop((one, two));
        prop_assert_eq!((types.count(), arrays.count()), (6, 6));
    }

    #[test]
    fn tables_are_taken_as_they_are_and_released_once(answer in answers()) {
        let [types, arrays] = [(); 2].map(|()| Releases::default());
        let columns = answer.columns();
        let export = || {
            let array = write::batch_array(&columns, answer.rows()).expect("a few rows");
            (counted_schema(write::batch_schema(&columns), &types), counted_array(array, &arrays))
        };
        let (schema, array) = export();
        let batch = arrow_rs_array(schema, array);
        let batch = batch.as_struct();
        answer.expect_fields(batch.fields());
        answer.expect_arrow_rs(batch.columns());
        // Part of a table outlives the table.
        let last = Arc::clone(batch.column(1));
        let (schema, array) = export();
        let two = columns_of(arrow2_array(schema, array));
        answer.expect_arrow2(&two);
        drop(columns);
        prop_assert!(last.as_string::<i32>().iter().eq(answer.texts.iter().map(|text| Some(text.as_str()))));
        drop((last, two));
        prop_assert_eq!(types.count(), 2);
    }

    #[test]
    fn streams_are_taken_as_they_are_and_released_once(answer in answers(), elsewhere in any::<bool>()) {
        let [streams, arrays] = [(); 2].map(|()| Releases::default());
        let columns = answer.columns();
        let export = || {
            let array = write::batch_array(&columns, answer.rows()).expect("a few rows");
            counted_stream(write::stream(write::batch_schema(&columns), counted_array(array, &arrays)), &streams)
        };
        let (first, second) = (export(), export());
        let take = {
            let answer = answer.clone();
            move || {
                // SAFETY: the same struct.
                let first: FFI_ArrowArrayStream = unsafe { moved(first) };
                let reader = RecordBatchStreamReader::try_new(first).expect("a live stream");
                let batches: Vec<_> = reader.map(|batch| batch.expect("as Arrow asks")).collect();
                assert_eq!(batches.len(), 1);
                answer.expect_fields(batches[0].schema().fields());
                answer.expect_arrow_rs(batches[0].columns());
                // SAFETY: as above.
                let second: Box<arrow2::ffi::ArrowArrayStream> = Box::new(unsafe { moved(second) });
                // SAFETY: made by `write`, as the interface asks.
                unsafe {
                    let mut reader = arrow2::ffi::ArrowArrayStreamReader::try_new(second).expect("a live stream");
                    let array = reader.next().expect("one array").expect("as Arrow asks");
                    assert!(reader.next().is_none());
                    drop(reader);
                    answer.expect_arrow2(&columns_of(array));
                }
            }
        };
        if elsewhere {
            std::thread::spawn(take).join().expect("taken there");
        } else {
            take();
        }
        prop_assert_eq!((streams.count(), arrays.count()), (2, 2));
    }
}

#[test]
fn what_nobody_reads_is_released_once() {
    let answer =
        Answer { numbers: vec![1.0, f64::NAN], texts: vec!["a".into(), "b".into()], ints: vec![1, 2] };
    let columns = answer.columns();
    let [types, arrays, streams] = [(); 3].map(|()| Releases::default());
    let export = || counted_array(write::batch_array(&columns, 2).expect("two rows"), &arrays);
    let stream = || counted_stream(write::stream(write::batch_schema(&columns), export()), &streams);
    drop((counted_schema(write::batch_schema(&columns), &types), export(), stream()));
    assert_eq!([&types, &arrays, &streams].map(Releases::count), [1, 2, 1]);
    // Taken, and not looked at; or only asked for its type.
    // SAFETY: the same structs.
    let (array, unread): (arrow_array::ffi::FFI_ArrowArray, FFI_ArrowArrayStream) =
        unsafe { (moved(export()), moved(stream())) };
    let elsewhere = std::thread::spawn(move || drop(array));
    drop(RecordBatchStreamReader::try_new(unread).expect("a live stream"));
    elsewhere.join().expect("dropped there");
    assert_eq!([&types, &arrays, &streams].map(Releases::count), [1, 4, 2]);
}

#[test]
fn the_memory_of_an_answer_is_given_back_with_its_last_taker() {
    let memory: Arc<Vec<f64>> = Arc::new(vec![1.0, f64::NAN, 3.0]);
    let owner: Arc<dyn std::any::Any + Send + Sync> = Arc::<Vec<f64>>::clone(&memory);
    // SAFETY: the vector stays where it is while its owner lives.
    let column = Column::float64("x", unsafe { Shared::from_owner(memory.as_ptr(), 3, owner) });
    let export = || (write::column_schema(&column), write::column_array(&column).expect("three rows"));
    let (schema, array) = export();
    let one = arrow_rs_array(schema, array);
    let (schema, array) = export();
    let two = arrow2_array(schema, array);
    assert_eq!(one.as_primitive::<Float64Type>().values().as_ptr(), memory.as_ptr());
    drop(column);
    assert!(Arc::strong_count(&memory) > 1);
    assert_same(&told_by_arrow2::<f64>(two.as_ref(), |value| value), &memory);
    drop((one, two));
    assert_eq!(Arc::strong_count(&memory), 1);
}
