//! Spans: how they hang together, what they say, and that the untraced costs nothing.

use std::time::Duration;

use opentelemetry::trace::{SpanId, SpanKind, Status};
use tracing_subscriber::layer::SubscriberExt;

use super::super::sampling::MAX_TRACE_HOPS;
use super::super::{
    DeadLetter, Failure, HandleSpan, Incoming, Outcome, Telemetry, TraceParent, Violation, log,
};
use super::kept::{ALL, NONE, at, emit, kept, pass, record, start};
use crate::envelope::{
    Workflow,
    head::{Head, Known},
};
use crate::settings::Sampler;

#[test]
fn one_order_is_one_trace_and_every_reference_resolves() {
    let (telemetry, kept) = kept(ALL);
    let mut context = start(&telemetry);
    for (number, name) in ["charge", "dispatch", "mail"].into_iter().enumerate() {
        let step = telemetry.step("shop", name, "shop.step");
        context = pass(&step, &record(context), 10 * number as u64);
    }
    assert_eq!(kept.all().len(), 1 + 3 * 3);
    assert_eq!(kept.trace_ids().len(), 1);
    assert_eq!(kept.unresolved(), [] as [String; 0]);

    let root = kept.named("send orders");
    assert_eq!((root.parent_span_id, &root.span_kind), (SpanId::INVALID, &SpanKind::Producer));
    let process = kept.named("process orders");
    assert_eq!(process.parent_span_id, root.span_context.span_id());
    assert_eq!(process.links.links[0].span_context.span_id(), root.span_context.span_id());
    let handle = kept.named("handle shop/charge");
    assert_eq!(handle.parent_span_id, process.span_context.span_id());
    assert!(handle.attributes.iter().any(|kv| kv.key.as_str() == "workflow.id"));
    assert_eq!(kept.named("send payments").parent_span_id, handle.span_context.span_id());
}

#[test]
fn a_process_span_says_which_record_it_is_about_and_the_key_only_if_asked() {
    let (telemetry, kept) = kept(ALL);
    let _context = pass(&telemetry.step("shop", "charge", "shop.charge"), &record(None), 250);
    let process = kept.named("process orders");
    let said: Vec<String> = process.attributes.iter().map(|kv| format!("{}={}", kv.key, kv.value)).collect();
    for expected in [
        "messaging.system=kafka",
        "messaging.operation.name=process",
        "messaging.destination.name=orders",
        "messaging.destination.partition.id=3",
        "messaging.kafka.offset=42",
        "messaging.message.id=e-1",
        "messaging.consumer.group.name=shop.charge",
        "workflow.id=w-1",
        "workflow.name=order",
        "workflow.step=shop/charge",
        "workflow.event.type=order.placed",
        "workflow.contract.version=1.3",
        "workflow.queue_time_ms=250",
        "workflow.outcome=done",
    ] {
        assert!(said.iter().any(|said| said == expected), "{expected} is missing in {said:?}");
    }
    assert!(!said.iter().any(|said| said.contains("o-17")), "{said:?}");
    assert!(!said.iter().any(|said| said.contains("origin")), "{said:?}");
}

#[test]
fn a_record_of_the_retry_topic_says_where_it_lay_first() {
    let (telemetry, kept) = kept(ALL);
    let record = Incoming { topic: "shop.charge.retry", origin: Some("orders"), ..record(None) };
    let _context = pass(&telemetry.step("shop", "charge", "shop.charge"), &record, 0);
    let process = kept.named("process shop.charge.retry");
    let origin = process.attributes.iter().find(|one| one.key.as_str() == "workflow.origin.destination");
    assert_eq!(origin.map(|origin| origin.value.to_string()).as_deref(), Some("orders"));
}

#[test]
fn retries_and_dead_letters_stay_in_the_trace() {
    let (telemetry, kept) = kept(ALL);
    let step = telemetry.step("shop", "charge", "shop.charge");
    let record = record(start(&telemetry));
    let mut process = step.process(&record, at(0));
    for attempt in 1..=2 {
        let handle = step.handle(&mut process, &record, attempt, at(1));
        let failure = Failure { error_type: "error", text: Some("no route") };
        handle.end(Err(failure), at(2));
        step.retry(&process, attempt + 1, Duration::from_millis(100), "error", at(2));
    }
    let violation =
        Violation { event_type: "order.placed", received: Some("1.3"), expected: "1.2", path: "/total" };
    step.violation(&process, &violation, at(3));
    let letter = DeadLetter { topic: "shop.charge.dlq", reason: "retries_exhausted", attempts: 2 };
    let send = step.dead_letter(&process, &record, &letter, at(3));
    assert_ne!(send.traceparent(), record.parent);
    step.delivered(send, Err("MSG_SIZE_TOO_LARGE"), at(4));
    step.end(process, Outcome::DeadLetter("retries_exhausted"), at(4));

    assert_eq!(kept.trace_ids().len(), 1);
    assert_eq!(kept.unresolved(), [] as [String; 0]);
    let process = kept.named("process orders");
    assert_eq!(process.events.events.len(), 2);
    assert!(matches!(process.status, Status::Error { .. }));
    let letter = kept.named("send shop.charge.dlq");
    assert_eq!(letter.parent_span_id, process.span_context.span_id());
    assert_eq!(letter.links.links.len(), 1);
    assert_eq!(kept.named("validate order.placed").parent_span_id, process.span_context.span_id());
}

#[test]
fn after_a_wait_or_too_many_hops_a_linked_trace_begins_and_goes_on() {
    let long = format!("name=order;started=1767225600000;hops={}", MAX_TRACE_HOPS + 1);
    let cases = [
        (Workflow::parse("name=order;started=1767225600000;hops=1;trace=link").unwrap(), 10),
        (Workflow::parse(&long).unwrap(), 10),
        (Workflow::parse("name=order;started=1767225600000;hops=1").unwrap(), 15 * 60_000 + 1),
    ];
    for (workflow, ms) in cases {
        let (telemetry, kept) = kept(ALL);
        let step = telemetry.step("shop", "charge", "shop.charge");
        let first = start(&telemetry);
        let late = Incoming { workflow, ..record(first) };
        let process = step.process(&late, at(ms));
        assert_eq!(process.new_trace(), Some(1_767_225_600_000 + ms));
        assert!(!process.passes_tracestate());
        let context = process.traceparent();
        step.end(process, Outcome::Done, at(ms + 1));
        assert_eq!((kept.trace_ids().len(), kept.unresolved()), (2, vec![]));

        // The next hop knows when the new trace began, and stays in it.
        let wf = format!(
            "name=order;started=1767225600000;hops=40;trace-started={};trace-hops=1",
            1_767_225_600_000 + ms
        );
        let next = Incoming { workflow: Workflow::parse(&wf).unwrap(), ..record(context) };
        let process = step.process(&next, at(ms + 5));
        assert_eq!((process.new_trace(), process.passes_tracestate()), (None, true));
        step.end(process, Outcome::Done, at(ms + 6));
        assert_eq!((kept.trace_ids().len(), kept.unresolved()), (2, vec![]));
    }
}

#[test]
fn what_is_not_sampled_passes_its_context_on_and_builds_nothing() {
    let (telemetry, kept) = kept(NONE);
    let context = start(&telemetry).unwrap();
    assert!(!context.is_sampled());
    let step = telemetry.step("shop", "charge", "shop.charge");
    assert_eq!(pass(&step, &record(Some(context)), 0), Some(context));
    assert_eq!(pass(&step, &record(None), 0).map(|parent| parent.trace_id()), Some(context.trace_id()));
    assert!(kept.all().is_empty());

    let sampled = TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let root_only = Sampler { ratio: 0.0, parent_based: false };
    let (telemetry, kept) = self::kept(root_only);
    let step = telemetry.step("shop", "charge", "shop.charge");
    assert_eq!(pass(&step, &record(sampled), 0), sampled);
    assert!(kept.all().is_empty());
}

#[test]
fn a_second_attempt_is_traced_though_the_first_was_not() {
    let (telemetry, kept) = kept(Sampler { ratio: 0.000_001, parent_based: true });
    let unsampled = TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
    let step = telemetry.step("shop", "charge", "shop.charge");
    let record = record(unsampled);
    let mut process = step.process(&record, at(0));
    step.handle(&mut process, &record, 1, at(0)).end(Ok(()), at(1));
    assert!(kept.all().is_empty());
    step.handle(&mut process, &record, 2, at(2)).end(Ok(()), at(3));
    step.end(process, Outcome::Done, at(4));
    let span = kept.named("process orders");
    assert_eq!((span.start_time, span.parent_span_id), (at(0).into(), SpanId::INVALID));
    assert_eq!(Some(span.span_context.trace_id()), unsampled.map(|parent| parent.trace_id()));
    assert_eq!(kept.unresolved(), [] as [String; 0]);
}

#[test]
fn an_unsampled_record_allocates_nothing() {
    let (telemetry, kept) = kept(NONE);
    let step = telemetry.step("shop", "charge", "shop.charge");
    let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let head = Head::of(2, [("ce_id", Some(&b"e-1"[..])), ("ce_correlationid", Some(b"w-1"))]);
    let id = |known| head.text(known).unwrap();
    let work = || {
        let record = Incoming {
            head: Some(&head),
            event_id: id(Known::Id),
            workflow_id: id(Known::CorrelationId),
            ..record(step.trace_context(Some(header)))
        };
        let mut process = step.process(&record, at(0));
        let handle = step.handle(&mut process, &record, 1, at(0));
        let mut handle = Some(handle);
        HandleSpan::within(&mut handle, || ());
        let handle = handle.unwrap();
        let send = step.send(&process, Some(&handle), &emit(), at(1));
        let mut out = [0; TraceParent::LENGTH];
        assert_eq!(send.traceparent().map(|context| context.write(&mut out) == header), Some(true));
        handle.end(Ok(()), at(1));
        step.delivered(send, Ok((0, 7)), at(2));
        step.end(process, Outcome::Done, at(2));
    };
    work();
    let first = allocation_counter::measure(work);
    assert_eq!((first.count_total, kept.all().len()), (0, 0));
    // The counter counts: the same with a span allocates.
    let (telemetry, _kept) = self::kept(ALL);
    let step = telemetry.step("shop", "charge", "shop.charge");
    let sampled = allocation_counter::measure(|| {
        pass(&step, &record(None), 0);
    });
    assert!(sampled.count_total > 0);
}

#[test]
fn a_handlers_own_spans_nest_below_it_and_only_where_it_is_traced() {
    let (telemetry, kept) = kept(ALL);
    let tracers = telemetry.tracer();
    let subscriber = tracing_subscriber::registry().with(log::spans(tracers));
    tracing::subscriber::with_default(subscriber, || {
        let step = telemetry.step("shop", "charge", "shop.charge");
        for flags in ["01", "00"] {
            let parent = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
            let record = record(TraceParent::parse(&parent));
            let mut process = step.process(&record, at(0));
            let mut handle = Some(step.handle(&mut process, &record, 1, at(0)));
            HandleSpan::within(&mut handle, || {
                tracing::info_span!("gateway", amount = 3).in_scope(|| {
                    tracing::info_span!("socket").in_scope(|| ());
                });
            });
            handle.unwrap().end(Ok(()), at(1));
            step.end(process, Outcome::Done, at(1));
        }
    });
    let names: Vec<_> = kept.all().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["socket", "gateway", "handle shop/charge", "process orders"]);
    let gateway = kept.named("gateway");
    assert_eq!(gateway.parent_span_id, kept.named("handle shop/charge").span_context.span_id());
    assert_eq!(kept.named("socket").parent_span_id, gateway.span_context.span_id());
}

#[test]
fn a_start_below_the_callers_span_joins_its_trace() {
    let (telemetry, kept) = kept(ALL);
    let subscriber = tracing_subscriber::registry().with(log::spans(telemetry.tracer()));
    let context = tracing::subscriber::with_default(subscriber, || {
        tracing::info_span!("POST /orders").in_scope(|| start(&telemetry))
    });
    let caller = kept.named("POST /orders");
    let send = kept.named("send orders");
    assert_eq!(send.parent_span_id, caller.span_context.span_id());
    assert!(send.events.iter().any(|event| event.name == "workflow.started"), "{send:?}");
    assert_eq!(context.map(|context| context.trace_id()), Some(caller.span_context.trace_id()));
}

#[test]
fn a_process_that_exports_nothing_leaves_the_decision_to_those_after_it() {
    let settings = crate::settings::Settings::read([] as [(&str, &str); 0]).unwrap();
    let telemetry = Telemetry::build(&settings, "shop", "1.0", |_| {}).unwrap();
    assert_eq!(start(&telemetry), None);
    assert_eq!(start(&Telemetry::quiet()), None);
    let rehearsing = Telemetry::rehearsing();
    assert_eq!(start(&rehearsing).map(|context| context.is_sampled()), Some(false));
}

/// A program without telemetry starts workflows whose steps are traced: one trace, though each first step is a root of it.
#[test]
fn what_a_quiet_process_starts_is_one_trace_of_the_steps_behind_it() {
    let parent = start(&Telemetry::quiet());
    let (telemetry, kept) = kept(ALL);
    for group in ["shop.charge", "shop.tell"] {
        pass(&telemetry.step("shop", group, group), &record(parent), 0).expect("it is traced");
    }
    let spans = kept.all();
    assert_eq!(spans.iter().filter(|span| span.name == "process orders").count(), 2, "{spans:?}");
    assert_eq!((kept.trace_ids().len(), kept.unresolved()), (1, Vec::new()));
}

#[test]
fn without_propagation_no_context_is_read_or_written() {
    let pairs = [("OTEL_PROPAGATORS", "none")];
    let settings = crate::settings::Settings::read(pairs).unwrap();
    let telemetry = Telemetry::build(&settings, "shop", "1.0", |_| {}).unwrap();
    let step = telemetry.step("shop", "charge", "shop.charge");
    let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    assert_eq!(step.trace_context(Some(header)), None);
    assert_eq!(pass(&step, &record(None), 0), None);
}
