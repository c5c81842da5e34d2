//! Sending an order's goods.

use std::collections::BTreeMap;

use choreograph::{Emits, In};

use super::events::{Line, OrderCreated, OrderDispatched, OrderOutOfStock, StockChanged};
use crate::world;

/// What the shelves allow.
#[derive(Debug, Emits)]
pub(super) enum Picked {
    Sent((OrderDispatched, Vec<StockChanged>)),
    OutOfStock(OrderOutOfStock),
}

/// Packs the order, or says that the shelf is empty.
pub(super) async fn dispatch(order: In<OrderCreated>) -> Picked {
    world::takes_its_time().await;
    let order = order.into_inner();
    let codes = order.lines.iter().map(|line| line.stock_code.as_str());
    if !world::Order::new(&order.invoice, codes).in_stock() {
        return Picked::OutOfStock(OrderOutOfStock {
            order_id: order.order_id,
            invoice: order.invoice,
            transaction_id: order.transaction_id,
            paid_pence: order.paid_pence,
        });
    }
    let stock = changes(&order.lines, -1);
    let dispatched = OrderDispatched {
        order_id: order.order_id,
        invoice: order.invoice,
        customer_id: order.customer_id,
        country: order.country,
        pieces: order.lines.iter().map(|line| u64::from(line.quantity)).sum(),
        stock_codes: order.lines.into_iter().map(|line| line.stock_code).collect(),
    };
    Picked::Sent((dispatched, stock))
}

/// One change for each product, in the order of stock codes, so that a repeated run says the same.
pub(super) fn changes(lines: &[Line], sign: i64) -> Vec<StockChanged> {
    let mut changes: BTreeMap<&str, i64> = BTreeMap::new();
    for line in lines {
        *changes.entry(&line.stock_code).or_default() += sign * i64::from(line.quantity);
    }
    changes.into_iter().map(|(code, change)| StockChanged { stock_code: code.to_owned(), change }).collect()
}
