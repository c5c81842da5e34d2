//! The quantities over HTTP, for everybody to see: other sites' pages may read them too.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::stream;
use tokio::net::TcpListener;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::shelf::{Quantity, Shelf};

/// How often a silent connection is shown to be alive.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// Answers `GET /products` with every quantity, `GET /products/CODE` with one, and `GET /live` with all of them now (the event
/// `products`) and each that changes (`product`), until the process ends.
///
/// # Errors
/// What the listener answers.
pub async fn serve(listener: TcpListener, shelf: Shelf) -> io::Result<()> {
    let routes = Router::new()
        .route("/products", get(all))
        .route("/products/{code}", get(one))
        .route("/live", get(live))
        .with_state(shelf);
    axum::serve(listener, routes).await
}

async fn all(State(shelf): State<Shelf>) -> Json<BTreeMap<String, i64>> {
    Json(shelf.quantities())
}

async fn one(State(shelf): State<Shelf>, Path(code): Path<String>) -> Result<Json<i64>, StatusCode> {
    shelf.quantity(&code).map(Json).ok_or(StatusCode::NOT_FOUND)
}

/// One page that looks at the shelf.
struct Looking {
    shelf: Shelf,
    changes: Receiver<Quantity>,
    /// Whether all quantities are to be told.
    anew: bool,
}

async fn live(State(shelf): State<Shelf>) -> impl IntoResponse {
    // First the changes, then what stands: nothing falls between.
    let looking = Looking { changes: shelf.changes(), shelf, anew: true };
    let events = stream::unfold(looking, |mut looking| async move {
        let event = looking.next().await?.ok()?;
        Some((Ok::<_, Infallible>(event), looking))
    });
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE_EVERY));
    ([(ACCESS_CONTROL_ALLOW_ORIGIN, "*")], events)
}

impl Looking {
    async fn next(&mut self) -> Option<Result<Event, axum::Error>> {
        if !std::mem::take(&mut self.anew) {
            match self.changes.recv().await {
                Ok(quantity) => return Some(Event::default().event("product").json_data(&quantity)),
                // Too slow for every change: what stands now is enough.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
        Some(Event::default().event("products").json_data(self.shelf.quantities()))
    }
}
