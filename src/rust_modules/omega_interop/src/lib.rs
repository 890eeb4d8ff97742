//! Tests only: the Arrow data that Omega reads and writes, held against arrow-rs and arrow2 over the C interface.
#![cfg(test)]

/// One library's C structs as another's, cut, and counted when they are released.
mod bridge;
/// Group keys, numbered as the values that the library says.
mod keys;
/// Numbers of every type, read as the values that the library says.
mod numbers;
/// Records of the tables, taken by arrow2 and back.
mod records;
/// Streams of batches and of columns, chunk by chunk.
mod streams;
/// Columns and tables of answers, taken by both libraries and released once.
mod writing;
