//! What a call through the queue costs.
fn main() {}
