//! A recorded log, written by a test and told to a model at once.

use std::collections::{BTreeMap, BTreeSet};

use choreograph_topology::Manifest;

use crate::answer::{InstanceState, InstanceSummary, StallReason, StepState};
use crate::fact::{Committed, Ends, GroupState, Groups, Held, Millis, PartitionEnds, Progress, Record};
use crate::model::{Model, ModelSettings};

/// When every log begins.
pub(in crate::model) const START: Millis = 1_767_225_600_000;

/// The shop: an order is placed, charged and shipped; mails go beside.
pub(in crate::model) fn manifests() -> Vec<Manifest> {
    [
        r#"{ "manifest": 1, "service": "site", "publishes": [
            { "type": "order.placed", "version": "1.0", "topic": "orders", "external": true,
              "starts_workflow": "order", "schema": true }] }"#,
        r#"{ "manifest": 1, "service": "payment", "owner": "Finance", "steps": [
            { "name": "charge", "group": "payment.charge", "deadline_ms": 60000,
              "consumes": [{ "type": "order.placed", "major": 1, "topic": "orders", "schema": true }],
              "emits": [
                { "type": "payment.confirmed", "version": "1.0", "topic": "payments", "schema": true },
                { "type": "payment.declined", "version": "1.0", "topic": "payments", "terminal": true, "schema": true }],
              "retry_topic": "payment.charge.retry", "dead_letter_topic": "payment.charge.dlq" }] }"#,
        r#"{ "manifest": 1, "service": "shipping", "steps": [
            { "name": "ship", "group": "shipping.ship",
              "consumes": [{ "type": "payment.confirmed", "major": 1, "topic": "payments", "schema": true }],
              "emits": [{ "type": "order.delivered", "version": "1.0", "topic": "orders", "terminal": true,
                          "schema": true }],
              "retry_topic": "shipping.ship.retry", "dead_letter_topic": "shipping.ship.dlq" }] }"#,
        r#"{ "manifest": 1, "service": "mail", "steps": [
            { "name": "tell", "group": "mail.tell",
              "consumes": [{ "type": "order.placed", "major": 1, "topic": "orders", "schema": true },
                           { "type": "order.delivered", "major": 1, "topic": "orders", "schema": true }],
              "emits": [{ "type": "mail.sent", "version": "1.0", "topic": "mails", "outbound": true,
                          "schema": true }],
              "retry_topic": "mail.tell.retry", "dead_letter_topic": "mail.tell.dlq" }] }"#,
    ]
    .iter()
    .map(|text| Manifest::read("m.json", text.as_bytes()).unwrap())
    .collect()
}

/// What a group committed: the offset, and what was said beside it.
type Commit = (Option<i64>, Option<Progress>);

/// The log and the model that is told of it.
pub(in crate::model) struct Log {
    pub(in crate::model) model: Model,
    pub(in crate::model) now: Millis,
    ends: BTreeMap<(String, i32), (i64, i64)>,
    commits: BTreeMap<(String, String, i32), Commit>,
    states: BTreeMap<String, GroupState>,
    /// Groups that cannot be asked about.
    silent: BTreeSet<String>,
    /// When the partitions were last asked for; `None` for at each look.
    pub(in crate::model) partitions_at: Option<Millis>,
}

impl Log {
    /// The shop with nothing in it: every group is stable and has committed everything.
    pub(in crate::model) fn new() -> Self {
        Self::with(ModelSettings::default())
    }

    pub(in crate::model) fn with(settings: ModelSettings) -> Self {
        Self::of(settings, &manifests())
    }

    /// A log of what is declared by `manifests`.
    pub(in crate::model) fn of(settings: ModelSettings, manifests: &[Manifest]) -> Self {
        let mut log = Self {
            model: Model::new(settings),
            now: START,
            ends: BTreeMap::new(),
            commits: BTreeMap::new(),
            states: BTreeMap::new(),
            silent: BTreeSet::new(),
            partitions_at: None,
        };
        log.model.manifests(manifests, START);
        for topic in log.model.topics() {
            log.ends.insert((topic.to_string(), 0), (0, 0));
        }
        for (group, topics) in log.model.groups_wanted() {
            log.states.insert(group.to_string(), GroupState::Stable);
            for topic in topics {
                log.commits.insert((group.to_string(), topic.to_string(), 0), (Some(0), None));
            }
        }
        log
    }

    pub(in crate::model) fn wait(&mut self, ms: Millis) {
        self.now += ms;
    }

    /// Writes a record at the end of a partition and tells it.
    pub(in crate::model) fn put(&mut self, topic: &str, key: &str, headers: &[(&str, &str)]) -> i64 {
        self.put_at(topic, 0, key, headers, Some(self.now))
    }

    pub(in crate::model) fn put_at(
        &mut self,
        topic: &str,
        partition: i32,
        key: &str,
        headers: &[(&str, &str)],
        timestamp: Option<Millis>,
    ) -> i64 {
        let offset = self.write(topic, partition);
        self.tell(topic, partition, offset, key, headers, timestamp);
        offset
    }

    /// Makes a partition longer by a record that is told later.
    pub(in crate::model) fn write(&mut self, topic: &str, partition: i32) -> i64 {
        let ends = self.ends.entry((topic.to_owned(), partition)).or_default();
        ends.1 += 1;
        ends.1 - 1
    }

    pub(in crate::model) fn tell(
        &mut self,
        topic: &str,
        partition: i32,
        offset: i64,
        key: &str,
        headers: &[(&str, &str)],
        timestamp: Option<Millis>,
    ) {
        let record = Record {
            topic,
            partition,
            offset,
            timestamp,
            key: Some(key.as_bytes()),
            headers,
            value_bytes: 10,
            tombstone: false,
        };
        self.model.record(&record, self.now);
    }

    /// Places an order `id`.
    pub(in crate::model) fn place(&mut self, id: &str) -> i64 {
        let workflow = format!("name=order;started={};hops=0", self.now);
        let headers = [
            ("ce_id", id),
            ("ce_type", "order.placed.v1"),
            ("ce_source", "site"),
            ("ce_dataschema", "urn:contract:order.placed/1.0"),
            ("ce_correlationid", id),
            ("wf", &workflow),
        ];
        self.put("orders", id, &headers)
    }

    /// Has a step emit an event of order `order`.
    pub(in crate::model) fn emit(
        &mut self,
        topic: &str,
        order: &str,
        (id, event_type): (&str, &str),
        source: &str,
        cause: &str,
    ) -> i64 {
        let headers = [
            ("ce_id", id),
            ("ce_type", event_type),
            ("ce_source", source),
            ("ce_correlationid", order),
            ("ce_causationid", cause),
            ("ce_dataschema", "urn:contract:x/1.0"),
            ("wf", "name=order;started=1767225600000;hops=1"),
        ];
        self.put(topic, order, &headers)
    }

    /// The payment of an order is confirmed.
    pub(in crate::model) fn confirm(&mut self, order: &str) -> i64 {
        let id = format!("{order}-paid");
        self.emit("payments", order, (&id, "payment.confirmed.v1"), "payment/charge", order)
    }

    /// An order is delivered.
    pub(in crate::model) fn deliver(&mut self, order: &str) -> i64 {
        let (id, cause) = (format!("{order}-there"), format!("{order}-paid"));
        self.emit("orders", order, (&id, "order.delivered.v1"), "shipping/ship", &cause)
    }

    /// A step sets the placed order at `offset` of `orders` aside.
    pub(in crate::model) fn dead_letter(
        &mut self,
        order: &str,
        step: &str,
        offset: i64,
        replays: &str,
    ) -> String {
        let (_, name) = step.split_once('/').unwrap();
        let letter = letter(order, name, replays);
        self.dead_letter_called(&letter, order, step, offset, replays);
        letter
    }

    /// The same, with an id of the letter's own.
    pub(in crate::model) fn dead_letter_called(
        &mut self,
        letter: &str,
        order: &str,
        step: &str,
        offset: i64,
        replays: &str,
    ) {
        let (service, name) = step.split_once('/').unwrap();
        let offset = offset.to_string();
        let headers = [
            ("ce_id", order),
            ("ce_type", "order.placed.v1"),
            ("ce_correlationid", order),
            ("wf", "name=order;started=1767225600000;hops=0"),
            ("wf-origin-topic", "orders"),
            ("wf-origin-partition", "0"),
            ("wf-origin-offset", &offset),
            ("wf-origin-timestamp", "1767225600000"),
            ("wf-attempt", "3"),
            ("dlq-id", letter),
            ("dlq-reason", "rejected"),
            ("dlq-error", "card 17 is unknown"),
            ("dlq-service", service),
            ("dlq-step", name),
            ("dlq-failed-at", "2026-01-01T00:00:05Z"),
            ("dlq-replay-count", replays),
        ];
        self.put(&format!("{service}.{name}.dlq"), order, &headers);
    }

    /// An operator has the placed order at `offset` of `orders` tried again.
    pub(in crate::model) fn replay(&mut self, order: &str, step: &str, offset: i64, replays: &str) -> i64 {
        let (service, name) = step.split_once('/').unwrap();
        let offset = offset.to_string();
        let headers = [
            ("ce_id", order),
            ("ce_type", "order.placed.v1"),
            ("ce_correlationid", order),
            ("wf-origin-topic", "orders"),
            ("wf-origin-partition", "0"),
            ("wf-origin-offset", &offset),
            ("dlq-replay-count", replays),
            ("wf-replay-id", "replay-1"),
            ("wf-replayed-by", "anna"),
        ];
        self.put(&format!("{service}.{name}.retry"), order, &headers)
    }

    /// An operator's mark.
    pub(in crate::model) fn audit(&mut self, letter: &str, order: &str, action: &str) {
        let headers = [
            ("dlq-id", letter),
            ("audit-action", action),
            ("wf-replay-id", "replay-1"),
            ("wf-replayed-by", "anna"),
            ("ce_correlationid", order),
        ];
        self.put("choreograph.audit", letter, &headers);
    }

    pub(in crate::model) fn commit(&mut self, group: &str, topic: &str, offset: i64) {
        self.commits.insert((group.to_owned(), topic.to_owned(), 0), (Some(offset), None));
    }

    /// A group has committed nothing for a topic.
    pub(in crate::model) fn commit_nothing(&mut self, group: &str, topic: &str) {
        self.commits.insert((group.to_owned(), topic.to_owned(), 0), (None, None));
    }

    /// Every group has committed everything.
    pub(in crate::model) fn commit_all(&mut self) {
        for ((_, topic, partition), commit) in &mut self.commits {
            *commit = (Some(self.ends.get(&(topic.clone(), *partition)).map_or(0, |ends| ends.1)), None);
        }
    }

    pub(in crate::model) fn commit_with(
        &mut self,
        group: &str,
        topic: &str,
        offset: i64,
        progress: Progress,
    ) {
        self.commits.insert((group.to_owned(), topic.to_owned(), 0), (Some(offset), Some(progress)));
    }

    pub(in crate::model) fn state(&mut self, group: &str, state: GroupState) {
        self.states.insert(group.to_owned(), state);
    }

    /// Whether a group can be asked about.
    pub(in crate::model) fn answers(&mut self, group: &str, answers: bool) {
        if answers {
            self.silent.remove(group);
        } else {
            self.silent.insert(group.to_owned());
        }
    }

    /// Retention takes everything below `start`.
    pub(in crate::model) fn retain(&mut self, topic: &str, start: i64) {
        let ends = self.ends.entry((topic.to_owned(), 0)).or_default();
        *ends = (start, ends.1.max(start));
    }

    /// One look: groups, ends, and a tick.
    pub(in crate::model) fn look(&mut self) {
        self.look_at_groups();
        self.look_at_ends();
        self.model.tick(self.now);
    }

    pub(in crate::model) fn look_at_groups(&mut self) {
        let answering = self.commits.iter().filter(|((group, ..), _)| !self.silent.contains(group));
        let committed = answering.map(|((group, topic, partition), (offset, progress))| Committed {
            group: group.as_str().into(),
            topic: topic.as_str().into(),
            partition: *partition,
            offset: *offset,
            progress: progress.clone(),
        });
        let states = self.states.iter().filter(|(group, _)| !self.silent.contains(*group));
        let states = states.map(|(group, state)| (group.as_str().into(), *state)).collect();
        self.model.groups(&Groups { at: self.now, committed: committed.collect(), states });
    }

    pub(in crate::model) fn look_at_ends(&mut self) {
        self.now += 1;
        let partitions = self.ends.iter().map(|((topic, partition), (start, end))| PartitionEnds {
            topic: topic.as_str().into(),
            partition: *partition,
            start: *start,
            end: *end,
        });
        self.model.ends(&Ends {
            at: self.now,
            partitions_at: self.partitions_at.unwrap_or(self.now),
            partitions: partitions.collect(),
        });
        self.now += 1;
    }

    /// Looks every two seconds for so long.
    pub(in crate::model) fn look_for(&mut self, ms: Millis) {
        for _ in 0..ms / 2_000 {
            self.wait(1_998);
            self.look();
        }
    }

    pub(in crate::model) fn summary(&self, id: &str) -> InstanceSummary {
        self.model.instance(id, self.now).unwrap().summary
    }

    pub(in crate::model) fn is(&self, id: &str) -> (InstanceState, Option<StallReason>) {
        let summary = self.summary(id);
        (summary.state, summary.reason)
    }

    /// Where the event `event` of an instance is at a step.
    pub(in crate::model) fn at(&self, id: &str, event: &str, step: &str) -> StepState {
        let instance = self.model.instance(id, self.now).unwrap();
        let event = instance.events.into_iter().find(|it| it.id == event).unwrap();
        event.steps.into_iter().find(|it| it.step == step).unwrap().state
    }
}

/// The id of an order's dead letter.
pub(in crate::model) fn letter(order: &str, step: &str, replays: &str) -> String {
    uuid_of(&format!("{order} {step} {replays}"))
}

/// A UUID that stands for a text.
pub(in crate::model) fn uuid_of(text: &str) -> String {
    uuid::Builder::from_random_bytes(xxhash_rust::xxh3::xxh3_128(text.as_bytes()).to_le_bytes())
        .into_uuid()
        .to_string()
}

/// A record held back after `attempts`.
pub(in crate::model) fn held(offset: i64, attempts: u32, due: Millis) -> Held {
    Held { offset, attempts, due, first_failed_at: START, outage: false }
}
