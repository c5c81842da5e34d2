//! `choreograph registry` against a registry that another project wrote, and beside Confluent's own client.
//!
//! `tests/third-party/with-registry` starts what it needs and sets `REGISTRY_URL` and `CONFLUENT_PYTHON`.

mod verdicts;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Run, choreograph, contract, folder, write};

fn url() -> String {
    std::env::var("REGISTRY_URL").expect("tests/third-party/with-registry sets it")
}

fn registry(folder: &Path, args: &[&str]) -> Run {
    choreograph(folder, ["registry"].iter().chain(args).chain(&["--url", &url()]))
}

/// A contract whose names no other test uses.
fn titled(name: &str, version: &str, more: &str) -> String {
    let text = contract(&format!("test.{name}/{version}"), more);
    text.replace("\"An order.\"", &format!("\"x\",\n  \"title\": \"{name}\""))
}

fn file(name: &str, version: &str) -> String {
    format!("schemas/test.{name}/{version}.json")
}

/// Confluent's client, which must succeed.
fn confluent(folder: &Path, args: &[&str]) -> String {
    let python = std::env::var("CONFLUENT_PYTHON").expect("tests/third-party/with-registry sets it");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command/servers/confluent.py");
    let (command, rest) = args.split_first().expect("a command");
    let output = Command::new(python)
        .arg(script)
        .arg(command)
        .arg(url())
        .args(rest)
        .current_dir(folder)
        .output()
        .expect("Python runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Sets what a subject demands of new versions.
fn level(subject: &str, level: &str) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let answer = agent
        .put(format!("{}/config/{subject}", url()))
        .header("Content-Type", "application/vnd.schemaregistry.v1+json")
        .send(format!("{{\"compatibility\":\"{level}\"}}"))
        .expect("an answer");
    assert!(answer.status().is_success(), "{answer:?}");
}

#[test]
#[ignore = "needs a registry: `tests/third-party/run registry` starts one"]
fn what_is_pushed_is_there_once_and_comes_back() {
    let name = "pushed";
    let there = folder(&[
        (&file(name, "1.0"), &titled(name, "1.0", "")),
        (&file(name, "1.1"), &titled(name, "1.1", r#", "note": { "type": "string" }"#)),
    ]);
    for (written, registered) in [(2, 0), (0, 2)] {
        let json = registry(there.path(), &["push", "--format", "json"]).json("registry");
        let count = |state: &str| {
            json["contracts"].as_array().unwrap().iter().filter(|one| one["state"] == state).count()
        };
        assert_eq!((count("written"), count("registered")), (written, registered), "{json:#}");
    }
    let list = registry(there.path(), &["list", "--format", "json"]).json("registry");
    let subject = list["subjects"].as_array().unwrap().iter().find(|one| one["subject"] == name);
    assert_eq!(subject.unwrap()["versions"], serde_json::json!([1, 2]));

    let one = registry(there.path(), &["get", "--subject", name, "--version", "1", "--format", "json"])
        .json("registry");
    assert_eq!(one["schema"]["$id"], "urn:contract:test.pushed/1.0");
    let id = one["id"].to_string();
    let same = registry(there.path(), &["get", "--id", &id, "--format", "json"]).json("registry");
    assert_eq!(same["schema"], one["schema"]);

    let here = tempfile::tempdir().unwrap();
    let run = registry(here.path(), &["pull"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(here.path().join(file(name, "1.1")).exists(), "{run:?}");
    let against = format!("registry:{}", url());
    let run = choreograph(here.path(), ["check", "--against", &against, "--level", "none"]);
    assert!(!run.out.contains("pushed"), "{run:?}");
}

#[test]
#[ignore = "needs a registry: `tests/third-party/run registry` starts one"]
fn what_the_registry_refuses_is_not_written() {
    let name = "refused";
    // It compares no schemas of 2020-12, so these say that they are older.
    let old = |version: &str| {
        titled(name, version, "").replace(
            "https://json-schema.org/draft/2020-12/schema",
            "http://json-schema.org/draft-07/schema#",
        )
    };
    let folder = folder(&[(&file(name, "1.0"), &old("1.0"))]);
    assert_eq!(registry(folder.path(), &["push"]).code, 0);
    level(name, "BACKWARD");
    write(folder.path(), &file(name, "1.1"), old("1.1").replace("\"string\"", "\"integer\""));
    // The command compares by itself, and asks the registry too.
    for (level, refuses) in [("backward", "CONTRACT_MISSING_BUMP"), ("none", "REGISTRY_REFUSES")] {
        let run = registry(folder.path(), &["push", "--level", level]);
        assert_eq!(run.code, 1, "{run:?}");
        assert!(run.out.contains(&format!("error[{refuses}]")), "{run:?}");
    }
    let list = registry(folder.path(), &["list", "--format", "json"]).json("registry");
    let subject = list["subjects"].as_array().unwrap().iter().find(|one| one["subject"] == name);
    assert_eq!(subject.unwrap()["versions"], serde_json::json!([1]));
}

#[test]
#[ignore = "needs a registry: `tests/third-party/run registry` starts one"]
fn a_subject_is_deleted_when_it_is_meant() {
    let name = "deleted";
    let folder = folder(&[(&file(name, "1.0"), &titled(name, "1.0", ""))]);
    assert_eq!(registry(folder.path(), &["push"]).code, 0);
    assert_eq!(registry(folder.path(), &["delete", "--subject", name]).code, 2);
    let run = registry(folder.path(), &["delete", "--subject", name, "--yes"]);
    assert_eq!(run.code, 0, "{run:?}");
    let run = registry(folder.path(), &["get", "--subject", name]);
    assert_eq!(run.code, 3);
    assert!(run.errors.contains("40401"), "{run:?}");
}

#[test]
#[ignore = "needs a registry: `tests/third-party/run registry` starts one"]
fn confluents_client_reads_what_was_pushed() {
    let name = "read";
    let text = titled(name, "1.0", "");
    let folder = folder(&[(&file(name, "1.0"), &text)]);
    assert_eq!(registry(folder.path(), &["push"]).code, 0);
    let read: Value = serde_json::from_str(&confluent(folder.path(), &["read", name])).unwrap();
    let schema: Value = serde_json::from_str(read["schema"].as_str().unwrap()).unwrap();
    assert_eq!(schema, serde_json::from_str::<Value>(&text).unwrap());
}

#[test]
#[ignore = "needs a registry: `tests/third-party/run registry` starts one"]
fn what_confluents_client_wrote_is_known_and_pulled() {
    let name = "written";
    let text = titled(name, "1.0", "");
    let folder = folder(&[("there.json", &text)]);
    confluent(folder.path(), &["write", name, "there.json"]);
    let run = registry(folder.path(), &["pull"]);
    assert_eq!(run.code, 0, "{run:?}");
    let pulled = std::fs::read_to_string(folder.path().join(file(name, "1.0"))).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&pulled).unwrap(),
        serde_json::from_str::<Value>(&text).unwrap(),
    );
    let only = tempfile::tempdir().unwrap();
    write(only.path(), &file(name, "1.0"), &text);
    let json = registry(only.path(), &["check", "--format", "json"]).json("registry");
    assert_eq!(json["contracts"][0]["state"], "registered", "{json:#}");
}
