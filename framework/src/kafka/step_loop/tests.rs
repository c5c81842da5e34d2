//! The loop turned by hand on the embedded broker, outside any group.

use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use super::super::assign::{Begin, Start};
use super::super::close::close;
use super::super::commit::CommitResult;
use super::super::context::{Rebalance, StepContext};
use super::super::driven::{Driven, Stop};
use super::super::embedded::EmbeddedBroker;
use super::super::errands::{Clerk, Errands};
use super::super::marks::{Marks, Progress};
use super::super::partition::Partition;
use super::super::port::KafkaPort;
use super::super::publish::Outlet;
use super::super::record::KafkaRecord;
use super::super::sender::Sender;
use super::super::tests::running::{PATIENCE, broker, feed, numbers, setup};
use super::{CLOSE_MS, LONGEST_BATCH_MS, Loop};
use crate::clock::{self, Wall};
use crate::engine::{Slot, Time};
use crate::ops::Health;
use crate::runner::port::{Delivery, RawRecord, Tag};
use crate::settings::LogFormat;
use crate::telemetry::logged;

/// A stand-in for the runner: it notes what it is told.
#[derive(Default)]
struct Notes {
    taken: Vec<i64>,
    /// How often partitions were taken away.
    lost: usize,
    /// How long each record keeps the thread busy.
    costs: Duration,
}

impl<'c> Driven<KafkaPort<'c>> for Notes {
    fn wants_records(&self) -> bool {
        true
    }

    fn assigned(&mut self, _: Time, _: Slot, _: Option<i64>, _: Option<&str>) {}

    fn take(&mut self, _: Time, _: Slot, record: KafkaRecord, _: &mut KafkaPort<'c>) {
        self.taken.push(record.offset());
        let done = clock::instant() + self.costs;
        while clock::instant() < done {
            std::hint::spin_loop();
        }
    }

    fn turn(&mut self, _: Time, _: &mut Context<'_>, _: &mut KafkaPort<'c>) -> bool {
        false
    }

    fn delivered(&mut self, _: Time, _: Tag, _: Delivery, _: &mut KafkaPort<'c>) {}

    fn committed(&mut self, _: Time, _: Slot, _: i64, _: bool) {}

    fn oldest(&self, _: Slot) -> Option<i64> {
        None
    }

    fn revoked(&mut self, _: Time, _: &[Slot]) {}

    fn lost(&mut self, _: &[Slot]) {
        self.lost += 1;
    }

    fn shutdown(&mut self, _: Time) {}

    fn next_wake(&self) -> Option<Time> {
        None
    }

    fn stopped(&self) -> bool {
        true
    }

    fn left_behind(&self) -> usize {
        0
    }
}

/// Lends a loop that owns nothing yet to `test`.
fn by_hand(broker: &EmbeddedBroker, health: &Health, test: impl FnOnce(&mut Loop<'_, Notes>)) {
    let setup = setup(broker, Begin::Earliest, health);
    let stop = Stop::default();
    let context = StepContext::new(Arc::clone(&setup.status));
    let wake = || Arc::clone(&stop.wake);
    let consumer = setup.connection.consumer(&setup.name, &setup.group, context, wake()).unwrap();
    let clerk = Clerk {
        connection: setup.connection.clone(),
        topics: setup.topics.clone(),
        begin: setup.begin,
        wake: wake(),
    };
    let errands = Errands::start(&setup.name, Arc::clone(&consumer), clerk).unwrap();
    let outlet = Outlet::open(&setup.connection, &setup.name, &setup.status).unwrap();
    let sender = Sender::start(&setup.name, outlet, wake()).unwrap();
    let mut turning = Loop::new(&setup, &stop, &consumer, &errands, sender, Notes::default());
    test(&mut turning);
    turning.end();
    errands.end();
    close(consumer, false, clock::millis() + CLOSE_MS);
}

/// The only partition of `in`.
fn input() -> Partition {
    Partition { topic: "in".into(), number: 0 }
}

/// The loop is given [`input`], to be read from `offset` on.
fn own(turning: &mut Loop<'_, Notes>, offset: i64) -> Slot {
    let (now, partition) = (clock::millis(), input());
    let slot = turning.port.slots.of(&partition);
    turning.rebalance(now, Rebalance::Assigned(vec![partition.clone()]));
    let start = Start {
        slot,
        partition,
        offset,
        committed: None,
        before: None,
        metadata: None,
        commit_first: false,
        lost: None,
        beyond: false,
    };
    turning.arrive(now, &[start]);
    slot
}

/// Reads until `count` records were taken in all.
fn read_to(turning: &mut Loop<'_, Notes>, count: usize) {
    let deadline = clock::instant() + PATIENCE;
    while turning.driven.taken.len() < count {
        assert!(clock::instant() < deadline, "only {:?} came", turning.driven.taken);
        if !turning.read(clock::millis()).unwrap() {
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }
}

#[test]
fn what_was_fetched_before_the_logs_start_moved_is_taken_and_nothing_is_forgotten() {
    let (broker, health) = (broker(1), Health::new());
    by_hand(&broker, &health, |turning| {
        let slot = own(turning, 0);
        feed(&broker, numbers(0..3));
        read_to(turning, 3);
        turning.compare(Marks { slot, low: 10, high: 20 });
        feed(&broker, numbers(3..6));
        read_to(turning, 6);
        turning.compare(Marks { slot, low: 10, high: 20 });
        assert_eq!(turning.driven.taken, [0, 1, 2, 3, 4, 5]);
        assert_eq!(turning.driven.lost, 0, "the ledger was thrown away");
        assert_eq!(health.report().steps[0].lost, [], "these were read");
        // Nothing more came: now they are.
        turning.compare(Marks { slot, low: 10, high: 20 });
        assert_eq!(
            health.report().steps[0].lost.iter().map(|lost| (lost.from, lost.to)).collect::<Vec<_>>(),
            [(6, 10)]
        );
    });
}

#[test]
fn a_partition_that_left_while_it_was_paused_is_read_when_it_comes_back() {
    use crate::runner::port::Port;

    let (broker, health) = (broker(1), Health::new());
    by_hand(&broker, &health, |turning| {
        let slot = own(turning, 0);
        feed(&broker, numbers(0..3));
        read_to(turning, 3);
        turning.port.pause(slot);
        turning.rebalance(clock::millis(), Rebalance::Lost(vec![input()]));
        own(turning, 3);
        feed(&broker, numbers(3..6));
        read_to(turning, 6);
        // Everything was stopped for the runner's sake when it left.
        turning.port.stop_all();
        turning.rebalance(clock::millis(), Rebalance::Lost(vec![input()]));
        turning.port.resume_all();
        own(turning, 6);
        feed(&broker, numbers(6..9));
        read_to(turning, 9);
        assert_eq!(turning.driven.taken, (0..9).collect::<Vec<i64>>());
    });
}

#[test]
fn records_that_take_the_thread_long_end_the_batch() {
    let (broker, health) = (broker(1), Health::new());
    by_hand(&broker, &health, |turning| {
        own(turning, 0);
        turning.driven.costs = Duration::from_millis(LONGEST_BATCH_MS + 10);
        feed(&broker, numbers(0..20));
        for turn in 1..=20 {
            read_to(turning, turn);
            assert_eq!(
                turning.driven.taken.len(),
                turn,
                "no timer and no other handler had its turn in between"
            );
        }
    });
}

#[test]
fn commits_that_fail_are_told_once_for_all_and_once_that_they_are_over() {
    let (broker, health) = (broker(1), Health::new());
    let told = logged(LogFormat::Human, || {
        by_hand(&broker, &health, |turning| {
            let result = |slot, error: Option<&str>| CommitResult {
                slot: Slot(slot),
                topic: "orders".into(),
                offset: 1,
                at: Wall::at_ms(0),
                error: error.map(str::to_owned),
            };
            for _ in 0..3 {
                let failed = (0..50).map(|slot| result(slot, Some("no broker answered")));
                turning.commit_results(clock::millis(), failed.collect());
            }
            for _ in 0..2 {
                turning.commit_results(clock::millis(), vec![result(0, None)]);
            }
        });
    });
    let lines = |what: &str| told.lines().filter(|line| line.contains(what)).count();
    assert_eq!((lines("commits fail"), lines("commits go through again")), (1, 1), "{told}");
}

#[test]
fn a_log_that_went_back_is_committed_anew_at_once() {
    let (broker, health) = (broker(1), Health::new());
    by_hand(&broker, &health, |turning| {
        let slot = own(turning, 0);
        let seat = turning.port.seat(slot).unwrap();
        (seat.progress, seat.before) = (Progress::at(10), Some(10));
        feed(&broker, numbers(0..3));
        read_to(turning, 3);
        assert_eq!((turning.driven.lost, &turning.driven.taken[..]), (1, &[0, 1, 2][..]));
        turning.flush_commits(clock::millis());
        let [first] = &turning.unconfirmed[..] else { panic!("one commit: {:?}", turning.unconfirmed) };
        // What the group has of the log before this one shows nothing.
        assert_eq!((first.offset, first.before), (0, Some(10)));
    });
}
