//! What an action tells OpenTelemetry, for whoever set it up in this process: a span for each topic that is acted upon, one
//! below it for each record that is replayed, and a count.
//!
//! Names are the framework's: `replay {dead-letter topic}` and `send {retry topic}`.

use std::borrow::Cow;

use choreograph::wire::header;
use opentelemetry::global::{self, BoxedSpan, BoxedTracer};
use opentelemetry::trace::{
    Link, Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags,
    TraceId, TraceState,
};
use opentelemetry::{Context, KeyValue};

use crate::act::Order;
use crate::action::Deed;
use crate::again::Stamp;
use crate::letter::DeadLetter;
use crate::record::{Outgoing, Record};
use crate::report::Report;

/// The instrumentation scope, as the framework's own.
const SCOPE: &str = "choreograph";
/// How many were acted upon, by step and outcome.
const REPLAYS: &str = "workflow.replays";
const STEP: &str = "workflow.step";
const OUTCOME: &str = "outcome";
/// The header of W3C Trace Context, and the one beside it.
const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// The span of an action on one topic, or nothing where nobody records spans.
#[derive(Debug)]
pub(crate) struct ActionSpan(Option<Recorded>);

#[derive(Debug)]
struct Recorded {
    tracer: BoxedTracer,
    /// Holds the span; it ends with the last of these.
    context: Context,
}

/// The span of one record on its way, or nothing.
#[derive(Debug)]
pub(crate) struct SendSpan(Option<BoxedSpan>);

impl ActionSpan {
    /// The action on `count` dead letters of `topic` (as the brokers name it) begins. Only replays have spans, and a dry
    /// run is none.
    pub(crate) fn begin(topic: &str, count: usize, order: &Order, stamp: &Stamp) -> Self {
        if order.dry_run || order.what.deed() == Deed::Discarded {
            return Self(None);
        }
        let tracer = global::tracer(SCOPE);
        let span = SpanBuilder::from_name(format!("replay {topic}"))
            .with_kind(SpanKind::Internal)
            .with_attributes([
                KeyValue::new("messaging.system", "kafka"),
                KeyValue::new("messaging.destination.name", topic.to_owned()),
                KeyValue::new("workflow.replay.id", stamp.action.to_string()),
                KeyValue::new("workflow.replay.actor", stamp.by.clone()),
                KeyValue::new("workflow.replay.action", order.what.deed().word()),
                KeyValue::new("workflow.replay.count", count as i64),
            ])
            // An operator's action begins a trace, whatever is around it.
            .start_with_context(&tracer, &Context::new());
        let recorded = span.span_context().is_sampled();
        Self(recorded.then(|| Recorded { tracer, context: Context::new().with_span(span) }))
    }

    /// A record is about to be sent: its span, whose context goes along in the record's headers in place of the failed
    /// attempt's.
    pub(crate) fn send(&self, letter: &DeadLetter, again: &mut Outgoing) -> SendSpan {
        let Some(Recorded { tracer, context }) = &self.0 else { return SendSpan(None) };
        let span = SpanBuilder::from_name(format!("send {}", again.topic))
            .with_kind(SpanKind::Producer)
            .with_attributes(attributes(letter, again))
            .with_links(links(&letter.record))
            .start_with_context(tracer, context);
        let own = span.span_context();
        let flags = own.trace_flags() & TraceFlags::SAMPLED;
        let traceparent = format!("00-{}-{}-{:02x}", own.trace_id(), own.span_id(), flags);
        again.headers.retain(|(name, _)| name != TRACEPARENT && name != TRACESTATE);
        again.headers.push((TRACEPARENT.to_owned(), Some(traceparent.into_bytes())));
        SendSpan(Some(span))
    }

    /// The action on this topic ended with an error.
    pub(crate) fn failed(&self, error: &crate::Error) {
        if let Some(Recorded { context, .. }) = &self.0 {
            context.span().set_status(Status::error(error.to_string()));
        }
    }
}

impl SendSpan {
    /// No span: nothing is sent.
    pub(crate) const NONE: Self = Self(None);

    /// The record is on its topic.
    pub(crate) fn sent(self) {
        if let Some(mut span) = self.0 {
            span.end();
        }
    }

    /// The brokers refuse it.
    pub(crate) fn refused(self, code: &str) {
        if let Some(mut span) = self.0 {
            span.set_attribute(KeyValue::new("error.type", code.to_owned()));
            span.set_status(Status::error(""));
            span.end();
        }
    }
}

/// What an action has come to at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    done: u64,
    refused: u64,
    already: u64,
}

impl Counts {
    pub(crate) fn of(report: &Report) -> Self {
        Self { done: report.done, refused: report.refused, already: report.already }
    }
}

/// Counts what an action came to since `before`, with the dead letters of `step`.
pub(crate) fn count(report: &Report, before: Counts, step: &str) {
    if report.dry_run {
        return;
    }
    let counter = global::meter(SCOPE).u64_counter(REPLAYS).build();
    let outcomes = [
        (report.deed.word(), report.done - before.done),
        ("refused", report.refused - before.refused),
        ("already", report.already - before.already),
    ];
    for (outcome, number) in outcomes.into_iter().filter(|(_, number)| *number > 0) {
        counter.add(number, &[KeyValue::new(STEP, step.to_owned()), KeyValue::new(OUTCOME, outcome)]);
    }
}

fn attributes(letter: &DeadLetter, again: &Outgoing) -> Vec<KeyValue> {
    let text = |value: &str| -> Cow<'static, str> { Cow::Owned(value.to_owned()) };
    let mut attributes = vec![
        KeyValue::new("messaging.system", "kafka"),
        KeyValue::new("messaging.operation.name", "send"),
        KeyValue::new("messaging.operation.type", "send"),
        KeyValue::new("messaging.destination.name", text(&again.topic)),
        KeyValue::new("workflow.step", letter.source()),
        KeyValue::new("workflow.dead_letter.id", letter.id.to_string()),
        KeyValue::new("workflow.dead_letter.reason", text(&letter.reason)),
    ];
    let known = [
        ("workflow.event.type", letter.event_type.as_deref()),
        ("workflow.event.id", letter.record.text(header::CE_ID)),
        ("messaging.message.id", letter.record.text(header::CE_ID)),
        ("workflow.id", letter.instance.as_deref()),
        ("messaging.message.conversation_id", letter.instance.as_deref()),
    ];
    let known = known.into_iter().filter_map(|(name, value)| Some((name, value?)));
    attributes.extend(known.map(|(name, value)| KeyValue::new(name, text(value))));
    attributes
}

/// To the send of the dead letter, and to where the record first came from.
fn links(record: &Record) -> Vec<Link> {
    let dead_letter = record.text(TRACEPARENT).and_then(context);
    let origin = record.text("wf-origin-traceparent").and_then(context);
    dead_letter.into_iter().chain(origin).map(Link::with_context).collect()
}

/// The span that a `traceparent` names, where it was recorded.
fn context(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.split('-');
    let (_version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::NONE);
    (context.is_valid() && context.is_sampled()).then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_recorded_is_linked() {
        const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(context(GOOD).map(|it| it.span_id().to_string()).as_deref(), Some("00f067aa0ba902b7"));
        for wrong in [
            "",
            "00",
            &GOOD[..50],
            &GOOD.replace("-01", "-00"),
            &GOOD.replace("4bf9", "4bfx"),
            &GOOD.replace("-01", "-zz"),
        ] {
            assert_eq!(context(wrong), None, "{wrong}");
        }
    }
}
