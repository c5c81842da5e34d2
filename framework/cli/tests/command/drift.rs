//! What services emit, and what the contract files say.

use serde_json::{Value, json};

use crate::check::{check, rules};
use crate::support::{contract, folder, write};

fn emitted(schema: &Value) -> Value {
    json!({ "type": "a.b", "version": "1.0", "topic": "t", "schema": schema })
}

fn step(name: &str, schema: &Value) -> Value {
    json!({
        "name": name, "group": format!("s.{name}"), "emits": [emitted(schema)],
        "consumes": [{ "type": "x.y", "major": 1, "topic": "x", "schema": true }],
    })
}

/// A step that says what the file says does not speak for its neighbour.
#[test]
fn each_step_of_a_service_is_compared() {
    let text = contract("a.b/1.0", "");
    let right: Value = serde_json::from_str(&text).expect("JSON");
    let mut wrong = right.clone();
    wrong["properties"]["id"] = json!({ "type": "integer" });
    for steps in [[step("one", &right), step("two", &wrong)], [step("one", &wrong), step("two", &right)]] {
        let folder = folder(&[("schemas/a.b/1.0.json", &text)]);
        write(folder.path(), "m.json", json!({ "manifest": 1, "service": "s", "steps": steps }).to_string());
        let (code, json) = check(folder.path(), &["--manifests", "m.json"]);
        assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_DRIFT"]), "{json:#}");
    }
}

/// A manifest of another hand may call its schema anything; what follows the name is compared all the same.
#[test]
fn another_id_hides_nothing() {
    let text = contract("a.b/1.0", "");
    let mut schema: Value = serde_json::from_str(&text).expect("JSON");
    schema["$id"] = json!("https://example.com/a.b");
    let folder = folder(&[("schemas/a.b/1.0.json", &text)]);
    let check_with = |schema: &Value| {
        let manifest = json!({ "manifest": 1, "service": "s", "publishes": [emitted(schema)] });
        write(folder.path(), "m.json", manifest.to_string());
        check(folder.path(), &["--manifests", "m.json"])
    };
    assert_eq!(check_with(&schema).0, 0);
    schema["properties"]["id"] = json!({ "type": "integer" });
    let (code, json) = check_with(&schema);
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_DRIFT"]), "{json:#}");
}

/// A title says nothing to a check, and is the name under which a registry has the contract.
#[test]
fn another_title_is_another_record() {
    let text = contract("a.b/1.0", "").replace("\"An order.\"", "\"An order.\", \"title\": \"Order\"");
    let mut schema: Value = serde_json::from_str(&text).expect("JSON");
    let folder = folder(&[("schemas/a.b/1.0.json", &text)]);
    let check_with = |schema: &Value| {
        let manifest = json!({ "manifest": 1, "service": "s", "publishes": [emitted(schema)] });
        write(folder.path(), "m.json", manifest.to_string());
        check(folder.path(), &["--manifests", "m.json"])
    };
    assert_eq!(check_with(&schema).0, 0);
    schema["title"] = json!("OrderAnew");
    let (code, json) = check_with(&schema);
    assert_eq!((code, rules(&json)), (1, vec!["CONTRACT_DRIFT"]), "{json:#}");
    // Code in another language need not say any.
    schema.as_object_mut().expect("an object").remove("title");
    assert_eq!(check_with(&schema).0, 0);
}
