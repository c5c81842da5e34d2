//! What payment says decides whether there is an order.

use choreograph::{Consumes, Emits, In, Service, step};

use super::events::{
    CancelReason, OrderCancelled, OrderCreated, PaymentConfirmed, PaymentDeclined, PaymentRefunded,
};

/// What payment says of an order, in order.
#[derive(Debug, Consumes)]
enum PaymentEvent {
    Confirmed(PaymentConfirmed),
    Declined(PaymentDeclined),
    Refunded(PaymentRefunded),
}

#[derive(Debug, Emits)]
enum Settled {
    Created(OrderCreated),
    Cancelled(OrderCancelled),
}

/// The service.
pub fn service() -> Service {
    Service::new("orders", ()).owner("Orders").version("3.6.1").step(step("settle", settle))
}

async fn settle(payment: In<PaymentEvent>) -> Settled {
    match payment.into_inner() {
        PaymentEvent::Confirmed(paid) => Settled::Created(OrderCreated {
            order_id: paid.order_id,
            invoice: paid.invoice,
            transaction_id: paid.transaction_id,
            paid_pence: paid.amount_pence,
            customer_id: paid.customer_id,
            country: paid.country,
            lines: paid.lines,
        }),
        PaymentEvent::Declined(PaymentDeclined { order_id, invoice }) => {
            Settled::Cancelled(OrderCancelled { order_id, invoice, reason: CancelReason::PaymentDeclined })
        }
        PaymentEvent::Refunded(PaymentRefunded { order_id, invoice }) => {
            Settled::Cancelled(OrderCancelled { order_id, invoice, reason: CancelReason::OutOfStock })
        }
    }
}
