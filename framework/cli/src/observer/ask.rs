//! Questions to an observer, with a time limit, and answers that are never believed.

use std::sync::Arc;
use std::time::Duration;

use choreograph::settings::Secret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, http};

use super::token;
use crate::args::Asked;
use crate::registry::{segment, variable};
use crate::{Failure, MAX_OBSERVER_ANSWER_BYTES, format};

/// Where an observer answers unless it was told otherwise.
const DEFAULT: &str = "http://127.0.0.1:4747";

/// How long one answer may take, connecting and reading included.
const WITHIN: Duration = Duration::from_secs(10);

/// A running observer.
#[derive(Debug)]
pub(crate) struct Ask {
    agent: Agent,
    base: String,
    token: Option<Secret>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Said {
    /// Nobody listens there.
    Away(Failure),
    /// It does not know what was asked for: its sentence.
    Unknown(String),
    /// It refuses, or what answers is no observer.
    Failed(Failure),
}

impl From<Said> for Failure {
    fn from(said: Said) -> Self {
        match said {
            Said::Away(failure) | Said::Failed(failure) => failure,
            Said::Unknown(sentence) => Self::incomplete(sentence),
        }
    }
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

impl Ask {
    /// The observer that was named, or the one that may be where one answers by default.
    pub(crate) fn new(asked: &Asked) -> Result<Self, Failure> {
        let set = variable("CHOREOGRAPH_OBSERVER")?;
        let url = asked.observer.as_deref().or(set.as_deref());
        let base = checked(url.unwrap_or(DEFAULT))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(WITHIN))
            .tls_config(tls)
            .build();
        Ok(Self { agent: config.into(), base, token: token()? })
    }

    /// The answer to `path`, which begins with a slash, and to `query`.
    pub(crate) fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, Said> {
        let path: String = path.iter().flat_map(|part| ["/".to_owned(), segment(part)]).collect();
        let mut request = self.agent.get(format!("{}{path}", self.base));
        for (name, value) in query {
            request = request.query(*name, value);
        }
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {}", token.expose()));
        }
        let response = request.call().map_err(|error| self.away(&error))?;
        self.read(response)
    }

    fn read<T: DeserializeOwned>(&self, mut response: http::Response<Body>) -> Result<T, Said> {
        let status = response.status().as_u16();
        let reader = response.body_mut().with_config().limit(MAX_OBSERVER_ANSWER_BYTES);
        let body = reader.read_to_vec().map_err(|error| self.away(&error))?;
        if status == 200 {
            return serde_json::from_slice(&body).map_err(|_| Said::Failed(self.no_observer(status)));
        }
        let Ok(refused) = serde_json::from_slice::<Refused>(&body) else {
            return Err(Said::Failed(self.no_observer(status)));
        };
        let sentence = format::shortened(&refused.error, 500);
        Err(match status {
            404 => Said::Unknown(sentence),
            400 => Said::Failed(Failure::usage(sentence)),
            401 => Said::Failed(
                Failure::incomplete(format!("the observer at {} wants a token", self.base))
                    .help("set CHOREOGRAPH_OBSERVER_TOKEN or CHOREOGRAPH_OBSERVER_TOKEN_FILE"),
            ),
            _ => Said::Failed(Failure::incomplete(format!(
                "the observer at {} refuses: {sentence}",
                self.base
            ))),
        })
    }

    fn no_observer(&self, status: u16) -> Failure {
        let text =
            format!("what answers at {} is no observer: it says {status}, and not what one says", self.base);
        Failure::incomplete(text).help("name the observer with `--observer URL` or CHOREOGRAPH_OBSERVER")
    }

    fn away(&self, error: &ureq::Error) -> Said {
        let failure = match error {
            ureq::Error::Timeout(_) => {
                let seconds = WITHIN.as_secs();
                Failure::incomplete(format!(
                    "the observer at {} did not answer within {seconds} s",
                    self.base
                ))
            }
            other => Failure::incomplete(format!("no observer answers at {}: {other}", self.base)),
        };
        Said::Away(
            failure
                .help("start one: choreograph observe --manifests FOLDER, with KAFKA_BOOTSTRAP_SERVERS set")
                .help("or name the one that runs, with `--observer URL` or CHOREOGRAPH_OBSERVER"),
        )
    }
}

/// The address without a slash at its end.
fn checked(url: &str) -> Result<String, Failure> {
    let wrong = |text: &str| Failure::usage(format!("the observer's address {text}"));
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let rest = rest.ok_or_else(|| wrong("does not begin with http:// or https://"))?;
    // A password may hold a slash: what looks like a path is then a part of it.
    if rest.contains('@') {
        return Err(wrong("has a user or a password in it, which would be printed")
            .help("set CHOREOGRAPH_OBSERVER_TOKEN instead"));
    }
    let plain = rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\"<>\\^`{|}".contains(&byte));
    if rest.is_empty() || rest.starts_with(['/', ':']) || !plain {
        return Err(wrong("is no address: it is to be like http://127.0.0.1:4747"));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn an_address_is_one_of_http_without_secrets() {
        assert_eq!(checked("http://observer:4747/").unwrap(), "http://observer:4747");
        for wrong in [
            "observer:4747",
            "http://",
            "http://:1",
            "http://a b",
            "http://ann:hunter2@x",
            "http://ann:/hunter2@x",
            "http://x?y",
        ] {
            let failure = checked(wrong).unwrap_err().to_string();
            assert!(!failure.contains("hunter2"), "{failure}");
        }
    }
}
