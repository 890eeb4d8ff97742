//! The caller's own memory for answers: `out=`.
//!
//! Buffers are held while they are written, so that no owner can move them, and looked at whole before anything is
//! computed: one that is refused is left as it was. Numbers are computed where they are to lie; whole numbers and truth
//! values, which have no NaN, only take an answer without missing rows.

use std::borrow::Cow;
use std::ops::Range;

use omega_contract::spec::{FunctionSpec, Output};
use omega_contract::{Error, Result, memory};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::data::Import;
use crate::errors::Outcome;
use crate::run::detached;
use crate::words::{kind, shown, tolerated, written};

/// What a caller calls it.
const OUT: &str = "out";

/// A writable buffer of one row's or one column's values.
pub struct Buffer<'a> {
    buffer: PyUntypedBuffer,
    data_type: &'static str,
    /// What messages call it.
    name: Cow<'a, str>,
}

impl<'a> Buffer<'a> {
    /// The memory of an object for `rows` values of a type, or of float64.
    pub fn of(object: &Bound<'_, PyAny>, name: Cow<'a, str>, data_type: &str, rows: usize) -> Outcome<Self> {
        let Some(buffer) = tolerated(object.py(), PyUntypedBuffer::get(object)) else {
            return Err(no_buffer(&name, data_type, format!("{} ({})", shown(object), kind(object))).into());
        };
        if buffer.readonly() {
            return Err(no_buffer(&name, data_type, format!("a read-only {}", kind(object))).into());
        }
        let format = buffer.format().to_bytes();
        let found =
            match (format.strip_prefix(b"=").or(format.strip_prefix(b"<")).unwrap_or(format), data_type) {
                (b"d", _) => "float64",
                (b"l" | b"q", "int64") if buffer.item_size() == size_of::<i64>() => "int64",
                (b"?", "bool") => "bool",
                _ => {
                    let value = format!("{} of format {}", kind(object), buffer.format().to_string_lossy());
                    return Err(no_buffer(&name, data_type, value).into());
                }
            };
        let start = buffer.buf_ptr();
        let aligned = found == "bool" || buffer.item_count() == 0 || start.cast::<f64>().is_aligned();
        if buffer.dimensions() != 1 || !(buffer.is_c_contiguous() && aligned) {
            let value = match buffer.dimensions() {
                1 => "values apart from each other".into(),
                dimensions => format!("{dimensions} dimensions"),
            };
            return Err(Error::invalid_shape(name, "one-dimensional, values side by side", value).into());
        }
        if buffer.item_count() != rows {
            return Err(Error::invalid_shape(name, format!("{rows} values long"), buffer.item_count()).into());
        }
        Ok(Self { buffer, data_type: found, name })
    }

    /// Its memory as float64, where it is that.
    fn numbers(&mut self) -> Option<&mut [f64]> {
        let rows = self.buffer.item_count();
        if self.data_type != "float64" {
            return None;
        }
        if rows == 0 {
            return Some(&mut []);
        }
        // SAFETY: the exporter vouches for so many writable values, which are aligned, as long as the buffer is held. What
        // other threads of the caller's do to them meanwhile is for the caller to say, as it is in NumPy.
        Some(unsafe { std::slice::from_raw_parts_mut(self.buffer.buf_ptr().cast(), rows) })
    }

    /// Writes an answer: as whole numbers or truth values if no row is missing.
    pub fn write(&mut self, values: &[f64]) -> Result<()> {
        if let Some(numbers) = self.numbers() {
            numbers.copy_from_slice(values);
            return Ok(());
        }
        if let Some(row) = values.iter().position(|value| value.is_nan()) {
            let refuses = format!("a buffer of {} (one of float64 has NaN for it)", self.data_type);
            return Err(Error::missing_value(self.name.as_ref(), row, refuses));
        }
        let start = self.buffer.buf_ptr();
        for (row, &value) in values.iter().enumerate() {
            // SAFETY: as above; the type is the one that was found.
            unsafe {
                if self.data_type == "bool" {
                    start.cast::<u8>().add(row).write(u8::from(value == 1.0));
                } else {
                    start.cast::<i64>().add(row).write(value as i64);
                }
            }
        }
        Ok(())
    }

    fn addresses(&self) -> Range<usize> {
        let start = self.buffer.buf_ptr().addr();
        start..start + self.buffer.len_bytes()
    }
}

/// The memory that a caller has for all outputs of a function.
pub struct Outputs {
    buffers: Vec<Buffer<'static>>,
}

impl Outputs {
    /// The buffers in an object: itself where there is one output, else a tuple or list of them, or a dict by name.
    pub fn of(out: &Bound<'_, PyAny>, spec: &FunctionSpec, import: &Import) -> Outcome<Self> {
        let objects = objects_of(out, &spec.outputs)?;
        let mut buffers: Vec<Buffer<'static>> = Vec::with_capacity(objects.len());
        for (object, output) in objects.iter().zip(&spec.outputs) {
            let name: String =
                if objects.len() == 1 { OUT.into() } else { format!("{OUT} of `{}`", output.name) };
            let buffer = Buffer::of(object, name.clone().into(), &output.data_type, import.rows)?;
            let own = buffer.addresses();
            if let Some(other) = buffers.iter().find(|other| overlap(&own, &other.addresses())) {
                return Err(shared(&name, format!("memory of {}", other.name)).into());
            }
            if import.memory().any(|read| overlap(&own, &read)) {
                return Err(shared(&name, "memory of the data".into()).into());
            }
            buffers.push(buffer);
        }
        Ok(Self { buffers })
    }

    /// Has `compute` write all columns.
    pub fn fill(
        &mut self,
        py: Python<'_>,
        rows: usize,
        compute: impl FnOnce(&mut [&mut [f64]]) -> Result<()> + Send,
    ) -> Outcome<()> {
        let mut apart = Vec::new();
        for buffer in &self.buffers {
            apart.push(if buffer.data_type == "float64" {
                Vec::new()
            } else {
                memory::filled(rows, f64::NAN)?
            });
        }
        let columns = self.buffers.iter_mut().zip(&mut apart);
        let mut columns: Vec<&mut [f64]> =
            columns.map(|(buffer, apart)| buffer.numbers().unwrap_or(apart)).collect();
        detached(py, rows, || compute(&mut columns))?;
        for (buffer, apart) in self.buffers.iter_mut().zip(&apart) {
            if buffer.data_type != "float64" {
                buffer.write(apart)?;
            }
        }
        Ok(())
    }
}

#[cold]
fn no_buffer(name: &str, data_type: &str, value: String) -> Error {
    let kinds = if data_type == "float64" { "float64".into() } else { format!("float64 or {data_type}") };
    Error::invalid_type(name, format!("a writable buffer of {kinds}, such as a NumPy array"), value)
}

/// The refusal of `out` where there are not as many rows out as in.
pub fn not_by_row(spec: &FunctionSpec) -> Error {
    let allowed = "left out where a function does not answer row by row";
    Error::invalid_type(OUT, allowed, format!("memory for an answer of {}", spec.name))
}

fn shared(name: &str, value: String) -> Error {
    Error::invalid_shape(name, "memory that nothing else of the call reads or writes", value)
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

/// What is to hold each output.
fn objects_of<'py>(out: &Bound<'py, PyAny>, outputs: &[Output]) -> Outcome<Vec<Bound<'py, PyAny>>> {
    if outputs.len() == 1 {
        return Ok(vec![out.clone()]);
    }
    let names: Vec<&str> = outputs.iter().map(|output| output.name.as_str()).collect();
    let allowed = || format!("a tuple or a dict of buffers for {}", names.join(", "));
    if let Ok(dict) = out.cast::<PyDict>() {
        let mut objects = Vec::with_capacity(outputs.len());
        for name in &names {
            objects.extend(dict.get_item(name)?);
        }
        if objects.len() < outputs.len() || dict.len() > outputs.len() {
            let given: Vec<String> = dict.keys().iter().map(|key| name_of(&key)).collect();
            return Err(
                Error::invalid_shape(OUT, allowed(), format!("a dict of {}", given.join(", "))).into()
            );
        }
        return Ok(objects);
    }
    let objects: Vec<_> = match (out.cast::<PyTuple>(), out.cast::<PyList>()) {
        (Ok(tuple), _) => tuple.iter().collect(),
        (_, Ok(list)) => list.iter().collect(),
        _ => return Err(Error::invalid_type(OUT, allowed(), kind(out)).into()),
    };
    if objects.len() != outputs.len() {
        return Err(Error::invalid_shape(OUT, allowed(), format!("{} of them", objects.len())).into());
    }
    Ok(objects)
}

fn name_of(key: &Bound<'_, PyAny>) -> String {
    key.cast().map_or_else(|_| shown(key), written)
}
