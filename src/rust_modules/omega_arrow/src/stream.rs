//! Arrays one after the other, taken from a producer until there are no more.
//!
//! Every callback may take long, wait for other threads, fail, or throw. Who reads holds nothing that those may need.

use std::ffi::{CStr, c_int};

use super::c::{ArrowArray, ArrowArrayStream, ArrowSchema};
use super::check;
use super::foreign::{self, Thrown};
use super::read::extent;
use super::write::empty_array;
use omega_contract::{Error, Result, memory};

/// What a producer says where it has no memory: `ENOMEM`.
const NO_MEMORY: c_int = 12;

/// What an array weighs at the least, with what its producer keeps for it.
const ARRAY_BYTES: usize = 1 << 10;

/// How much may be taken in between two looks at whether there is as much again.
const LOOK_BYTES: usize = 64 << 20;

/// A stream on its way through; what it has handed out so far is ours to release.
pub struct Reading {
    /// Dropped first: what a stream still does, it may do with what it has handed out.
    stream: Box<ArrowArrayStream>,
    /// The type of every array, once it was asked for.
    pub schema: Box<ArrowSchema>,
    /// The arrays so far.
    pub arrays: Vec<ArrowArray>,
    rows: i64,
    /// Bytes handed out since memory was last looked at.
    taken: usize,
}

impl Reading {
    /// Takes a stream out of the struct that it was handed out in, where a released one is left: nobody reads it twice.
    ///
    /// # Errors
    /// `RELEASED_CAPSULE` where somebody has taken it before, `MALFORMED_ARROW` where it has no callbacks.
    ///
    /// # Safety
    /// `source` points to a stream that nobody else uses meanwhile.
    pub unsafe fn take(source: *mut ArrowArrayStream) -> Result<Self> {
        // SAFETY: as the caller vouches.
        let stream = unsafe {
            let stream = Box::new(source.read());
            (*source).release = None;
            stream
        };
        if stream.release.is_none() {
            return Err(Error::released_capsule("arrow_array_stream", "a stream that nobody has read yet"));
        }
        if stream.get_schema.is_none() || stream.get_next.is_none() {
            return Err(Error::malformed_arrow("", "the stream's callbacks", "present", "NULL"));
        }
        Ok(Self { stream, schema: Box::new(ArrowSchema::empty()), arrays: Vec::new(), rows: 0, taken: 0 })
    }

    /// Asks for the type of the arrays.
    ///
    /// # Errors
    /// `STREAM_FAILED` or `OUT_OF_MEMORY`.
    pub fn read_schema(&mut self) -> Result<()> {
        let Some(get_schema) = self.stream.get_schema else { return Ok(()) };
        // SAFETY: the callback belongs to this stream and fills the empty struct.
        let answer = unsafe { foreign::fill(get_schema, &raw mut *self.stream, &raw mut *self.schema) };
        self.check(answer)?;
        if self.schema.release.is_none() {
            return Err(Error::malformed_arrow("", "the stream's type", "present", "a released one"));
        }
        // SAFETY: the producer has filled the schema.
        unsafe { check::schema(&self.schema) }
    }

    /// Asks for the next array; whether there was one.
    ///
    /// # Errors
    /// `STREAM_FAILED` or `OUT_OF_MEMORY`.
    pub fn read_next(&mut self) -> Result<bool> {
        let Some(get_next) = self.stream.get_next else { return Ok(false) };
        let mut array = ArrowArray::empty();
        // SAFETY: as above.
        let answer = unsafe { foreign::fill(get_next, &raw mut *self.stream, &raw mut array) };
        self.check(answer)?;
        if array.release.is_none() {
            if self.arrays.is_empty() {
                // A stream without arrays still has a type to be checked.
                // SAFETY: the schema has been checked.
                self.arrays.push(unsafe { empty_array(&self.schema) });
            }
            return Ok(false);
        }
        self.rows = self.rows.saturating_add(array.length);
        // Its memory is the producer's, but one that never ends would take all there is, and all of it is kept.
        // An array that lies about its rows is refused when it is looked at.
        let rows = extent("", &array).map_or(0, |(rows, _)| rows);
        let values = rows.saturating_mul(usize::try_from(self.schema.n_children).unwrap_or(0).max(1));
        self.taken =
            self.taken.saturating_add(values.saturating_mul(size_of::<f64>())).saturating_add(ARRAY_BYTES);
        if self.taken >= LOOK_BYTES {
            memory::ask(self.taken)?;
            self.taken = 0;
        }
        memory::push(&mut self.arrays, array)?;
        Ok(true)
    }

    /// Releases the stream, as soon as nothing more is wanted of it: its end may wait for threads of its own.
    pub fn end(&mut self) {
        *self.stream = ArrowArrayStream::empty();
    }

    fn check(&mut self, answer: std::result::Result<c_int, Thrown>) -> Result<()> {
        match answer {
            Ok(0) => Ok(()),
            Ok(NO_MEMORY) | Err(Thrown { out_of_memory: true, .. }) => Err(Error::out_of_memory(
                "the producer of the Arrow stream",
                "an unknown number of",
                "what the system has",
            )),
            Ok(_) => Err(Error::stream_failed(self.rows, self.last_error())),
            Err(Thrown { what, .. }) => Err(Error::stream_failed(self.rows, format!("it threw {what}"))),
        }
    }

    fn last_error(&mut self) -> String {
        let Some(get_last_error) = self.stream.get_last_error else { return "it gave no reason".into() };
        // SAFETY: the stream is alive; its last error is NULL or a C string until the next call.
        unsafe {
            let text = foreign::last_error(get_last_error, &raw mut *self.stream);
            if text.is_null() {
                "it gave no reason".into()
            } else {
                CStr::from_ptr(text).to_string_lossy().into_owned()
            }
        }
    }
}
