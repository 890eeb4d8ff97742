//! Hands columns to a consumer through the C structs.
//!
//! A missing float64 is NaN in memory; the validity bitmap is made from that when a consumer asks, so that NumPy and
//! Arrow consumers share the same values.

/// Keys of groups.
mod keys;

use std::any::Any;
use std::ffi::{CString, c_char, c_int, c_void};
use std::sync::Arc;

use super::c::{ARROW_FLAG_NULLABLE, ArrowArray, ArrowArrayStream, ArrowSchema};
use super::gaps::{BITS, WORD_ROWS};
use super::keys::Key;
use super::read::{least_buffers, text};
pub use keys::Keys;
use omega_contract::{Result, memory};

/// Values that several columns and consumers may share.
#[derive(Clone)]
pub struct Shared {
    start: *const f64,
    rows: usize,
    _owner: Arc<dyn Any + Send + Sync>,
}

// SAFETY: the values are written before they are shared and only read afterwards.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Values of a vector.
    #[must_use]
    pub fn from_vec(mut values: Vec<f64>) -> Self {
        Self { start: values.as_mut_ptr(), rows: values.len(), _owner: Arc::new(values) }
    }

    /// `rows` values at `start`, in memory that `owner` keeps.
    ///
    /// # Safety
    /// `start` must point to `rows` initialised values that stay where they are while `owner` lives.
    #[must_use]
    pub unsafe fn from_owner(start: *const f64, rows: usize, owner: Arc<dyn Any + Send + Sync>) -> Self {
        Self { start, rows, _owner: owner }
    }

    /// The values.
    #[must_use]
    pub fn as_slice(&self) -> &[f64] {
        if self.rows == 0 {
            return &[];
        }
        // SAFETY: as promised to `from_owner`, or those of the vector.
        unsafe { std::slice::from_raw_parts(self.start, self.rows) }
    }
}

/// What a column holds.
#[derive(Clone)]
pub enum Values {
    /// Numbers; NaN where missing.
    Float64(Shared),
    /// Whole numbers in float64, NaN where missing; int64 for whoever takes them.
    Whole(Shared),
    /// 1 for true and 0 for false, NaN where missing; bool for whoever takes them.
    Truth(Shared),
    /// Text keys: all characters, and where each text ends.
    Text(Arc<(Vec<i32>, Vec<u8>)>),
    /// Whole-number keys.
    Int64(Arc<Vec<i64>>),
    /// Keys of any type, or some of which are missing.
    Keys(Arc<Keys>),
}

/// A named column of an answer.
#[derive(Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub values: Values,
}

impl Column {
    /// A column of numbers; NaN where missing.
    #[must_use]
    pub fn float64(name: &str, values: Shared) -> Self {
        Self { name: name.into(), values: Values::Float64(values) }
    }

    /// A column of the type that a spec says: `int64` and `bool` are computed in float64 and leave as what they are.
    #[must_use]
    pub fn typed(name: &str, data_type: &str, values: Shared) -> Self {
        let values = match data_type {
            "int64" => Values::Whole(values),
            "bool" => Values::Truth(values),
            _ => Values::Float64(values),
        };
        Self { name: name.into(), values }
    }

    /// The keys of groups, all of one type or missing.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn keys(name: &str, keys: &[Key]) -> Result<Self> {
        Self::part_of_keys(name, keys, 0, None)
    }

    /// The keys of groups in one of the columns that they are made of, in the type of a format, or in one that holds
    /// them all.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn part_of_keys(name: &str, keys: &[Key], part: usize, format: Option<&str>) -> Result<Self> {
        let own = || keys.iter().map(|key| key.parts().get(part).unwrap_or(&Key::Missing));
        let is_all = |is: fn(&Key) -> bool| own().all(is);
        let values = if matches!(format, None | Some("l"))
            && !keys.is_empty()
            && is_all(|key| matches!(key, Key::Int(_)))
        {
            let ints = own().map(|key| if let Key::Int(int) = key { *int } else { 0 });
            Values::Int64(Arc::new(memory::collected(ints)?))
        } else if matches!(format, None | Some("u" | "vu")) && is_all(|key| matches!(key, Key::Text(_))) {
            let texts = || own().map(|key| if let Key::Text(text) = key { text.as_str() } else { "" });
            let mut ends = memory::room(keys.len() + 1)?;
            let mut text: Vec<u8> = memory::room(texts().map(str::len).sum())?;
            ends.push(0);
            for key in texts() {
                text.extend_from_slice(key.as_bytes());
                ends.push(i32::try_from(text.len()).unwrap_or(i32::MAX));
            }
            if text.len() > i32::MAX as usize {
                Values::Keys(Arc::new(Keys::new(own(), Some("U"))?))
            } else {
                Values::Text(Arc::new((ends, text)))
            }
        } else {
            Values::Keys(Arc::new(Keys::new(own(), format)?))
        };
        Ok(Self { name: name.into(), values })
    }

    /// Whether it holds the keys of groups.
    #[must_use]
    pub fn is_key(&self) -> bool {
        matches!(self.values, Values::Text(_) | Values::Int64(_) | Values::Keys(_))
    }

    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> usize {
        match &self.values {
            Values::Float64(values) | Values::Whole(values) | Values::Truth(values) => values.rows,
            Values::Text(text) => text.0.len() - 1,
            Values::Int64(values) => values.len(),
            Values::Keys(keys) => keys.keys().len(),
        }
    }

    /// Its type.
    #[must_use]
    pub fn format(&self) -> &str {
        match &self.values {
            Values::Keys(keys) => keys.format(),
            Values::Float64(_) => "g",
            Values::Text(_) => "u",
            Values::Int64(_) | Values::Whole(_) => "l",
            Values::Truth(_) => "b",
        }
    }
}

/// The type of one column.
#[must_use]
pub fn column_schema(column: &Column) -> ArrowSchema {
    let has_missing =
        if let Values::Keys(keys) = &column.values { keys.has_missing() } else { !column.is_key() };
    let mut schema = schema(column.format(), &column.name, Vec::new());
    schema.flags = if has_missing { ARROW_FLAG_NULLABLE } else { 0 };
    schema
}

/// The type of columns together: a struct.
#[must_use]
pub fn batch_schema(columns: &[Column]) -> ArrowSchema {
    schema("+s", "", columns.iter().map(column_schema).collect())
}

/// The values of one column, shared with it.
///
/// # Errors
/// `OUT_OF_MEMORY`
pub fn column_array(column: &Column) -> Result<ArrowArray> {
    let rows = column.rows();
    Ok(match &column.values {
        Values::Float64(values) => {
            let (bitmap, missing) = validity(values.as_slice())?;
            let buffers = vec![pointer(&bitmap), values.start.cast()];
            array(rows, missing, buffers, Vec::new(), Box::new((bitmap, values.clone())))
        }
        Values::Whole(values) => {
            let (bitmap, missing) = validity(values.as_slice())?;
            // NaN becomes 0, which nobody reads.
            let whole: Vec<i64> = memory::collected(values.as_slice().iter().map(|&value| value as i64))?;
            let buffers = vec![pointer(&bitmap), whole.as_ptr().cast()];
            array(rows, missing, buffers, Vec::new(), Box::new((bitmap, whole)))
        }
        Values::Truth(values) => {
            let (bitmap, missing) = validity(values.as_slice())?;
            let bits = bits(values.as_slice(), |value| value == 1.0)?;
            let buffers = vec![pointer(&bitmap), bits.as_ptr().cast()];
            array(rows, missing, buffers, Vec::new(), Box::new((bitmap, bits)))
        }
        Values::Text(text) => {
            let buffers = vec![std::ptr::null(), text.0.as_ptr().cast(), text.1.as_ptr().cast()];
            array(rows, 0, buffers, Vec::new(), Box::new(Arc::clone(text)))
        }
        Values::Int64(values) => {
            let buffers = vec![std::ptr::null(), values.as_ptr().cast()];
            array(rows, 0, buffers, Vec::new(), Box::new(Arc::clone(values)))
        }
        Values::Keys(keys) => keys.array(&column.name)?,
    })
}

/// The values of columns together: a struct of `rows` rows.
///
/// # Errors
/// `OUT_OF_MEMORY`
pub fn batch_array(columns: &[Column], rows: usize) -> Result<ArrowArray> {
    let children = columns.iter().map(column_array).collect::<Result<_>>()?;
    Ok(array(rows, 0, vec![std::ptr::null()], children, Box::new(())))
}

/// No rows of a type, laid out so that whoever reads columns by name finds them.
///
/// # Safety
/// The schema must have passed [`super::check::schema`].
#[must_use]
pub unsafe fn empty_array(schema: &ArrowSchema) -> ArrowArray {
    let children = (0..usize::try_from(schema.n_children).unwrap_or(0))
        // SAFETY: as the caller vouches: there are `n_children`, and none is NULL.
        .map(|index| unsafe { empty_array(&**schema.children.add(index)) });
    // SAFETY: NULL, or a schema that was checked.
    let dictionary = unsafe { schema.dictionary.as_ref().map(|values| Box::new(empty_array(values))) };
    let pointer =
        dictionary.as_deref().map_or(std::ptr::null_mut(), |values| std::ptr::from_ref(values).cast_mut());
    // SAFETY: NULL or a C string.
    let buffers = least_buffers(unsafe { text(schema.format) });
    let buffers = vec![std::ptr::null(); usize::try_from(buffers).unwrap_or(0)];
    let owner = Box::new(Unread { _dictionary: dictionary });
    let mut empty = array(0, 0, buffers, children.collect(), owner);
    empty.dictionary = pointer;
    empty
}

/// A dictionary that its array keeps alive.
struct Unread {
    _dictionary: Option<Box<ArrowArray>>,
}

// SAFETY: nobody reads it here; it is only dropped.
unsafe impl Sync for Unread {}

/// A stream of one array.
#[must_use]
pub fn stream(schema: ArrowSchema, array: ArrowArray) -> ArrowArrayStream {
    ArrowArrayStream {
        get_schema: Some(get_schema),
        get_next: Some(get_next),
        get_last_error: Some(get_last_error),
        release: Some(release_stream),
        private_data: Box::into_raw(Box::new(OneArray { schema, array })).cast(),
    }
}

/// A bitmap of the values that are not NaN and the number of those that are; none where all are present.
fn validity(values: &[f64]) -> Result<(Option<Vec<u64>>, usize)> {
    let missing = values.iter().filter(|value| value.is_nan()).count();
    if missing == 0 {
        return Ok((None, 0));
    }
    Ok((Some(bits(values, |value| !value.is_nan())?), missing))
}

/// A bit for each value, the first one lowest.
fn bits(values: &[f64], is_set: impl Fn(f64) -> bool) -> Result<Vec<u64>> {
    bits_of(values, |value| is_set(*value))
}

fn bits_of<T>(values: &[T], is_set: impl Fn(&T) -> bool) -> Result<Vec<u64>> {
    let word = |values: &[T]| {
        let bits = values.iter().zip(&BITS);
        bits.fold(0, |word, (value, bit)| word | if is_set(value) { *bit } else { 0 }).to_le()
    };
    let (whole, rest) = values.as_chunks::<WORD_ROWS>();
    let mut words = memory::room(whole.len() + 1)?;
    words.extend(whole.iter().map(|values| word(values)));
    if !rest.is_empty() {
        words.push(word(rest));
    }
    Ok(words)
}

fn pointer(bitmap: &Option<Vec<u64>>) -> *const c_void {
    bitmap.as_ref().map_or(std::ptr::null(), |words| words.as_ptr().cast())
}

/// What an exported type keeps alive until it is released.
struct SchemaOwner {
    format: CString,
    name: CString,
    _children: Vec<ArrowSchema>,
    pointers: Vec<*mut ArrowSchema>,
}

/// A type of any layout; of keys, whoever has them says whether some are missing.
#[must_use]
pub fn schema(format: &str, name: &str, mut children: Vec<ArrowSchema>) -> ArrowSchema {
    let pointers = children.iter_mut().map(std::ptr::from_mut).collect();
    let text = |text: &str| CString::new(text.replace('\0', "")).unwrap_or_default();
    let mut owner =
        Box::new(SchemaOwner { format: text(format), name: text(name), _children: children, pointers });
    ArrowSchema {
        format: owner.format.as_ptr(),
        name: owner.name.as_ptr(),
        metadata: std::ptr::null(),
        flags: if format == "g" { ARROW_FLAG_NULLABLE } else { 0 },
        n_children: i64::try_from(owner.pointers.len()).unwrap_or(0),
        children: owner.pointers.as_mut_ptr(),
        dictionary: std::ptr::null_mut(),
        release: Some(release_schema),
        private_data: Box::into_raw(owner).cast(),
    }
}

unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
    // SAFETY: consumers call this once with a struct that `schema` made; its owner is a SchemaOwner.
    unsafe {
        (*schema).release = None;
        drop(Box::from_raw((*schema).private_data.cast::<SchemaOwner>()));
    }
}

/// What exported values keep alive until they are released.
struct ArrayOwner {
    buffers: Vec<*const c_void>,
    _children: Vec<ArrowArray>,
    pointers: Vec<*mut ArrowArray>,
    _values: Box<dyn Any + Send + Sync>,
}

/// Values of any layout: `values` owns what `buffers` point to.
#[must_use]
pub fn array(
    rows: usize,
    missing: usize,
    buffers: Vec<*const c_void>,
    mut children: Vec<ArrowArray>,
    values: Box<dyn Any + Send + Sync>,
) -> ArrowArray {
    let pointers = children.iter_mut().map(std::ptr::from_mut).collect();
    let mut owner = Box::new(ArrayOwner { buffers, _children: children, pointers, _values: values });
    ArrowArray {
        length: i64::try_from(rows).unwrap_or(0),
        null_count: i64::try_from(missing).unwrap_or(-1),
        offset: 0,
        n_buffers: i64::try_from(owner.buffers.len()).unwrap_or(0),
        n_children: i64::try_from(owner.pointers.len()).unwrap_or(0),
        buffers: owner.buffers.as_mut_ptr(),
        children: owner.pointers.as_mut_ptr(),
        dictionary: std::ptr::null_mut(),
        release: Some(release_array),
        private_data: Box::into_raw(owner).cast(),
    }
}

unsafe extern "C" fn release_array(array: *mut ArrowArray) {
    // SAFETY: consumers call this once with a struct that `array` made; its owner is an ArrayOwner. A child that the
    // consumer moved out has no release left, so dropping it here frees nothing twice.
    unsafe {
        (*array).release = None;
        drop(Box::from_raw((*array).private_data.cast::<ArrayOwner>()));
    }
}

struct OneArray {
    schema: ArrowSchema,
    array: ArrowArray,
}

unsafe extern "C" fn get_schema(stream: *mut ArrowArrayStream, out: *mut ArrowSchema) -> c_int {
    // SAFETY: the consumer passes a stream that `stream` made and room for a schema.
    unsafe {
        let one = &mut *(*stream).private_data.cast::<OneArray>();
        out.write(copy_schema(&one.schema));
    }
    0
}

/// A stream may be asked for its schema more than once, so it hands out copies.
unsafe fn copy_schema(original: &ArrowSchema) -> ArrowSchema {
    let text = |pointer: *const c_char| {
        // SAFETY: both strings were made by `schema`.
        unsafe { std::ffi::CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
    };
    // SAFETY: the owner was made by `schema`.
    let owner = unsafe { &*original.private_data.cast::<SchemaOwner>() };
    // SAFETY: children were made by `schema` too, and live as long as the owner.
    let children = owner.pointers.iter().map(|&child| unsafe { copy_schema(&*child) }).collect();
    let mut copy = schema(&text(original.format), &text(original.name), children);
    copy.flags = original.flags;
    copy
}

unsafe extern "C" fn get_next(stream: *mut ArrowArrayStream, out: *mut ArrowArray) -> c_int {
    // SAFETY: the consumer passes a stream that `stream` made and room for an array.
    unsafe {
        let one = &mut *(*stream).private_data.cast::<OneArray>();
        out.write(std::mem::replace(&mut one.array, ArrowArray::empty()));
    }
    0
}

unsafe extern "C" fn get_last_error(_: *mut ArrowArrayStream) -> *const c_char {
    std::ptr::null()
}

unsafe extern "C" fn release_stream(stream: *mut ArrowArrayStream) {
    // SAFETY: consumers call this once with a stream that `stream` made.
    unsafe {
        (*stream).release = None;
        drop(Box::from_raw((*stream).private_data.cast::<OneArray>()));
    }
}
