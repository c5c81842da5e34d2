//! Each law on a schedule small enough to read.

use std::time::Duration;

use crate::engine::{
    Command, Engine, Finish, Reason, Retry, Settings, Slot, Ticket, Time, read_metadata, settings::OutageRule,
};

const A: Slot = Slot(0);
const B: Slot = Slot(1);

type Machine = Engine<i64, &'static str>;

fn engine(settings: Settings) -> Machine {
    let mut engine = Engine::new(settings);
    engine.assigned(Time(0), A, None, None);
    engine.assigned(Time(0), B, None, None);
    assert_eq!(commands(&mut engine), []);
    engine
}

fn commands(engine: &mut Machine) -> Vec<Command<&'static str>> {
    std::iter::from_fn(|| engine.next_command()).collect()
}

/// The runs asked for: offset and attempt.
fn runs(engine: &mut Machine) -> Vec<(Ticket, i64, u32)> {
    commands(engine)
        .into_iter()
        .map(|command| match command {
            Command::Run { ticket, attempt } => (ticket, *engine.record(ticket).unwrap(), attempt),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn commits(engine: &mut Machine) -> Vec<(Slot, i64, Option<String>)> {
    commands(engine)
        .into_iter()
        .filter_map(|command| match command {
            Command::Commit { slot, offset, metadata } => Some((slot, offset, metadata)),
            _ => None,
        })
        .collect()
}

fn take(engine: &mut Machine, now: u64, slot: Slot, offset: i64, lane: Option<u64>) {
    assert!(engine.take(Time(now), slot, offset, lane, offset));
}

const DONE: Finish<&str> = Finish::Done { publishes: 0 };

#[test]
fn a_record_runs_is_settled_and_committed() {
    let mut engine = engine(Settings::default());
    take(&mut engine, 1, A, 5, Some(1));
    let [(ticket, 5, 1)] = runs(&mut engine)[..] else { panic!() };
    engine.finished(Time(2), ticket, Finish::Done { publishes: 2 });
    engine.acknowledged(Time(3), ticket);
    engine.tick(Time(500));
    assert_eq!(commits(&mut engine), [(A, 5, None)], "the start of the group, nothing settled yet");
    engine.committed(Time(501), A, 5, true);
    engine.acknowledged(Time(502), ticket);
    assert_eq!(engine.record(ticket), None);
    engine.tick(Time(2_000));
    assert_eq!(commits(&mut engine), [(A, 6, None)]);
    engine.committed(Time(2_001), A, 6, true);
    engine.tick(Time(9_000));
    assert_eq!(commands(&mut engine), []);
    assert_eq!(engine.next_wake(), None);
}

#[test]
fn acknowledgements_may_come_before_the_handler_is_said_to_be_done() {
    let mut engine = engine(Settings::default());
    take(&mut engine, 1, A, 0, None);
    let [(ticket, ..)] = runs(&mut engine)[..] else { panic!() };
    engine.acknowledged(Time(1), ticket);
    engine.finished(Time(2), ticket, Finish::Done { publishes: 2 });
    assert!(engine.record(ticket).is_some());
    engine.acknowledged(Time(3), ticket);
    assert!(engine.record(ticket).is_none());
}

#[test]
fn one_key_runs_in_order_and_others_beside_it() {
    let mut engine = engine(Settings::default());
    for (offset, lane) in [(0, Some(1)), (1, Some(1)), (2, Some(2)), (3, None), (4, None)] {
        take(&mut engine, 1, A, offset, lane);
    }
    let started = runs(&mut engine);
    assert_eq!(started.iter().map(|run| run.1).collect::<Vec<_>>(), [0, 2, 3, 4]);
    engine.finished(Time(2), started[0].0, Finish::Done { publishes: 1 });
    assert_eq!(runs(&mut engine)[0].1, 1, "handed over is enough for the key to go on");
}

#[test]
fn the_concurrency_is_shared_over_partitions() {
    let mut engine = engine(Settings { concurrency: 2, ..Settings::default() });
    for offset in 0..10 {
        take(&mut engine, 1, A, offset, None);
    }
    take(&mut engine, 1, B, 100, None);
    let started = runs(&mut engine);
    assert_eq!(started.iter().map(|run| run.1).collect::<Vec<_>>(), [0, 1]);
    engine.finished(Time(2), started[0].0, DONE);
    assert_eq!(runs(&mut engine)[0].1, 100, "A has its share already");
}

#[test]
fn a_failure_is_tried_again_later_and_blocks_its_key_only() {
    let mut engine = engine(Settings { concurrency: 1, ..Settings::default() });
    take(&mut engine, 0, A, 0, Some(1));
    take(&mut engine, 0, A, 1, Some(1));
    let [(mut ticket, 0, 1)] = runs(&mut engine)[..] else { panic!() };
    take(&mut engine, 0, A, 2, Some(2));
    let mut now = 0;
    for attempt in 1..5 {
        engine.finished(Time(now), ticket, Finish::Failed("why"));
        let due = match &commands(&mut engine)[..] {
            [Command::Retrying { attempt: next, due, .. }, Command::Run { ticket: other, .. }]
                if attempt == 1 =>
            {
                assert_eq!((*next, engine.record(*other)), (2, Some(&2)), "no slot is held while waiting");
                engine.finished(Time(now), *other, DONE);
                *due
            }
            [Command::Retrying { attempt: next, due, .. }] => {
                assert_eq!(*next, attempt + 1);
                *due
            }
            other => panic!("{other:?}"),
        };
        assert!(due <= Time(now + (50 << attempt)));
        assert_eq!(engine.first_failed_at(ticket), Some(Time(0)));
        now = due.0.max(now + 1);
        engine.tick(Time(now));
        let started: Vec<_> = commands(&mut engine)
            .into_iter()
            .filter_map(|command| match command {
                Command::Run { ticket, attempt } => Some((ticket, attempt)),
                Command::Commit { slot, offset, .. } => {
                    engine.committed(Time(now), slot, offset, true);
                    None
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(started, [(ticket, attempt + 1)]);
        ticket = started[0].0;
    }
    engine.finished(Time(now), ticket, Finish::Failed("at last"));
    match &commands(&mut engine)[..] {
        [
            Command::DeadLetter { reason: Reason::RetriesExhausted, failure: "at last", attempt: 5, .. },
            Command::Run { ticket: next, attempt: 1 },
        ] => assert_eq!(engine.record(*next), Some(&1), "the dead letter leaves its key's order"),
        other => panic!("{other:?}"),
    }
    assert!(engine.record(ticket).is_some(), "not settled before the dead letter is acknowledged");
    engine.acknowledged(Time(now), ticket);
    assert!(engine.record(ticket).is_none());
}

#[test]
fn a_refused_publish_becomes_one_dead_letter() {
    let mut engine = engine(Settings::default());
    take(&mut engine, 0, A, 0, Some(1));
    let [(ticket, ..)] = runs(&mut engine)[..] else { panic!() };
    engine.finished(Time(1), ticket, Finish::Done { publishes: 3 });
    engine.refused(Time(2), ticket, "too large");
    engine.refused(Time(2), ticket, "too large as well");
    let letter =
        Command::DeadLetter { ticket, reason: Reason::EmitViolation, failure: "too large", attempt: 1 };
    assert_eq!(commands(&mut engine), [letter]);
    engine.acknowledged(Time(3), ticket);
    assert!(engine.record(ticket).is_some());
    engine.acknowledged(Time(4), ticket);
    assert!(engine.record(ticket).is_none());
}

#[test]
fn an_attempt_that_takes_too_long_is_told_once() {
    let mut engine =
        engine(Settings { attempt_timeout: Some(Duration::from_secs(1)), ..Settings::default() });
    take(&mut engine, 5, A, 0, Some(1));
    let [(ticket, ..)] = runs(&mut engine)[..] else { panic!() };
    engine.tick(Time(1_004));
    commits(&mut engine);
    assert_eq!(engine.next_wake(), Some(Time(1_005)).min(engine.next_wake()));
    engine.tick(Time(1_005));
    assert_eq!(commands(&mut engine), [Command::TimedOut(ticket)]);
    engine.tick(Time(2_000));
    assert_eq!(commands(&mut engine).len(), 0);
    engine.finished(Time(2_000), ticket, Finish::Failed("timeout"));
    assert!(matches!(commands(&mut engine)[..], [Command::Retrying { attempt: 2, .. }]));
}

#[test]
fn a_full_partition_stops_all_for_a_while_and_then_itself() {
    let mut engine = engine(Settings { concurrency: 1, waiting_bound: 4, ..Settings::default() });
    for offset in 0..5 {
        assert!(engine.wants_records());
        take(&mut engine, 0, A, offset, Some(1));
    }
    assert!(!engine.wants_records());
    let mut ticket = runs(&mut engine)[0].0;
    engine.tick(Time(999));
    assert_eq!(commits(&mut engine).len(), 1);
    engine.tick(Time(1_000));
    assert_eq!(commands(&mut engine), [Command::Pause(A)]);
    assert!(engine.wants_records());
    engine.finished(Time(1_001), ticket, DONE);
    ticket = runs(&mut engine)[0].0;
    engine.finished(Time(1_001), ticket, DONE);
    assert!(matches!(commands(&mut engine)[..], [Command::Run { .. }, Command::Resume(A)]));
}

#[test]
fn an_outage_spends_nothing_and_ends_with_one_success() {
    let rule = OutageRule { attempts: 3, keys: 2 };
    let mut engine = engine(Settings { outage: rule, ..Settings::default() });
    for offset in 0..4 {
        take(&mut engine, 0, A, offset, Some(offset as u64));
    }
    let started = runs(&mut engine);
    engine.finished(Time(1), started[0].0, Finish::Failed("x"));
    engine.finished(Time(1), started[1].0, Finish::Failed("x"));
    commands(&mut engine);
    engine.finished(Time(1), started[2].0, Finish::Failed("y"));
    assert_eq!(commands(&mut engine), [Command::Outage(Some("y"))]);
    assert!(!engine.wants_records());
    engine.finished(Time(2), started[3].0, Finish::Failed("x"));
    engine.tick(Time(10_000));
    let paused: Vec<_> =
        commands(&mut engine).into_iter().filter(|c| !matches!(c, Command::Commit { .. })).collect();
    assert_eq!(paused, [Command::Pause(A), Command::Pause(B)]);
    assert!(engine.wants_records(), "to hear of rebalances");
    engine.tick(Time(10_001));
    let probe = runs(&mut engine);
    assert_eq!(probe.len(), 1);
    engine.finished(Time(10_002), probe[0].0, DONE);
    let after = commands(&mut engine);
    assert_eq!(after[..3], [Command::Outage(None), Command::Resume(A), Command::Resume(B)]);
    assert_eq!(after.iter().filter(|c| matches!(c, Command::Run { .. })).count(), 3);
}

#[test]
fn an_outage_with_nothing_to_probe_takes_a_record() {
    let mut engine = engine(Settings::default());
    take(&mut engine, 0, A, 0, None);
    let ticket = runs(&mut engine)[0].0;
    engine.finished(Time(0), ticket, Finish::Unavailable("away"));
    engine.lost(&[A]);
    assert!(!engine.wants_records());
    engine.tick(Time(1_000));
    assert_eq!(commands(&mut engine), [Command::Outage(Some("away")), Command::Pause(B)]);
    engine.tick(Time(10_000));
    assert_eq!(commands(&mut engine), [Command::Resume(B)]);
    assert!(engine.wants_records());
    take(&mut engine, 10_001, B, 7, None);
    take(&mut engine, 10_001, B, 8, None);
    let probe = runs(&mut engine);
    assert_eq!(probe.len(), 1);
    assert!(!engine.wants_records());
    engine.finished(Time(10_002), probe[0].0, DONE);
    assert!(matches!(commands(&mut engine)[..], [Command::Outage(None), Command::Run { .. }]));
}

#[test]
fn a_revoked_partition_ends_what_runs_and_leaves_the_rest() {
    let mut first = engine(Settings { concurrency: 3, ..Settings::default() });
    for offset in 0..6 {
        take(&mut first, 0, A, offset, Some((offset % 3) as u64));
    }
    let started = runs(&mut first);
    first.finished(Time(10), started[1].0, Finish::Failed("x"));
    first.finished(Time(10), started[2].0, DONE);
    first.revoked(Time(20), &[A]);
    assert!(!first.take(Time(21), A, 6, None, 6), "the next owner reads it");
    commands(&mut first);
    let last = started[0].0;
    first.finished(Time(30), last, Finish::Done { publishes: 1 });
    first.finished(Time(30), Ticket { seq: 5, ..last }, DONE);
    assert_eq!(commands(&mut first), []);
    first.acknowledged(Time(40), last);
    let [(A, 1, Some(text))] = &commits(&mut first)[..] else { panic!() };
    first.committed(Time(50), A, 1, true);
    assert_eq!(commands(&mut first), [Command::Release(vec![A])]);

    let mut second = engine(Settings::default());
    second.assigned(Time(60), A, Some(1), Some(text));
    for offset in 1..6 {
        take(&mut second, 1_000, A, offset, Some((offset % 3) as u64));
    }
    let started: Vec<_> =
        runs(&mut second).into_iter().map(|(_, offset, attempt)| (offset, attempt)).collect();
    assert_eq!(started, [(1, 2), (3, 1)], "2 and 5 are settled, 4 waits for 1");
}

#[test]
fn a_drain_ends_at_its_deadline() {
    let mut engine = engine(Settings::default());
    take(&mut engine, 0, A, 0, None);
    let ticket = runs(&mut engine)[0].0;
    engine.revoked(Time(100), &[A, Slot(9)]);
    assert_eq!(engine.next_wake().map(|wake| wake <= Time(20_100)), Some(true));
    engine.tick(Time(20_099));
    assert_eq!(commits(&mut engine), [(A, 0, None)], "what is settled is said, the partition is kept");
    engine.tick(Time(20_100));
    assert_eq!(commands(&mut engine), [Command::Release(vec![A, Slot(9)])]);
    engine.finished(Time(20_101), ticket, DONE);
    assert_eq!(commands(&mut engine), []);
    assert_eq!(engine.status().running, 0);
}

#[test]
fn a_failed_last_commit_is_repeated() {
    let mut engine = engine(Settings::default());
    take(&mut engine, 0, A, 0, None);
    let ticket = runs(&mut engine)[0].0;
    engine.finished(Time(1), ticket, DONE);
    engine.shutdown(Time(2));
    assert!(!engine.wants_records());
    assert_eq!(commits(&mut engine), [(A, 1, None)]);
    engine.committed(Time(3), A, 1, false);
    assert_eq!(commands(&mut engine), []);
    engine.tick(engine.next_wake().unwrap());
    assert_eq!(commits(&mut engine), [(A, 1, None)]);
    engine.committed(Time(500), A, 1, true);
    assert_eq!(commands(&mut engine), [Command::Stopped]);
}

#[test]
fn an_idle_partition_does_not_end_a_shutdown() {
    let mut engine = engine(Settings::default());
    take(&mut engine, 0, B, 0, None);
    let ticket = runs(&mut engine)[0].0;
    engine.shutdown(Time(1));
    assert_eq!(commands(&mut engine), [], "A has nothing to do, B has");
    engine.finished(Time(2), ticket, DONE);
    assert_eq!(commits(&mut engine), [(B, 1, None)]);
    engine.committed(Time(3), B, 1, true);
    assert_eq!(commands(&mut engine), [Command::Stopped]);
}

#[test]
fn a_drain_that_waits_says_what_is_settled() {
    let mut engine = engine(Settings::default());
    take(&mut engine, 0, A, 0, Some(1));
    take(&mut engine, 0, A, 1, Some(2));
    let started = runs(&mut engine);
    engine.finished(Time(1), started[1].0, DONE);
    engine.shutdown(Time(2));
    let mut told = Vec::new();
    while let Some(wake) = engine.next_wake().filter(|wake| *wake < Time(20_002)) {
        engine.tick(wake);
        for (slot, offset, metadata) in commits(&mut engine) {
            told.push((slot, offset, metadata.is_some()));
            engine.committed(wake, slot, offset, true);
        }
    }
    assert!(told.contains(&(A, 0, true)), "1 is settled beyond 0, which does not end: {told:?}");
}

/// Has the record at `offset` of `A`, whose lane is free, fail once and end well, and gives the time at which it did.
fn retry_once(engine: &mut Machine, offset: i64) -> Time {
    take(engine, 1, A, offset, None);
    let [(ticket, ..)] = runs(engine)[..] else { panic!("it may start") };
    engine.finished(Time(1), ticket, Finish::Failed("once"));
    commands(engine);
    engine.tick(Time(150));
    let [(ticket, _, 2)] = runs(engine)[..] else { panic!("its second attempt is due") };
    engine.finished(Time(151), ticket, DONE);
    Time(151)
}

#[test]
fn what_took_more_than_one_attempt_is_told_beside_commits_for_a_while() {
    let mut engine = engine(Settings { commit_every: Duration::from_millis(500), ..Settings::default() });
    let settled_at = retry_once(&mut engine, 0);
    for (offset, at, told) in [(1, 1_000, true), (2, 9_000, true), (3, 12_000, false)] {
        take(&mut engine, at, A, offset, None);
        let [(ticket, ..)] = runs(&mut engine)[..] else { panic!("it may start") };
        engine.finished(Time(at), ticket, DONE);
        engine.tick(Time(at + 500));
        let [(A, base, ref text)] = commits(&mut engine)[..] else { panic!("a commit") };
        engine.committed(Time(at + 500), A, base, true);
        let left = text.as_deref().map(|text| read_metadata(text, base).unwrap());
        let repeated: Vec<_> = left.iter().flat_map(|left| &left.repeated).collect();
        let said: Vec<_> = repeated.iter().map(|it| (it.offset, it.attempts, it.settled_at)).collect();
        assert_eq!(said, if told { vec![(0, 2, settled_at)] } else { vec![] }, "at {at}: {text:?}");
    }
}

#[test]
fn an_owner_that_leaves_tells_of_attempts_only_where_it_leaves_nothing_else() {
    for leaves in [true, false] {
        let mut engine = engine(Settings::default());
        if leaves {
            take(&mut engine, 0, A, 0, None);
            assert_eq!(runs(&mut engine).len(), 1, "it never ends");
        }
        retry_once(&mut engine, 1);
        engine.revoked(Time(160), &[A]);
        let mut last = None;
        for _ in 0..1_000 {
            for (_, base, text) in commits(&mut engine) {
                engine.committed(Time(160), A, base, true);
                last = text.as_deref().and_then(|text| read_metadata(text, base));
            }
            let Some(wake) = engine.next_wake() else { break };
            engine.tick(wake);
        }
        let left = last.expect("something is said");
        assert_eq!((left.settled.is_empty(), left.repeated.is_empty()), (!leaves, leaves), "{left:?}");
    }
}

#[test]
fn a_lost_partition_says_nothing_more() {
    let mut engine = engine(Settings::default());
    take(&mut engine, 0, A, 0, None);
    take(&mut engine, 0, B, 1, None);
    let started = runs(&mut engine);
    engine.finished(Time(1), started[0].0, DONE);
    engine.lost(&[A]);
    engine.finished(Time(2), started[1].0, DONE);
    engine.tick(Time(500));
    assert_eq!(commits(&mut engine), [(B, 2, None)]);
    assert!(!engine.take(Time(501), A, 1, None, 1));
}

#[test]
fn a_blocked_step_starts_nothing() {
    let mut engine =
        engine(Settings { retry: Retry { attempts: 1, ..Retry::default() }, ..Settings::default() });
    engine.block(Time(0));
    assert!(!engine.wants_records());
    take(&mut engine, 0, A, 0, None);
    assert_eq!(commands(&mut engine), []);
    engine.unblock(Time(1));
    assert!(engine.wants_records());
    assert_eq!(runs(&mut engine).len(), 1);
}

#[test]
fn the_status_names_the_record_that_holds_the_commit_back() {
    let mut engine = engine(Settings::default());
    for offset in 0..3 {
        take(&mut engine, 0, A, offset, None);
    }
    let started = runs(&mut engine);
    engine.finished(Time(1), started[0].0, DONE);
    engine.finished(Time(1), started[2].0, DONE);
    let status: Vec<_> = engine.partition_statuses().collect();
    let a =
        (status[0].slot, status[0].waiting, status[0].running, status[0].distance, status[0].oldest.copied());
    assert_eq!(a, (A, 0, 1, 3, Some(1)));
    assert_eq!((status[0].committed, status[0].paused, status[0].draining), (None, false, false));
    assert_eq!((status.len(), status[1].slot, status[1].oldest), (2, B, None));
}
