//! Methods as CPython's fast calls.
//!
//! PyO3 packs the arguments of a method that takes any keyword into a tuple and a dict first, which costs more than an
//! indicator's step. Methods added here take them where the interpreter has them.

use std::ffi::CStr;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple, PyType};

use crate::words::{shown, written};

/// A method: its name, what it does, and its text.
pub type Method = (&'static CStr, ffi::PyCFunctionFastWithKeywords, &'static CStr);

/// Gives a class of ours some methods.
pub fn add_methods(class: &Bound<'_, PyType>, methods: [Method; 2]) -> PyResult<()> {
    let py = class.py();
    for (name, function, doc) in methods {
        // The interpreter keeps the definition for as long as the class, which is as long as the process.
        let definition = Box::leak(Box::new(ffi::PyMethodDef {
            ml_name: name.as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: function },
            ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
            ml_doc: doc.as_ptr(),
        }));
        // SAFETY: the class is alive and the definition never goes away.
        let method = unsafe {
            Bound::from_owned_ptr_or_err(py, ffi::PyDescr_NewMethod(class.as_type_ptr(), definition))?
        };
        class.setattr(PyString::from_bytes(py, name.to_bytes())?, method)?;
    }
    Ok(())
}

/// The arguments of a fast call, borrowed for its length.
#[derive(Clone, Copy)]
pub struct Passed<'a, 'py> {
    /// The interpreter.
    pub py: Python<'py>,
    arguments: *const *mut ffi::PyObject,
    /// How many came by position.
    pub given: usize,
    names: Option<Borrowed<'a, 'py, PyTuple>>,
}

impl<'a, 'py> Passed<'a, 'py> {
    /// # Safety
    /// As for a method that CPython calls with `METH_FASTCALL | METH_KEYWORDS`, with what it called with.
    #[inline]
    pub unsafe fn new(
        py: Python<'py>,
        arguments: *const *mut ffi::PyObject,
        given: ffi::Py_ssize_t,
        names: *mut ffi::PyObject,
    ) -> Self {
        let given = usize::try_from(given).unwrap_or(0);
        // SAFETY: the interpreter passes NULL or a tuple, which lives as long as the call.
        let names = (!names.is_null()).then(|| unsafe { Borrowed::from_ptr(py, names).cast_unchecked() });
        Self { py, arguments, given, names }
    }

    /// The argument of an index: those by position first, then those by keyword.
    #[inline]
    pub fn argument(&self, index: usize) -> Borrowed<'a, 'py, PyAny> {
        assert!(index < self.given + self.keywords(), "the interpreter passes no more");
        // SAFETY: there are so many references, borrowed for the length of the call.
        unsafe { Borrowed::from_ptr(self.py, *self.arguments.add(index)) }
    }

    /// How many came by keyword.
    #[inline]
    pub fn keywords(&self) -> usize {
        self.names.map_or(0, |names| names.len())
    }

    /// The names of those that came by keyword.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let names = self.names.into_iter().flat_map(|names| names.to_owned().into_iter());
        names.map(|name| name.cast::<PyString>().map_or_else(|_| shown(&name), written))
    }

    /// What came by a keyword that is seldom given: most calls only look for it.
    #[inline]
    pub fn by_rare_keyword(&self, name: &CStr) -> Option<Borrowed<'a, 'py, PyAny>> {
        let names = self.names?;
        // SAFETY: what names keywords is text, which the interpreter compares.
        let same = |known: Borrowed<'_, '_, PyAny>| unsafe {
            ffi::PyUnicode_CompareWithASCIIString(known.as_ptr(), name.as_ptr()) == 0
        };
        names.iter_borrowed().position(same).map(|index| self.argument(self.given + index))
    }

    /// What came by a keyword. Keywords are interned, so the same name is nearly always the same object.
    #[inline]
    pub fn by_same_keyword(&self, name: &Bound<'py, PyString>) -> Option<Borrowed<'a, 'py, PyAny>> {
        let index = self.names?.iter_borrowed().position(|known| known.is(name))?;
        Some(self.argument(self.given + index))
    }

    /// As [`by_same_keyword`](Self::by_same_keyword), whichever object the name is.
    #[inline]
    pub fn by_keyword(&self, name: &Bound<'py, PyString>) -> PyResult<Option<Borrowed<'a, 'py, PyAny>>> {
        let Some(names) = self.names else { return Ok(None) };
        if let Some(item) = self.by_same_keyword(name) {
            return Ok(Some(item));
        }
        for (index, known) in names.iter_borrowed().enumerate() {
            if known.eq(name)? {
                return Ok(Some(self.argument(self.given + index)));
            }
        }
        Ok(None)
    }
}
