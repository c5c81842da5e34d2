//! One step at run time: a record's way from taken to settled, whatever the driver.
//!
//! poll (driver) → [`route`] → decode and [`check_in`] → [`handle`] → [`check_out`] → [`publish`] → acknowledged
//! → commit (driver). What may start, be retried, or be committed is the [`engine`](crate::engine)'s to say; what
//! Kafka or the rehearsal must do about it goes through the driver's [`Port`](port::Port).

mod check_in;
mod check_out;
pub(crate) mod clock_text;
pub(crate) mod current;
mod failure;
mod handle;
pub(crate) mod plan;
pub(crate) mod port;
mod publish;
mod route;
#[cfg(test)]
mod tests;

use std::{hash::BuildHasher, sync::Arc, task::Context};

use choreograph_contracts::Tape;
use uuid::fmt::Hyphenated;

use self::{
    clock_text::ClockText,
    handle::{Ended, Handlers, Seat},
    port::{Delivery, Outgoing, OwnedOutgoing, Port, RawRecord, Tag},
    publish::{InFlight, Kind, Publishing, Told},
    route::{Routed, route},
};
pub(crate) use self::{failure::Failure, plan::Plan};
use crate::{
    engine::{Command, Engine, Finish, Reason, Slot, Ticket, Time},
    envelope::{
        Metadata,
        dead_letter::{self, Verdict},
        head::{Head, Known},
        id,
        metadata::{Identity, StrangerId},
        write::{EmitHeaders, with_event_headers},
    },
    step::StepError,
};

/// A record as the engine keeps it until it is settled.
pub(crate) struct Taken<M> {
    raw: M,
    head: Head,
    routed: Routed,
}

/// One step at run time, driven by a driver.
pub(crate) struct Runner<P: Port> {
    plan: Arc<Plan>,
    engine: Engine<Taken<P::Record>, Failure>,
    stopped: bool,
    handlers: Handlers,
    publishing: Publishing<()>,
    tape: Tape,
    clock_text: ClockText,
    /// How many events of each declared type the present run emitted so far.
    positions: Vec<u32>,
    workflow_text: String,
    lane_hash: rapidhash::fast::RandomState,
}

impl<P: Port> Runner<P> {
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        Self {
            engine: Engine::new(plan.engine.clone()),
            stopped: false,
            handlers: Handlers::new(Arc::clone(&plan)),
            publishing: Publishing::new(),
            tape: Tape::with_max_bytes(plan.max_event_bytes),
            clock_text: ClockText::default(),
            positions: vec![0; plan.emits.len()],
            workflow_text: String::new(),
            lane_hash: rapidhash::fast::RandomState::default(),
            plan,
        }
    }

    /// The step that is run.
    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Whether the driver should read on.
    pub(crate) fn wants_records(&self) -> bool {
        self.engine.wants_records()
    }

    /// When [`turn`](Self::turn) must be called again at the latest.
    pub(crate) fn next_wake(&self) -> Option<Time> {
        [self.engine.next_wake(), self.publishing.next_wake()].into_iter().flatten().min()
    }

    /// Whether acknowledgements are owed, so that the driver should look for delivery reports soon.
    pub(crate) fn awaits_deliveries(&self) -> bool {
        !self.publishing.is_idle()
    }

    /// A partition is ours now; `metadata` is what its last owner committed beside the offset.
    pub(crate) fn assigned(&mut self, now: Time, slot: Slot, committed: Option<i64>, metadata: Option<&str>) {
        self.engine.assigned(now, slot, committed, metadata);
    }

    /// The result of a commit.
    pub(crate) fn committed(&mut self, now: Time, slot: Slot, offset: i64, ok: bool) {
        self.engine.committed(now, slot, offset, ok);
    }

    /// The group wants partitions back; the driver releases them when the port is told to.
    pub(crate) fn revoked(&mut self, now: Time, slots: &[Slot]) {
        self.engine.revoked(now, slots);
    }

    /// Partitions are lost: somebody else has them already.
    pub(crate) fn lost(&mut self, slots: &[Slot]) {
        self.engine.lost(slots);
    }

    /// Ends the step: what runs may end, nothing new starts.
    pub(crate) fn shutdown(&mut self, now: Time) {
        self.engine.shutdown(now);
    }

    /// Whether the step has ended after [`shutdown`](Self::shutdown).
    pub(crate) fn stopped(&self) -> bool {
        self.stopped
    }

    /// Takes one record, and does all that can be done about it at once.
    pub(crate) fn take(&mut self, now: Time, slot: Slot, record: P::Record, port: &mut P) {
        let head = Head::scan(&record);
        let routed = route(&self.plan, &head, &record);
        let offset = record.offset();
        if routed == Routed::Skip {
            self.engine.skip(now, slot, offset);
        } else {
            let lane = record.key().map(|key| self.lane_hash.hash_one(key));
            self.engine.take(now, slot, offset, lane, Taken { raw: record, head, routed });
        }
        self.obey(now, port);
    }

    /// Lets handlers and timers go on. Returns whether anything happened.
    pub(crate) fn turn(&mut self, now: Time, cx: &mut Context<'_>, port: &mut P) -> bool {
        let mut happened = false;
        if self.publishing.is_blocked() {
            for (in_flight, error) in self.publishing.send_waiting(now, port) {
                self.refused(now, in_flight, error, port);
            }
            if !self.publishing.is_blocked() {
                self.engine.unblock(now);
                happened = true;
            }
        }
        while let Some((ticket, ended)) = self.handlers.poll(cx) {
            self.ended(now, ticket, ended, port);
            happened = true;
        }
        self.engine.tick(now);
        self.obey(now, port) || happened
    }

    /// Takes what became of a publish.
    pub(crate) fn delivered(&mut self, now: Time, tag: Tag, delivery: Delivery, port: &mut P) {
        match self.publishing.delivered(now, tag, delivery) {
            Told::Acknowledged { of, .. } => self.engine.acknowledged(now, of.ticket),
            Told::Refused { of, error } => self.refused(now, of, error, port),
            Told::Waits { .. } => self.engine.block(now),
            Told::Unknown => {}
        }
        self.obey(now, port);
    }

    /// Does what the engine decided. Returns whether it decided anything.
    fn obey(&mut self, now: Time, port: &mut P) -> bool {
        let mut any = false;
        while let Some(command) = self.engine.next_command() {
            any = true;
            match command {
                Command::Run { ticket, attempt } => self.run(now, ticket, attempt, port),
                Command::DeadLetter { ticket, reason, failure, attempt } => {
                    self.dead_letter(now, ticket, reason, &failure, attempt, port);
                }
                Command::TimedOut(ticket) => {
                    self.handlers.abort(ticket);
                    self.ended(now, ticket, Ended::TimedOut, port);
                }
                Command::Pause(slot) => port.pause(slot),
                Command::Resume(slot) => port.resume(slot),
                Command::Commit { slot, offset, metadata } => port.commit(slot, offset, metadata),
                Command::Release(slots) => port.release(&slots),
                Command::Stopped => self.stopped = true,
                Command::Retrying { ticket, attempt, due } => {
                    if let Some(taken) = self.engine.record(ticket) {
                        port.retrying(ticket.slot, taken.raw.offset(), attempt, due);
                    }
                }
                Command::Outage(_) => {}
            }
        }
        any
    }

    /// Starts one attempt: check in, decode, handle.
    fn run(&mut self, now: Time, ticket: Ticket, attempt: u32, port: &mut P) {
        let Some(taken) = self.engine.record(ticket) else { return };
        match begin(&self.plan, &mut self.handlers, &mut self.tape, taken, ticket, attempt) {
            Ok(None) => {}
            Ok(Some(ended)) => self.ended(now, ticket, ended, port),
            Err((reason, failure)) => self.engine.finished(now, ticket, Finish::DeadLetter(reason, failure)),
        }
    }

    /// A handler ended: its emits go out, or its failure to the engine.
    fn ended(&mut self, now: Time, ticket: Ticket, ended: Ended, port: &mut P) {
        let finish = match ended {
            Ended::Returned(result, seat) => {
                let finish = match result {
                    Ok(()) => self.emit(now, ticket, &seat, port),
                    Err(error) => Some(failed(&error)),
                };
                self.handlers.give_back(seat);
                finish
            }
            Ended::Panicked(text) => Some(Finish::DeadLetter(Reason::Panic, Failure::new("panic", text))),
            Ended::TimedOut => {
                let limit = self.plan.timeout;
                Some(Finish::Failed(Failure::new("timeout", format!("no end within {limit:?}"))))
            }
        };
        if let Some(finish) = finish {
            self.engine.finished(now, ticket, finish);
        }
    }

    /// Checks all emits of a run, then publishes them in order. `None`: the record is not ours any more.
    fn emit(&mut self, now: Time, ticket: Ticket, seat: &Seat, port: &mut P) -> Option<Finish<Failure>> {
        let taken = self.engine.record(ticket)?;
        if let Err(failure) = check_out::check_out(&self.plan, &mut self.tape, &seat.outbox) {
            return Some(Finish::DeadLetter(Reason::EmitViolation, failure));
        }
        let mut stranger: StrangerId = [0; Hyphenated::LENGTH];
        let identity = identity(&self.plan, taken, &mut stranger);
        self.workflow_text.clear();
        identity.workflow.write_next(None, &mut self.workflow_text);
        self.positions.fill(0);
        let mut publishes = 0;
        let mut refused = Vec::new();
        for emit in seat.outbox.emits() {
            let emitted = &self.plan.emits[emit.event];
            let position = self.positions[emit.event];
            self.positions[emit.event] += 1;
            let headers = EmitHeaders {
                id: id::derived(identity.id, &self.plan.source, &emitted.headers.event_type, position),
                time: self.clock_text.of(now),
                subject: emit.subject.as_ref().map(|range| seat.outbox.bytes(range)),
                correlation: identity.correlation,
                causation: Some(identity.id),
                workflow: &self.workflow_text,
                traceparent: taken.head.text(&taken.raw, Known::TraceParent),
                tracestate: taken.head.text(&taken.raw, Known::TraceState),
            };
            let in_flight = InFlight { ticket, kind: Kind::Emit(emit.event), span: () };
            let publishing = &mut self.publishing;
            let sent =
                with_event_headers(&emitted.headers, &headers, &mut [0; Hyphenated::LENGTH], |headers| {
                    let record = Outgoing {
                        topic: &emitted.topic,
                        key: Some(seat.outbox.bytes(&emit.key)),
                        value: Some(seat.outbox.bytes(&emit.value)),
                        headers,
                    };
                    publishing.publish(port, &record, in_flight)
                });
            publishes += 1;
            refused.extend(sent.err());
        }
        self.engine.finished(now, ticket, Finish::Done { publishes });
        if self.publishing.is_blocked() {
            self.engine.block(now);
        }
        for (in_flight, error) in refused {
            self.refused(now, in_flight, error, port);
        }
        None
    }

    /// Publishes the dead letter of a record.
    fn dead_letter(
        &mut self,
        now: Time,
        ticket: Ticket,
        reason: Reason,
        failure: &Failure,
        attempt: u32,
        port: &mut P,
    ) {
        let Some(taken) = self.engine.record(ticket) else { return };
        let first_failed_at = clock_text::format(self.engine.first_failed_at(ticket).unwrap_or(now));
        let verdict = Verdict {
            reason: reason.as_str(),
            error: &failure.text,
            violations: failure.violations.as_deref(),
            contract: failure.contract.as_deref(),
            service: &self.plan.service,
            step: &self.plan.step,
            group: &self.plan.group,
            attempt,
            failed_at: self.clock_text.of(now),
            first_failed_at: &first_failed_at,
            traceparent: taken.head.text(&taken.raw, Known::TraceParent),
        };
        let letter =
            dead_letter::dead_letter(&self.plan.dead_letter_topic, &taken.head, &taken.raw, &verdict);
        self.send_dead_letter(now, ticket, letter, port);
    }

    fn send_dead_letter(&mut self, now: Time, ticket: Ticket, letter: OwnedOutgoing, port: &mut P) {
        let headers: Vec<_> =
            letter.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let record = Outgoing {
            topic: &letter.topic,
            key: letter.key.as_deref(),
            value: letter.value.as_deref(),
            headers: &headers,
        };
        let in_flight = InFlight { ticket, kind: Kind::DeadLetter(Box::new(letter.clone())), span: () };
        if let Err((in_flight, error)) = self.publishing.publish(port, &record, in_flight) {
            self.refused(now, in_flight, error, port);
        }
        if self.publishing.is_blocked() {
            self.engine.block(now);
        }
    }

    /// A publish was refused for the record's own sake: an emit makes its cause a dead letter, a dead letter goes
    /// without its value.
    fn refused(&mut self, now: Time, in_flight: InFlight<()>, error: String, port: &mut P) {
        match in_flight.kind {
            Kind::Emit(index) => {
                let emitted = &self.plan.emits[index];
                let text = format!(
                    "the broker refuses {} on {}: {error}",
                    emitted.headers.event_type, emitted.topic
                );
                self.engine.refused(now, in_flight.ticket, Failure::new("emit_violation", text));
            }
            Kind::DeadLetter(letter) if !dead_letter::is_without_value(&letter) => {
                self.send_dead_letter(now, in_flight.ticket, dead_letter::without_value(*letter), port);
            }
            Kind::DeadLetter(letter) => {
                // A few kilobytes of headers are refused: the topic's settings are at fault.
                let record = OwnedOutgoing::clone(&letter);
                let in_flight = InFlight { kind: Kind::DeadLetter(letter), ..in_flight };
                self.publishing.wait_for_set_up(now, in_flight, record);
                self.engine.block(now);
            }
        }
    }
}

/// Check in, decode, and the handler's first poll.
fn begin<M: RawRecord>(
    plan: &Plan,
    handlers: &mut Handlers,
    tape: &mut Tape,
    taken: &Taken<M>,
    ticket: Ticket,
    attempt: u32,
) -> Result<Option<Ended>, (Reason, Failure)> {
    let index = match &taken.routed {
        Routed::Handle(index) => *index,
        Routed::Refuse(reason, failure) => return Err((*reason, Failure::clone(failure))),
        // A skipped record is settled when it is taken.
        Routed::Skip => return Ok(None),
    };
    let value = check_in::check_in(&plan.routes[index], tape, &taken.head, &taken.raw)?;
    let mut stranger: StrangerId = [0; Hyphenated::LENGTH];
    let identity = identity(plan, taken, &mut stranger);
    let metadata = Metadata::of(&taken.head, &taken.raw, &identity, attempt);
    handlers
        .start(ticket, index, value, metadata)
        .map_err(|unreadable| (Reason::Unreadable, Failure::new("unreadable", unreadable.to_string())))
}

fn identity<'r, M: RawRecord>(
    plan: &'r Plan,
    taken: &'r Taken<M>,
    stranger: &'r mut StrangerId,
) -> Identity<'r> {
    let starts = match &taken.routed {
        Routed::Handle(index) => plan.routes[*index].starts.as_deref(),
        Routed::Skip | Routed::Refuse(..) => None,
    };
    Identity::of(&taken.head, &taken.raw, starts, stranger)
}

/// What a handler's error means to the engine.
fn failed(error: &StepError) -> Finish<Failure> {
    use crate::step::Failure as Kind;
    let text = error.text();
    match error.failure() {
        Kind::Retry => Finish::Failed(Failure::new("retry", text)),
        Kind::Unavailable => Finish::Unavailable(Failure::new("unavailable", text)),
        Kind::Rejected { code } => {
            Finish::DeadLetter(Reason::Rejected, Failure::new("rejected", format!("{code}: {text}")))
        }
        Kind::Emit(_) => Finish::DeadLetter(Reason::EmitViolation, Failure::new("emit_violation", text)),
    }
}
