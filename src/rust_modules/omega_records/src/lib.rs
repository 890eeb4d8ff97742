//! One row of each table as a struct, to and from Arrow and JSON.
//!
//! The structs are generated from the table schemas. What they share is here: [`Record`] carries rows across,
//! [`Mapped`] is one line of the type mapping. No other crate but `omega_rust` needs arrow-rs.

/// The constraints of a field, each refused as `INVALID_RECORD`.
mod check;
/// Decimals as JSON text, never rounded.
mod exact;
/// The structs. Generated.
mod generated;
/// Arrow schemas as Omega spells them, read from IPC files and from live data.
pub mod schema;
/// How Omega spells Arrow types.
mod type_names;
/// Times as JSON text, in UTC only.
mod utc;
/// The type mapping between Arrow and Rust.
mod values;

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use generated::*;
pub use values::{Column, Mapped};

use omega_contract::{Error, Result, tables};

/// One row of a table.
pub trait Record: Serialize + DeserializeOwned + Clone + PartialEq {
    /// Its name, as in `Bar`.
    const NAME: &'static str;
    /// Its table, as in `bars`.
    const TABLE: &'static str;

    /// Whether every field keeps the constraints of the schema.
    ///
    /// # Errors
    /// `INVALID_RECORD`, naming the field and what is allowed.
    fn check(&self) -> Result<()>;

    /// The columns of some rows, in the order of the table.
    ///
    /// # Errors
    /// `INVALID_RECORD` where a value does not fit its Arrow type.
    fn columns(rows: &[Self], types: &[DataType]) -> Result<Vec<ArrayRef>>;

    /// The rows of some columns, given in the order of the table.
    ///
    /// # Errors
    /// `SCHEMA_MISMATCH`, `MISSING_VALUE` or `INVALID_RECORD`.
    fn rows(columns: &[ArrayRef]) -> Result<Vec<Self>>;

    /// A record from its JSON.
    ///
    /// # Errors
    /// `INVALID_RECORD`, with what the parser says.
    fn from_json(text: &str) -> Result<Self> {
        let record: Self = serde_json::from_str(text)
            .map_err(|reason| Error::invalid_record("JSON", Self::NAME, "an object of its fields", reason))?;
        record.check()?;
        Ok(record)
    }

    /// The JSON of a record, which the other languages read.
    ///
    /// # Errors
    /// `INVALID_RECORD` when the record does not keep its constraints.
    fn to_json(&self) -> Result<String> {
        self.check()?;
        serde_json::to_string(self)
            .map_err(|reason| Error::invalid_record("JSON", Self::NAME, "an object of its fields", reason))
    }

    /// Rows as one Arrow batch of the table's schema.
    ///
    /// # Errors
    /// `INVALID_RECORD` for a row that does not keep its constraints.
    fn to_batch(rows: &[Self]) -> Result<RecordBatch> {
        rows.iter().try_for_each(Self::check)?;
        let schema = arrow_schema(tables::get(Self::TABLE)?);
        let types: Vec<DataType> = schema.fields().iter().map(|field| field.data_type().clone()).collect();
        let columns = Self::columns(rows, &types)?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        RecordBatch::try_new_with_options(Arc::new(schema), columns, &options)
            .map_err(|reason| Error::internal(Self::NAME, reason))
    }

    /// Rows from an Arrow batch, whose columns are found by name; further columns are left alone.
    ///
    /// # Errors
    /// `MISSING_COLUMN`, `SCHEMA_MISMATCH`, `MISSING_VALUE` or `INVALID_RECORD`.
    fn from_batch(batch: &RecordBatch) -> Result<Vec<Self>> {
        let table = tables::get(Self::TABLE)?;
        let columns: Vec<ArrayRef> = table
            .fields
            .iter()
            .map(|field| {
                batch.column_by_name(field.name).cloned().ok_or_else(|| {
                    let names: Vec<String> =
                        batch.schema().fields().iter().map(|f| f.name().clone()).collect();
                    Error::missing_column(field.name, names.join(", "))
                })
            })
            .collect::<Result<_>>()?;
        let rows = Self::rows(&columns)?;
        rows.iter().try_for_each(Self::check)?;
        Ok(rows)
    }
}

/// The Arrow schema of a table, without metadata.
#[must_use]
pub fn arrow_schema(table: &tables::Table) -> Schema {
    let fields: Vec<Field> = table
        .fields
        .iter()
        .map(|field| Field::new(field.name, data_type(field.type_name), field.nullable))
        .collect();
    Schema::new(fields)
}

/// The Arrow type of a spelling that table schemas use.
fn data_type(name: &str) -> DataType {
    if let Some(item) = name.strip_prefix("list<").and_then(|rest| rest.strip_suffix('>')) {
        return DataType::List(Arc::new(Field::new("item", data_type(item), false)));
    }
    if let Some(scale) = name.strip_prefix("decimal128(38, ").and_then(|rest| rest.strip_suffix(')')) {
        return DataType::Decimal128(38, scale.parse().unwrap_or_default());
    }
    match name {
        "float64" => DataType::Float64,
        "int64" => DataType::Int64,
        "bool" => DataType::Boolean,
        "timestamp[us, UTC]" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        // The generator refuses any other spelling, so that this is text.
        _ => DataType::Utf8,
    }
}

/// One column of some rows: what generated code calls per field.
fn write<'a, R: 'a, T: Mapped + 'a>(
    rows: &'a [R],
    field: impl Fn(&'a R) -> &'a T,
    data_type: &DataType,
) -> Result<ArrayRef> {
    let values: Vec<Option<&T>> = rows.iter().map(|row| Some(field(row))).collect();
    T::write(&values, data_type)
}

/// One field of some rows: what generated code calls per column.
fn read<T: Mapped>(column: Column, array: &ArrayRef) -> Result<std::vec::IntoIter<T>> {
    let values = T::read(array.as_ref(), column)?;
    let present: Vec<T> = values
        .into_iter()
        .enumerate()
        .map(|(row, value)| {
            value.ok_or_else(|| Error::missing_value(column.name, row, format!("table {}", column.table)))
        })
        .collect::<Result<_>>()?;
    Ok(present.into_iter())
}
