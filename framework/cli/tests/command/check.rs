use std::path::Path;

use serde_json::{Value, json};

use crate::support::{choreograph, contract, folder, write};

/// Runs `check` in `folder` and gives its exit code and its JSON.
pub(crate) fn check(folder: &Path, args: &[&str]) -> (i32, Value) {
    let run = choreograph(folder, ["check", "--format", "json"].iter().chain(args));
    assert_eq!(run.errors, "");
    (run.code, run.json("check"))
}

pub(crate) fn rules(json: &Value) -> Vec<&str> {
    let findings = json["findings"].as_array().expect("a list");
    findings.iter().filter_map(|finding| finding["rule"].as_str()).collect()
}

const OPTIONAL: &str = r#", "note": { "type": "string" }"#;

#[test]
fn a_break_in_a_minor_needs_a_major() {
    let broken = contract("order.placed/1.1", "")
        .replace(r#""id": { "type": "string" }"#, r#""id": { "type": "integer" }"#);
    let folder = folder(&[
        ("then/order.placed/1.0.json", &contract("order.placed/1.0", "")),
        ("schemas/order.placed/1.0.json", &contract("order.placed/1.0", "")),
        ("schemas/order.placed/1.1.json", &broken),
    ]);
    for against in [&["--against", "then"][..], &[]] {
        let (code, json) = check(folder.path(), against);
        assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_MISSING_BUMP"]), "{json:#}");
        let finding = &json["findings"][0];
        assert!(finding["help"][0].as_str().unwrap().contains("publish it as order.placed 2.0"), "{json:#}");
        assert!(!finding["causes"].as_array().unwrap().is_empty());
    }
    let (code, json) = check(folder.path(), &["--against", "then", "--level", "none"]);
    assert_eq!((code, rules(&json)), (0, vec![]), "{json:#}");
    assert_eq!(json["changes"][0]["publish"], "2.0");

    let run = choreograph(folder.path(), ["check", "--against", "then"]);
    let fingerprint = finding_fingerprint(folder.path());
    assert!(run.out.contains(&format!("= fingerprint: {fingerprint}")), "{}", run.out);
    let approval = format!(
        "[[approval]]\nfingerprint = \"{fingerprint}\"\nreason = \"nobody reads it yet\"\nexpires = 9000-01-01\n"
    );
    write(folder.path(), "schemas/approvals.toml", approval);
    let (code, json) = check(folder.path(), &["--against", "then"]);
    assert_eq!((code, json["findings"][0]["severity"].as_str()), (0, Some("note")), "{json:#}");
}

fn finding_fingerprint(folder: &Path) -> String {
    let (_, json) = check(folder, &["--against", "then"]);
    json["findings"][0]["fingerprint"].as_str().expect("a fingerprint").to_owned()
}

#[test]
fn a_published_file_is_edited_in_annotations_alone() {
    let published = contract("order.placed/1.0", "");
    let folder = folder(&[
        ("then/order.placed/1.0.json", &published),
        ("schemas/order.placed/1.0.json", &published.replace("An order.", "Another word for it.")),
    ]);
    assert_eq!(check(folder.path(), &["--against", "then"]).0, 0);
    write(folder.path(), "schemas/order.placed/1.0.json", contract("order.placed/1.0", OPTIONAL));
    let (code, json) = check(folder.path(), &["--against", "then"]);
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_MUTATED"]), "{json:#}");
    let help = json["findings"][0]["help"][0].as_str().unwrap();
    assert!(help.ends_with("publish the change as 1.1"), "{help}");
}

#[test]
fn a_published_file_is_never_deleted() {
    let folder = folder(&[
        ("then/order.placed/1.0.json", &contract("order.placed/1.0", "")),
        ("then/order.paid/1.0.json", &contract("order.paid/1.0", "")),
        ("schemas/order.placed/1.0.json", &contract("order.placed/1.0", "")),
    ]);
    let (code, json) = check(folder.path(), &["--against", "then"]);
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_DELETED"]), "{json:#}");
    assert_eq!(json["changes"][0]["change"], "deleted");
}

#[test]
fn the_id_is_that_of_the_path() {
    let folder = folder(&[
        ("schemas/order.placed/1.0.json", &contract("order.placed/1.1", "")),
        ("schemas/order.placed/1.1.jsn", "{}"),
    ]);
    let (code, json) = check(folder.path(), &[]);
    assert_eq!(code, 1);
    assert_eq!(rules(&json), ["CONTRACT_ID_MISMATCH", "CONTRACT_STRAY_FILE"]);
    assert_eq!(json["findings"][0]["places"][0]["line"], 3);
}

#[test]
fn code_and_file_say_the_same() {
    let text = contract("order.placed/1.0", "");
    let folder = folder(&[("schemas/order.placed/1.0.json", &text)]);
    let manifest = |version: &str, schema: &str| {
        let schema: Value = serde_json::from_str(schema).unwrap();
        json!({ "manifest": 1, "service": "shop", "steps": [], "topics": [], "publishes": [{
            "type": "order.placed", "version": version, "topic": "orders", "key": "id",
            "terminal": false, "external": false, "schema": schema,
        }] })
        .to_string()
    };
    let check_with = |text: String| {
        write(folder.path(), "shop.json", text);
        check(folder.path(), &["--manifests", "shop.json"])
    };
    assert_eq!(check_with(manifest("1.0", &text)).0, 0);

    let (code, json) = check_with(manifest("1.1", &text));
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_DRIFT"]));
    assert!(json["findings"][0]["help"][0].as_str().unwrap().contains("contracts write"));

    let (code, json) = check_with(manifest("1.0", &contract("order.placed/1.0", OPTIONAL)));
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_DRIFT"]));
    assert!(json["findings"][0]["help"][0].as_str().unwrap().ends_with("to 1.1"), "{json:#}");

    // What only the other line of work has published is taken too.
    for version in ["1.0", "1.1"] {
        let id = format!("order.placed/{version}");
        write(folder.path(), &format!("then/{id}.json"), contract(&id, ""));
    }
    let (_, json) = check(folder.path(), &["--manifests", "shop.json", "--against", "then"]);
    let mut findings = json["findings"].as_array().unwrap().iter();
    let drift = findings.find(|it| it["rule"] == "CONTRACT_DRIFT").expect("found");
    assert!(drift["help"][0].as_str().unwrap().ends_with("to 1.2"), "{json:#}");
}

#[test]
fn a_gap_between_upcasters_is_found() {
    let folder = folder(&[("schemas/order.placed/1.0.json", &contract("order.placed/1.0", ""))]);
    let check_with = |upcasts: &[u32]| {
        let manifest = json!({ "manifest": 1, "service": "mail", "steps": [{ "name": "send", "group": "mail.send", "consumes": [
            { "type": "order.placed", "major": 4, "topic": "orders", "upcasts": upcasts, "schema": true }
        ] }] });
        write(folder.path(), "mail.json", format!("{manifest:#}"));
        check(folder.path(), &["--manifests", "mail.json"])
    };
    assert_eq!(check_with(&[1, 2, 3]).0, 0);
    assert_eq!(check_with(&[]).0, 0, "who has none reads no older one");
    let (code, json) = check_with(&[1, 3]);
    assert_eq!((code, rules(&json)), (1, vec!["UPCASTER_MISSING"]));
    let place = &json["findings"][0]["places"][0];
    assert_eq!((&place["file"], &place["pointer"]), (&"mail.json".into(), &"/steps/0/consumes/0".into()));
    let text = std::fs::read_to_string(folder.path().join("mail.json")).unwrap();
    let line = 2 + text.lines().position(|line| line.contains("consumes")).unwrap();
    assert_eq!(place["line"], line, "{json:#}");
    assert_eq!(
        json["findings"][0]["message"],
        "mail.send has upcasters of `order.placed` to major 4, and none from 2 to 3"
    );
    let (code, json) = check_with(&[3, 4]);
    assert_eq!((code, rules(&json)), (1, vec!["UPCASTER_MISSING"]), "{json:#}");
}

/// A chain begins where the published majors do, unless the step reads the older ones as they are.
#[test]
fn a_published_major_without_an_upcaster_is_found() {
    let folder = folder(&[
        ("schemas/order.placed/1.0.json", &contract("order.placed/1.0", "")),
        ("schemas/order.placed/2.0.json", &contract("order.placed/2.0", "")),
    ]);
    let check_with = |consumes: &[(u32, &[u32])]| {
        let event = |(major, upcasts): &(u32, &[u32])| json!({ "type": "order.placed", "major": major, "topic": "orders", "upcasts": upcasts, "schema": true });
        let consumes: Vec<Value> = consumes.iter().map(event).collect();
        let manifest = json!({ "manifest": 1, "service": "mail", "steps": [
            { "name": "send", "group": "mail.send", "consumes": consumes }
        ] });
        write(folder.path(), "mail.json", format!("{manifest:#}"));
        check(folder.path(), &["--manifests", "mail.json"])
    };
    assert_eq!(check_with(&[(3, &[1, 2])]).0, 0);
    assert_eq!(check_with(&[(1, &[]), (3, &[2])]).0, 0);
    let (code, json) = check_with(&[(3, &[2])]);
    assert_eq!((code, rules(&json)), (1, vec!["UPCASTER_MISSING"]), "{json:#}");
    let finding = &json["findings"][0];
    assert_eq!(
        finding["message"],
        "mail.send has upcasters of `order.placed` to major 3, and none from 1, which is published"
    );
    assert_eq!(finding["places"][0]["file"], "mail.json", "{json:#}");
}

#[test]
fn a_new_optional_field_is_a_minor() {
    let folder = folder(&[
        ("then/order.placed/1.0.json", &contract("order.placed/1.0", "")),
        ("schemas/order.placed/1.0.json", &contract("order.placed/1.0", "")),
        ("schemas/order.placed/1.1.json", &contract("order.placed/1.1", OPTIONAL)),
    ]);
    let (code, json) = check(folder.path(), &["--against", "then"]);
    assert_eq!((code, rules(&json)), (0, vec![]), "{json:#}");
    assert_eq!(
        json["changes"],
        json!([{
            "contract": "order.placed", "version": "1.1", "change": "added",
            "since": "1.0", "bump": "minor", "publish": "1.1",
        }])
    );
}
