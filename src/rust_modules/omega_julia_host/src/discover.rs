//! Where Julia is: `OMEGA_JULIA`, the path, or beside the Python that asks.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use omega_contract::{Error, Result};

/// What a person can do about a missing Julia.
pub(crate) const REMEDY: &str =
    "install Julia 1.5 or later and put it on the path, or set OMEGA_JULIA to its executable";

/// The Julia executable to use: what `OMEGA_JULIA` names (an executable, or the folder Julia is installed in),
/// else `julia` on `path`, else the one installed beside Python's executable.
///
/// `beside` is the folder of the Python executable, such as `.venv/bin`.
///
/// # Errors
/// JULIA_UNAVAILABLE, with every place that was looked at.
pub fn find(omega_julia: Option<OsString>, path: Option<OsString>, beside: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(named) = omega_julia.filter(|value| !value.is_empty()) {
        let named = PathBuf::from(named);
        let candidates = [named.clone(), named.join("bin/julia")];
        return candidates.into_iter().find(|candidate| is_executable(candidate)).ok_or_else(|| {
            unavailable(format!("OMEGA_JULIA is `{}`, which is no executable and has no bin/julia", named.display()))
        });
    }
    let on_path = path.iter().flat_map(std::env::split_paths).filter(|folder| folder.is_absolute());
    let on_path = on_path.map(|folder| folder.join("julia"));
    let besides = beside.iter().flat_map(|folder| [folder.join("julia"), folder.join("../opt/julia/bin/julia")]);
    on_path.chain(besides).find(|candidate| is_executable(candidate)).ok_or_else(|| {
        let place = beside.as_ref().map_or(String::new(), |folder| format!(", nor beside `{}`", folder.display()));
        unavailable(format!("OMEGA_JULIA is not set, there is no julia on the path{place}"))
    })
}

fn unavailable(reason: String) -> Error {
    Error::julia_unavailable("this function", reason, REMEDY)
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}
