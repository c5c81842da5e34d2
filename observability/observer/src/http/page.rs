//! The page: files that the program carries in itself.

use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::error::Refusal;

/// One file of the page.
struct Asset {
    /// Its path, as a request asks for it, without the first `/`.
    name: &'static str,
    bytes: &'static [u8],
}

/// The files, as the build found them.
const PAGE: &[Asset] = &include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// What is shown for every address that the page itself understands.
const INDEX: &str = "index.html";

/// Answers with a file, else with the page itself: `/instances/17` is an address within it.
pub(super) async fn page(uri: Uri) -> Response {
    let name = uri.path().trim_start_matches('/');
    if name == "api" || name.starts_with("api/") {
        return Refusal::unknown("there is nothing of this name in the interface").into_response();
    }
    let asset = PAGE.iter().find(|asset| asset.name == name);
    let index = || PAGE.iter().find(|asset| asset.name == INDEX && !name.starts_with("assets/"));
    match asset.or_else(index) {
        Some(asset) => {
            let kind = HeaderValue::from_static(kind(asset.name));
            // Looked at again with every visit: the next version of the observer brings its own page.
            let cache = HeaderValue::from_static("no-cache");
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, cache)], asset.bytes).into_response()
        }
        None => (StatusCode::NOT_FOUND, "there is no such file\n").into_response(),
    }
}

/// The media type of a file.
fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" | "map" | "webmanifest" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
