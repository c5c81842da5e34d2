//! Two steps under load as the engine runs them, in virtual time, with an observer that reads late and looks now and then.
//!
//! Each step takes its records in order, runs those of different keys side by side and those of one key one after the
//! other, tries again after a wait, and commits as the engine does: every 200 ms where the mark moved, else every two
//! seconds while there is something to say beside it, in at most as many bytes as the engine writes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;

use choreograph::wire;
use choreograph_topology::Manifest;

use super::log::START;
use crate::answer::StallReason;
use crate::fact::{Committed, Ends, GroupState, Groups, Held, Millis, PartitionEnds, Progress, Record};
use crate::model::{Model, ModelSettings};

/// The partitions of each topic.
const PARTITIONS: usize = 4;
/// How far time goes on at once.
const TURN_MS: Millis = 50;
/// How often a step commits.
const COMMIT_EVERY_MS: Millis = 200;
/// How often it says again what is settled above a mark that does not move.
const SAY_EVERY_MS: Millis = 2_000;
/// The bounds of what it says, as the engine has them.
const MAX_SAID: usize = 3 * 1_024;
/// How late the observer reads at most.
const MAX_LAG_MS: u64 = 1_500;
/// An hour, by which clocks may differ.
const HOUR_MS: Millis = 3_600_000;

const MANIFESTS: [&str; 3] = [
    r#"{ "manifest": 1, "service": "site", "publishes": [
        { "type": "order.placed", "version": "1.0", "topic": "orders", "external": true,
          "starts_workflow": "order", "schema": true }] }"#,
    r#"{ "manifest": 1, "service": "payment", "steps": [
        { "name": "charge", "group": "payment.charge", "deadline_ms": 30000,
          "consumes": [{ "type": "order.placed", "major": 1, "topic": "orders", "schema": true }],
          "emits": [{ "type": "payment.confirmed", "version": "1.0", "topic": "payments", "schema": true }] }] }"#,
    r#"{ "manifest": 1, "service": "shipping", "steps": [
        { "name": "ship", "group": "shipping.ship", "deadline_ms": 20000,
          "consumes": [{ "type": "payment.confirmed", "major": 1, "topic": "payments", "schema": true }],
          "emits": [{ "type": "order.shipped", "version": "1.0", "topic": "shipments", "terminal": true,
                      "outbound": true, "schema": true }] }] }"#,
];

/// The topics, in the order in which an order goes through them.
const TOPICS: [&str; 3] = ["orders", "payments", "shipments"];
/// Type, source and the cause's type of what lies in each.
const TYPES: [(&str, &str); 3] = [
    ("order.placed.v1", "site"),
    ("payment.confirmed.v1", "payment/charge"),
    ("order.shipped.v1", "shipping/ship"),
];
/// The steps: name, group and deadline.
pub(super) const STEPS: [(&str, &str, Millis); 2] =
    [("payment/charge", "payment.charge", 30_000), ("shipping/ship", "shipping.ship", 20_000)];

/// What is played.
#[derive(Debug, Clone, Copy)]
pub(super) struct Play {
    pub(super) seed: u64,
    pub(super) orders: usize,
    /// Orders a second.
    pub(super) rate: u64,
    /// Of a thousand records, how many fail again and again before they succeed.
    pub(super) failing: u64,
    /// Of a thousand records, how many take longer than anybody expects.
    pub(super) hanging: u64,
    /// Whether some producers' clocks are an hour slow or fast.
    pub(super) clocks_differ: bool,
    /// When shipping has no member, from the beginning on.
    pub(super) away: (Millis, Millis),
}

/// One record, and what became of it at the step that consumes it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) order: usize,
    /// When it was written.
    pub(super) at: Millis,
    /// When its producer's clock says that it was.
    stamp: Millis,
    pub(super) settled: Option<Millis>,
}

/// A step at one partition.
#[derive(Debug, Default)]
struct Work {
    taken: usize,
    /// By key: the record that is handled or waits for another attempt, and those behind it.
    lanes: BTreeMap<usize, VecDeque<usize>>,
    /// When the next attempt of a lane's first record begins.
    begins: BTreeSet<(Millis, usize)>,
    /// When an attempt that runs ends.
    ends: BTreeSet<(Millis, usize)>,
    /// Attempts spent, when the next is due, and when the first failed.
    held: BTreeMap<usize, (u32, Millis, Millis)>,
    settled: BTreeSet<usize>,
    mark: usize,
    committed: (i64, Option<Progress>),
    committed_at: Millis,
    /// Whether the step has no member.
    left: bool,
    /// Commits that could not list all that is settled.
    cut_short: usize,
}

impl Work {
    /// Commits.
    fn say(&mut self, now: Millis) {
        while self.settled.remove(&self.mark) {
            self.mark += 1;
        }
        let progress = wire::Progress::read(&said(now, self), self.mark as i64).map(|read| {
            let held = read.held.iter().map(|it| Held {
                offset: it.offset,
                attempts: it.attempts,
                due: it.due,
                first_failed_at: it.first_failed_at,
                outage: it.outage,
            });
            Progress { held: held.collect(), settled: read.settled, ..Progress::default() }
        });
        let listed: i64 =
            progress.iter().flat_map(|it| &it.settled).map(|run| run.end() - run.start() + 1).sum();
        self.cut_short += usize::from(listed < self.settled.len() as i64);
        self.committed_at = now;
        self.committed = (self.mark as i64, progress);
    }
}

/// The world.
pub(super) struct World {
    pub(super) play: Play,
    pub(super) now: Millis,
    pub(super) model: Model,
    pub(super) logs: [Vec<Vec<Entry>>; 3],
    work: [Vec<Work>; 2],
    read: [[usize; PARTITIONS]; 3],
    lag: [[Millis; PARTITIONS]; 3],
    placed: usize,
    random: u64,
}

impl World {
    pub(super) fn new(play: Play) -> Self {
        let mut model = Model::new(ModelSettings::default());
        let manifests = MANIFESTS.map(|text| Manifest::read("m.json", text.as_bytes()).unwrap());
        model.manifests(&manifests, START);
        let work = || (0..PARTITIONS).map(|_| Work::default()).collect();
        Self {
            play,
            now: START,
            model,
            logs: [(); 3].map(|()| vec![Vec::new(); PARTITIONS]),
            work: [work(), work()],
            read: [[0; PARTITIONS]; 3],
            lag: [[0; PARTITIONS]; 3],
            placed: 0,
            random: play.seed,
        }
    }

    /// How many commits could not list all that was settled.
    pub(super) fn cut_short(&self) -> usize {
        self.work.iter().flatten().map(|work| work.cut_short).sum()
    }

    /// Whether every order came to its end.
    pub(super) fn is_over(&self) -> bool {
        self.logs[2].iter().map(Vec::len).sum::<usize>() == self.play.orders
    }

    fn draw(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// The key of an order: some have one together with the order before them.
    fn key(order: usize) -> usize {
        if order % 40 == 1 { order - 1 } else { order }
    }

    /// One turn: orders are placed, steps work and commit, the observer reads.
    pub(super) fn turn(&mut self) {
        self.now += TURN_MS;
        let due = ((self.now - START) * self.play.rate / 1_000) as usize;
        while self.placed < due.min(self.play.orders) {
            self.append(0, self.placed);
            self.placed += 1;
        }
        for step in 0..STEPS.len() {
            for partition in 0..PARTITIONS {
                if self.is_away(step) {
                    self.leave(step, partition);
                } else {
                    self.work(step, partition);
                }
            }
        }
        for topic in 0..TOPICS.len() {
            for partition in 0..PARTITIONS {
                if (self.now - START).is_multiple_of(1_000) {
                    self.lag[topic][partition] = self.draw(MAX_LAG_MS);
                }
                self.tell(topic, partition);
            }
        }
    }

    fn is_away(&self, step: usize) -> bool {
        let (from, to) = self.play.away;
        step == 1 && (from..to).contains(&(self.now - START))
    }

    /// Why each record that is late now is so, by order and step: the reasons that are right, of which there are two where a
    /// commit has not said yet what became of it.
    pub(super) fn reasons(&self) -> BTreeMap<(usize, usize), Vec<StallReason>> {
        let mut reasons = BTreeMap::new();
        for (step, (_, _, deadline)) in STEPS.into_iter().enumerate() {
            for (partition, log) in self.logs[step].iter().take(PARTITIONS).enumerate() {
                for (offset, entry) in log.iter().enumerate() {
                    if entry.settled.is_none() && self.now > entry.at + deadline {
                        reasons.insert((entry.order, step), self.why(step, partition, offset));
                    }
                }
            }
        }
        reasons
    }

    fn why(&self, step: usize, partition: usize, offset: usize) -> Vec<StallReason> {
        if self.is_away(step) {
            return vec![StallReason::NoConsumer];
        }
        let work = &self.work[step][partition];
        let held = work.held.contains_key(&offset);
        let listed = work.committed.1.as_ref().map_or(&[][..], |it| &it.held);
        let said = listed.iter().any(|it| it.offset == offset as i64);
        let mut why = Vec::new();
        if held || said {
            why.push(StallReason::Retrying);
        }
        if !held || !said {
            why.extend([StallReason::Backlog, StallReason::NotProgressing]);
        }
        why
    }

    fn append(&mut self, topic: usize, order: usize) {
        let stamp = match (self.play.clocks_differ, order % 10) {
            (true, 0..=2) => self.now - HOUR_MS,
            (true, 3) => self.now + HOUR_MS,
            _ => self.now,
        };
        let log = &mut self.logs[topic][Self::key(order) % PARTITIONS];
        log.push(Entry { order, at: self.now, stamp, settled: None });
    }

    /// The member leaves with a last commit: what ran runs no longer, and its next owner begins where that says.
    fn leave(&mut self, step: usize, partition: usize) {
        let now = self.now;
        let work = &mut self.work[step][partition];
        if !std::mem::replace(&mut work.left, true) {
            work.say(now);
        }
        work.lanes.clear();
        work.begins.clear();
        work.ends.clear();
        work.taken = work.mark;
    }

    fn work(&mut self, step: usize, partition: usize) {
        self.work[step][partition].left = false;
        while let Some((_, offset)) = due(&mut self.work[step][partition].ends, self.now) {
            self.end(step, partition, offset);
        }
        while self.work[step][partition].taken < self.logs[step][partition].len() {
            let work = &mut self.work[step][partition];
            let offset = work.taken;
            work.taken += 1;
            if offset >= work.mark && !work.settled.contains(&offset) {
                let lane = work.lanes.entry(Self::key(self.logs[step][partition][offset].order)).or_default();
                lane.push_back(offset);
                if lane.len() == 1 {
                    let begins = work.held.get(&offset).map_or(self.now, |(_, due, _)| *due);
                    work.begins.insert((begins, offset));
                }
            }
        }
        while let Some((_, offset)) = due(&mut self.work[step][partition].begins, self.now) {
            let ends = self.now + self.takes(step, partition, offset);
            self.work[step][partition].ends.insert((ends, offset));
        }
        self.commit(step, partition);
    }

    /// What is drawn for a record, the same whenever it is asked.
    fn fate(&self, step: usize, partition: usize, offset: usize, what: u64) -> u64 {
        let order = self.logs[step][partition][offset].order as u64;
        let mut text = self.play.seed;
        for part in [step as u64, order, what] {
            text = (text ^ part).wrapping_mul(0xff51_afd7_ed55_8ccd);
            text ^= text >> 33;
        }
        text
    }

    fn fails(&self, step: usize, partition: usize, offset: usize) -> bool {
        let shared = self.logs[step][partition][offset].order.is_multiple_of(40);
        shared || self.fate(step, partition, offset, 1) % 1_000 < self.play.failing
    }

    /// How long one attempt takes: up to almost the whole deadline.
    fn takes(&self, step: usize, partition: usize, offset: usize) -> Millis {
        let deadline = STEPS[step].2;
        if self.fails(step, partition, offset) {
            return 50;
        }
        if self.fate(step, partition, offset, 2) % 1_000 < self.play.hanging {
            return 2 * deadline;
        }
        let slow = deadline - 2 * TURN_MS;
        match self.fate(step, partition, offset, 3) % 3 {
            0 => slow - self.fate(step, partition, offset, 4) % 3_000,
            1 => self.fate(step, partition, offset, 5) % slow,
            _ => self.fate(step, partition, offset, 6) % 500,
        }
    }

    fn end(&mut self, step: usize, partition: usize, offset: usize) {
        let attempts = 1 + self.fate(step, partition, offset, 7) % 7;
        let failing = self.fails(step, partition, offset);
        let now = self.now;
        let work = &mut self.work[step][partition];
        let spent = work.held.get(&offset).map_or(0, |(spent, ..)| *spent) + 1;
        if failing && u64::from(spent) < attempts {
            let first = work.held.get(&offset).map_or(now, |(_, _, first)| *first);
            let due = now + (1_000 << spent).min(10_000);
            work.held.insert(offset, (spent, due, first));
            work.begins.insert((due, offset));
            return;
        }
        work.held.remove(&offset);
        work.settled.insert(offset);
        let entry = &mut self.logs[step][partition][offset];
        entry.settled.get_or_insert(now);
        let order = entry.order;
        if let Some(lane) = work.lanes.get_mut(&Self::key(order)) {
            lane.pop_front();
            work.begins.extend(lane.front().map(|next| (now, *next)));
        }
        self.append(step + 1, order);
    }

    fn commit(&mut self, step: usize, partition: usize) {
        if !(self.now - START).is_multiple_of(COMMIT_EVERY_MS) {
            return;
        }
        let now = self.now;
        let work = &mut self.work[step][partition];
        let moved = work.settled.contains(&work.mark);
        let news = !work.settled.is_empty() || !work.held.is_empty();
        if moved || (news && now >= work.committed_at + SAY_EVERY_MS) {
            work.say(now);
        }
    }

    /// The observer reads what was written some time ago.
    fn tell(&mut self, topic: usize, partition: usize) {
        let until = self.now - self.lag[topic][partition];
        while let Some(entry) = self.logs[topic][partition].get(self.read[topic][partition]) {
            if entry.at > until {
                return;
            }
            let offset = self.read[topic][partition] as i64;
            self.read[topic][partition] += 1;
            let (id, order) = (format!("{}-{}", entry.order, topic), format!("{}-0", entry.order));
            let cause = format!("{}-{}", entry.order, topic.saturating_sub(1));
            let (event_type, source) = TYPES[topic];
            let headers = [
                ("ce_id", id.as_str()),
                ("ce_type", event_type),
                ("ce_source", source),
                ("ce_correlationid", &order),
                ("wf", "name=order;started=1767225600000;hops=0"),
                ("ce_causationid", &cause),
            ];
            let record = Record {
                topic: TOPICS[topic],
                partition: partition as i32,
                offset,
                timestamp: Some(entry.stamp),
                key: Some(order.as_bytes()),
                headers: &headers[..if topic == 0 { 5 } else { 6 }],
                value_bytes: 0,
                tombstone: false,
            };
            self.model.record(&record, self.now);
        }
    }

    /// The observer looks at groups.
    pub(super) fn look_at_groups(&mut self) {
        let mut groups = Groups { at: self.now, committed: Vec::new(), states: Vec::new() };
        for (step, (_, group, _)) in STEPS.into_iter().enumerate() {
            let state = if self.is_away(step) { GroupState::Empty } else { GroupState::Stable };
            groups.states.push((group.into(), state));
            for (partition, work) in self.work[step].iter().enumerate() {
                let (offset, progress) = work.committed.clone();
                groups.committed.push(Committed {
                    group: group.into(),
                    topic: TOPICS[step].into(),
                    partition: partition as i32,
                    offset: (work.committed_at > 0).then_some(offset),
                    progress,
                });
            }
        }
        self.model.groups(&groups);
    }

    /// Then at ends.
    pub(super) fn look_at_ends(&mut self) {
        let mut partitions = Vec::new();
        for (topic, logs) in TOPICS.into_iter().zip(&self.logs) {
            for (partition, log) in logs.iter().enumerate() {
                let (partition, end) = (partition as i32, log.len() as i64);
                partitions.push(PartitionEnds { topic: topic.into(), partition, start: 0, end });
            }
        }
        self.model.ends(&Ends { at: self.now, partitions_at: self.now, partitions });
        self.model.tick(self.now);
    }
}

/// The first of what is due, which is taken out.
fn due(times: &mut BTreeSet<(Millis, usize)>, now: Millis) -> Option<(Millis, usize)> {
    let first = times.first().copied().filter(|(at, _)| *at <= now)?;
    times.remove(&first);
    Some(first)
}

/// What a commit says beside its offset, in the engine's words and bounds.
fn said(now: Millis, work: &Work) -> String {
    let mut text = format!("cg1 t={now}");
    let empty = text.len();
    let mut end = work.mark;
    for (offset, (spent, due, first)) in &work.held {
        let part = format!("{}.{spent}.{}.{}.f", offset - end, due.saturating_sub(now), now - first);
        if text.len() + part.len() + 3 > MAX_SAID / 2 {
            break;
        }
        let separator = if end == work.mark && text.len() == empty { " h=" } else { "," };
        // A string cannot fail to be written to.
        let _infallible = write!(text, "{separator}{part}");
        end = offset + 1;
    }
    let mut end = work.mark;
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &offset in &work.settled {
        match runs.last_mut() {
            Some(run) if run.1 + 1 == offset => run.1 = offset,
            _ => runs.push((offset, offset)),
        }
    }
    for (at, (first, last)) in runs.into_iter().enumerate() {
        let part = format!("{}.{}", first - end, last - first + 1);
        if text.len() + part.len() + 3 > MAX_SAID {
            break;
        }
        let _infallible = write!(text, "{}{part}", if at == 0 { " s=" } else { "," });
        end = last + 1;
    }
    if text.len() == empty { String::new() } else { text }
}
