//! States as bytes: postcard, which has no self-description to go wrong, under the frame's checksum.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use omega_contract::{Error, Result, memory};
use postcard::ser_flavors::Size;
use serde::de::{DeserializeOwned, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What kernels keep between rows: data that can be copied, saved and brought back.
///
/// A state of a fixed size is `Copy`, and that is all. One that grows with its rows says how it asks for memory, so
/// that nothing else does.
pub trait State: Send + Sync + Serialize + DeserializeOwned + 'static {
    /// An independent copy.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    fn copy(&self) -> Result<Self>;

    /// Memory for `rows` rows more: taking them needs no other.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; the state is unchanged then.
    fn reserve(&mut self, rows: usize) -> Result<()>;
}

impl<T: Copy + Send + Sync + Serialize + DeserializeOwned + 'static> State for T {
    #[inline]
    fn copy(&self) -> Result<Self> {
        Ok(*self)
    }

    #[inline]
    fn reserve(&mut self, _: usize) -> Result<()> {
        Ok(())
    }
}

/// The bytes of a state.
///
/// # Errors
/// `OUT_OF_MEMORY`
pub fn encode(state: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = memory::filled(size_of_encoded(state)?, 0)?;
    write(state, &mut bytes)?;
    Ok(bytes)
}

/// How many bytes a state takes.
pub(crate) fn size_of_encoded(state: &impl Serialize) -> Result<usize> {
    postcard::serialize_with_flavor(state, Size::default()).map_err(unwritable)
}

/// Writes a state into as many bytes as it takes.
pub(crate) fn write(state: &impl Serialize, bytes: &mut [u8]) -> Result<()> {
    postcard::to_slice(state, bytes).map(|_| ()).map_err(unwritable)
}

/// States are plain data, and there is room for them: nothing can go wrong.
fn unwritable(error: postcard::Error) -> Error {
    Error::internal("omega", error)
}

thread_local! {
    /// Why [`list`] gave up, if memory was the reason: an error of serde has no room for ours.
    static REFUSED: Cell<Option<Error>> = const { Cell::new(None) };
}

/// The state in the bytes, all of which it must use.
///
/// # Errors
/// `SNAPSHOT_CORRUPT` or `OUT_OF_MEMORY`
pub fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    REFUSED.set(None);
    let (state, rest) = postcard::take_from_bytes(bytes).map_err(|error| {
        REFUSED.take().unwrap_or_else(|| {
            Error::snapshot_corrupt("its content cannot be read", "a state of this function", error)
        })
    })?;
    if !rest.is_empty() {
        let value = format!("{} bytes more", rest.len());
        return Err(Error::snapshot_corrupt("bytes follow its content", "a state of this function", value));
    }
    Ok(state)
}

/// An error of serde that stands for one of ours, which [`decode`] then answers.
pub(crate) fn refused<E: serde::de::Error>(error: Error) -> E {
    REFUSED.set(Some(error));
    E::custom("out of memory")
}

/// The refusal of a state that can be read but that no series of rows leads to.
pub(crate) fn impossible(value: impl fmt::Display) -> Error {
    Error::snapshot_corrupt("its content contradicts itself", "a state that rows can lead to", value)
}

/// Vectors in states, for `#[serde(with = "list")]`: they grow with what is there, not with the length that is claimed,
/// and by asking for memory.
pub mod list {
    use super::{Deserialize, Deserializer, List, PhantomData, Serialize, Serializer};

    /// Writes a vector as serde would.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer, T: Serialize>(values: &[T], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values)
    }

    /// Reads a vector.
    ///
    /// # Errors
    /// Those of the deserializer, and of memory that is not to be had.
    pub fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
        deserializer: D,
    ) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_seq(List(PhantomData))
    }
}

/// Bytes within a payload, for `#[serde(with = "bytes")]`: written in one piece and borrowed where they lie.
pub mod bytes {
    use super::{Deserialize, Deserializer, Serializer};

    /// Writes bytes.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    /// Borrows bytes.
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'de [u8], D::Error> {
        Deserialize::deserialize(deserializer)
    }
}

struct List<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Vec<T>, A::Error> {
        let mut values = Vec::new();
        while let Some(item) = items.next_element()? {
            if let Err(error) = memory::push(&mut values, item) {
                return Err(refused(error));
            }
        }
        Ok(values)
    }
}
