//! Where an order is, pushed.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::Page;
use crate::services::site::orders::{Order, Orders};

/// How often a silent connection is shown to be alive.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// One page that looks at one order.
struct Looking {
    id: String,
    orders: Orders,
    changes: Receiver<Order>,
    /// What stands now, not told yet.
    now: Option<Order>,
}

/// `order` with its stages, now and at each change.
pub(super) async fn live(
    State(page): State<Page>,
    Path(id): Path<String>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // First the changes, then what stands: nothing falls between.
    let changes = page.orders.changes();
    let now = page.orders.order(&id);
    let looking = Looking { id, orders: page.orders, changes, now };
    let orders = stream::unfold(looking, |mut looking| async move {
        let order = looking.next().await?;
        let event = Event::default().event("order").json_data(&order).ok()?;
        Some((Ok(event), looking))
    });
    Sse::new(orders).keep_alive(KeepAlive::new().interval(ALIVE_EVERY))
}

impl Looking {
    async fn next(&mut self) -> Option<Order> {
        loop {
            if let Some(now) = self.now.take() {
                return Some(now);
            }
            match self.changes.recv().await {
                Ok(order) if order.order_id == self.id => return Some(order),
                Ok(_) => {}
                // Too slow for every change: what stands now is enough.
                Err(RecvError::Lagged(_)) => self.now = self.orders.order(&self.id),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
