//! What stands under `choreography/` is what the services' code says, and it fits together.
//!
//! `UPDATE=1 cargo test -p example-pipeline --test shop choreography` writes it anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use choreograph_topology::graph::Picture;
use choreograph_topology::{Choreography, Manifest, SCHEMA, asyncapi, check};
use example_pipeline::services;
use serde::Serialize;
use serde_json::Value;

/// The catalogue's instance in a manifest, as its binary prints it.
const INSTANCE: &str = "instance";

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("JSON") + "\n"
}

/// Each service's name with its manifest, as its binary prints it.
fn printed() -> Vec<(String, String)> {
    services::manifests(INSTANCE).iter().map(|it| (it.service.clone(), pretty(it))).collect()
}

fn read() -> Vec<Manifest> {
    let read = |(name, text): (String, String)| Manifest::read(&name, text.as_bytes()).expect("a manifest");
    printed().into_iter().map(read).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("choreography")
}

/// Compares a generated file with the committed one, or writes it.
fn committed(name: &str, text: &str) {
    let path = folder().join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().expect("below the folder")).expect("can be made");
        std::fs::write(&path, text).expect("can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "{} is not what the code says: UPDATE=1 cargo test -p example-pipeline --test shop choreography",
        path.display()
    );
}

#[test]
fn the_committed_manifests_are_those_of_the_code() {
    for (name, text) in printed() {
        committed(&format!("manifests/{name}.json"), &text);
    }
    assert_eq!(
        std::fs::read_dir(folder().join("manifests")).expect("committed").count(),
        services::NAMES.len()
    );
}

#[test]
fn every_manifest_keeps_the_form() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    for (name, text) in printed() {
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let broken: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(broken.is_empty(), "{name}: {broken:?}");
        // Whoever reads it loses nothing.
        let read = Manifest::read(&name, text.as_bytes()).expect("a manifest");
        assert_eq!(serde_json::to_value(&read).expect("JSON"), value, "{name}");
    }
    for wrong in [
        r#"{"manifest":2,"service":"a"}"#,
        r#"{"manifest":1}"#,
        r#"{"manifest":1,"service":"a","steps":[{}]}"#,
    ] {
        assert!(!validator.is_valid(&serde_json::from_str(wrong).expect("JSON")), "{wrong}");
        assert!(Manifest::read("wrong", wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn every_service_has_an_owner_and_a_version_of_its_own() {
    let manifests = read();
    for Manifest { service, owner, version, .. } in &manifests {
        assert!(owner.is_some() && version.is_some(), "{service}: {owner:?} {version:?}");
    }
    let versions: BTreeSet<_> = manifests.iter().map(|manifest| &manifest.version).collect();
    assert_eq!(versions.len(), manifests.len(), "each team counts for itself: {versions:?}");
}

#[test]
fn the_choreography_holds() {
    let manifests = read();
    let findings = check(&Choreography::new(&manifests));
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn the_committed_pictures_are_those_of_the_code() {
    let manifests = read();
    let picture = Picture::of(&Choreography::new(&manifests));
    committed("graph.svg", &picture.svg().expect("small"));
    committed("graph.mmd", &picture.mermaid());
    committed("graph.dot", &picture.dot());
    committed("graph.json", &pretty(&picture));
}

#[test]
fn the_committed_asyncapi_documents_are_those_of_the_code() {
    let manifests = read();
    committed("asyncapi/asyncapi.json", &pretty(&asyncapi::of_choreography(&Choreography::new(&manifests))));
    for manifest in &manifests {
        committed(
            &format!("asyncapi/{}.asyncapi.json", manifest.service),
            &pretty(&asyncapi::of_service(manifest)),
        );
    }
}
