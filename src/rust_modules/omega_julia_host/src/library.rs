//! libjulia: loaded with the libraries it was built with, and the few functions of it in use.

use std::collections::HashSet;
use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LAZY, RTLD_LOCAL};
use omega_contract::{Error, Result};

use crate::discover::unavailable;
use crate::probe::Probe;

type Value = *mut c_void;

/// The functions of Julia in use. Its libraries are never unloaded, so they stay valid.
///
/// | function | 1.5 | 1.6, 1.7 | 1.8 to 1.11 | 1.12 and later |
/// |---|---|---|---|---|
/// | `jl_eval_string`, `jl_unbox_voidpointer`, `jl_exception_occurred`, `jl_typeof_str`, `jl_atexit_hook` | libjulia | libjulia | libjulia | libjulia |
/// | `jl_gc_safe_enter`, `jl_gc_safe_leave` | libjulia | libjulia | libjulia-internal | libjulia-internal |
/// | `jl_init_with_image_file` | - | - | - | libjulia |
/// | `jl_init_with_image` | - | 1.7 | libjulia | libjulia |
/// | `jl_init_with_image__threading` | libjulia | libjulia | libjulia | - |
/// | `jl_is_initialized` (of another Julia) | libjulia | libjulia | libjulia | libjulia |
///
/// From 1.6 on libjulia is a loader that passes on what `src/jl_exported_funcs.inc` of Julia's source lists. 1.8 renamed
/// what is listed within libjulia-internal, and dropped from the list what is a function only for those who embed Julia
/// and have no header: the two that tell its collector to go on without this thread.
pub(crate) struct Libjulia {
    start: Start,
    eval_string: unsafe extern "C" fn(*const c_char) -> Value,
    unbox_voidpointer: unsafe extern "C" fn(Value) -> *mut c_void,
    exception_occurred: unsafe extern "C" fn() -> Value,
    typeof_str: unsafe extern "C" fn(Value) -> *const c_char,
    atexit_hook: unsafe extern "C" fn(c_int),
    gc_safe_enter: unsafe extern "C" fn() -> i8,
    gc_safe_leave: unsafe extern "C" fn(i8),
}

enum Start {
    WithImage(unsafe extern "C" fn(*const c_char, *const c_char)),
    Alone(unsafe extern "C" fn()),
}

impl Libjulia {
    /// Loads what `probe` found into this process.
    pub(crate) fn load(probe: &Probe) -> Result<Self> {
        let loaded = loaded_libraries();
        refuse_a_running_julia(&loaded)?;
        refuse_another_libunwind(probe, &loaded)?;

        // libunwind and libedit define functions of libgcc and of readline, in their own way. What this process
        // loads later would find those, for libjulia has to be visible to all, unless the real ones come first.
        for shadowed in ["libgcc_s.so.1", "libreadline.so.8"] {
            if let Ok(library) = open(Path::new(shadowed), RTLD_GLOBAL) {
                std::mem::forget(library);
            }
        }
        preload(&probe.libraries, &loaded);
        // Code that Julia compiles finds the run-time's functions by name, among what is visible to all.
        let library = open(&probe.libjulia, RTLD_GLOBAL)
            .map_err(|fault| unavailable(format!("libjulia cannot be loaded: {fault}")))?;
        let symbols = Symbols { libraries: std::iter::once(library).chain(internal(probe)).collect() };
        // SAFETY: the signatures are those of julia.h, the same from 1.5 to the current release.
        let functions = unsafe { Self::look_up(&symbols) };
        std::mem::forget(symbols);
        functions.map_err(|missing| {
            unavailable(format!("`{}` is no Julia we know: it has no {missing}", probe.libjulia.display()))
        })
    }

    /// # Safety
    /// The libraries are libjulia and its parts.
    unsafe fn look_up(symbols: &Symbols) -> std::result::Result<Self, String> {
        // SAFETY: as promised by the caller.
        unsafe {
            Ok(Self {
                start: Self::look_up_start(symbols)?,
                eval_string: symbols.get(c"jl_eval_string")?,
                unbox_voidpointer: symbols.get(c"jl_unbox_voidpointer")?,
                exception_occurred: symbols.get(c"jl_exception_occurred")?,
                typeof_str: symbols.get(c"jl_typeof_str")?,
                atexit_hook: symbols.get(c"jl_atexit_hook")?,
                gc_safe_enter: symbols.get(c"jl_gc_safe_enter")?,
                gc_safe_leave: symbols.get(c"jl_gc_safe_leave")?,
            })
        }
    }

    /// Start-up goes by another name in every few releases; the last two take no image, and are for a release that
    /// has only those.
    ///
    /// # Safety
    /// As for [`Self::look_up`].
    unsafe fn look_up_start(symbols: &Symbols) -> std::result::Result<Start, String> {
        let with_image =
            [c"jl_init_with_image_file", c"jl_init_with_image", c"jl_init_with_image__threading"];
        let alone = [c"jl_init", c"jl_init__threading"];
        // SAFETY: the three have this signature: the folder of the executable, and the image.
        if let Some(start) = with_image.into_iter().find_map(|name| unsafe { symbols.get(name) }.ok()) {
            return Ok(Start::WithImage(start));
        }
        // SAFETY: both take nothing.
        let start = alone.into_iter().find_map(|name| unsafe { symbols.get(name) }.ok());
        start.map(Start::Alone).ok_or_else(|| {
            let names = with_image.iter().chain(&alone).map(|name| format!("`{}`", name.to_string_lossy()));
            names.collect::<Vec<_>>().join(" or ")
        })
    }

    /// Starts Julia; from now on only this thread may call it.
    ///
    /// # Safety
    /// Once per process.
    pub(crate) unsafe fn start(&self, probe: &Probe) -> Result<()> {
        match self.start {
            Start::WithImage(function) if !probe.image.as_os_str().is_empty() => {
                let (bindir, image) = (text(probe.bindir.as_os_str())?, text(probe.image.as_os_str())?);
                // Julia keeps these pointers.
                // SAFETY: both texts live as long as the process.
                unsafe { function(bindir.into_raw(), image.into_raw()) };
            }
            Start::WithImage(_) => return Err(unavailable("it does not say which system image to load")),
            // SAFETY: takes nothing.
            Start::Alone(function) => unsafe { function() },
        }
        Ok(())
    }

    /// The pointer that `code` evaluates to.
    ///
    /// # Safety
    /// On Julia's thread, once started; `code` evaluates to a `Ptr`, or throws.
    pub(crate) unsafe fn eval_pointer(&self, code: &str) -> Result<*mut c_void> {
        let code = text(OsStr::new(code))?;
        // SAFETY: on Julia's thread. The value is read before anything could collect it.
        unsafe {
            let value = (self.eval_string)(code.as_ptr());
            if value.is_null() {
                let kind = CStr::from_ptr((self.typeof_str)((self.exception_occurred)())).to_string_lossy();
                return Err(unavailable(format!("start-up code threw {kind}")));
            }
            Ok((self.unbox_voidpointer)(value))
        }
    }

    /// Runs `wait`, in which this thread touches nothing of Julia's, so that its collector need not wait too.
    ///
    /// # Safety
    /// On Julia's thread, once started.
    pub(crate) unsafe fn while_waiting<T>(&self, wait: impl FnOnce() -> T) -> T {
        // SAFETY: on Julia's thread; entered and left in pairs.
        let state = unsafe { (self.gc_safe_enter)() };
        let answer = wait();
        // SAFETY: the state that was entered from.
        unsafe { (self.gc_safe_leave)(state) };
        answer
    }

    /// Runs Julia's exit hooks and finalizers. Julia is not called again.
    ///
    /// # Safety
    /// On Julia's thread, once started, once.
    pub(crate) unsafe fn end(&self) {
        // SAFETY: as promised by the caller.
        unsafe { (self.atexit_hook)(0) };
    }
}

/// Where functions of Julia are looked for, in this order.
struct Symbols {
    libraries: Vec<Library>,
}

impl Symbols {
    /// A function, or its name where there is none.
    ///
    /// # Safety
    /// `F` is the type of a pointer to the function of this name.
    unsafe fn get<F: Copy>(&self, name: &'static CStr) -> std::result::Result<F, String> {
        // SAFETY: as promised by the caller.
        let mut found = self.libraries.iter().filter_map(|library| unsafe { library.get::<F>(name) }.ok());
        found.next().map(|function| *function).ok_or_else(|| format!("`{}`", name.to_string_lossy()))
    }
}

/// The library behind libjulia, which has loaded it by now; none before 1.6.
///
/// Looked for there, and not among all that is visible to the process: another Julia may be loaded, if none runs.
fn internal(probe: &Probe) -> Option<Library> {
    let is_internal = |file: &&PathBuf| {
        file.file_name().is_some_and(|name| name.to_string_lossy().contains("libjulia-internal."))
    };
    let file = probe.libraries.iter().find(is_internal)?;
    open(file, RTLD_GLOBAL).ok()
}

fn text(value: &OsStr) -> Result<CString> {
    CString::new(value.as_bytes()).map_err(|_| unavailable(format!("`{}` has a zero byte", value.display())))
}

fn open(path: &Path, visibility: c_int) -> std::result::Result<Library, libloading::Error> {
    // SAFETY: libraries of an installation of Julia, or of the system; what they run on loading is theirs.
    unsafe { Library::open(Some(path), RTLD_LAZY | visibility) }
}

/// Loads the libraries by their full names, so that libjulia finds them by their short ones, wherever they are.
///
/// Their order is not that of their needs: each round loads those whose needs are met. What fails for good will
/// fail again, and with a message, when libjulia needs it.
fn preload(libraries: &[PathBuf], loaded: &[PathBuf]) {
    let present: HashSet<_> = loaded.iter().filter_map(|library| library.file_name()).collect();
    let name = |library: &Path| library.file_name().map(OsStr::to_owned).unwrap_or_default();
    let mut missing: Vec<_> = libraries.iter().filter(|library| !present.contains(&*name(library))).collect();
    // First, since with another libunwind than its own Julia crashes when something throws.
    missing.sort_by_key(|library| !name(library).to_string_lossy().starts_with("libunwind"));
    loop {
        let before = missing.len();
        missing.retain(|library| match open(library, RTLD_LOCAL) {
            Ok(library) => {
                std::mem::forget(library);
                false
            }
            Err(_) => true,
        });
        if missing.is_empty() || missing.len() == before {
            return;
        }
    }
}

/// The files of all libraries in this process; none where the system does not tell.
fn loaded_libraries() -> Vec<PathBuf> {
    let maps = std::fs::read("/proc/self/maps").unwrap_or_default();
    let mut files: Vec<PathBuf> = maps
        .split(|&byte| byte == b'\n')
        .filter_map(|line| line.iter().position(|&byte| byte == b'/').map(|start| &line[start..]))
        .filter(|file| file.windows(3).any(|part| part == b".so"))
        .map(|file| PathBuf::from(OsStr::from_bytes(file)))
        .collect();
    files.dedup();
    files
}

/// Two Julias do not fit into one process, and one that is not ours may run on any thread.
///
/// What is asked is a function, and not the name: a library that `juliac` made brings its libjulia along under a name
/// of its own, such as `ICl90UHn_libjulia.so.1.13.1`.
fn refuse_a_running_julia(loaded: &[PathBuf]) -> Result<()> {
    let may_be_julias =
        |file: &&PathBuf| file.file_name().is_some_and(|name| name.to_string_lossy().contains("libjulia"));
    for file in loaded.iter().filter(may_be_julias) {
        // SAFETY: only looks up what is loaded already.
        let running = unsafe {
            Library::open(Some(file), RTLD_LAZY | libc::RTLD_NOLOAD).ok().is_some_and(|library| {
                library
                    .get::<unsafe extern "C" fn() -> c_int>(c"jl_is_initialized")
                    .is_ok_and(|is_initialized| is_initialized() != 0)
            })
        };
        if running {
            return Err(Error::julia_unavailable(
                "this function",
                format!("this process already runs a Julia that is not Omega's, `{}`", file.display()),
                "call it from a process that has not started Julia otherwise, for example through juliacall",
            ));
        }
    }
    Ok(())
}

/// The names are equal and the contents are not: with a newer libunwind, Julia 1.5 crashes on every exception.
fn refuse_another_libunwind(probe: &Probe, loaded: &[PathBuf]) -> Result<()> {
    let is_libunwind = |file: &&PathBuf| {
        file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libunwind.so"))
    };
    let real = |file: &PathBuf| file.canonicalize().unwrap_or_else(|_| file.clone());
    match (probe.libraries.iter().find(is_libunwind), loaded.iter().find(is_libunwind)) {
        (Some(own), Some(other)) if real(own) != real(other) => Err(Error::julia_unavailable(
            "this function",
            format!("this process has loaded `{}`, and Julia needs `{}`", other.display(), own.display()),
            "call a Julia function before importing what needs the other library",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const EVERYWHERE: [&str; 5] = [
        "jl_eval_string",
        "jl_unbox_voidpointer",
        "jl_exception_occurred",
        "jl_typeof_str",
        "jl_atexit_hook",
    ];
    const COLLECTOR: [&str; 2] = ["jl_gc_safe_enter", "jl_gc_safe_leave"];

    /// Two libraries that have these functions and do nothing, as a probe finds Julia's.
    fn made_up(folder: &str, libjulia: &[&str], internal: &[&str]) -> Probe {
        let folder = std::env::temp_dir().join(format!("omega-library-{folder}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let build = |name: &str, functions: &[&str]| {
            let source = folder.join("source.c");
            let text: String = functions.iter().map(|name| format!("void {name}(void) {{}}\n")).collect();
            std::fs::write(&source, text).unwrap();
            let library = folder.join(name);
            let mut compiler = Command::new("cc");
            let built =
                compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status().unwrap();
            assert!(built.success());
            library
        };
        let internal = build("libjulia-internal.so.1", internal);
        Probe {
            bindir: folder.clone(),
            image: folder.join("sys.so"),
            libjulia: build("libjulia.so.1", libjulia),
            libraries: vec![internal],
        }
    }

    fn loaded(probe: &Probe) -> Result<Libjulia> {
        let loaded = Libjulia::load(probe);
        std::fs::remove_dir_all(&probe.bindir).unwrap();
        loaded
    }

    #[test]
    fn every_layout_since_the_oldest_is_known() {
        let layouts = [
            ("1.5", "jl_init_with_image__threading", true),
            ("1.7", "jl_init_with_image", true),
            ("1.8", "jl_init_with_image", false),
            ("1.12", "jl_init_with_image_file", false),
        ];
        for (version, start, collector_in_libjulia) in layouts {
            let mut libjulia = EVERYWHERE.to_vec();
            let mut internal = vec!["ijl_eval_string"];
            libjulia.push(start);
            if collector_in_libjulia { &mut libjulia } else { &mut internal }.extend(COLLECTOR);
            let known = loaded(&made_up(version, &libjulia, &internal));
            assert!(known.is_ok_and(|known| matches!(known.start, Start::WithImage(_))), "{version}");
        }
    }

    #[test]
    fn a_function_that_is_missing_is_named() {
        let all: Vec<_> =
            EVERYWHERE.iter().chain(&COLLECTOR).chain(&["jl_init_with_image"]).copied().collect();
        for &missing in &all {
            let rest: Vec<_> = all.iter().filter(|name| **name != missing).copied().collect();
            let error = loaded(&made_up(missing, &rest, &[])).err().unwrap();
            assert_eq!(error.code().name(), "JULIA_UNAVAILABLE");
            let reason = error.field("reason").unwrap();
            assert!(
                reason.contains(&format!("`{missing}`")) && reason.contains("libjulia.so.1`"),
                "{reason}"
            );
        }
    }
}
