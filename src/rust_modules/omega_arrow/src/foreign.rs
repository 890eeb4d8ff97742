//! Calls a producer's callbacks so that a C++ exception ends here.
//!
//! Callbacks are C and must not throw, but libraries written in C++ let `std::bad_alloc` through. Nothing in Rust may
//! catch what another language throws: the process would be aborted. So every callback is called through a few
//! instructions with an unwind entry of their own, whose personality says "caught here" and which then return as if the
//! callback had. Frames between the throw and here are cleaned up by the C++ runtime as for any `catch`.

use std::arch::global_asm;
use std::ffi::{CStr, CString, c_char, c_int, c_void};

use super::c::{ArrowArray, ArrowArrayStream, ArrowSchema};

/// What a callback threw instead of returning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thrown {
    /// Whether it was `std::bad_alloc` or one of its kind.
    pub out_of_memory: bool,
    /// The exception's type, as C++ writes it.
    pub what: String,
}

/// A callback that takes its struct and one more pointer.
type Fill<T, U> = unsafe extern "C" fn(*mut T, *mut U) -> c_int;

/// Calls `get_schema` or `get_next`: its return value, or what it threw.
///
/// # Safety
/// As for the callback.
pub(super) unsafe fn fill<U>(
    callback: Fill<ArrowArrayStream, U>,
    stream: *mut ArrowArrayStream,
    target: *mut U,
) -> Result<c_int, Thrown> {
    // SAFETY: as the caller vouches. The upper half of a C int's register is not its own.
    unsafe { call(callback as *const c_void, stream.cast(), target.cast()).map(|value| value as c_int) }
}

/// Calls `get_last_error`; NULL where it threw.
///
/// # Safety
/// As for the callback.
pub(super) unsafe fn last_error(
    callback: unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char,
    stream: *mut ArrowArrayStream,
) -> *const c_char {
    // SAFETY: as the caller vouches.
    let answer = unsafe { call(callback as *const c_void, stream.cast(), std::ptr::null_mut()) };
    answer.map_or(std::ptr::null(), std::ptr::with_exposed_provenance)
}

macro_rules! release_on_drop {
    ($($type:ty),+) => {
        $(impl Drop for $type {
            fn drop(&mut self) {
                if let Some(release) = self.release {
                    // A callback that throws has nobody to tell: what it did not free stays.
                    // SAFETY: a live struct is released once, by its owner, through its own callback.
                    let _ = unsafe { call(release as *const c_void, std::ptr::from_mut(self).cast(), std::ptr::null_mut()) };
                }
            }
        })+
    };
}

release_on_drop!(ArrowSchema, ArrowArray, ArrowArrayStream);

/// Calls a C function of one or two pointers.
unsafe fn call(function: *const c_void, first: *mut c_void, second: *mut c_void) -> Result<usize, Thrown> {
    let mut exception = std::ptr::null_mut();
    // SAFETY: the caller vouches for the function. One that takes one pointer leaves the second alone.
    let value = unsafe { omega_call_foreign(function, first, second, &raw mut exception) };
    if exception.is_null() {
        return Ok(value);
    }
    // SAFETY: the unwinder has just handed this exception over, and nobody else will end it.
    Err(unsafe { end(exception) })
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
unsafe extern "C" {
    /// Returns what `function(first, second)` does, or writes the exception that it threw.
    fn omega_call_foreign(
        function: *const c_void,
        first: *mut c_void,
        second: *mut c_void,
        exception: *mut *mut Exception,
    ) -> usize;
}

/// Elsewhere a callback that throws aborts the process.
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
unsafe fn omega_call_foreign(
    function: *const c_void,
    first: *mut c_void,
    second: *mut c_void,
    _exception: *mut *mut Exception,
) -> usize {
    // SAFETY: the caller vouches for a C function of pointers.
    unsafe {
        let function: unsafe extern "C" fn(*mut c_void, *mut c_void) -> usize = std::mem::transmute(function);
        function(first, second)
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
global_asm!(
    ".hidden omega_call_foreign",
    ".globl omega_call_foreign",
    ".type omega_call_foreign, @function",
    "omega_call_foreign:",
    ".cfi_startproc",
    ".cfi_personality 0x1b, {personality}",
    ".cfi_lsda 0x1b, .Lomega_foreign_caught",
    "push rbx",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbx, -16",
    "mov rbx, rcx",
    "mov rax, rdi",
    "mov rdi, rsi",
    "mov rsi, rdx",
    "call rax",
    "jmp .Lomega_foreign_return",
    ".Lomega_foreign_caught:",
    "mov [rbx], rax",
    "xor eax, eax",
    ".Lomega_foreign_return:",
    "pop rbx",
    ".cfi_def_cfa_offset 8",
    "ret",
    ".cfi_endproc",
    ".size omega_call_foreign, . - omega_call_foreign",
    personality = sym personality,
);

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
global_asm!(
    ".hidden omega_call_foreign",
    ".globl omega_call_foreign",
    ".type omega_call_foreign, @function",
    "omega_call_foreign:",
    ".cfi_startproc",
    ".cfi_personality 0x1b, {personality}",
    ".cfi_lsda 0x1b, .Lomega_foreign_caught",
    "stp x29, x30, [sp, #-32]!",
    ".cfi_def_cfa_offset 32",
    ".cfi_offset x29, -32",
    ".cfi_offset x30, -24",
    "str x19, [sp, #16]",
    ".cfi_offset x19, -16",
    "mov x29, sp",
    "mov x19, x3",
    "mov x9, x0",
    "mov x0, x1",
    "mov x1, x2",
    "blr x9",
    "b .Lomega_foreign_return",
    ".Lomega_foreign_caught:",
    "str x0, [x19]",
    "mov x0, #0",
    ".Lomega_foreign_return:",
    "ldr x19, [sp, #16]",
    "ldp x29, x30, [sp], #32",
    ".cfi_def_cfa_offset 0",
    "ret",
    ".cfi_endproc",
    ".size omega_call_foreign, . - omega_call_foreign",
    personality = sym personality,
);

/// What the unwinder passes around; the thrower's own data surround it.
#[repr(C)]
struct Exception {
    class: u64,
    cleanup: Option<unsafe extern "C" fn(c_int, *mut Exception)>,
    private: [usize; 2],
}

/// The unwinder's picture of a frame.
#[repr(C)]
struct Frame {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    fn _Unwind_SetGR(frame: *mut Frame, register: c_int, value: usize);
    fn _Unwind_SetIP(frame: *mut Frame, address: usize);
    fn _Unwind_GetLanguageSpecificData(frame: *mut Frame) -> usize;
    fn _Unwind_DeleteException(exception: *mut Exception);
}

/// Numbers of the Itanium C++ ABI, "Exception Handling", level I.
mod unwind {
    use std::ffi::c_int;

    pub const SEARCHING: c_int = 1;
    pub const FORCED: c_int = 8;
    pub const HANDLER_FOUND: c_int = 6;
    pub const INSTALL_CONTEXT: c_int = 7;
    /// The register that landing pads find the exception in: rax and x0.
    pub const EXCEPTION_REGISTER: c_int = 0;
}

/// Tells the unwinder what to do when something passes through `omega_call_foreign`.
unsafe extern "C" fn personality(
    _version: c_int,
    actions: c_int,
    _class: u64,
    exception: *mut Exception,
    frame: *mut Frame,
) -> c_int {
    if actions & unwind::FORCED != 0 {
        // The thread is being ended from inside the callback, as older interpreters do with one that asks for the GIL
        // while they shut down. Frames of Rust below cannot be left that way: it waits for the process to end.
        loop {
            std::thread::park();
        }
    }
    if actions & unwind::SEARCHING != 0 {
        return unwind::HANDLER_FOUND;
    }
    // SAFETY: the unwinder vouches for the frame, whose "language specific data" is the address to go on at.
    unsafe {
        _Unwind_SetGR(frame, unwind::EXCEPTION_REGISTER, exception.expose_provenance());
        _Unwind_SetIP(frame, _Unwind_GetLanguageSpecificData(frame));
    }
    unwind::INSTALL_CONTEXT
}

/// Ends an exception as a `catch` would, and says what it was.
unsafe fn end(exception: *mut Exception) -> Thrown {
    // SAFETY: the exception is alive, here and below.
    let (class, cleanup) = unsafe { ((*exception).class, (*exception).cleanup) };
    // The vendor's four letters, and C++; the last byte tells copies from originals.
    let is_cpp = class.to_be_bytes()[4..7] == *b"C++";
    let unknown = Thrown { out_of_memory: false, what: "an exception of no known language".into() };
    let (true, Some(cleanup)) = (is_cpp, cleanup) else {
        // Only its own language could end it: it is left where it is.
        return unknown;
    };
    let Some(runtime) = Runtime::of(cleanup as *const c_void) else {
        // SAFETY: nobody else ends it.
        unsafe { _Unwind_DeleteException(exception) };
        return Thrown { what: "a C++ exception".into(), ..unknown };
    };
    // SAFETY: these are the functions that a C++ `catch (...)` calls, of the library that threw.
    unsafe {
        (runtime.begin_catch)(exception.cast());
        let what = runtime.type_name();
        (runtime.end_catch)();
        let out_of_memory = matches!(what.as_str(), "std::bad_alloc" | "std::bad_array_new_length");
        Thrown { out_of_memory, what }
    }
}

/// The functions of a C++ runtime; a process may hold several.
struct Runtime {
    begin_catch: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    end_catch: unsafe extern "C" fn(),
    /// A `std::type_info*`: a virtual table, then the mangled name.
    exception_type: unsafe extern "C" fn() -> *const [*const c_char; 2],
    demangle: unsafe extern "C" fn(*const c_char, *mut c_char, *mut usize, *mut c_int) -> *mut c_char,
}

impl Runtime {
    /// The runtime that a function belongs to.
    fn of(function: *const c_void) -> Option<Self> {
        // SAFETY: zeros are a valid `Dl_info`, and dladdr fills it; names live as long as their library, which is in use.
        unsafe {
            let mut found: libc::Dl_info = std::mem::zeroed();
            if libc::dladdr(function, &raw mut found) == 0 || found.dli_fname.is_null() {
                return None;
            }
            let path: CString = CStr::from_ptr(found.dli_fname).into();
            let library = libc::dlopen(path.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD);
            if library.is_null() {
                return None;
            }
            let symbol = |name: &CStr| Some(libc::dlsym(library, name.as_ptr())).filter(|it| !it.is_null());
            let symbols = (
                symbol(c"__cxa_begin_catch"),
                symbol(c"__cxa_end_catch"),
                symbol(c"__cxa_current_exception_type"),
                symbol(c"__cxa_demangle"),
            );
            // Only the count that dlopen raised goes down again.
            libc::dlclose(library);
            let (Some(begin), Some(end), Some(exception_type), Some(demangle)) = symbols else { return None };
            // The C++ ABI fixes the signatures of these names.
            Some(Self {
                begin_catch: std::mem::transmute::<
                    *mut c_void,
                    unsafe extern "C" fn(*mut c_void) -> *mut c_void,
                >(begin),
                end_catch: std::mem::transmute::<*mut c_void, unsafe extern "C" fn()>(end),
                exception_type: std::mem::transmute::<
                    *mut c_void,
                    unsafe extern "C" fn() -> *const [*const c_char; 2],
                >(exception_type),
                demangle: std::mem::transmute::<
                    *mut c_void,
                    unsafe extern "C" fn(*const c_char, *mut c_char, *mut usize, *mut c_int) -> *mut c_char,
                >(demangle),
            })
        }
    }

    /// The type of the exception that is being caught, as C++ writes it.
    unsafe fn type_name(&self) -> String {
        // SAFETY: the C++ ABI lays `type_info` out so, and its name is a C string; `demangle` answers with memory of
        // malloc, or NULL.
        unsafe {
            let Some(&[_, mangled]) = (self.exception_type)().as_ref() else {
                return "a C++ exception".into();
            };
            let none = std::ptr::null_mut();
            let written = (self.demangle)(mangled, none, std::ptr::null_mut(), std::ptr::null_mut());
            if written.is_null() {
                return CStr::from_ptr(mangled).to_string_lossy().into_owned();
            }
            let name = CStr::from_ptr(written).to_string_lossy().into_owned();
            libc::free(written.cast());
            name
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C" fn sum(first: *mut c_void, second: *mut c_void) -> usize {
        first.addr() + second.addr()
    }

    #[test]
    fn a_callback_that_returns_is_as_if_called_directly() {
        let pointer = |address: usize| std::ptr::without_provenance_mut::<c_void>(address);
        // SAFETY: a function of two pointers.
        let answer = unsafe { call(sum as *const c_void, pointer(40), pointer(2)) };
        assert_eq!(answer, Ok(42));
    }
}
