//! Who may ask: the name asked for, where a page came from, and the token.
//!
//! A page of another origin can make a browser ask anything of an address that the browser reaches, and where its name
//! is made to point there (DNS rebinding) it can read the answers too. So every request has to name the observer by an
//! address or a name that it knows; one with an `Origin` has to come from the observer's own page; and one that would
//! change something has to carry a header that no foreign page can set.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use choreograph::settings::Secret;
use sha2::{Digest, Sha256};

use super::error::Refusal;

/// The header that a request has to carry which would change something; its value does not matter.
pub const ACTION_HEADER: &str = "x-choreograph";

/// What a browser may do with the page: nothing that the observer does not serve itself.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// What is told to those alone who know the token. The page itself is no secret, nor whether the process is well.
const WITH_TOKEN: [&str; 2] = ["/api", "/metrics"];

/// Decides who may ask.
#[derive(Debug, Clone)]
pub(super) struct Guard(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    /// Whether only the loopback is listened at.
    loopback: bool,
    hosts: Vec<String>,
    /// The digest of the token: comparing digests tells nothing of how far a guess is right.
    token: Option<[u8; 32]>,
}

impl Guard {
    pub(super) fn new(loopback: bool, hosts: &[String], token: Option<&Secret>) -> Self {
        let hosts = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        let token = token.map(|token| digest(token.expose().as_bytes()));
        Self(Arc::new(Rules { loopback, hosts, token }))
    }

    /// What is wrong with a request, if anything is.
    fn refusal(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Response> {
        let Some(host) = self.host(headers) else {
            let error = "ask by an address, by localhost, or by a name that `--host` allows";
            return Some(Refusal::new(StatusCode::MISDIRECTED_REQUEST, error).into_response());
        };
        if !is_own(headers, host) {
            let error = "this page is of another origin";
            return Some(Refusal::new(StatusCode::FORBIDDEN, error).into_response());
        }
        if !matches!(*method, Method::GET | Method::HEAD) && !headers.contains_key(ACTION_HEADER) {
            let error = format!("a request that changes something carries the header `{ACTION_HEADER}`");
            return Some(Refusal::new(StatusCode::FORBIDDEN, error).into_response());
        }
        let is_open = !WITH_TOKEN.iter().any(|secret| path.starts_with(secret));
        if is_open || self.trusts(headers) {
            return None;
        }
        let refusal = Refusal::new(StatusCode::UNAUTHORIZED, "the token is missing or wrong");
        // Not `Basic`: the page asks for it, and a browser is not to ask beside it.
        Some(([(header::WWW_AUTHENTICATE, "Bearer realm=\"observer\"")], refusal).into_response())
    }

    /// The one `Host`, if the observer may be asked by it.
    fn host<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return None };
        let host = host.to_str().ok()?;
        let name = without_port(host)?;
        let allowed = match address(name) {
            // Only a name can be made to point elsewhere.
            Some(address) => !self.0.loopback || address.is_loopback(),
            None => name.eq_ignore_ascii_case("localhost") || self.allows(name),
        };
        allowed.then_some(host)
    }

    fn allows(&self, name: &str) -> bool {
        self.0.hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
    }

    /// Whether whoever asks may learn everything: the token fits, or there is none.
    pub(super) fn trusts(&self, headers: &HeaderMap) -> bool {
        let Some(token) = self.0.token else { return true };
        let told = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        told.and_then(presented).is_some_and(|presented| digest(&presented) == token)
    }
}

/// The middleware: refuses, or passes on and says what a browser may do with the answer.
pub(super) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let refusal = guard.refusal(request.method(), request.uri().path(), request.headers());
    let mut response = match refusal {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Whether a request that says where its page came from comes from `host`'s own.
fn is_own(headers: &HeaderMap, host: &str) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    let origin = origin.to_str().unwrap_or("");
    // Behind a proxy that ends TLS the scheme differs, and the host does not.
    let of = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    origins.next().is_none() && of.is_some_and(|of| of.eq_ignore_ascii_case(host))
}

/// The host of `host:port`.
fn without_port(host: &str) -> Option<&str> {
    let end = if host.starts_with('[') { host.find(']')? + 1 } else { host.find(':').unwrap_or(host.len()) };
    let (name, port) = host.split_at(end);
    match port.strip_prefix(':') {
        Some(port) => port.parse::<u16>().is_ok().then_some(name),
        None => port.is_empty().then_some(name),
    }
}

/// The address that a host is, if it is one.
fn address(name: &str) -> Option<IpAddr> {
    match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(six) => six.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => name.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

/// The token in an `Authorization`: `Bearer TOKEN`, or the password of `Basic`.
fn presented(authorization: &str) -> Option<Vec<u8>> {
    let (scheme, rest) = authorization.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().as_bytes().to_vec());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(rest.trim()).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    Some(decoded.get(colon + 1..)?.to_vec())
}

fn digest(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    /// The status of a refusal, if there is one.
    fn refused(guard: &Guard, method: &Method, pairs: &[(&'static str, &str)]) -> Option<u16> {
        guard.refusal(method, "/api/overview", &headers(pairs)).map(|answer| answer.status().as_u16())
    }

    #[test]
    fn the_loopback_is_asked_as_the_loopback() {
        let guard = Guard::new(true, &["observer.example".to_owned()], None);
        for host in
            ["localhost", "LOCALHOST:80", "127.0.0.1:4747", "127.8.0.1", "[::1]:1", "observer.example:8"]
        {
            assert_eq!(refused(&guard, &Method::GET, &[("host", host)]), None, "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "localhost:80.evil.example",
            "127.0.0.1@evil.example",
            "127.0.0.1.evil.example",
            "192.168.0.1",
            "[::2]",
            "[::1",
            "",
        ] {
            assert_eq!(refused(&guard, &Method::GET, &[("host", host)]), Some(421), "{host}");
        }
        assert_eq!(refused(&guard, &Method::GET, &[]), Some(421));
        let twice = [("host", "localhost"), ("host", "localhost")];
        assert_eq!(refused(&guard, &Method::GET, &twice), Some(421));
    }

    #[test]
    fn elsewhere_any_address_and_the_names_that_are_allowed() {
        let guard = Guard::new(false, &["Observer.example".to_owned()], None);
        for (host, answer) in [
            ("10.0.0.7:4747", None),
            ("[2001:db8::1]", None),
            ("observer.example", None),
            ("evil.example", Some(421)),
        ] {
            assert_eq!(refused(&guard, &Method::GET, &[("host", host)]), answer, "{host}");
        }
    }

    #[test]
    fn a_foreign_page_is_refused() {
        let guard = Guard::new(true, &[], None);
        let from = |origin| refused(&guard, &Method::GET, &[("host", "localhost:4747"), ("origin", origin)]);
        assert_eq!(from("http://localhost:4747"), None);
        for origin in
            ["http://evil.example", "null", "http://localhost:4748", "http://localhost", "localhost:4747", ""]
        {
            assert_eq!(from(origin), Some(403), "{origin}");
        }
    }

    #[test]
    fn what_changes_something_carries_the_header() {
        let guard = Guard::new(true, &[], None);
        let host = ("host", "localhost");
        assert_eq!(refused(&guard, &Method::POST, &[host]), Some(403));
        assert_eq!(refused(&guard, &Method::POST, &[host, (ACTION_HEADER, "1")]), None);
    }

    #[test]
    fn a_token_is_a_bearers_or_a_password() {
        let guard = Guard::new(false, &[], Some(&Secret::new("hunter:2")));
        let with = |authorization| {
            refused(&guard, &Method::GET, &[("host", "10.0.0.1"), ("authorization", authorization)])
        };
        assert_eq!(with("Bearer hunter:2"), None);
        let basic = format!("Basic {}", STANDARD.encode("anybody:hunter:2"));
        assert_eq!(with(&basic), None);
        for wrong in
            ["Bearer hunter", "Bearer ", "Basic x", "hunter:2", "Digest hunter:2", "Basic aHVudGVyOjI="]
        {
            assert_eq!(with(wrong), Some(401), "{wrong}");
        }
        assert_eq!(refused(&guard, &Method::GET, &[("host", "10.0.0.1")]), Some(401));
        assert!(!format!("{guard:?}").contains("hunter"));
        let probe = guard.refusal(&Method::GET, "/ready", &headers(&[("host", "10.0.0.1")]));
        assert!(probe.is_none(), "probes need no token");
    }
}
