//! The table of entry points that the Julia package publishes.

use std::ffi::{CStr, c_char};
use std::mem::{MaybeUninit, offset_of};
use std::sync::atomic::AtomicU32;

use omega_arrow::c::Call;
use omega_contract::{Error, Result};
use serde_json::Value;

/// The version of the table and of the call's signature that this host speaks.
const VERSION: u32 = 2;

/// What `OmegaJulia.abi()` points to. It lies in static memory of the package.
#[repr(C)]
struct OmegaAbi {
    struct_size: u32,
    abi_version: u32,
    call: Option<Call>,
    specs_json: *const c_char,
    julia_version: *const c_char,
    contract_fingerprint: *const c_char,
    /// Came later: a table may end before it.
    interrupt: *mut u32,
}

/// The table, copied.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) call: Call,
    pub(crate) specs_json: String,
    /// The name of each function, by its number.
    pub(crate) names: Vec<String>,
    pub(crate) version: String,
    pub(crate) contract_fingerprint: String,
    /// Not 0 while the call that runs is to stop; None where the package has no such flag.
    pub(crate) interrupt: Option<&'static AtomicU32>,
}

impl Published {
    /// Copies the table at `address`, if it is one that this host can use.
    ///
    /// # Safety
    /// `address` is what `OmegaJulia.abi()` returned in this process.
    pub(crate) unsafe fn read(address: *const u8) -> Result<Self> {
        // SAFETY: every version of the table begins with these two numbers.
        let (size, version) = unsafe {
            (address.cast::<u32>().read_unaligned(), address.cast::<u32>().add(1).read_unaligned())
        };
        let least = offset_of!(OmegaAbi, interrupt);
        if version != VERSION || (size as usize) < least {
            return Err(Error::contract_mismatch(
                "the table of Julia's entry points",
                format!("version {VERSION} of at least {least} bytes"),
                format!("version {version} of {size} bytes"),
            ));
        }
        let mut table = MaybeUninit::<OmegaAbi>::zeroed();
        let known = size_of::<OmegaAbi>().min(size as usize);
        // SAFETY: it has that many bytes.
        unsafe { address.copy_to_nonoverlapping(table.as_mut_ptr().cast(), known) };
        // SAFETY: it is of the version that has these fields; what lies behind its end is NULL.
        let table = unsafe { table.assume_init() };
        // SAFETY: the package keeps its texts for as long as the process lives.
        let (specs_json, julia_version, contract_fingerprint) = unsafe {
            (text(table.specs_json)?, text(table.julia_version)?, text(table.contract_fingerprint)?)
        };
        let call = table.call.ok_or_else(|| unusable("the call of Julia's table", "a function", "NULL"))?;
        let names = function_names(&specs_json)?;
        // SAFETY: NULL, or an atomic of the package's, which it keeps for as long as the process lives.
        let interrupt = unsafe { table.interrupt.cast::<AtomicU32>().as_ref() };
        Ok(Self { call, specs_json, names, version: julia_version, contract_fingerprint, interrupt })
    }
}

/// # Safety
/// `start` is NULL or a text that ends with a zero byte.
unsafe fn text(start: *const c_char) -> Result<String> {
    if start.is_null() {
        return Err(unusable("a text of Julia's table", "UTF-8", "NULL"));
    }
    // SAFETY: not NULL, and ended by a zero byte.
    let text = unsafe { CStr::from_ptr(start) };
    text.to_str()
        .map(str::to_owned)
        .map_err(|fault| unusable("a text of Julia's table", "UTF-8", &fault.to_string()))
}

fn function_names(specs_json: &str) -> Result<Vec<String>> {
    let allowed = "a JSON array of function specs";
    let specs = serde_json::from_str(specs_json)
        .map_err(|fault| unusable("what Julia publishes", allowed, &fault.to_string()))?;
    let Value::Array(specs) = specs else {
        return Err(unusable("what Julia publishes", allowed, "another value"));
    };
    let name = |spec: &Value| spec.get("name").and_then(Value::as_str).map(str::to_owned);
    specs
        .iter()
        .map(|spec| name(spec).ok_or_else(|| unusable("what Julia publishes", allowed, "no name")))
        .collect()
}

fn unusable(subject: &str, allowed: &str, value: &str) -> Error {
    Error::contract_mismatch(subject, allowed, value)
}

#[cfg(test)]
mod tests {
    use super::function_names;

    #[test]
    fn functions_are_numbered_in_the_order_of_their_specs() {
        let names = function_names(r#"[{"name": "volatility.garch"}, {"name": "probe.identity"}]"#).unwrap();
        assert_eq!(names, ["volatility.garch", "probe.identity"]);
    }

    #[test]
    fn specs_that_are_no_list_of_named_functions_are_refused() {
        for text in ["", "{}", "[1]", r#"[{"title": "garch"}]"#] {
            assert_eq!(function_names(text).unwrap_err().code().name(), "CONTRACT_MISMATCH", "{text}");
        }
    }
}
