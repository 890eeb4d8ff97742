//! Julia's own thread: start-up, then calls until told to stop.

use std::ffi::{CStr, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use omega_arrow::c::{ArrowArray, ArrowSchema, OmegaError};
use omega_contract::{Error, Result};

use crate::abi::Published;
use crate::discover::unavailable;
use crate::failure::empty_report;
use crate::julia::Settings;
use crate::library::Libjulia;
use crate::outputs::Outputs;
use crate::probe::Probe;
use crate::process::{Habits, StackLimit, end_at_once};
use crate::queue::Queue;

/// The columns of a call, borrowed until it ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct Columns<'a> {
    /// How many columns each input has, in the order of the spec.
    pub per_input: &'a [i32],
    /// A schema for each array.
    pub schemas: &'a [*const ArrowSchema],
    /// The chunks: those of column `c` of `k` chunks each are `arrays[c * k..][..k]`.
    pub arrays: &'a [*const ArrowArray],
}

/// One call, on its way to Julia and back.
pub(crate) struct Job {
    function: i32,
    parameters: *const f64,
    n_parameters: i32,
    schemas: *const *const ArrowSchema,
    arrays: *const *const ArrowArray,
    n_inputs: i32,
    n_columns: *const i32,
    n_arrays: i32,
    outputs: *mut Outputs,
    /// What Julia returned, and what it said.
    pub(crate) status: i32,
    pub(crate) report: OmegaError,
}

// SAFETY: what it points to is borrowed by the caller, who waits until the job is done.
unsafe impl Send for Job {}

impl Job {
    /// None where there are more parameters, inputs or arrays than the call can count.
    pub(crate) fn new(
        function: i32,
        parameters: &[f64],
        columns: Columns<'_>,
        outputs: &mut Outputs,
    ) -> Option<Self> {
        let Columns { per_input, schemas, arrays } = columns;
        Some(Self {
            function,
            parameters: parameters.as_ptr(),
            n_parameters: i32::try_from(parameters.len()).ok()?,
            schemas: schemas.as_ptr(),
            arrays: arrays.as_ptr(),
            n_inputs: i32::try_from(per_input.len()).ok()?,
            n_columns: per_input.as_ptr(),
            n_arrays: i32::try_from(arrays.len()).ok().filter(|_| schemas.len() == arrays.len())?,
            outputs,
            status: 0,
            report: empty_report(),
        })
    }
}

/// Julia, started, on the thread that started it.
pub(crate) struct Runtime {
    library: Libjulia,
    habits: Habits,
    call: omega_arrow::c::Call,
    interrupt: Option<&'static AtomicU32>,
}

impl Runtime {
    /// Loads and starts Julia on this thread, and the package in it. Once it is `unwanted` no further step is taken.
    pub(crate) fn start(settings: &Settings, unwanted: &AtomicBool) -> Result<(Self, Published)> {
        let go_on = || match unwanted.load(Ordering::Acquire) {
            false => Ok(()),
            true => {
                // Again, for what this step loaded has asked to run first.
                end_at_once();
                Err(unavailable("the process ended before it had started"))
            }
        };
        let probe = Probe::run(&settings.julia, unwanted)?;
        let library = Libjulia::load(&probe)?;
        go_on()?;
        let habits = Habits::save();
        let limit = StackLimit::fit();
        // SAFETY: the process's one Julia is started once, and none runs yet.
        let started = habits.guarded_during(|| unsafe { library.start(&probe) });
        drop(limit);
        habits.restore();
        started?;
        go_on()?;
        // SAFETY: on Julia's thread, and the package's table is what the code evaluates to.
        let published = unsafe {
            load_package(&library, &settings.package).and_then(|table| Published::read(table.cast()))?
        };
        go_on()?;
        Ok((Self { library, habits, call: published.call, interrupt: published.interrupt }, published))
    }

    /// Serves calls until the queue is closed, and ends Julia.
    pub(crate) fn serve(&self, queue: &Queue<Job>) {
        if let Some(flag) = self.interrupt {
            queue.watch(flag);
        }
        let call = |job: &mut Job| {
            // SAFETY: the package promises that nothing it throws gets out. What the job points to is borrowed
            // by its caller, who waits.
            job.status = unsafe {
                (self.call)(
                    job.function,
                    job.parameters,
                    job.n_parameters,
                    job.n_inputs,
                    job.n_columns,
                    job.n_arrays,
                    job.schemas,
                    job.arrays,
                    Outputs::alloc,
                    job.outputs.cast::<c_void>(),
                    &raw mut job.report,
                )
            };
        };
        // SAFETY: on Julia's thread; waiting for a job touches nothing of Julia's.
        while queue.work(|wait| unsafe { self.library.while_waiting(wait) }, call) {}
        // SAFETY: on Julia's thread, and nothing calls it again.
        unsafe { self.library.end() };
        self.habits.restore();
    }
}

/// The address of the package's table. The package warms its entries up before it gives it away.
///
/// It is included rather than imported: with nearly all of the time spent on warming up, Julia's cache of
/// packages gains nothing, and it would be written into the user's home.
///
/// # Safety
/// On Julia's thread, once started.
unsafe fn load_package(library: &Libjulia, package: &Path) -> Result<*mut c_void> {
    let package = bytes_literal(package);
    // The text of an exception is made where it can be made safely, and kept where it can be read.
    let code = format!(
        "try
            \"@stdlib\" in LOAD_PATH || push!(LOAD_PATH, \"@stdlib\")
            Base.include(Main, joinpath(String({package}), \"src\", \"OmegaJulia.jl\"))
            Core.eval(Main, :(convert(Ptr{{Cvoid}}, OmegaJulia.abi())))
        catch fault
            global omega_start_up_fault = try sprint(showerror, fault) catch; \"an exception\" end
            C_NULL
        end"
    );
    // SAFETY: on Julia's thread; either branch is a pointer.
    let table = unsafe { library.eval_pointer(&code) }?;
    if !table.is_null() {
        return Ok(table);
    }
    // SAFETY: as above; the text is kept by a global, and ends with a zero byte.
    let fault = unsafe {
        let start = library.eval_pointer("convert(Ptr{Cvoid}, pointer(omega_start_up_fault))")?;
        CStr::from_ptr(start.cast()).to_string_lossy().into_owned()
    };
    Err(package_fault(&fault))
}

fn package_fault(fault: &str) -> Error {
    unavailable(format!("the package OmegaJulia did not load: {fault}"))
}

/// A path as Julia's bytes, in which no character has a meaning of its own.
fn bytes_literal(path: &Path) -> String {
    let bytes: Vec<String> = path.as_os_str().as_bytes().iter().map(|byte| format!("{byte:#04x}")).collect();
    format!("UInt8[{}]", bytes.join(","))
}
