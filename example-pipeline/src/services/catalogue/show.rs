//! Folding the stock's log.

use choreograph::{Consumes, In, Service, StartFrom, State, step};

use super::events::{StockChanged, StockDelivered};
use super::shelf::Shelf;

#[derive(Debug, Consumes)]
enum StockEvent {
    Delivered(StockDelivered),
    Changed(StockChanged),
}

/// The service, showing on `shelf`. `instance` names this process: a fresh name reads the log from its start, which is what
/// every start needs, for the quantities are kept in memory alone.
pub fn service(shelf: Shelf, instance: &str) -> Service<Shelf> {
    let group = format!("catalogue.show-{instance}");
    Service::new("catalogue", shelf)
        .owner("Storefront")
        .version("2.3.0")
        .step(step("show", show).from(StartFrom::Earliest).group(group))
}

async fn show(event: In<StockEvent>, State(shelf): State<Shelf>) {
    let id = event.metadata().id().to_owned();
    let (code, change) = match event.into_inner() {
        StockEvent::Delivered(stock) => (stock.stock_code, i64::from(stock.quantity)),
        StockEvent::Changed(stock) => (stock.stock_code, stock.change),
    };
    if !shelf.change(&id, &code, change) {
        tracing::warn!("the catalogue is full: a product is not shown");
    }
}
