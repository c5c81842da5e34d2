//! Charging a temporary order.

use choreograph::{Emits, In, StepError};

use super::events::{OrderReserved, PaymentConfirmed, PaymentDeclined};
use crate::world;

/// How a charge ends.
#[derive(Debug, Emits)]
pub(super) enum Payment {
    Confirmed(PaymentConfirmed),
    Declined(PaymentDeclined),
}

/// Asks the gateway for the money.
pub(super) async fn charge(order: In<OrderReserved>) -> Result<Payment, StepError> {
    world::takes_its_time().await;
    let attempt = order.metadata().attempt();
    let order = order.into_inner();
    let codes = order.lines.iter().map(|line| line.stock_code.as_str());
    match world::Order::new(&order.invoice, codes).charge(attempt) {
        world::Charge::Busy => Err(StepError::retry("the payment gateway is busy")),
        world::Charge::Declined => Ok(Payment::Declined(PaymentDeclined {
            order_id: order.order_id,
            invoice: order.invoice,
            transaction_id: order.transaction_id,
            amount_pence: order.total_pence,
        })),
        world::Charge::Accepted => Ok(Payment::Confirmed(PaymentConfirmed {
            order_id: order.order_id,
            invoice: order.invoice,
            transaction_id: order.transaction_id,
            amount_pence: order.total_pence,
            customer_id: order.customer_id,
            country: order.country,
            lines: order.lines,
        })),
    }
}
