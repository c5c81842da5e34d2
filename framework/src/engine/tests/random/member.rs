//! One member of the group: an engine, the driver around it, and what the world knows about both.

mod leaving;
mod standing;

use rapidhash::RapidHashMap;

use super::{
    facts::{Majors, Role},
    holding::Holding,
    invariant::{Broken, Invariant, Verdict, hold},
    outage::OutageModel,
    surroundings::{Event, Surroundings},
};
use crate::engine::{Command, Engine, Finish, Reason, Settings, Slot, Ticket, Time};

/// A record: partition and index in its log.
pub(super) type Place = (usize, usize);

/// A record that was started and is not settled.
#[derive(Debug)]
struct Flight {
    place: Place,
    key: Option<u64>,
    started: Time,
    attempt: u32,
    running: bool,
    handed_over: bool,
    /// Publishes without an answer.
    missing: u32,
    /// The dead letter that the engine has to ask for now.
    owed: Option<Reason>,
    /// A dead letter was asked for.
    dead: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: usize,
    pub(super) engine: Engine<Place, u64>,
    /// The majors that this version of the step reads.
    read: Majors,
    settings: Settings,
    /// No handler ends while commands wait to be heard.
    hears_at_once: bool,
    /// By partition.
    pub(super) holdings: Vec<Option<Holding>>,
    flights: RapidHashMap<Ticket, Flight>,
    outage: OutageModel,
    pub(super) blocked: bool,
    /// Revokes that wait for their release.
    revokes: Vec<Vec<Slot>>,
    /// When a shutdown has to be over.
    pub(super) stops_by: Option<Time>,
    pub(super) gone: bool,
    /// Partitions that were given up since the world looked.
    pub(super) released: Vec<usize>,
    /// Since when the engine wants nothing.
    silent_since: Option<Time>,
}

impl Member {
    pub(super) fn new(name: usize, around: &mut Surroundings) -> Self {
        let settings = Settings {
            seed: around.scenario.settings.seed.wrapping_add(name as u64),
            ..around.scenario.settings.clone()
        };
        Self {
            name,
            engine: Engine::new(settings.clone()),
            read: Majors::of_one(&mut around.dice, &around.scenario.versions.read),
            hears_at_once: !around.scenario.inline && settings.attempt_timeout.is_none(),
            settings,
            holdings: (0..around.logs.len()).map(|_| None).collect(),
            flights: RapidHashMap::default(),
            outage: OutageModel::default(),
            blocked: false,
            revokes: Vec::new(),
            stops_by: None,
            gone: false,
            released: Vec::new(),
            silent_since: None,
        }
    }

    pub(super) fn assign(&mut self, around: &mut Surroundings, partition: usize) -> Verdict {
        let id = around.number();
        let log = &around.logs[partition];
        let (committed, text) = log.committed.clone().unzip();
        let mut text = text.flatten();
        let readable = !around.dice.chance(20);
        if !readable {
            text = Some("{\"somebody\":\"else's\"}".to_owned());
        }
        self.holdings[partition] = Some(Holding::new(id, &around.logs[partition], readable));
        self.engine.assigned(around.now, Slot(partition as u32), committed, text.as_deref());
        self.obey(around)
    }

    /// Reads up to `most` records, as long as the engine wants any. Answers whether there was one.
    pub(super) fn poll(&mut self, around: &mut Surroundings, most: u64) -> Result<bool, Broken> {
        for read in 0..most {
            let readable: Vec<usize> = (0..self.holdings.len())
                .filter(|&partition| {
                    self.holdings[partition].as_ref().is_some_and(|holding| {
                        !holding.paused && holding.next < around.logs[partition].records.len()
                    })
                })
                .collect();
            if readable.is_empty() || !self.engine.wants_records() {
                return Ok(read > 0);
            }
            let partition = around.dice.one_of(&readable);
            self.take(around, partition)?;
        }
        Ok(true)
    }

    fn take(&mut self, around: &mut Surroundings, partition: usize) -> Verdict {
        self.silent_since = None;
        let waiting: usize = self.holdings.iter().flatten().map(|holding| holding.waiting).sum();
        let Some(holding) = &mut self.holdings[partition] else { return Ok(()) };
        let slot = Slot(partition as u32);
        let index = holding.next;
        let log = &around.logs[partition];
        let record = &log.records[index];
        let role = record.twin.map_or(Role::Handled, |twin| log.facts.role(twin, self.read));
        if holding.draining.is_some() {
            let taken = self.engine.take(around.now, slot, record.offset, record.key, (partition, index));
            return hold(!taken, Invariant::Drain, || {
                "a record is taken while its partition is given up".to_owned()
            });
        }
        let (waits, distance) = (holding.waiting, holding.distance());
        let room = waits < self.settings.waiting_bound && distance < self.settings.distance_bound;
        hold(room, Invariant::Bounds, || format!("one more is taken: {waits} wait, distance {distance}"))?;
        hold(!self.blocked, Invariant::Bounds, || "a record is taken while blocked".to_owned())?;
        let probes = self.outage.since.is_none() || (waiting == 0 && around.now >= self.outage.probe_at);
        hold(probes, Invariant::Outage, || "a record is taken in an outage".to_owned())?;

        holding.next += 1;
        let skipped = record.routed;
        if skipped || holding.is_inherited(index) {
            holding.settles(index);
        } else if role != Role::Handled {
            holding.leaves_out(index);
        } else {
            let latest = around.now.after(self.settings.retry.cap);
            holding.takes(index, record.key, self.settings.retry.attempts, latest);
        }
        let (now, offset) = (around.now, record.offset);
        let fact = record.twin.map(|twin| twin.fact as u64);
        let taken = match (role, fact) {
            _ if skipped => self.engine.skip(now, slot, offset),
            (Role::Counted, _) => self.engine.pass(now, slot, offset),
            (Role::Awaited, Some(fact)) => self.engine.await_twin(now, slot, offset, fact),
            _ => self.engine.take(now, slot, offset, record.key, (partition, index)),
        };
        if let Some(fact) = fact.filter(|_| role == Role::Handled) {
            self.engine.tie(slot, fact);
        }
        hold(taken, Invariant::Liveness, || format!("record {index} is refused"))?;
        self.obey(around)
    }

    /// Does what the engine says.
    pub(super) fn obey(&mut self, around: &mut Surroundings) -> Verdict {
        while let Some(command) = self.engine.next_command() {
            around.tell(|| format!("member {} hears {command:?}", self.name));
            match command {
                Command::Run { ticket, attempt } => self.run(around, ticket, attempt)?,
                Command::DeadLetter { ticket, reason, attempt, .. } => {
                    self.bury(around, ticket, reason, attempt)?;
                }
                Command::TimedOut(ticket) => self.cut_off(around, ticket)?,
                Command::Retrying { ticket, attempt, due, .. } => self.waits(around, ticket, attempt, due)?,
                Command::Pause(slot) => self.pauses(slot, true)?,
                Command::Resume(slot) => self.pauses(slot, false)?,
                Command::Commit { slot, offset, metadata } => self.commits(around, slot, offset, metadata)?,
                Command::Release(slots) => self.releases(around, &slots)?,
                Command::Outage(why) => {
                    let on = why.is_some();
                    let again = std::mem::replace(&mut self.outage.told, on) == on;
                    hold(!again, Invariant::Outage, || format!("said {on} again"))?;
                }
                Command::Stopped => self.stops(around)?,
            }
        }
        for flight in self.flights.values() {
            hold(flight.owed.is_none(), Invariant::DeadLetters, || {
                format!("no dead letter follows for {flight:?}")
            })?;
        }
        Ok(())
    }

    fn run(&mut self, around: &mut Surroundings, ticket: Ticket, attempt: u32) -> Verdict {
        let now = around.now;
        let Some(&(partition, index)) = self.engine.record(ticket) else {
            return hold(false, Invariant::Ownership, || format!("{ticket:?} runs without a record"));
        };
        let log = &around.logs[partition];
        let record = &log.records[index];
        let role = record.twin.map(|twin| log.facts.role(twin, self.read));
        hold(role.is_none_or(|role| role == Role::Handled), Invariant::Facts, || {
            format!("record {index} is handled, and its fact counts in another major")
        })?;
        let key = record.key;
        let owned = self.holdings.get_mut(ticket.slot.index()).and_then(Option::as_mut);
        let Some(holding) = owned else {
            return hold(false, Invariant::Ownership, || format!("{ticket:?} runs and is not ours"));
        };
        hold(holding.draining.is_none(), Invariant::Drain, || format!("{ticket:?} starts while given up"))?;
        hold(!self.blocked, Invariant::Bounds, || "a record starts while blocked".to_owned())?;
        holding.starts(now, index, key, attempt)?;
        self.outage.starts(now, ticket)?;
        let most = self.settings.retry.attempts;
        hold(attempt <= most, Invariant::Attempts, || format!("attempt {attempt} of {most}"))?;
        self.flights.insert(
            ticket,
            Flight {
                place: (partition, index),
                key,
                started: now,
                attempt,
                running: true,
                handed_over: false,
                missing: 0,
                owed: None,
                dead: false,
            },
        );
        self.passes(now, partition)?;
        let running: usize = self.holdings.iter().flatten().map(|holding| holding.running.len()).sum();
        hold(running <= self.settings.concurrency, Invariant::Bounds, || format!("{running} handlers"))?;

        let hangs = around.scenario.hangs;
        let scenario = &around.scenario;
        let wait =
            if around.dice.chance(scenario.immediate) { 0 } else { around.dice.between(0, scenario.slowest) };
        let wait = if around.is_calm() { wait.min(20) } else { wait };
        let wait = if around.goes_wrong(hangs) { around.until_calm() } else { wait };
        if wait == 0 && around.scenario.inline {
            return self.finish(around, ticket);
        }
        around.later(wait, Event::Ends { member: self.name, ticket });
        Ok(())
    }

    /// Partition `served` was served: the others count how often that happened while they were ready.
    fn passes(&mut self, now: Time, served: usize) -> Verdict {
        // What was decided before the record became ready is heard after it.
        let decided = if self.hears_at_once { 0 } else { self.settings.concurrency };
        let most = self.holdings.len() + decided;
        for (partition, holding) in self.holdings.iter_mut().enumerate() {
            let Some(holding) = holding else { continue };
            let waits = partition != served
                && holding.draining.is_none()
                && holding.running.is_empty()
                && holding.is_ready(now);
            holding.passed = if waits { holding.passed + 1 } else { 0 };
            hold(holding.passed <= most, Invariant::Fairness, || {
                format!("partition {partition} was passed over {} times", holding.passed)
            })?;
        }
        Ok(())
    }

    /// A handler ends, however it does.
    pub(super) fn finish(&mut self, around: &mut Surroundings, ticket: Ticket) -> Verdict {
        let finish = Self::outcome(around);
        if !self.flights.get(&ticket).is_some_and(|flight| flight.running) {
            // Late news of a former assignment, or of an attempt that was cut off.
            if !self.flights.contains_key(&ticket) && around.dice.chance(500) {
                self.engine.finished(around.now, ticket, finish);
            }
            return Ok(());
        }
        self.ends(around, ticket, finish)
    }

    fn outcome(around: &mut Surroundings) -> Finish<u64> {
        let publishes = Finish::Done { publishes: around.dice.one_of(&[0, 1, 1, 3]) };
        if around.is_calm() {
            return publishes;
        }
        if around.scenario.is_away(around.elapsed()) {
            return if around.dice.chance(500) { Finish::Unavailable(0) } else { Finish::Failed(0) };
        }
        let (fails, rejects, away) =
            (around.scenario.fails, around.scenario.rejects, around.scenario.unavailable);
        if around.dice.chance(fails) {
            Finish::Failed(1)
        } else if around.dice.chance(rejects) {
            Finish::DeadLetter(around.dice.one_of(&[Reason::Rejected, Reason::Panic, Reason::Undecodable]), 2)
        } else if around.dice.chance(away) {
            Finish::Unavailable(3)
        } else {
            publishes
        }
    }

    fn ends(&mut self, around: &mut Surroundings, ticket: Ticket, finish: Finish<u64>) -> Verdict {
        let Some(flight) = self.flights.get_mut(&ticket) else { return Ok(()) };
        let (partition, index) = flight.place;
        let Some(holding) = &mut self.holdings[partition] else { return Ok(()) };
        flight.running = false;
        holding.running.remove(&index);
        match finish {
            Finish::Done { publishes } => {
                self.outage.succeeds();
                flight.handed_over = true;
                flight.missing += publishes;
                holding.publishing += 1;
                holding.hands_over(index, flight.key);
                for _ in 0..publishes {
                    let wait = around.dice.between(0, around.scenario.slowest_ack);
                    around.later(wait, Event::Answer { member: self.name, ticket, letter: false });
                }
            }
            Finish::DeadLetter(reason, _) => {
                self.outage.sets_aside(ticket);
                flight.owed = Some(reason);
            }
            Finish::Failed(_) | Finish::Unavailable(_) => {
                let said = matches!(finish, Finish::Unavailable(_));
                let counts = self.outage.fails(around.now, ticket, flight.key, said, &self.settings);
                let spent = flight.attempt - u32::from(!counts);
                holding.spent.insert(index, spent);
                holding.due.remove(&index);
                if spent == self.settings.retry.attempts {
                    flight.owed = Some(Reason::RetriesExhausted);
                } else {
                    holding.waiting += usize::from(holding.draining.is_none());
                    self.flights.remove(&ticket);
                }
            }
        }
        self.settles(around, ticket);
        around.tell(|| format!("member {} ends {ticket:?} {finish:?}", self.name));
        self.engine.finished(around.now, ticket, finish);
        self.obey(around)
    }

    /// The broker answers a publish.
    pub(super) fn answer(&mut self, around: &mut Surroundings, ticket: Ticket, letter: bool) -> Verdict {
        let refusals = around.scenario.refusals;
        let refused = !letter && around.goes_wrong(refusals);
        match self.flights.get_mut(&ticket) {
            Some(flight) => {
                flight.missing -= 1;
                if refused && !flight.dead {
                    flight.owed = Some(Reason::EmitViolation);
                }
            }
            None if around.dice.chance(500) => return Ok(()),
            None => {}
        }
        self.settles(around, ticket);
        if refused {
            self.engine.refused(around.now, ticket, 9);
        } else {
            self.engine.acknowledged(around.now, ticket);
        }
        self.obey(around)
    }

    /// Notes that a record is settled, once nothing of it is missing.
    fn settles(&mut self, around: &mut Surroundings, ticket: Ticket) {
        let Some(flight) = self.flights.get(&ticket) else { return };
        if flight.handed_over && flight.missing == 0 && flight.owed.is_none() {
            let (partition, index) = flight.place;
            if let Some(holding) = &mut self.holdings[partition] {
                holding.publishing -= 1;
                holding.settles(index);
                around.logs[partition].handles(index);
            }
            self.flights.remove(&ticket);
        }
    }

    fn bury(&mut self, around: &mut Surroundings, ticket: Ticket, reason: Reason, attempt: u32) -> Verdict {
        let Some(flight) = self.flights.get_mut(&ticket) else {
            return hold(false, Invariant::DeadLetters, || format!("a dead letter {reason} of {ticket:?}"));
        };
        let owed = flight.owed.take();
        hold(owed == Some(reason) && !flight.dead, Invariant::DeadLetters, || {
            format!("a dead letter {reason}, owed {owed:?}, dead before: {}", flight.dead)
        })?;
        hold(attempt == flight.attempt, Invariant::Attempts, || {
            format!("the dead letter says attempt {attempt}, it was {}", flight.attempt)
        })?;
        let (partition, index) = flight.place;
        if let Some(holding) = &mut self.holdings[partition] {
            holding.publishing += usize::from(!flight.handed_over);
            holding.hands_over(index, flight.key);
        }
        flight.dead = true;
        flight.handed_over = true;
        flight.missing += 1;
        let wait = around.dice.between(0, around.scenario.slowest_ack);
        around.later(wait, Event::Answer { member: self.name, ticket, letter: true });
        Ok(())
    }

    fn cut_off(&mut self, around: &mut Surroundings, ticket: Ticket) -> Verdict {
        let ends = self.flights.get(&ticket).filter(|flight| flight.running).map(|flight| flight.started);
        let over =
            ends.zip(self.settings.attempt_timeout).is_some_and(|(at, limit)| at.after(limit) == around.now);
        hold(over, Invariant::Timeouts, || {
            format!("{ticket:?}, started {ends:?}, is cut off at {:?}", around.now)
        })?;
        self.ends(around, ticket, Finish::Failed(7))
    }

    fn waits(&mut self, around: &Surroundings, ticket: Ticket, attempt: u32, due: Time) -> Verdict {
        let Some(&(partition, index)) = self.engine.record(ticket) else {
            // Left to the next owner.
            return Ok(());
        };
        let Some(holding) = &mut self.holdings[partition] else { return Ok(()) };
        let spent = holding.spent.get(&index).copied().unwrap_or(0);
        hold(attempt == spent + 1, Invariant::Attempts, || format!("attempt {attempt} comes after {spent}"))?;
        let latest = around.now.after(self.settings.retry.longest(spent));
        hold(due >= around.now && due <= latest, Invariant::BackOff, || {
            format!("due {due:?}, at most {latest:?}")
        })?;
        holding.due.insert(index, due);
        Ok(())
    }

    fn pauses(&mut self, slot: Slot, on: bool) -> Verdict {
        let Some(holding) = &mut self.holdings[slot.index()] else {
            return hold(false, Invariant::Ownership, || format!("{slot:?} is paused and not ours"));
        };
        let before = std::mem::replace(&mut holding.paused, on);
        hold(before != on, Invariant::Status, || format!("{slot:?} paused: {on} again"))
    }

    fn commits(
        &mut self,
        around: &mut Surroundings,
        slot: Slot,
        offset: i64,
        metadata: Option<String>,
    ) -> Verdict {
        let partition = slot.index();
        let Some(holding) = &mut self.holdings[partition] else {
            return hold(false, Invariant::Ownership, || format!("{slot:?} is committed and not ours"));
        };
        let log = &around.logs[partition];
        holding.commits(log, offset, metadata.as_deref(), self.hears_at_once)?;
        let lost = log.lost_by(&around.scenario.versions, offset, metadata.as_deref());
        hold(lost.is_none(), Invariant::Facts, || {
            format!("a commit of {offset} loses fact {lost:?} of {slot:?}: {metadata:?}")
        })?;
        let holding = holding.id;
        let wait = around.dice.between(0, 300);
        around.later(wait, Event::Result { member: self.name, partition, holding, offset, metadata });
        Ok(())
    }

    /// The broker answers a commit, unless the partition has another owner.
    pub(super) fn result(
        &mut self,
        around: &mut Surroundings,
        partition: usize,
        id: u64,
        offset: i64,
        metadata: Option<String>,
    ) -> Verdict {
        let failed_commits = around.scenario.failed_commits;
        let mut ok = !around.goes_wrong(failed_commits);
        if let Some(holding) = self.holdings[partition].as_mut().filter(|holding| holding.id == id) {
            holding.commits -= 1;
            if ok {
                around.logs[partition].committed = Some((offset, metadata));
                // The broker may have it although its answer is lost.
                ok = !around.goes_wrong(failed_commits / 2);
            }
            if ok {
                holding.covered = holding.covered.max(around.logs[partition].index_of(offset));
            }
        } else if self.holdings[partition].as_ref().is_none_or(|holding| holding.last_commit != offset) {
            // Late news of a former assignment. A client tells no more of a commit than its offset.
            ok = false;
        } else {
            return Ok(());
        }
        self.engine.committed(around.now, Slot(partition as u32), offset, ok);
        self.obey(around)
    }
}
