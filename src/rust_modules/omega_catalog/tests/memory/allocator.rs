//! An allocator that refuses when told to, and counts; each thread for itself.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Memory that grows with data gets this large sooner or later. What stays below (a message, a box, the parameters)
/// may take the process along where there is no memory left at all.
const LARGE_BYTES: usize = 4096;

#[global_allocator]
static ALLOCATOR: Stingy = Stingy;

struct Stingy;

thread_local! {
    /// How many large requests are still granted, if they are counted.
    static GRANTED: Cell<Option<usize>> = const { Cell::new(None) };
    static REFUSED: Cell<usize> = const { Cell::new(0) };
    static REQUESTS: Cell<usize> = const { Cell::new(0) };
    static HELD: Cell<isize> = const { Cell::new(0) };
}

/// Whether this request is one to refuse.
fn refuses(bytes: usize) -> bool {
    REQUESTS.set(REQUESTS.get() + 1);
    let (Some(granted), true) = (GRANTED.get(), bytes >= LARGE_BYTES) else { return false };
    GRANTED.set(Some(granted.saturating_sub(1)));
    REFUSED.set(REFUSED.get() + usize::from(granted == 0));
    granted == 0
}

fn hold(bytes: isize) {
    HELD.set(HELD.get() + bytes);
}

// SAFETY: everything is asked of the system's allocator, or refused as one may.
unsafe impl GlobalAlloc for Stingy {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if refuses(layout.size()) {
            return std::ptr::null_mut();
        }
        hold(layout.size().cast_signed());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        hold(-layout.size().cast_signed());
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > layout.size() && refuses(size) {
            return std::ptr::null_mut();
        }
        hold(size.cast_signed() - layout.size().cast_signed());
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Runs `work` with no more than `granted` large requests granted; how many were refused as well.
pub fn granting<T>(granted: usize, work: impl FnOnce() -> T) -> (T, usize) {
    REFUSED.set(0);
    GRANTED.set(Some(granted));
    let done = work();
    GRANTED.set(None);
    (done, REFUSED.get())
}

/// What `work` makes, and how many bytes it holds.
pub fn measured<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    let made = work();
    (made, usize::try_from(HELD.get() - before).unwrap_or(0))
}

/// How often `work` asks for memory.
pub fn requests(work: impl FnOnce()) -> usize {
    let before = REQUESTS.get();
    work();
    REQUESTS.get() - before
}
