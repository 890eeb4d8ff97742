//! The one Julia of this process: start, call, stop.

use std::path::PathBuf;
use std::sync::OnceLock;

use omega_contract::arrow::c::{ArrowArray, ArrowSchema};
use omega_contract::{Error, Result};

use crate::Outputs;

/// What to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Julia's executable.
    pub julia: PathBuf,
    /// The folder of the package OmegaJulia.
    pub package: PathBuf,
}

/// The one Julia of this process.
pub struct Julia {
    specs: String,
    version: String,
}

static JULIA: OnceLock<Result<Julia>> = OnceLock::new();

impl Julia {
    /// The process's Julia, started with `settings` if it was not yet. A failure is remembered.
    ///
    /// # Errors
    /// JULIA_UNAVAILABLE, saying why and what to do.
    pub fn start(settings: &Settings) -> Result<&'static Self> {
        JULIA
            .get_or_init(|| Err(Error::julia_unavailable("this function", settings.julia.display(), "")))
            .as_ref()
            .map_err(Clone::clone)
    }

    /// The process's Julia, if it runs.
    #[must_use]
    pub fn started() -> Option<&'static Self> {
        JULIA.get()?.as_ref().ok()
    }

    /// Runs function `id` of [`Self::specs_json`] on Julia's thread, and waits for it.
    ///
    /// # Errors
    /// What the function reports, JULIA_UNAVAILABLE after [`Self::stop`], FORKED_PROCESS in a forked child.
    ///
    /// # Safety
    /// Every pointer must be to a live struct that describes memory which nobody writes during the call.
    pub unsafe fn call(
        &self,
        id: i32,
        params: &[f64],
        schemas: &[*const ArrowSchema],
        arrays: &[*const ArrowArray],
        outputs: &mut Outputs,
    ) -> Result<()> {
        let _ = (id, params, schemas, arrays, outputs);
        Err(Error::julia_unavailable("this function", "", ""))
    }

    /// The published function specs: a JSON array.
    #[must_use]
    pub fn specs_json(&self) -> &str {
        &self.specs
    }

    /// Julia's version, such as `1.5.3`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The fingerprint of the contracts the package was generated from.
    #[must_use]
    pub fn contract_fingerprint(&self) -> &str {
        ""
    }

    /// Ends Julia: its exit hooks run, later calls are refused. Returns within a few seconds in any case.
    pub fn stop(&self) {}
}
