//! Takes Arrow capsules from any producer: arrays are borrowed, streams are read to their end.

use std::ffi::CStr;
use std::mem::ManuallyDrop;

use omega_arrow::c::{ArrowArray, ArrowArrayStream, ArrowDeviceArray, ArrowSchema};
use omega_arrow::stream::Reading;
use omega_contract::Error;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyString, PyTuple};

use super::kinds::{Kind, is_in_memory, kind_of};
use super::reading::{Extent, read};
use crate::errors::{Failure, Outcome, asked, failed};
use crate::words::{kind, shown, tolerated};

const SCHEMA: &CStr = c"arrow_schema";
const ARRAY: &CStr = c"arrow_array";
const STREAM: &CStr = c"arrow_array_stream";
const DEVICE_ARRAY: &CStr = c"arrow_device_array";

/// DLPack's and Arrow's number for ordinary memory.
const CPU: i32 = 1;

/// What a producer handed out; keeps it alive.
pub enum Produced {
    /// One array, lent by its capsules.
    Array(Py<PyCapsule>, Lent),
    /// All arrays of a stream, which are ours to release.
    Stream(Box<ArrowSchema>, Vec<ArrowArray>),
}

impl Produced {
    /// The type and the arrays.
    ///
    /// # Safety
    /// The producer's structs must be as the Arrow C data interface asks.
    pub unsafe fn structs<'a>(&'a self, py: Python<'_>) -> Outcome<(&'a ArrowSchema, Vec<&'a ArrowArray>)> {
        match self {
            Self::Array(schema, lent) => {
                let schema = pointer::<ArrowSchema>(schema.bind(py), SCHEMA)?;
                // SAFETY: a capsule of this name holds this struct, and lives as long as `self`.
                Ok((unsafe { &*schema }, vec![&*lent.array]))
            }
            Self::Stream(schema, arrays) => Ok((schema, arrays.iter().collect())),
        }
    }
}

/// An array that is out of its capsule while we read it, and back in it afterwards: nobody who holds the same capsule
/// can import and release it meanwhile.
pub struct Lent {
    slot: *mut ArrowArray,
    array: ManuallyDrop<ArrowArray>,
    _capsule: Py<PyCapsule>,
}

// SAFETY: the struct may be moved between threads, and the slot is written only by who drops the loan, with the GIL.
unsafe impl Send for Lent {}

impl Lent {
    /// Takes the array out of `slot`, which `capsule` owns.
    ///
    /// # Safety
    /// `slot` must be the struct in the capsule.
    unsafe fn take(slot: *mut ArrowArray, capsule: Py<PyCapsule>) -> Outcome<Self> {
        // SAFETY: as the caller vouches; a released struct stays behind, as when a struct is moved.
        let array = unsafe {
            let array = ManuallyDrop::new(slot.read());
            (*slot).release = None;
            array
        };
        if array.release.is_none() {
            return Err(
                Error::released_capsule("arrow_array", "an array that nobody has imported yet").into()
            );
        }
        Ok(Self { slot, array, _capsule: capsule })
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // SAFETY: the slot is alive with its capsule, and the array is given back once.
        unsafe { self.slot.write(ManuallyDrop::take(&mut self.array)) };
    }
}

/// What `data` hands out by the Arrow PyCapsule interface, or `None` if it speaks none of it.
pub fn produce(data: &Bound<'_, PyAny>) -> Outcome<Option<Produced>> {
    let py = data.py();
    match kind_of(data)? {
        Kind::ArrowArray => {
            let (schema, array) = pair(&ask(data, intern!(py, "__arrow_c_array__"))?, "__arrow_c_array__")?;
            let slot = pointer::<ArrowArray>(array.bind(py), ARRAY)?;
            // SAFETY: a capsule of this name holds this struct.
            Ok(Some(Produced::Array(schema, unsafe { Lent::take(slot, array)? })))
        }
        Kind::ArrowStream => {
            let answer = ask(data, intern!(py, "__arrow_c_stream__"))?;
            let capsule =
                answer.cast::<PyCapsule>().map_err(|_| not_a_capsule("__arrow_c_stream__", &answer))?;
            read_stream(capsule, data).map(Some)
        }
        Kind::NumPy | Kind::List | Kind::Dict => Ok(None),
        Kind::Other if data.hasattr(intern!(py, "__arrow_c_device_array__"))? => {
            let answer = ask(data, intern!(py, "__arrow_c_device_array__"))?;
            let (schema, array) = pair(&answer, "__arrow_c_device_array__")?;
            let device = pointer::<ArrowDeviceArray>(array.bind(py), DEVICE_ARRAY)?;
            // SAFETY: a capsule of this name holds this struct.
            let device_type = unsafe { (*device).device_type };
            if device_type != CPU {
                return Err(Error::non_cpu_device("CPU memory (device type 1)", device_type).into());
            }
            // SAFETY: as above.
            Ok(Some(Produced::Array(schema, unsafe { Lent::take(&raw mut (*device).array, array)? })))
        }
        Kind::Other => {
            refuse_other_device(data)?;
            Ok(None)
        }
    }
}

/// Calls a method of the producer; whatever exception it raises becomes the cause of a typed one.
fn ask<'py>(producer: &Bound<'py, PyAny>, method: &Bound<'py, PyString>) -> Outcome<Bound<'py, PyAny>> {
    let answer = producer.call_method0(method);
    answer.map_err(|failure| failed(method.py(), failure, |raised| Error::stream_failed(0, raised)))
}

/// Refuses tensors that say they are not in ordinary memory.
fn refuse_other_device(data: &Bound<'_, PyAny>) -> Outcome<()> {
    let py = data.py();
    if data.hasattr(intern!(py, "__cuda_array_interface__"))? {
        return Err(Error::non_cpu_device("CPU memory (device type 1)", 2).into());
    }
    if let Some(method) = data.getattr_opt(intern!(py, "__dlpack_device__"))? {
        let answer = asked("__dlpack_device__", data, method.call0())?;
        let Some((device_type, _)) = tolerated(py, answer.extract::<(i32, i64)>()) else {
            let allowed = "a device type and a device number";
            return Err(Error::invalid_type("what __dlpack_device__ returns", allowed, shown(&answer)).into());
        };
        if device_type != CPU {
            return Err(Error::non_cpu_device("CPU memory (device type 1)", device_type).into());
        }
    }
    Ok(())
}

fn pair(answer: &Bound<'_, PyAny>, method: &str) -> Outcome<(Py<PyCapsule>, Py<PyCapsule>)> {
    let refuse = || Failure::from(not_a_capsule(method, answer));
    let tuple = answer.cast::<PyTuple>().map_err(|_| refuse())?;
    if tuple.len() != 2 {
        return Err(refuse());
    }
    let capsule = |index| -> Outcome<Py<PyCapsule>> {
        Ok(tuple.get_item(index)?.cast_into::<PyCapsule>().map_err(|_| refuse())?.unbind())
    };
    Ok((capsule(0)?, capsule(1)?))
}

fn not_a_capsule(method: &str, answer: &Bound<'_, PyAny>) -> Error {
    Error::invalid_type(format!("what {method} returns"), "Arrow capsules", kind(answer))
}

fn pointer<T>(capsule: &Bound<'_, PyCapsule>, name: &CStr) -> Outcome<*mut T> {
    match capsule.pointer_checked(Some(name)) {
        Ok(pointer) => Ok(pointer.as_ptr().cast()),
        Err(_) => {
            // SAFETY: the name lives as long as the capsule.
            let found = capsule
                .name()
                .ok()
                .flatten()
                .map(|name| unsafe { name.as_cstr() }.to_string_lossy().into_owned());
            let wanted = format!("a capsule named {}", name.to_string_lossy());
            Err(Error::released_capsule(found.unwrap_or_else(|| "without a name".into()), wanted).into())
        }
    }
}

/// Takes a stream out of its capsule and reads it; `producer` is who handed it out.
fn read_stream(capsule: &Bound<'_, PyCapsule>, producer: &Bound<'_, PyAny>) -> Outcome<Produced> {
    let source = pointer::<ArrowArrayStream>(capsule, STREAM)?;
    // SAFETY: a capsule of this name holds a stream, and who takes it holds the GIL.
    let reading = unsafe { Reading::take(source)? };
    let may_wait = !is_in_memory(&producer.get_type())?;
    let Reading { schema, arrays, .. } = read(capsule.py(), reading, Extent::Whole, may_wait)?;
    Ok(Produced::Stream(schema, arrays))
}
