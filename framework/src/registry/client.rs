//! One question to a registry: under which id it has a contract.

use std::fmt::Write as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::SchemaId;
use crate::settings::Registry;

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of an answer: it holds the contract once more.
const MAX_ANSWER: usize = 2 << 20;

/// A connection to a registry.
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    schema_type: &'static str,
    schema: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    id: Option<u32>,
    guid: Option<String>,
}

impl Client {
    pub(super) fn new(registry: &Registry) -> Result<Self, String> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
        let http = http.build().map_err(|error| said(&error))?;
        Ok(Self { http, base: registry.url.expose().trim_end_matches('/').to_owned() })
    }

    /// The id of a contract, or in words why there is none.
    pub(super) async fn look_up(&self, subject: &str, text: &str) -> Result<SchemaId, String> {
        let question = Question { schema_type: "JSON", schema: text };
        let question = serde_json::to_string(&question).map_err(|error| error.to_string())?;
        let address = format!("{}/subjects/{}", self.base, segment(subject));
        let request =
            self.http.post(address).header("content-type", "application/vnd.schemaregistry.v1+json");
        let mut answer = request.body(question).send().await.map_err(|error| said(&error))?;
        match answer.status().as_u16() {
            200 => {}
            404 => return Err("it was never pushed: `choreograph registry push`".to_owned()),
            status => return Err(format!("the registry answers with status {status}")),
        }
        let mut bytes = Vec::new();
        while let Some(more) = answer.chunk().await.map_err(|error| said(&error))? {
            bytes.extend_from_slice(&more);
            if bytes.len() > MAX_ANSWER {
                return Err("the registry's answer is too long".to_owned());
            }
        }
        let answer: Answer = serde_json::from_slice(&bytes)
            .map_err(|_| "what answers is no registry: its answer is not the API's JSON".to_owned())?;
        let guid = answer.guid.and_then(|guid| Uuid::try_parse(&guid).ok()).map(SchemaId::Guid);
        guid.or(answer.id.map(SchemaId::Number)).ok_or_else(|| "the registry's answer holds no id".to_owned())
    }
}

/// An error without the address, which may hold a password.
fn said(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {TIMEOUT:?}");
    }
    if error.is_connect() {
        return "it cannot be reached".to_owned();
    }
    "the connection broke".to_owned()
}

/// A name as one part of a path.
fn segment(name: &str) -> String {
    name.bytes().fold(String::with_capacity(name.len()), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ignored = write!(text, "%{byte:02X}");
        }
        text
    })
}
