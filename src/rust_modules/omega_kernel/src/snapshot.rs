//! The frame around every saved state: what it is of, and proof that it arrived whole.
//!
//! ```text
//! "OMEGASNP"  8 bytes
//! format      u16 little-endian
//! body        the rest of [`Snapshot`], as postcard writes it
//! checksum    CRC-32 of all of the above, u32 little-endian
//! ```

use omega_contract::{Error, Result, memory};
use serde::{Deserialize, Serialize};

use crate::Nulls;
use crate::payload::{self, bytes, list, size_of_encoded};

const MAGIC: &[u8; 8] = b"OMEGASNP";
/// Rises when the frame changes; a payload tells by itself when its state has other fields.
const FORMAT: u16 = 2;
const HEADER_BYTES: usize = MAGIC.len() + size_of::<u16>();
const CHECKSUM_BYTES: usize = size_of::<u32>();

/// What a snapshot brings back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SnapshotKind {
    /// One series of a rowwise function.
    Stream,
    /// Many series of a rowwise function.
    Grouped,
    /// A reduction under way.
    Accumulator,
    /// Several functions together; the payload holds their snapshots.
    FeatureSet,
    /// Several metrics together; the payload holds what their summaries know.
    MetricSet,
}

/// A saved state and what it is of, borrowed from what it is saved from or read from.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot<'a> {
    /// What it brings back.
    pub kind: SnapshotKind,
    /// The name of the function, as in `ta.rsi`.
    pub function: &'a str,
    /// The version of the function that wrote the payload.
    pub version: &'a str,
    /// The resolved parameters.
    pub params: Vec<f64>,
    /// The policy for missing inputs.
    pub nulls: Nulls,
    /// The state, in a form that only the function knows.
    pub payload: &'a [u8],
}

#[derive(Serialize, Deserialize)]
struct Body<'a> {
    kind: SnapshotKind,
    function: &'a str,
    version: &'a str,
    #[serde(with = "list")]
    params: Vec<f64>,
    nulls: u8,
    #[serde(with = "bytes")]
    payload: &'a [u8],
}

impl<'a> Snapshot<'a> {
    /// The bytes to keep.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn encode(&self) -> Result<Vec<u8>> {
        let body = Body {
            kind: self.kind,
            function: self.function,
            version: self.version,
            params: memory::copied(&self.params)?,
            nulls: self.nulls.number(),
            payload: self.payload,
        };
        let end = HEADER_BYTES + size_of_encoded(&body)?;
        let mut bytes = memory::filled(end + CHECKSUM_BYTES, 0)?;
        bytes[..MAGIC.len()].copy_from_slice(MAGIC);
        bytes[MAGIC.len()..HEADER_BYTES].copy_from_slice(&FORMAT.to_le_bytes());
        payload::write(&body, &mut bytes[HEADER_BYTES..end])?;
        let checksum = crc32fast::hash(&bytes[..end]);
        bytes[end..].copy_from_slice(&checksum.to_le_bytes());
        Ok(bytes)
    }

    /// What the bytes hold.
    ///
    /// # Errors
    /// `SNAPSHOT_CORRUPT` if they are not a whole snapshot, `SNAPSHOT_VERSION` if a newer Omega wrote them,
    /// `OUT_OF_MEMORY`.
    pub fn decode(bytes: &'a [u8]) -> Result<Self> {
        let size = bytes.len();
        if size < HEADER_BYTES + CHECKSUM_BYTES {
            let allowed = format!("at least {} bytes", HEADER_BYTES + CHECKSUM_BYTES);
            return Err(Error::snapshot_corrupt("it is cut short", allowed, format!("{size} bytes")));
        }
        let (content, checksum) = bytes.split_at(size - CHECKSUM_BYTES);
        if !content.starts_with(MAGIC) {
            let start = content[..MAGIC.len()].escape_ascii().to_string();
            return Err(Error::snapshot_corrupt("it is not one of Omega's", "begun with `OMEGASNP`", start));
        }
        let computed = crc32fast::hash(content);
        let stored = u32::from_le_bytes([checksum[0], checksum[1], checksum[2], checksum[3]]);
        if stored != computed {
            let allowed = format!("checksum {computed:08x}");
            return Err(Error::snapshot_corrupt("some bytes changed", allowed, format!("{stored:08x}")));
        }
        let format = u16::from_le_bytes([content[8], content[9]]);
        if format != FORMAT {
            return Err(Error::snapshot_version("the frame", format, format!("version {FORMAT}")));
        }
        let body: Body<'a> = payload::decode(&content[HEADER_BYTES..])?;
        let nulls = Nulls::from_number(body.nulls)
            .ok_or_else(|| Error::snapshot_corrupt("an unknown policy", "from 0 to 2", body.nulls))?;
        Ok(Self {
            kind: body.kind,
            function: body.function,
            version: body.version,
            params: body.params,
            nulls,
            payload: body.payload,
        })
    }
}
