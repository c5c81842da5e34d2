//! Dead letters: what cannot be handled is set aside with the reason.

use std::{sync::Arc, time::Duration};

use uuid::fmt::Hyphenated;

use super::{
    Failure, Runner,
    clock_text::{format, written},
    letter::{About, Letter},
    port::{HeaderList, Outgoing, OwnedOutgoing, Port, RawRecord},
    publish::{InFlight, Kind},
    route::Routed,
};
use crate::{
    engine::{Reason, Ticket, Time},
    envelope::{
        dead_letter::{self, Verdict},
        head::Known,
        shortened,
    },
    telemetry::{DeadLetter, Outcome, SendSpan, TraceParent, Violation},
};

/// What is said of a fact in several majors of which the broker refuses one. A replay sends all again under the same ids.
const HALF: &str = "; in its other majors the fact may be on the log";

impl<P: Port> Runner<P> {
    /// Publishes the dead letter of a record.
    pub(super) fn dead_letter(
        &mut self,
        now: Time,
        ticket: Ticket,
        reason: Reason,
        failure: &Failure,
        attempt: u32,
        port: &mut P,
    ) {
        let Some(taken) = self.engine.record(ticket) else { return };
        let wall = port.wall(now);
        let mut stranger = [0; Hyphenated::LENGTH];
        let identity = taken.identity(&self.plan, &mut stranger);
        let traceparent = taken.traceparent();
        let parent = self.telemetry.trace_context(traceparent);
        let incoming = taken.incoming(&self.plan, &identity, parent, attempt);
        let began = taken.process.take();
        let has_workflow = began.is_some() || taken.head().has(Known::CorrelationId);
        let process = began.unwrap_or_else(|| {
            // It went its whole way, and the broker refused an emit of it later.
            if reason == Reason::EmitViolation {
                return self.telemetry.process_again(&incoming, wall);
            }
            // It is refused before it is handled.
            self.telemetry.looked(traceparent, parent, taken.has_malformed_workflow());
            self.telemetry.process(&incoming, wall)
        });
        let expected = match &taken.routed {
            Routed::Handle(index) if reason == Reason::ContractViolation => {
                Some(&self.plan.routes[*index].version)
            }
            _ => failure.contract.as_ref(),
        };
        if let (Some(path), Some(expected)) = (&failure.path, expected) {
            let event_type = incoming.event_type;
            let violation = Violation { event_type, received: incoming.data_schema, expected, path };
            self.telemetry.violation(&process, &violation, wall);
        }
        let told =
            DeadLetter { topic: &self.plan.dead_letter_topic, reason: reason.as_str(), attempts: attempt };
        let span = self.telemetry.dead_letter(&process, &incoming, &told, wall);
        let first_failed_at = self.engine.first_failed_at(ticket).unwrap_or(now);
        let ago = Duration::from_millis(now.0.saturating_sub(first_failed_at.0));
        let first_failed_at = format(written(wall.before(ago)));
        let failed_at = format(written(wall));
        let mut traceparent = [0; TraceParent::LENGTH];
        let verdict = Verdict {
            reason: reason.as_str(),
            error: &failure.text,
            violations: failure.violations.as_deref(),
            contract: failure.contract.as_deref(),
            service: &self.plan.service,
            step: &self.plan.step,
            group: &self.plan.group,
            attempt,
            failed_at: &failed_at,
            first_failed_at: &first_failed_at,
            traceparent: span.traceparent().map(|parent| parent.write(&mut traceparent)),
        };
        let record = dead_letter::dead_letter(&self.plan.dead_letter_topic, &taken.raw, &verdict);
        let about = About {
            topic: Arc::clone(taken.raw.topic()),
            partition: incoming.partition,
            offset: incoming.offset,
            workflow_id: identity.correlation.to_owned(),
            event_id: identity.id.to_owned(),
            traceparent: process.traceparent(),
            event_type: incoming.event_type.to_owned(),
            reason,
            attempts: attempt,
            fails: has_workflow && self.plan.emits.iter().any(|emitted| emitted.terminal),
            detail: failure.text.clone(),
        };
        let outcome = match reason {
            Reason::Rejected => Outcome::Rejected,
            other => Outcome::DeadLetter(other.as_str()),
        };
        self.telemetry.end(process, outcome, wall);
        self.send_dead_letter(now, ticket, Box::new(Letter { record, about }), span, port);
    }

    fn send_dead_letter(
        &mut self,
        now: Time,
        ticket: Ticket,
        letter: Box<Letter>,
        span: SendSpan,
        port: &mut P,
    ) {
        let OwnedOutgoing { topic, key, value, headers } = letter.record.clone();
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let headers = HeaderList::of(&headers);
        let record = Outgoing { topic: &topic, key: key.as_deref(), value: value.as_deref(), headers };
        let in_flight = InFlight { ticket, kind: Kind::DeadLetter(letter), span };
        if let Err(refusal) = self.publishing.publish(port, &record, in_flight) {
            let (in_flight, error) = *refusal;
            self.refused(now, in_flight, &error, port);
        }
        if self.publishing.is_blocked() {
            self.engine.block(now);
        }
    }

    /// A publish was refused for the record's own sake: an emit makes its cause a dead letter, a dead letter goes
    /// without its value.
    pub(super) fn refused(&mut self, now: Time, in_flight: InFlight<SendSpan>, error: &str, port: &mut P) {
        let InFlight { ticket, kind, span } = in_flight;
        match kind {
            Kind::Emit { event, .. } => {
                self.telemetry.delivered(span, Err(error), port.wall(now));
                let emitted = &self.plan.emits[event];
                let (event_type, topic) = (emitted.headers.event_type(), &emitted.topic);
                let half = if self.plan.has_other_majors(event) { HALF } else { "" };
                let text = format!("the broker refuses {event_type} on {topic}: {error}{half}");
                self.engine.refused(now, ticket, Failure::new("emit_violation", text));
            }
            Kind::DeadLetter(letter) if !shortened::is_without_value(&letter.record) => {
                let Letter { record, about } = *letter;
                let shorter = Letter { record: shortened::without_value(record), about };
                self.send_dead_letter(now, ticket, Box::new(shorter), span, port);
            }
            Kind::DeadLetter(letter) => {
                // What is left is small: the topic's settings are at fault.
                let what = format!(
                    "room for dead letters of {} KiB ({error}): raise its max.message.bytes",
                    shortened::MAX_BYTES / 1024
                );
                self.set_up_missing(letter.record.topic.clone(), what);
                let record = letter.record.clone();
                let in_flight = InFlight { ticket, kind: Kind::DeadLetter(letter), span };
                self.publishing.wait_for_set_up(now, in_flight, record);
                self.engine.block(now);
            }
        }
    }
}
