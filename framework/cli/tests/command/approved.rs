//! An approval covers what somebody has looked at, and no more.

use std::path::Path;

use serde_json::{Value, json};

use crate::check::{check, rules};
use crate::support::{folder, write};

const AGAINST: [&str; 2] = ["--against", "then"];

fn schema(version: &str, x: &Value) -> String {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": format!("urn:contract:a.b/{version}"),
        "type": "object", "properties": { "x": x }, "required": ["x"],
    });
    format!("{schema:#}")
}

/// A day that is past, and one that is far away.
const OVER: &str = "2020-01-01";
const FAR: &str = "9000-01-01";

/// The text of an approval that ends on a day.
fn approval(fingerprint: &str, expires: &str) -> String {
    format!("[[approval]]\nfingerprint = \"{fingerprint}\"\nreason = \"unread\"\nexpires = {expires}\n")
}

/// Approves the one finding that is there, sees it approved, and gives its fingerprint.
fn approve(folder: &Path, args: &[&str]) -> String {
    let (code, json) = check(folder, args);
    assert_eq!((code, rules(&json).len()), (1, 1), "{json:#}");
    let fingerprint = json["findings"][0]["fingerprint"].as_str().expect("a fingerprint").to_owned();
    write(folder, "schemas/approvals.toml", approval(&fingerprint, FAR));
    assert_eq!(check(folder, args).0, 0);
    fingerprint
}

#[test]
fn a_break_of_the_same_kind_by_another_edit_is_another_finding() {
    let text = |longest: u32| json!({ "type": "string", "maxLength": longest });
    for (published, approved, next) in [
        (json!({ "type": "number" }), json!({ "type": "string" }), json!({ "type": "boolean" })),
        (json!({ "enum": ["a", "b", "c"] }), json!({ "enum": ["a", "b"] }), json!({ "enum": ["a"] })),
        (text(100), text(90), text(1)),
    ] {
        let folder = folder(&[
            ("then/a.b/1.0.json", &schema("1.0", &published)),
            ("schemas/a.b/1.0.json", &schema("1.0", &published)),
            ("schemas/a.b/1.1.json", &schema("1.1", &approved)),
        ]);
        approve(folder.path(), &AGAINST);
        write(folder.path(), "schemas/a.b/1.1.json", schema("1.1", &next));
        let (code, json) = check(folder.path(), &AGAINST);
        assert_eq!(code, 1, "{json:#}");
        assert!(rules(&json).contains(&"CONTRACT_MISSING_BUMP"), "{json:#}");
        assert!(rules(&json).contains(&"APPROVAL_UNUSED"), "{json:#}");
    }
}

#[test]
fn blanks_and_the_order_of_members_are_no_edit() {
    let folder = folder(&[
        ("then/a.b/1.0.json", &schema("1.0", &json!({ "type": "number" }))),
        ("schemas/a.b/1.0.json", &schema("1.0", &json!({ "type": "string" }))),
    ]);
    approve(folder.path(), &AGAINST);
    let value: Value = serde_json::from_str(&schema("1.0", &json!({ "type": "string" }))).expect("a schema");
    let members = value.as_object().expect("an object").iter().rev();
    let members: Vec<String> = members.map(|(name, value)| format!("\n\n  {name:?}: {value}")).collect();
    write(folder.path(), "schemas/a.b/1.0.json", format!("{{ {} }}", members.join(",")));
    assert_eq!(check(folder.path(), &AGAINST).0, 0);
}

/// One who looks from another folder, or by the whole path, looks at the same file.
#[test]
fn a_stray_file_is_the_same_however_the_folder_is_named() {
    let folder = folder(&[
        ("schemas/a.b/1.0.json", &schema("1.0", &json!({ "type": "string" }))),
        ("schemas/a.b/1.1.jsn", "{}"),
    ]);
    approve(folder.path(), &[]);
    let whole = folder.path().join("schemas").display().to_string();
    for root in ["./schemas", "schemas/", &whole] {
        let (code, json) = check(folder.path(), &["--schemas", root]);
        assert_eq!(code, 0, "{root}: {json:#}");
    }
}

/// After the merge the break is on both sides: it is compared no more, and has not gone away.
#[test]
fn an_approval_holds_after_its_merge_and_until_its_end() {
    let text = |kind: &str, version: &str| schema(version, &json!({ "type": kind }));
    let folder = folder(&[
        ("then/a.b/1.0.json", &text("number", "1.0")),
        ("schemas/a.b/1.0.json", &text("number", "1.0")),
        ("schemas/a.b/1.1.json", &text("string", "1.1")),
    ]);
    let fingerprint = approve(folder.path(), &AGAINST);
    write(folder.path(), "then/a.b/1.1.json", text("string", "1.1"));
    for against in [&AGAINST[..], &["--against", "then", "--level", "FULL"]] {
        let (code, json) = check(folder.path(), against);
        assert_eq!((code, rules(&json)), (0, vec![]), "{json:#}");
    }

    write(folder.path(), "schemas/approvals.toml", approval(&fingerprint, OVER));
    let (code, json) = check(folder.path(), &AGAINST);
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_MISSING_BUMP", "APPROVAL_EXPIRED"]), "{json:#}");
    assert_eq!(json["findings"][0]["severity"], "error", "{json:#}");

    // Mended: nothing is left that it would approve.
    for side in ["then", "schemas"] {
        write(folder.path(), &format!("{side}/a.b/1.1.json"), text("number", "1.1"));
    }
    let (code, json) = check(folder.path(), &AGAINST);
    assert_eq!((code, rules(&json)), (1, vec!["APPROVAL_EXPIRED"]), "{json:#}");
    assert!(json["findings"][0]["help"].to_string().contains("delete it"), "{json:#}");
    write(folder.path(), "schemas/approvals.toml", approval(&fingerprint, FAR));
    let (code, json) = check(folder.path(), &AGAINST);
    assert_eq!((code, rules(&json)), (0, vec!["APPROVAL_UNUSED"]), "{json:#}");
}

/// What services emit is looked for where their manifests are given.
#[test]
fn an_approval_may_be_about_what_was_not_asked() {
    let folder = folder(&[
        ("then/a.b/1.0.json", &schema("1.0", &json!({ "type": "string" }))),
        ("schemas/a.b/1.0.json", &schema("1.0", &json!({ "type": "string" }))),
        ("schemas/approvals.toml", &approval("0123456789abcdef", FAR)),
        ("shop.json", r#"{ "manifest": 1, "service": "shop", "steps": [], "topics": [] }"#),
    ]);
    let help = |more: &[&str]| {
        let (code, json) = check(folder.path(), &[&AGAINST[..], more].concat());
        assert_eq!((code, rules(&json)), (0, vec!["APPROVAL_UNUSED"]), "{json:#}");
        json["findings"][0]["help"][0].as_str().expect("help").to_owned()
    };
    assert!(help(&[]).contains("--manifests"));
    assert_eq!(help(&["--manifests", "shop.json"]), "delete it");
}
