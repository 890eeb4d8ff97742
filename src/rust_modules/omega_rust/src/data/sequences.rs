//! Columns that are not Arrow: NumPy arrays and other buffers, and lists of numbers.

use omega_arrow::float64::{Copies, RawChunk};
use omega_contract::{Error, memory};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyList, PyTuple};

use super::kinds::{Kind, kind_of};
use super::patience::Patience;
use crate::arguments::refused;
use crate::errors::{Outcome, asked};
use crate::words::{has, kind as name_of_type, name_of, shown, text_of, tolerated};

/// What a column's numbers were read from; keeps borrowed memory alive.
pub enum Sequence {
    /// Memory of a NumPy array or any other exporter of buffers.
    Buffer { _owner: PyUntypedBuffer },
    /// Nothing: the numbers were copied.
    Copied,
    /// One number, as often as there are rows.
    Repeated { _values: Vec<f64> },
}

/// The column as float64, or `None` if `data` is neither a buffer nor a list.
pub fn sequence(
    data: &Bound<'_, PyAny>,
    name: &str,
    copies: &mut Copies,
) -> Outcome<Option<(Sequence, RawChunk)>> {
    let kind = kind_of(data)?;
    if kind == Kind::List || data.is_instance_of::<PyList>() || data.is_instance_of::<PyTuple>() {
        return numbers(data, name, copies).map(|chunk| Some((Sequence::Copied, chunk)));
    }
    if kind != Kind::NumPy {
        if is_masked(data)? {
            let allowed = "without a mask; use .filled(numpy.nan)";
            return Err(Error::unsupported_data(allowed, name_of_type(data)).into());
        }
        // bytes and bytearray are buffers too, and never a column of numbers.
        if data.hasattr(intern!(data.py(), "decode"))? {
            return Ok(None);
        }
    }
    let Some(buffer) = tolerated(data.py(), PyUntypedBuffer::get(data)) else {
        return refuse_array(data, name);
    };
    if buffer.dimensions() != 1 {
        let value = format!("{} dimensions", buffer.dimensions());
        return Err(Error::invalid_shape(format!("column `{name}`"), "one-dimensional", value).into());
    }
    let format = buffer.format().to_string_lossy().into_owned();
    if format == "B" && kind != Kind::NumPy {
        return Err(Error::unsupported_type(name, "numbers", "bytes").into());
    }
    let start = buffer.buf_ptr().cast::<f64>();
    let native = is_native(&buffer, &format);
    if native && buffer.is_c_contiguous() && (start.is_aligned() || buffer.item_count() == 0) {
        let chunk =
            RawChunk { base: start, validity: std::ptr::null(), offset: 0, rows: buffer.item_count() };
        return Ok(Some((Sequence::Buffer { _owner: buffer }, chunk)));
    }
    let reason = if !native {
        number_type(&format).ok_or_else(|| Error::unsupported_type(name, "numbers", &format))?.to_owned()
    } else if buffer.is_c_contiguous() {
        "misaligned float64".to_owned()
    } else {
        "strided float64".to_owned()
    };
    copies.allow(name, &reason)?;
    let stride = buffer.strides().first().copied().unwrap_or(0);
    let values = widen(start.cast(), stride, buffer.item_count(), buffer.item_size(), &format)?;
    Ok(Some((Sequence::Copied, copies.keep(name, &reason, values))))
}

/// The columns of a NumPy array of two dimensions, from left to right; `None` for anything else.
pub fn matrix(data: &Bound<'_, PyAny>, copies: &mut Copies) -> Outcome<Option<(Sequence, Vec<RawChunk>)>> {
    if kind_of(data)? != Kind::NumPy {
        return Ok(None);
    }
    let Some(buffer) = tolerated(data.py(), PyUntypedBuffer::get(data)) else { return Ok(None) };
    let (&[rows, width], &[down, right]) = (buffer.shape(), buffer.strides()) else { return Ok(None) };
    let format = buffer.format().to_string_lossy().into_owned();
    let native = is_native(&buffer, &format);
    let mut columns = memory::room(width)?;
    for column in 0..width {
        let name = column.to_string();
        let start = buffer.buf_ptr().cast::<u8>().wrapping_offset(right * column.cast_signed());
        let dense = rows <= 1 || down == size_of::<f64>().cast_signed();
        if native && dense && (start.cast::<f64>().is_aligned() || rows == 0) {
            columns.push(RawChunk { base: start.cast(), validity: std::ptr::null(), offset: 0, rows });
            continue;
        }
        let reason = if native {
            "strided float64"
        } else {
            number_type(&format).ok_or_else(|| Error::unsupported_type(&name, "numbers", &format))?
        };
        copies.allow(&name, reason)?;
        let values = widen(start, down, rows, buffer.item_size(), &format)?;
        columns.push(copies.keep(&name, reason, values));
    }
    Ok(Some((Sequence::Buffer { _owner: buffer }, columns)))
}

/// Whether a buffer holds numbers as Rust has them.
fn is_native(buffer: &PyUntypedBuffer, format: &str) -> bool {
    matches!(format, "d" | "=d" | "@d" | "<d") && buffer.item_size() == size_of::<f64>()
}

/// Reads strided or narrower memory value by value.
fn widen(start: *const u8, stride: isize, rows: usize, item_size: usize, format: &str) -> Outcome<Vec<f64>> {
    let swapped = format.starts_with('>') && cfg!(target_endian = "little");
    macro_rules! read {
        ($type:ty) => {
            |pointer: *const u8| {
                // SAFETY: the exporter vouches for one value of this type at each stride.
                let mut bytes = unsafe { pointer.cast::<[u8; size_of::<$type>()]>().read_unaligned() };
                if swapped {
                    bytes.reverse();
                }
                <$type>::from_ne_bytes(bytes) as f64
            }
        };
    }
    let value: Box<dyn Fn(*const u8) -> f64> =
        match (format.trim_start_matches(['<', '>', '=', '@']), item_size) {
            ("d", _) => Box::new(read!(f64)),
            ("f", _) => Box::new(read!(f32)),
            (code, 1) if is_signed(code) => Box::new(read!(i8)),
            (code, 2) if is_signed(code) => Box::new(read!(i16)),
            (code, 4) if is_signed(code) => Box::new(read!(i32)),
            (code, _) if is_signed(code) => Box::new(read!(i64)),
            (_, 1) => Box::new(read!(u8)),
            (_, 2) => Box::new(read!(u16)),
            (_, 4) => Box::new(read!(u32)),
            (_, _) => Box::new(read!(u64)),
        };
    Ok(memory::collected((0..rows).map(|row| value(start.wrapping_offset(stride * row.cast_signed()))))?)
}

fn is_signed(code: &str) -> bool {
    matches!(code, "b" | "h" | "i" | "l" | "q" | "n")
}

/// What a struct format code is called, if it is a number that fits a float64.
fn number_type(format: &str) -> Option<&'static str> {
    Some(match format.trim_start_matches(['<', '>', '=', '@']) {
        "d" => "byte-swapped float64",
        "f" => "float32",
        "b" => "int8",
        "B" => "uint8",
        "h" => "int16",
        "H" => "uint16",
        "i" => "int32",
        "I" => "uint32",
        "l" | "q" | "n" => "int64",
        "L" | "Q" | "N" => "uint64",
        _ => return None,
    })
}

/// Whether it is memory without a type of its own, as a view of bytes is.
pub fn is_bytes(data: &Bound<'_, PyAny>) -> Outcome<bool> {
    if matches!(kind_of(data)?, Kind::NumPy | Kind::List) {
        return Ok(false);
    }
    let buffer = tolerated(data.py(), PyUntypedBuffer::get(data));
    Ok(buffer.is_some_and(|buffer| matches!(buffer.format().to_bytes(), b"B" | b"c")))
}

/// How many items a list or a tuple has, whatever its class says.
pub fn items_of(data: &Bound<'_, PyAny>) -> usize {
    data.cast::<PyList>()
        .map_or_else(|_| data.cast::<PyTuple>().map_or(0, |tuple| tuple.len()), |list| list.len())
}

/// A list of numbers, `None` for missing.
fn numbers(data: &Bound<'_, PyAny>, name: &str, copies: &mut Copies) -> Outcome<RawChunk> {
    let reason = name_of_type(data);
    copies.allow(name, &reason)?;
    let mut values = memory::room(items_of(data))?;
    let mut patience = Patience::new(data.py());
    for (row, item) in asked(name, data, data.try_iter())?.enumerate() {
        patience.check()?;
        let item = asked(name, data, item)?;
        if let Ok(float) = item.cast::<PyFloat>() {
            memory::push(&mut values, float.value())?;
            continue;
        }
        let place = || format!("column `{name}`, row {row},");
        let value = number(&item, place)?
            .ok_or_else(|| Error::invalid_type(place(), "a number or None", shown(&item)))?;
        memory::push(&mut values, value)?;
    }
    Ok(copies.keep(name, &reason, values))
}

/// A Python number as float64, NaN for `None`; nothing for anything else, bool included. `name` says what it is to be.
#[inline]
pub fn number(item: &Bound<'_, PyAny>, name: impl FnOnce() -> String) -> Outcome<Option<f64>> {
    if let Ok(value) = item.cast::<PyFloat>() {
        return Ok(Some(value.value()));
    }
    if item.is_none() {
        return Ok(Some(f64::NAN));
    }
    if item.is_instance_of::<PyBool>() {
        return Ok(None);
    }
    if !(item.is_instance_of::<PyInt>() || is_real(item)) {
        return Ok(None);
    }
    match item.extract() {
        Ok(value) => Ok(Some(value)),
        Err(failure) => refused(&name(), item, failure).map(|()| None),
    }
}

/// Whether it converts itself to a float, as NumPy scalars and Decimal do, and is no array. Asked of the type, where
/// the interpreter looks too: a record may answer for attributes that it lacks, slowly.
pub fn is_real(item: &Bound<'_, PyAny>) -> bool {
    let (py, class) = (item.py(), item.get_type());
    let name = name_of(&class);
    has(&class, intern!(py, "__float__"))
        && !tolerated(py, class.hasattr(intern!(py, "__len__"))).unwrap_or(true)
        // NumPy's complex numbers drop a part, and its booleans are no more numbers than Python's.
        && !name.starts_with("complex")
        && !name.starts_with("bool")
}

fn is_masked(data: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(data.hasattr(intern!(data.py(), "mask"))? && data.hasattr(intern!(data.py(), "filled"))?)
}

/// An array that is no buffer is refused by its shape or its type; anything else is not a column.
fn refuse_array<T>(data: &Bound<'_, PyAny>, name: &str) -> Outcome<Option<T>> {
    let py = data.py();
    let Some(dimensions) = data.getattr_opt(intern!(py, "ndim"))? else { return Ok(None) };
    if let Some(dimensions) = tolerated(py, dimensions.extract::<usize>())
        && dimensions != 1
    {
        let value = format!("{dimensions} dimensions");
        return Err(Error::invalid_shape(format!("column `{name}`"), "one-dimensional", value).into());
    }
    let kind = match data.getattr_opt(intern!(py, "dtype"))? {
        Some(kind) => asked("dtype", data, text_of(&kind))?,
        None => name_of_type(data),
    };
    Err(Error::unsupported_type(name, "numbers", kind).into())
}
