//! The quantities over HTTP, for everybody to see: other sites' pages may read them too.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HeaderName};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::stream;
use tokio::net::TcpListener;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::shelf::{Quantity, Shelf};
use crate::beside::{self, Place, Room};

/// How often a silent connection is shown to be alive.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// Pages of every origin may read it.
const ALL_ORIGINS: [(HeaderName, &str); 1] = [(ACCESS_CONTROL_ALLOW_ORIGIN, "*")];

/// Answers `GET /products` with every quantity, `GET /products/CODE` with one, and `GET /live` with all of them now (the event
/// `products`) and each that changes (`product`), until the process ends. At most [`MAX_LIVE`](beside::MAX_LIVE) are told of
/// changes at the same time.
///
/// # Errors
/// What the listener answers.
pub async fn serve(listener: TcpListener, shelf: Shelf) -> io::Result<()> {
    let routes = Router::new()
        .route("/products", get(all))
        .route("/products/{code}", get(one))
        .with_state(shelf.clone())
        .merge(Router::new().route("/live", get(live)).with_state((shelf, Room::default())));
    beside::serve(listener, routes).await
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
    _place: Place,
}

async fn live(State((shelf, room)): State<(Shelf, Room)>) -> Response {
    let place = match room.place() {
        Ok(place) => place,
        Err(full) => return (ALL_ORIGINS, full).into_response(),
    };
    // First the changes, then what stands: nothing falls between.
    let looking = Looking { changes: shelf.changes(), shelf, anew: true, _place: place };
    let events = stream::unfold(looking, |mut looking| async move {
        let event = looking.next().await?.ok()?;
        Some((Ok::<_, Infallible>(event), looking))
    });
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE_EVERY));
    (ALL_ORIGINS, events).into_response()
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
