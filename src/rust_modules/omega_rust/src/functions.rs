//! Functions by name, and the one call that serves them all.

use omega_contract::spec::Kind;
use omega_contract::{Error, ErrorCode, Result};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::accumulators::Accumulator;
use crate::arguments::{flag, nulls_of, refuse_unknown, resolve};
use crate::data::{BarOrder, Import, Request};
use crate::errors::{Outcome, guard};
use crate::julia;
use crate::objects;
use crate::outputs::not_by_row;
use crate::registry::{Entry, find, name_of_function};
use crate::run;
use crate::streams::Stream;

/// The function of a name, or of a function of Omega's modules, which carries its own.
///
/// Raises UnknownFunctionError, with the nearest name.
#[pyfunction]
#[pyo3(signature = (name, /))]
pub fn function(py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<Function> {
    guard(py, "omega", || {
        let name = name_of_function(name)?;
        match find(&name) {
            Err(error) if error.code() == ErrorCode::UnknownFunction => Err(error.into()),
            // Where the specs of Julia's functions cannot be read, Rust's can be imported all the same.
            Err(error) => Ok(Function { name, entry: Err(error) }),
            Ok(entry) => Ok(Function { name: entry.spec().name.clone(), entry: Ok(entry) }),
        }
    })
}

/// A function of any language, ready to be called.
#[pyclass(frozen, module = "omega._rust")]
pub struct Function {
    name: String,
    /// Or why nothing is known about it.
    entry: Result<Entry>,
}

#[pymethods]
impl Function {
    /// Its name, `module.function`.
    #[getter]
    fn name<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || Ok(objects::text(py, &self.name)?))
    }

    /// How rows in relate to rows out: rowwise, reduction, model or simulation.
    #[getter]
    fn kind<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || {
            let kind = match self.entry()?.spec().kind {
                Kind::Rowwise => "rowwise",
                Kind::Reduction => "reduction",
                Kind::Model => "model",
                Kind::Simulation => "simulation",
            };
            Ok(objects::text(py, kind)?)
        })
    }

    /// The columns that it reads, in order.
    #[getter]
    fn inputs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.guard(py, || {
            let names = self.entry()?.spec().inputs.iter().map(|input| PyString::intern(py, &input.name));
            Ok(PyTuple::new(py, names)?)
        })
    }

    /// Its spec as JSON.
    #[getter]
    fn spec_json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || {
            let json = serde_json::to_string(self.entry()?.spec())
                .map_err(|error| Error::internal(&self.name, error))?;
            Ok(objects::text(py, &json)?)
        })
    }

    /// The number of rows before the first value.
    fn warm_up_rows<'py>(
        &self,
        py: Python<'py>,
        parameters: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || {
            let params = resolve(self.entry()?.spec(), parameters)?;
            let rows = match self.entry()? {
                Entry::Rust(function) => omega_catalog::warm_up_rows(function, &params),
                Entry::Julia(..) => 0,
            };
            Ok(objects::count(py, rows as u64)?)
        })
    }

    /// Refuses keywords that a call does not take, with the one that was probably meant.
    fn refuse_unknown(&self, py: Python<'_>, keywords: &Bound<'_, PyAny>) -> PyResult<()> {
        self.guard(py, || refuse_unknown(self.entry()?.spec(), keywords))
    }

    /// Runs the function over `data` or `columns`; a tuple with one answer per output, a table if grouped, or `out`.
    #[pyo3(signature = (data, columns, parameters, nulls=None, by=None, strict_zero_copy=None, out=None))]
    #[expect(clippy::too_many_arguments, reason = "the one door: every call's choices meet here")]
    fn run<'py>(
        &self,
        py: Python<'py>,
        data: Option<&Bound<'py, PyAny>>,
        columns: Option<&Bound<'py, PyTuple>>,
        parameters: &Bound<'py, PyAny>,
        nulls: Option<&Bound<'py, PyAny>>,
        by: Option<&Bound<'py, PyAny>>,
        strict_zero_copy: Option<&Bound<'py, PyAny>>,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || {
            let spec = self.entry()?.spec();
            refuse_unknown(spec, parameters)?;
            let params = resolve(spec, parameters)?;
            let nulls = nulls_of(nulls)?;
            let strict = flag(strict_zero_copy, "strict_zero_copy")?;
            let request = Request { inputs: &spec.inputs, data, columns, by, timed_by: None, strict };
            let import = Import::new(py, &request)?;
            match (self.entry()?, out) {
                (Entry::Rust(function), None) => run::run(py, function, &params, nulls, &import),
                (Entry::Rust(function), Some(out)) => run::run_into(function, &params, nulls, &import, out),
                (Entry::Julia(id, spec), None) => julia::run(py, id, spec, &params, nulls, &import),
                (Entry::Julia(_, spec), Some(_)) => Err(not_by_row(spec).into()),
            }
        })
    }

    /// The function bar by bar.
    #[pyo3(signature = (parameters, nulls=None, order=None))]
    fn stream(
        &self,
        py: Python<'_>,
        parameters: &Bound<'_, PyAny>,
        nulls: Option<&Bound<'_, PyAny>>,
        order: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Stream> {
        self.guard(py, || {
            let params = resolve(self.entry()?.spec(), parameters)?;
            let function = self.entry()?.rust(omega_catalog::not_rowwise)?;
            let mut stream = omega_catalog::Stream::new(function, params, nulls_of(nulls)?)?;
            stream.order_by(BarOrder::field_of(order)?);
            Stream::new(py, stream)
        })
    }

    /// The function as an incremental state.
    #[pyo3(signature = (parameters, nulls=None))]
    fn accumulator(
        &self,
        py: Python<'_>,
        parameters: &Bound<'_, PyAny>,
        nulls: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Accumulator> {
        self.guard(py, || {
            let params = resolve(self.entry()?.spec(), parameters)?;
            let function = self.entry()?.rust(omega_catalog::not_reduction)?;
            let nulls = nulls_of(nulls)?;
            Ok(Accumulator::new(omega_catalog::Accumulator::new(function, params, nulls)?))
        })
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || Ok(objects::text(py, &format!("<omega function {}>", self.name))?))
    }
}

impl Function {
    fn entry(&self) -> Outcome<Entry> {
        Ok(self.entry.clone()?)
    }

    fn guard<T>(&self, py: Python<'_>, body: impl FnOnce() -> Outcome<T>) -> PyResult<T> {
        guard(py, &self.name, body)
    }
}
