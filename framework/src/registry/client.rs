//! One question to a registry: under which id it has a contract.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use ureq::{Agent, Body};
use uuid::Uuid;

use super::SchemaId;
use crate::agent::{agent, said};
use crate::settings::{Login, Registry};

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of an answer: it holds the contract once more.
const MAX_ANSWER: u64 = 2 << 20;

/// A connection to a registry.
pub(super) struct Client {
    agent: Agent,
    base: String,
    /// The header `authorization`.
    authorization: Option<String>,
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

#[derive(Deserialize)]
struct Refusal {
    error_code: u32,
}

impl Client {
    pub(super) fn new(registry: &Registry) -> Self {
        let authorization = registry.login.as_ref().map(|login| match login {
            Login::Basic { user, password } => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose())))
            }
            Login::Bearer(token) => format!("Bearer {}", token.expose()),
        });
        Self { agent: agent(&registry.tls, TIMEOUT), base: registry.url.clone(), authorization }
    }

    /// The id of a contract, or in words why there is none.
    pub(super) fn look_up(&self, subject: &str, text: &str) -> Result<SchemaId, String> {
        let question = Question { schema_type: "JSON", schema: text };
        let question = serde_json::to_string(&question).map_err(|error| error.to_string())?;
        let mut request = self
            .agent
            .post(format!("{}/subjects/{}", self.base, segment(subject)))
            .header("accept", "application/vnd.schemaregistry.v1+json, application/json")
            .header("content-type", "application/vnd.schemaregistry.v1+json");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let mut answer = request.send(&question).map_err(|error| said(&error, TIMEOUT))?;
        match answer.status().as_u16() {
            200 => {}
            401 | 403 => {
                return Err("the registry does not let this service in: see CHOREOGRAPH_REGISTRY_USER and \
                            CHOREOGRAPH_REGISTRY_TOKEN"
                    .to_owned());
            }
            404 => return Err(missing(answer.body_mut())),
            status => return Err(format!("the registry answers with status {status}")),
        }
        let bytes = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        let bytes = bytes.map_err(|error| said(&error, TIMEOUT))?;
        let answer: Answer = serde_json::from_slice(&bytes)
            .map_err(|_| "what answers is no registry: its answer is not the API's JSON".to_owned())?;
        let guid = answer.guid.and_then(|guid| Uuid::try_parse(&guid).ok()).map(SchemaId::Guid);
        guid.or(answer.id.map(SchemaId::Number)).ok_or_else(|| "the registry's answer holds no id".to_owned())
    }
}

/// Why there is nothing, as the API's error code tells it: what knows no such code is no registry.
fn missing(body: &mut Body) -> String {
    const NO_SUBJECT: u32 = 40_401;
    const NO_SCHEMA: u32 = 40_403;
    let bytes = body.with_config().limit(MAX_ANSWER).read_to_vec().unwrap_or_default();
    let refusal: Option<Refusal> = serde_json::from_slice(&bytes).ok();
    match refusal.map(|refusal| refusal.error_code) {
        Some(NO_SUBJECT) => "it was never pushed: `choreograph registry push`",
        Some(NO_SCHEMA) => {
            "it was never pushed in these words: `choreograph registry push`, also where only a description changed"
        }
        _ => {
            "no registry answers at this address: CHOREOGRAPH_REGISTRY_URL is to be that of the API, of Apicurio for example \
             `http://HOST:8080/apis/ccompat/v7`"
        }
    }
    .to_owned()
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
