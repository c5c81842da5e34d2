//! Ids of contracts in a schema registry, looked up once when a service starts.

mod client;

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use choreograph_contracts::{ContractFile, ContractId};
use tokio::sync::oneshot;
use uuid::Uuid;

use self::client::Client;
use crate::clock;
use crate::emits::EmittedEvent;
use crate::envelope::{names, write::EventHeaders};
use crate::settings::{Registry, Subjects};
use crate::telemetry::events::SchemaIdMissing;

/// After so long no other is asked for: a service does not wait for a registry.
const DEADLINE: Duration = Duration::from_secs(5);

/// The values of the header, by the contract's URI.
#[derive(Debug, Default)]
pub(crate) struct Ids(BTreeMap<String, Vec<u8>>);

impl Ids {
    /// Adds the header to those that an event always has, if there is an id.
    pub(crate) fn add_to(&self, headers: &mut EventHeaders) {
        if let Some(id) = self.0.get(headers.data_schema()) {
            headers.add(names::VALUE_SCHEMA_ID, id);
        }
    }
}

/// Looks up what is known of these events. What is not found is told in the log, and goes out without an id.
///
/// On a thread of its own, for it blocks and whoever waits may be on a step's thread, which has no runtime for
/// connections. A caller that gives up leaves it to end by itself.
pub(crate) async fn look_up(registry: Option<&Registry>, events: &[EmittedEvent]) -> Ids {
    let Some(registry) = registry else { return Ids::default() };
    let wanted: Vec<_> = events.iter().filter_map(|event| Wanted::of(event, registry.subjects)).collect();
    if wanted.is_empty() {
        return Ids::default();
    }
    let (tell, told) = oneshot::channel();
    let registry = registry.clone();
    let asks = move || {
        // Nobody to tell: the caller gave up.
        let _gone = tell.send(all(&registry, &wanted));
    };
    if let Err(error) = thread::Builder::new().name("choreograph-registry".to_owned()).spawn(asks) {
        tracing::warn!(target: "choreograph", %error, "no thread to ask the schema registry: no event has a schema id");
    }
    told.await.unwrap_or_default()
}

/// Asks for one after the other, until the deadline.
fn all(registry: &Registry, wanted: &[Wanted]) -> Ids {
    let started = clock::instant();
    let client = Client::new(registry);
    let mut ids = Ids::default();
    for Wanted { contract, subject, text } in wanted {
        let found = if started.elapsed() < DEADLINE {
            client.look_up(subject, text)
        } else {
            Err(format!("the registry did not answer for all within {DEADLINE:?}"))
        };
        match found {
            Ok(id) => _ = ids.0.insert(contract.clone(), id.header()),
            Err(why) => SchemaIdMissing { contract, subject, why: &why }.emit(),
        }
    }
    ids
}

/// A contract and where it is to be found.
struct Wanted {
    contract: String,
    subject: String,
    /// As it was pushed: the text of its file.
    text: String,
}

impl Wanted {
    fn of(event: &EmittedEvent, subjects: Subjects) -> Option<Self> {
        let schema = (event.writer_schema)();
        let title = schema["title"].as_str()?.to_owned();
        let subject = match subjects {
            Subjects::RecordName => title,
            Subjects::TopicRecordName => format!("{}-{title}", event.topic),
        };
        let id = ContractId::new(event.name, event.major, event.minor).ok()?;
        Some(Self { contract: id.to_string(), subject, text: ContractFile { id, schema }.to_text() })
    }
}

/// What a registry calls a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SchemaId {
    Guid(Uuid),
    Number(u32),
}

impl SchemaId {
    /// The value of the header.
    fn header(self) -> Vec<u8> {
        match self {
            Self::Guid(guid) => [&[1][..], guid.as_bytes()].concat(),
            Self::Number(number) => [&[0][..], &number.to_be_bytes()].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::Event;
    use crate::settings::Settings;

    #[derive(Event, Serialize, Deserialize, JsonSchema)]
    #[event(type = "payment.confirmed", version = "1.2", topic = "payments", key = "order_id")]
    struct PaymentConfirmed {
        order_id: String,
    }

    /// A registry that gives these answers in turn, and the requests that it was asked.
    async fn registry(answers: Vec<&'static str>) -> (Registry, tokio::task::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let asked = tokio::spawn(async move {
            let mut asked = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let mut request = Vec::new();
                // The text of a contract's file ends so.
                while !request.ends_with(b"\\n\"}") {
                    let mut more = [0; 4_096];
                    let read = stream.read(&mut more).await.expect("a request");
                    request.extend_from_slice(&more[..read]);
                }
                stream.write_all(answer.as_bytes()).await.expect("it listens");
                asked.push(String::from_utf8(request).expect("text"));
            }
            asked
        });
        let settings = Settings::read([
            ("CHOREOGRAPH_REGISTRY_URL", url.as_str()),
            ("CHOREOGRAPH_REGISTRY_SUBJECTS", "topic-record-name"),
            ("CHOREOGRAPH_REGISTRY_USER", "Aladdin"),
            ("CHOREOGRAPH_REGISTRY_PASSWORD", "open sesame"),
        ]);
        (settings.expect("legal").registry.expect("set"), asked)
    }

    async fn header(registry: &Registry) -> Option<Vec<u8>> {
        let ids = look_up(Some(registry), &[EmittedEvent::of::<PaymentConfirmed>()]).await;
        let contract = "urn:contract:payment.confirmed/1.2".to_owned();
        let mut headers = EventHeaders::new(String::new(), String::new(), contract, Vec::new());
        ids.add_to(&mut headers);
        headers.same().iter().find(|(name, _)| *name == "__value_schema_id").map(|(_, value)| value.to_vec())
    }

    #[tokio::test]
    async fn a_contract_that_was_pushed_has_an_id() {
        let (one, asked) = registry(vec![
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"id\":258,\"version\":3}",
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"id\":1,\"guid\":\"01020304-0506-0708-090a-0b0c0d0e0f10\"}",
        ])
        .await;
        assert_eq!(header(&one).await, Some(vec![0, 0, 0, 1, 2]));
        assert_eq!(header(&one).await, Some((1..=1).chain(1..=16).collect()));
        let asked = asked.await.expect("both were asked");
        assert!(asked[0].starts_with("POST /subjects/payments-PaymentConfirmed HTTP/1.1"), "{}", asked[0]);
        assert!(asked[0].contains(r#""schemaType":"JSON""#), "{}", asked[0]);
        assert!(asked[0].contains("authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "{}", asked[0]);
    }

    /// A step's thread has a runtime without connections, and so may have a publisher's in a handler.
    #[test]
    fn a_contract_is_found_without_a_runtime_for_connections() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"id\":258}";
        let (one, _asked) = runtime.block_on(registry(vec![answer]));
        let bare = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        assert_eq!(bare.block_on(header(&one)), Some(vec![0, 0, 0, 1, 2]));
    }

    #[tokio::test]
    async fn whatever_else_a_registry_says_the_event_goes_out_without() {
        let (one, _asked) = registry(vec![
            "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n{\"error_code\":40403,\"message\":\"Schema not found\"}",
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html>",
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}",
        ])
        .await;
        for _ in 0..3 {
            assert_eq!(header(&one).await, None);
        }
        let away = Settings::read([("CHOREOGRAPH_REGISTRY_URL", "http://127.0.0.1:1")]).expect("legal");
        assert_eq!(header(&away.registry.expect("set")).await, None);
    }

    #[tokio::test]
    async fn what_is_not_there_is_told_by_what_is_missing() {
        let answers = [
            ("{\"error_code\":40401,\"message\":\"Subject not found\"}", "it was never pushed: "),
            (
                "{\"error_code\":40403,\"message\":\"Schema not found\"}",
                "it was never pushed in these words: ",
            ),
            (
                "{\"error_code\":404,\"message\":\"HTTP 404 Not Found\"}",
                "no registry answers at this address: ",
            ),
            ("<html>", "no registry answers at this address: "),
            ("", "no registry answers at this address: "),
        ];
        for (answer, told) in answers {
            let answer = format!("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n{answer}");
            let (one, _asked) = registry(vec![answer.leak()]).await;
            let asks = move || Client::new(&one).look_up("OrderPlaced", "{}\n");
            let found = tokio::task::spawn_blocking(asks).await.expect("no panic");
            let why = found.expect_err("it is not there");
            assert!(why.starts_with(told), "{why}");
        }
    }
}
