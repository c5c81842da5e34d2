//! The headers of an event that is emitted, written once.

use super::names;
use crate::runner::port::{HeaderList, HeaderRef, SameHeaders};

/// The most headers of an emitted event that differ from one to the next.
const MAX_OWN_HEADERS: usize = 9;

/// What does not change from one emit of a step to the next: computed when the step starts.
#[derive(Debug, Clone)]
pub(crate) struct EventHeaders {
    source: String,
    event_type: String,
    data_schema: String,
    /// Made of the others, which are not changed therefore.
    same: SameHeaders,
}

impl EventHeaders {
    /// The headers of events of a type, with attributes that most events do not have.
    pub(crate) fn new(
        source: String,
        event_type: String,
        data_schema: String,
        extensions: Vec<(&'static str, Vec<u8>)>,
    ) -> Self {
        let always = [
            (names::CE_SPECVERSION, names::SPECVERSION),
            (names::CE_SOURCE, &source),
            (names::CE_TYPE, &event_type),
            (names::CE_DATASCHEMA, &data_schema),
            (names::CONTENT_TYPE, names::JSON),
        ];
        let always = always.into_iter().map(|(name, value)| (name, value.as_bytes().into()));
        let extensions = extensions.into_iter().map(|(name, value)| (name, value.into()));
        let same = always.chain(extensions).collect();
        Self { source, event_type, data_schema, same }
    }

    /// Who emits, `service/step`.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// The type with its major, `payment.confirmed.v1`.
    pub(crate) fn event_type(&self) -> &str {
        &self.event_type
    }

    /// The contract with its exact version.
    pub(crate) fn data_schema(&self) -> &str {
        &self.data_schema
    }

    /// Adds an attribute.
    pub(crate) fn add(&mut self, name: &'static str, value: &[u8]) {
        self.same = self.same.iter().cloned().chain([(name, value.into())]).collect();
    }

    /// The headers that are the same on each event.
    #[cfg(test)]
    pub(crate) fn same(&self) -> &SameHeaders {
        &self.same
    }
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
    publish: impl FnOnce(HeaderList<'_>) -> T,
) -> T {
    let mut headers: [HeaderRef<'_>; MAX_OWN_HEADERS] = [("", None); MAX_OWN_HEADERS];
    let mut count = 0;
    let mut write = |name: &'static str, value: Option<&'a [u8]>| {
        if let (Some(value), Some(header)) = (value, headers.get_mut(count)) {
            *header = (name, Some(value));
            count += 1;
        }
    };
    write(names::TRACEPARENT, emit.traceparent.map(str::as_bytes));
    write(names::TRACESTATE, emit.tracestate.filter(|state| !state.is_empty()).map(str::as_bytes));
    write(names::CE_ID, Some(emit.id.as_bytes()));
    write(names::CE_TIME, Some(emit.time.as_bytes()));
    write(names::CE_SUBJECT, emit.subject);
    write(names::CE_CORRELATIONID, Some(emit.correlation.as_bytes()));
    write(names::CE_CAUSATIONID, emit.causation.map(str::as_bytes));
    write(names::WF, Some(emit.workflow.as_bytes()));
    write(names::WF_RETRIED, emit.retried.map(str::as_bytes));
    publish(HeaderList { same: Some(&fixed.same), own: &headers[..count] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(emit: &EmitHeaders<'_>) -> Vec<(String, String)> {
        let text = |text: &str| text.to_owned();
        let extensions = ["a", "b", "c", "d"].map(|name| (name, Vec::new())).into();
        let (event_type, contract) = ("payment.confirmed.v1", "schemas/payment.confirmed/1.0");
        let mut fixed =
            EventHeaders::new(text("payment/charge"), text(event_type), text(contract), extensions);
        fixed.add("e", b"");
        with_event_headers(&fixed, emit, |headers| {
            let all: Vec<_> = headers
                .iter()
                .map(|(name, value)| (text(name), String::from_utf8(value.unwrap().to_vec()).unwrap()))
                .collect();
            assert_eq!(headers.count(), all.len());
            all
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
                "ce_source",
                "ce_type",
                "ce_dataschema",
                "content-type",
                "a",
                "b",
                "c",
                "d",
                "e",
                "ce_id",
                "ce_time",
                "ce_correlationid",
                "wf",
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
        assert_eq!(written(&full).len(), 10 + MAX_OWN_HEADERS);
    }
}
