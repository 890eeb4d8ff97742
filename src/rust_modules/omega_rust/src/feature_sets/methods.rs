//! `update` and `peek` of a feature set as CPython's fast calls.

use std::ffi::CStr;

use omega_catalog::{Data, Follows, Groups, Key, Moment};
use omega_contract::memory;
use omega_contract::params::near;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use super::{FeatureSet, NAME};
use crate::data::{Bar, BarOrder, one_value};
use crate::errors::{Outcome, asked, guard};
use crate::fastcalls::{self, Passed};
use crate::groups::key_of;
use crate::objects;
use crate::outputs::Buffer;

const UPDATE: &CStr = c"update($self, bar=None, /, *, out=None, **columns)
--

Takes one bar, or several in a list; a dict with every feature's value, None where there is none.";
const PEEK: &CStr = c"peek($self, bar=None, /, *, out=None, **columns)
--

What `update` would return, leaving the live state as it is.";

/// Numbers that fit on the stack.
const FEW: usize = 64;

/// Gives the class `FeatureSet` its methods `update` and `peek`.
pub fn add_methods(py: Python<'_>) -> PyResult<()> {
    fastcalls::add_methods(&py.get_type::<FeatureSet>(), [(c"update", update, UPDATE), (c"peek", peek, PEEK)])
}

unsafe extern "C" fn update(
    set: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    given: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls with a feature set, `given` arguments, and the names of those that follow.
    unsafe { step::<false>(set, arguments, given, names) }
}

unsafe extern "C" fn peek(
    set: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    given: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: as above.
    unsafe { step::<true>(set, arguments, given, names) }
}

/// # Safety
/// As for a method that CPython calls with `METH_FASTCALL | METH_KEYWORDS`; the descriptor has checked the class.
#[inline]
unsafe fn step<const PEEKS: bool>(
    set: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    given: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    Python::attach(|py| {
        // SAFETY: the interpreter holds a reference to the set during the call.
        let set = unsafe { Borrowed::from_ptr(py, set).cast_unchecked::<FeatureSet>() };
        // SAFETY: as the caller promises.
        let call = unsafe { Passed::new(py, arguments, given, names) };
        match guard(py, NAME, || set.get().step::<PEEKS>(call)) {
            Ok(answer) => answer.into_ptr(),
            Err(error) => {
                error.restore(py);
                std::ptr::null_mut()
            }
        }
    })
}

/// The keyword of the buffer for an answer.
const OUT: &CStr = c"out";

/// What a caller passed as a bar.
enum Given<'a, 'py> {
    /// Numbers by keyword.
    Keywords(Passed<'a, 'py>),
    /// A dict, asked without detours.
    Dict(Borrowed<'a, 'py, PyDict>),
    /// Another mapping, or a record.
    Bar(Borrowed<'a, 'py, PyAny>),
    /// Several bars.
    Several(Borrowed<'a, 'py, PyAny>),
}

impl<'a, 'py> Given<'a, 'py> {
    /// `is_out` says that one of the keywords was no column.
    fn of(call: Passed<'a, 'py>, is_out: bool) -> Outcome<Self> {
        let several = match (call.given, call.keywords() - usize::from(is_out)) {
            (0, _) => return Ok(Self::Keywords(call)),
            (1, 0) => None,
            (1, _) => Some("both".to_owned()),
            (given, _) => Some(format!("{given} objects")),
        };
        if let Some(several) = several {
            let allowed = "one object or numbers by keyword";
            return Err(super::Error::invalid_shape("a bar", allowed, several).into());
        }
        Ok(Self::alone(call.argument(0)))
    }

    /// One object.
    fn alone(bar: Borrowed<'a, 'py, PyAny>) -> Self {
        if let Ok(dict) = bar.cast_exact::<PyDict>() {
            return Self::Dict(dict);
        }
        let is_several = bar.is_instance_of::<PyList>() || bar.is_exact_instance_of::<PyTuple>();
        if is_several { Self::Several(bar) } else { Self::Bar(bar) }
    }

    /// What the bar has under a name.
    #[inline]
    fn item(&self, name: &Bound<'py, PyString>, text: &str) -> Outcome<Bound<'py, PyAny>> {
        match self {
            Self::Keywords(call) => match call.by_keyword(name)? {
                Some(item) => Ok(item.to_owned()),
                None => {
                    let names: Vec<String> = call.names().collect();
                    let available = if names.is_empty() { "no column".into() } else { names.join(", ") };
                    Err(super::Error::missing_column(text, available).into())
                }
            },
            Self::Dict(dict) => match asked(text, dict, dict.get_item(name))? {
                Some(item) => Ok(item),
                None => Bar::of(dict)?.item(text),
            },
            Self::Bar(bar) | Self::Several(bar) => Bar::of(bar)?.item(text),
        }
    }

    /// When the bar was.
    #[inline]
    fn moment(&self, order: &BarOrder, py: Python<'py>) -> Outcome<Option<Moment>> {
        let name = order.name.bind(py);
        let item = match self {
            // SAFETY: the dict and the key are alive. The item is borrowed, and counted before anything else can run.
            Self::Dict(dict) => unsafe {
                let item = ffi::PyDict_GetItemWithError(dict.as_ptr(), name.as_ptr());
                Bound::from_borrowed_ptr_or_opt(py, item)
            },
            Self::Keywords(call) => call.by_keyword(name)?.map(|item| item.to_owned()),
            Self::Bar(bar) | Self::Several(bar) => return Bar::of(bar)?.moment(order),
        };
        match (item, self) {
            (Some(item), _) => order.moment(&item),
            (None, Self::Dict(dict)) => {
                if let Some(raised) = PyErr::take(py) {
                    return asked(&order.field, dict, Err(raised));
                }
                if order.is_needed { Bar::of(dict)?.moment(order) } else { Ok(None) }
            }
            (None, _) => order.absent(|| "other keywords".into()),
        }
    }

    /// The float that lies under a name where nothing has to be asked for it, which is nearly always.
    #[inline]
    fn float(&self, name: &Bound<'py, PyString>, text: &str) -> Outcome<Option<f64>> {
        let item = match self {
            // SAFETY: the dict and the key are alive. The item is borrowed, and looked at before anything else can run.
            Self::Dict(dict) => unsafe { ffi::PyDict_GetItemWithError(dict.as_ptr(), name.as_ptr()) },
            Self::Keywords(call) => {
                call.by_same_keyword(name).map_or(std::ptr::null_mut(), |item| item.as_ptr())
            }
            Self::Bar(_) | Self::Several(_) => return Ok(None),
        };
        if item.is_null() {
            // Keys of other types are asked whether they are this one, and may raise.
            return match (self, PyErr::take(name.py())) {
                (Self::Dict(dict), Some(raised)) => asked(text, dict, Err(raised)),
                _ => Ok(None),
            };
        }
        // SAFETY: as above; a float answers with its value.
        Ok(unsafe { (ffi::PyFloat_CheckExact(item) != 0).then(|| ffi::PyFloat_AsDouble(item)) })
    }
}

impl FeatureSet {
    /// One value for each output, by `update` or by `peek`; a list of them for several bars.
    #[inline]
    fn step<'py, const PEEKS: bool>(&self, call: Passed<'_, 'py>) -> Outcome<Bound<'py, PyAny>> {
        let out = if self.reads_out { None } else { call.by_rare_keyword(OUT) };
        let given = Given::of(call, out.is_some())?;
        if let Given::Several(bars) = given {
            return self.steps::<PEEKS>(&bars, out);
        }
        with_numbers(self.columns.len(), |row| {
            // Reading may run Python code, which may come back to this set: the lock is taken after it.
            let key = self.read(call.py, &given, row)?;
            let time = self.moment(call.py, &given)?;
            if let Given::Keywords(call) = &given {
                self.refuse_unknown(*call, out.is_some())?;
            }
            let step = |values: &mut [f64]| {
                let mut state = self.live.lock()?;
                if PEEKS {
                    state.peek_at(row, key.as_ref(), time, values)
                } else {
                    state.update_at(row, key.as_ref(), time, values)
                }
            };
            with_numbers(self.names.len(), |values| {
                let Some(out) = out.filter(|out| !out.is_none()) else {
                    step(values)?;
                    return Ok(self.by_name(call.py, values)?.into_any());
                };
                let mut buffer = Buffer::of(&out, "out".into(), "float64", values.len())?;
                step(values)?;
                buffer.write(values)?;
                Ok(out.to_owned())
            })
        })
    }

    /// The answers of several bars in their order; all are taken, or none.
    #[cold]
    fn steps<'py, const PEEKS: bool>(
        &self,
        bars: &Bound<'py, PyAny>,
        out: Option<Borrowed<'_, 'py, PyAny>>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let py = bars.py();
        if out.is_some_and(|out| !out.is_none()) {
            return Err(super::Error::invalid_shape("out", "given with one bar", "several bars").into());
        }
        let mut columns: Vec<Vec<f64>> = self.columns.iter().map(|_| Vec::new()).collect();
        let (mut groups, mut numbers, mut times) = (Groups::default(), Vec::new(), Vec::new());
        for bar in asked("bars", bars, bars.try_iter())? {
            let bar = asked("bars", bars, bar)?;
            let given = Given::alone(bar.as_borrowed());
            with_numbers(self.columns.len(), |row| {
                let key = self.read(py, &given, row)?;
                memory::push(&mut times, self.moment(py, &given)?)?;
                for (column, value) in columns.iter_mut().zip(&*row) {
                    memory::push(column, *value)?;
                }
                if let Some(key) = key {
                    memory::push(&mut numbers, groups.number_of(&key)?)?;
                }
                Ok(())
            })?;
        }
        let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let mut data = Data::new(&slices)?;
        if !self.by.is_empty() {
            data = data.by(&groups, &numbers)?;
        }
        let outputs = {
            let mut state = self.live.lock()?;
            if PEEKS {
                state.look_ahead(&data, &times, Follows::Later)?
            } else {
                state.extend_at(&data, &times, Follows::Later)?
            }
        };
        objects::list(py, data.rows(), |row| {
            with_numbers(self.names.len(), |values| {
                values.iter_mut().zip(&outputs).for_each(|(value, column)| *value = column[row]);
                Ok(self.by_name(py, values)?.into_any())
            })
        })
    }

    /// When a bar was.
    #[inline]
    fn moment<'py>(&self, py: Python<'py>, given: &Given<'_, 'py>) -> Outcome<Option<Moment>> {
        self.order.as_ref().map_or(Ok(None), |order| given.moment(order, py))
    }

    /// Refuses keywords that are no columns of the set. All that are needed have been found: too many are easily told.
    #[inline]
    fn refuse_unknown(&self, call: Passed<'_, '_>, is_out: bool) -> Outcome<()> {
        let needed = self.columns.len() + self.by.len() + usize::from(is_out);
        if call.keywords() <= needed { Ok(()) } else { self.refuse_surplus(call, is_out) }
    }

    #[cold]
    fn refuse_surplus(&self, call: Passed<'_, '_>, is_out: bool) -> Outcome<()> {
        let inputs = self.features.inputs().iter().map(|input| input.name.as_str());
        let by = self.features.by().unwrap_or_default().iter().map(String::as_str);
        let order = self.order.as_ref().map(|order| order.field.as_str());
        let known: Vec<&str> = inputs.chain(by).chain(order).collect();
        let stranger = call.names().find(|name| !(known.contains(&name.as_str()) || is_out && name == "out"));
        let Some(name) = stranger else { return Ok(()) };
        let nearest = near(&name, known.iter().copied()).unwrap_or_default();
        Err(super::Error::unknown_parameter(NAME, &name, nearest, known.join(", ")).into())
    }

    /// A dict of values. What it costs is the interpreter's: a float object and a place in the dict for each.
    fn by_name<'py>(&self, py: Python<'py>, values: &[f64]) -> PyResult<Bound<'py, PyDict>> {
        let answer = self.empty.bind(py).copy()?;
        for ((name, data_type), &value) in self.names.iter().zip(&self.types).zip(values) {
            if value.is_nan() {
                continue;
            }
            let item = objects::value(py, data_type, value)?;
            // SAFETY: a dict, a key that it has, and a value are alive; each is counted anew where it is kept.
            if unsafe { ffi::PyDict_SetItem(answer.as_ptr(), name.as_ptr(), item.as_ptr()) } != 0 {
                return Err(PyErr::fetch(py));
            }
        }
        Ok(answer)
    }

    /// Reads a bar: one value per column, and the group's key.
    #[inline]
    fn read<'py>(&self, py: Python<'py>, given: &Given<'_, 'py>, row: &mut [f64]) -> Outcome<Option<Key>> {
        for ((slot, name), input) in row.iter_mut().zip(&self.columns).zip(self.features.inputs()) {
            let name = name.bind(py);
            *slot = match given.float(name, &input.name)? {
                Some(value) if !input.is_time() => value,
                _ => one_value(&given.item(name, &input.name)?, input, &input.name)?,
            };
        }
        let Some(by) = self.features.by() else { return Ok(None) };
        if let ([name], [by]) = (&*self.by, by) {
            return key_of(&given.item(name.bind(py), by)?, by).map(Some);
        }
        let parts = self.by.iter().zip(by).map(|(name, by)| key_of(&given.item(name.bind(py), by)?, by));
        Ok(Some(Key::of(parts.collect::<Outcome<_>>()?)))
    }
}

/// Hands room for so many numbers to `work`, from the stack where they are few.
#[inline]
fn with_numbers<T>(count: usize, work: impl FnOnce(&mut [f64]) -> Outcome<T>) -> Outcome<T> {
    let mut few = [f64::NAN; FEW];
    match few.get_mut(..count) {
        Some(few) => work(few),
        None => work(&mut memory::filled(count, f64::NAN)?),
    }
}
