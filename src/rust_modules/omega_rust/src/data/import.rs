//! One call's data, whatever it came as: its numeric columns, and the group of every row.

use std::borrow::Cow;
use std::ops::Range;

use omega_arrow::column::Chunk;
use omega_arrow::float64::{Copied, Copies, RawChunk, align};
use omega_arrow::read::{Field, fields};
use omega_catalog::Moment;
use omega_contract::spec::Input;
use omega_contract::{Error, ErrorCode, memory};
use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use super::capsules::{Produced, produce};
use super::copies;
use super::frames::{Frame, Needed, Selected, Wanted, holds_objects, pandas_numbers, select};
use super::groups::{Grouping, names_in};
use super::holders::{Holder, holder_of};
use super::indexes::Indexes;
use super::kinds::{Kind, kind_of};
use super::many::listed;
use super::names::{missing, place_of};
use super::sequences::{Sequence, is_real, number, sequence};
use super::times::{time, times};
use crate::arguments::text;
use crate::errors::{Failure, Outcome, asked};
use crate::words::{has, is_mapping, kind as name_of_type, shown, written};

const ACCEPTED: &str =
    "an Arrow array, table or stream, a NumPy array, a mapping of columns, or a list of numbers";

/// What a caller passed.
pub struct Request<'a, 'py> {
    /// The columns that the function reads.
    pub inputs: &'a [Input],
    /// Everything in one object, or `None`.
    pub data: Option<&'a Bound<'py, PyAny>>,
    /// Single columns or names of columns of `data`, in the order of `inputs`, `None` where absent; they win over the
    /// columns that inputs have by default.
    pub columns: Option<&'a Bound<'py, PyTuple>>,
    /// The names of columns of `data`, or columns of their own, that tell the group of each row.
    pub by: Option<&'a Bound<'py, PyAny>>,
    /// The field that tells when each row was, which the data may have.
    pub timed_by: Option<&'a str>,
    /// Whether copies are refused.
    pub strict: bool,
}

/// What a caller passed for one input by keyword.
pub(super) enum Given<'py> {
    /// Nothing: the data has the input under its own name.
    Nothing,
    /// The name of a column of the data.
    Name(String),
    /// A column, or a number for every row.
    Column(Bound<'py, PyAny>),
}

impl<'py> Request<'_, 'py> {
    /// What the keyword of the input at `index` holds.
    pub(super) fn given(&self, index: usize) -> Outcome<Given<'py>> {
        let Some(columns) = self.columns else { return Ok(Given::Nothing) };
        let column = columns.get_item(index)?;
        if column.is_none() {
            return Ok(Given::Nothing);
        }
        if column.is_instance_of::<PyString>() {
            return Ok(Given::Name(text(&column, &self.inputs[index].name)?));
        }
        Ok(Given::Column(column))
    }

    /// How many inputs have a keyword.
    fn n_given(&self) -> Outcome<usize> {
        let Some(columns) = self.columns.filter(|_| self.inputs.len() > 1) else { return Ok(0) };
        Ok(columns.iter_borrowed().filter(|column| !column.is_none()).count())
    }

    /// The columns of the data that the call reads; `None` where that depends on which there are.
    fn needed(&self) -> Outcome<Needed> {
        let mut needed: Vec<String> = Vec::with_capacity(self.inputs.len() + 1);
        let mut need = |name: String| {
            if !needed.contains(&name) {
                needed.push(name);
            }
        };
        for (index, input) in self.inputs.iter().enumerate() {
            if input.many {
                let Some(columns) = self.columns else { return Ok(None) };
                let keyword = columns.get_item(index)?;
                match listed(&keyword)? {
                    Some(names) => names.into_iter().for_each(&mut need),
                    None if keyword.is_none() => return Ok(None),
                    None => {}
                }
                continue;
            }
            match self.given(index)? {
                Given::Nothing => need(input.column().to_owned()),
                Given::Name(name) => need(name),
                Given::Column(_) => {}
            }
        }
        // What is listed may be names, or keys row by row.
        let keys = self.by.map(names_in).unwrap_or_default();
        if self.by.is_some_and(|by| by.is_instance_of::<PyString>()) {
            keys.into_iter().for_each(need);
            return Ok(Some(Wanted { names: needed, keys: Vec::new() }));
        }
        Ok(Some(Wanted { names: needed, keys }))
    }

    /// The column of the data that the input at `index` is, by keyword or else by default.
    pub(super) fn column_of(&self, index: usize) -> Outcome<String> {
        Ok(match self.given(index)? {
            Given::Name(name) => name,
            _ => self.inputs[index].column().to_owned(),
        })
    }
}

/// Borrowed columns, and everything that keeps them alive.
pub struct Import {
    /// One list of chunks for each column, cut at common borders: input by input, as many as each has.
    columns: Vec<Vec<RawChunk>>,
    /// How many rows each column has.
    pub rows: usize,
    /// The groups and the number of each row's, where the caller asked for them.
    pub grouping: Option<Grouping>,
    /// When each row was, where the data has the field of order.
    pub times: Vec<Option<Moment>>,
    /// The names of the columns of each input that takes many, with the input's place among the inputs.
    pub many: Vec<(usize, Vec<String>)>,
    pub(super) copies: Copies,
    _produced: Vec<Produced>,
    pub(super) _sequences: Vec<Sequence>,
}

// SAFETY: producers promise that their memory may be read from any thread; it is released with the GIL held, because
// only code that holds it drops an import.
unsafe impl Sync for Import {}

/// What the values of a column are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// Numbers.
    Numbers,
    /// Timestamps or dates, as microseconds since 1970.
    Times,
}

impl Reads {
    fn of(input: &Input) -> Self {
        if input.is_time() { Self::Times } else { Self::Numbers }
    }
}

/// One column on its way in: what keeps it alive, and where it is.
pub(super) enum Source<'py> {
    /// A column of the data by name; data that is one column serves a function of one input, whatever its name.
    Child(String, bool),
    /// An object that is one column.
    Alone(Bound<'py, PyAny>),
}

impl Import {
    /// Borrows what `request` holds.
    pub fn new(py: Python<'_>, request: &Request<'_, '_>) -> Outcome<Self> {
        let whole = Whole::of(request.data, || request.needed(), request.timed_by)?;
        let mut indexes = Indexes::default();
        let is_column =
            |column: Borrowed<'_, '_, PyAny>| !column.is_none() && !column.is_instance_of::<PyString>();
        let has_columns = || request.columns.is_some_and(|columns| columns.iter_borrowed().any(is_column));
        // Data alone has one index.
        let several = request.by.is_some_and(|by| !by.is_instance_of::<PyString>()) || has_columns();
        if let Some(data) = request.data.filter(|_| several) {
            indexes.add("data", data)?;
        }
        let mut import = Self {
            columns: Vec::with_capacity(request.inputs.len()),
            rows: 0,
            grouping: None,
            times: Vec::new(),
            many: Vec::new(),
            copies: Copies::new(request.strict),
            _produced: Vec::new(),
            _sequences: Vec::new(),
        };
        let mut first = None;
        let mut constants = Vec::new();
        for (index, input) in request.inputs.iter().enumerate() {
            if input.many {
                let (names, columns): (Vec<_>, Vec<_>) =
                    import.many(py, &whole, request, index, &mut indexes)?.into_iter().unzip();
                for (name, chunks) in names.iter().zip(columns) {
                    import.add(Cow::Owned(name.clone()), chunks, &mut first)?;
                }
                import.many.push((index, names));
                continue;
            }
            let given = request.given(index)?;
            let is_of_data = !matches!(given, Given::Column(_));
            // What the caller calls a column is what messages about it say.
            let (name, source) = match given {
                Given::Column(column) => (Cow::Borrowed(input.column()), Source::Alone(column)),
                Given::Name(name) => {
                    let source = whole.source(request, &name, true)?;
                    (Cow::Owned(name), source)
                }
                Given::Nothing => {
                    (Cow::Borrowed(input.column()), whole.source(request, input.column(), false)?)
                }
            };
            let reads = Reads::of(input);
            if request.inputs.len() > 1
                && reads == Reads::Numbers
                && let Source::Alone(object) = &source
                && let Some(value) = constant(object, &name)?
            {
                constants.push((import.columns.len(), value));
                import.columns.push(Vec::new());
                continue;
            }
            if let Source::Alone(object) = &source
                && !request.data.is_some_and(|data| data.is(object))
                && !(is_of_data && matches!(whole, Whole::Frame(_)))
            {
                indexes.add(&name, object)?;
            }
            let chunks = import.column(py, &whole, &source, &name, reads)?;
            import.add(name, chunks, &mut first)?;
        }
        if first.is_none() && !constants.is_empty() {
            let allowed = "a column in at least one input, for the number of rows";
            return Err(Error::invalid_shape("the data", allowed, "numbers only").into());
        }
        for (place, value) in constants {
            import.repeat(place, value)?;
        }
        if let Some(by) = request.by {
            import.group(py, &whole, by, &mut indexes)?;
        }
        if let Some(field) = request.timed_by {
            import.times = import.moments(py, &whole, field)?;
        }
        if import.columns.iter().any(|chunks| chunks.len() != 1) {
            import.columns = align(&import.columns);
        }
        copies::record(&import.copies.made);
        import.keep(whole);
        Ok(import)
    }

    /// Adds a column, which must be as long as the first.
    fn add<'a>(
        &mut self,
        name: Cow<'a, str>,
        chunks: Vec<RawChunk>,
        first: &mut Option<Cow<'a, str>>,
    ) -> Outcome<()> {
        let rows: usize = chunks.iter().map(|chunk| chunk.rows).sum();
        match first {
            None => {
                *first = Some(name);
                self.rows = rows;
            }
            Some(first) if rows != self.rows => {
                let allowed = format!("{} (as `{first}`)", self.rows);
                return Err(Error::length_mismatch(name, allowed, rows).into());
            }
            Some(_) => {}
        }
        self.columns.push(chunks);
        Ok(())
    }

    /// Fills a column with one number: no copy of anything that the caller has as a column.
    fn repeat(&mut self, place: usize, value: f64) -> Outcome<()> {
        let values = memory::filled(self.rows, value)?;
        let base = values.as_ptr();
        self.columns[place] = vec![RawChunk { base, validity: std::ptr::null(), offset: 0, rows: self.rows }];
        self._sequences.push(Sequence::Repeated { _values: values });
        Ok(())
    }

    /// Keeps what the columns borrow from.
    pub(super) fn keep(&mut self, whole: Whole<'_>) {
        if let Whole::Produced(produced) = whole {
            self._produced.push(produced);
        }
    }

    /// The raw chunks of each input, cut at common borders.
    pub fn raw(&self) -> &[Vec<RawChunk>] {
        &self.columns
    }

    /// Where the memory lies that the call reads: values and validity bitmaps.
    pub fn memory(&self) -> impl Iterator<Item = Range<usize>> {
        self.columns.iter().flatten().flat_map(|chunk| {
            let (values, bits) = (chunk.base.addr(), chunk.validity.addr());
            let (from, to) = (chunk.offset, chunk.offset + chunk.rows);
            let bits = if bits == 0 { 0..0 } else { bits + from / 8..bits + to.div_ceil(8) };
            [values + from * size_of::<f64>()..values + to * size_of::<f64>(), bits]
        })
    }

    /// The inputs chunk by chunk: for each, one [`Chunk`] per column.
    pub fn chunks(&self) -> impl Iterator<Item = Vec<Chunk<'_>>> {
        let n_chunks = self.columns.first().map_or(0, Vec::len);
        // SAFETY: `self` keeps the producers' memory alive, and they promise not to change it meanwhile.
        (0..n_chunks)
            .map(|index| self.columns.iter().map(|column| unsafe { column[index].borrow() }).collect())
    }

    pub(super) fn column(
        &mut self,
        py: Python<'_>,
        whole: &Whole<'_>,
        source: &Source<'_>,
        name: &str,
        reads: Reads,
    ) -> Outcome<Vec<RawChunk>> {
        match source {
            Source::Child(child, is_only) => whole
                .fields(py, child, *is_only)?
                .iter()
                .map(|field| self.chunk(field, name, reads))
                .collect(),
            Source::Alone(object) => {
                let numbers = if reads == Reads::Numbers { pandas_numbers(object)? } else { None };
                let copied = numbers.is_none() && holds_objects(object)?;
                if copied {
                    self.copies.allow(name, "object")?;
                }
                let object = numbers.as_ref().unwrap_or(object);
                if let Some(produced) = produce(object)? {
                    // The fields borrow from `produced`, which moves into `self` only after they are gone.
                    let chunks: Outcome<Vec<RawChunk>> = single(py, &produced, name)?
                        .iter()
                        .map(|field| self.chunk(field, name, reads))
                        .collect();
                    self._produced.push(produced);
                    if let (true, Ok(chunks)) = (copied, &chunks) {
                        let rows: usize = chunks.iter().map(|chunk| chunk.rows).sum();
                        let (name, reason) = (name.to_owned(), "object".to_owned());
                        self.copies.made.push(Copied { name, reason, bytes: rows * size_of::<f64>() });
                    }
                    return chunks;
                }
                if reads == Reads::Times {
                    let chunk = times(object, name, &mut self.copies)?;
                    return chunk.map(|chunk| vec![chunk]).ok_or_else(|| unsupported_times(object).into());
                }
                if let Some((owner, chunk)) = sequence(object, name, &mut self.copies)? {
                    self._sequences.push(owner);
                    return Ok(vec![chunk]);
                }
                Err(unsupported(object).into())
            }
        }
    }

    fn chunk(&mut self, field: &Field<'_>, name: &str, reads: Reads) -> Outcome<RawChunk> {
        if reads == Reads::Numbers {
            return self.float64(field, name);
        }
        // SAFETY: the capsule protocol vouches for the struct.
        Ok(unsafe { self.copies.times(field, name)? })
    }

    pub(super) fn float64(&mut self, field: &Field<'_>, name: &str) -> Outcome<RawChunk> {
        // SAFETY: the capsule protocol vouches for the struct, and `self` will own its producer.
        Ok(unsafe { self.copies.float64(field, name)? })
    }

    /// When each row was, where the data has such a field. What is copied for it is nobody's column.
    fn moments(&mut self, py: Python<'_>, whole: &Whole<'_>, field: &str) -> Outcome<Vec<Option<Moment>>> {
        let Some(source) = whole.find(py, field)? else { return Ok(Vec::new()) };
        let own = std::mem::take(&mut self.copies);
        let read = self.read_moments(py, whole, &source, field);
        self.copies = own;
        let times = read?;
        if times.len() != self.rows {
            return Err(
                Error::length_mismatch(field, format!("{} (as the data)", self.rows), times.len()).into()
            );
        }
        Ok(times)
    }

    fn read_moments(
        &mut self,
        py: Python<'_>,
        whole: &Whole<'_>,
        source: &Source<'_>,
        field: &str,
    ) -> Outcome<Vec<Option<Moment>>> {
        let (chunks, is_time) = match self.column(py, whole, source, field, Reads::Times) {
            Ok(chunks) => (chunks, true),
            Err(Failure::Python(failure)) => return Err(failure.into()),
            Err(Failure::Omega(_)) => {
                let numbers = self.column(py, whole, source, field, Reads::Numbers);
                (numbers.map_err(|refused| not_in_order(field, refused))?, false)
            }
        };
        let mut times = memory::room(chunks.iter().map(|chunk| chunk.rows).sum())?;
        for chunk in &chunks {
            // SAFETY: what the chunks borrow from is in `self` or in `whole`.
            let chunk = unsafe { chunk.borrow() };
            times.extend((0..chunk.values.len()).map(|row| {
                let value = chunk.get(row);
                (!value.is_nan()).then_some(if is_time {
                    Moment::Time(value as i64)
                } else {
                    Moment::Number(value)
                })
            }));
        }
        Ok(times)
    }
}

/// The object that was passed as `data`, as far as it is more than one column.
pub(super) enum Whole<'py> {
    /// Arrow data: a batch, batches, or one column.
    Produced(Produced),
    /// A mapping of columns.
    Mapping(Bound<'py, PyAny>),
    /// A frame, of which columns are asked for by name.
    Frame(Frame<'py>),
    /// One column that is not Arrow.
    Alone(Bound<'py, PyAny>),
    /// Nothing: all columns came by keyword.
    Absent,
}

impl<'py> Whole<'py> {
    /// The data, as far as it is `needed`, and a column that is `welcome` where there is one.
    pub(super) fn of(
        data: Option<&Bound<'py, PyAny>>,
        needed: impl FnOnce() -> Outcome<Needed>,
        welcome: Option<&str>,
    ) -> Outcome<Self> {
        let Some(data) = data.filter(|data| !data.is_none()) else { return Ok(Self::Absent) };
        if kind_of(data)? == Kind::NumPy || holder_of(data)? == Holder::PandasSeries {
            return Ok(Self::Alone(data.clone()));
        }
        let data = &match select(data, needed, welcome)? {
            Selected::Frame(frame) => return Ok(Self::Frame(frame)),
            Selected::Whole(data) => data,
        };
        match produce(data) {
            Ok(Some(produced)) => return Ok(Self::Produced(produced)),
            Ok(None) => {}
            Err(Failure::Python(failure)) if !failure.is_instance_of::<PyException>(data.py()) => {
                return Err(failure.into());
            }
            Err(failure) => return Frame::of_polars(data)?.map(Self::Frame).ok_or(failure),
        }
        let mapping = asked("data", data, is_mapping(data))?;
        Ok(if mapping { Self::Mapping(data.clone()) } else { Self::Alone(data.clone()) })
    }

    /// Where an input comes from that the caller gave no column for: from a column of the data, or from data that is one
    /// column and what the only input without a keyword reads.
    fn source(&self, request: &Request<'_, 'py>, name: &str, is_named: bool) -> Outcome<Source<'py>> {
        let is_only = || -> Outcome<bool> { Ok(!is_named && request.inputs.len() - request.n_given()? == 1) };
        match self {
            Self::Produced(_) => Ok(Source::Child(name.to_owned(), is_only()?)),
            Self::Mapping(mapping) => mapping_item(mapping, name).map(Source::Alone),
            Self::Frame(frame) => frame.column(name).map(Source::Alone),
            Self::Alone(object) if is_only()? => Ok(Source::Alone(object.clone())),
            Self::Alone(_) => Err(Error::missing_column(name, "one column without a name").into()),
            Self::Absent => {
                let mut names = Vec::new();
                for (index, input) in request.inputs.iter().enumerate() {
                    if matches!(request.given(index)?, Given::Column(_)) {
                        names.push(input.name.as_str());
                    }
                }
                let available = if names.is_empty() { "no column".into() } else { names.join(", ") };
                Err(Error::missing_column(name, available).into())
            }
        }
    }

    /// Where a column comes from that the data may have, under exactly this name or under a level of a frame's index.
    fn find(&self, py: Python<'_>, name: &str) -> Outcome<Option<Source<'py>>> {
        match self {
            Self::Produced(produced) => {
                // SAFETY: the capsule protocol vouches for the structs.
                let (schema, arrays) = unsafe { produced.structs(py)? };
                let Some(array) = arrays.first() else { return Ok(None) };
                // SAFETY: as above.
                let whole = unsafe { fields(schema, array)? };
                let is_there = whole.is_batch && whole.fields.iter().any(|field| field.name == name);
                Ok(is_there.then(|| Source::Child(name.to_owned(), false)))
            }
            Self::Mapping(mapping) if asked(name, mapping, mapping.contains(name))? => {
                asked(name, mapping, mapping.get_item(name)).map(|column| Some(Source::Alone(column)))
            }
            Self::Frame(frame) => match frame.column(name) {
                Ok(column) => Ok(Some(Source::Alone(column))),
                Err(Failure::Omega(error)) if error.code() == ErrorCode::MissingColumn => Ok(None),
                Err(failure) => Err(failure),
            },
            Self::Mapping(_) | Self::Alone(_) | Self::Absent => Ok(None),
        }
    }

    /// The chunks of one column of Arrow data; data that is one column only where it is the only input.
    pub(super) fn fields<'a>(&'a self, py: Python<'_>, name: &str, is_only: bool) -> Outcome<Vec<Field<'a>>> {
        let Self::Produced(produced) = self else {
            let available =
                if matches!(self, Self::Absent) { "no column" } else { "one column without a name" };
            return Err(Error::missing_column(name, available).into());
        };
        // SAFETY: the capsule protocol vouches for the structs.
        let (schema, arrays) = unsafe { produced.structs(py)? };
        let mut chunks = Vec::with_capacity(arrays.len());
        for array in &arrays {
            // SAFETY: as above.
            let whole = unsafe { fields(schema, array)? };
            if !whole.is_batch {
                if !is_only {
                    return Err(Error::missing_column(name, "one column without a name").into());
                }
                chunks.extend(whole.fields);
                continue;
            }
            let mut found = whole.fields.iter().filter(|field| field.name == name);
            if let (Some(field), None) = (found.next(), found.next()) {
                chunks.push(*field);
                continue;
            }
            let names: Vec<&str> = whole.fields.iter().map(|field| field.name).collect();
            let place = place_of(name, &names)?.ok_or_else(|| missing(name, &names))?;
            chunks.push(whole.fields[place]);
        }
        Ok(chunks)
    }
}

/// The refusal of a column that tells no order.
fn not_in_order(field: &str, refused: Failure) -> Failure {
    let Failure::Omega(error) = &refused else { return refused };
    let allowed = "timestamps, dates or numbers; with `order=None` nobody looks at it";
    match error.field("value") {
        Some(value) => Error::unsupported_type(field, allowed, value).into(),
        None => refused,
    }
}

/// A number that was given where a column could be.
fn constant(object: &Bound<'_, PyAny>, name: &str) -> Outcome<Option<f64>> {
    let is_number = kind_of(object)? == Kind::Other && (object.is_instance_of::<PyInt>() || is_real(object));
    if is_number { number(object, || name.to_owned()) } else { Ok(None) }
}

/// The chunks of an object that is one Arrow column.
pub(super) fn single<'a>(py: Python<'_>, produced: &'a Produced, name: &str) -> Outcome<Vec<Field<'a>>> {
    // SAFETY: the capsule protocol vouches for the structs.
    let (schema, arrays) = unsafe { produced.structs(py)? };
    let mut chunks = Vec::with_capacity(arrays.len());
    for array in arrays {
        // SAFETY: as above.
        let whole = unsafe { fields(schema, array)? };
        if whole.is_batch && whole.fields.len() != 1 {
            let value = format!("a table of {} columns", whole.fields.len());
            return Err(Error::invalid_shape(format!("column `{name}`"), "one column", value).into());
        }
        chunks.extend(whole.fields);
    }
    Ok(chunks)
}

pub(super) fn mapping_item<'py>(mapping: &Bound<'py, PyAny>, name: &str) -> Outcome<Bound<'py, PyAny>> {
    if let Ok(dict) = mapping.cast_exact::<PyDict>() {
        if let Some(item) = asked(name, mapping, dict.get_item(name))? {
            return Ok(item);
        }
    } else if asked(name, mapping, mapping.contains(name))? {
        return asked(name, mapping, mapping.get_item(name));
    }
    let keys = asked(name, mapping, mapping.call_method0(intern!(mapping.py(), "keys")))?;
    let keys = asked(name, mapping, keys.try_iter())?.map(|key| asked(name, mapping, key));
    let keys = keys.collect::<Outcome<Vec<_>>>()?;
    let names: Vec<String> =
        keys.iter().map(|key| key.cast::<PyString>().map_or_else(|_| shown(key), written)).collect();
    let place = place_of(name, &names)?.ok_or_else(|| missing(name, &names))?;
    asked(name, mapping, mapping.get_item(&keys[place]))
}

fn unsupported_times(object: &Bound<'_, PyAny>) -> Error {
    let accepted =
        "timestamps or dates: an Arrow array, table or stream, a NumPy array of datetime64, or a list";
    Error::unsupported_data(accepted, name_of_type(object))
}

fn unsupported(object: &Bound<'_, PyAny>) -> Error {
    let value = name_of_type(object);
    let lazy = has(object, intern!(object.py(), "collect"));
    if lazy {
        return Error::unsupported_data(format!("{ACCEPTED}; call .collect() on a lazy frame first"), value);
    }
    Error::unsupported_data(ACCEPTED, value)
}

/// The value of an input in one row: a number, or a time as microseconds since 1970; NaN where it is missing, and `None`
/// for an object that is neither.
#[inline]
pub fn value_of(object: &Bound<'_, PyAny>, input: &Input, name: &str) -> Outcome<Option<f64>> {
    if input.is_time() { time(object, name, 0) } else { number(object, || name.to_owned()) }
}

/// [`value_of`] what must have one.
#[inline]
pub fn one_value(object: &Bound<'_, PyAny>, input: &Input, name: &str) -> Outcome<f64> {
    value_of(object, input, name)?.ok_or_else(|| {
        let allowed = if input.is_time() { "a datetime, a date or None" } else { "a number or None" };
        Error::invalid_type(name, allowed, shown(object)).into()
    })
}

/// Whether an object of the interpreter's own can have no fields: a number, text, bytes, or a row without names.
pub fn is_plain(object: &Bound<'_, PyAny>) -> bool {
    object.is_none()
        || object.is_instance_of::<PyString>()
        || object.is_instance_of::<PyBytes>()
        || object.is_instance_of::<PyInt>()
        || object.is_instance_of::<PyFloat>()
        || object.is_instance_of::<PyList>()
        || object.is_exact_instance_of::<PyTuple>()
}

/// One bar, asked for its values by name.
pub enum Bar<'a, 'py> {
    /// A mapping has items.
    Mapping(&'a Bound<'py, PyAny>),
    /// A record has attributes.
    Record(&'a Bound<'py, PyAny>),
}

impl<'a, 'py> Bar<'a, 'py> {
    /// What kind of bar an object is.
    pub fn of(object: &'a Bound<'py, PyAny>) -> Outcome<Self> {
        if is_plain(object) {
            let allowed = "a mapping, or a record with attributes";
            return Err(Error::invalid_type("a bar", allowed, shown(object)).into());
        }
        let mapping = asked("a bar", object, is_mapping(object))?;
        Ok(if mapping { Self::Mapping(object) } else { Self::Record(object) })
    }

    /// The bar's value for an input; NaN where it is missing.
    pub fn value(&self, input: &Input) -> Outcome<f64> {
        one_value(&self.item(input.column())?, input, input.column())
    }

    /// Whatever the bar has under a name.
    pub fn item(&self, name: &str) -> Outcome<Bound<'py, PyAny>> {
        match self {
            Self::Mapping(mapping) => mapping_item(mapping, name),
            Self::Record(record) => match asked(name, record, record.getattr_opt(name))? {
                Some(value) => Ok(value),
                None => Err(Error::missing_column(name, format!("a {}", name_of_type(record))).into()),
            },
        }
    }
}
