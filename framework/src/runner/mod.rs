//! One step at run time: a record's way from taken to settled, whatever the driver.
//!
//! poll (driver) → [`route`] → [`decode`] → [`check_in`], in one pass → [`handle`] → [`check_out`] → [`publish`] → acknowledged
//! → commit (driver). What may start, be retried, or be committed is the [`engine`](crate::engine)'s to say; what
//! Kafka or the rehearsal must do about it goes through the driver's [`Port`](port::Port).

mod check_in;
mod check_out;
pub(crate) mod clock_text;
pub(crate) mod current;
mod decode;
mod emit;
mod failure;
mod handle;
mod letter;
pub(crate) mod panicked;
pub(crate) mod plan;
pub(crate) mod port;
mod publish;
mod route;
mod set_aside;
pub(crate) mod shelf;
mod shift;
mod taken;
#[cfg(test)]
mod tests;
mod woken;
mod workflow_end;

use std::{hash::BuildHasher, sync::Arc, task::Context, time::Duration};

use choreograph_contracts::Tape;
use uuid::fmt::Hyphenated;

use self::{
    clock_text::ClockText,
    decode::{Kept, decode},
    failure::{error_type, failed},
    handle::{Ended, Handlers},
    port::{Delivery, Port, RawRecord, Tag},
    publish::{Kind, Publishing, Told},
    route::{Counts, Routed, route},
    shift::Shift,
    taken::Taken,
};
pub(crate) use self::{failure::Failure, handle::dispose, plan::Plan};
use crate::{
    clock::Wall,
    engine::{Command, CutShort, Engine, Finish, Reason, Slot, Ticket, Time},
    envelope::{Metadata, head::Known},
    ops::{Health, Missing, Outage, StepHealth},
    telemetry::{
        self, SendSpan, StepTelemetry, Telemetry,
        events::{AttemptFailed, DrainCutShort, OutageBegan, OutageEnded, SetUpFound, SetUpMissing},
    },
};

/// One step at run time, driven by a driver.
pub(crate) struct Runner<P: Port> {
    plan: Arc<Plan>,
    engine: Engine<Taken<P::Record>, Failure>,
    stopped: bool,
    /// Partitions whose drain outlasted its deadline since the step was asked to end.
    left_behind: usize,
    handlers: Handlers,
    publishing: Publishing<SendSpan>,
    shift: Shift,
    tape: Tape,
    clock_text: ClockText,
    /// How many events of each declared type the present run emitted so far.
    positions: Vec<u32>,
    workflow_text: String,
    /// The same for a fact that is written in several majors.
    majors_text: String,
    lane_hash: rapidhash::fast::RandomState,
    telemetry: Arc<StepTelemetry>,
    health: Arc<StepHealth>,
    outage_since: Option<Time>,
}

impl<P: Port> Runner<P> {
    /// A runner that tells nobody.
    #[cfg_attr(not(feature = "cost"), expect(dead_code, reason = "tests and measurements need no more"))]
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        let telemetry = Telemetry::quiet().step(&plan.service, &plan.step, &plan.group);
        let health = Health::new().step(plan.source.clone());
        Self::watched(plan, Arc::new(telemetry), health)
    }

    /// A runner that tells `telemetry` and `health` what happens.
    pub(crate) fn watched(plan: Arc<Plan>, telemetry: Arc<StepTelemetry>, health: Arc<StepHealth>) -> Self {
        Self {
            telemetry,
            health,
            outage_since: None,
            engine: Engine::new(plan.engine.clone()),
            stopped: false,
            left_behind: 0,
            handlers: Handlers::new(Arc::clone(&plan)),
            publishing: Publishing::new(),
            shift: Shift::default(),
            tape: Tape::with_max_bytes(plan.max_event_bytes),
            clock_text: ClockText::default(),
            positions: vec![0; plan.emits.len()],
            workflow_text: String::new(),
            majors_text: String::new(),
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

    /// A partition is ours now; `metadata` is what its last owner committed beside the offset.
    pub(crate) fn assigned(&mut self, now: Time, slot: Slot, committed: Option<i64>, metadata: Option<&str>) {
        self.handlers.abort_of(&[slot]);
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
        self.handlers.abort_of(slots);
        self.engine.lost(slots);
    }

    /// Ends the step: what runs may end, nothing new starts.
    pub(crate) fn shutdown(&mut self, now: Time) {
        self.left_behind = 0;
        self.engine.shutdown(now);
    }

    /// Whether the step has ended after [`shutdown`](Self::shutdown).
    pub(crate) fn stopped(&self) -> bool {
        self.stopped
    }

    /// When the first record of a partition was written that is not settled.
    pub(crate) fn oldest(&self, slot: Slot) -> Option<i64> {
        self.engine.oldest(slot)?.raw.timestamp()
    }

    /// Of how many partitions work was left unsettled at the end.
    pub(crate) fn left_behind(&self) -> usize {
        self.left_behind
    }

    /// Takes one record, and does all that can be done about it at once.
    pub(crate) fn take(&mut self, now: Time, slot: Slot, record: P::Record, port: &mut P) {
        let routed = route(&self.plan, record.topic(), record.head());
        let offset = record.offset();
        match routed {
            Routed::Skip => {
                self.telemetry.skipped(record.topic());
                self.engine.skip(now, slot, offset);
            }
            Routed::Twin(counts) => {
                self.telemetry.skipped(record.topic());
                match (counts, self.fact(&record)) {
                    (Counts::Later, Some(fact)) => self.engine.await_twin(now, slot, offset, fact),
                    _ => self.engine.pass(now, slot, offset),
                };
            }
            Routed::Handle(_) | Routed::Refuse(..) => {
                let fact = self.fact(&record);
                let lane = record.key().map(|key| self.lane_hash.hash_one(key));
                let taken = self.engine.take(now, slot, offset, lane, Taken::new(record, routed));
                if let Some(fact) = fact.filter(|_| taken) {
                    self.engine.tie(slot, fact);
                }
            }
        }
        self.obey(now, port);
    }

    /// What the records of a fact have in common that is written in several majors; `None` where it is written in one.
    fn fact(&self, record: &P::Record) -> Option<u64> {
        let head = record.head();
        head.workflow()?.majors().next()?;
        let (name, _) = head.text(Known::Type)?.rsplit_once(".v")?;
        let said = [Known::Source, Known::CorrelationId, Known::CausationId].map(|known| head.text(known));
        Some(self.lane_hash.hash_one((name, record.key(), said)))
    }

    /// Lets handlers and timers go on. Returns whether anything happened, or is left to do at once.
    pub(crate) fn turn(&mut self, now: Time, cx: &mut Context<'_>, port: &mut P) -> bool {
        let mut happened = false;
        self.shift = Shift::begin(now, port.read_wall(now));
        self.publishing.tidy();
        if self.engine.is_blocked() {
            let is_live = |ticket| self.engine.record(ticket).is_some();
            for (in_flight, error) in self.publishing.send_waiting(now, port, is_live) {
                self.refused(now, in_flight, &error, port);
            }
            self.tell_mended();
            if !self.publishing.is_blocked() {
                self.engine.unblock(now);
                happened = true;
            }
        }
        self.handlers.gather(cx);
        while !self.shift.is_over()
            && let Some((ticket, ended)) = self.handlers.poll()
        {
            if let Some(ended) = ended {
                self.ended(now, ticket, ended, port);
                self.shift.look(port.wall(now));
                happened = true;
            } else {
                // One that waits on took its time too.
                self.shift.look(port.read_wall(now));
            }
        }
        self.engine.tick(now);
        self.tell_cut_short();
        self.obey(now, port) || happened || self.shift.is_over()
    }

    /// Takes what became of a publish.
    pub(crate) fn delivered(&mut self, now: Time, tag: Tag, delivery: Delivery, port: &mut P) {
        match self.publishing.delivered(now, tag, delivery) {
            Told::Acknowledged { mut of, partition, offset } => {
                self.tell_end(now, &mut of, port);
                self.telemetry.delivered(of.span, Ok((partition, offset)), port.wall(now));
                if let Kind::DeadLetter(letter) = &of.kind {
                    letter.log(&self.plan.source);
                }
                self.engine.acknowledged(now, of.ticket);
            }
            Told::Refused { of, error } => self.refused(now, of, &error, port),
            Told::Waits { fault } => {
                if let Some((topic, error)) = fault {
                    self.set_up_missing(topic, error);
                }
                self.engine.block(now);
            }
            Told::Unknown => {}
        }
        self.obey(now, port);
    }

    /// Does what the engine decided, until the shift is over: the rest is done in the next. Returns whether anything was.
    fn obey(&mut self, now: Time, port: &mut P) -> bool {
        let mut any = false;
        if !self.shift.is_at(now) {
            self.shift = Shift::begin(now, port.read_wall(now));
        }
        while !self.shift.is_over()
            && let Some(command) = self.engine.next_command()
        {
            any = true;
            match command {
                Command::Run { ticket, attempt } => self.run(now, ticket, attempt, port),
                Command::DeadLetter { ticket, reason, failure, attempt } => {
                    if let Some(taken) = self.engine.record_mut(ticket) {
                        taken.raw.take_back();
                    }
                    self.dead_letter(now, ticket, reason, &failure, attempt, port);
                }
                // One that ended since is told already, and its record may have been started anew.
                Command::TimedOut(ticket) => {
                    if let Some(ended) = self.handlers.time_out(ticket) {
                        self.ended(now, ticket, ended, port);
                    }
                }
                Command::Pause(slot) => port.pause(slot),
                Command::Resume(slot) => port.resume(slot),
                Command::Commit { slot, offset, metadata } => port.commit(slot, offset, metadata),
                Command::Release(slots) => {
                    self.handlers.abort_of(&slots);
                    port.release(&slots);
                }
                Command::Stopped => self.stopped = true,
                Command::Retrying { ticket, attempt, due, failure } => {
                    self.retrying(now, ticket, (attempt, due), &failure, port);
                }
                Command::Outage(failure) => self.outage(now, failure, port),
            }
        }
        any
    }

    /// Starts one attempt: decode and check in, handle.
    fn run(&mut self, now: Time, ticket: Ticket, attempt: u32, port: &mut P) {
        let Some(taken) = self.engine.record(ticket) else { return };
        let wall = port.wall(now);
        self.shift.look(wall);
        let parts = Parts { plan: &self.plan, telemetry: &self.telemetry, wall };
        let clock = || port.read_wall(now);
        // Whatever it came to took its time: the clock is read anew, as it is where a run ends.
        match parts.begin(&mut self.handlers, &mut self.tape, (taken, ticket, attempt), clock) {
            Ok(None) => drop(port.read_wall(now)),
            Ok(Some(ended)) => self.ended(now, ticket, ended, port),
            Err((reason, failure)) => {
                port.read_wall(now);
                self.engine.finished(now, ticket, Finish::DeadLetter(reason, failure));
            }
        }
    }

    /// A handler ended: its emits go out, or its failure to the engine.
    fn ended(&mut self, now: Time, ticket: Ticket, ended: Ended, port: &mut P) {
        let finish = match ended {
            Ended::Returned(Ok(()), mut seat) => {
                let finish = self.emit(now, ticket, &mut seat, port);
                self.handlers.give_back(seat);
                finish
            }
            Ended::Returned(Err(error), mut seat) => {
                let wall = port.read_wall(now);
                if let Some(handle) = seat.handle.take() {
                    let failure =
                        telemetry::Failure { error_type: error_type(&error), text: Some(error.text()) };
                    handle.end(Err(failure), wall);
                }
                self.handlers.give_back(seat);
                Some(failed(&error))
            }
            Ended::Panicked(text, handle) => {
                let wall = port.read_wall(now);
                if let Some(handle) = handle {
                    handle.end(Err(telemetry::Failure { error_type: "panic", text: None }), wall);
                }
                Some(Finish::DeadLetter(Reason::Panic, Failure::new("panic", text)))
            }
            Ended::TimedOut(handle) => {
                if let Some(handle) = handle {
                    let failure = telemetry::Failure { error_type: "timeout", text: None };
                    handle.end(Err(failure), port.read_wall(now));
                }
                let limit = self.plan.timeout;
                Some(Finish::Failed(Failure::new("timeout", format!("no end within {limit:?}"))))
            }
        };
        if let Some(finish) = finish {
            self.engine.finished(now, ticket, finish);
        }
    }

    /// An attempt failed, and the next one, `attempt`, is due then.
    fn retrying(
        &mut self,
        now: Time,
        ticket: Ticket,
        (attempt, due): (u32, Time),
        failure: &Failure,
        port: &mut P,
    ) {
        let Some(taken) = self.engine.record(ticket) else { return };
        port.retrying(ticket.slot, taken.raw.offset(), attempt, due);
        let delay = Duration::from_millis(due.0.saturating_sub(now.0));
        let mut stranger = [0; Hyphenated::LENGTH];
        let identity = taken.identity(&self.plan, &mut stranger);
        let record = taken.ids(&self.plan, &identity);
        AttemptFailed { record, attempt: attempt.saturating_sub(1), delay, error: &failure.text }.emit();
        if let Some(process) = taken.process.borrow().as_ref() {
            self.telemetry.retry(process, attempt, delay, failure.error_type, port.wall(now));
        }
    }

    /// An outage began with this failure, or ended.
    fn outage(&mut self, now: Time, failure: Option<Failure>, port: &mut P) {
        let step = &self.plan.source;
        if let Some(failure) = failure {
            let why = failure.text.clone();
            self.outage_since = Some(now);
            OutageBegan { step, why: &why }.emit();
            let since = port.wall(now).into();
            self.health.update(|state| state.outage = Some(Outage { since, why }));
        } else {
            let since = self.outage_since.take().unwrap_or(now);
            OutageEnded { step, after: Duration::from_millis(now.0.saturating_sub(since.0)) }.emit();
            self.health.update(|state| state.outage = None);
        }
    }

    /// Says what drains left behind.
    fn tell_cut_short(&mut self) {
        let CutShort { partitions, records } = self.engine.take_cut_short();
        if partitions > 0 {
            let (step, deadline) = (&*self.plan.source, self.plan.drain_deadline);
            DrainCutShort { step, deadline, partitions, records }.emit();
            self.left_behind += partitions;
        }
    }

    fn set_up_missing(&self, topic: String, what: String) {
        let step = &self.plan.source;
        self.health.update(|state| {
            if !state.missing.iter().any(|known| known.topic == topic) {
                SetUpMissing { step, topic: &topic, what: &what }.emit();
                state.missing.push(Missing { topic, what });
            }
        });
    }

    /// Says which topics and rights were missing and are there now.
    fn tell_mended(&self) {
        let step = &self.plan.source;
        self.health.update(|state| {
            let any = !state.missing.is_empty();
            state.missing.retain(|known| self.publishing.is_at_fault(&known.topic));
            if any && state.missing.is_empty() {
                SetUpFound { step }.emit();
            }
        });
    }
}

/// What beginning an attempt needs of the runner while the record is borrowed from the engine.
struct Parts<'r> {
    plan: &'r Plan,
    telemetry: &'r StepTelemetry,
    wall: Wall,
}

impl Parts<'_> {
    /// Decode and check in, and the handler's first poll. `None`: it waits.
    fn begin<M: RawRecord>(
        &self,
        handlers: &mut Handlers,
        tape: &mut Tape,
        (taken, ticket, attempt): (&Taken<M>, Ticket, u32),
        clock: impl FnOnce() -> Wall,
    ) -> Result<Option<Ended>, (Reason, Failure)> {
        let index = match &taken.routed {
            Routed::Handle(index) => *index,
            Routed::Refuse(reason, failure) => return Err((*reason, Failure::clone(failure))),
            // These are never handed over to be run.
            Routed::Skip | Routed::Twin(_) => return Ok(None),
        };
        let route = (index, &self.plan.routes[index]);
        let read = decode(route, tape, &taken.raw, handlers);
        if !matches!(read, Ok(Ok(_))) {
            taken.tell_panic(self.plan);
        }
        let read = read?;
        let checked_at = self.telemetry.is_detailed().then(clock);
        let mut stranger = [0; Hyphenated::LENGTH];
        let identity = taken.identity(self.plan, &mut stranger);
        let traceparent = taken.traceparent();
        let parent = self.telemetry.trace_context(traceparent);
        let incoming = taken.incoming(self.plan, &identity, parent, attempt);
        let mut process = taken.process.borrow_mut();
        let process = process.get_or_insert_with(|| {
            let process = self.telemetry.process(&incoming, self.wall);
            if !taken.head().has(Known::CorrelationId) {
                self.telemetry.started(&process, &incoming);
            }
            self.telemetry.looked(traceparent, parent, taken.has_malformed_workflow());
            process
        });
        let handle = self.telemetry.handle(process, &incoming, attempt, self.wall);
        if let Some(checked_at) = checked_at {
            let (event_type, expected) = (incoming.event_type, &*route.1.version);
            let kept = telemetry::Kept { event_type, received: incoming.data_schema, expected };
            self.telemetry.kept(process, &kept, (self.wall, checked_at));
        }
        let metadata = Metadata::of(&taken.raw, &identity, attempt);
        match read {
            Ok(seat) => Ok(handlers.start(ticket, seat, metadata, handle)),
            Err(Kept::Panicked(text)) => Ok(Some(Ended::Panicked(text, Some(Box::new(handle))))),
            Err(Kept::Unreadable(unreadable)) => {
                handle.end(Err(telemetry::Failure { error_type: "unreadable", text: None }), self.wall);
                Err((Reason::Unreadable, Failure::new("unreadable", unreadable.to_string())))
            }
        }
    }
}
