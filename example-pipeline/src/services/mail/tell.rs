//! One mail for each event of an order.

use choreograph::{Consumes, In, Service, step};

use super::events::{
    MailSent, OrderCancelled, OrderCreated, OrderDelivered, OrderDispatched, OrderOutOfStock, OrderPlaced,
    OrderReserved, OrderShipped,
};

/// Everything that happens to an order. All of it is on one topic under one key, so it comes in order.
#[derive(Debug, Consumes)]
enum OrderEvent {
    Placed(OrderPlaced),
    Reserved(OrderReserved),
    Created(OrderCreated),
    Dispatched(OrderDispatched),
    OutOfStock(OrderOutOfStock),
    Shipped(OrderShipped),
    Delivered(OrderDelivered),
    Cancelled(OrderCancelled),
}

/// The service.
pub fn service() -> Service {
    Service::new("mail", ()).owner("Customer Care").version("4.1.0").step(step("tell", tell))
}

async fn tell(event: In<OrderEvent>) -> MailSent {
    let (about, order_id, text) = match event.into_inner() {
        OrderEvent::Placed(order) => (
            "order.placed",
            order.order_id,
            format!("thank you for your order of {}", pounds(order.total_pence)),
        ),
        OrderEvent::Reserved(order) => {
            ("order.reserved", order.order_id, format!("please pay transaction {}", order.transaction_id))
        }
        OrderEvent::Created(order) => {
            ("order.created", order.order_id, format!("we received your {}", pounds(order.paid_pence)))
        }
        OrderEvent::Dispatched(order) => {
            ("order.dispatched", order.order_id, format!("your {} pieces left our warehouse", order.pieces))
        }
        OrderEvent::OutOfStock(order) => (
            "order.out-of-stock",
            order.order_id,
            format!("sorry: your {} come back", pounds(order.paid_pence)),
        ),
        OrderEvent::Shipped(order) => {
            ("order.shipped", order.order_id, format!("{} is on its way", order.parcel_id))
        }
        OrderEvent::Delivered(order) => ("order.delivered", order.order_id, "enjoy".to_owned()),
        OrderEvent::Cancelled(order) => {
            ("order.cancelled", order.order_id, format!("your order is cancelled: {}", order.reason))
        }
    };
    MailSent { order_id, about: about.to_owned(), text }
}

/// 1530 as `£15.30`. Amounts of an order are never negative.
fn pounds(pence: i64) -> String {
    format!("£{}.{:02}", pence / 100, pence % 100)
}

#[cfg(test)]
mod tests {
    use super::pounds;

    #[test]
    fn pence_have_two_digits() {
        assert_eq!((pounds(1530), pounds(5), pounds(0)), ("£15.30".into(), "£0.05".into(), "£0.00".into()));
    }
}
