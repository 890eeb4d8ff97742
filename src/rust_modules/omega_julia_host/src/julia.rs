//! The one Julia of this process: start, call, stop.

use std::path::PathBuf;

use omega_contract::{Error, Result};

use crate::abi::Published;
use crate::failure::decode;
use crate::fork;
use crate::outputs::{Outputs, Refusal};
use crate::queue::{Poll, Unrun};
use crate::runtime::{Columns, Job};
use crate::start::START;

/// What to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Julia's executable.
    pub julia: PathBuf,
    /// The folder of the package OmegaJulia.
    pub package: PathBuf,
}

/// The one Julia of this process, on a thread of its own. Any thread may call.
pub struct Julia {
    published: Published,
    /// A forked child inherits this value, and not the thread.
    generation: u32,
}

impl Julia {
    /// The process's Julia, started with `settings` if it was not yet: a second one does not fit into a process,
    /// so later settings are of no effect, and a failure stays.
    ///
    /// # Errors
    /// JULIA_UNAVAILABLE, saying why and what to do; CONTRACT_MISMATCH where the package speaks another version;
    /// FORKED_PROCESS in a child of the process that started it, or was about to.
    pub fn start(settings: &Settings) -> Result<&'static Self> {
        START.wait_for(settings, None)
    }

    /// As [`Self::start`]; but a caller who waits asks `poll` every 50 ms whether to wait on, on its own thread
    /// and with no lock held. Once that says true it waits no longer; Julia goes on starting, and a later start
    /// waits for the same one.
    ///
    /// # Errors
    /// As [`Self::start`], and INTERRUPTED for a caller who no longer waits.
    pub fn start_interruptible(settings: &Settings, poll: &mut dyn FnMut() -> bool) -> Result<&'static Self> {
        START.wait_for(settings, Some(poll))
    }

    /// The process's Julia, if it has started.
    #[must_use]
    pub fn started() -> Option<&'static Self> {
        START.outcome()?.as_ref().ok()
    }

    /// Ends the process's Julia: calls that wait are refused, as are all later ones, and its exit hooks run.
    /// Returns within a few seconds even if the call that runs takes longer, and at once where Julia has not
    /// started yet: what is left of its start is then left out as soon as that is safe.
    pub fn stop() {
        START.stop();
    }

    pub(crate) fn new(published: Published, generation: u32) -> Self {
        Self { published, generation }
    }

    /// Runs function `id`, the place of its spec in [`Self::specs_json`], on Julia's thread, and waits for it.
    /// `outputs` is emptied first, and is empty after an error.
    ///
    /// # Errors
    /// What the function reports; JULIA_UNAVAILABLE after [`Self::stop`]; FORKED_PROCESS in a forked child;
    /// CONTRACT_MISMATCH where Julia breaks the rules of the call.
    ///
    /// # Safety
    /// Every pointer must be to a live struct that describes memory which nobody writes during the call.
    pub unsafe fn call(
        &self,
        id: i32,
        params: &[f64],
        columns: Columns<'_>,
        outputs: &mut Outputs,
    ) -> Result<()> {
        // SAFETY: as promised by the caller.
        unsafe { self.call_polled(id, params, columns, outputs, None) }
    }

    /// As [`Self::call`]; but a caller who waits asks `poll` every 50 ms whether to stop, on its own thread and
    /// with no lock held. Once that says true it is not asked again: a call that waits for its turn is taken
    /// back, and one that runs is asked to stop, and waited for, as it reads and writes memory of the caller's.
    ///
    /// # Errors
    /// As [`Self::call`], and INTERRUPTED for a call that was stopped. One that ended before it noticed has its
    /// answer nevertheless.
    ///
    /// # Panics
    /// If `poll` does, after the call was stopped.
    ///
    /// # Safety
    /// As [`Self::call`].
    pub unsafe fn call_interruptible(
        &self,
        id: i32,
        params: &[f64],
        columns: Columns<'_>,
        outputs: &mut Outputs,
        poll: &mut dyn FnMut() -> bool,
    ) -> Result<()> {
        // SAFETY: as promised by the caller.
        unsafe { self.call_polled(id, params, columns, outputs, Some(poll)) }
    }

    /// # Safety
    /// As [`Self::call`].
    unsafe fn call_polled(
        &self,
        id: i32,
        params: &[f64],
        columns: Columns<'_>,
        outputs: &mut Outputs,
        poll: Option<Poll<'_>>,
    ) -> Result<()> {
        outputs.clear();
        let name = usize::try_from(id).ok().and_then(|index| self.published.names.get(index));
        let Some(name) = name else {
            return Err(Error::internal("a call of Julia", format!("there is no function {id}")));
        };
        self.refuse_fork(name)?;
        let Some(mut job) = Job::new(id, params, columns, outputs) else {
            return Err(Error::internal(name, "schemas and arrays do not match, or are too many"));
        };
        let answer = match START.queue.run(&mut job, poll) {
            Err(Unrun::Withdrawn) => {
                Err(Error::interrupted(name, 0, "calling it again starts from the beginning"))
            }
            Err(Unrun::Forked) => Err(forked(name)),
            Err(Unrun::Closed) => Err(Error::julia_unavailable(
                name,
                "it was stopped",
                "start a new process: Julia cannot be started twice in one",
            )),
            Ok(()) if job.status != 0 => Err(decode(name, job.status, &job.report)),
            Ok(()) => check(name, outputs),
        };
        if answer.is_err() {
            outputs.clear();
        }
        answer
    }

    /// The published function specs: a JSON array, in the order of their numbers.
    #[must_use]
    pub fn specs_json(&self) -> &str {
        &self.published.specs_json
    }

    /// The names of the functions, by their numbers.
    #[must_use]
    pub fn function_names(&self) -> &[String] {
        &self.published.names
    }

    /// Julia's version, such as `1.5.3`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.published.version
    }

    /// The fingerprint of the contracts that the package was generated from.
    #[must_use]
    pub fn contract_fingerprint(&self) -> &str {
        &self.published.contract_fingerprint
    }

    fn refuse_fork(&self, function: &str) -> Result<()> {
        if fork::generation() == self.generation { Ok(()) } else { Err(forked(function)) }
    }
}

/// FORKED_PROCESS: Julia's threads stayed with the parent.
pub(crate) fn forked(function: &str) -> Error {
    let allowed = "its parent runs Julia: start processes with `spawn`, or call Julia only after forking";
    fork::refusal(function, allowed)
}

/// Whether what Julia wrote can be what it was asked for.
fn check(function: &str, outputs: &Outputs) -> Result<()> {
    match outputs.refused() {
        Some(Refusal::OutOfMemory { bytes }) => {
            Err(Error::out_of_memory(function, bytes, "what the system has"))
        }
        Some(Refusal::Malformed { node, buffer, rows, bytes }) => Err(Error::contract_mismatch(
            format!("what {function} allocates"),
            "one request for each buffer, and one length for each output",
            format!("output {node}, buffer {buffer}, {rows} rows in {bytes} bytes"),
        )),
        None if !outputs.is_gapless() => Err(Error::contract_mismatch(
            format!("what {function} returns"),
            "outputs numbered without gaps",
            format!("{} outputs", outputs.len()),
        )),
        None => Ok(()),
    }
}
