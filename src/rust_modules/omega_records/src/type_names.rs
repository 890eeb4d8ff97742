//! How Omega spells Arrow types: `float64`, `timestamp[us, UTC]`, `list<utf8>`.

use arrow_schema::{DataType, TimeUnit};

/// The spelling of a type in table schemas, messages and documentation.
pub(crate) fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "null".into(),
        DataType::Boolean => "bool".into(),
        DataType::Float16 => "float16".into(),
        DataType::Float32 => "float32".into(),
        DataType::Float64 => "float64".into(),
        DataType::Utf8 => "utf8".into(),
        DataType::LargeUtf8 => "large_utf8".into(),
        DataType::Utf8View => "utf8_view".into(),
        DataType::Timestamp(unit, None) => format!("timestamp[{}]", unit_name(*unit)),
        DataType::Timestamp(unit, Some(zone)) => {
            let zone = if is_utc(zone) { "UTC" } else { zone };
            format!("timestamp[{}, {zone}]", unit_name(*unit))
        }
        DataType::Duration(unit) => format!("duration[{}]", unit_name(*unit)),
        DataType::Decimal128(precision, scale) => format!("decimal128({precision}, {scale})"),
        DataType::Decimal256(precision, scale) => format!("decimal256({precision}, {scale})"),
        DataType::List(item) => format!("list<{}>", type_name(item.data_type())),
        DataType::LargeList(item) => format!("large_list<{}>", type_name(item.data_type())),
        DataType::FixedSizeList(item, size) => {
            format!("fixed_size_list<{}, {size}>", type_name(item.data_type()))
        }
        DataType::Dictionary(key, value) => format!("dictionary<{}, {}>", type_name(key), type_name(value)),
        DataType::Struct(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|field| format!("{}: {}", field.name(), type_name(field.data_type())))
                .collect();
            format!("struct<{}>", fields.join(", "))
        }
        // What is left spells itself: Int64, UInt8, Date32, Binary …
        other => other.to_string().to_lowercase(),
    }
}

/// Whether a time zone is one of UTC's names in the wild.
fn is_utc(zone: &str) -> bool {
    ["UTC", "Etc/UTC", "utc", "Z", "+00:00", "GMT", "Zulu"].contains(&zone)
}

fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}
