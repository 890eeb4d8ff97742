//! What a function in another language reports, read back into our error.

use omega_arrow::c::OmegaError;
use omega_contract::{Error, ErrorCode};

/// Ends the name of a field.
const UNIT: u8 = 0x1f;
/// Ends a field.
const RECORD: u8 = 0x1e;

/// A report for the other side to fill in.
pub(crate) const fn empty_report() -> OmegaError {
    OmegaError {
        struct_size: size_of::<OmegaError>() as u32,
        code: 0,
        row: -1,
        column: -1,
        reserved_flags: 0,
        message: [0; 512],
        fields: [0; 1024],
        reserved: [0; 8],
    }
}

/// The error that `report` tells of; `function` is the one that returned `status`, which is not 0.
pub(crate) fn decode(function: &str, status: i32, report: &OmegaError) -> Error {
    if report.code != status {
        let allowed = format!("the code in its report, `{}`", report.code);
        return Error::contract_mismatch(format!("the status of {function}"), allowed, status);
    }
    match ErrorCode::from_number(report.code) {
        Some(code) => Error::new(code, fields(&report.fields)),
        None => {
            let message = String::from_utf8_lossy(until(&report.message, 0)).into_owned();
            Error::internal(function, format!("error {status}, which this Omega does not know: {message}"))
        }
    }
}

/// The fields, in order. The last may be cut short, for the report has a fixed size.
fn fields(bytes: &[u8]) -> Vec<(String, String)> {
    until(bytes, 0)
        .split(|&byte| byte == RECORD)
        .filter_map(|field| {
            let name = until(field, UNIT);
            let value = field.get(name.len() + 1..)?;
            Some((String::from_utf8_lossy(name).into_owned(), String::from_utf8_lossy(value).into_owned()))
        })
        .collect()
}

fn until(bytes: &[u8], end: u8) -> &[u8] {
    bytes.split(|&byte| byte == end).next().unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(code: i32, fields: &[u8]) -> OmegaError {
        let mut report = empty_report();
        report.code = code;
        report.message[..5].copy_from_slice(b"moved");
        report.fields[..fields.len()].copy_from_slice(fields);
        report
    }

    #[test]
    fn a_known_code_comes_back_with_its_fields() {
        let report = report(1005, b"name\x1fperiod\x1eallowed\x1fat least 2\x1evalue\x1f1\x1e");
        let error = decode("ta.rsi", 1005, &report);
        assert_eq!(error, Error::parameter_out_of_range("period", "at least 2", "1"));
    }

    #[test]
    fn a_last_field_that_was_cut_keeps_what_arrived() {
        let report = report(4002, b"function\x1fprobe.throw\x1ereason\x1fa long st");
        assert_eq!(decode("probe.throw", 4002, &report).field("reason"), Some("a long st"));
    }

    #[test]
    fn an_unknown_code_is_internal_and_keeps_its_message() {
        let error = decode("risk.new", 9999, &report(9999, b""));
        assert_eq!(error.code(), ErrorCode::Internal);
        assert!(error.to_string().contains("9999") && error.to_string().contains("moved"), "{error}");
    }

    #[test]
    fn a_status_that_differs_from_the_report_is_a_broken_contract() {
        assert_eq!(decode("risk.new", 1005, &report(0, b"")).code(), ErrorCode::ContractMismatch);
    }
}
