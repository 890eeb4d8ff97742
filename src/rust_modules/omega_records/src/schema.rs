//! Arrow schemas as Omega spells them, read from IPC files and from live data.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Cursor;

use arrow_schema::Schema;
use sha2::{Digest, Sha256};

use crate::type_names::type_name;
use omega_contract::{Error, Result};

/// A schema of some Arrow data, whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its columns, in order.
    pub fields: Vec<DescribedField>,
    /// Key-value pairs of the schema as a whole.
    pub metadata: BTreeMap<String, String>,
}

/// A column of a [`Described`] schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedField {
    /// Its name.
    pub name: String,
    /// Its Arrow type, as in `list<utf8>`.
    pub type_name: String,
    /// Whether it is declared to have missing values.
    pub nullable: bool,
    /// Key-value pairs of the column.
    pub metadata: BTreeMap<String, String>,
}

impl Described {
    /// SHA-256 over the canonical text, in hex: one JSON line per field with name, type, nullability and sorted
    /// metadata. `omega.summary` is left out, so that words may be mended.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let lines: Vec<String> = self.fields.iter().map(DescribedField::canonical_line).collect();
        Sha256::digest(lines.join("\n")).iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

impl DescribedField {
    fn canonical_line(&self) -> String {
        let mut metadata = self.metadata.clone();
        metadata.remove("omega.summary");
        let nullable = if self.nullable { "nullable" } else { "required" };
        serde_json::json!([self.name, self.type_name, nullable, metadata]).to_string()
    }
}

impl From<&Schema> for Described {
    fn from(schema: &Schema) -> Self {
        let fields = schema.fields().iter().map(|field| DescribedField {
            name: field.name().clone(),
            type_name: type_name(field.data_type()),
            nullable: field.is_nullable(),
            metadata: field.metadata().clone().into_iter().collect(),
        });
        Self { fields: fields.collect(), metadata: schema.metadata().clone().into_iter().collect() }
    }
}

/// The schema of an Arrow IPC file.
///
/// # Errors
/// `FILE_UNREADABLE`, naming `path`, which is only used for that.
pub fn read_ipc(path: &str, bytes: &[u8]) -> Result<Described> {
    match arrow_ipc::reader::FileReader::try_new(Cursor::new(bytes), None) {
        Ok(reader) => Ok(Described::from(reader.schema().as_ref())),
        Err(reason) => Err(Error::file_unreadable(path, reason, "an Arrow IPC file")),
    }
}
