//! The customers' page: what there is, a button that orders, and where the order is.
//!
//! | request | answers |
//! |---|---|
//! | `GET /` | the page |
//! | `GET /api/shop` | products with descriptions and prices, and where else the page looks |
//! | `POST /api/orders` `{ "request", "placed_at", "stock_code", "quantity" }` | the order that was placed; the same request is the same order |
//! | `GET /api/orders/live?ids=ID,ID` | server-sent events: `order` with every stage that it has come to |

mod live;
mod place;

use std::collections::BTreeMap;
use std::io;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use choreograph::Publisher;
use serde::Serialize;
use tokio::net::TcpListener;

use super::orders::{Orders, Product};
use crate::beside::{self, Room};

/// What the page stands on.
#[derive(Debug, Clone)]
pub struct Page {
    /// What was sold, and how far orders have come.
    pub orders: Orders,
    /// Where orders are placed.
    pub till: Publisher,
    /// Where browsers find the catalogue's quantities.
    pub catalogue: Option<String>,
    /// Where the shop's people watch workflows.
    pub observer: Option<String>,
}

/// Serves the page until the process ends. At most [`MAX_LIVE`](beside::MAX_LIVE) pages follow orders at the same time.
///
/// # Errors
/// What the listener answers.
pub async fn serve(listener: TcpListener, page: Page) -> io::Result<()> {
    let routes = Router::new()
        .route("/", get(html))
        .route("/shop.css", get(css))
        .route("/shop.js", get(js))
        .route("/shop.svg", get(icon))
        .route("/api/shop", get(shop))
        .route("/api/orders", post(place::place))
        .with_state(page.clone())
        .merge(
            Router::new()
                .route("/api/orders/live", get(live::live))
                .with_state((page.orders, Room::default())),
        );
    beside::serve(listener, routes).await
}

/// A file of the page. It may load nothing from elsewhere, but for the catalogue's quantities.
fn file(page: &Page, kind: &'static str, text: &'static str) -> impl IntoResponse + use<> {
    let catalogue = page.catalogue.as_deref().unwrap_or_default();
    let policy = format!("default-src 'self'; connect-src 'self' {catalogue}; frame-ancestors 'none'");
    let headers = [
        (CONTENT_TYPE, kind.to_owned()),
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, "no-cache".to_owned()),
        (HeaderName::from_static("x-content-type-options"), "nosniff".to_owned()),
    ];
    (headers, text)
}

async fn html(State(page): State<Page>) -> impl IntoResponse {
    file(&page, "text/html; charset=utf-8", include_str!("shop.html"))
}

async fn css(State(page): State<Page>) -> impl IntoResponse {
    file(&page, "text/css; charset=utf-8", include_str!("shop.css"))
}

async fn js(State(page): State<Page>) -> impl IntoResponse {
    file(&page, "text/javascript; charset=utf-8", include_str!("shop.js"))
}

async fn icon(State(page): State<Page>) -> impl IntoResponse {
    file(&page, "image/svg+xml", include_str!("shop.svg"))
}

/// What the page begins with.
#[derive(Debug, Serialize)]
struct Shop {
    products: BTreeMap<String, Product>,
    catalogue: Option<String>,
    observer: Option<String>,
}

async fn shop(State(page): State<Page>) -> Json<Shop> {
    Json(Shop { products: page.orders.products(), catalogue: page.catalogue, observer: page.observer })
}
