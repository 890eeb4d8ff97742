//! Memory that a function in another language writes its answer into.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::panic::catch_unwind;
use std::ptr::NonNull;

use omega_contract::memory;

/// Arrow's recommendation, and a cache line.
const ALIGNMENT: usize = 64;

/// Validity, values or offsets, and data: no Arrow layout that Omega returns has more.
const BUFFERS: usize = 3;

/// More outputs than any function has: a larger number is a mistake, not a wish.
const MAX_NODES: i32 = 1 << 16;

/// What one call wrote: a node per output, depth first, in the order of the function's spec.
#[derive(Debug, Default)]
pub struct Outputs {
    nodes: BTreeMap<i32, Node>,
    /// The first request that could not be granted.
    refused: Option<Refusal>,
}

/// The buffers of one output.
#[derive(Debug, Default)]
pub struct Node {
    rows: usize,
    buffers: [Option<Buffer>; BUFFERS],
}

/// Zeroed memory, 64-byte aligned. Send it where it is needed: it is plain memory of this process.
#[derive(Debug)]
pub struct Buffer {
    start: NonNull<u8>,
    bytes: usize,
}

/// Why [`Outputs`] gave no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The system has no more.
    OutOfMemory {
        /// What was asked for.
        bytes: i64,
    },
    /// The request itself makes no sense.
    Malformed {
        /// Which output.
        node: i32,
        /// Which of its buffers.
        buffer: i32,
        /// How many rows it should hold.
        rows: i64,
        /// In how much memory.
        bytes: i64,
    },
}

impl Outputs {
    /// Nothing written yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many outputs were written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// One output, by its number.
    #[must_use]
    pub fn node(&self, index: usize) -> Option<&Node> {
        self.nodes.get(&i32::try_from(index).ok()?)
    }

    /// The outputs, in order, to keep.
    #[must_use]
    pub fn into_nodes(self) -> Vec<Node> {
        self.nodes.into_values().collect()
    }

    /// Forgets everything, so that the value can serve another call.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether the outputs are numbered without gaps.
    pub(crate) fn is_gapless(&self) -> bool {
        self.nodes.keys().copied().eq((0..).take(self.nodes.len()))
    }

    pub(crate) fn refused(&self) -> Option<Refusal> {
        self.refused
    }

    /// Memory for one buffer. A buffer is given once: a second request would leave the first pointer dangling.
    fn allocate(&mut self, node: i32, buffer: i32, rows: i64, bytes: i64) -> Result<NonNull<u8>, Refusal> {
        let malformed = Refusal::Malformed { node, buffer, rows, bytes };
        let index = usize::try_from(buffer).ok().filter(|&index| index < BUFFERS).ok_or(malformed)?;
        let rows = usize::try_from(rows).map_err(|_| malformed)?;
        let size = usize::try_from(bytes).map_err(|_| malformed)?;
        if !(0..MAX_NODES).contains(&node) {
            return Err(malformed);
        }
        let entry = self.nodes.entry(node).or_insert_with(|| Node { rows, ..Node::default() });
        if entry.rows != rows || entry.buffers[index].is_some() {
            return Err(malformed);
        }
        let refused = Refusal::OutOfMemory { bytes };
        memory::ask(size).map_err(|_| refused)?;
        let memory = Buffer::zeroed(size).ok_or(refused)?;
        let start = memory.start;
        entry.buffers[index] = Some(memory);
        Ok(start)
    }

    /// The callback handed to the other language; `context` is the address of an `Outputs`.
    ///
    /// # Safety
    /// `context` must come from an exclusive borrow of an `Outputs` that lasts as long as the call.
    pub(crate) unsafe extern "C" fn alloc(
        context: *mut c_void,
        node: i32,
        buffer: i32,
        rows: i64,
        bytes: i64,
    ) -> *mut c_void {
        let granted = catch_unwind(|| {
            // SAFETY: the caller of the function lent us exclusively what `context` points to.
            let outputs = unsafe { &mut *context.cast::<Self>() };
            match outputs.allocate(node, buffer, rows, bytes) {
                Ok(start) => start.as_ptr().cast(),
                Err(refusal) => {
                    outputs.refused.get_or_insert(refusal);
                    std::ptr::null_mut()
                }
            }
        });
        granted.unwrap_or(std::ptr::null_mut())
    }
}

impl Node {
    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// A buffer by its number in the Arrow layout: 0 validity, 1 values or offsets, 2 data.
    #[must_use]
    pub fn buffer(&self, index: usize) -> Option<&Buffer> {
        self.buffers.get(index)?.as_ref()
    }

    /// All buffers, to keep.
    #[must_use]
    pub fn into_buffers(self) -> [Option<Buffer>; BUFFERS] {
        self.buffers
    }

    /// The values as numbers, if they are `f64`: empty where nothing was written.
    #[must_use]
    pub fn f64_values(&self) -> &[f64] {
        self.buffer(1).map_or(&[], Buffer::as_f64)
    }
}

impl Buffer {
    fn zeroed(bytes: usize) -> Option<Self> {
        if bytes == 0 {
            // Julia refuses NULL, and a zero-sized allocation is not defined: any aligned address will do.
            return Some(Self { start: NonNull::without_provenance(ALIGNMENT_ADDRESS), bytes });
        }
        let layout = Layout::from_size_align(bytes, ALIGNMENT).ok()?;
        // SAFETY: the layout's size is not zero.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        Some(Self { start, bytes })
    }

    /// The address of the first byte, a multiple of 64.
    #[must_use]
    pub fn as_ptr(&self) -> *const u8 {
        self.start.as_ptr()
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Whether there is no byte in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: `start` is valid for `bytes`, initialised to zero, and borrowed with `self`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.bytes) }
    }

    /// The whole `f64` numbers in it.
    #[must_use]
    pub fn as_f64(&self) -> &[f64] {
        // SAFETY: 64-byte aligned, initialised, and any bits are an `f64`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().cast(), self.bytes / size_of::<f64>()) }
    }
}

const ALIGNMENT_ADDRESS: std::num::NonZeroUsize = std::num::NonZeroUsize::new(ALIGNMENT).unwrap();

impl Drop for Buffer {
    fn drop(&mut self) {
        if let (1.., Ok(layout)) = (self.bytes, Layout::from_size_align(self.bytes, ALIGNMENT)) {
            // SAFETY: allocated in `zeroed` with this very layout, and freed once.
            unsafe { dealloc(self.start.as_ptr(), layout) };
        }
    }
}

// SAFETY: a buffer owns its memory alone, like a `Box<[u8]>`.
unsafe impl Send for Buffer {}
// SAFETY: through a shared reference it can only be read.
unsafe impl Sync for Buffer {}
