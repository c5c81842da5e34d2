//! How far each order has come, for the page.

use choreograph::{Consumes, In, State};

use super::events::{
    OrderCancelled, OrderCreated, OrderDelivered, OrderDispatched, OrderOutOfStock, OrderPlaced,
    OrderReserved, OrderShipped,
};
use super::orders::{Orders, Stage};

/// Everything that happens to an order. All of it is on one topic under one key, so it comes in order.
#[derive(Debug, Consumes)]
pub(super) enum OrderEvent {
    Placed(OrderPlaced),
    Reserved(OrderReserved),
    Created(OrderCreated),
    Dispatched(OrderDispatched),
    OutOfStock(OrderOutOfStock),
    Shipped(OrderShipped),
    Delivered(OrderDelivered),
    Cancelled(OrderCancelled),
}

/// Takes down the order's new stage.
pub(super) async fn follow(event: In<OrderEvent>, State(orders): State<Orders>) {
    let at = event.metadata().timestamp().and_then(|at| u64::try_from(at).ok()).unwrap_or_default();
    let workflow = event.metadata().correlation_id().to_owned();
    let (order_id, stage) = match event.into_inner() {
        OrderEvent::Placed(order) => {
            for line in &order.lines {
                orders.sold(&line.stock_code, &line.description, &line.unit_price);
            }
            (order.order_id, Stage::Placed)
        }
        OrderEvent::Reserved(order) => (order.order_id, Stage::Reserved),
        OrderEvent::Created(order) => (order.order_id, Stage::Paid),
        OrderEvent::Dispatched(order) => (order.order_id, Stage::Dispatched),
        OrderEvent::OutOfStock(order) => (order.order_id, Stage::OutOfStock),
        OrderEvent::Shipped(order) => (order.order_id, Stage::Shipped),
        OrderEvent::Delivered(order) => (order.order_id, Stage::Delivered),
        OrderEvent::Cancelled(order) => (order.order_id, Stage::Cancelled),
    };
    orders.reached(&order_id, &workflow, stage, at);
}
