//! Giving money back: for an order that cannot be sent, and for goods that came back.

use choreograph::In;

use super::events::{OrderOutOfStock, PaymentRefunded, ReturnReceived, ReturnRefunded};

/// Gives an order's money back.
pub(super) async fn refund(order: In<OrderOutOfStock>) -> PaymentRefunded {
    let OrderOutOfStock { order_id, invoice, transaction_id, paid_pence } = order.into_inner();
    PaymentRefunded { order_id, invoice, transaction_id, amount_pence: paid_pence }
}

/// Gives the money of a return back.
pub(super) async fn reimburse(returned: In<ReturnReceived>) -> ReturnRefunded {
    let ReturnReceived { return_id, invoice, total_pence } = returned.into_inner();
    ReturnRefunded { return_id, invoice, amount_pence: total_pence }
}
