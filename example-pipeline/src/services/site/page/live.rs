//! Where orders are, pushed.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::beside::{Place, Room};
use crate::services::site::orders::{Order, Orders};

/// The most orders that one page follows.
const MAX_FOLLOWED: usize = 20;
/// How often a silent connection is shown to be alive.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// What a page asks for.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// The orders' ids, parted by commas.
    ids: String,
}

/// One page that looks at its orders.
struct Looking {
    ids: Vec<String>,
    orders: Orders,
    changes: Receiver<Order>,
    /// What stands now, not told yet.
    now: VecDeque<Order>,
    _place: Place,
}

/// `order` with its stages, now and at each change, for each order that is asked for. One stream for all of a page's: a
/// browser has six connections for a host, over all its tabs.
pub(super) async fn live(
    State((orders, room)): State<(Orders, Room)>,
    Query(asked): Query<Asked>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, (StatusCode, &'static str)> {
    let ids: Vec<String> = asked.ids.split(',').take(MAX_FOLLOWED + 1).map(str::to_owned).collect();
    if ids.len() > MAX_FOLLOWED {
        return Err((StatusCode::BAD_REQUEST, "follow 20 orders at most\n"));
    }
    let place = room.place()?;
    // First the changes, then what stands: nothing falls between.
    let changes = orders.changes();
    let now = ids.iter().filter_map(|id| orders.order(id)).collect();
    let looking = Looking { ids, orders, changes, now, _place: place };
    let orders = stream::unfold(looking, |mut looking| async move {
        let order = looking.next().await?;
        let event = Event::default().event("order").json_data(&order).ok()?;
        Some((Ok(event), looking))
    });
    Ok(Sse::new(orders).keep_alive(KeepAlive::new().interval(ALIVE_EVERY)))
}

impl Looking {
    async fn next(&mut self) -> Option<Order> {
        loop {
            if let Some(now) = self.now.pop_front() {
                return Some(now);
            }
            match self.changes.recv().await {
                Ok(order) if self.ids.contains(&order.order_id) => return Some(order),
                Ok(_) => {}
                // Too slow for every change: what stands now is enough.
                Err(RecvError::Lagged(_)) => {
                    self.now = self.ids.iter().filter_map(|id| self.orders.order(id)).collect();
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
