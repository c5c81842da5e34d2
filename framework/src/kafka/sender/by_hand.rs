//! Both threads moved by hand, in any order, with a producer that does whatever producers do. What the sending thread does,
//! it does between calls of its way; so the step moves in each of these calls, and no two threads are needed to have them
//! meet in every way in which they can.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;

use super::thread::Sending;
use super::*;
use crate::runner::port::{Delivery, HeaderList, OwnedOutgoing};

/// Turns of both threads within which everything is acknowledged once nothing fails any more.
const PATIENCE: usize = 1_000;

/// What happens next.
#[derive(Debug, Clone)]
enum Move {
    /// The step emits records of so many bytes.
    Emit(usize, usize),
    /// The step has a turn: it sends again what came back, and takes reports.
    Turn,
    /// The step hands over what it packed.
    HandOver,
    /// So many milliseconds go by.
    Tick(u64),
    /// The step hears so many of the reports that it took, and emits a record for each, as a settled record lets the next
    /// one start.
    Hear(usize),
    /// The broker acknowledges so many records.
    Acknowledge(usize),
    /// The producer dies, and the log has so many records of which nobody hears.
    Die(usize),
    /// The dead producer hands so many records back.
    HandBack(usize),
    /// The next one lives once somebody looks, who is told of all that the dead one held.
    Replace,
    /// The producer cannot take anything, so many times.
    Fill(usize),
    /// The producer finds out that there is no topic, and hands back what it holds.
    LoseTopic,
    /// There is a topic again. What goes there is refused until somebody has looked, all the same.
    FindTopic,
    /// The sending thread goes on.
    Go,
}

/// Everything but the sending thread.
struct World {
    moves: VecDeque<Move>,
    step: Step,
    producer: Producer,
}

impl World {
    /// Moves until it is the sending thread's turn.
    fn play(&mut self) {
        while let Some(next) = self.moves.pop_front() {
            match next {
                Move::Emit(records, bytes) => {
                    for _ in 0..records {
                        self.step.emit(bytes);
                    }
                }
                Move::Turn => self.step.turn(),
                Move::HandOver => self.step.sender.hand_over(),
                Move::Tick(millis) => self.step.now += millis,
                Move::Hear(reports) => self.step.hear(reports, true),
                Move::Go => return,
                of_producer => self.producer.make(&of_producer),
            }
        }
        self.producer.calm();
        self.step.turn();
        self.step.hear(usize::MAX, false);
        self.step.sender.hand_over();
    }
}

/// What the runner does: sends in order, and again in order what comes back. All records have one key.
struct Step {
    sender: Sender,
    now: u64,
    next: u64,
    /// To be sent.
    unsent: BTreeMap<u64, OwnedOutgoing>,
    /// Taken, and not told of.
    under_way: BTreeSet<u64>,
    acknowledged: BTreeSet<u64>,
    /// Reports that it took, until it has heard of all.
    hears: Option<VecDeque<Report>>,
}

impl Step {
    fn new(sender: Sender) -> Self {
        let (under_way, acknowledged) = (BTreeSet::new(), BTreeSet::new());
        Self { sender, now: 0, next: 0, unsent: BTreeMap::new(), under_way, acknowledged, hears: None }
    }

    fn emit(&mut self, bytes: usize) {
        let (tag, value) = (self.next, vec![b'x'; bytes]);
        let record =
            Outgoing { topic: "out", key: Some(b"key"), value: Some(&value), headers: HeaderList::of(&[]) };
        self.next += 1;
        if !self.unsent.is_empty() || !self.send(tag, &record) {
            self.unsent.insert(tag, record.owned());
        }
    }

    fn send(&mut self, tag: u64, record: &Outgoing<'_>) -> bool {
        let is_taken = self.sender.send(record, Tag(tag), self.now).is_ok();
        if is_taken {
            assert!(self.under_way.insert(tag), "{tag} is sent twice");
        }
        is_taken
    }

    fn turn(&mut self) {
        self.hear(usize::MAX, false);
        while let Some((tag, record)) = self.unsent.pop_first() {
            let (key, value) = (record.key.as_deref(), record.value.as_deref());
            if !self.send(tag, &Outgoing { topic: &record.topic, key, value, headers: HeaderList::of(&[]) }) {
                self.unsent.insert(tag, record);
                break;
            }
        }
        let mut reports = Vec::new();
        self.sender.poll(&mut reports);
        self.hears = Some(reports.into());
    }

    fn hear(&mut self, reports: usize, emits: bool) {
        for _ in 0..reports {
            let Some(hears) = &mut self.hears else { return };
            let Some((Tag(tag), delivery)) = hears.pop_front() else {
                self.hears = None;
                return self.sender.heard();
            };
            assert!(self.under_way.remove(&tag), "{tag} is told of twice");
            match delivery {
                Delivery::Acknowledged { .. } => assert!(self.acknowledged.insert(tag)),
                Delivery::Unsent { record } | Delivery::Setup { record, .. } => {
                    self.unsent.insert(tag, *record);
                }
                refused @ Delivery::Refused { .. } => panic!("{refused:?}"),
            }
            if emits {
                self.emit(1);
            }
        }
    }
}

/// A producer and its broker.
#[derive(Default)]
struct Producer {
    /// How many records are on the log, each counted where it first is; which one comes next if none passes another.
    logged: u64,
    held: VecDeque<(u64, OwnedOutgoing)>,
    told: Vec<Report>,
    full: usize,
    dead: bool,
    /// The dead one can be replaced.
    has_heir: bool,
    /// The topic is missing. What goes there is refused at once.
    lost: bool,
}

impl Producer {
    fn make(&mut self, of_producer: &Move) {
        match *of_producer {
            Move::Acknowledge(records) if !self.dead => self.acknowledge(records),
            Move::Die(logged) => {
                // Of what a dead producer holds, nothing more is logged.
                let logged = if self.dead { 0 } else { logged };
                let tags: Vec<u64> = self.held.iter().take(logged).map(|(tag, _)| *tag).collect();
                for tag in tags {
                    self.log(tag);
                }
                self.dead = true;
            }
            Move::HandBack(records) if self.dead => self.hand_back(records),
            Move::Replace => self.has_heir = self.dead,
            Move::Fill(times) => self.full = times,
            Move::LoseTopic if !self.dead => {
                self.lost = true;
                while let Some((tag, record)) = self.held.pop_front() {
                    self.refuse(tag, record);
                }
            }
            Move::FindTopic => self.lost = false,
            _ => {}
        }
    }

    /// Nothing fails any more, and all is acknowledged.
    fn calm(&mut self) {
        (self.full, self.lost, self.has_heir) = (0, false, self.dead);
        if !self.dead {
            self.acknowledge(usize::MAX);
        }
    }

    fn send(&mut self, tag: u64, record: OwnedOutgoing) -> Result<(), PublishError> {
        if self.dead {
            return Err(PublishError::Producer("dead".to_owned()));
        }
        if self.full > 0 {
            self.full -= 1;
            return Err(PublishError::QueueFull);
        }
        // As an outlet that refused one at once. Of one that the producer finds out about later it hears at the next look, and
        // what is sent between may pass it, where the topic comes back in that time.
        if self.lost || self.told.iter().any(|(_, told)| matches!(told, Delivery::Setup { .. })) {
            self.refuse(tag, record);
        } else {
            self.held.push_back((tag, record));
        }
        Ok(())
    }

    fn poll(&mut self) -> Vec<Report> {
        if std::mem::take(&mut self.has_heir) {
            self.hand_back(usize::MAX);
            self.dead = false;
        }
        std::mem::take(&mut self.told)
    }

    fn acknowledge(&mut self, records: usize) {
        for _ in 0..records.min(self.held.len()) {
            let Some((tag, _)) = self.held.pop_front() else { return };
            self.log(tag);
            self.told.push((Tag(tag), Delivery::Acknowledged { partition: 0, offset: 0 }));
        }
    }

    fn refuse(&mut self, tag: u64, record: OwnedOutgoing) {
        let record = Box::new(record);
        self.told.push((Tag(tag), Delivery::Setup { topic: "out".into(), error: "none".into(), record }));
    }

    fn hand_back(&mut self, records: usize) {
        let back = self.held.drain(..records.min(self.held.len()));
        self.told.extend(back.map(|(tag, record)| (Tag(tag), Delivery::Unsent { record: Box::new(record) })));
    }

    fn log(&mut self, tag: u64) {
        assert!(tag <= self.logged, "{tag} passes {}", self.logged);
        self.logged += u64::from(tag == self.logged);
    }
}

struct ByHand(Rc<RefCell<World>>);

impl Way for ByHand {
    fn send(&mut self, record: &Outgoing<'_>, tag: Tag) -> Result<(), PublishError> {
        let mut world = self.0.borrow_mut();
        world.play();
        let sent = world.producer.send(tag.0, record.owned());
        world.play();
        sent
    }

    fn poll(&mut self, reports: &mut Vec<Report>) {
        let mut world = self.0.borrow_mut();
        world.play();
        reports.append(&mut world.producer.poll());
        world.play();
    }

    fn unreported(&self) -> usize {
        let producer = &self.0.borrow().producer;
        producer.held.len() + producer.told.len()
    }

    fn producer(&self) -> Weak<StepProducer> {
        Weak::new()
    }

    fn close(self, _: u64) -> Vec<Report> {
        self.0.borrow_mut().producer.poll()
    }

    fn rest(&mut self, _: Duration) {
        self.0.borrow_mut().play();
    }
}

/// Plays all moves, then until everything is acknowledged.
fn play(moves: Vec<Move>) {
    let sender = Sender::idle();
    let shared = Arc::clone(&sender.shared);
    let world = World { moves: moves.into(), step: Step::new(sender), producer: Producer::default() };
    let world = Rc::new(RefCell::new(world));
    let wake = Notify::new();
    let mut sending = Sending::new(ByHand(Rc::clone(&world)), &shared, &wake);
    let mut calm = 0;
    loop {
        let is_calm = {
            let mut world = world.borrow_mut();
            world.play();
            if world.step.acknowledged.len() as u64 == world.step.next && world.moves.is_empty() {
                break;
            }
            world.moves.is_empty()
        };
        calm += usize::from(is_calm);
        assert!(calm < PATIENCE, "something is never acknowledged");
        if let (Some(batch), _) = sending.next(Duration::ZERO) {
            sending.send_all(batch);
        }
        sending.look();
    }
    let state = shared.state();
    assert_eq!((state.waiting, state.reports.len(), state.batches.len()), (0, 0, 0));
    assert!(world.borrow().step.under_way.is_empty());
}

fn any_move() -> impl Strategy<Value = Move> {
    // Also more than are sent between two looks, and so large that they are handed over within a turn.
    let records = prop_oneof![8 => (1..4_usize, Just(1)), 1 => (60..140_usize, Just(1)), 1 => (2..4_usize, Just(BATCH_BYTES / 2))];
    prop_oneof![
        20 => Just(Move::Go),
        6 => Just(Move::Turn),
        3 => Just(Move::HandOver),
        2 => (1..=HAND_OVER_MS).prop_map(Move::Tick),
        6 => (1..5_usize).prop_map(Move::Hear),
        3 => (1..4_usize).prop_map(Move::Acknowledge),
        2 => records.prop_map(|(records, bytes)| Move::Emit(records, bytes)),
        2 => Just(Move::Replace),
        1 => (0..3_usize).prop_map(Move::Die),
        1 => (1..3_usize).prop_map(Move::HandBack),
        1 => (1..3_usize).prop_map(Move::Fill),
        1 => Just(Move::LoseTopic),
        1 => Just(Move::FindTopic),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_whatever_order_they_meet_nothing_passes_nor_is_lost(moves in prop::collection::vec(any_move(), 1..200)) {
        play(moves);
    }
}

#[test]
fn what_cannot_be_taken_by_the_end_is_turned_back_in_order() {
    let sender = Sender::idle();
    let shared = Arc::clone(&sender.shared);
    let mut step = Step::new(sender);
    step.emit(1);
    step.emit(1);
    step.sender.hand_over();
    let producer = Producer { full: usize::MAX, ..Producer::default() };
    // As the thread goes on, the step no longer moves.
    let world = World { moves: vec![Move::Go; 100].into(), step, producer };
    let world = Rc::new(RefCell::new(world));
    let wake = Notify::new();
    let mut sending = Sending::new(ByHand(Rc::clone(&world)), &shared, &wake);
    shared.state().close_by = Some(0);
    let (Some(batch), Some(0)) = sending.next(Duration::ZERO) else { panic!("a batch, and the end") };
    sending.send_all(batch);
    let step = &mut world.borrow_mut().step;
    step.turn();
    step.hear(usize::MAX, false);
    assert!(step.unsent.keys().copied().eq(0..2), "{:?}", step.unsent);
    assert!(step.under_way.is_empty());
}
