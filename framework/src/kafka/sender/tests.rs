use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::acknowledge::ReportBox;
use super::super::client::Connection;
use super::super::embedded::EmbeddedBroker;
use super::super::rights::Needs;
use super::super::status::Status;
use super::*;
use crate::clock;
use crate::ops::Health;
use crate::runner::port::{Delivery, HeaderList, OwnedOutgoing};
use crate::settings::Settings;
use crate::telemetry::Telemetry;

/// How long anything may take on a busy machine.
const PATIENCE_MS: u64 = 60_000;

/// A sender to a broker's topic `out`, and where its producer's reports go by.
fn sender(broker: &EmbeddedBroker) -> (Sender, Arc<ReportBox>) {
    let settings = Settings::read(broker.environment()).unwrap();
    let telemetry = Telemetry::quiet().step("test", "out", "test.out");
    let status = Arc::new(Status::new(Health::new().step("test/out"), Arc::new(telemetry), Needs::default()));
    let outlet = Outlet::open(&Connection::new(&settings.kafka), "test.out", &status).unwrap();
    let inbox = outlet.inbox();
    (Sender::start("test.out", outlet, Arc::new(Notify::new())).unwrap(), inbox)
}

fn record(value: &[u8]) -> Outgoing<'_> {
    Outgoing {
        topic: "out",
        key: Some(b"key"),
        value: Some(value),
        headers: HeaderList::of(&[("name", Some(b"text"))]),
    }
}

/// What the runner does: sends in order, and again in order what comes back.
struct Step {
    sender: Sender,
    next: u64,
    unsent: BTreeMap<u64, OwnedOutgoing>,
    /// Offsets by tag.
    acknowledged: BTreeMap<u64, i64>,
}

impl Step {
    fn new(sender: Sender) -> Self {
        Self { sender, next: 0, unsent: BTreeMap::new(), acknowledged: BTreeMap::new() }
    }

    fn send(&mut self) {
        let value = self.next.to_string();
        let record = record(value.as_bytes());
        if !self.unsent.is_empty() || self.sender.send(&record, Tag(self.next), 0).is_err() {
            self.unsent.insert(self.next, record.owned());
        }
        self.next += 1;
    }

    /// One turn. A record is sent for each of the first `news` reports, as a settled record lets the next one start.
    fn turn(&mut self, mut news: usize) {
        while let Some((tag, record)) = self.unsent.pop_first() {
            let headers: Vec<_> = record.headers.iter().map(|(n, v)| (n.as_str(), v.as_deref())).collect();
            let (key, value) = (record.key.as_deref(), record.value.as_deref());
            let outgoing = Outgoing { topic: &record.topic, key, value, headers: HeaderList::of(&headers) };
            if self.sender.send(&outgoing, Tag(tag), 0).is_err() {
                self.unsent.insert(tag, record);
                break;
            }
        }
        let mut reports = Vec::new();
        self.sender.poll(&mut reports);
        for (Tag(tag), delivery) in reports {
            match delivery {
                Delivery::Acknowledged { offset, .. } => {
                    assert!(self.acknowledged.insert(tag, offset).is_none(), "{tag} twice");
                }
                Delivery::Unsent { record } => {
                    self.unsent.insert(tag, *record);
                }
                other => panic!("{other:?}"),
            }
            if news > 0 {
                news -= 1;
                self.send();
            }
        }
        self.sender.heard();
        self.sender.hand_over();
    }

    /// Turns until everything is acknowledged.
    fn settle(&mut self) {
        let deadline = clock::millis() + PATIENCE_MS;
        while self.acknowledged.len() as u64 != self.next {
            assert!(clock::millis() < deadline, "{} of {}", self.acknowledged.len(), self.next);
            assert!(!self.sender.is_gone());
            self.turn(0);
            std::thread::yield_now();
        }
    }
}

#[test]
fn what_is_taken_is_sent_in_order_and_closing_sends_the_rest() {
    let broker = EmbeddedBroker::start().unwrap();
    broker.create_topic("out", 1).unwrap();
    let mut step = Step::new(sender(&broker).0);
    for _ in 0..1_000 {
        step.send();
    }
    step.settle();
    assert!(step.acknowledged.values().copied().eq(0..1_000));
    for tag in 0..10 {
        step.sender.send(&record(b"last"), Tag(1_000 + tag), 0).unwrap();
    }
    assert_eq!(step.sender.close(clock::millis() + PATIENCE_MS), 10);
}

#[test]
fn a_record_too_large_is_refused_alone() {
    let broker = EmbeddedBroker::start().unwrap();
    broker.create_topic("out", 1).unwrap();
    let (mut sender, _) = sender(&broker);
    let large = vec![b'x'; 2_000_000];
    for (tag, value) in [(0, &b"first"[..]), (1, &large), (2, b"last")] {
        sender.send(&record(value), Tag(tag), 0).unwrap();
    }
    sender.hand_over();
    let (mut told, deadline) = (BTreeMap::new(), clock::millis() + PATIENCE_MS);
    while told.len() < 3 {
        assert!(clock::millis() < deadline, "{told:?}");
        let mut reports = Vec::new();
        sender.poll(&mut reports);
        sender.heard();
        told.extend(reports.into_iter().map(|(tag, delivery)| (tag.0, delivery)));
        std::thread::yield_now();
    }
    assert!(matches!(&told[&1], Delivery::Refused { error } if error.contains("SIZE_TOO_LARGE")), "{told:?}");
    assert!([0, 2].iter().all(|tag| matches!(told[tag], Delivery::Acknowledged { .. })), "{told:?}");
}

#[test]
fn what_waits_is_bounded_while_the_producer_takes_nothing() {
    const BYTES: usize = 512 * 1024;
    let broker = EmbeddedBroker::start().unwrap();
    broker.create_topic("out", 1).unwrap();
    broker.go_away().unwrap();
    let (mut sender, _) = sender(&broker);
    let large = vec![b'x'; BYTES];
    let deadline = clock::millis() + PATIENCE_MS;
    let mut taken = 0;
    while !sender.is_stuck {
        assert!(clock::millis() < deadline && taken < 600, "{taken}");
        taken += u64::from(sender.send(&record(&large), Tag(taken), 0).is_ok());
        sender.poll(&mut Vec::new());
        assert!(sender.waiting <= MAX_WAITING_BYTES + 2 * BYTES, "{}", sender.waiting);
    }
    assert!(matches!(sender.send(&record(b"more"), Tag(taken), 0), Err(PublishError::QueueFull)));
    sender.close(clock::millis());
}

/// Where the step's thread panics, nobody closes its sender.
#[test]
fn the_thread_ends_with_its_sender() {
    let broker = EmbeddedBroker::start().unwrap();
    broker.create_topic("out", 1).unwrap();
    let (mut sender, _) = sender(&broker);
    sender.send(&record(b"first"), Tag(0), 0).unwrap();
    let shared = Arc::downgrade(&sender.shared);
    let deadline = clock::millis() + PATIENCE_MS;
    drop(sender);
    while shared.strong_count() > 0 {
        assert!(clock::millis() < deadline, "the thread goes on");
        std::thread::yield_now();
    }
}

#[test]
fn what_was_taken_is_handed_over_when_the_turn_ends_and_before_once_the_first_of_it_is_old() {
    let mut sender = Sender::idle();
    sender.send(&record(b"value"), Tag(0), 70).unwrap();
    sender.send(&record(b"value"), Tag(1), 70 + HAND_OVER_MS - 1).unwrap();
    let mut handed = |step: fn(&mut Sender)| {
        step(&mut sender);
        sender.shared.state().batches.len()
    };
    assert_eq!(handed(|sender| sender.hand_over_older(70 + HAND_OVER_MS - 1)), 0);
    assert_eq!(handed(|sender| sender.hand_over_older(70 + HAND_OVER_MS)), 1, "both at once");
    assert_eq!(handed(|sender| sender.hand_over_older(100)), 1, "nothing is left");
    assert_eq!(handed(|sender| sender.send(&record(b"value"), Tag(2), 100).unwrap()), 1);
    assert_eq!(handed(Sender::hand_over), 2, "the turn ends");
    assert_eq!(handed(Sender::hand_over), 2);
}

#[test]
fn a_batch_that_is_full_is_handed_over_in_a_turn() {
    let mut sender = Sender::idle();
    let half = vec![b'v'; BATCH_BYTES / 2];
    for (tag, batches) in [(0, 0), (1, 1), (2, 1)] {
        sender.send(&record(&half), Tag(tag), 70).unwrap();
        assert_eq!(sender.shared.state().batches.len(), batches);
    }
}

#[test]
fn a_thread_that_hangs_shows() {
    let mut sender = Sender::idle();
    let now = clock::millis();
    assert!(sender.turns(now));
    sender.shared.state().turned_at = now;
    sender.poll(&mut Vec::new());
    assert!(sender.turns(now + LONGEST_TURN_MS - 1) && !sender.turns(now + LONGEST_TURN_MS));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// With producers that die at any moment, while records are sent again and new ones behind them.
    #[test]
    fn whatever_dies_the_order_is_kept(deaths in prop::collection::vec((1_usize..400, 0_usize..60), 1..8)) {
        let broker = EmbeddedBroker::start().unwrap();
        broker.create_topic("out", 1).unwrap();
        let (sender, inbox) = sender(&broker);
        let mut step = Step::new(sender);
        for (records, news) in deaths {
            for _ in 0..records {
                step.send();
                if step.next.is_multiple_of(50) {
                    step.turn(news);
                }
            }
            inbox.set_fatal();
            step.turn(news);
        }
        step.settle();
        let offsets: Vec<i64> = step.acknowledged.values().copied().collect();
        prop_assert!(offsets.is_sorted_by(|a, b| a < b), "{offsets:?}");
    }
}

#[test]
fn a_record_that_is_refused_at_once_leaves_those_around_it_as_they_are() {
    let mut sender = Sender::idle();
    // Never written to, so that it takes no memory.
    let part = vec![0; i32::MAX as usize / 16];
    let headers = [("", Some(part.as_slice())); 17];
    let long = Outgoing { headers: HeaderList::of(&headers), ..record(b"long") };
    sender.send(&record(b"0"), Tag(0), 0).unwrap();
    let refusal = Err(PublishError::Record("MSG_SIZE_TOO_LARGE".to_owned()));
    assert_eq!(sender.send(&long, Tag(1), 0), refusal);
    // The tag is free: nothing is going to be reported under it.
    sender.send(&record(b"1"), Tag(1), 0).unwrap();
    sender.hand_over();
    let mut sent = Vec::new();
    for batch in &sender.shared.state().batches {
        batch.each(|record, tag| sent.push((record.owned(), tag)));
    }
    assert_eq!(sent, [(record(b"0").owned(), Tag(0)), (record(b"1").owned(), Tag(1))]);
}
