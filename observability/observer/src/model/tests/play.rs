//! A choreography that is played step by step, with what is true of it: what the model says is held against that.

use std::collections::{BTreeMap, BTreeSet};

use super::log::{START, held, manifests, uuid_of};
use crate::answer::InstanceSummary;
use crate::fact::{Committed, Ends, GroupState, Groups, Millis, PartitionEnds, Progress, Record};
use crate::model::{InstanceFilter, MAX_PAGE, Model, ModelSettings};
use crate::state_file::Save;
use crate::test_disk::Disk;

/// The partitions of each topic.
pub(super) const PARTITIONS: usize = 2;
/// How far ahead of the first unsettled record a step works.
const WINDOW: usize = 4;

pub(super) type Place = (String, usize, usize);
pub(super) type PairOf = (String, &'static str);

#[derive(Clone)]
pub(super) struct Stored {
    pub(super) at: Millis,
    pub(super) order: String,
    pub(super) event: String,
    pub(super) event_type: &'static str,
    pub(super) headers: Vec<(String, String)>,
    pub(super) replays: u32,
    /// Whether the same event lies before it.
    pub(super) again: bool,
}

/// A step as it runs.
pub(super) struct Worker {
    pub(super) name: &'static str,
    pub(super) inputs: &'static [&'static str],
    pub(super) consumes: &'static [&'static str],
    /// Whether it is the framework's, which says more than an offset.
    pub(super) tells: bool,
    pub(super) up: bool,
    pub(super) settled: BTreeSet<Place>,
    pub(super) held: BTreeMap<Place, u32>,
    /// Emitted, and not settled yet.
    pub(super) half: BTreeSet<Place>,
}

pub(super) struct Letter {
    pub(super) pair: PairOf,
    pub(super) order: String,
    pub(super) origin: Place,
    pub(super) replays: u32,
    pub(super) action: Option<&'static str>,
}

/// What was known when a save began.
struct Moment {
    at: Millis,
    all: Vec<InstanceSummary>,
    read: BTreeMap<(String, usize), usize>,
    owed_at_look: BTreeSet<PairOf>,
}

/// The world, and the model that watches it.
pub(super) struct Play {
    pub(super) topics: BTreeMap<String, Vec<Vec<Stored>>>,
    pub(super) read: BTreeMap<(String, usize), usize>,
    pub(super) workers: Vec<Worker>,
    pub(super) letters: BTreeMap<String, Letter>,
    /// Where each event lies first.
    pub(super) first: BTreeMap<String, Place>,
    /// Where its newest replay lies.
    pub(super) replayed: BTreeMap<PairOf, (Place, u32)>,
    pub(super) owed_at_look: BTreeSet<PairOf>,
    pub(super) ends: Option<Ends>,
    pub(super) model: Model,
    /// What the observer has saved.
    disk: Disk,
    /// What is there after a crash.
    saved: Option<Moment>,
    /// A save under way.
    saving: Option<(Save, Moment)>,
    pub(super) now: Millis,
    pub(super) orders: usize,
    pub(super) random: u64,
}

impl Play {
    pub(super) fn new() -> Self {
        let worker = |name, inputs, consumes, tells| Worker {
            name,
            inputs,
            consumes,
            tells,
            up: true,
            settled: BTreeSet::new(),
            held: BTreeMap::new(),
            half: BTreeSet::new(),
        };
        let mut model = Model::new(ModelSettings::default());
        model.manifests(&manifests(), START);
        let topics = model.topics();
        Self {
            topics: topics.iter().map(|it| (it.to_string(), vec![Vec::new(); PARTITIONS])).collect(),
            read: BTreeMap::new(),
            workers: vec![
                worker("payment/charge", &["orders", "payment.charge.retry"], &["order.placed.v1"], true),
                worker(
                    "shipping/ship",
                    &["payments", "shipping.ship.retry"],
                    &["payment.confirmed.v1"],
                    false,
                ),
                worker(
                    "mail/tell",
                    &["orders", "mail.tell.retry"],
                    &["order.placed.v1", "order.delivered.v1"],
                    true,
                ),
            ],
            letters: BTreeMap::new(),
            first: BTreeMap::new(),
            replayed: BTreeMap::new(),
            owed_at_look: BTreeSet::new(),
            ends: None,
            model,
            disk: Disk::default(),
            saved: None,
            saving: None,
            now: START,
            orders: 0,
            random: 1,
        }
    }

    /// Plays one act.
    pub(super) fn act(&mut self, (act, detail): (u8, u8)) {
        self.random ^= u64::from(detail) << 16 | u64::from(act);
        let up_to = |bound: u64, play: &mut Self| play.draw(bound);
        match act % 36 {
            0..=3 => self.place(),
            4..=13 => {
                let worker = up_to(3, self) as usize;
                let outcome = up_to(16, self);
                self.work(worker, outcome);
            }
            14..=20 => self.observe(usize::from(detail), 1 + usize::from(detail >> 5)),
            21 | 22 => self.look_at_groups(),
            23 | 24 => self.fetch_ends(),
            25 => self.hand_over_ends(),
            26 | 27 => self.check(),
            28 => {
                let worker = up_to(3, self) as usize;
                self.workers[worker].up = !self.workers[worker].up;
            }
            29 => self.operate(detail),
            30 => self.now += u64::from(detail) * 100,
            31 => self.restart(),
            32 => self.begin_to_save(),
            33 | 34 => self.save_on(),
            _ => self.crash(),
        }
        self.now += 1 + u64::from(detail % 7);
    }

    fn draw(&mut self, bound: u64) -> u64 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % bound
    }

    fn put(&mut self, topic: &str, mut record: Stored) -> Place {
        record.at = self.now;
        let partition = record.order.bytes().map(usize::from).sum::<usize>() % PARTITIONS;
        let log = &mut self.topics.get_mut(topic).unwrap()[partition];
        let place = (topic.to_owned(), partition, log.len());
        log.push(record);
        place
    }

    fn event(
        &mut self,
        topic: &str,
        order: &str,
        (id, event_type): (&str, &'static str),
        by: &str,
        cause: &str,
    ) {
        let mut headers: Vec<(String, String)> = [
            ("ce_id", id),
            ("ce_type", event_type),
            ("ce_source", by),
            ("ce_correlationid", order),
            ("wf", "name=order;started=1767225600000;hops=0"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        if !cause.is_empty() {
            headers.push(("ce_causationid".to_owned(), cause.to_owned()));
        }
        let again = self.first.contains_key(id);
        let record = Stored {
            at: 0,
            order: order.to_owned(),
            event: id.to_owned(),
            event_type,
            headers,
            replays: 0,
            again,
        };
        let place = self.put(topic, record);
        self.first.entry(id.to_owned()).or_insert(place);
    }

    fn place(&mut self) {
        let order = format!("order-{}", self.orders);
        self.orders += 1;
        self.event("orders", &order, (&order, "order.placed.v1"), "site", "");
        if self.draw(8) == 0 {
            self.event("orders", &order, (&order, "order.placed.v1"), "site", "");
        }
    }

    /// The records that a step could take now.
    pub(super) fn ready(&self, worker: usize) -> Vec<Place> {
        let it = &self.workers[worker];
        let mut ready = Vec::new();
        for topic in it.inputs {
            for (partition, log) in self.topics[*topic].iter().enumerate() {
                let open = (0..log.len()).map(|offset| ((*topic).to_owned(), partition, offset));
                ready.extend(open.filter(|place| !it.settled.contains(place)).take(WINDOW));
            }
        }
        ready
    }

    pub(super) fn work(&mut self, worker: usize, outcome: u64) {
        let ready = self.ready(worker);
        if ready.is_empty() || !self.workers[worker].up {
            return;
        }
        let place = ready[self.draw(ready.len() as u64) as usize].clone();
        let record = self.topics[&place.0][place.1][place.2].clone();
        let name = self.workers[worker].name;
        let half = self.workers[worker].half.remove(&place);
        let mine = self.workers[worker].consumes.contains(&record.event_type);
        if half || record.again || !mine {
            self.settle(worker, place);
            return;
        }
        match outcome {
            0..=8 => {
                self.emit(name, &record);
                self.settle(worker, place);
            }
            9 | 10 => {
                self.emit(name, &record);
                self.workers[worker].half.insert(place);
            }
            11 => self.settle(worker, place),
            12 | 13 => {
                self.set_aside(name, &place, &record);
                self.settle(worker, place);
            }
            _ => *self.workers[worker].held.entry(place).or_default() += 1,
        }
    }

    fn settle(&mut self, worker: usize, place: Place) {
        self.workers[worker].held.remove(&place);
        self.workers[worker].settled.insert(place);
    }

    fn emit(&mut self, step: &'static str, record: &Stored) {
        let (topic, event_type) = match step {
            "payment/charge" if record.order.ends_with('3') => ("payments", "payment.declined.v1"),
            "payment/charge" => ("payments", "payment.confirmed.v1"),
            "shipping/ship" => ("orders", "order.delivered.v1"),
            _ => ("mails", "mail.sent.v1"),
        };
        let id = format!("{}>{event_type}", record.event);
        self.event(topic, &record.order, (&id, event_type), step, &record.event);
    }

    fn origin(&self, event: &str) -> Place {
        self.first[event].clone()
    }

    fn copy_headers(record: &Stored, origin: &Place) -> Vec<(String, String)> {
        let own = |name: &str| {
            !name.starts_with("wf-origin") && !name.starts_with("dlq") && !name.starts_with("wf-re")
        };
        let mut headers: Vec<_> = record.headers.iter().filter(|(name, _)| own(name)).cloned().collect();
        headers.push(("wf-origin-topic".to_owned(), origin.0.clone()));
        headers.push(("wf-origin-partition".to_owned(), origin.1.to_string()));
        headers.push(("wf-origin-offset".to_owned(), origin.2.to_string()));
        headers
    }

    fn set_aside(&mut self, step: &'static str, _place: &Place, record: &Stored) {
        let origin = self.origin(&record.event);
        let (service, name) = step.split_once('/').unwrap();
        let letter = uuid_of(&format!("{step}:{}:{}", record.event, record.replays));
        let mut headers = Self::copy_headers(record, &origin);
        for (name, value) in [
            ("dlq-id", letter.clone()),
            ("dlq-reason", "rejected".to_owned()),
            ("dlq-error", "no".to_owned()),
            ("dlq-service", service.to_owned()),
            ("dlq-step", name.to_owned()),
            ("dlq-replay-count", record.replays.to_string()),
        ] {
            headers.push((name.to_owned(), value));
        }
        let (order, replays) = (record.order.clone(), record.replays);
        let pair = (record.event.clone(), step);
        self.put(&format!("{service}.{name}.dlq"), Stored { headers, ..record.clone() });
        self.letters.insert(letter, Letter { pair, order, origin, replays, action: None });
    }

    /// An operator does something with an open dead letter.
    fn operate(&mut self, detail: u8) {
        let open: Vec<String> = self
            .letters
            .iter()
            .filter(|(_, letter)| letter.action.is_none())
            .map(|(id, _)| id.clone())
            .collect();
        if open.is_empty() {
            return;
        }
        let id = open[self.draw(open.len() as u64) as usize].clone();
        let action = ["replayed", "edited", "discarded"][usize::from(detail) % 3];
        let letter = self.letters.get_mut(&id).unwrap();
        letter.action = Some(action);
        let (pair, order, origin, replays) =
            (letter.pair.clone(), letter.order.clone(), letter.origin.clone(), letter.replays + 1);
        let action_id = format!("act-{}", self.now);
        if action != "discarded" {
            let original = self.topics[&origin.0][origin.1][origin.2].clone();
            let mut headers = Self::copy_headers(&original, &origin);
            headers.push(("dlq-replay-count".to_owned(), replays.to_string()));
            headers.push(("wf-replay-id".to_owned(), action_id.clone()));
            headers.push(("wf-replayed-by".to_owned(), "anna".to_owned()));
            let topic = format!("{}.retry", pair.1.replace('/', "."));
            let place = self.put(&topic, Stored { headers, replays, again: false, ..original });
            self.replayed.insert(pair, (place, replays));
        }
        let headers = [
            ("dlq-id", id),
            ("audit-action", action.to_owned()),
            ("wf-replay-id", action_id),
            ("wf-replayed-by", "anna".to_owned()),
            ("ce_correlationid", order.clone()),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let event = String::new();
        let mark = Stored { at: 0, order, event, event_type: "", headers, replays: 0, again: false };
        self.put("choreograph.audit", mark);
    }

    /// The observer reads some records of one partition.
    pub(super) fn observe(&mut self, which: usize, count: usize) {
        let names: Vec<String> = self.topics.keys().cloned().collect();
        let topic = &names[which % names.len()];
        let partition = which / names.len() % PARTITIONS;
        let next = self.read.entry((topic.clone(), partition)).or_default();
        for (offset, stored) in self.topics[topic][partition].iter().enumerate().skip(*next).take(count) {
            let headers: Vec<(&str, &str)> =
                stored.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let record = Record {
                topic,
                partition: partition as i32,
                offset: offset as i64,
                timestamp: Some(stored.at),
                key: Some(stored.order.as_bytes()),
                headers: &headers,
                value_bytes: 0,
                tombstone: false,
            };
            self.model.record(&record, self.now);
            *next = offset + 1;
        }
    }

    pub(super) fn look_at_groups(&mut self) {
        self.hand_over_ends();
        let mut groups = Groups { at: self.now, committed: Vec::new(), states: Vec::new() };
        for worker in &self.workers {
            let group = worker.name.replace('/', ".");
            let state = if worker.up { GroupState::Stable } else { GroupState::Empty };
            groups.states.push((group.as_str().into(), state));
            for topic in worker.inputs {
                for (partition, log) in self.topics[*topic].iter().enumerate() {
                    let (offset, progress) = committed(worker, topic, partition, log.len(), self.now);
                    groups.committed.push(Committed {
                        group: group.as_str().into(),
                        topic: (*topic).into(),
                        partition: partition as i32,
                        offset: Some(offset),
                        progress,
                    });
                }
            }
        }
        self.model.groups(&groups);
        self.owed_at_look = self.owed();
    }

    pub(super) fn fetch_ends(&mut self) {
        let mut partitions = Vec::new();
        for (topic, logs) in &self.topics {
            for (partition, log) in logs.iter().enumerate() {
                partitions.push(PartitionEnds {
                    topic: topic.as_str().into(),
                    partition: partition as i32,
                    start: 0,
                    end: log.len() as i64,
                });
            }
        }
        self.ends = Some(Ends { at: self.now, partitions_at: self.now, partitions });
    }

    pub(super) fn hand_over_ends(&mut self) {
        if let Some(ends) = self.ends.take() {
            self.model.ends(&ends);
        }
    }

    fn restart(&mut self) {
        self.begin_to_save();
        while self.saving.is_some() {
            self.save_on();
        }
        self.crash();
    }

    fn begin_to_save(&mut self) {
        self.saving = None;
        self.model.tick(self.now);
        let mut save = Save::begin(&self.disk.open().unwrap()).unwrap();
        save.write_beginning(&self.model.begin_save(save.held)).unwrap();
        let (read, owed_at_look) = (self.read.clone(), self.owed_at_look.clone());
        self.saving = Some((save, Moment { at: self.now, all: self.all(), read, owed_at_look }));
    }

    fn save_on(&mut self) {
        let Some((mut save, moment)) = self.saving.take() else { return };
        if let Some(changes) = self.model.next_to_save().unwrap() {
            save.write(changes).unwrap();
            self.saving = Some((save, moment));
        } else {
            self.model.is_saved(save.commit().unwrap().1);
            self.saved = Some(moment);
        }
    }

    /// The observer is there again, and knows what it knew when the last whole save began.
    fn crash(&mut self) {
        self.disk = self.disk.copy();
        self.saving = None;
        let settings = ModelSettings::default();
        self.model = self.disk.load(&settings).unwrap_or_else(|| Model::new(settings));
        self.model.manifests(&manifests(), self.now);
        // What was fetched and not told dies with the observer.
        self.ends = None;
        let Some(moment) = &self.saved else {
            self.read.clear();
            return;
        };
        self.model.tick(moment.at);
        assert_eq!(moment.all, self.all_at(moment.at), "a restart changes no answer");
        self.read = moment.read.clone();
        self.owed_at_look = moment.owed_at_look.clone();
        for ((topic, partition), read) in &self.read {
            let next = self.model.next_offset(topic, *partition as i32).unwrap_or(0);
            assert_eq!(next, *read as i64, "{topic} {partition}");
        }
        self.model.tick(self.now);
    }

    pub(super) fn all(&self) -> Vec<InstanceSummary> {
        self.all_at(self.now)
    }

    fn all_at(&self, now: Millis) -> Vec<InstanceSummary> {
        let filter = InstanceFilter { limit: MAX_PAGE, ..InstanceFilter::default() };
        let mut all = self.model.instances(&filter, now).items;
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }
}

/// What a step has committed for a partition, and what it says beside it.
fn committed(
    worker: &Worker,
    topic: &str,
    partition: usize,
    length: usize,
    now: Millis,
) -> (i64, Option<Progress>) {
    let is_settled = |offset: &usize| worker.settled.contains(&(topic.to_owned(), partition, *offset));
    let offset = (0..length).find(|offset| !is_settled(offset)).unwrap_or(length);
    let mut progress = Progress::default();
    for at in offset..length {
        if is_settled(&at) {
            progress.settled.push(at as i64..=at as i64);
        }
        if let Some(attempts) = worker.held.get(&(topic.to_owned(), partition, at)) {
            progress.held.push(held(at as i64, *attempts, now + 5_000));
        }
    }
    let says = worker.tells && progress != Progress::default();
    (offset as i64, says.then_some(progress))
}
