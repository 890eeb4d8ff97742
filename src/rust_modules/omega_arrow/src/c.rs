//! The structs of the Arrow C data, stream and device interfaces, and of Omega's own C ABI.
//!
//! Source: Arrow columnar format, "The Arrow C data interface" and "The Arrow C stream interface".

use std::ffi::{c_char, c_int, c_void};

/// A type, with its name, metadata and children.
#[repr(C)]
pub struct ArrowSchema {
    /// The type, as the specification's format string.
    pub format: *const c_char,
    /// The field's name; may be NULL.
    pub name: *const c_char,
    /// Binary key-value pairs; may be NULL.
    pub metadata: *const c_char,
    /// `ARROW_FLAG_*` bits.
    pub flags: i64,
    /// How many `children` there are.
    pub n_children: i64,
    /// The types of the children.
    pub children: *mut *mut ArrowSchema,
    /// The type of the dictionary's values; NULL where there is none.
    pub dictionary: *mut ArrowSchema,
    /// Frees everything; NULL once released.
    pub release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    /// The producer's own.
    pub private_data: *mut c_void,
}

/// Set in [`ArrowSchema::flags`] where a field may be missing.
pub const ARROW_FLAG_NULLABLE: i64 = 2;

/// The values of one column, or of one record batch as a struct.
#[repr(C)]
pub struct ArrowArray {
    /// Rows, counted from `offset`.
    pub length: i64,
    /// Missing rows; -1 where nobody counted.
    pub null_count: i64,
    /// Rows to leave out at the front of every buffer.
    pub offset: i64,
    /// How many `buffers` there are.
    pub n_buffers: i64,
    /// How many `children` there are.
    pub n_children: i64,
    /// Validity, then what the type asks for.
    pub buffers: *mut *const c_void,
    /// The values of the children.
    pub children: *mut *mut ArrowArray,
    /// The values that indices point to; NULL where there is no dictionary.
    pub dictionary: *mut ArrowArray,
    /// Frees everything; NULL once released.
    pub release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    /// The producer's own.
    pub private_data: *mut c_void,
}

/// Record batches of one schema, one after the other.
#[repr(C)]
pub struct ArrowArrayStream {
    /// The schema of every array that follows.
    pub get_schema: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowSchema) -> c_int>,
    /// The next array; a released one at the end.
    pub get_next: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowArray) -> c_int>,
    /// What the last failure was; may be NULL.
    pub get_last_error: Option<unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char>,
    /// Frees everything; NULL once released.
    pub release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    /// The producer's own.
    pub private_data: *mut c_void,
}

/// An array that may lie in a device's memory; Omega refuses all but the CPU's.
#[repr(C)]
pub struct ArrowDeviceArray {
    /// The values.
    pub array: ArrowArray,
    /// Which device of its type.
    pub device_id: i64,
    /// 1 is the CPU.
    pub device_type: i32,
    /// To wait for before reading.
    pub sync_event: *mut c_void,
    /// Zero.
    pub reserved: [i64; 3],
}

// SAFETY: the C data interface asks that structs and what they own may be moved between threads.
unsafe impl Send for ArrowSchema {}
// SAFETY: as above.
unsafe impl Send for ArrowArray {}
// SAFETY: as above; a stream is read by one thread at a time.
unsafe impl Send for ArrowArrayStream {}

impl ArrowSchema {
    /// A struct for a producer to fill, already released.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            format: std::ptr::null(),
            name: std::ptr::null(),
            metadata: std::ptr::null(),
            flags: 0,
            n_children: 0,
            children: std::ptr::null_mut(),
            dictionary: std::ptr::null_mut(),
            release: None,
            private_data: std::ptr::null_mut(),
        }
    }
}

impl ArrowArray {
    /// A struct for a producer to fill, already released.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            length: 0,
            null_count: 0,
            offset: 0,
            n_buffers: 0,
            n_children: 0,
            buffers: std::ptr::null_mut(),
            children: std::ptr::null_mut(),
            dictionary: std::ptr::null_mut(),
            release: None,
            private_data: std::ptr::null_mut(),
        }
    }

    /// Whether the values are indices into a dictionary.
    #[must_use]
    pub fn dictionary_present(&self) -> bool {
        !self.dictionary.is_null()
    }
}

impl ArrowArrayStream {
    /// A released struct.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            get_schema: None,
            get_next: None,
            get_last_error: None,
            release: None,
            private_data: std::ptr::null_mut(),
        }
    }
}

/// How a function in another language says what went wrong. The caller allocates and zeroes it.
///
/// Text is UTF-8, cut at a character's border and ended by a zero byte. `fields` holds `name`, 0x1F, `value`,
/// 0x1E for each field of the message.
#[repr(C)]
pub struct OmegaError {
    /// `sizeof(OmegaError)` of the caller, so that later versions can tell which fields exist.
    pub struct_size: u32,
    /// A number of the error table; 0 while nothing is wrong.
    pub code: i32,
    /// The row it is about, or -1.
    pub row: i64,
    /// The input it is about, or -1.
    pub column: i32,
    /// Zero.
    pub reserved_flags: u32,
    /// The message, already rendered.
    pub message: [u8; 512],
    /// The fields it was rendered from.
    pub fields: [u8; 1024],
    /// Zero.
    pub reserved: [u64; 8],
}

/// Hands out memory for one buffer of an output; NULL when there is none to be had.
///
/// `node` counts outputs depth first, `buffer` is its number in the Arrow layout (0 validity, 1 values or
/// offsets, 2 data), `rows` the length of the node and `bytes` the size of the buffer.
pub type Alloc =
    unsafe extern "C" fn(context: *mut c_void, node: i32, buffer: i32, rows: i64, bytes: i64) -> *mut c_void;

/// The one signature of every function in another language. Returns the error code, 0 for OK.
///
/// An input is as many columns as `n_columns` says, one unless the spec lets it have many; each of those is named by its
/// schema. All come column by column: with `k` chunks, the arrays of column `c` are `c * k` to `c * k + k - 1`, and
/// chunk `i` has as many rows in every column. Parameters are numbers in the order of the spec; after the last comes
/// the policy for missing rows.
pub type Call = unsafe extern "C" fn(
    function_id: i32,
    parameters: *const f64,
    n_parameters: i32,
    n_inputs: i32,
    n_columns: *const i32,
    n_arrays: i32,
    schemas: *const *const ArrowSchema,
    arrays: *const *const ArrowArray,
    alloc: Alloc,
    alloc_context: *mut c_void,
    error: *mut OmegaError,
) -> i32;
