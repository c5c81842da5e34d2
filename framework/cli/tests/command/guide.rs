//! The output that `README.md` and `docs/ci.md` show is the command's own.

use serde_json::{Value, json};

use crate::git::{commit, git};
use crate::support::{Run, choreograph, committed, folder, write};

const GUIDE: &str = "../../docs/ci.md";
const README: &str = "../../README.md";

fn order(version: &str, currency: &str, required: &str) -> String {
    format!(
        r#"{{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "urn:contract:order.placed/{version}",
  "title": "OrderPlaced",
  "type": "object",
  "additionalProperties": false,
  "properties": {{{currency}
    "order_id": {{ "type": "string" }},
    "total": {{ "type": "integer", "minimum": 0 }}
  }},
  "required": [{required}"order_id", "total"]
}}
"#
    )
}

#[test]
fn the_guide_shows_what_the_command_says() {
    let folder = folder(&[("schemas/order.placed/1.0.json", &order("1.0", "", ""))]);
    git(folder.path(), &["init", "-q"]);
    commit(folder.path());
    let currency = "\n    \"currency\": { \"enum\": [\"EUR\", \"GBP\"] },";
    let check = |required: &str| {
        write(folder.path(), "schemas/order.placed/1.1.json", order("1.1", currency, required));
        choreograph(folder.path(), ["check", "--against", "git:main"])
    };
    let broken = check("\"currency\", ");
    assert_eq!(broken.code, 1);
    let mended = check("");
    assert_eq!(mended.code, 0);

    let drifted = drifted();
    assert_eq!(drifted.code, 1);

    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(GUIDE);
    let guide = std::fs::read_to_string(path).unwrap();
    let guide = with_output(&guide, "choreograph check --against git:main -->", &broken.out);
    let guide =
        with_output(&guide, "choreograph check --against git:main, with the field optional -->", &mended.out);
    let mark = "check --manifests manifests/payment.json, with a field that the file does not have -->";
    let guide = with_output(&guide, mark, &drifted.out);
    committed(GUIDE, &guide);
}

#[test]
fn the_readme_shows_what_a_diff_says() {
    let currency = "\n    \"currency\": { \"enum\": [\"EUR\", \"GBP\"] },";
    let (old, new) = ("schemas/order.placed/1.0.json", "schemas/order.placed/1.1.json");
    let folder = folder(&[(old, &order("1.0", "", "")), (new, &order("1.1", currency, "\"currency\", "))]);
    let broken = choreograph(folder.path(), ["diff", old, new]);
    assert_eq!(broken.code, 1);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(README);
    let readme = std::fs::read_to_string(path).unwrap();
    committed(README, &with_output(&readme, "choreograph diff -->", &broken.out));
}

/// A service whose code has gone on without its contract file.
fn drifted() -> Run {
    let file = order("1.0", "", "")
        .replace("order.placed", "payment.confirmed")
        .replace("OrderPlaced", "PaymentConfirmed");
    let mut schema: Value = serde_json::from_str(&file).expect("JSON");
    schema["properties"]["note"] = json!({ "type": "string" });
    let manifest = json!({ "manifest": 1, "service": "payment", "owner": "Payments", "publishes": [{
        "type": "payment.confirmed", "version": "1.0", "topic": "payments", "key": "order_id", "schema": schema,
    }] });
    let folder = folder(&[
        ("schemas/payment.confirmed/1.0.json", &file),
        ("manifests/payment.json", &manifest.to_string()),
    ]);
    choreograph(folder.path(), ["check", "--manifests", "manifests/payment.json"])
}

/// The guide with `output` in the block behind the comment that ends in `mark`.
fn with_output(guide: &str, mark: &str, output: &str) -> String {
    let start = guide.find(mark).expect("the comment") + mark.len() + "\n```text\n".len();
    let end = start + guide[start..].find("```").expect("the end of the block");
    format!("{}{output}{}", &guide[..start], &guide[end..])
}
