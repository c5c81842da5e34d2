//! From a placed order to a temporary one with a transaction.

use choreograph::In;

use super::events::{OrderPlaced, OrderReserved, ReservedLine};

/// Holds a temporary order until it is paid.
pub(super) async fn checkout(order: In<OrderPlaced>) -> OrderReserved {
    let order = order.into_inner();
    OrderReserved {
        transaction_id: transaction(&order.order_id),
        order_id: order.order_id,
        invoice: order.invoice,
        customer_id: order.customer_id,
        country: order.country,
        total_pence: order.total_pence,
        lines: order
            .lines
            .into_iter()
            .map(|line| ReservedLine { stock_code: line.stock_code, quantity: line.quantity })
            .collect(),
    }
}

/// The transaction of an order: the same however often the event is handled.
pub fn transaction(order_id: &str) -> String {
    format!("tx-{order_id}")
}
