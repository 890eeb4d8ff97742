//! Streams of batches and of columns, chunk by chunk.

use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, PrimitiveArray, RecordBatch, RecordBatchIterator};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use omega_arrow::c::ArrowArrayStream;
use omega_arrow::read::fields;
use omega_arrow::stream::Reading;
use omega_contract::{ErrorCode, Result};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::bridge::{
    Releases, assert_same, cases, counted_array, counted_schema, counted_stream, moved, numbers,
};
use crate::numbers::{told_by_arrow_rs, told_by_arrow2};

/// All arrays of a stream, each column's numbers one after the other; and releases of the stream, of its type and of
/// its arrays.
fn read(stream: ArrowArrayStream) -> (Result<Vec<Vec<f64>>>, [usize; 3]) {
    let [of_stream, of_schema, of_arrays] = [(); 3].map(|()| Releases::default());
    let mut source = counted_stream(stream, &of_stream);
    // SAFETY: a stream that nobody else has.
    let mut reading = unsafe { Reading::take(&raw mut source) }.expect("a live stream");
    let mut all = || {
        reading.read_schema()?;
        while reading.read_next()? {}
        reading.end();
        *reading.schema = counted_schema(
            std::mem::replace(&mut *reading.schema, omega_arrow::c::ArrowSchema::empty()),
            &of_schema,
        );
        let mut columns: Vec<Vec<f64>> = Vec::new();
        for array in &reading.arrays {
            // SAFETY: handed out by a library, as the interface asks.
            let fields = unsafe { fields(&reading.schema, array)? }.fields;
            columns.resize(fields.len(), Vec::new());
            for (column, field) in columns.iter_mut().zip(&fields) {
                column.extend(numbers(field)?.0);
            }
        }
        Ok(columns)
    };
    let columns = all();
    reading.arrays = reading.arrays.drain(..).map(|array| counted_array(array, &of_arrays)).collect();
    drop(reading);
    (columns, [of_stream, of_schema, of_arrays].map(|releases| releases.count()))
}

/// Chunks of two columns; some chunks have no rows, and some streams no chunks.
fn chunks() -> impl Strategy<Value = Vec<Vec<(Option<f64>, Option<i64>)>>> {
    let float = proptest::option::weighted(0.8, any::<f64>());
    let int = proptest::option::weighted(0.8, any::<i64>());
    vec(vec((float, int), 0..40), 0..6)
}

fn fields_of_arrow_rs() -> Arc<Schema> {
    let fields = vec![Field::new("a", DataType::Float64, true), Field::new("b", DataType::Int64, true)];
    Arc::new(Schema::new(fields))
}

fn stream_of_arrow_rs(batches: Vec<std::result::Result<RecordBatch, ArrowError>>) -> ArrowArrayStream {
    let batches = RecordBatchIterator::new(batches, fields_of_arrow_rs());
    // SAFETY: the same struct.
    unsafe { moved(FFI_ArrowArrayStream::new(Box::new(batches))) }
}

fn stream_of_arrow2(
    data_type: &arrow2::datatypes::DataType,
    arrays: Vec<std::result::Result<Box<dyn arrow2::array::Array>, arrow2::error::Error>>,
) -> ArrowArrayStream {
    let field = arrow2::datatypes::Field::new("x", data_type.clone(), true);
    // SAFETY: the same struct.
    unsafe { moved(arrow2::ffi::export_iterator(Box::new(arrays.into_iter()), field)) }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn batches_are_read_chunk_by_chunk_and_given_back_once(chunks in chunks()) {
        let (mut floats, mut ints) = (Vec::new(), Vec::new());
        let (mut of_arrow_rs, mut of_arrow2) = (Vec::new(), Vec::new());
        let two = arrow2::datatypes::DataType::Struct(vec![
            arrow2::datatypes::Field::new("a", arrow2::datatypes::DataType::Float64, true),
            arrow2::datatypes::Field::new("b", arrow2::datatypes::DataType::Int64, true),
        ]);
        for chunk in &chunks {
            let (a, b): (Vec<Option<f64>>, Vec<Option<i64>>) = chunk.iter().copied().unzip();
            let columns: Vec<ArrayRef> = vec![
                Arc::new(PrimitiveArray::<Float64Type>::from(a.clone())),
                Arc::new(PrimitiveArray::<Int64Type>::from(b.clone())),
            ];
            floats.extend(told_by_arrow_rs::<Float64Type>(&columns[0], |value| value));
            ints.extend(told_by_arrow_rs::<Int64Type>(&columns[1], |value| value as f64));
            of_arrow_rs.push(RecordBatch::try_new(fields_of_arrow_rs(), columns));
            let columns = vec![
                arrow2::array::PrimitiveArray::<f64>::from(a).boxed(),
                arrow2::array::PrimitiveArray::<i64>::from(b).boxed(),
            ];
            of_arrow2.push(Ok(arrow2::array::StructArray::new(two.clone(), columns, None).boxed()));
        }
        for stream in [stream_of_arrow_rs(of_arrow_rs), stream_of_arrow2(&two, of_arrow2)] {
            let (columns, releases) = read(stream);
            let columns = columns.expect("numbers");
            assert_same(&columns[0], &floats);
            assert_same(&columns[1], &ints);
            // A stream without arrays is read as one array without rows, of Omega's own.
            prop_assert_eq!(releases, [1, 1, chunks.len().max(1)]);
        }
    }

    #[test]
    fn columns_are_read_chunk_by_chunk_and_given_back_once(chunks in chunks(), front in 0..10_usize) {
        let mut expected = Vec::new();
        let mut arrays = Vec::new();
        for chunk in &chunks {
            let values: Vec<Option<f64>> = chunk.iter().map(|row| row.0).collect();
            let front = front.min(values.len());
            let rows = values.len() - front;
            let array = arrow2::array::PrimitiveArray::<f64>::from(values).sliced(front, rows).boxed();
            expected.extend(told_by_arrow2::<f64>(array.as_ref(), |value| value));
            arrays.push(Ok(array));
        }
        let (columns, releases) = read(stream_of_arrow2(&arrow2::datatypes::DataType::Float64, arrays));
        assert_same(&columns.expect("numbers")[0], &expected);
        prop_assert_eq!(releases, [1, 1, chunks.len().max(1)]);
    }
}

#[test]
fn a_stream_that_fails_says_where_and_why_and_is_given_back() {
    let column: ArrayRef = Arc::new(PrimitiveArray::<Float64Type>::from(vec![1.0, 2.0]));
    let other: ArrayRef = Arc::new(PrimitiveArray::<Int64Type>::from(vec![1, 2]));
    assert_eq!(column.len(), other.len());
    let batch = RecordBatch::try_new(fields_of_arrow_rs(), vec![column, other]);
    let of_arrow_rs = stream_of_arrow_rs(vec![batch, Err(ArrowError::ComputeError("no disk".into()))]);
    let array = arrow2::array::PrimitiveArray::<f64>::from_slice([1.0, 2.0]).boxed();
    let reason = arrow2::error::Error::InvalidArgumentError("no disk".into());
    let of_arrow2 = stream_of_arrow2(&arrow2::datatypes::DataType::Float64, vec![Ok(array), Err(reason)]);
    for stream in [of_arrow_rs, of_arrow2] {
        let (columns, [of_stream, _, of_arrays]) = read(stream);
        let error = columns.expect_err("it fails");
        assert_eq!(error.code(), ErrorCode::StreamFailed);
        assert_eq!(error.field("value"), Some("2"));
        assert!(error.to_string().contains("no disk"), "{error}");
        assert_eq!([of_stream, of_arrays], [1, 1]);
    }
}
