//! Requests to servers that are not Kafka: a schema registry, a collector. They block.

use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use crate::settings::{Identity, Tls};

/// What asks servers that `tls` trusts, and waits for an answer for `timeout` at most, connecting and reading included.
///
/// A status is an answer, whichever it is; redirects are not followed, and proxies of the environment not asked.
pub(crate) fn agent(tls: &Tls, timeout: Duration) -> Agent {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trusted = tls.authorities.as_deref();
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(provider)
        .root_certs(
            trusted.map_or(RootCerts::PlatformVerifier, |pem| RootCerts::new_with_certs(&certificates(pem))),
        )
        .client_cert(tls.identity.as_ref().and_then(shown))
        .build();
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(timeout))
        .tls_config(tls)
        .build()
        .into()
}

/// What a server is shown of who asks. The settings hold no broken pair.
fn shown(identity: &Identity) -> Option<ClientCert> {
    let key = PrivateKey::from_pem(identity.key.expose().as_bytes()).ok()?;
    Some(ClientCert::new_with_certs(&certificates(&identity.certificate), key))
}

fn certificates(pem: &str) -> Vec<Certificate<'static>> {
    let items = parse_pem(pem.as_bytes()).filter_map(Result::ok);
    items
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect()
}

/// Why there is no answer, in words: without the address, which may hold a password.
pub(crate) fn said(error: &ureq::Error, timeout: Duration) -> String {
    match error {
        ureq::Error::Timeout(_) => format!("no answer within {timeout:?}"),
        ureq::Error::BodyExceedsLimit(limit) => format!("the answer has more than {limit} bytes"),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_) => distrusted(error),
        ureq::Error::Io(io)
            if io.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) =>
        {
            distrusted(error)
        }
        ureq::Error::Io(io) => format!("it cannot be reached: {}", io.kind()),
        ureq::Error::ConnectionFailed | ureq::Error::HostNotFound => "it cannot be reached".to_owned(),
        _ => "what answers does not speak HTTP".to_owned(),
    }
}

fn distrusted(error: &ureq::Error) -> String {
    format!("no encrypted connection could be made: {error}")
}
