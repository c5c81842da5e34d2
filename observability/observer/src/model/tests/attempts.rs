//! Every attempt, though the observer saw none of them fail.

use super::log::{Log, START, held, manifests};
use crate::answer::{AtStep, AttemptOutcome, InstanceState};
use crate::fact::{Millis, Progress, Repeated};
use crate::model::{InstanceFilter, Model, ModelSettings};
use crate::test_disk::Disk;

const FAILED: AttemptOutcome = AttemptOutcome::Failed;
const OUTAGE: AttemptOutcome = AttemptOutcome::Outage;
const SUCCEEDED: AttemptOutcome = AttemptOutcome::Succeeded;

/// What is told of one attempt: replays before, number, what it came to, when.
type Told = (u32, u32, AttemptOutcome, Option<Millis>);

fn at(model: &Model, now: Millis, event: &str, step: &str) -> AtStep {
    let events = model.instance("a", now).unwrap().events;
    let event = events.into_iter().find(|it| it.id == event).unwrap();
    event.steps.into_iter().find(|it| it.step == step).unwrap()
}

fn told(log: &Log, event: &str, step: &str) -> Vec<Told> {
    let attempts = at(&log.model, log.now, event, step).attempts;
    attempts.iter().map(|it| (it.replays, it.number, it.outcome, it.at)).collect()
}

/// The payment of order `a` is confirmed by a run of so many attempts.
fn confirm_after(log: &mut Log, id: &str, attempt: &str, first_failed: Millis) -> i64 {
    let retried = format!("attempt={attempt};first-failed={first_failed}");
    let headers = [
        ("ce_id", id),
        ("ce_type", "payment.confirmed.v1"),
        ("ce_source", "payment/charge"),
        ("ce_correlationid", "a"),
        ("ce_causationid", "a"),
        ("wf", "name=order;started=1767225600000;hops=1"),
        ("wf-retried", &retried),
    ];
    log.put("payments", "a", &headers)
}

#[test]
fn attempts_between_two_looks_are_told_by_what_the_last_one_emitted() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    let (first, emitted) = (log.now + 1, log.now + 9);
    log.wait(9);
    confirm_after(&mut log, "a-paid", "4", first);
    log.commit_all();
    log.look();
    assert_eq!(
        told(&log, "a", "payment/charge"),
        [
            (0, 1, FAILED, Some(first)),
            (0, 2, FAILED, None),
            (0, 3, FAILED, None),
            (0, 4, SUCCEEDED, Some(emitted))
        ]
    );
    let second = at(&log.model, log.now, "a", "payment/charge").attempts[1];
    assert_eq!((second.after, second.before), (Some(first), Some(emitted)));
    assert_eq!(told(&log, "a", "mail/tell"), []);
}

#[test]
fn what_was_told_apart_keeps_its_time_and_the_others_are_beside_it() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    let first = log.now + 1;
    log.wait(1_000);
    let mut it = held(0, 2, log.now + 500);
    it.first_failed_at = first;
    log.commit_with("payment.charge", "orders", 0, Progress { held: vec![it], ..Progress::default() });
    log.look();
    let looked = log.now - 2;
    assert_eq!(
        told(&log, "a", "payment/charge"),
        [(0, 1, FAILED, Some(first)), (0, 2, FAILED, Some(looked))]
    );
    log.wait(1_000);
    it.outage = true;
    log.commit_with("payment.charge", "orders", 0, Progress { held: vec![it], ..Progress::default() });
    log.look();
    let away = log.now - 2;
    confirm_after(&mut log, "a-paid", "4", first);
    let emitted = log.now;
    log.commit_all();
    log.look();
    assert_eq!(
        told(&log, "a", "payment/charge"),
        [
            (0, 1, FAILED, Some(first)),
            (0, 2, FAILED, Some(looked)),
            (0, 2, OUTAGE, Some(away)),
            (0, 3, FAILED, None),
            (0, 4, SUCCEEDED, Some(emitted)),
        ]
    );
}

#[test]
fn several_emits_of_one_run_and_its_emits_seen_again_are_one_run() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    let first = log.now;
    confirm_after(&mut log, "a-paid", "2", first);
    confirm_after(&mut log, "a-paid-too", "2", first + 1);
    confirm_after(&mut log, "a-paid", "2", first);
    log.commit_all();
    log.look();
    assert_eq!(told(&log, "a", "payment/charge").len(), 2);
    assert_eq!(log.model.store.instances[0].runs().len(), 1);
}

#[test]
fn a_dead_letter_and_its_replay_are_told_one_after_the_other() {
    for letter_first in [true, false] {
        let mut log = Log::new();
        log.look();
        let offset = log.place("a");
        log.wait(10_000);
        if letter_first {
            log.dead_letter("a", "payment/charge", offset, "0");
        }
        log.wait(1_000);
        log.replay("a", "payment/charge", offset, "1");
        log.wait(7);
        let emitted = log.now;
        confirm_after(&mut log, "a-paid", "2", emitted - 3);
        if !letter_first {
            log.dead_letter("a", "payment/charge", offset, "0");
        }
        log.commit_all();
        log.look();
        assert_eq!(
            told(&log, "a", "payment/charge"),
            [
                (0, 1, FAILED, None),
                (0, 2, FAILED, None),
                (0, 3, FAILED, Some(START + 5_000)),
                (1, 1, FAILED, Some(emitted - 3)),
                (1, 2, SUCCEEDED, Some(emitted)),
            ],
            "{letter_first}"
        );
    }
}

#[test]
fn a_commit_that_tells_of_the_attempt_that_became_a_dead_letter_adds_none() {
    let mut log = Log::new();
    log.look();
    let offset = log.place("a");
    let last = Progress { held: vec![held(offset, 3, log.now)], ..Progress::default() };
    log.commit_with("payment.charge", "orders", 0, last);
    log.look();
    log.dead_letter("a", "payment/charge", offset, "0");
    log.commit_all();
    log.wait(5_000);
    log.look();
    let numbers: Vec<u32> = told(&log, "a", "payment/charge").iter().map(|it| it.1).collect();
    assert_eq!(numbers, [1, 2, 3]);
}

/// What a commit tells of the record at an offset, settled now after three attempts.
fn repeated(log: &Log, offset: i64) -> (Repeated, Progress) {
    let repeated =
        Repeated { offset, attempts: 3, first_failed_at: log.now.saturating_sub(8), settled_at: log.now };
    (repeated, Progress { repeated: vec![repeated], ..Progress::default() })
}

#[test]
fn a_run_that_emits_nothing_is_told_by_the_commit_behind_it() {
    let mut log = Log::new();
    log.look();
    let offset = log.place("a");
    log.confirm("a");
    log.deliver("a");
    log.commit_all();
    log.wait(9);
    let (it, progress) = repeated(&log, offset);
    log.commit_with("mail.tell", "orders", 2, progress);
    log.look();
    let wanted = [
        (0, 1, FAILED, Some(it.first_failed_at)),
        (0, 2, FAILED, None),
        (0, 3, SUCCEEDED, Some(it.settled_at)),
    ];
    assert_eq!(told(&log, "a", "mail/tell"), wanted);
    assert_eq!(told(&log, "a", "payment/charge"), []);
    log.commit_all();
    log.look_for(120_000);
    assert_eq!(log.is("a").0, InstanceState::Completed);
    assert_eq!(told(&log, "a", "mail/tell"), wanted, "the commits say it no longer");
    let disk = Disk::default();
    disk.save(&mut log.model);
    let mut model = disk.load(&ModelSettings::default()).unwrap();
    model.manifests(&manifests(), START);
    assert_eq!(at(&model, log.now, "a", "mail/tell"), at(&log.model, log.now, "a", "mail/tell"));
}

#[test]
fn a_commit_may_tell_of_an_event_that_is_read_later() {
    let mut log = Log::new();
    log.look();
    let offset = log.write("orders", 0);
    log.wait(9);
    let (_, progress) = repeated(&log, offset);
    log.commit_with("mail.tell", "orders", 1, progress);
    log.look();
    let headers = [("ce_id", "a"), ("ce_type", "order.placed.v1"), ("ce_correlationid", "a")];
    log.tell("orders", 0, offset, "a", &headers, Some(log.now - 9));
    log.look();
    assert_eq!(told(&log, "a", "mail/tell").len(), 3);
    assert_eq!(log.model.store.instances[0].runs().len(), 1, "of no other group");
}

#[test]
fn the_emits_of_a_run_and_the_commit_behind_it_tell_of_one_run() {
    let mut log = Log::new();
    log.look();
    let offset = log.place("a");
    log.wait(9);
    let (it, progress) = repeated(&log, offset);
    confirm_after(&mut log, "a-paid", "3", it.first_failed_at + 2);
    log.commit_with("payment.charge", "orders", 1, progress);
    log.look();
    assert_eq!((told(&log, "a", "payment/charge").len(), log.model.store.instances[0].runs().len()), (3, 1));
}

#[test]
fn a_replay_of_which_a_commit_tells_is_told_behind_what_it_replays() {
    let mut log = Log::new();
    log.look();
    let offset = log.place("a");
    log.wait(10_000);
    log.dead_letter("a", "mail/tell", offset, "0");
    let again = log.replay("a", "mail/tell", offset, "1");
    log.wait(9);
    log.commit_all();
    let (_, progress) = repeated(&log, again);
    log.commit_with("mail.tell", "mail.tell.retry", again + 1, progress);
    log.look();
    let numbers: Vec<(u32, u32)> = told(&log, "a", "mail/tell").iter().map(|it| (it.0, it.1)).collect();
    assert_eq!(numbers, [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3)]);
}

#[test]
fn what_the_header_cannot_mean_says_nothing_and_what_it_exaggerates_is_bounded() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    let now = log.now;
    confirm_after(&mut log, "one", "1", now);
    confirm_after(&mut log, "two", "x", now);
    assert_eq!(told(&log, "a", "payment/charge"), []);
    confirm_after(&mut log, "three", "4294967295", u64::MAX);
    let charge = at(&log.model, log.now, "a", "payment/charge");
    assert_eq!((charge.attempts.len(), charge.attempts_left_out), (5_000, 4_294_967_295 - 5_000));
    let last = charge.attempts.last().unwrap();
    assert_eq!((last.number, last.outcome), (u32::MAX, SUCCEEDED));
    for number in 0..2_000_u64 {
        let id = format!("more-{number}");
        confirm_after(&mut log, &id, &(number + 2).to_string(), START);
    }
    assert_eq!(log.model.store.instances[0].runs().len(), 1_000);
}

#[test]
fn who_asks_for_retried_orders_finds_those_that_are_through_as_well() {
    let mut log = Log::new();
    log.look();
    log.place("a");
    log.place("b");
    let now = log.now;
    confirm_after(&mut log, "a-paid", "3", now);
    log.confirm("b");
    log.commit_all();
    log.look();
    let found = |attempts| {
        let filter = InstanceFilter { attempts: Some(attempts), ..InstanceFilter::default() };
        let items = log.model.instances(&filter, log.now).items;
        items.into_iter().map(|it| (it.id, it.attempts)).collect::<Vec<_>>()
    };
    assert_eq!(found(3), [("a".to_owned(), 3)]);
    assert_eq!(found(4), []);
}

#[test]
fn an_instance_without_retries_keeps_nothing_for_them() {
    let mut log = Log::with(ModelSettings::default());
    log.look();
    let id = |number: u32| format!("00000000-0000-4000-8000-{number:012}");
    let order = id(1);
    log.place(&order);
    let before = log.model.bytes();
    log.emit("payments", &order, (&id(2), "payment.confirmed.v1"), "payment/charge", &order);
    let of_an_event = log.model.bytes() - before;
    log.emit("payments", &order, (&id(3), "payment.confirmed.v1"), "payment/charge", &order);
    assert_eq!(log.model.bytes() - before, 2 * of_an_event);
    assert!(log.model.store.instances[0].more.is_none());
}
