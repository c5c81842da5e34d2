//! Orders that carry their number, so that what comes out can be counted.

use std::time::{SystemTime, UNIX_EPOCH};

use choreograph_tests::topics::Record;

use crate::events::{self, OrderPlaced, PaymentConfirmed};

/// Added to the number of an order to make its total: all numbers have as many digits, all records as many bytes.
const FIRST: i64 = 100_000_000;
/// The most orders of one run.
pub const MOST: u64 = 100_000_000;

/// The order number `n`; orders of the same `n % keys` share their id, and so their key.
pub fn order(n: u64, keys: u64) -> OrderPlaced {
    OrderPlaced { total: FIRST + n as i64, ..events::order(n % keys) }
}

/// The number of the order that a payment is for. `None`: it is for none of these.
pub fn number_of(payment: &PaymentConfirmed) -> Option<u64> {
    u64::try_from(payment.amount - FIRST).ok().filter(|n| *n < MOST)
}

/// The headers of the order number `n`, of a workflow that starts now.
pub fn headers(n: u64) -> Vec<(String, Vec<u8>)> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let mut headers = events::headers(n);
    for (name, value) in &mut headers {
        if name == "wf" {
            *value = format!("name=order;started={now};hops=0").into_bytes();
        }
    }
    headers
}

/// The order number `n` as a record.
pub fn record(topic: &str, n: u64, keys: u64) -> Record {
    let order = order(n, keys);
    let value = serde_json::to_vec(&order).unwrap_or_default();
    let record = Record::to(topic).key(order.order_id).value(value);
    headers(n).into_iter().fold(record, |record, (name, value)| record.header(&name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_tells_the_number_of_its_order() {
        for n in [0, 1, 399_999, MOST - 1] {
            assert_eq!(number_of(&events::pay(&order(n, 10))), Some(n));
        }
        assert_eq!(number_of(&events::pay(&events::order(1))), None);
    }

    #[test]
    fn all_orders_have_the_size_that_is_said() {
        let size = |n| serde_json::to_vec(&order(n, 1_000)).unwrap().len();
        assert_eq!(size(0), size(MOST - 1));
        assert!((420..=460).contains(&size(0)), "{}", size(0));
    }
}
