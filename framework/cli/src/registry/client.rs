//! Requests, with time limits and repetitions, and answers that are never believed.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, http};

use super::Credentials;
use super::answer::{Compatibility, ErrorBody, Registered, Stored, of_status, sentence};
use crate::{Failure, MAX_REGISTRY_ANSWER_BYTES, MAX_SILENT_ATTEMPTS, MAX_SUBJECTS};

/// The type of what the interface takes and gives.
const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// How long and how often a request is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long one attempt may take, connecting and reading included.
    pub attempt: Duration,
    /// How often a request is tried while the registry answers with 5xx or cannot be connected to; once more at most where
    /// it lets an attempt wait until its end.
    pub attempts: u32,
    /// How long to wait before the second attempt; twice as long before each one after it.
    pub first_wait: Duration,
}

/// 10 s an attempt, four attempts, 1.4 s of waiting in all.
impl Default for Limits {
    fn default() -> Self {
        Self { attempt: Duration::from_secs(10), attempts: 4, first_wait: Duration::from_millis(200) }
    }
}

/// A registry's API.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    base: String,
    credentials: Credentials,
    limits: Limits,
}

/// An answer that came: its status and its body.
struct Answer {
    status: u16,
    body: Vec<u8>,
    /// Whether the request had been sent before, without an answer that says what came of it.
    repeated: bool,
}

/// Why there is no result: the registry refuses, or there is no answer at all.
pub(super) enum Refusal {
    Refused(ErrorBody),
    Failed(Failure),
}

#[derive(Serialize)]
struct Schema<'a> {
    #[serde(rename = "schemaType")]
    schema_type: &'static str,
    schema: &'a str,
}

impl Client {
    /// The API at `url`.
    ///
    /// # Errors
    ///
    /// A [`Failure`] of usage if `url` is none, or has a password in it.
    pub fn new(url: &str, credentials: Credentials, limits: Limits) -> Result<Self, Failure> {
        let base = checked(url)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let trusted = credentials.trusted.clone().unwrap_or(RootCerts::PlatformVerifier);
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(trusted)
            .client_cert(credentials.certificate.clone())
            .build();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(limits.attempt))
            .tls_config(tls)
            .build();
        Ok(Self { agent: config.into(), base, credentials, limits })
    }

    /// The address of the API, as messages show it.
    pub fn url(&self) -> &str {
        &self.base
    }

    /// The names of all subjects.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if it cannot be reached or refuses to answer, or has more than [`MAX_SUBJECTS`].
    pub fn subjects(&self) -> Result<Vec<String>, Failure> {
        let subjects: Vec<String> = self.required(&self.get("/subjects"), "list its subjects")?;
        if subjects.len() <= MAX_SUBJECTS {
            return Ok(subjects);
        }
        let (url, count) = (&self.base, subjects.len());
        Err(Failure::incomplete(format!(
            "the registry at {url} has {count} subjects, and no more than {MAX_SUBJECTS} are read"
        )))
    }

    /// The numbers of a subject's versions.
    pub(super) fn versions(&self, subject: &str) -> Result<Vec<u32>, Failure> {
        let path = format!("/subjects/{}/versions", segment(subject));
        self.required(&self.get(&path), &format!("list the versions of `{subject}`"))
    }

    /// The same; none of a subject that the registry does not have.
    pub(super) fn versions_if_any(&self, subject: &str) -> Result<Vec<u32>, Failure> {
        let path = format!("/subjects/{}/versions", segment(subject));
        match self.read(&self.get(&path)) {
            Ok(versions) => Ok(versions),
            Err(Refusal::Refused(error)) if matches!(error.error_code, 40401..=40404) => Ok(Vec::new()),
            Err(refusal) => Err(self.failure(refusal, &format!("list the versions of `{subject}`"))),
        }
    }

    /// One version of a subject; without a number the latest.
    pub(super) fn version(&self, subject: &str, version: Option<u32>) -> Result<Stored, Failure> {
        let number = version.map_or_else(|| "latest".to_owned(), |number| number.to_string());
        let path = format!("/subjects/{}/versions/{number}", segment(subject));
        self.required(&self.get(&path), &format!("give version {number} of `{subject}`"))
    }

    /// The same, if it is there: somebody may have deleted it since it was listed.
    pub(super) fn version_if_any(&self, subject: &str, number: u32) -> Result<Option<Stored>, Failure> {
        let path = format!("/subjects/{}/versions/{number}", segment(subject));
        match self.read(&self.get(&path)) {
            Ok(stored) => Ok(Some(stored)),
            Err(Refusal::Refused(error)) if matches!(error.error_code, 40401..=40404) => Ok(None),
            Err(refusal) => Err(self.failure(refusal, &format!("give version {number} of `{subject}`"))),
        }
    }

    /// A schema by its number.
    pub(super) fn by_id(&self, id: u32) -> Result<Stored, Failure> {
        self.required(&self.get(&format!("/schemas/ids/{id}")), &format!("give the schema {id}"))
    }

    /// A schema by its GUID.
    pub(super) fn by_guid(&self, guid: &str) -> Result<Stored, Failure> {
        self.required(
            &self.get(&format!("/schemas/guids/{}", segment(guid))),
            &format!("give the schema {guid}"),
        )
    }

    /// The version under which a subject has exactly this schema.
    pub(super) fn lookup(&self, subject: &str, schema: &str) -> Result<Option<Stored>, Failure> {
        let found: Result<Stored, Refusal> = self.post(&format!("/subjects/{}", segment(subject)), schema);
        match found {
            Ok(stored) => Ok(Some(stored)),
            Err(Refusal::Refused(error)) if matches!(error.error_code, 40401..=40403) => Ok(None),
            Err(refusal) => Err(self.failure(refusal, &format!("look `{subject}` up"))),
        }
    }

    /// Whether a subject would take a schema; if not, why not.
    pub(super) fn compatibility(&self, subject: &str, schema: &str) -> Result<Compatibility, Failure> {
        let path = format!("/compatibility/subjects/{}/versions?verbose=true", segment(subject));
        let answer: Result<Compatibility, Refusal> = self.post(&path, schema);
        match answer {
            // There is nothing to be incompatible with.
            Err(Refusal::Refused(error)) if matches!(error.error_code, 40401 | 40402) => {
                Ok(Compatibility { is_compatible: true, messages: Vec::new() })
            }
            Err(Refusal::Refused(error)) if matches!(error.error_code, 409 | 40901 | 422 | 42201) => {
                let messages = vec![self.said(&error)];
                Ok(Compatibility { is_compatible: false, messages })
            }
            Err(refusal) => Err(self.failure(refusal, &format!("check `{subject}`"))),
            Ok(answer) => Ok(answer),
        }
    }

    /// Registers a schema and gives its number, or what the registry says against it.
    pub(super) fn register(&self, subject: &str, schema: &str) -> Result<Result<u32, String>, Failure> {
        let answer: Result<Registered, Refusal> =
            self.post(&format!("/subjects/{}/versions", segment(subject)), schema);
        match answer {
            Ok(registered) => Ok(Ok(registered.id)),
            Err(Refusal::Refused(error)) if matches!(error.error_code, 409 | 40901 | 422 | 42201) => {
                Ok(Err(self.said(&error)))
            }
            Err(refusal) => Err(self.failure(refusal, &format!("register `{subject}`"))),
        }
    }

    /// Deletes a subject, or one version of it, softly. Gives the numbers of the versions that are gone; `None` where the first
    /// answer was lost, and the second says that there is nothing to delete: whether there was, nobody knows.
    pub(super) fn delete(&self, subject: &str, version: Option<u32>) -> Result<Option<Vec<u32>>, Failure> {
        let subject_path = format!("{}/subjects/{}", self.base, segment(subject));
        let url = match version {
            Some(version) => format!("{subject_path}/versions/{version}"),
            None => subject_path,
        };
        let answer = self.send(|| self.head(self.agent.delete(&url)).call());
        let gone = match version {
            Some(_) => self.read(&answer).map(|one| vec![one]),
            None => self.read(&answer),
        };
        match gone {
            Err(Refusal::Refused(error))
                if matches!(error.error_code, 40401 | 40402 | 40404 | 40406)
                    && answer.is_ok_and(|answer| answer.repeated) =>
            {
                Ok(None)
            }
            gone => gone.map(Some).map_err(|refusal| self.failure(refusal, &format!("delete `{subject}`"))),
        }
    }

    fn get(&self, path: &str) -> Result<Answer, Failure> {
        let url = format!("{}{path}", self.base);
        self.send(|| self.head(self.agent.get(&url)).call())
    }

    fn post<T: DeserializeOwned>(&self, path: &str, schema: &str) -> Result<T, Refusal> {
        let url = format!("{}{path}", self.base);
        let body = serde_json::to_string(&Schema { schema_type: "JSON", schema }).map_err(|error| {
            Refusal::Failed(Failure::incomplete(format!("a request cannot be written: {error}")))
        })?;
        let request = || self.head(self.agent.post(&url)).header("Content-Type", MEDIA_TYPE).send(&body);
        self.read(&self.send(request))
    }

    fn head<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        let request = request.header("Accept", format!("{MEDIA_TYPE}, application/json"));
        match self.credentials.authorization() {
            Some(authorization) => request.header("Authorization", authorization),
            None => request,
        }
    }

    /// Sends a request until it is answered in full with anything but 5xx. Each request of the interface may be repeated: to
    /// register what is registered changes nothing.
    fn send(
        &self,
        request: impl Fn() -> Result<http::Response<Body>, ureq::Error>,
    ) -> Result<Answer, Failure> {
        let mut wait = self.limits.first_wait;
        let mut silent = 0;
        let mut may_pass = |error: &ureq::Error| {
            silent += u32::from(matches!(error, ureq::Error::Timeout(_)));
            silent < MAX_SILENT_ATTEMPTS && is_passing(error)
        };
        for attempt in 1.. {
            let last = attempt >= self.limits.attempts;
            match request() {
                Ok(response) if response.status().is_server_error() && !last => {}
                Ok(response) => match received(response) {
                    Err(error) if may_pass(&error) && !last => {}
                    Err(error) => return Err(self.cut_off(&error)),
                    Ok(answer) => return Ok(Answer { repeated: attempt > 1, ..answer }),
                },
                Err(error) if may_pass(&error) && !last => {}
                Err(error) => return Err(self.unreachable(&error)),
            }
            sleep(wait);
            wait = wait.saturating_mul(2);
        }
        Err(Failure::incomplete(format!("the registry at {} was not asked", self.base)))
    }

    fn required<T: DeserializeOwned>(
        &self,
        answer: &Result<Answer, Failure>,
        what: &str,
    ) -> Result<T, Failure> {
        self.read(answer).map_err(|refusal| self.failure(refusal, what))
    }

    fn read<T: DeserializeOwned>(&self, answer: &Result<Answer, Failure>) -> Result<T, Refusal> {
        let answer = answer.as_ref().map_err(|failure| Refusal::Failed(failure.clone()))?;
        if (200..300).contains(&answer.status) {
            return serde_json::from_slice(&answer.body)
                .map_err(|_| Refusal::Failed(self.no_registry(answer)));
        }
        match serde_json::from_slice::<ErrorBody>(&answer.body) {
            // A registry that was not made for the interface leaves the code out where its own error has none.
            Ok(error) if error.error_code == 0 => {
                let error_code = u32::from(answer.status);
                Err(Refusal::Refused(ErrorBody { error_code, ..error }))
            }
            Ok(error) => Err(Refusal::Refused(error)),
            // What stands before a registry answers in its own words.
            Err(_) if answer.status >= 500 || matches!(answer.status, 401 | 403 | 429) => {
                Err(Refusal::Refused(of_status(answer.status)))
            }
            Err(_) => Err(Refusal::Failed(self.no_registry(answer))),
        }
    }

    /// Something answered that is no registry.
    fn no_registry(&self, answer: &Answer) -> Failure {
        let start = answer.body.trim_ascii_start();
        let kind = match start.first() {
            None => "nothing",
            Some(b'<') => "HTML",
            Some(_) if serde_json::from_slice::<Value>(start).is_ok() => "other JSON",
            Some(_) => "no JSON",
        };
        let (url, status) = (&self.base, answer.status);
        let failure = Failure::incomplete(format!(
            "what answers at {url} is no schema registry: it says {status} and {kind}"
        ));
        if (300..400).contains(&status) {
            return failure
                .help("it leads elsewhere, where no credentials go unasked: give that address itself");
        }
        failure
            .help("give the address of the API, of Apicurio for example `http://HOST:8080/apis/ccompat/v7`")
    }

    fn failure(&self, refusal: Refusal, what: &str) -> Failure {
        match refusal {
            Refusal::Failed(failure) => failure,
            Refusal::Refused(error) => Failure::incomplete(format!(
                "the registry at {} did not {what}: {}",
                self.base,
                self.said(&error)
            )),
        }
    }

    /// An error in plain words, with what the registry says itself.
    fn said(&self, error: &ErrorBody) -> String {
        let message = self.hidden(&error.message);
        let message = if message.is_empty() { String::new() } else { format!(": {message}") };
        format!("{} ({}{message})", sentence(error.error_code), error.error_code)
    }

    /// A text of the registry, fit to be shown.
    pub(super) fn hidden(&self, text: &str) -> String {
        const LONGEST: usize = 500;
        crate::format::shortened(&self.credentials.hide_in(text), LONGEST)
    }

    /// An answer that began and did not come to its end.
    fn cut_off(&self, error: &ureq::Error) -> Failure {
        match error {
            ureq::Error::Io(error) => {
                let text = self.hidden(&error.to_string());
                Failure::incomplete(format!(
                    "the answer of the registry at {} was cut off: {text}",
                    self.base
                ))
                .help("try again; if it stays so, look at what stands before the registry")
            }
            other => self.unreachable(other),
        }
    }

    fn unreachable(&self, error: &ureq::Error) -> Failure {
        let url = &self.base;
        match error {
            ureq::Error::Timeout(_) => {
                let seconds = self.limits.attempt.as_secs_f32();
                Failure::incomplete(format!("the registry at {url} did not answer within {seconds} s"))
                    .help("is it up, and is there a way to it from here?")
            }
            ureq::Error::BodyExceedsLimit(limit) => {
                Failure::incomplete(format!("the registry at {url} answered with more than {limit} bytes"))
            }
            other => {
                let text = self.hidden(&other.to_string());
                let failure = Failure::incomplete(format!("the registry at {url} cannot be reached: {text}"));
                if is_of_tls(other) {
                    failure
                        .help("CHOREOGRAPH_REGISTRY_CA_FILE says whom to trust")
                        .help("CHOREOGRAPH_REGISTRY_CERTIFICATE_FILE and CHOREOGRAPH_REGISTRY_KEY_FILE say who asks")
                } else {
                    failure.help("is it up, and is there a way to it from here?")
                }
            }
        }
    }
}

/// An answer with its whole body.
fn received(mut response: http::Response<Body>) -> Result<Answer, ureq::Error> {
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(MAX_REGISTRY_ANSWER_BYTES).read_to_vec()?;
    Ok(Answer { status, body, repeated: false })
}

/// Whether another attempt may fare better.
fn is_passing(error: &ureq::Error) -> bool {
    let passes =
        matches!(error, ureq::Error::Io(_) | ureq::Error::ConnectionFailed | ureq::Error::Timeout(_));
    passes && !is_of_tls(error)
}

/// Whether the two do not trust each other, which no repetition mends.
fn is_of_tls(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_) => true,
        ureq::Error::Io(error) => {
            error.get_ref().is_some_and(|inner| inner.downcast_ref::<rustls::Error>().is_some())
        }
        _ => false,
    }
}

/// The address without a slash at its end.
fn checked(url: &str) -> Result<String, Failure> {
    let wrong = |text: &str| Failure::usage(format!("the registry's address {text}"));
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let rest = rest.ok_or_else(|| wrong("does not begin with http:// or https://"))?;
    let host = rest.split('/').next().unwrap_or_default();
    // A password may hold a slash: what looks like a path is then a part of it.
    if rest.contains('@') {
        return Err(wrong("has a user or a password in it, which would be printed and logged")
            .help("set CHOREOGRAPH_REGISTRY_USER and CHOREOGRAPH_REGISTRY_PASSWORD instead"));
    }
    let plain = rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\"<>\\^`{|}".contains(&byte));
    if host.is_empty() || !plain {
        return Err(wrong("is no address: it is to be like http://localhost:8081"));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn format_byte(byte: u8) -> String {
    format!("%{byte:02X}")
}

/// A text as one segment of a path.
pub(crate) fn segment(text: &str) -> String {
    // Whoever stands before the server may take these two for a way up.
    if matches!(text, "." | "..") {
        return text.replace('.', "%2E");
    }
    text.bytes().fold(String::new(), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format_byte(byte));
        }
        path
    })
}

#[cfg(test)]
mod tests {
    use super::{checked, segment};

    #[test]
    fn an_address_is_one_of_http_without_secrets() {
        assert_eq!(
            checked("http://localhost:8081/apis/ccompat/v7/").unwrap(),
            "http://localhost:8081/apis/ccompat/v7"
        );
        for wrong in [
            "localhost:8081",
            "ftp://x",
            "http://",
            "http://a b",
            "http://x/?a=b",
            "http://user:hunter2@x",
            "http://user:/hunter2@x",
        ] {
            let failure = checked(wrong).unwrap_err().to_string();
            assert!(!failure.contains("hunter2"), "{failure}");
        }
    }

    #[test]
    fn a_subject_is_one_segment() {
        assert_eq!(segment("orders-a/b?c"), "orders-a%2Fb%3Fc");
        assert_eq!(segment(".."), "%2E%2E");
    }
}
