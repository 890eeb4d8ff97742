//! Generated.

use std::fmt::Display;

use crate::Error;

/// A code of the one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum ErrorCode {
    /// {name} must be {allowed}, got `{value}`
    InvalidType = 1001,
    /// column `{name}` is missing; the data has {available}
    MissingColumn = 1002,
    /// no function is named `{name}`; the nearest is `{nearest}`
    UnknownFunction = 1003,
    /// {function} has no parameter `{name}`; the nearest is `{nearest}`, and it takes {allowed}
    UnknownParameter = 1004,
    /// {name} must be {allowed}, got `{value}`
    ParameterOutOfRange = 1005,
    /// column `{name}` must be {allowed}, got `{value}` in row {row}
    InvalidValue = 1006,
    /// column `{name}` is missing in row {row}, which {allowed} refuses
    MissingValue = 1007,
    /// column `{name}` must have {allowed} rows, got `{value}`
    LengthMismatch = 1008,
    /// data must be {allowed}, got `{value}`
    UnsupportedData = 1009,
    /// column `{name}` must be {allowed}, got `{value}`
    UnsupportedType = 1010,
    /// {name} must be {allowed}, got `{value}`
    InvalidShape = 1011,
    /// column `{name}` of type `{value}` needs a copy, which strict_zero_copy refuses; zero-copy needs {allowed}
    ZeroCopyRefused = 1012,
    /// {function} needs at least {allowed} rows without missing values, got `{value}`
    NotEnoughData = 1013,
    /// no table is named `{name}`; the nearest is `{nearest}`
    UnknownTable = 1014,
    /// field `{name}` of table {table} must be {allowed}, got `{value}`
    SchemaMismatch = 1015,
    /// field `{name}` of {record} must be {allowed}, got `{value}`
    InvalidRecord = 1016,
    /// {subject} breaks the rule {rule} within a major version: {allowed}, got `{value}`
    BreakingChange = 1017,
    /// {function} did not converge: {reason} after `{value}` iterations; allowed are {allowed}
    NoConvergence = 2001,
    /// {function} needs {allowed}, got `{value}`
    DegenerateData = 2002,
    /// the snapshot is damaged: {reason}; it must be {allowed}, got `{value}`
    SnapshotCorrupt = 3001,
    /// the snapshot of {name} has version `{value}`, this Omega reads {allowed}
    SnapshotVersion = 3002,
    /// the snapshot is of `{value}`, and must be of {allowed}
    SnapshotMismatch = 3003,
    /// `{path}` cannot be read: {reason}; it must be {allowed}
    FileUnreadable = 3004,
    /// the Arrow stream failed after `{value}` rows: {reason}; the call gave no result
    StreamFailed = 3005,
    /// {function} failed inside Omega: `{reason}`; please report it
    Internal = 4001,
    /// {function} threw in Julia: `{reason}`; please report it
    JuliaException = 4002,
    /// {subject} differs between the languages: must be {allowed}, got `{value}`; run `make generate` and build again
    ContractMismatch = 4003,
    /// the Arrow capsule `{value}` was already released; it must be {allowed}
    ReleasedCapsule = 5001,
    /// column `{name}` is not valid Arrow: {reason} must be {allowed}, got `{value}`
    MalformedArrow = 5002,
    /// data must be in {allowed}, got device type `{value}`
    NonCpuDevice = 5003,
    /// {function} needs Julia, which is unavailable: {reason}; {allowed}
    JuliaUnavailable = 5004,
    /// {function} overflowed Julia's stack: `{reason}`
    JuliaStackOverflow = 5005,
    /// {function} was called in process `{value}`, forked from one that runs Julia; {allowed}
    ForkedProcess = 5006,
    /// {function} could not get `{value}` bytes; at most {allowed} are free
    OutOfMemory = 6001,
    /// Omega needs {allowed}; this processor lacks `{value}`
    UnsupportedCpu = 6002,
    /// {feature} needs `{value}`, which is not installed; {allowed}
    MissingDependency = 6003,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 36] = [Self::InvalidType, Self::MissingColumn, Self::UnknownFunction, Self::UnknownParameter, Self::ParameterOutOfRange, Self::InvalidValue, Self::MissingValue, Self::LengthMismatch, Self::UnsupportedData, Self::UnsupportedType, Self::InvalidShape, Self::ZeroCopyRefused, Self::NotEnoughData, Self::UnknownTable, Self::SchemaMismatch, Self::InvalidRecord, Self::BreakingChange, Self::NoConvergence, Self::DegenerateData, Self::SnapshotCorrupt, Self::SnapshotVersion, Self::SnapshotMismatch, Self::FileUnreadable, Self::StreamFailed, Self::Internal, Self::JuliaException, Self::ContractMismatch, Self::ReleasedCapsule, Self::MalformedArrow, Self::NonCpuDevice, Self::JuliaUnavailable, Self::JuliaStackOverflow, Self::ForkedProcess, Self::OutOfMemory, Self::UnsupportedCpu, Self::MissingDependency];

    /// The message, with {fields}.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::InvalidType => "{name} must be {allowed}, got `{value}`",
            Self::MissingColumn => "column `{name}` is missing; the data has {available}",
            Self::UnknownFunction => "no function is named `{name}`; the nearest is `{nearest}`",
            Self::UnknownParameter => "{function} has no parameter `{name}`; the nearest is `{nearest}`, and it takes {allowed}",
            Self::ParameterOutOfRange => "{name} must be {allowed}, got `{value}`",
            Self::InvalidValue => "column `{name}` must be {allowed}, got `{value}` in row {row}",
            Self::MissingValue => "column `{name}` is missing in row {row}, which {allowed} refuses",
            Self::LengthMismatch => "column `{name}` must have {allowed} rows, got `{value}`",
            Self::UnsupportedData => "data must be {allowed}, got `{value}`",
            Self::UnsupportedType => "column `{name}` must be {allowed}, got `{value}`",
            Self::InvalidShape => "{name} must be {allowed}, got `{value}`",
            Self::ZeroCopyRefused => "column `{name}` of type `{value}` needs a copy, which strict_zero_copy refuses; zero-copy needs {allowed}",
            Self::NotEnoughData => "{function} needs at least {allowed} rows without missing values, got `{value}`",
            Self::UnknownTable => "no table is named `{name}`; the nearest is `{nearest}`",
            Self::SchemaMismatch => "field `{name}` of table {table} must be {allowed}, got `{value}`",
            Self::InvalidRecord => "field `{name}` of {record} must be {allowed}, got `{value}`",
            Self::BreakingChange => "{subject} breaks the rule {rule} within a major version: {allowed}, got `{value}`",
            Self::NoConvergence => "{function} did not converge: {reason} after `{value}` iterations; allowed are {allowed}",
            Self::DegenerateData => "{function} needs {allowed}, got `{value}`",
            Self::SnapshotCorrupt => "the snapshot is damaged: {reason}; it must be {allowed}, got `{value}`",
            Self::SnapshotVersion => "the snapshot of {name} has version `{value}`, this Omega reads {allowed}",
            Self::SnapshotMismatch => "the snapshot is of `{value}`, and must be of {allowed}",
            Self::FileUnreadable => "`{path}` cannot be read: {reason}; it must be {allowed}",
            Self::StreamFailed => "the Arrow stream failed after `{value}` rows: {reason}; the call gave no result",
            Self::Internal => "{function} failed inside Omega: `{reason}`; please report it",
            Self::JuliaException => "{function} threw in Julia: `{reason}`; please report it",
            Self::ContractMismatch => "{subject} differs between the languages: must be {allowed}, got `{value}`; run `make generate` and build again",
            Self::ReleasedCapsule => "the Arrow capsule `{value}` was already released; it must be {allowed}",
            Self::MalformedArrow => "column `{name}` is not valid Arrow: {reason} must be {allowed}, got `{value}`",
            Self::NonCpuDevice => "data must be in {allowed}, got device type `{value}`",
            Self::JuliaUnavailable => "{function} needs Julia, which is unavailable: {reason}; {allowed}",
            Self::JuliaStackOverflow => "{function} overflowed Julia's stack: `{reason}`",
            Self::ForkedProcess => "{function} was called in process `{value}`, forked from one that runs Julia; {allowed}",
            Self::OutOfMemory => "{function} could not get `{value}` bytes; at most {allowed} are free",
            Self::UnsupportedCpu => "Omega needs {allowed}; this processor lacks `{value}`",
            Self::MissingDependency => "{feature} needs `{value}`, which is not installed; {allowed}",
        }
    }

    /// UPPER_SNAKE.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidType => "INVALID_TYPE",
            Self::MissingColumn => "MISSING_COLUMN",
            Self::UnknownFunction => "UNKNOWN_FUNCTION",
            Self::UnknownParameter => "UNKNOWN_PARAMETER",
            Self::ParameterOutOfRange => "PARAMETER_OUT_OF_RANGE",
            Self::InvalidValue => "INVALID_VALUE",
            Self::MissingValue => "MISSING_VALUE",
            Self::LengthMismatch => "LENGTH_MISMATCH",
            Self::UnsupportedData => "UNSUPPORTED_DATA",
            Self::UnsupportedType => "UNSUPPORTED_TYPE",
            Self::InvalidShape => "INVALID_SHAPE",
            Self::ZeroCopyRefused => "ZERO_COPY_REFUSED",
            Self::NotEnoughData => "NOT_ENOUGH_DATA",
            Self::UnknownTable => "UNKNOWN_TABLE",
            Self::SchemaMismatch => "SCHEMA_MISMATCH",
            Self::InvalidRecord => "INVALID_RECORD",
            Self::BreakingChange => "BREAKING_CHANGE",
            Self::NoConvergence => "NO_CONVERGENCE",
            Self::DegenerateData => "DEGENERATE_DATA",
            Self::SnapshotCorrupt => "SNAPSHOT_CORRUPT",
            Self::SnapshotVersion => "SNAPSHOT_VERSION",
            Self::SnapshotMismatch => "SNAPSHOT_MISMATCH",
            Self::FileUnreadable => "FILE_UNREADABLE",
            Self::StreamFailed => "STREAM_FAILED",
            Self::Internal => "INTERNAL",
            Self::JuliaException => "JULIA_EXCEPTION",
            Self::ContractMismatch => "CONTRACT_MISMATCH",
            Self::ReleasedCapsule => "RELEASED_CAPSULE",
            Self::MalformedArrow => "MALFORMED_ARROW",
            Self::NonCpuDevice => "NON_CPU_DEVICE",
            Self::JuliaUnavailable => "JULIA_UNAVAILABLE",
            Self::JuliaStackOverflow => "JULIA_STACK_OVERFLOW",
            Self::ForkedProcess => "FORKED_PROCESS",
            Self::OutOfMemory => "OUT_OF_MEMORY",
            Self::UnsupportedCpu => "UNSUPPORTED_CPU",
            Self::MissingDependency => "MISSING_DEPENDENCY",
        }
    }

    /// The number in the table.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// The code of a number.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }
}

impl Error {
    /// {name} must be {allowed}, got `{value}`
    #[must_use]
    pub fn invalid_type(name: impl Display, allowed: impl Display, value: impl Display) -> Self {
        Self::new(ErrorCode::InvalidType, vec![("name".into(), name.to_string()), ("allowed".into(), allowed.to_string()), ("value".into(), value.to_string())])
    }
    /// column `{name}` is missing; the data has {available}
    #[must_use]
    pub fn missing_column(name: impl Display, available: impl Display) -> Self {
        Self::new(ErrorCode::MissingColumn, vec![("name".into(), name.to_string()), ("available".into(), available.to_string())])
    }
    /// no function is named `{name}`; the nearest is `{nearest}`
    #[must_use]
    pub fn unknown_function(name: impl Display, nearest: impl Display) -> Self {
        Self::new(ErrorCode::UnknownFunction, vec![("name".into(), name.to_string()), ("nearest".into(), nearest.to_string())])
    }
    /// {function} has no parameter `{name}`; the nearest is `{nearest}`, and it takes {allowed}
    #[must_use]
    pub fn unknown_parameter(function: impl Display, name: impl Display, nearest: impl Display, allowed: impl Display) -> Self {
        Self::new(ErrorCode::UnknownParameter, vec![("function".into(), function.to_string()), ("name".into(), name.to_string()), ("nearest".into(), nearest.to_string()), ("allowed".into(), allowed.to_string())])
    }
    /// {name} must be {allowed}, got `{value}`
    #[must_use]
    pub fn parameter_out_of_range(name: impl Display, allowed: impl Display, value: impl Display) -> Self {
        Self::new(ErrorCode::ParameterOutOfRange, vec![("name".into(), name.to_string()), ("allowed".into(), allowed.to_string()), ("value".into(), value.to_string())])
    }
    /// column `{name}` must be {allowed}, got `{value}` in row {row}
    #[must_use]
    pub fn invalid_value(name: impl Display, allowed: impl Display, value: impl Display, row: impl Display) -> Self {
        Self::new(ErrorCode::InvalidValue, vec![("name".into(), name.to_string()), ("allowed".into(), allowed.to_string()), ("value".into(), value.to_string()), ("row".into(), row.to_string())])
    }
    /// column `{name}` is missing in row {row}, which {allowed} refuses
    #[must_use]
    pub fn missing_value(name: impl Display, row: impl Display, allowed: impl Display) -> Self {
        Self::new(ErrorCode::MissingValue, vec![("name".into(), name.to_string()), ("row".into(), row.to_string()), ("allowed".into(), allowed.to_string())])
    }
    /// column `{name}` must have {allowed} rows, got `{value}`
    #[must_use]
    pub fn length_mismatch(name: impl Display, allowed: impl Display, value: impl Display) -> Self {
        Self::new(ErrorCode::LengthMismatch, vec![("name".into(), name.to_string()), ("allowed".into(), allowed.to_string()), ("value".into(), value.to_string())])
    }
    /// data must be {allowed}, got `{value}`
    #[must_use]
    pub fn unsupported_data(allowed: impl Display, value: impl Display) -> Self {
        Self::new(ErrorCode::UnsupportedData, vec![("allowed".into(), allowed.to_string()), ("value".into(), value.to_string())])
    }
    /// column `{name}` must be {allowed}, got `{value}`
    #[must_use]
    pub fn unsupported_type(name: impl Display, allowed: impl Display, value: impl Display) -> Self {
        Self::new(ErrorCode::UnsupportedType, vec![("name".into(), name.to_string()), ("allowed".into(), allowed.to_string()), ("value".into(), value.to_string())])
    }
    /// {name} must be {allowed}, got `{value}`
    #[must_use]
    pub fn invalid_shape(name: impl Display, allowed: impl Display, value: impl Display) -> Self {
        Self::new(ErrorCode::InvalidShape, vec![("name".into(), name.to_string()), ("allowed".into(), allowed.to_string()), ("value".into(), value.to_string())])
    }
    /// column `{name}` of type `{value}` needs a copy, which strict_zero_copy refuses; zero-copy needs {allowed}
    #[must_use]
    pub fn zero_copy_refused(name: impl Display, value: impl Display, allowed: impl Display) -> Self {
        Self::new(ErrorCode::ZeroCopyRefused, vec![("name".into(), name.to_string()), ("value".into(), value.to_string()), ("allowed".into(), allowed.to_string())])
    }
    /// {function} needs at least {allowed} rows without missing values, got `{value}`
    #[must_use]
    pub fn not_enough_data(function: impl Display, allowed: impl Display, value: impl Display) -> Self {
        Self::new(ErrorCode::NotEnoughData, vec![("function".into(), function.to_string()), ("allowed".into(), allowed.to_string()), ("value".into(), value.to_string())])
    }
    /// no table is named `{name}`; the nearest is `{nearest}`
    #[must_use]
    pub fn unknown_table(name: impl Display, nearest: impl Display) -> Self {
        Self::new(ErrorCode::UnknownTable, vec![("name".into(), name.to_string()), ("nearest".into(), nearest.to_string())])
    }
    /// field `{name}` of table {table} must be {allowed}, got `{value}`
    #[must_use]
    pub fn schema_mismatch(name: impl Display, table: impl Display, allowed: impl Display, value: impl Display) -> Self {
        Self::new(ErrorCode::SchemaMismatch, vec![("name".into(), name.to_string()), ("table".into(), table.to_string()), ("allowed".into(), allowed.to_string()), ("value".into(), value.to_string())])
    }
    /// field `{name}` of {record} must be {allowed}, got `{value}`
    #[must_use]
    pub fn invalid_record(name: impl Display, record: impl Display, allowed: impl Display, value: impl Display) -> Self {
        Self::new(ErrorCode::InvalidRecord, vec![("name".into(), name.to_string()), ("record".into(), record.to_string()), ("allowed".into(), allowed.to_string()), ("value".into(), value.to_string())])
    }
    /// {subject} breaks the rule {rule} within a major version: {allowed}, got `{value}`
    #[must_use]
    pub fn breaking_change(subject: impl Display, rule: impl Display, allowed: impl Display, value: impl Display) -> Self {
        Self::new(ErrorCode::BreakingChange, vec![("subject".into(), subject.to_string()), ("rule".into(), rule.to_string()), ("allowed".into(), allowed.to_string()), ("value".into(), value.to_string())])
    }
    /// {function} did not converge: {reason} after `{value}` iterations; allowed are {allowed}
    #[must_use]
    pub fn no_convergence(function: impl Display, reason: impl Display, value: impl Display, allowed: impl Display) -> Self {
        Self::new(ErrorCode::NoConvergence, vec![("function".into(), function.to_string()), ("reason".into(), reason.to_string()), ("value".into(), value.to_string()), ("allowed".into(), allowed.to_string())])
    }
    /// {function} needs {allowed}, got `{value}`
    #[must_use]
    pub fn degenerate_data(function: impl Display, allowed: impl Display, value: impl Display) -> Self {
        Self::new(ErrorCode::DegenerateData, vec![("function".into(), function.to_string()), ("allowed".into(), allowed.to_string()), ("value".into(), value.to_string())])
    }
    /// the snapshot is damaged: {reason}; it must be {allowed}, got `{value}`
    #[must_use]
    pub fn snapshot_corrupt(reason: impl Display, allowed: impl Display, value: impl Display) -> Self {
        Self::new(ErrorCode::SnapshotCorrupt, vec![("reason".into(), reason.to_string()), ("allowed".into(), allowed.to_string()), ("value".into(), value.to_string())])
    }
    /// the snapshot of {name} has version `{value}`, this Omega reads {allowed}
    #[must_use]
    pub fn snapshot_version(name: impl Display, value: impl Display, allowed: impl Display) -> Self {
        Self::new(ErrorCode::SnapshotVersion, vec![("name".into(), name.to_string()), ("value".into(), value.to_string()), ("allowed".into(), allowed.to_string())])
    }
    /// the snapshot is of `{value}`, and must be of {allowed}
    #[must_use]
    pub fn snapshot_mismatch(value: impl Display, allowed: impl Display) -> Self {
        Self::new(ErrorCode::SnapshotMismatch, vec![("value".into(), value.to_string()), ("allowed".into(), allowed.to_string())])
    }
    /// `{path}` cannot be read: {reason}; it must be {allowed}
    #[must_use]
    pub fn file_unreadable(path: impl Display, reason: impl Display, allowed: impl Display) -> Self {
        Self::new(ErrorCode::FileUnreadable, vec![("path".into(), path.to_string()), ("reason".into(), reason.to_string()), ("allowed".into(), allowed.to_string())])
    }
    /// the Arrow stream failed after `{value}` rows: {reason}; the call gave no result
    #[must_use]
    pub fn stream_failed(value: impl Display, reason: impl Display) -> Self {
        Self::new(ErrorCode::StreamFailed, vec![("value".into(), value.to_string()), ("reason".into(), reason.to_string())])
    }
    /// {function} failed inside Omega: `{reason}`; please report it
    #[must_use]
    pub fn internal(function: impl Display, reason: impl Display) -> Self {
        Self::new(ErrorCode::Internal, vec![("function".into(), function.to_string()), ("reason".into(), reason.to_string())])
    }
    /// {function} threw in Julia: `{reason}`; please report it
    #[must_use]
    pub fn julia_exception(function: impl Display, reason: impl Display) -> Self {
        Self::new(ErrorCode::JuliaException, vec![("function".into(), function.to_string()), ("reason".into(), reason.to_string())])
    }
    /// {subject} differs between the languages: must be {allowed}, got `{value}`; run `make generate` and build again
    #[must_use]
    pub fn contract_mismatch(subject: impl Display, allowed: impl Display, value: impl Display) -> Self {
        Self::new(ErrorCode::ContractMismatch, vec![("subject".into(), subject.to_string()), ("allowed".into(), allowed.to_string()), ("value".into(), value.to_string())])
    }
    /// the Arrow capsule `{value}` was already released; it must be {allowed}
    #[must_use]
    pub fn released_capsule(value: impl Display, allowed: impl Display) -> Self {
        Self::new(ErrorCode::ReleasedCapsule, vec![("value".into(), value.to_string()), ("allowed".into(), allowed.to_string())])
    }
    /// column `{name}` is not valid Arrow: {reason} must be {allowed}, got `{value}`
    #[must_use]
    pub fn malformed_arrow(name: impl Display, reason: impl Display, allowed: impl Display, value: impl Display) -> Self {
        Self::new(ErrorCode::MalformedArrow, vec![("name".into(), name.to_string()), ("reason".into(), reason.to_string()), ("allowed".into(), allowed.to_string()), ("value".into(), value.to_string())])
    }
    /// data must be in {allowed}, got device type `{value}`
    #[must_use]
    pub fn non_cpu_device(allowed: impl Display, value: impl Display) -> Self {
        Self::new(ErrorCode::NonCpuDevice, vec![("allowed".into(), allowed.to_string()), ("value".into(), value.to_string())])
    }
    /// {function} needs Julia, which is unavailable: {reason}; {allowed}
    #[must_use]
    pub fn julia_unavailable(function: impl Display, reason: impl Display, allowed: impl Display) -> Self {
        Self::new(ErrorCode::JuliaUnavailable, vec![("function".into(), function.to_string()), ("reason".into(), reason.to_string()), ("allowed".into(), allowed.to_string())])
    }
    /// {function} overflowed Julia's stack: `{reason}`
    #[must_use]
    pub fn julia_stack_overflow(function: impl Display, reason: impl Display) -> Self {
        Self::new(ErrorCode::JuliaStackOverflow, vec![("function".into(), function.to_string()), ("reason".into(), reason.to_string())])
    }
    /// {function} was called in process `{value}`, forked from one that runs Julia; {allowed}
    #[must_use]
    pub fn forked_process(function: impl Display, value: impl Display, allowed: impl Display) -> Self {
        Self::new(ErrorCode::ForkedProcess, vec![("function".into(), function.to_string()), ("value".into(), value.to_string()), ("allowed".into(), allowed.to_string())])
    }
    /// {function} could not get `{value}` bytes; at most {allowed} are free
    #[must_use]
    pub fn out_of_memory(function: impl Display, value: impl Display, allowed: impl Display) -> Self {
        Self::new(ErrorCode::OutOfMemory, vec![("function".into(), function.to_string()), ("value".into(), value.to_string()), ("allowed".into(), allowed.to_string())])
    }
    /// Omega needs {allowed}; this processor lacks `{value}`
    #[must_use]
    pub fn unsupported_cpu(allowed: impl Display, value: impl Display) -> Self {
        Self::new(ErrorCode::UnsupportedCpu, vec![("allowed".into(), allowed.to_string()), ("value".into(), value.to_string())])
    }
    /// {feature} needs `{value}`, which is not installed; {allowed}
    #[must_use]
    pub fn missing_dependency(feature: impl Display, value: impl Display, allowed: impl Display) -> Self {
        Self::new(ErrorCode::MissingDependency, vec![("feature".into(), feature.to_string()), ("value".into(), value.to_string()), ("allowed".into(), allowed.to_string())])
    }
}
