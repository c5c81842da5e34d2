//! The output that `docs/evolution.md` shows is the command's own.

use serde_json::{Value, json};

use crate::support::{Run, choreograph, committed, folder, write};

const GUIDE: &str = "../../docs/evolution.md";

/// The schema of a payment in a version, with these fields beside the order's id.
fn payment(version: &str, fields: &str) -> String {
    format!(
        r#"{{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "urn:contract:payment.confirmed/{version}",
  "title": "Paid",
  "type": "object",
  "additionalProperties": false,
  "properties": {{
    "order_id": {{ "type": "string" }},
    {fields}
  }},
  "required": ["order_id"]
}}
"#
    )
}

const TOTAL: &str = r#""total": { "type": "string" }"#;
const CENTS: &str = r#""cents": { "type": "integer", "minimum": 0 }"#;

fn required(schema: &str, field: &str) -> String {
    schema.replace(r#""required": ["order_id"]"#, &format!(r#""required": ["order_id", "{field}"]"#))
}

fn one() -> String {
    required(&payment("1.0", TOTAL), "total")
}

fn two() -> String {
    required(&payment("2.0", CENTS), "cents")
}

fn parsed(schema: &str) -> Value {
    serde_json::from_str(schema).expect("JSON")
}

/// payment's manifest, writing these majors.
fn emitter(majors: &[u32]) -> String {
    let event = |major: &u32| {
        let (version, schema) = if *major == 1 { ("1.0", one()) } else { ("2.0", two()) };
        let mut event = json!({
            "type": "payment.confirmed", "version": version, "topic": "payments", "key": "order_id", "external": true,
            "schema": parsed(&schema),
        });
        if *major == 2 && majors.len() > 1 {
            event["majors"] = json!(majors);
        }
        event
    };
    let publishes: Vec<Value> = majors.iter().rev().map(event).collect();
    format!(
        "{:#}",
        json!({ "manifest": 1, "service": "payment", "owner": "Payments", "publishes": publishes })
    )
}

/// The manifest of a reader.
fn reader(service: &str, owner: &str, major: u32, upcasts: &[u32]) -> String {
    let (field, kind) = if major == 1 { ("total", "string") } else { ("cents", "integer") };
    let mut schema = json!({ "type": "object", "required": ["order_id", field] });
    schema["properties"] = json!({ "order_id": { "type": "string" } });
    schema["properties"][field] = json!({ "type": kind });
    let mut event =
        json!({ "type": "payment.confirmed", "major": major, "topic": "payments", "schema": schema });
    if !upcasts.is_empty() {
        event["upcasts"] = json!(upcasts);
    }
    let step = json!({ "name": "read", "group": format!("{service}.read"), "consumes": [event] });
    format!("{:#}", json!({ "manifest": 1, "service": service, "owner": owner, "steps": [step] }))
}

fn method(values: &str) -> String {
    payment("2.0", &format!(r#""method": {{ {values} }}"#))
}

#[test]
fn the_guide_shows_what_the_command_says() {
    let closed = method(r#""enum": ["card", "invoice"]"#);
    let open = method(r#""enum": ["card", "invoice"], "x-open-enum": true"#);
    let wallet = method(r#""enum": ["card", "invoice", "wallet"], "x-open-enum": true"#);
    let folder = folder(&[
        ("before/payment.confirmed/1.0.json", &one()),
        ("schemas/payment.confirmed/1.0.json", &one()),
        ("next.json", &two()),
        ("production/payment.json", &emitter(&[1])),
        ("production/billing.json", &reader("billing", "Finance", 1, &[])),
        ("production/mail.json", &reader("mail", "Customers", 1, &[])),
        ("closed.json", &closed),
        ("open.json", &open),
        ("with-wallet.json", &wallet),
    ]);
    let run = |args: &[&str], code: i32| -> Run {
        let run = choreograph(folder.path(), args);
        assert_eq!(run.code, code, "{args:?}: {run:?}");
        run
    };
    let production =
        ["--against", "production/billing.json", "production/mail.json", "production/payment.json"];
    let topology = |manifest: &str, code: i32| {
        let args: Vec<&str> = ["topology", "check", manifest].into_iter().chain(production).collect();
        run(&args, code)
    };
    let mut guide = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(GUIDE))
        .expect("committed");
    let mut show = |mark: &str, run: &Run| guide = with_output(&guide, &format!("{mark} -->"), &run.out);

    let is_a_major = run(&["diff", "schemas/payment.confirmed/1.0.json", "next.json"], 1);
    show("choreograph diff schemas/payment.confirmed/1.0.json next.json", &is_a_major);

    write(folder.path(), "schemas/payment.confirmed/2.0.json", two());
    show("choreograph check --against before", &run(&["check", "--against", "before"], 0));
    write(folder.path(), "payment.json", emitter(&[1, 2]));
    show("production/*.json, with both majors", &topology("payment.json", 0));

    // mail moves, before payment and after.
    write(folder.path(), "mail.json", reader("mail", "Customers", 2, &[1]));
    topology("mail.json", 0);
    write(folder.path(), "production/payment.json", emitter(&[1, 2]));
    topology("mail.json", 0);
    write(folder.path(), "production/mail.json", reader("mail", "Customers", 2, &[1]));

    write(folder.path(), "payment.json", emitter(&[2]));
    show("production/*.json, without major 1", &topology("payment.json", 1));
    write(folder.path(), "production/billing.json", reader("billing", "Finance", 2, &[1]));
    show("production/*.json, once billing reads major 2", &topology("payment.json", 0));

    run(&["diff", "closed.json", "open.json"], 0);
    show("choreograph diff open.json with-wallet.json", &run(&["diff", "open.json", "with-wallet.json"], 0));
    let still_a_break = run(&["diff", "closed.json", "with-wallet.json"], 1);
    show("choreograph diff closed.json with-wallet.json", &still_a_break);
    committed(GUIDE, &guide);
}

/// The guide with `output` in the block behind the comment that ends in `mark`.
fn with_output(guide: &str, mark: &str, output: &str) -> String {
    let start = guide.find(mark).expect("the comment") + mark.len() + "\n```text\n".len();
    let end = start + guide[start..].find("```").expect("the end of the block");
    format!("{}{output}{}", &guide[..start], &guide[end..])
}
