//! The rehearsal's side of the contract with the runner: publishes, commits and pauses wait here until the
//! schedule turns to them.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{
    clock::BEGINNING,
    cluster::Shared,
    fault::Fault,
    journal::Happening,
    log::Committed,
    record::{Body, LogRecord},
    retrying::Retrying,
};
use crate::{
    engine::{Slot, Time},
    runner::port::{Delivery, Outgoing, Port, PublishError, RawRecord, Tag},
};

/// The largest record that is taken, key, value and headers together: librdkafka's default for
/// `message.max.bytes`.
pub(crate) const MAX_RECORD_BYTES: usize = 1_000_000;
/// The most records one producer holds unacknowledged: librdkafka's default for
/// `queue.buffering.max.messages`.
const MAX_IN_FLIGHT: usize = 100_000;

/// One partition as a step reads it.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) topic: Arc<str>,
    pub(crate) partition: i32,
    /// The next record to hand out.
    pub(crate) next: i64,
    pub(crate) state: ReadingState,
    pub(crate) paused: bool,
}

/// Whose the partition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadingState {
    /// Nobody's yet, or given back: it is assigned next.
    Free,
    Assigned,
    /// Taken away, not yet given back.
    Revoking,
}

/// A publish that the log does not have yet.
#[derive(Debug)]
struct InFlight {
    tag: Tag,
    body: Body,
    /// How the broker will refuse it.
    refusal: Option<Fault>,
}

/// The unwritten publishes to one partition: written in their order.
#[derive(Debug)]
struct Lane {
    topic: Arc<str>,
    partition: i32,
    waiting: VecDeque<InFlight>,
}

/// A commit that the broker does not have yet.
#[derive(Debug)]
struct Commit {
    slot: Slot,
    committed: Committed,
    fails: bool,
}

/// One step's connection to the broker in memory.
#[derive(Debug)]
pub(crate) struct MemoryPort {
    cluster: Shared,
    /// The step's group, which is also its name in the journal.
    group: Arc<str>,
    readings: Vec<Reading>,
    lanes: Vec<Lane>,
    /// How many publishes all lanes hold.
    in_flight: usize,
    deliveries: VecDeque<(Tag, Delivery)>,
    commits: VecDeque<Commit>,
    /// Topics that refused a record for the set-up's sake, and the step has not heard of it: until then they take none of its.
    refusing: Vec<(Arc<str>, Fault)>,
    /// Whether the producer met a fatal error and has to be replaced.
    producer_dead: bool,
}

impl MemoryPort {
    pub(crate) fn new(cluster: Shared, group: Arc<str>) -> Self {
        Self {
            cluster,
            group,
            readings: Vec::new(),
            lanes: Vec::new(),
            in_flight: 0,
            deliveries: VecDeque::new(),
            commits: VecDeque::new(),
            refusing: Vec::new(),
            producer_dead: false,
        }
    }

    pub(crate) fn readings(&self) -> &[Reading] {
        &self.readings
    }

    pub(crate) fn reading(&mut self, slot: Slot) -> Option<&mut Reading> {
        self.readings.get_mut(slot.0 as usize)
    }

    /// Reads one more partition, once it is assigned.
    pub(crate) fn read(&mut self, topic: Arc<str>, partition: i32) {
        let reading = Reading { topic, partition, next: 0, state: ReadingState::Free, paused: false };
        self.readings.push(reading);
    }

    /// Which lanes have a record to write, by number.
    pub(crate) fn writable(&self) -> impl Iterator<Item = usize> {
        self.lanes.iter().enumerate().filter(|(_, lane)| !lane.waiting.is_empty()).map(|(number, _)| number)
    }

    /// Writes the first record of a lane to the log; its acknowledgement waits.
    pub(crate) fn write(&mut self, lane: usize) {
        let Some(lane) = self.lanes.get_mut(lane) else { return };
        let Some(InFlight { tag, body, refusal }) = lane.waiting.pop_front() else { return };
        self.in_flight -= 1;
        let set_up = |error: &str, body: &Body| Delivery::Setup {
            topic: (&*lane.topic).into(),
            error: error.into(),
            record: Box::new(body.to_outgoing(&lane.topic)),
        };
        let delivery = match refusal {
            Some(Fault::TooLarge) => Delivery::Refused { error: "MSG_SIZE_TOO_LARGE".to_owned() },
            Some(Fault::NoTopic) => set_up("UNKNOWN_TOPIC_OR_PART", &body),
            Some(Fault::NoRight) => set_up("TOPIC_AUTHORIZATION_FAILED", &body),
            Some(Fault::QueueFull | Fault::Fatal) | None => {
                match self.cluster.borrow_mut().write(&self.group, &lane.topic, lane.partition, body) {
                    Some(record) => {
                        Delivery::Acknowledged { partition: record.partition(), offset: record.offset() }
                    }
                    None => Delivery::Refused { error: "UNKNOWN_PARTITION".to_owned() },
                }
            }
        };
        let (topic, refused) = (Arc::clone(&lane.topic), matches!(delivery, Delivery::Setup { .. }));
        self.deliveries.push_back((tag, delivery));
        if let Some(fault) = refusal.filter(|_| refused) {
            self.refuse(topic, fault);
        }
    }

    /// A topic that is not there, or may not be written to, takes nothing else of what is under way to it.
    fn refuse(&mut self, topic: Arc<str>, fault: Fault) {
        let lanes = self.lanes.iter_mut().filter(|lane| lane.topic == topic);
        for waiting in lanes.flat_map(|lane| &mut lane.waiting) {
            waiting.refusal.get_or_insert(fault);
        }
        if !self.refusing.iter().any(|(known, _)| *known == topic) {
            self.refusing.push((topic, fault));
        }
    }

    pub(crate) fn has_delivery(&self) -> bool {
        !self.deliveries.is_empty()
    }

    /// What became of the oldest publish whose fate is known.
    pub(crate) fn next_delivery(&mut self) -> Option<(Tag, Delivery)> {
        let delivery = self.deliveries.pop_front()?;
        if let (_, Delivery::Setup { topic, .. }) = &delivery {
            // From here on the step holds back what it has for that topic.
            self.refusing.retain(|(known, _)| **known != **topic);
        }
        Some(delivery)
    }

    pub(crate) fn has_commit(&self) -> bool {
        !self.commits.is_empty()
    }

    /// Carries the oldest commit out: slot, offset, and whether the broker took it.
    pub(crate) fn next_commit(&mut self) -> Option<(Slot, i64, bool)> {
        let Commit { slot, committed, fails } = self.commits.pop_front()?;
        let reading = self.readings.get(slot.0 as usize)?;
        let (offset, ok) = (committed.offset, !fails && reading.state != ReadingState::Free);
        if ok {
            self.cluster.borrow_mut().commit(&self.group, &reading.topic, reading.partition, committed);
        }
        Some((slot, offset, ok))
    }

    /// Lets the commits that wait fail, as those do that were under way when the broker went.
    pub(crate) fn fail_commits(&mut self) {
        self.commits.iter_mut().for_each(|commit| commit.fails = true);
    }

    pub(crate) fn producer_dead(&self) -> bool {
        self.producer_dead
    }

    /// Replaces a dead producer: what it had not got acknowledged comes back in its order.
    pub(crate) fn replace_producer(&mut self) {
        self.producer_dead = false;
        let mut unsent = Vec::with_capacity(self.in_flight);
        for lane in &mut self.lanes {
            unsent.extend(
                lane.waiting.drain(..).map(|waiting| (waiting.tag, waiting.body.to_outgoing(&lane.topic))),
            );
        }
        self.in_flight = 0;
        unsent.sort_by_key(|(tag, _)| *tag);
        self.deliveries.extend(
            unsent.into_iter().map(|(tag, record)| (tag, Delivery::Unsent { record: Box::new(record) })),
        );
    }

    fn lane(&mut self, topic: &str, partition: i32) -> &mut Lane {
        let found = self.lanes.iter().position(|lane| &*lane.topic == topic && lane.partition == partition);
        let at = found.unwrap_or_else(|| {
            self.lanes.push(Lane { topic: topic.into(), partition, waiting: VecDeque::new() });
            self.lanes.len() - 1
        });
        &mut self.lanes[at]
    }
}

impl Port for MemoryPort {
    type Record = LogRecord;

    fn publish(&mut self, record: &Outgoing<'_>, tag: Tag) -> Result<(), PublishError> {
        if self.producer_dead {
            return Err(PublishError::Producer(
                "the producer met a fatal error and is being replaced".to_owned(),
            ));
        }
        if self.in_flight >= MAX_IN_FLIGHT {
            return Err(PublishError::QueueFull);
        }
        let body = Body::of(record);
        if body.size() > MAX_RECORD_BYTES {
            return Err(PublishError::Record("MSG_SIZE_TOO_LARGE".to_owned()));
        }
        let (refusal, partition) = {
            let mut cluster = self.cluster.borrow_mut();
            (cluster.next_fault(record.topic), cluster.place(record.topic, record.key))
        };
        if refusal == Some(Fault::QueueFull) {
            return Err(PublishError::QueueFull);
        }
        let refusing = self.refusing.iter().find(|(topic, _)| **topic == *record.topic);
        let refusal = refusal.or(refusing.map(|(_, fault)| *fault));
        self.producer_dead = refusal == Some(Fault::Fatal);
        self.lane(record.topic, partition).waiting.push_back(InFlight { tag, body, refusal });
        self.in_flight += 1;
        Ok(())
    }

    fn pause(&mut self, slot: Slot) {
        if let Some(reading) = self.reading(slot) {
            reading.paused = true;
        }
    }

    fn resume(&mut self, slot: Slot) {
        if let Some(reading) = self.reading(slot) {
            reading.paused = false;
        }
    }

    fn commit(&mut self, slot: Slot, offset: i64, metadata: Option<String>) {
        self.commits.push_back(Commit { slot, committed: Committed { offset, metadata }, fails: false });
    }

    fn retrying(&mut self, slot: Slot, offset: i64, attempt: u32, due: Time) {
        let Some(reading) = self.readings.get(slot.0 as usize) else { return };
        let mut cluster = self.cluster.borrow_mut();
        let place = format!("{}/{}@{offset}", reading.topic, reading.partition);
        cluster
            .note(Happening::Did(format!("{:<24} fails at  {place}, attempt {attempt} follows", self.group)));
        cluster.retries.push(Retrying {
            group: self.group.to_string(),
            record: (reading.topic.to_string(), reading.partition, offset),
            attempt,
            due: Duration::from_millis(due.0.saturating_sub(BEGINNING)),
        });
    }

    fn release(&mut self, slots: &[Slot]) {
        for slot in slots {
            if let Some(reading) = self.reading(*slot) {
                reading.state = ReadingState::Free;
            }
        }
    }
}
