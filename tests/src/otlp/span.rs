//! Spans as they came over the wire, and whether they fit together.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1 as wire;

/// A span somewhere: its trace's id and its own, in lower-case hexadecimal digits as in `traceparent`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// 32 digits.
    pub trace: String,
    /// 16 digits.
    pub span: String,
}

/// A span that was received.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Its own ids.
    pub id: Reference,
    /// Its parent's span id; `None` for a root.
    pub parent: Option<String>,
    /// What it links to.
    pub links: Vec<Reference>,
    /// Its name.
    pub name: String,
    /// Its kind as OTLP numbers it: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    pub kind: i32,
    /// Its attributes as text: strings plain, everything else as Rust's `Debug` prints the value.
    pub attributes: BTreeMap<String, String>,
    /// Its resource's attributes, such as `service.name`.
    pub resource: BTreeMap<String, String>,
    /// Its status as OTLP numbers it: 0 unset, 1 ok, 2 error.
    pub status: i32,
    /// Its status's text.
    pub status_text: String,
    /// Its events: name and attributes.
    pub events: Vec<(String, BTreeMap<String, String>)>,
    /// Start in nanoseconds since 1970.
    pub start: u64,
    /// End in nanoseconds since 1970.
    pub end: u64,
}

/// An id that a span refers to and that no received span has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// The span that refers.
    pub from: Reference,
    /// Its name.
    pub name: String,
    /// What it refers to.
    pub to: Reference,
    /// Whether it refers to it as its parent, rather than by a link.
    pub as_parent: bool,
}

/// Every parent and every link of `spans` that is not itself among `spans`.
pub fn unresolved(spans: &[Span]) -> Vec<Unresolved> {
    let known: HashSet<&Reference> = spans.iter().map(|span| &span.id).collect();
    let mut unresolved = Vec::new();
    for span in spans {
        let trace = &span.id.trace;
        let parent =
            span.parent.iter().map(|parent| Reference { trace: trace.clone(), span: parent.clone() });
        let references = parent.map(|to| (to, true)).chain(span.links.iter().map(|to| (to.clone(), false)));
        for (to, as_parent) in references.filter(|(to, _)| !known.contains(to)) {
            unresolved.push(Unresolved { from: span.id.clone(), name: span.name.clone(), to, as_parent });
        }
    }
    unresolved
}

/// The spans of one request.
pub(super) fn spans(request: ExportTraceServiceRequest) -> Vec<Span> {
    let mut spans = Vec::new();
    for of_resource in request.resource_spans {
        let resource =
            attributes(of_resource.resource.map(|resource| resource.attributes).unwrap_or_default());
        let of_scopes = of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.extend(of_scopes.map(|wire| span(wire, resource.clone())));
    }
    spans
}

fn span(wire: wire::Span, resource: BTreeMap<String, String>) -> Span {
    let reference = |trace: &[u8], span: &[u8]| Reference { trace: hex(trace), span: hex(span) };
    let status = wire.status.unwrap_or_default();
    Span {
        id: reference(&wire.trace_id, &wire.span_id),
        parent: (!wire.parent_span_id.is_empty()).then(|| hex(&wire.parent_span_id)),
        links: wire.links.iter().map(|link| reference(&link.trace_id, &link.span_id)).collect(),
        name: wire.name,
        kind: wire.kind,
        attributes: attributes(wire.attributes),
        resource,
        status: status.code,
        status_text: status.message,
        events: wire.events.into_iter().map(|event| (event.name, attributes(event.attributes))).collect(),
        start: wire.start_time_unix_nano,
        end: wire.end_time_unix_nano,
    }
}

fn attributes(wire: Vec<KeyValue>) -> BTreeMap<String, String> {
    wire.into_iter().map(|pair| (pair.key, text(pair.value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        None => String::new(),
        Some(Value::StringValue(text)) => text,
        Some(Value::BoolValue(value)) => value.to_string(),
        Some(Value::IntValue(value)) => value.to_string(),
        Some(Value::DoubleValue(value)) => value.to_string(),
        Some(other) => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(span: &str, parent: Option<&str>, links: &[(&str, &str)]) -> Span {
        let reference =
            |trace: &str, span: &str| Reference { trace: trace.to_owned(), span: span.to_owned() };
        Span {
            id: reference("t", span),
            parent: parent.map(str::to_owned),
            links: links.iter().map(|(trace, span)| reference(trace, span)).collect(),
            name: span.to_owned(),
            kind: 1,
            attributes: BTreeMap::new(),
            resource: BTreeMap::new(),
            status: 0,
            status_text: String::new(),
            events: Vec::new(),
            start: 0,
            end: 0,
        }
    }

    #[test]
    fn what_fits_together_resolves() {
        let spans = [
            span("child", Some("root"), &[]),
            span("root", None, &[]),
            span("late", None, &[("t", "child")]),
        ];
        assert_eq!(unresolved(&spans), []);
    }

    #[test]
    fn a_missing_parent_and_a_link_into_another_trace_are_found() {
        let spans = [span("child", Some("gone"), &[]), span("late", None, &[("other", "child")])];
        let found: Vec<_> =
            unresolved(&spans).into_iter().map(|u| (u.name, u.to.trace, u.to.span, u.as_parent)).collect();
        let expected = [("child", "t", "gone", true), ("late", "other", "child", false)];
        assert_eq!(found, expected.map(|(n, t, s, p)| (n.to_owned(), t.to_owned(), s.to_owned(), p)));
    }

    #[test]
    fn ids_are_lower_case_digits() {
        assert_eq!(hex(&[0x00, 0x0a, 0xff]), "000aff");
    }
}
