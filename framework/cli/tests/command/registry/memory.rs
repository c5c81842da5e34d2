//! A registry in memory, written by hand after the documentation of Confluent's: its shapes, its error codes, its messages.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::server::{Answer, Request, Server, whole};

/// What is registered: for each subject the number and the text of each version.
pub(crate) type Registered = Arc<Mutex<BTreeMap<String, Vec<(usize, String)>>>>;

/// What it says to a schema with a property `forbidden`, as Confluent's registry says it with `verbose=true`.
pub(crate) const REASON: &str = "{errorType:\"PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL\", description:\"The new schema has an open content model and has a property or item at path '#/properties/forbidden' which is missing in the old schema\"}";

/// The GUID of the first schema.
pub(crate) const GUID: &str = "3b4a1f9e-8c0d-4f0a-9f43-0c1c5f2f6a11";

pub(crate) fn start() -> (Server, Registered) {
    start_behind(|_, bytes| bytes)
}

/// One behind a proxy, which may keep what it answers from who asked.
pub(crate) fn start_behind(
    proxy: impl Fn(&Request, Vec<u8>) -> Vec<u8> + Send + 'static,
) -> (Server, Registered) {
    let registered = Registered::default();
    let known = Arc::clone(&registered);
    let server = Server::raw(move |request| {
        let answer = answer(request, &mut known.lock().expect("no panic"));
        proxy(request, whole(answer))
    });
    (server, registered)
}

fn answer(request: &Request, subjects: &mut BTreeMap<String, Vec<(usize, String)>>) -> Answer {
    let (method, path) = request.line.split_once(' ').expect("a request");
    let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
    let schema = body["schema"].as_str().unwrap_or_default().to_owned();
    let parts: Vec<&str> = path.trim_start_matches('/').split(['/', '?']).collect();
    match (method, parts.as_slice()) {
        ("GET", ["subjects"]) => ok(&json!(subjects.keys().collect::<Vec<_>>())),
        ("GET", ["subjects", subject, "versions"]) => match subjects.get(*subject) {
            Some(versions) => ok(&json!((1..=versions.len()).collect::<Vec<_>>())),
            None => error(404, 40401, &format!("Subject '{subject}' not found.")),
        },
        ("GET", ["subjects", subject, "versions", number]) => version(subjects, subject, number),
        ("GET", ["schemas", "ids", id]) => {
            let stored = subjects.values().flatten().find(|(number, _)| number.to_string() == *id);
            match stored {
                Some((_, schema)) => ok(&json!({ "schemaType": "JSON", "schema": schema })),
                None => error(404, 40403, &format!("Schema {id} not found")),
            }
        }
        ("GET", ["schemas", "guids", guid]) => match subjects.values().flatten().next() {
            Some((_, schema)) if *guid == GUID => {
                ok(&json!({ "guid": GUID, "schemaType": "JSON", "schema": schema }))
            }
            _ => error(404, 40403, &format!("Schema {guid} not found")),
        },
        ("POST", ["subjects", subject]) => match subjects.get(*subject) {
            None => error(404, 40401, &format!("Subject '{subject}' not found.")),
            Some(versions) => match versions.iter().position(|(_, known)| *known == schema) {
                None => error(404, 40403, "Schema not found"),
                Some(at) => ok(&json!({
                    "subject": subject, "version": at + 1, "id": versions[at].0, "schemaType": "JSON", "schema": schema,
                })),
            },
        },
        ("POST", ["compatibility", "subjects", subject, "versions", "verbose=true"]) => {
            let adds = |(_, known): &(usize, String)| adds_to_an_open_one(known, &schema);
            let latest = subjects.get(*subject).and_then(|versions| versions.last());
            let refuses = latest.is_some_and(|latest| schema.contains("forbidden") || adds(latest));
            let messages = if refuses { json!([REASON, "{oldSchemaVersion: 1}"]) } else { json!([]) };
            ok(&json!({ "is_compatible": !refuses, "messages": messages }))
        }
        ("POST", ["subjects", subject, "versions"]) => {
            let id = subjects.values().map(Vec::len).sum::<usize>() + 1;
            let versions = subjects.entry((*subject).to_owned()).or_default();
            // To register what is registered changes nothing.
            if let Some((known, _)) = versions.iter().find(|(_, known)| *known == schema) {
                return ok(&json!({ "id": known }));
            }
            versions.push((id, schema));
            ok(&json!({ "id": id }))
        }
        ("DELETE", ["subjects", subject]) => match subjects.remove(*subject) {
            Some(versions) => ok(&json!((1..=versions.len()).collect::<Vec<_>>())),
            None => error(404, 40401, &format!("Subject '{subject}' not found.")),
        },
        _ => error(404, 404, "HTTP 404 Not Found"),
    }
}

/// Whether `new` has a property that `old` has not, which is open.
fn adds_to_an_open_one(old: &str, new: &str) -> bool {
    let [old, new] = [old, new].map(|text| serde_json::from_str::<Value>(text).unwrap_or_default());
    let mut properties = new["properties"].as_object().into_iter().flatten();
    old["additionalProperties"] != false && properties.any(|(name, _)| old["properties"].get(name).is_none())
}

fn version(subjects: &BTreeMap<String, Vec<(usize, String)>>, subject: &str, number: &str) -> Answer {
    let Some(versions) = subjects.get(subject) else {
        return error(404, 40401, &format!("Subject '{subject}' not found."));
    };
    let number = if number == "latest" { versions.len() } else { number.parse().unwrap_or(0) };
    match number.checked_sub(1).and_then(|at| versions.get(at)) {
        Some((id, schema)) => ok(&json!({
            "subject": subject, "version": number, "id": id, "schemaType": "JSON", "schema": schema,
            "guid": GUID,
        })),
        None => error(404, 40402, "Version not found."),
    }
}

fn ok(body: &Value) -> Answer {
    (200, body.to_string())
}

pub(crate) fn error(status: u16, code: u32, message: &str) -> Answer {
    (status, json!({ "error_code": code, "message": message }).to_string())
}
