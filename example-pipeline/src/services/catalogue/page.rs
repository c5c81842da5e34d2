//! The quantities over HTTP.

use std::collections::BTreeMap;
use std::io;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;

use super::shelf::Shelf;

/// Answers `GET /products` with every quantity and `GET /products/CODE` with one, until the process ends.
///
/// # Errors
/// What the listener answers.
pub async fn serve(listener: TcpListener, shelf: Shelf) -> io::Result<()> {
    let routes =
        Router::new().route("/products", get(all)).route("/products/{code}", get(one)).with_state(shelf);
    axum::serve(listener, routes).await
}

async fn all(State(shelf): State<Shelf>) -> Json<BTreeMap<String, i64>> {
    Json(shelf.quantities())
}

async fn one(State(shelf): State<Shelf>, Path(code): Path<String>) -> Result<Json<i64>, StatusCode> {
    shelf.quantity(&code).map(Json).ok_or(StatusCode::NOT_FOUND)
}
