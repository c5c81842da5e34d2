//! The headers of an event that is emitted, written once.

use super::names;
use crate::runner::port::HeaderRef;

/// The most headers that an emitted event has, but for its extensions and [`names::WF_RETRIED`].
const MAX_EVENT_HEADERS: usize = 13;

/// What does not change from one emit of a step to the next: computed when the step starts.
#[derive(Debug, Clone)]
pub(crate) struct EventHeaders {
    /// `service/step`.
    pub(crate) source: String,
    /// The type with its major, `payment.confirmed.v1`.
    pub(crate) event_type: String,
    /// The contract with its exact version.
    pub(crate) data_schema: String,
    /// Attributes that most events do not have.
    pub(crate) extensions: Vec<(&'static str, Vec<u8>)>,
}

/// What differs from one emit to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EmitHeaders<'a> {
    pub(crate) id: &'a str,
    /// RFC 3339 text.
    pub(crate) time: &'a str,
    pub(crate) subject: Option<&'a [u8]>,
    pub(crate) correlation: &'a str,
    /// `None` on a starting event.
    pub(crate) causation: Option<&'a str>,
    pub(crate) workflow: &'a str,
    /// The 55 bytes of the creation context.
    pub(crate) traceparent: Option<&'a str>,
    pub(crate) tracestate: Option<&'a str>,
    /// What `wf-retried` says; `None` where a first attempt emits.
    pub(crate) retried: Option<&'a str>,
}

/// Calls `publish` with the headers of one event, in the order in which they are written.
pub(crate) fn with_event_headers<'a, T>(
    fixed: &'a EventHeaders,
    emit: &EmitHeaders<'a>,
    publish: impl FnOnce(&[HeaderRef<'_>]) -> T,
) -> T {
    let mut headers: [HeaderRef<'_>; MAX_EVENT_HEADERS] = [("", None); MAX_EVENT_HEADERS];
    let mut count = 0;
    let mut write = |name: &'static str, value: Option<&'a [u8]>| {
        if let (Some(value), Some(header)) = (value, headers.get_mut(count)) {
            *header = (name, Some(value));
            count += 1;
        }
    };
    write(names::TRACEPARENT, emit.traceparent.map(str::as_bytes));
    write(names::TRACESTATE, emit.tracestate.filter(|state| !state.is_empty()).map(str::as_bytes));
    write(names::CE_SPECVERSION, Some(names::SPECVERSION.as_bytes()));
    write(names::CE_ID, Some(emit.id.as_bytes()));
    write(names::CE_SOURCE, Some(fixed.source.as_bytes()));
    write(names::CE_TYPE, Some(fixed.event_type.as_bytes()));
    write(names::CE_TIME, Some(emit.time.as_bytes()));
    write(names::CE_SUBJECT, emit.subject);
    write(names::CE_DATASCHEMA, Some(fixed.data_schema.as_bytes()));
    write(names::CE_CORRELATIONID, Some(emit.correlation.as_bytes()));
    write(names::CE_CAUSATIONID, emit.causation.map(str::as_bytes));
    write(names::CONTENT_TYPE, Some(names::JSON.as_bytes()));
    write(names::WF, Some(emit.workflow.as_bytes()));
    // Most events have none of the rest.
    if fixed.extensions.is_empty() && emit.retried.is_none() {
        return publish(&headers[..count]);
    }
    let retried = emit.retried.map(|retried| (names::WF_RETRIED, Some(retried.as_bytes())));
    let extensions = fixed.extensions.iter().map(|(name, value)| (*name, Some(value.as_slice())));
    let all: Vec<HeaderRef<'_>> = headers[..count].iter().copied().chain(retried).chain(extensions).collect();
    publish(&all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(emit: &EmitHeaders<'_>) -> Vec<(String, String)> {
        let fixed = EventHeaders {
            source: "payment/charge".to_owned(),
            event_type: "payment.confirmed.v1".to_owned(),
            data_schema: "schemas/payment.confirmed/1.0".to_owned(),
            extensions: ["a", "b", "c", "d", "e"].map(|name| (name, Vec::new())).into(),
        };
        let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap().to_vec()).unwrap();
        with_event_headers(&fixed, emit, |headers| {
            headers.iter().map(|(name, value)| ((*name).to_owned(), text(*value))).collect()
        })
    }

    #[test]
    fn each_header_once_and_absent_ones_not_at_all() {
        let emit = EmitHeaders {
            id: "i",
            time: "2026-01-01T00:00:00.000Z",
            subject: None,
            correlation: "c",
            causation: None,
            workflow: "name=order;started=1;hops=0",
            traceparent: None,
            tracestate: Some(""),
            retried: None,
        };
        let names: Vec<_> = written(&emit).into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "ce_specversion",
                "ce_id",
                "ce_source",
                "ce_type",
                "ce_time",
                "ce_dataschema",
                "ce_correlationid",
                "content-type",
                "wf",
                "a",
                "b",
                "c",
                "d",
                "e",
            ]
        );
        let full = EmitHeaders {
            subject: Some(b"s"),
            causation: Some("x"),
            traceparent: Some("00-…"),
            tracestate: Some("a=b"),
            retried: Some("attempt=2;first-failed=1"),
            ..emit
        };
        assert_eq!(written(&full).len(), MAX_EVENT_HEADERS + 6);
    }
}
