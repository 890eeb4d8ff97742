//! States as bytes: as postcard writes them, behind a number that tells the structure of one state from another's.

mod reader;

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use omega_contract::{Error, Result, memory};
use postcard::ser_flavors::Size;
use serde::de::{DeserializeOwned, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use reader::Reader;

/// The bytes before a state that tell its structure.
const STRUCTURE_BYTES: usize = size_of::<u64>();

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

    /// Memory for `rows` rows more, where the state alone knows how much; else its kernel asks for it.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; the state is unchanged then.
    #[inline]
    fn reserve(&mut self, _rows: usize) -> Result<()> {
        Ok(())
    }
}

impl<T: Copy + Send + Sync + Serialize + DeserializeOwned + 'static> State for T {
    #[inline]
    fn copy(&self) -> Result<Self> {
        Ok(*self)
    }
}

/// A state as bytes that [`load`] reads as `L`, and nothing of another structure does.
///
/// # Errors
/// `OUT_OF_MEMORY`
pub fn save<'de, L: Deserialize<'de>>(state: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = memory::filled(STRUCTURE_BYTES + size_of_encoded(state)?, 0)?;
    let (structure, content) = bytes.split_at_mut(STRUCTURE_BYTES);
    structure.copy_from_slice(&reader::structure::<L>().to_le_bytes());
    write(state, content)?;
    Ok(bytes)
}

/// The state in bytes that [`save`] wrote.
///
/// # Errors
/// `SNAPSHOT_VERSION` where the fields of the state were others when it was saved, `SNAPSHOT_CORRUPT` or `OUT_OF_MEMORY`.
pub fn load<'de, L: Deserialize<'de>>(bytes: &'de [u8]) -> Result<L> {
    let Some((structure, content)) = bytes.split_first_chunk::<STRUCTURE_BYTES>() else {
        return Err(impossible("a state cut short"));
    };
    let (saved, now) = (u64::from_le_bytes(*structure), reader::structure::<L>());
    if saved != now {
        return Err(Error::snapshot_version(
            "the state",
            format!("{saved:016x}"),
            format!("structure {now:016x}"),
        ));
    }
    decode(content)
}

/// The bytes of plain data.
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

/// The data in the bytes, all of which it must use. Numbers that are not finite are refused.
///
/// # Errors
/// `SNAPSHOT_CORRUPT` or `OUT_OF_MEMORY`
pub fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    let corrupt = |what: &str, value: &dyn fmt::Display| {
        Error::snapshot_corrupt(what, "a state of this function", value)
    };
    REFUSED.set(None);
    let mut reader = Reader::new(bytes);
    let read = T::deserialize(&mut reader);
    let Reader::Bytes { rest, not_finite } = reader else { unreachable!("it was made of bytes") };
    match read {
        _ if not_finite => Err(corrupt("it holds a number that is none", &"NaN or infinity")),
        Err(error) => Err(REFUSED.take().unwrap_or_else(|| corrupt("its content cannot be read", &error))),
        Ok(_) if !rest.is_empty() => {
            Err(corrupt("bytes follow its content", &format!("{} bytes more", rest.len())))
        }
        Ok(state) => Ok(state),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Average {
        value: f64,
        shift: f64,
        taken: Option<u32>,
        #[serde(with = "list")]
        slots: Vec<f64>,
    }

    /// The same types, with two fields in each other's place.
    #[derive(Serialize, Deserialize)]
    struct Swapped {
        shift: f64,
        value: f64,
        taken: Option<u32>,
        #[serde(with = "list")]
        slots: Vec<f64>,
    }

    /// Another type within a field.
    #[derive(Serialize, Deserialize)]
    struct Wider {
        value: f64,
        shift: f64,
        taken: Option<u64>,
        #[serde(with = "list")]
        slots: Vec<f64>,
    }

    #[derive(Serialize, Deserialize)]
    enum Kind {
        Plain(f64),
        Double([f64; 2]),
    }

    #[derive(Serialize, Deserialize)]
    enum Longer {
        Plain(f64),
        Double([f64; 3]),
    }

    fn average() -> Average {
        Average { value: 1.0, shift: 2.0, taken: Some(3), slots: vec![4.0, 5.0] }
    }

    #[test]
    fn a_state_comes_back() {
        let bytes = save::<Average>(&average()).unwrap();
        let back: Average = load(&bytes).unwrap();
        assert_eq!((back.value, back.shift, back.taken, back.slots), (1.0, 2.0, Some(3), vec![4.0, 5.0]));
    }

    #[test]
    fn a_state_whose_fields_have_changed_is_refused() {
        let bytes = save::<Average>(&average()).unwrap();
        for error in [load::<Swapped>(&bytes).err(), load::<Wider>(&bytes).err()] {
            assert_eq!(error.map(|error| error.code()), Some(omega_contract::ErrorCode::SnapshotVersion));
        }
    }

    #[test]
    fn every_variant_belongs_to_the_structure() {
        for state in [Kind::Plain(1.0), Kind::Double([1.0, 2.0])] {
            let bytes = save::<Kind>(&state).unwrap();
            assert!(load::<Kind>(&bytes).is_ok() && load::<Longer>(&bytes).is_err());
        }
    }

    #[test]
    fn a_number_that_is_none_is_refused_wherever_it_stands() {
        for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let states = [
                Average { value: wrong, ..average() },
                Average { shift: wrong, ..average() },
                Average { slots: vec![4.0, wrong], ..average() },
            ];
            for state in states {
                let error = load::<Average>(&save::<Average>(&state).unwrap()).err();
                assert_eq!(error.map(|error| error.code()), Some(omega_contract::ErrorCode::SnapshotCorrupt));
            }
        }
    }
}
