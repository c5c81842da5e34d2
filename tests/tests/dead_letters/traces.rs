//! What a replay tells a collector.

use choreograph_tests::otlp::{Receiver, Reference, Span};

use crate::by_hand::letter;
use crate::stage::Stage;

/// The trace of the failed attempt, and of where the record first came from.
const FAILED: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const ORIGIN: &str = "0af7651916cd43dd8448eb211c80319c";

fn named<'s>(spans: &'s [Span], name: &str) -> Vec<&'s Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

#[test]
fn a_replay_is_one_span_with_one_below_it_for_each_record() {
    let stage = Stage::new();
    stage.create(&[("payment.charge.dlq", 1), ("payment.charge.retry", 1), ("choreograph.audit", 1)]);
    let dead = stage.full("payment.charge.dlq");
    let written = |number: u128| {
        letter(&dead, number, "rejected")
            .header("traceparent", format!("00-{FAILED}-00f067aa0ba902b{number}-01"))
            .header("wf-origin-traceparent", format!("00-{ORIGIN}-b7ad6b716920333{number}-01"))
    };
    stage.write(&[written(1), written(2), letter(&dead, 3, "rejected").header("dlq-replay-count", "10")]);
    let receiver = Receiver::start().expect("a receiver");
    let collector = receiver.http();
    let to_collector =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.as_str()), ("OTEL_SERVICE_NAME", "operators")];

    let replay = ["replay", "--open", "--yes", "--unchecked"];
    let dry = stage.start_with(&[&replay[..], &["--dry-run"]].concat(), &to_collector).finish();
    assert_eq!((dry.code, receiver.spans().len()), (1, 0), "nothing happens: {dry:?}");
    let ran = stage.start_with(&replay, &to_collector).finish();
    assert_eq!(ran.code, 1, "one goes round: {ran:?}");

    let spans = receiver.spans();
    let retry = stage.full("payment.charge.retry");
    let (roots, sends) = (named(&spans, &format!("replay {dead}")), named(&spans, &format!("send {retry}")));
    assert_eq!((roots.len(), sends.len(), spans.len()), (1, 2, 3), "{spans:#?}");
    let root = roots[0];
    assert_eq!((root.kind, &root.parent, root.status), (1, &None, 0));
    let attribute = |span: &Span, name: &str| span.attributes.get(name).cloned().unwrap_or_default();
    assert_eq!(attribute(root, "workflow.replay.actor"), "ada");
    assert!(ran.out.contains(&attribute(root, "workflow.replay.id")), "the action that is told: {ran:?}");
    assert_eq!(root.resource["service.name"], "operators");

    let retried = stage.read("payment.charge.retry");
    for (number, record) in (1..).zip(&retried) {
        let event = format!("e{number}");
        let send = sends.iter().find(|send| attribute(send, "workflow.event.id") == event).expect("its span");
        assert_eq!(
            (send.kind, &send.parent, &send.id.trace),
            (4, &Some(root.id.span.clone()), &root.id.trace)
        );
        let reference = |trace: &str, span: String| Reference { trace: trace.to_owned(), span };
        let links = [
            reference(FAILED, format!("00f067aa0ba902b{number}")),
            reference(ORIGIN, format!("b7ad6b716920333{number}")),
        ];
        assert_eq!(send.links, links);
        // The step's own span is linked to this one.
        let own = format!("00-{}-{}-01", send.id.trace, send.id.span);
        assert_eq!(record.header("traceparent"), Some(own.as_str()));
        assert_eq!(record.headers.iter().filter(|(name, _)| name == "traceparent").count(), 1);
        assert_eq!(
            (attribute(send, "workflow.id"), attribute(send, "workflow.step")),
            (event, "payment/charge".to_owned())
        );
    }
    let counted = receiver.metrics().into_iter().filter(|metric| metric.name == "workflow.replays");
    let counted: Vec<_> = counted.collect();
    assert_eq!(counted.len(), 1);
    let counted = format!("{counted:?}");
    assert!(counted.contains("workflow.step") && counted.contains("payment/charge"), "{counted}");
}
