//! Stage *publish*: the emits of one run, checked, then handed to the driver in order.

use uuid::fmt::Hyphenated;

use super::{
    Failure, Runner, check_out,
    clock_text::written,
    handle::Seat,
    port::{Outgoing, Port},
    publish::{InFlight, Kind},
};
use crate::{
    engine::{Finish, Reason, Ticket, Time},
    envelope::{
        head::Known,
        id,
        retried::Retried,
        write::{EmitHeaders, with_event_headers},
    },
    telemetry::{Emit, Kept, Outcome, TraceParent},
};

impl<P: Port> Runner<P> {
    /// Checks all emits of a run, then publishes them. `Some`: the run fails; nothing was published. `None`: the
    /// engine was told, or the record is not ours any more.
    pub(super) fn emit(
        &mut self,
        now: Time,
        ticket: Ticket,
        seat: &mut Seat,
        port: &mut P,
    ) -> Option<Finish<Failure>> {
        let taken = self.engine.record(ticket)?;
        let checked_from = self.telemetry.is_detailed().then(|| port.read_wall(now));
        if let Err(failure) = check_out::check_out(&self.plan, &mut self.tape, &seat.outbox) {
            return Some(Finish::DeadLetter(Reason::EmitViolation, failure));
        }
        let wall = port.read_wall(now);
        let mut stranger = [0; Hyphenated::LENGTH];
        let identity = taken.identity(&self.plan, &mut stranger);
        // The attempt that ended began the span.
        let Some(process) = taken.process.take() else {
            return Some(Finish::Failed(Failure::new("retry", "the attempt has no span")));
        };
        self.workflow_text.clear();
        let new_trace = process.new_trace();
        identity.workflow.write_next(new_trace, "", &mut self.workflow_text);
        self.positions.fill(0);
        let retried = self.engine.retried(ticket).map(|(attempt, first_failed)| {
            Retried::new(attempt, written(wall).0.saturating_sub(now.0.saturating_sub(first_failed.0))).text()
        });
        let tracestate = process.passes_tracestate().then(|| taken.head().text(Known::TraceState)).flatten();
        let mut publishes = 0;
        let mut tells_end = false;
        let mut refused = Vec::new();
        for emit in seat.outbox.emits() {
            let emitted = &self.plan.emits[emit.event];
            let majors = &self.plan.emits[emit.head].majors;
            if !majors.is_empty() {
                self.majors_text.clear();
                identity.workflow.write_next(new_trace, majors, &mut self.majors_text);
            }
            let id = id::derived(
                identity.id,
                &self.plan.group,
                emitted.headers.event_type(),
                self.positions[emit.event],
            );
            self.positions[emit.event] += 1;
            let mut id_text = [0; Hyphenated::LENGTH];
            let id_text = &*id.as_hyphenated().encode_lower(&mut id_text);
            let told = Emit {
                topic: &emitted.topic,
                event_type: emitted.headers.event_type(),
                event_id: id_text,
                contract_version: &emitted.version,
                workflow_id: identity.correlation,
                workflow: identity.workflow.name(),
                causation_id: Some(identity.id),
            };
            if let Some(from) = checked_from {
                let (event_type, expected) = (told.event_type, told.contract_version);
                let kept = Kept { event_type, received: None, expected };
                self.telemetry.kept(&process, &kept, (from, wall));
            }
            let span = self.telemetry.send(&process, seat.handle.as_ref(), &told, wall);
            let mut traceparent = [0; TraceParent::LENGTH];
            let headers = EmitHeaders {
                id: id_text,
                time: self.clock_text.of(now, wall),
                subject: emit.subject.as_ref().map(|range| seat.outbox.bytes(range)),
                correlation: identity.correlation,
                causation: Some(identity.id),
                workflow: if majors.is_empty() { &self.workflow_text } else { &self.majors_text },
                traceparent: span.traceparent().map(|parent| parent.write(&mut traceparent)),
                tracestate,
                retried: retried.as_deref(),
            };
            // A fact in several majors ends its workflow once.
            let ends = emitted.terminal && emit.head == emit.event;
            tells_end |= ends;
            let in_flight = InFlight { ticket, kind: Kind::Emit { event: emit.event, ends }, span };
            let publishing = &mut self.publishing;
            let outcome = with_event_headers(&emitted.headers, &headers, |headers| {
                let record = Outgoing {
                    topic: &emitted.topic,
                    key: Some(seat.outbox.bytes(&emit.key)),
                    value: Some(seat.outbox.bytes(&emit.value)),
                    headers,
                };
                publishing.publish(port, &record, in_flight)
            });
            publishes += 1;
            refused.extend(outcome.err());
        }
        if let Some(handle) = seat.handle.take() {
            handle.end(Ok(()), wall);
        }
        self.telemetry.end(process, Outcome::Done, wall);
        // One that ends its workflow is read once more, when that is told.
        if publishes > 0
            && !tells_end
            && let Some(taken) = self.engine.record_mut(ticket)
        {
            port.shelve(&mut taken.raw);
        }
        self.engine.finished(now, ticket, Finish::Done { publishes });
        if self.publishing.is_blocked() {
            self.engine.block(now);
        }
        for (in_flight, error) in refused.into_iter().map(|refusal| *refusal) {
            self.refused(now, in_flight, &error, port);
        }
        None
    }
}
