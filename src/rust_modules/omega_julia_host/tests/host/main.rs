//! The host with a real Julia, the one that `OMEGA_JULIA` names.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps, its helpers included")]

/// A process for one test.
mod alone;
/// Calls of the package: answers, errors, many threads.
mod calls;
/// Julia for tests, and calls.
mod common;
/// Calls that are stopped.
mod interrupt;
/// What Julia does to the process it runs in.
mod process;
/// A package that breaks the rules of the call.
mod rules;
