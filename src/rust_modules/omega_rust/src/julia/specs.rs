//! What Julia's functions say about themselves, read from the package's data: no build stands between a spec and its callers.

use std::ffi::{CStr, OsStr, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use omega_contract::spec::FunctionSpec;
use omega_contract::{Error, Result};

/// Where the specs lie, from the folder of this library, which is that of the package `omega`.
const FILE: &str = "schemas/julia_functions.json";

/// The specs, as data and as the text they were read from.
struct Specs {
    functions: Vec<FunctionSpec>,
    text: String,
}

#[expect(clippy::disallowed_types, reason = "the import of the module makes it, before anyone can fork")]
static SPECS: std::sync::LazyLock<Result<Specs>> = std::sync::LazyLock::new(|| read(&library()?));

/// The functions of Julia; the place in the list is the number at the boundary. None where their file is missing or broken.
pub fn specs() -> &'static [FunctionSpec] {
    SPECS.as_ref().map_or(&[], |specs| &specs.functions)
}

/// Why there are none.
pub fn fault() -> Option<&'static Error> {
    SPECS.as_ref().err()
}

/// The specs as they were read.
pub fn text() -> Result<&'static str> {
    SPECS.as_ref().map(|specs| specs.text.as_str()).map_err(Clone::clone)
}

fn read(library: &Path) -> Result<Specs> {
    let path = library.with_file_name(FILE);
    let subject = format!("`{}`, which describes Julia's functions,", path.display());
    let text = std::fs::read_to_string(&path)
        .map_err(|fault| Error::contract_mismatch(&subject, "a file that can be read", fault))?;
    let functions = serde_json::from_str(&text)
        .map_err(|fault| Error::contract_mismatch(&subject, "as this version of Omega writes it", fault))?;
    Ok(Specs { functions, text })
}

/// The file that this code was loaded from.
fn library() -> Result<PathBuf> {
    let mut found = libc::Dl_info {
        dli_fname: std::ptr::null(),
        dli_fbase: std::ptr::null_mut(),
        dli_sname: std::ptr::null(),
        dli_saddr: std::ptr::null_mut(),
    };
    let own: *const c_void = (library as fn() -> Result<PathBuf>) as *const c_void;
    // SAFETY: any address may be asked about, and the answer is written into a struct of ours.
    let known = unsafe { libc::dladdr(own, &raw mut found) } != 0 && !found.dli_fname.is_null();
    if !known {
        return Err(Error::internal("omega", "the loader does not know where this library lies"));
    }
    // SAFETY: a text that the loader keeps for as long as the library is loaded.
    let name = unsafe { CStr::from_ptr(found.dli_fname) };
    Ok(PathBuf::from(OsStr::from_bytes(name.to_bytes())))
}
