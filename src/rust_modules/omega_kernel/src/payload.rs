//! States as bytes: postcard, which has no self-description to go wrong, under the frame's checksum.

use omega_contract::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The bytes of a state.
pub(crate) fn encode(state: &impl Serialize) -> Vec<u8> {
    // Writing to a vector cannot fail, and states are plain data; nothing but an empty payload could be said.
    postcard::to_stdvec(state).unwrap_or_default()
}

/// The state in the bytes, all of which it must use.
pub(crate) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    let (state, rest) = postcard::take_from_bytes(bytes).map_err(|error| {
        Error::snapshot_corrupt("its content cannot be read", "a state of this function", error)
    })?;
    if !rest.is_empty() {
        let value = format!("{} bytes more", rest.len());
        return Err(Error::snapshot_corrupt("bytes follow its content", "a state of this function", value));
    }
    Ok(state)
}

/// The refusal of a state that can be read but that no series of rows leads to.
pub(crate) fn impossible(value: impl std::fmt::Display) -> Error {
    Error::snapshot_corrupt("its content contradicts itself", "a state that rows can lead to", value)
}

/// Whether a type can be kept in a payload; what `Rowwise` and `Reduction` ask of their states.
pub trait State: Clone + Send + Sync + Serialize + DeserializeOwned + 'static {}

impl<T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static> State for T {}
