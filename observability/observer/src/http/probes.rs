//! `/live`, `/ready` and `/metrics`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::metrics;
use super::served::Served;
use crate::clock;

/// Whether the process does its work: not whether a broker is there.
pub(super) async fn live(State(served): State<Served>) -> Response {
    let live = served.alive.is();
    (status(live), Json(json!({ "live": live }))).into_response()
}

/// Whether answers can be relied on: everything was read once, and lately. What is wrong names topics and groups: it is told
/// to those alone who may learn everything.
pub(super) async fn ready(State(served): State<Served>, headers: HeaderMap) -> Response {
    let alive = served.alive.is();
    let shared = served.shared.clone();
    let asked = tokio::task::spawn_blocking(move || shared.read(|model| model.overview(clock::now()))).await;
    let Ok(overview) = asked else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let ready = alive && overview.as_of.is_current();
    let mut body = json!({ "ready": ready, "as_of": overview.as_of });
    if served.guard.trusts(&headers) {
        body["problems"] = json!(overview.problems);
    }
    (status(ready), Json(body)).into_response()
}

/// The observer's own metrics in the text format of Prometheus.
pub(super) async fn exposition(State(served): State<Served>) -> Response {
    let shared = served.shared.clone();
    let text = tokio::task::spawn_blocking(move || {
        let gauges = shared.read(|model| model.gauges(clock::now()));
        metrics::text(&gauges)
    });
    match text.await {
        Ok(text) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn status(good: bool) -> StatusCode {
    if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
