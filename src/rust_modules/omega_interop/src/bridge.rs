//! One library's C structs as another's, cut, and counted when they are released.

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use omega_arrow::c::{ArrowArray, ArrowArrayStream, ArrowSchema};
use omega_arrow::float64::Copies;
use omega_arrow::read::{Field, fields};
use omega_contract::Result;
use proptest::test_runner::Config as ProptestConfig;

/// The same struct of the C interface, under another library's name for it.
///
/// # Safety
/// Both types are the same struct of the C interface.
pub unsafe fn moved<From, To>(from: From) -> To {
    assert_eq!((size_of::<From>(), align_of::<From>()), (size_of::<To>(), align_of::<To>()));
    // SAFETY: as the caller vouches; whoever drops the struct from now on is its new owner alone.
    unsafe { std::mem::transmute_copy(&ManuallyDrop::new(from)) }
}

/// A type and values that belong together, as a producer hands them out.
pub struct Pair {
    pub schema: ArrowSchema,
    pub array: ArrowArray,
}

impl Pair {
    /// As arrow-rs hands it out.
    pub fn of_arrow_rs(name: &str, array: &dyn arrow_array::Array) -> Self {
        let field = arrow_schema::Field::new(name, array.data_type().clone(), true);
        let schema = FFI_ArrowSchema::try_from(&field).expect("a type of the C interface");
        // SAFETY: the same structs.
        unsafe { Self { schema: moved(schema), array: moved(FFI_ArrowArray::new(&array.to_data())) } }
    }

    /// As arrow2 hands it out.
    pub fn of_arrow2(name: &str, array: Box<dyn arrow2::array::Array>) -> Self {
        let field = arrow2::datatypes::Field::new(name, array.data_type().clone(), true);
        // SAFETY: the same structs.
        unsafe {
            Self {
                schema: moved(arrow2::ffi::export_field_to_c(&field)),
                array: moved(arrow2::ffi::export_array_to_c(array)),
            }
        }
    }

    /// The rows from `front` on, `rows` of them, as the C interface itself cuts: by the offset, missing rows uncounted.
    pub fn cut(mut self, front: usize, rows: usize) -> Self {
        let (front, rows) = (front as i64, rows as i64);
        assert!(front + rows <= self.array.length);
        self.array.offset += front;
        self.array.length = rows;
        if self.array.null_count != 0 {
            self.array.null_count = -1;
        }
        self
    }

    /// The columns, as Omega sees them.
    pub fn fields(&self) -> Result<Vec<Field<'_>>> {
        // SAFETY: made by a library, as the interface asks.
        Ok(unsafe { fields(&self.schema, &self.array)? }.fields)
    }

    /// What Omega reads: each column's name and numbers.
    pub fn numbers(&self) -> Result<Vec<(String, Vec<f64>)>> {
        self.fields()?.iter().map(|field| Ok((field.name.to_owned(), numbers(field)?.0))).collect()
    }

    /// The only column's numbers.
    pub fn column(&self) -> Vec<f64> {
        let mut columns = self.numbers().expect("numbers");
        assert_eq!(columns.len(), 1);
        columns.remove(0).1
    }
}

/// The numbers of a column, and where they were read.
pub fn numbers(field: &Field<'_>) -> Result<(Vec<f64>, *const f64)> {
    let mut copies = Copies::default();
    // SAFETY: made by a library, as the interface asks; `copies` outlives the chunk.
    unsafe {
        let raw = copies.float64(field, field.name)?;
        let chunk = raw.borrow();
        Ok(((0..raw.rows).map(|row| chunk.get(row)).collect(), raw.base.wrapping_add(raw.offset)))
    }
}

/// Refuses numbers of other bits; any NaN is a missing number.
#[track_caller]
pub fn assert_same(found: &[f64], expected: &[f64]) {
    let bits = |values: &[f64]| -> Vec<Option<u64>> {
        values.iter().map(|value| (!value.is_nan()).then(|| value.to_bits())).collect()
    };
    assert_eq!(bits(found), bits(expected), "{found:?} is not {expected:?}");
}

/// So many cases, of which none is written to a file: it would be one more file of the checkout.
pub fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() }
}

/// How often something was released.
#[derive(Clone, Default)]
pub struct Releases(Arc<AtomicUsize>);

impl Releases {
    /// So often, so far.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn note(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// What stands behind a struct that is counted: the real one.
struct Counted<T> {
    real: T,
    releases: Releases,
}

macro_rules! count {
    ($counted:ident, $release:ident, $type:ident { $($field:ident),* }) => {
        /// The same, counting its releases.
        pub fn $counted(real: $type, releases: &Releases) -> $type {
            let behind = Box::new(Counted { real, releases: releases.clone() });
            $type {
                $($field: behind.real.$field,)*
                release: Some($release),
                private_data: Box::into_raw(behind).cast(),
            }
        }

        unsafe extern "C" fn $release(counted: *mut $type) {
            // SAFETY: consumers call this once, which is what is counted, with a struct made above.
            unsafe {
                (*counted).release = None;
                let behind = Box::from_raw((*counted).private_data.cast::<Counted<$type>>());
                behind.releases.note();
            }
        }
    };
}

count!(
    counted_schema,
    release_schema,
    ArrowSchema { format, name, metadata, flags, n_children, children, dictionary }
);
count!(
    counted_array,
    release_array,
    ArrowArray { length, null_count, offset, n_buffers, n_children, buffers, children, dictionary }
);

/// The same stream, counting its releases.
pub fn counted_stream(real: ArrowArrayStream, releases: &Releases) -> ArrowArrayStream {
    let behind = Box::new(Counted { real, releases: releases.clone() });
    ArrowArrayStream {
        get_schema: Some(get_schema),
        get_next: Some(get_next),
        get_last_error: Some(get_last_error),
        release: Some(release_stream),
        private_data: Box::into_raw(behind).cast(),
    }
}

/// The stream behind a counted one.
unsafe fn behind(stream: *mut ArrowArrayStream) -> *mut ArrowArrayStream {
    // SAFETY: made by `counted_stream`.
    unsafe { &raw mut (*(*stream).private_data.cast::<Counted<ArrowArrayStream>>()).real }
}

unsafe extern "C" fn get_schema(stream: *mut ArrowArrayStream, out: *mut ArrowSchema) -> i32 {
    // SAFETY: as the real callback's caller vouches.
    unsafe { ((*behind(stream)).get_schema.expect("a live stream"))(behind(stream), out) }
}

unsafe extern "C" fn get_next(stream: *mut ArrowArrayStream, out: *mut ArrowArray) -> i32 {
    // SAFETY: as above.
    unsafe { ((*behind(stream)).get_next.expect("a live stream"))(behind(stream), out) }
}

unsafe extern "C" fn get_last_error(stream: *mut ArrowArrayStream) -> *const std::ffi::c_char {
    // SAFETY: as above.
    unsafe { ((*behind(stream)).get_last_error.expect("a live stream"))(behind(stream)) }
}

unsafe extern "C" fn release_stream(stream: *mut ArrowArrayStream) {
    // SAFETY: called once, which is what is counted, with a stream made above.
    unsafe {
        (*stream).release = None;
        let behind = Box::from_raw((*stream).private_data.cast::<Counted<ArrowArrayStream>>());
        behind.releases.note();
    }
}
