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
pub fn find(
    omega_julia: Option<OsString>,
    path: Option<OsString>,
    beside: Option<PathBuf>,
) -> Result<PathBuf> {
    if let Some(named) = omega_julia.filter(|value| !value.is_empty()) {
        let named = PathBuf::from(named);
        let candidates = [named.clone(), named.join("bin/julia")];
        return candidates.into_iter().find(|candidate| is_executable(candidate)).ok_or_else(|| {
            unavailable(format!(
                "OMEGA_JULIA is `{}`, which is no executable and has no bin/julia",
                named.display()
            ))
        });
    }
    let on_path = path.iter().flat_map(std::env::split_paths).filter(|folder| folder.is_absolute());
    let on_path = on_path.map(|folder| folder.join("julia"));
    let besides =
        beside.iter().flat_map(|folder| [folder.join("julia"), folder.join("../opt/julia/bin/julia")]);
    on_path.chain(besides).find(|candidate| is_executable(candidate)).ok_or_else(|| {
        let place =
            beside.as_ref().map_or(String::new(), |folder| format!(", nor beside `{}`", folder.display()));
        unavailable(format!("OMEGA_JULIA is not set, there is no julia on the path{place}"))
    })
}

/// The refusal, with what to do about it.
pub(crate) fn unavailable(reason: impl std::fmt::Display) -> Error {
    Error::julia_unavailable("this function", reason, REMEDY)
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with an executable `bin/julia`, gone when dropped.
    struct Prefix(PathBuf);

    impl Prefix {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("omega-discover-{name}-{}", std::process::id()));
            std::fs::create_dir_all(folder.join("bin")).unwrap();
            std::fs::write(folder.join("bin/julia"), "#!/bin/sh\n").unwrap();
            std::fs::set_permissions(folder.join("bin/julia"), PermissionsExt::from_mode(0o755)).unwrap();
            Self(folder)
        }
    }

    impl Drop for Prefix {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn omega_julia_names_an_executable_or_the_folder_it_is_installed_in() {
        let prefix = Prefix::new("named");
        let julia = prefix.0.join("bin/julia");
        assert_eq!(find(Some(prefix.0.clone().into()), None, None).unwrap(), julia);
        assert_eq!(find(Some(julia.clone().into()), None, None).unwrap(), julia);
    }

    #[test]
    fn omega_julia_that_leads_nowhere_is_refused_even_with_julia_on_the_path() {
        let prefix = Prefix::new("wrong");
        let error = find(Some("/nowhere".into()), Some(prefix.0.join("bin").into()), None).unwrap_err();
        assert!(error.field("reason").unwrap().contains("`/nowhere`"), "{error}");
    }

    #[test]
    fn the_path_comes_before_what_lies_beside_python() {
        let prefix = Prefix::new("path");
        let path = Some(prefix.0.join("bin").into());
        let beside = Some(prefix.0.clone());
        assert_eq!(find(None, path, beside).unwrap(), prefix.0.join("bin/julia"));
    }

    #[test]
    fn a_julia_installed_into_the_environment_of_python_is_found() {
        let prefix = Prefix::new("beside");
        let opt = prefix.0.join("opt/julia");
        std::fs::create_dir_all(&opt).unwrap();
        std::fs::rename(prefix.0.join("bin"), opt.join("bin")).unwrap();
        std::fs::create_dir(prefix.0.join("bin")).unwrap();
        let found = find(Some("".into()), Some("".into()), Some(prefix.0.join("bin"))).unwrap();
        assert_eq!(found.canonicalize().unwrap(), opt.join("bin/julia").canonicalize().unwrap());
    }

    #[test]
    fn nothing_found_says_where_it_looked_and_what_to_do() {
        let error = find(None, None, Some("/nowhere".into())).unwrap_err();
        assert_eq!(error.code().name(), "JULIA_UNAVAILABLE");
        assert!(
            error.to_string().contains("OMEGA_JULIA") && error.to_string().contains("/nowhere"),
            "{error}"
        );
    }
}
