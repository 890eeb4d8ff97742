//! Records of the tables, taken by arrow2 and back.

use arrow_array::ffi::from_ffi;
use arrow_array::{RecordBatch, StructArray};
use arrow2::array::{BooleanArray, ListArray, PrimitiveArray, Utf8Array};
use arrow2::datatypes::{DataType, TimeUnit};
use chrono::{DateTime, Utc};
use omega_records::{Order, Record};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::bridge::{Pair, Releases, cases, counted_array, counted_schema, moved};

/// Decimals and times are told in these.
const PLACES: u32 = 12;

fn time() -> impl Strategy<Value = DateTime<Utc>> {
    (-62_135_596_800_000_000..=253_402_300_799_999_999_i64)
        .prop_map(|micros| DateTime::from_timestamp_micros(micros).expect("in the years 1 to 9999"))
}

/// Decimals above 0 that 28 digits hold, 12 of them after the point.
fn decimal() -> impl Strategy<Value = Decimal> {
    (1..10_i128.pow(28), 0..90_u32).prop_map(|(digits, shift)| {
        Decimal::from_i128_with_scale((digits >> shift).max(1), PLACES).normalize()
    })
}

fn order() -> impl Strategy<Value = Order> {
    let names = ("[a-zé]{1,14}", "[A-Z]{1,5}", prop_oneof![Just("buy"), Just("sell")]);
    let times = (time(), option::of(time()));
    let sizes = (decimal(), option::of(decimal()), option::of(decimal()));
    (names, times, sizes, any::<bool>(), vec("[a-zé日]{0,14}", 0..4)).prop_map(
        |(
            (order_id, symbol, side),
            (timestamp, expires_at),
            (quantity, limit_price, stop_price),
            reduce_only,
            tags,
        )| {
            Order {
                timestamp,
                order_id,
                symbol,
                side: side.into(),
                order_type: "limit".into(),
                quantity,
                limit_price,
                stop_price,
                time_in_force: "gtc".into(),
                expires_at,
                reduce_only,
                tags,
            }
        },
    )
}

/// A column of arrow2's, by name.
fn column<'a, T: 'static>(batch: &'a arrow2::array::StructArray, name: &str) -> &'a T {
    let place = batch.fields().iter().position(|field| field.name == name).expect("a field");
    batch.values()[place].as_any().downcast_ref().expect("its type")
}

/// A decimal in the places of its column.
fn digits(value: Decimal) -> i128 {
    value.mantissa() * 10_i128.pow(PLACES - value.scale())
}

/// Whether arrow2 sees the values of the records, missing where they are.
fn expect_arrow2(batch: &arrow2::array::StructArray, orders: &[Order]) {
    let times: &PrimitiveArray<i64> = column(batch, "timestamp");
    assert_eq!(*times.data_type(), DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
    assert!(times.values_iter().copied().eq(orders.iter().map(|order| order.timestamp.timestamp_micros())));
    let ends: &PrimitiveArray<i64> = column(batch, "expires_at");
    assert!(
        ends.iter()
            .map(|end| end.copied())
            .eq(orders.iter().map(|order| order.expires_at.map(|at| at.timestamp_micros())))
    );
    let sizes: &PrimitiveArray<i128> = column(batch, "quantity");
    assert_eq!(*sizes.data_type(), DataType::Decimal(38, PLACES as usize));
    assert!(sizes.values_iter().copied().eq(orders.iter().map(|order| digits(order.quantity))));
    let prices: &PrimitiveArray<i128> = column(batch, "limit_price");
    assert!(
        prices
            .iter()
            .map(|price| price.copied())
            .eq(orders.iter().map(|order| order.limit_price.map(digits)))
    );
    let ids: &Utf8Array<i32> = column(batch, "order_id");
    assert!(ids.values_iter().eq(orders.iter().map(|order| order.order_id.as_str())));
    let flags: &BooleanArray = column(batch, "reduce_only");
    assert!(flags.values_iter().eq(orders.iter().map(|order| order.reduce_only)));
    let lists: &ListArray<i32> = column(batch, "tags");
    for (list, order) in lists.values_iter().zip(orders) {
        let tags = list.as_any().downcast_ref::<Utf8Array<i32>>().expect("texts");
        assert!(tags.values_iter().eq(order.tags.iter().map(String::as_str)));
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn records_survive_the_way_through_arrow2_and_back(orders in vec(order(), 0..40), front in 0..40_usize) {
        let batch = Order::to_batch(&orders).expect("valid rows");
        let front = front.min(orders.len());
        let (batch, orders) = (batch.slice(front, orders.len() - front), &orders[front..]);
        let [types, arrays] = [(); 2].map(|()| Releases::default());
        let Pair { schema, array } = Pair::of_arrow_rs("", &StructArray::from(batch));
        let (schema, array) = (counted_schema(schema, &types), counted_array(array, &arrays));
        // SAFETY: the same structs, made by arrow-rs.
        let taken = unsafe {
            let field = arrow2::ffi::import_field_from_c(&moved(schema)).expect("types that it knows");
            arrow2::ffi::import_array_from_c(moved(array), field.data_type).expect("as Arrow asks")
        };
        expect_arrow2(taken.as_any().downcast_ref().expect("a batch"), orders);
        let Pair { schema, array } = Pair::of_arrow2("", taken);
        // SAFETY: the same structs, made by arrow2.
        let back = unsafe { from_ffi(moved(array), &moved(schema)) }.expect("as Arrow asks");
        // Of texts without rows arrow-rs takes no characters, and then misses those before the first offset.
        if !orders.is_empty() {
            back.validate_full().expect("as Arrow asks");
        }
        let back = RecordBatch::from(StructArray::from(back));
        prop_assert_eq!(Order::from_batch(&back).expect("the same table"), orders);
        drop(back);
        prop_assert_eq!((types.count(), arrays.count()), (1, 1));
    }
}
