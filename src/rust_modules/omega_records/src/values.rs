//! The type mapping between Arrow and Rust, one implementation per row.

use std::fmt::Display;
use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, LargeListArray,
    LargeStringArray, ListArray, StringArray, StringViewArray, TimestampMicrosecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::type_names::type_name;
use omega_contract::{Error, Result};

/// The column that is read, for messages.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its table.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
}

impl Column {
    fn mismatch(self, allowed: &str, array: &dyn Array) -> Error {
        Error::schema_mismatch(self.name, self.table, allowed, type_name(array.data_type()))
    }

    fn invalid(self, allowed: impl Display, value: impl Display) -> Error {
        Error::invalid_record(self.name, format!("table {}", self.table), allowed, value)
    }
}

/// A Rust type with a row in the type mapping.
pub trait Mapped: Sized {
    /// An Arrow array of a type; `None` is null.
    ///
    /// # Errors
    /// `INVALID_RECORD` for a value that the Arrow type cannot hold.
    fn write(values: &[Option<&Self>], data_type: &DataType) -> Result<ArrayRef>;

    /// The values of an Arrow array; null is `None`.
    ///
    /// # Errors
    /// `SCHEMA_MISMATCH` for an array of another type.
    fn read(array: &dyn Array, column: Column) -> Result<Vec<Option<Self>>>;
}

impl Mapped for f64 {
    fn write(values: &[Option<&Self>], _: &DataType) -> Result<ArrayRef> {
        Ok(Arc::new(values.iter().map(|value| value.copied()).collect::<Float64Array>()))
    }

    fn read(array: &dyn Array, column: Column) -> Result<Vec<Option<Self>>> {
        let array =
            array.as_any().downcast_ref::<Float64Array>().ok_or_else(|| column.mismatch("float64", array))?;
        Ok(array.iter().collect())
    }
}

impl Mapped for i64 {
    fn write(values: &[Option<&Self>], _: &DataType) -> Result<ArrayRef> {
        Ok(Arc::new(values.iter().map(|value| value.copied()).collect::<Int64Array>()))
    }

    fn read(array: &dyn Array, column: Column) -> Result<Vec<Option<Self>>> {
        let array =
            array.as_any().downcast_ref::<Int64Array>().ok_or_else(|| column.mismatch("int64", array))?;
        Ok(array.iter().collect())
    }
}

impl Mapped for bool {
    fn write(values: &[Option<&Self>], _: &DataType) -> Result<ArrayRef> {
        Ok(Arc::new(values.iter().map(|value| value.copied()).collect::<BooleanArray>()))
    }

    fn read(array: &dyn Array, column: Column) -> Result<Vec<Option<Self>>> {
        let array =
            array.as_any().downcast_ref::<BooleanArray>().ok_or_else(|| column.mismatch("bool", array))?;
        Ok(array.iter().collect())
    }
}

impl Mapped for String {
    fn write(values: &[Option<&Self>], _: &DataType) -> Result<ArrayRef> {
        Ok(Arc::new(values.iter().map(|value| value.map(String::as_str)).collect::<StringArray>()))
    }

    fn read(array: &dyn Array, column: Column) -> Result<Vec<Option<Self>>> {
        let any = array.as_any();
        if let Some(array) = any.downcast_ref::<StringArray>() {
            Ok(array.iter().map(|value| value.map(str::to_owned)).collect())
        } else if let Some(array) = any.downcast_ref::<LargeStringArray>() {
            Ok(array.iter().map(|value| value.map(str::to_owned)).collect())
        } else if let Some(array) = any.downcast_ref::<StringViewArray>() {
            Ok(array.iter().map(|value| value.map(str::to_owned)).collect())
        } else {
            Err(column.mismatch("utf8", array))
        }
    }
}

impl Mapped for DateTime<Utc> {
    fn write(values: &[Option<&Self>], _: &DataType) -> Result<ArrayRef> {
        let micros = values.iter().map(|value| value.map(Self::timestamp_micros));
        Ok(Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC")))
    }

    fn read(array: &dyn Array, column: Column) -> Result<Vec<Option<Self>>> {
        let wanted = "timestamp[us, UTC]";
        let found = array.as_any().downcast_ref::<TimestampMicrosecondArray>();
        let found = found.filter(|array| type_name(array.data_type()) == wanted);
        let array = found.ok_or_else(|| column.mismatch(wanted, array))?;
        array
            .iter()
            .map(|value| match value {
                None => Ok(None),
                Some(micros) => Self::from_timestamp_micros(micros)
                    .map(Some)
                    .ok_or_else(|| column.invalid("in the years 1 to 9999", micros)),
            })
            .collect()
    }
}

impl Mapped for Decimal {
    fn write(values: &[Option<&Self>], data_type: &DataType) -> Result<ArrayRef> {
        let DataType::Decimal128(precision, scale) = *data_type else {
            return Err(Error::contract_mismatch(
                "the type of a decimal column",
                "decimal128",
                type_name(data_type),
            ));
        };
        let mantissas: Vec<Option<i128>> = values
            .iter()
            .map(|value| match value {
                None => Ok(None),
                Some(value) => scaled(**value, u32::from(scale.unsigned_abs())).map(Some).ok_or_else(|| {
                    Error::invalid_record(
                        "decimal",
                        "a decimal column",
                        format!("exact in {}", type_name(data_type)),
                        value,
                    )
                }),
            })
            .collect::<Result<_>>()?;
        let array = Decimal128Array::from(mantissas).with_precision_and_scale(precision, scale);
        Ok(Arc::new(array.map_err(|reason| Error::internal("decimal128", reason))?))
    }

    fn read(array: &dyn Array, column: Column) -> Result<Vec<Option<Self>>> {
        let found = array.as_any().downcast_ref::<Decimal128Array>();
        let array = found.ok_or_else(|| column.mismatch("decimal128(38, 12)", array))?;
        let scale = u32::try_from(array.scale()).map_err(|_| column.mismatch("decimal128(38, 12)", array))?;
        array
            .iter()
            .map(|value| match value {
                None => Ok(None),
                Some(mantissa) => Self::try_from_i128_with_scale(mantissa, scale)
                    .map(|value| Some(value.normalize()))
                    .map_err(|_| {
                        column.invalid("a decimal with at most 28 digits", format!("{mantissa}e-{scale}"))
                    }),
            })
            .collect()
    }
}

impl<T: Mapped> Mapped for Option<T> {
    fn write(values: &[Option<&Self>], data_type: &DataType) -> Result<ArrayRef> {
        let inner: Vec<Option<&T>> = values.iter().map(|value| value.and_then(Option::as_ref)).collect();
        T::write(&inner, data_type)
    }

    fn read(array: &dyn Array, column: Column) -> Result<Vec<Option<Self>>> {
        Ok(T::read(array, column)?.into_iter().map(Some).collect())
    }
}

impl<T: Mapped> Mapped for Vec<T> {
    fn write(values: &[Option<&Self>], data_type: &DataType) -> Result<ArrayRef> {
        let DataType::List(item) = data_type else {
            return Err(Error::contract_mismatch("the type of a list column", "list", type_name(data_type)));
        };
        let lengths = values.iter().map(|value| value.map_or(0, Vec::len));
        let items: Vec<Option<&T>> = values.iter().flatten().flat_map(|list| list.iter().map(Some)).collect();
        let items = T::write(&items, item.data_type())?;
        let validity: NullBuffer = values.iter().map(Option::is_some).collect();
        let validity = (validity.null_count() > 0).then_some(validity);
        let field = Arc::<Field>::clone(item);
        let array = ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), items, validity);
        Ok(Arc::new(array.map_err(|reason| Error::internal("list", reason))?))
    }

    fn read(array: &dyn Array, column: Column) -> Result<Vec<Option<Self>>> {
        let any = array.as_any();
        let lists: Vec<Option<ArrayRef>> = if let Some(array) = any.downcast_ref::<ListArray>() {
            array.iter().collect()
        } else if let Some(array) = any.downcast_ref::<LargeListArray>() {
            array.iter().collect()
        } else {
            return Err(column.mismatch("a list", array));
        };
        lists
            .into_iter()
            .map(|list| list.map(|items| read_items(items.as_ref(), column)).transpose())
            .collect()
    }
}

/// The items of one list, none of which may be missing.
fn read_items<T: Mapped>(items: &dyn Array, column: Column) -> Result<Vec<T>> {
    let values = T::read(items, column)?;
    values
        .into_iter()
        .map(|item| item.ok_or_else(|| column.invalid("a list without nulls", "null")))
        .collect()
}

/// A decimal as a whole number of 10^-scale; `None` where it is not one.
pub(super) fn scaled(value: Decimal, scale: u32) -> Option<i128> {
    let value = value.normalize();
    let power = 10_i128.checked_pow(scale.checked_sub(value.scale())?)?;
    value.mantissa().checked_mul(power)
}
