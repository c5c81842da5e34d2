//! By which names the loopback may be asked.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

/// The names of the loopback.
const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Has `app`, served at `address`, answer on the loopback only to requests that name the loopback as their host, with any
/// port; others are answered with status 421. Beyond the loopback any name will do.
///
/// What listens at the loopback alone is meant for this machine, but a browser on it reads for any page whose name was
/// made to point at 127.0.0.1 (DNS rebinding). Such a request carries that name. One that changes something needs
/// another check besides: a page of another origin may send it without reading the answer.
pub fn only_loopback_names(app: Router, address: SocketAddr) -> Router {
    if address.ip().is_loopback() { app.layer(middleware::from_fn(check)) } else { app }
}

async fn check(request: Request, next: Next) -> Response {
    if names_loopback(request.headers()) {
        next.run(request).await
    } else {
        (StatusCode::MISDIRECTED_REQUEST, "ask for localhost\n").into_response()
    }
}

/// Whether there is one `Host`, and it is the loopback, with any port.
fn names_loopback(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let Ok(host) = host.to_str() else {
        return false;
    };
    LOOPBACK_NAMES.iter().any(|loopback| match host.strip_prefix(loopback) {
        Some("") => true,
        Some(port) => port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()),
        None => false,
    })
}
