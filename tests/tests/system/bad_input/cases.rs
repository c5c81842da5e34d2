//! Every kind of bad input, and what becomes of it.

use choreograph_tests::topics::{Message, Record};

/// What stands in payloads and must stand nowhere else: a text, a name, and a number that serde quotes in its errors.
pub(super) const CANARIES: [&str; 3] = ["canary-5d81f0", "canary_name_93ac", "7731592468"];
/// The length of the huge event.
const HUGE: usize = 10 * 1024 * 1024;
/// The length of the long header.
const LONG_HEADER: usize = 100 * 1024;
const TYPE: &str = "order.placed.v1";

/// What becomes of a record.
#[derive(Debug, Clone)]
pub(super) enum Fate {
    /// It is handled, and this is the note of what is emitted.
    Handled(String),
    /// It is set aside with this reason, and the error says this.
    DeadLetter { reason: &'static str, told: &'static str },
    /// It is none of the step's business.
    Skipped,
}

/// One kind.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// Its name, and the record's key.
    pub(super) name: &'static str,
    pub(super) fate: Fate,
    pub(super) value: Option<Vec<u8>>,
    pub(super) headers: Vec<(String, Option<Vec<u8>>)>,
    pub(super) record: Record,
    stranger: bool,
}

impl Case {
    /// The id by which the oracle knows it.
    pub(super) fn id(&self) -> &'static str {
        self.name
    }

    /// Whether the record has no id that can be used.
    pub(super) fn is_stranger(&self) -> bool {
        self.stranger
    }

    /// Whether its value is larger than what topics take by default.
    pub(super) fn is_huge(&self) -> bool {
        self.value.as_ref().is_some_and(|value| value.len() >= HUGE)
    }
}

/// A case being written down.
struct Draft {
    topic: String,
    name: &'static str,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Draft {
    fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), Some(value.into())));
        self
    }

    fn null_header(mut self, name: &str) -> Self {
        self.headers.push((name.to_owned(), None));
        self
    }

    /// Without the header that every draft begins with.
    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    fn fate(self, fate: Fate) -> Case {
        let mut record = Record::to(&self.topic).key(self.name);
        if let Some(value) = &self.value {
            record = record.value(value.clone());
        }
        for (name, value) in &self.headers {
            record = match value {
                Some(value) => record.header(name, value.clone()),
                None => record.null_header(name),
            };
        }
        let ids: Vec<_> = self.headers.iter().filter(|(name, _)| name == "ce_id").collect();
        let stranger = ids.last().is_none_or(|(_, id)| id.as_deref() != Some(self.name.as_bytes()));
        Case { name: self.name, fate, value: self.value, headers: self.headers, record, stranger }
    }

    fn handled(self) -> Case {
        let note = format!("handled {}", self.name);
        self.fate(Fate::Handled(note))
    }

    fn skipped(self) -> Case {
        self.fate(Fate::Skipped)
    }

    fn dead(self, reason: &'static str, told: &'static str) -> Case {
        self.fate(Fate::DeadLetter { reason, told })
    }
}

/// A good order.
fn order(name: &str, note: &str) -> String {
    serde_json::json!({ "order_id": name, "cents": 1999, "note": note }).to_string()
}

/// A good record.
pub(super) fn good(topic: &str, key: &str, id: &str, note: &str) -> Record {
    Record::to(topic).key(key).value(order(key, note)).header("ce_id", id).header("ce_type", TYPE)
}

/// The note in an emitted event.
pub(super) fn note(message: &Message) -> String {
    let value: serde_json::Value =
        serde_json::from_slice(message.value.as_deref().expect("a value")).expect("JSON");
    value["note"].as_str().expect("a note").to_owned()
}

/// All cases, for records to `topic`.
pub(super) fn all(topic: &str) -> Vec<Case> {
    let with = |name: &'static str, value: Option<Vec<u8>>| {
        let draft = Draft { topic: topic.to_owned(), name, value, headers: Vec::new() };
        draft.header("ce_id", name).header("ce_type", TYPE).header("x-team", "web").null_header("x-null")
    };
    let text = |name: &'static str, value: String| with(name, Some(value.into_bytes()));
    let fine = |name: &'static str| text(name, order(name, &format!("handled {name}")));
    let [secret, member, number] = CANARIES;
    let broken = || format!("{{\"order_id\": \"{secret}");
    [undecodable(&with, &text, secret), violating(&text), enveloped(&fine, &text, &broken)]
        .concat()
        .into_iter()
        .chain([
            text("refused-by-serde", format!(r#"{{"order_id":"{secret}","cents":{number}.0,"note":"n"}}"#))
                .dead("unreadable", ""),
            text(
                "receipt-too-long",
                format!(
                    r#"{{"order_id":"receipt-too-long","cents":1,"note":"{secret}","receipt_bytes":400000}}"#
                ),
            )
            .dead("emit_violation", "payment.confirmed.v1"),
            text(
                "name-of-a-canary",
                format!(
                    r#"{{"order_id":"{secret}","cents":1,"note":"n","articles":{{"{member}":"{secret}"}}}}"#
                ),
            )
            .dead("contract_violation", ""),
        ])
        .collect()
}

/// What cannot be read at all.
fn undecodable(
    with: &dyn Fn(&'static str, Option<Vec<u8>>) -> Draft,
    text: &dyn Fn(&'static str, String) -> Draft,
    secret: &str,
) -> Vec<Case> {
    let deep = |levels: usize| {
        format!(
            r#"{{"order_id":"{secret}","cents":1,"note":"n","more":{}{}}}"#,
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    let invalid = [br#"{"order_id":""#.as_slice(), secret.as_bytes(), b"\xff\xfe\"}"].concat();
    let huge = format!(r#"{{"order_id":"{secret}","cents":1,"note":"{}"}}"#, "n".repeat(HUGE));
    vec![
        text("empty-value", String::new()).dead("undecodable", ""),
        with("null-value", None).dead("undecodable", "tombstone"),
        with("invalid-utf8", Some(invalid)).dead("undecodable", ""),
        text("cut-off", format!(r#"{{"order_id":"{secret}"#)).dead("undecodable", ""),
        text("two-documents", format!(r#"{{"order_id":"{secret}"}} {{}}"#)).dead("undecodable", ""),
        text("no-json", secret.to_owned()).dead("undecodable", ""),
        text("200-levels", deep(200)).dead("undecodable", "deep"),
        text("100000-levels", deep(100_000)).dead("undecodable", "deep"),
        text("huge", huge).dead("undecodable", "too large"),
    ]
}

/// What can be read and breaks the contract.
fn violating(text: &dyn Fn(&'static str, String) -> Draft) -> Vec<Case> {
    let [secret, member, number] = CANARIES;
    vec![
        text("wrong-type", format!(r#"{{"order_id":"{secret}","cents":"{secret}","note":"n"}}"#))
            .dead("contract_violation", "/cents"),
        text("missing-field", format!(r#"{{"order_id":"{secret}","{member}":1,"note":"n"}}"#))
            .dead("contract_violation", ""),
        text("below-zero", format!(r#"{{"order_id":"{secret}","cents":-{number},"note":"n"}}"#))
            .dead("contract_violation", "/cents"),
        text("no-object", format!(r#"["{secret}"]"#)).dead("contract_violation", ""),
        text("many-violations", {
            let articles: Vec<_> = (0..500).map(|n| format!(r#""{member}-{n}":"{secret}""#)).collect();
            format!(r#"{{"order_id":1,"cents":[],"note":{{}},"articles":{{{}}}}}"#, articles.join(","))
        })
        .dead("contract_violation", ""),
        text("newer-minor-that-breaks", format!(r#"{{"order_id":"{secret}","note":"n"}}"#))
            .header("ce_dataschema", "schemas/order.placed/1.7.json")
            .dead("contract_violation", ""),
    ]
}

/// What is odd about the headers alone.
fn enveloped(
    fine: &dyn Fn(&'static str) -> Draft,
    text: &dyn Fn(&'static str, String) -> Draft,
    broken: &dyn Fn() -> String,
) -> Vec<Case> {
    let long = || "h".repeat(LONG_HEADER);
    let newer = |name: &str| serde_json::json!({ "order_id": name, "cents": 1, "note": format!("handled {name}"), "colour": { "new": [1] } });
    vec![
        fine("no-type").without("ce_type").dead("unknown_event", "ce_type"),
        fine("null-type").without("ce_type").null_header("ce_type").dead("unknown_event", "ce_type"),
        fine("malformed-type")
            .without("ce_type")
            .header("ce_type", "order placed")
            .dead("unknown_event", "ce_type"),
        fine("type-no-utf8")
            .without("ce_type")
            .header("ce_type", b"\xff\xfe".as_slice())
            .dead("unknown_event", "ce_type"),
        fine("another-type").without("ce_type").header("ce_type", "stock.counted.v1").skipped(),
        text("another-type-broken", broken())
            .without("ce_type")
            .header("ce_type", "stock.counted.v1")
            .skipped(),
        fine("major-2")
            .without("ce_type")
            .header("ce_type", "order.placed.v2")
            .dead("unsupported_version", "major 2"),
        text("newer-minor", newer("newer-minor").to_string())
            .header("ce_dataschema", "schemas/order.placed/1.7.json")
            .handled(),
        fine("duplicate-headers")
            .without("ce_type")
            .without("ce_id")
            .header("ce_type", "nonsense")
            .header("ce_id", "first")
            .header("ce_type", TYPE)
            .header("ce_id", "duplicate-headers")
            .handled(),
        text("duplicate-headers-broken", broken())
            .header("x-team", "second")
            .header("x-team", "third")
            .header("dlq-reason", "forged")
            .header("dlq-reason", "forged again")
            .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
            .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b8-01")
            .dead("undecodable", ""),
        fine("wrong-traceparent").header("traceparent", "00-wrong").header("tracestate", "a=b").handled(),
        fine("traceparent-no-utf8").header("traceparent", b"\xff".as_slice()).handled(),
        text("wrong-traceparent-broken", broken()).header("traceparent", "00-wrong").dead("undecodable", ""),
        fine("wrong-workflow").header("wf", "hops=-1;;=").header("ce_correlationid", "").handled(),
        fine("too-many-hops").header("wf", "name=order;started=1;hops=100000").dead("hop_limit", "100000"),
        fine("long-header").header("x-long", long()).handled(),
        text("long-header-broken", broken()).header("x-long", long()).dead("undecodable", ""),
        fine("long-id").without("ce_id").header("ce_id", long()).handled(),
        fine("no-id").without("ce_id").handled(),
    ]
}
