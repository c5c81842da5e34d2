//! What the command says to answers of Confluent's Schema Registry, as that project documents them: `confluent.json` says where.

use std::path::Path;

use serde_json::Value;

use super::memory;
use super::server::{Answer, Request, Server};
use crate::support::{choreograph, contract, folder};

fn documented() -> Value {
    serde_json::from_str(include_str!("confluent.json")).expect("JSON")
}

fn answer(one: &Value) -> Answer {
    let status = one["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    (status.expect("a status"), one["body"].to_string())
}

fn titled(version: &str) -> String {
    contract(&format!("order.placed/{version}"), "")
        .replace("\"An order.\"", "\"An order.\",\n  \"title\": \"OrderPlaced\"")
}

/// A registry that has nothing, and answers otherwise where `is` holds of a request.
fn but(is: fn(&Request) -> bool, other: Answer) -> Server {
    Server::start(move |request| match request.line.as_str() {
        _ if is(request) => other.clone(),
        "GET /subjects" => (200, "[]".to_owned()),
        line if line.starts_with("POST /compatibility/") => (200, r#"{"is_compatible":true}"#.to_owned()),
        _ => memory::error(404, 40401, "Subject 'OrderPlaced' not found."),
    })
}

#[test]
fn every_documented_error_has_its_sentence() {
    for one in documented()["errors"].as_array().expect("a list") {
        assert!(one["from"].as_str().is_some_and(|from| from.starts_with("https://")), "{one}");
        let (status, body) = answer(one);
        let server = Server::start(move |_| (status, body.clone()));
        let url = server.url();
        let run = choreograph(Path::new("."), ["registry", "get", "--subject", "OrderPlaced", "--url", &url]);
        let (says, code) = (one["says"].as_str().expect("a sentence"), one["body"]["error_code"].to_string());
        assert_eq!((run.code, run.out.as_str()), (3, ""), "{one}: {run:?}");
        assert!(run.errors.contains(says) && run.errors.contains(&code), "{one}: {}", run.errors);
        assert!(
            run.errors.contains(one["body"]["message"].as_str().expect("a text")),
            "{one}: {}",
            run.errors
        );
    }
}

#[test]
fn every_reason_of_a_documented_refusal_is_told() {
    let documented = documented();
    let server =
        but(|request| request.line.starts_with("POST /compatibility/"), answer(&documented["refusal"]));
    let folder = folder(&[("schemas/order.placed/1.0.json", &titled("1.0"))]);
    let run = choreograph(folder.path(), ["registry", "check", "--url", &server.url()]);
    assert_eq!(run.code, 1, "{run:?}");
    for message in documented["refusal"]["body"]["messages"].as_array().expect("a list") {
        assert!(run.out.contains(message.as_str().expect("a text")), "{message}: {}", run.out);
    }
}

#[test]
fn a_documented_conflict_at_registration_is_a_finding() {
    let documented = documented();
    let registers = |request: &Request| request.line == "POST /subjects/OrderPlaced/versions";
    let server = but(registers, answer(&documented["conflict"]));
    let folder = folder(&[("schemas/order.placed/1.0.json", &titled("1.0"))]);
    let run = choreograph(folder.path(), ["registry", "push", "--url", &server.url()]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.out.contains("REGISTRY_REFUSES") && run.out.contains("{oldSchemaVersion: 1}"), "{}", run.out);
}

#[test]
fn a_documented_version_is_read() {
    let (status, body) = answer(&documented()["lookup"]);
    let server = Server::start(move |_| (status, body.clone()));
    let url = server.url();
    let args = ["registry", "get", "--subject", "OrderPlaced", "--format", "json", "--url", &url];
    let json = choreograph(Path::new("."), args).json("registry");
    assert_eq!(
        (&json["id"], &json["version"], &json["schema"]["type"]),
        (&7.into(), &3.into(), &"object".into())
    );
}
