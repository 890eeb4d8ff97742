//! Every row of the type mapping survives Rust to Arrow and back, and Rust to JSON and back.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow_schema::{DataType, Field, TimeUnit};
use chrono::{DateTime, TimeZone, Utc};
use omega_contract::{Error, ErrorCode};
use omega_records::{Bar, Column, Fill, Mapped, Order, Record, Trade};
use rust_decimal::Decimal;

const PLACE: Column = Column { table: "test", name: "value" };

fn round_trip<T: Mapped + PartialEq + std::fmt::Debug>(values: &[T], data_type: &DataType) {
    let borrowed: Vec<Option<&T>> = values.iter().map(Some).collect();
    let array = T::write(&borrowed, data_type).expect("a value that its type holds");
    assert_eq!(array.data_type(), data_type);
    let back: Vec<T> = T::read(array.as_ref(), PLACE).expect("the same type").into_iter().flatten().collect();
    assert_eq!(back, values);
}

fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", item, false)))
}

fn time(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).expect("in range")
}

fn order() -> Order {
    Order {
        timestamp: Utc.with_ymd_and_hms(2024, 1, 2, 3, 4, 5).unwrap()
            + chrono::TimeDelta::microseconds(678_901),
        order_id: "Größe-1".into(),
        symbol: "SPX".into(),
        side: "buy".into(),
        order_type: "limit".into(),
        quantity: "9999999999999999.999999999999".parse().expect("28 digits"),
        limit_price: Some("0.000000000001".parse().expect("12 decimals")),
        stop_price: None,
        time_in_force: "gtc".into(),
        expires_at: None,
        reduce_only: false,
        tags: vec![String::new(), "αβγ".into()],
    }
}

#[test]
fn floats_round_trip() {
    round_trip(&[0.0, -1.5, f64::MAX, f64::MIN_POSITIVE], &DataType::Float64);
}

#[test]
fn whole_numbers_round_trip() {
    round_trip(&[i64::MIN, -1, 0, i64::MAX], &DataType::Int64);
}

#[test]
fn booleans_round_trip() {
    round_trip(&[true, false, true], &DataType::Boolean);
}

#[test]
fn text_round_trips() {
    round_trip(&[String::new(), "SPX".into(), "日経225".into()], &DataType::Utf8);
}

#[test]
fn times_round_trip_to_the_microsecond() {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    round_trip(&[time(-8_520_336_000_000_001), time(0), time(7_289_654_399_999_999)], &utc);
}

#[test]
fn decimals_round_trip_exactly() {
    let values = ["0", "-0.000000000001", "9999999999999999.999999999999", "12.5"];
    round_trip::<Decimal>(
        &values.map(|text| text.parse().expect("a decimal")),
        &DataType::Decimal128(38, 12),
    );
}

#[test]
fn optional_values_round_trip() {
    round_trip(&[Some(1.0), None, Some(-2.0)], &DataType::Float64);
    round_trip(&[None, Some(String::new())], &DataType::Utf8);
}

#[test]
fn lists_round_trip_and_an_empty_list_is_not_a_missing_one() {
    let text = list_of(DataType::Utf8);
    round_trip(&[vec![], vec![String::new(), "é".to_owned()]], &text);
    round_trip(&[None, Some(vec![]), Some(vec!["a".to_owned()])], &text);
    round_trip(&[vec![1.0, 2.0], vec![]], &list_of(DataType::Float64));
}

#[test]
fn a_record_survives_arrow_and_json() {
    let rows = [order(), Order { tags: vec![], limit_price: None, expires_at: Some(time(0)), ..order() }];
    let batch = Order::to_batch(&rows).expect("valid rows");
    assert_eq!(Order::from_batch(&batch).expect("the same table"), rows);
    assert_eq!(Order::from_batch(&batch.slice(1, 1)).expect("a slice"), rows[1..]);
    for row in rows {
        assert_eq!(Order::from_json(&row.to_json().expect("valid")).expect("its own JSON"), row);
    }
    assert_eq!(Order::from_batch(&Order::to_batch(&[]).expect("no rows")).expect("no rows"), []);
}

#[test]
fn columns_are_found_by_name_whatever_their_order() {
    let batch = Order::to_batch(&[order()]).expect("valid");
    let turned: Vec<(String, ArrayRef)> = batch
        .schema()
        .fields()
        .iter()
        .zip(batch.columns())
        .rev()
        .map(|(field, column)| (field.name().clone(), Arc::clone(column)))
        .collect();
    let turned = RecordBatch::try_from_iter(turned).expect("the same columns");
    assert_eq!(Order::from_batch(&turned).expect("found by name"), [order()]);
}

fn refused(change: impl FnOnce(&mut Order)) -> Error {
    let mut changed = order();
    change(&mut changed);
    let error = changed.check().expect_err("breaks a constraint");
    assert_eq!(error.code(), ErrorCode::InvalidRecord);
    assert!(Order::to_batch(&[changed]).is_err());
    error
}

#[test]
fn a_record_that_breaks_a_constraint_is_refused_by_field() {
    assert_eq!(refused(|o| o.side = "hold".into()).field("allowed"), Some("one of buy, sell"));
    assert_eq!(refused(|o| o.quantity = Decimal::ZERO).field("allowed"), Some("above 0"));
    assert_eq!(refused(|o| o.symbol = String::new()).field("name"), Some("symbol"));
    assert_eq!(refused(|o| o.quantity = Decimal::MAX).field("name"), Some("quantity"));
    let nanoseconds = time(0) + chrono::TimeDelta::nanoseconds(1);
    assert_eq!(refused(|o| o.expires_at = Some(nanoseconds)).field("allowed"), Some("in whole microseconds"));
}

#[test]
fn json_that_is_not_the_record_is_refused() {
    let text = order().to_json().expect("valid");
    let broken = [
        text.replace("\"tags\"", "\"labels\""),
        text.replace("678901Z", "678901+01:00"),
        text.replace("\"0.000000000001\"", "0.000000000001"),
        text.replace("0.000000000001", "0.0000000000011234567890123456789"),
        text.replace("\"buy\"", "\"hold\""),
        "[]".to_owned(),
    ];
    for text in broken {
        assert_eq!(Order::from_json(&text).expect_err(&text).code(), ErrorCode::InvalidRecord);
    }
}

#[test]
fn data_of_another_shape_is_refused_by_column() {
    let bars = RecordBatch::try_from_iter([
        ("timestamp", Arc::new(TimestampMicrosecondArray::from(vec![0])) as ArrayRef),
        ("symbol", Arc::new(StringArray::from(vec![Some("SPX")])) as ArrayRef),
    ])
    .expect("two columns");
    assert_eq!(Bar::from_batch(&bars).expect_err("no prices").code(), ErrorCode::MissingColumn);

    let trade = Trade {
        timestamp: time(0),
        symbol: "SPX".into(),
        price: 1.0,
        size: 1.0,
        side: None,
        trade_id: None,
        conditions: None,
    };
    let batch = Trade::to_batch(&[trade]).expect("valid");
    let with = |name: &str, column: ArrayRef| {
        let schema = batch.schema();
        let columns = schema.fields().iter().zip(batch.columns()).map(|(field, old)| {
            let new = if field.name() == name { &column } else { old };
            (field.name().clone(), Arc::clone(new))
        });
        Trade::from_batch(&RecordBatch::try_from_iter(columns.collect::<Vec<_>>()).expect("columns"))
    };
    let zoneless =
        with("timestamp", Arc::new(TimestampMicrosecondArray::from(vec![0]))).expect_err("no zone");
    assert_eq!(zoneless.code(), ErrorCode::SchemaMismatch);
    assert_eq!(zoneless.field("value"), Some("timestamp[us]"));
    let missing = with("symbol", Arc::new(StringArray::from(vec![None::<&str>]))).expect_err("null");
    assert_eq!(missing.code(), ErrorCode::MissingValue);
}

#[test]
fn a_decimal_too_long_for_rust_is_refused_rather_than_rounded() {
    let array = arrow_array::Decimal128Array::from(vec![10_i128.pow(37)]).with_precision_and_scale(38, 12);
    let error = Decimal::read(&array.expect("38 digits"), PLACE).expect_err("38 digits");
    assert_eq!(error.code(), ErrorCode::InvalidRecord);
}

#[test]
fn decimals_with_exponents_are_read_exactly() {
    let json = order().to_json().expect("valid");
    for (text, value) in [("1E-12", "0.000000000001"), ("1.5e+3", "1500"), ("0E+2", "0"), ("12E0", "12")] {
        let order = Order::from_json(&json.replace("0.000000000001", text)).expect(text);
        assert_eq!(order.limit_price, Some(value.parse().expect("a decimal")));
    }
}

#[test]
fn a_nullable_field_may_be_left_out_of_json() {
    let text = r#"{"timestamp":"2024-01-02T00:00:00Z","fill_id":"1","order_id":"2","symbol":"SPX","side":"sell",
        "quantity":"1","price":"-3.50","fee":"0","sequence":0}"#;
    let fill = Fill::from_json(text).expect("only nullable fields are missing");
    assert_eq!((fill.maker, fill.fee_currency), (None, None));
}
