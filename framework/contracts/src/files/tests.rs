use std::fs;

use schemars::JsonSchema;
use serde_json::json;

use super::*;

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct OrderPlaced {
    /// Which order.
    order_id: String,
    total: u32,
}

fn id(minor: u32) -> ContractId<'static> {
    ContractId::new("order.placed", 1, minor).expect("a good name")
}

fn placed(minor: u32) -> ContractFile<'static> {
    ContractFile::of::<OrderPlaced>(id(minor))
}

fn folder() -> (tempfile::TempDir, SchemaDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let schemas = SchemaDir::new(folder.path().join("schemas"));
    (folder, schemas)
}

/// `file` with `change` made to its schema.
fn changed(mut file: ContractFile<'static>, change: impl FnOnce(&mut Value)) -> ContractFile<'static> {
    change(&mut file.schema);
    file
}

fn problems(findings: &[Finding]) -> Vec<&Problem> {
    findings.iter().map(|finding| &finding.problem).collect()
}

#[test]
fn what_is_written_is_found_in_order() {
    let (_keep, schemas) = folder();
    let findings = schemas.check(&[placed(0)]);
    assert_eq!(problems(&findings), [&Problem::Missing]);
    let text = findings[0].to_string();
    assert!(text.contains("1.0.json: not written yet: run `contracts write`"), "{text}");

    let written = schemas.write(&[placed(0), placed(1)]).expect("writes");
    assert_eq!((written.files.len(), written.unchanged), (2, 0));
    assert_eq!(schemas.check(&[placed(0)]), []);
    let again = schemas.write(&[placed(0)]).expect("writes");
    assert_eq!((again.files.len(), again.unchanged), (0, 1));
}

#[test]
fn the_text_is_the_same_everywhere() {
    assert_eq!(
        placed(3).to_text(),
        r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "urn:contract:order.placed/1.3",
  "title": "OrderPlaced",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "order_id": {
      "description": "Which order.",
      "type": "string"
    },
    "total": {
      "type": "integer",
      "format": "uint32",
      "maximum": 4294967295,
      "minimum": 0
    }
  },
  "required": [
    "order_id",
    "total"
  ]
}
"#
    );
}

#[test]
fn a_published_meaning_never_changes_and_annotations_follow() {
    let (_keep, schemas) = folder();
    schemas.write(&[placed(0)]).expect("writes");
    let told = changed(placed(0), |schema| schema["description"] = json!("An order."));
    assert_eq!(schemas.check(std::slice::from_ref(&told)), []);
    assert_eq!(schemas.write(std::slice::from_ref(&told)).expect("writes").files.len(), 1);
    let path = schemas.root().join("order.placed/1.0.json");
    assert_eq!(fs::read_to_string(&path).expect("reads"), told.to_text());

    let other = changed(placed(0), |schema| schema["properties"]["total"]["maximum"] = json!(5));
    let drift = Problem::Drift { at: "/properties/total/maximum".into() };
    assert_eq!(problems(&schemas.check(std::slice::from_ref(&other))), [&drift]);
    let WriteError::Refused(refused) = schemas.write(&[placed(1), other]).expect_err("refuses") else {
        panic!("refused, not failed")
    };
    assert_eq!(problems(&refused), [&drift]);
    assert_eq!(fs::read_to_string(&path).expect("reads"), told.to_text());
    assert!(!schemas.root().join("order.placed/1.1.json").exists(), "all or nothing");
    let left: Vec<_> = fs::read_dir(path.parent().expect("a folder")).expect("reads").collect();
    assert_eq!(left.len(), 1, "nothing is left beside the file");
}

#[test]
fn what_is_no_contract_is_named() {
    let (_keep, schemas) = folder();
    schemas.write(&[placed(0), placed(1), placed(2)]).expect("writes");
    let at = |name: &str| schemas.root().join("order.placed").join(name);
    fs::copy(at("1.1.json"), at("1.9.json")).expect("copies");
    fs::write(at("1.2.json"), "{").expect("writes");
    fs::write(at("1.02.json"), "{}").expect("writes");
    fs::write(at("notes.txt"), "").expect("writes");
    fs::write(at(".1.0.json.77"), "").expect("writes");
    fs::write(at("2.0.json"), r##"{"$id":"urn:contract:order.placed/2.0","$ref":"#/$defs/none"}"##)
        .expect("writes");
    let findings = schemas.check(&[placed(0), placed(2)]);
    let found: Vec<(String, &Problem)> = findings
        .iter()
        .map(|f| (f.path.file_name().expect("a file").to_string_lossy().into_owned(), &f.problem))
        .collect();
    assert!(
        matches!(
            found.iter().map(|(name, problem)| (name.as_str(), *problem)).collect::<Vec<_>>()[..],
            [
                ("1.02.json", Problem::Stray),
                ("1.2.json", Problem::Unreadable(_)),
                ("1.9.json", Problem::IdMismatch { .. }),
                ("2.0.json", Problem::Unusable(_)),
                ("notes.txt", Problem::Stray),
            ]
        ),
        "{found:#?}"
    );
    assert!(
        matches!(schemas.write(&[placed(2)]), Err(WriteError::Refused(_))),
        "what cannot be read is not replaced"
    );
}

#[test]
fn a_file_beyond_the_limit_is_not_read() {
    let (_keep, schemas) = folder();
    schemas.write(&[placed(0)]).expect("writes");
    let path = schemas.root().join("order.placed/1.0.json");
    fs::write(&path, " ".repeat(MAX_FILE_BYTES + 1)).expect("writes");
    assert!(matches!(problems(&schemas.check(&[placed(0)]))[..], [Problem::Unreadable(_)]));
}

#[test]
fn a_schema_that_cannot_be_asserted_is_not_written() {
    let (_keep, schemas) = folder();
    let broken = changed(placed(0), |schema| {
        schema["properties"]["total"] = json!({ "$ref": "https://example.com/" });
    });
    assert!(matches!(problems(&schemas.check(std::slice::from_ref(&broken)))[..], [Problem::Unusable(_)]));
    assert!(matches!(schemas.write(&[broken]), Err(WriteError::Refused(_))));
    assert!(!schemas.root().exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_with_its_cause() {
    let (keep, _) = folder();
    let file = keep.path().join("file");
    fs::write(&file, "").expect("writes");
    let error = SchemaDir::new(&file).write(&[placed(0)]).expect_err("a file is no folder");
    assert!(matches!(error, WriteError::Io { .. } | WriteError::Refused(_)), "{error}");
}

#[test]
fn a_view_must_cover_every_published_minor_of_its_major() {
    let (_keep, schemas) = folder();
    let version = EventVersion::new("order.placed", 1).expect("a good name");
    let view = json!({
        "properties": { "order_id": { "type": "string" }, "coupon": { "type": "string" } },
        "required": ["order_id", "coupon"],
    });
    assert_eq!(problems(&schemas.check_view(&view, version)), [&Problem::NeverPublished { major: 1 }]);

    let with_coupon = changed(placed(1), |schema| {
        schema["properties"]["coupon"] = json!({ "type": "string" });
        schema["required"] = json!(["order_id", "total", "coupon"]);
    });
    let next_major =
        ContractFile { id: ContractId::new("order.placed", 2, 0).expect("a good name"), ..placed(0) };
    schemas.write(&[placed(0), with_coupon, next_major]).expect("writes");
    let findings = schemas.check_view(&view, version);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let text = findings[0].to_string();
    assert!(
        text.contains("1.0.json")
            && text.contains("at /properties/coupon, ")
            && text.contains("FIELD_REQUIRED_ADDED"),
        "{text}"
    );
    assert_eq!(schemas.check_view(&json!({ "required": ["order_id"] }), version), []);
}
