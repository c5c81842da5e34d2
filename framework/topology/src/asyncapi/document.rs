//! Channels and operations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::message::{Message, key};
use crate::choreography::{Choreography, EventId};
use crate::manifest::{Emitted, Manifest, Step};

/// The version of the specification that documents say.
const ASYNCAPI: &str = "3.0.0";
/// For a service whose manifest says no version, and for the whole: the specification requires a text.
const NO_VERSION: &str = "unversioned";

/// What a service's description says before the service and behind it.
const SAID: (&str, &str) = ("What the service", " receives and sends");

/// Whether a document is one that [`of_service`] made of a service of this name, whatever the service declared then.
pub fn is_of_service(document: &Value, service: &str) -> bool {
    let info = &document["info"];
    let said = info["description"].as_str().and_then(|text| text.strip_prefix(SAID.0)?.strip_suffix(SAID.1));
    let named = said.and_then(|said| said.strip_prefix(' ')?.strip_prefix(service));
    info["title"] == service && named.is_some_and(|rest| rest.is_empty() || rest.starts_with(" of team "))
}

/// The document of one service: what it receives, with what it reads of it, and what it sends.
pub fn of_service(service: &Manifest) -> Value {
    let mut document = Document::default();
    document.add(service);
    let title = service.service.clone();
    let of_team = service.owner.as_ref().map_or_else(String::new, |owner| format!(" of team {owner}"));
    let description = format!("{} {title}{of_team}{}", SAID.0, SAID.1);
    document.value(&title, service.version.as_deref(), &description)
}

/// The document of all services. Each message has the schema of whoever writes it, or, where nobody here does, of
/// whoever reads it.
pub fn of_choreography(choreography: &Choreography<'_>) -> Value {
    let mut document = Document::default();
    choreography.services().iter().for_each(|service| document.add(service));
    document.value(
        "choreography",
        None,
        "Every event of the choreography, and which service receives and sends it",
    )
}

/// The parts of a document, each ordered by name.
#[derive(Default)]
struct Document {
    messages: BTreeMap<EventId, Message>,
    /// The events of each topic.
    channels: BTreeMap<String, Vec<EventId>>,
    /// The same, to look them up.
    known: BTreeSet<(String, EventId)>,
    operations: Map<String, Value>,
}

impl Document {
    fn add(&mut self, service: &Manifest) {
        for step in &service.steps {
            self.receive(service, step);
            let how = json!({ "x-emits": step.shape(), "x-deadline-ms": step.deadline_ms });
            self.send(service, &format!("{}.{}", service.service, step.name), "send", &step.emits, &how);
            let starts = json!({ "x-starts-workflows": true });
            self.send(service, &format!("{}.{}", service.service, step.name), "start", &step.starts, &starts);
        }
        let starts = json!({ "x-starts-workflows": true });
        self.send(service, &service.service, "publish", &service.publishes, &starts);
    }

    fn receive(&mut self, service: &Manifest, step: &Step) {
        let mut by_topic: BTreeMap<&str, Vec<EventId>> = BTreeMap::new();
        for consumed in &step.consumes {
            let id = consumed.id();
            self.messages.entry(id.clone()).or_insert_with(|| Message::read(consumed));
            by_topic.entry(&consumed.topic).or_default().push(id);
        }
        for (topic, events) in by_topic {
            let extra = json!({
                "bindings": { "kafka": { "groupId": { "type": "string", "enum": [step.group] }, "bindingVersion": "0.5.0" } },
                "x-deadline-ms": step.deadline_ms,
                "x-retry": step.retry,
                "x-retry-topic": step.retry_topic,
                "x-dead-letter-topic": step.dead_letter_topic,
            });
            let name = format!("{}.{}.receive.{topic}", service.service, step.name);
            self.operation(service, &name, "receive", topic, &events, extra);
        }
    }

    fn send(&mut self, service: &Manifest, who: &str, word: &str, emits: &[Emitted], extra: &Value) {
        let mut by_topic: BTreeMap<&str, Vec<EventId>> = BTreeMap::new();
        for emitted in emits {
            let message = Message::written(emitted);
            let known = self.messages.entry(emitted.id()).or_insert_with(|| message.clone());
            if known.rank() < message.rank() {
                *known = message;
            }
            by_topic.entry(&emitted.topic).or_default().push(emitted.id());
        }
        for (topic, events) in by_topic {
            self.operation(service, &format!("{who}.{word}.{topic}"), "send", topic, &events, extra.clone());
        }
    }

    fn operation(
        &mut self,
        service: &Manifest,
        name: &str,
        action: &str,
        topic: &str,
        events: &[EventId],
        extra: Value,
    ) {
        let channel = format!("#/channels/{}", key(topic));
        let (mut refs, mut seen): (Vec<Value>, _) = (Vec::new(), BTreeSet::new());
        let on_topic = self.channels.entry(topic.to_owned()).or_default();
        for id in events {
            if self.known.insert((topic.to_owned(), id.clone())) {
                on_topic.push(id.clone());
            }
            if seen.insert(id) {
                refs.push(json!({ "$ref": format!("{channel}/messages/{}", key(&id.to_string())) }));
            }
        }
        let mut operation = json!({ "action": action, "channel": { "$ref": channel }, "messages": refs });
        if let (Value::Object(operation), Value::Object(extra)) = (&mut operation, extra) {
            operation.extend(extra.into_iter().filter(|(_, value)| !value.is_null()));
            operation.insert("x-service".to_owned(), json!(service.service));
            if let Some(owner) = &service.owner {
                operation.insert("tags".to_owned(), json!([{ "name": format!("team {owner}") }]));
            }
        }
        // Names may hold dots, and so make one of what are two.
        let name = key(name);
        let others = (2_usize..).map(|number| format!("{name}.{number}"));
        let free =
            std::iter::once(name.clone()).chain(others).find(|name| !self.operations.contains_key(name));
        self.operations.extend(free.map(|name| (name, operation)));
    }

    fn value(self, title: &str, version: Option<&str>, description: &str) -> Value {
        let channels: Map<String, Value> = self
            .channels
            .iter()
            .map(|(topic, events)| {
                let messages: Map<String, Value> = events
                    .iter()
                    .map(|id| key(&id.to_string()))
                    .map(|name| (name.clone(), json!({ "$ref": format!("#/components/messages/{name}") })))
                    .collect();
                let bindings = json!({ "kafka": { "topic": topic, "bindingVersion": "0.5.0" } });
                (key(topic), json!({ "address": topic, "messages": messages, "bindings": bindings }))
            })
            .collect();
        let messages: Map<String, Value> =
            self.messages.iter().map(|(id, message)| (key(&id.to_string()), message.value(id))).collect();
        let schemas: Map<String, Value> =
            self.messages.iter().map(|(id, message)| (key(&id.to_string()), message.schema(id))).collect();
        json!({
            "asyncapi": ASYNCAPI,
            "info": { "title": title, "version": version.unwrap_or(NO_VERSION), "description": description },
            "defaultContentType": "application/json",
            "channels": channels,
            "operations": self.operations,
            "components": { "messages": messages, "schemas": schemas },
        })
    }
}
