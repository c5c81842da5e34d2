//! One step of one service while it runs: the runner, its port, and what it could do next.

use std::{sync::Arc, task::Context};

use super::{
    cluster::{DEFAULT_PARTITIONS, Shared},
    journal::Happening,
    log::Committed,
    port::{MemoryPort, Reading, ReadingState},
};
use crate::{
    engine::{Slot, Time},
    ops::Health,
    runner::{Plan, Runner},
    step::StartFrom,
    telemetry::Telemetry,
};

/// One thing that can happen next to one step. The schedule draws among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    /// A partition is assigned to the step.
    Assign(Slot),
    /// The step is handed the next record of a partition.
    Take(Slot),
    /// Handlers, timers and commands turn once.
    Turn,
    /// The log takes the first record that waits in a lane of the producer.
    Write(usize),
    /// The step hears what became of a publish.
    Deliver,
    /// The broker takes a commit, and the step hears of it.
    Commit,
    /// A dead producer is replaced.
    Replace,
}

/// A step at work.
pub(crate) struct Member {
    /// The step's group, as the journal names it.
    pub(crate) group: Arc<str>,
    runner: Runner<MemoryPort>,
    port: MemoryPort,
    cluster: Shared,
    /// Whether a turn may do something.
    awake: bool,
}

impl Member {
    /// Joins the step's group and reads its inputs and its retry topic.
    pub(crate) fn join(plan: Arc<Plan>, cluster: Shared, telemetry: &Telemetry) -> Self {
        let group: Arc<str> = plan.group.as_str().into();
        let mut port = MemoryPort::new(Shared::clone(&cluster), Arc::clone(&group));
        for topic in plan.inputs.iter().chain([&plan.retry_topic]) {
            let partitions = cluster.borrow_mut().log.ensure(topic, DEFAULT_PARTITIONS);
            let topic: Arc<str> = topic.as_str().into();
            (0..partitions).for_each(|partition| port.read(Arc::clone(&topic), partition as i32));
        }
        let health = Health::new().step(plan.source.clone());
        let telemetry = Arc::new(telemetry.step(&plan.service, &plan.step, &plan.group));
        Self { group, runner: Runner::watched(plan, telemetry, health), port, cluster, awake: true }
    }

    /// Everything that could happen next. Nothing, if the step waits for time or for others.
    pub(crate) fn moves(&self, found: &mut Vec<Move>) {
        let cluster = self.cluster.borrow();
        if self.awake {
            found.push(Move::Turn);
        }
        if self.port.producer_dead() {
            found.push(Move::Replace);
        }
        if self.port.has_delivery() {
            found.push(Move::Deliver);
        }
        if cluster.down {
            return;
        }
        if self.port.has_commit() {
            found.push(Move::Commit);
        }
        if !self.port.producer_dead() {
            found.extend(self.port.writable().map(Move::Write));
        }
        let wants_records = self.runner.wants_records();
        for (number, reading) in self.port.readings().iter().enumerate() {
            let slot = Slot(number as u32);
            match reading.state {
                ReadingState::Free => found.push(Move::Assign(slot)),
                ReadingState::Assigned if wants_records && !reading.paused => {
                    if reading.next < cluster.log.end(&reading.topic, reading.partition) {
                        found.push(Move::Take(slot));
                    }
                }
                ReadingState::Assigned | ReadingState::Revoking => {}
            }
        }
    }

    /// Makes one move. Returns whether anything happened.
    pub(crate) fn make(&mut self, made: Move, now: Time, cx: &mut Context<'_>) -> bool {
        let was_awake = std::mem::replace(&mut self.awake, true);
        match made {
            Move::Turn => {
                self.awake = self.runner.turn(now, cx, &mut self.port);
                return self.awake;
            }
            Move::Assign(slot) => self.assign(slot, now),
            Move::Take(slot) => self.take(slot, now),
            Move::Write(lane) => {
                self.port.write(lane);
                self.awake = was_awake;
            }
            Move::Deliver => {
                self.deliver(now);
            }
            Move::Commit => {
                if let Some((slot, offset, ok)) = self.port.next_commit() {
                    self.runner.committed(now, slot, offset, ok);
                }
            }
            Move::Replace => {
                self.port.replace_producer();
                // What comes back is told before anything else is published, or it would come behind it.
                while self.deliver(now) {}
            }
        }
        true
    }

    /// Brings the step its next delivery report. Returns whether there was one.
    fn deliver(&mut self, now: Time) -> bool {
        let Some((tag, delivery)) = self.port.next_delivery() else { return false };
        self.runner.delivered(now, tag, delivery, &mut self.port);
        true
    }

    /// Hands the step a partition, with the progress that its group committed there.
    fn assign(&mut self, slot: Slot, now: Time) {
        let group = Arc::clone(&self.group);
        let begin = self.runner.plan().from;
        let Some(reading) = self.port.reading(slot) else { return };
        let (topic, partition) = (Arc::clone(&reading.topic), reading.partition);
        let mut cluster = self.cluster.borrow_mut();
        let end = cluster.log.end(&topic, partition);
        if begin == StartFrom::Latest && cluster.log.committed(&group, &topic, partition).is_none() {
            // Before the first record is read, as on Kafka: what comes from now on is the group's.
            let committed = Committed { offset: end, metadata: None };
            cluster.commit(&group, &topic, partition, committed);
        }
        let committed = cluster.log.committed(&group, &topic, partition);
        reading.next = match (committed, begin) {
            (Some(committed), _) => committed.offset,
            (None, StartFrom::Earliest) => 0,
            (None, StartFrom::Latest) => end,
            (None, StartFrom::At(time)) => cluster.log.first_since(&topic, partition, millis(time)),
        };
        reading.state = ReadingState::Assigned;
        reading.paused = false;
        let metadata = committed.and_then(|committed| committed.metadata.as_deref());
        self.runner.assigned(now, slot, committed.map(|committed| committed.offset), metadata);
    }

    fn take(&mut self, slot: Slot, now: Time) {
        let Some(Reading { topic, partition, next, .. }) = self.port.reading(slot) else { return };
        let record = self.cluster.borrow().log.read(topic, *partition, *next).cloned();
        let Some(record) = record else { return };
        *next += 1;
        let who = Arc::clone(&self.group);
        self.cluster.borrow_mut().note(Happening::Took { who, record: record.clone() });
        self.runner.take(now, slot, record, &mut self.port);
    }

    /// Lets the step look around at its next turn: time passed, or a handler was woken.
    pub(crate) fn wake(&mut self) {
        self.awake = true;
    }

    /// When the step wants to turn though nothing happens.
    pub(crate) fn next_wake(&self) -> Option<Time> {
        self.runner.next_wake()
    }

    /// Takes all partitions away, as a rebalance does: what runs is drained and committed first.
    pub(crate) fn revoke(&mut self, now: Time) {
        let slots = self.assigned();
        self.set_states(&slots, ReadingState::Revoking);
        self.runner.revoked(now, &slots);
        self.awake = true;
    }

    /// Loses all partitions at once, as a member does that the group threw out: nothing can be committed.
    pub(crate) fn lose(&mut self) {
        let slots = self.assigned();
        self.port.fail_commits();
        self.runner.lost(&slots);
        self.set_states(&slots, ReadingState::Free);
        self.awake = true;
    }

    /// Asks the step to leave: it drains, commits and stops.
    pub(crate) fn leave(&mut self, now: Time) {
        self.runner.shutdown(now);
        self.awake = true;
    }

    pub(crate) fn stopped(&self) -> bool {
        self.runner.stopped()
    }

    /// Lets the commits fail that were under way when the broker went.
    pub(crate) fn broker_is_back(&mut self) {
        self.port.fail_commits();
        self.awake = true;
    }

    /// Whether the step's group committed every record of every partition it reads.
    pub(crate) fn settled(&self) -> bool {
        let log = &self.cluster.borrow().log;
        self.port.readings().iter().all(|Reading { topic, partition, .. }| {
            let committed =
                log.committed(&self.group, topic, *partition).map_or(0, |committed| committed.offset);
            committed >= log.end(topic, *partition)
        })
    }

    fn assigned(&self) -> Vec<Slot> {
        let readings = self.port.readings().iter().enumerate();
        readings
            .filter(|(_, reading)| reading.state == ReadingState::Assigned)
            .map(|(number, _)| Slot(number as u32))
            .collect()
    }

    fn set_states(&mut self, slots: &[Slot], state: ReadingState) {
        for slot in slots {
            if let Some(reading) = self.port.reading(*slot) {
                reading.state = state;
            }
        }
    }
}

/// Milliseconds since the Unix epoch; times before it count as its first.
fn millis(time: std::time::SystemTime) -> i64 {
    time.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
