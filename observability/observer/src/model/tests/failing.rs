//! Dead letters: set aside, replayed, edited, discarded.

use super::log::Log;
use crate::answer::{InstanceState, StallReason, StepState, Trace};
use crate::model::{FailureFilter, Model, ModelSettings};
use crate::test_disk::Disk;

fn open(log: &Log) -> u64 {
    log.model.overview(log.now).dead_letters_open
}

#[test]
fn a_path_step_that_sets_its_event_aside_fails_the_order() {
    let mut log = Log::new();
    log.look();
    let offset = log.place("a");
    let letter = log.dead_letter("a", "payment/charge", offset, "0");
    log.commit_all();
    log.wait(300_000);
    log.look();
    assert_eq!(log.is("a"), (InstanceState::Failed, Some(StallReason::DeadLetter)));
    let summary = log.summary("a");
    assert_eq!(summary.sentence, "set aside by payment/charge 5 min ago, rejected: card 17 is unknown");
    assert_eq!((summary.dead_letters, summary.attempts), (1, 3));
    assert_eq!(summary.error.as_deref(), Some("card 17 is unknown"));
    let failures = log.model.failures(&FailureFilter::default(), log.now);
    assert_eq!((failures.total, failures.items[0].id.as_str()), (1, letter.as_str()));
    assert_eq!(failures.items[0].origin.as_deref(), Some("orders/0/0"));
    let group = &failures.groups[0];
    assert_eq!(
        (group.step.as_str(), group.error.as_str(), group.open),
        ("payment/charge", "card … is unknown", 1)
    );
    assert_eq!(open(&log), 1);
}

#[test]
fn a_side_step_that_sets_its_event_aside_does_not() {
    let mut log = Log::new();
    log.look();
    let offset = log.place("a");
    log.confirm("a");
    log.deliver("a");
    log.dead_letter("a", "mail/tell", offset, "0");
    log.commit_all();
    log.wait(1);
    log.look();
    assert_eq!(log.is("a"), (InstanceState::Completed, None));
    assert_eq!(log.summary("a").dead_letters, 1);
    let wanted = StepState::DeadLettered { reason: "rejected".to_owned() };
    assert_eq!(log.at("a", "a", "mail/tell"), wanted);
}

#[test]
fn a_replay_brings_it_back_and_to_its_end() {
    let mut log = Log::new();
    log.look();
    let offset = log.place("a");
    let letter = log.dead_letter("a", "payment/charge", offset, "0");
    log.commit_all();
    log.wait(5);
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Failed);
    log.audit(&letter, "a", "replayed");
    log.model.tick(log.now);
    assert_eq!((log.is("a").0, open(&log)), (InstanceState::Running, 0));
    log.replay("a", "payment/charge", offset, "1");
    log.look();
    assert_eq!(log.at("a", "a", "payment/charge"), StepState::Handling);
    let sentence = log.summary("a").sentence;
    assert!(sentence.starts_with("at payment/charge for ") && sentence.contains(", replayed"), "{sentence}");
    log.confirm("a");
    log.deliver("a");
    log.commit_all();
    log.wait(5);
    log.look();
    assert_eq!(log.is("a").0, InstanceState::Completed);
    let letters = log.model.instance("a", log.now).unwrap().dead_letters;
    assert_eq!((letters.len(), letters[0].open, letters[0].actions.len()), (1, false, 1));
    assert_eq!(letters[0].actions[0].by, "anna");
}

#[test]
fn a_replay_that_fails_again_is_a_dead_letter_again_in_whatever_order_it_is_read() {
    for order in 0..4 {
        let mut log = Log::new();
        log.look();
        let offset = log.place("a");
        let first = |log: &mut Log| _ = log.dead_letter("a", "payment/charge", offset, "0");
        let replay = |log: &mut Log| _ = log.replay("a", "payment/charge", offset, "1");
        let second = |log: &mut Log| _ = log.dead_letter("a", "payment/charge", offset, "1");
        let all: [&dyn Fn(&mut Log); 3] = match order {
            0 => [&first, &replay, &second],
            1 => [&first, &second, &replay],
            2 => [&replay, &first, &second],
            _ => [&second, &replay, &first],
        };
        for put in all {
            put(&mut log);
        }
        log.commit_all();
        log.wait(5);
        log.look();
        assert_eq!(log.is("a"), (InstanceState::Failed, Some(StallReason::DeadLetter)), "{order}");
        assert_eq!(open(&log), 1, "{order}");
    }
}

#[test]
fn of_an_event_that_was_written_twice_one_replay_settles_the_letter_that_was_replayed() {
    for order in 0..4 {
        let mut log = Log::new();
        log.look();
        let (first, again) = (log.place("a"), log.place("a"));
        let letters = [first, again].map(|offset| super::log::letter("a", "charge", &offset.to_string()));
        let [one, two] = &letters;
        let set_aside = |log: &mut Log, letter: &str, offset| {
            log.dead_letter_called(letter, "a", "payment/charge", offset, "0");
        };
        let replay = |log: &mut Log| _ = log.replay("a", "payment/charge", first, "1");
        let mark = |log: &mut Log| log.audit(one, "a", "replayed");
        let aside = |log: &mut Log| set_aside(log, one, first);
        let again = |log: &mut Log| set_aside(log, two, again);
        let all: [&dyn Fn(&mut Log); 4] = match order {
            0 => [&aside, &again, &mark, &replay],
            1 => [&again, &aside, &replay, &mark],
            2 => [&replay, &mark, &again, &aside],
            _ => [&aside, &replay, &again, &|_| ()],
        };
        for put in all {
            put(&mut log);
        }
        log.commit_all();
        log.look();
        let told = log.model.instance("a", log.now).unwrap();
        let mut open: Vec<(&str, bool)> =
            told.dead_letters.iter().map(|letter| (letter.id.as_str(), letter.open)).collect();
        open.sort_by_key(|(id, _)| *id != one.as_str());
        assert_eq!(open, [(one.as_str(), false), (two.as_str(), true)], "{order}");
        assert_eq!((self::open(&log), told.summary.dead_letters), (1, 1), "{order}");
    }
}

#[test]
fn a_replay_that_does_not_tell_where_its_event_lay_settles_one_letter() {
    let mut log = Log::new();
    log.look();
    let offset = log.place("a");
    for letter in ["one", "two"] {
        log.dead_letter_called(&super::log::uuid_of(letter), "a", "payment/charge", offset, "0");
    }
    let replay = [("ce_id", "a"), ("ce_type", "order.placed.v1"), ("ce_correlationid", "a")];
    log.put("payment.charge.retry", "a", &[&replay[..], &[("dlq-replay-count", "1")]].concat());
    assert_eq!(open(&log), 1);
}

const TRACES: [&str; 3] = [
    "11111111111111111111111111111111",
    "22222222222222222222222222222222",
    "33333333333333333333333333333333",
];

/// A record of the order, in the trace of this number.
fn traced(log: &mut Log, topic: &str, trace: usize, more: &[(&str, &str)]) {
    let traceparent = format!("00-{}-00f067aa0ba902b7-01", TRACES[trace]);
    let own = [
        ("ce_id", "a"),
        ("ce_type", "order.placed.v1"),
        ("ce_correlationid", "a"),
        ("traceparent", traceparent.as_str()),
    ];
    log.put(topic, "a", &[&own[..], more].concat());
}

#[test]
fn every_trace_leads_to_where_it_is_kept_the_failing_attempts_and_the_operators_too() {
    let url = |trace: usize| Some(format!("https://traces/{}", TRACES[trace]));
    let settings =
        || ModelSettings { trace_url: Some("https://traces/{trace}".into()), ..ModelSettings::default() };
    // Who traces nothing leaves the trace of the failing attempt.
    for operators in [2, 1] {
        let mut log = Log::with(settings());
        log.look();
        let letter = super::log::letter("a", "charge", "0");
        let origin = [("wf-origin-topic", "orders"), ("wf-origin-partition", "0"), ("wf-origin-offset", "0")];
        let dead = [
            ("dlq-id", letter.as_str()),
            ("dlq-reason", "rejected"),
            ("dlq-service", "payment"),
            ("dlq-step", "charge"),
            ("dlq-replay-count", "0"),
        ];
        let replay = [("dlq-replay-count", "1"), ("wf-replay-id", "replay-1"), ("wf-replayed-by", "anna")];
        traced(&mut log, "orders", 0, &[]);
        log.wait(5);
        traced(&mut log, "payment.charge.dlq", 1, &[&origin[..], &dead].concat());
        log.wait(5);
        traced(&mut log, "payment.charge.retry", operators, &[&origin[..], &replay].concat());
        let look = |model: &Model| {
            let letter = &model.failures(&FailureFilter::default(), log.now).items[0];
            assert_eq!((letter.trace.as_deref(), &letter.trace_url), (Some(TRACES[1]), &url(1)));
            let told = model.instance("a", log.now).unwrap();
            assert_eq!(told.dead_letters[0].trace_url, url(1));
            let by = |trace: &Trace| (trace.url.clone(), trace.events, trace.replayed_by.clone());
            let told: Vec<_> = told.traces.iter().map(by).collect();
            let mut wanted = vec![(url(0), 1, None), (url(2), 0, Some("anna".to_owned()))];
            wanted.truncate(operators);
            assert_eq!(told, wanted);
        };
        look(&log.model);
        let disk = Disk::default();
        disk.save(&mut log.model);
        let mut again = disk.load(&settings()).unwrap();
        again.manifests(&super::log::manifests(), log.now);
        look(&again);
    }
}

#[test]
fn a_replay_that_is_swallowed_is_lost() {
    let mut log = Log::new();
    log.look();
    let offset = log.place("a");
    log.dead_letter("a", "payment/charge", offset, "0");
    log.replay("a", "payment/charge", offset, "1");
    log.commit_all();
    log.wait(5);
    log.look();
    assert_eq!(log.is("a"), (InstanceState::Lost, Some(StallReason::Lost)));
}

#[test]
fn a_discarded_dead_letter_ends_the_order_by_hand() {
    let mut log = Log::new();
    log.look();
    let offset = log.place("a");
    log.commit_all();
    // The mark may be read before the dead letter.
    log.audit(&super::log::letter("a", "charge", "0"), "a", "discarded");
    log.dead_letter("a", "payment/charge", offset, "0");
    log.wait(5);
    log.look();
    assert_eq!((log.is("a"), open(&log)), ((InstanceState::Failed, None), 0));
    assert_eq!(log.summary("a").sentence, "set aside by payment/charge, discarded by anna");
    let why = "discarded by anna".to_owned();
    assert_eq!(log.at("a", "a", "payment/charge"), StepState::Skipped { why });
}

#[test]
fn a_dead_letter_tells_of_an_event_that_the_topic_no_longer_has() {
    let mut log = Log::new();
    log.retain("orders", 50);
    log.look();
    log.dead_letter("a", "payment/charge", 7, "0");
    log.look();
    assert_eq!(log.is("a"), (InstanceState::Failed, Some(StallReason::DeadLetter)));
    let event = log.model.instance("a", log.now).unwrap().events.remove(0);
    assert_eq!((event.topic.as_str(), event.offset, event.duplicates), ("orders", 7, 0));
}

#[test]
fn a_dead_letter_that_is_read_before_its_record_makes_no_duplicate() {
    let mut log = Log::new();
    log.look();
    log.dead_letter("a", "payment/charge", 0, "0");
    log.place("a");
    log.look();
    let instance = log.model.instance("a", log.now).unwrap();
    assert_eq!((instance.events.len(), instance.events[0].duplicates), (1, 0));
    assert_eq!(instance.events[0].source.as_deref().unwrap_or("site"), "site");
}

#[test]
fn pages_of_dead_letters_leave_none_out() {
    let mut log = Log::new();
    log.look();
    for order in 0..25 {
        log.dead_letter(&format!("o-{order}"), "payment/charge", order, "0");
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut filter = FailureFilter { limit: 10, ..FailureFilter::default() };
    for wanted in [10, 10, 5] {
        let page = log.model.failures(&filter, log.now);
        assert_eq!((page.items.len(), page.total), (wanted, 25));
        seen.extend(page.items.into_iter().map(|it| it.id));
        filter.cursor = page.next.map(|next| next.parse().unwrap());
    }
    assert_eq!((seen.len(), filter.cursor), (25, None));
}

fn letter(order: usize) -> String {
    super::log::letter(&format!("o-{order}"), "charge", "0")
}

#[test]
fn however_many_marks_are_read_before_their_dead_letters_what_is_settled_stays_so() {
    const LETTERS: usize = 10_001;
    let mut log = Log::new();
    log.look();
    for order in 0..LETTERS {
        log.audit(&letter(order), &format!("o-{order}"), "discarded");
    }
    for order in 0..LETTERS {
        let offset = i64::try_from(order).unwrap();
        log.dead_letter(&format!("o-{order}"), "payment/charge", offset, "0");
    }
    assert_eq!((open(&log), log.model.failures(&FailureFilter::default(), log.now).total), (0, 10_001));
}

#[test]
fn marks_beyond_the_bound_are_forgotten_the_oldest_first_and_that_is_told_of_the_letters_it_may_concern() {
    let settings = ModelSettings { max_dead_letters: 100, ..ModelSettings::default() };
    let mut log = Log::with(settings);
    log.look();
    let doubted = |model: &Model, now| {
        let problems = model.overview(now).problems;
        problems.into_iter().find(|problem| problem.contains("may have been settled"))
    };
    for order in 0..150 {
        log.audit(&letter(order), &format!("o-{order}"), "discarded");
        log.wait(1_000);
    }
    // Most of those whose letters retention took are never asked for.
    assert_eq!(doubted(&log.model, log.now), None);
    log.dead_letter("o-149", "payment/charge", 149, "0");
    log.dead_letter("o-100", "payment/charge", 100, "0");
    assert_eq!((open(&log), doubted(&log.model, log.now)), (0, None));
    let disk = Disk::default();
    disk.save(&mut log.model);
    log.dead_letter("o-0", "payment/charge", 0, "0");
    let told = doubted(&log.model, log.now).unwrap();
    assert!(told.starts_with("1 dead letter that is shown as open may have been settled"), "{told}");

    let settings = ModelSettings { max_dead_letters: 100, ..ModelSettings::default() };
    log.model = disk.load(&settings).unwrap();
    log.model.manifests(&super::log::manifests(), log.now);
    log.dead_letter("o-1", "payment/charge", 1, "0");
    log.dead_letter("o-148", "payment/charge", 148, "0");
    assert_eq!(open(&log), 1);
    assert!(doubted(&log.model, log.now).is_some());
}

#[test]
fn what_is_none_of_the_frameworks_letters_is_no_letter() {
    let mut log = Log::new();
    log.look();
    for (order, foreign) in [
        ("a", vec![]),
        (
            "b",
            vec![
                ("dlq-id", "no-uuid"),
                ("dlq-service", "payment"),
                ("dlq-step", "charge"),
                ("dlq-reason", "x"),
            ],
        ),
        ("c", vec![("dlq-id", "0b2c1ed8-4b34-4dd3-a44a-3c6e3c5cb9c2"), ("dlq-reason", "x")]),
    ] {
        let offset = log.place(order);
        let mut headers = vec![("ce_id", order), ("ce_type", "order.placed.v1"), ("ce_correlationid", order)];
        headers.extend(foreign);
        log.put("payment.charge.dlq", order, &headers);
        log.dead_letter(&format!("{order}-too"), "payment/charge", offset, "0");
    }
    log.commit("mail.tell", "orders", 3);
    log.look();
    assert_eq!((open(&log), log.model.failures(&FailureFilter::default(), log.now).total), (3, 3));
    assert_eq!(log.is("a"), (InstanceState::Running, None));
    assert_eq!(log.model.overview(log.now).unreadable, 3);
}

#[test]
fn open_dead_letters_for_which_there_is_no_room_are_told() {
    let mut log = Log::with(ModelSettings { max_dead_letters: 3, ..ModelSettings::default() });
    log.look();
    for order in 0..5 {
        log.dead_letter(&format!("o-{order}"), "payment/charge", order, "0");
    }
    let problems = |log: &Log| log.model.overview(log.now).problems.join("; ");
    assert_eq!(open(&log), 3);
    assert!(
        problems(&log).contains("2 dead letters that were open are neither shown nor counted"),
        "{}",
        problems(&log)
    );
}
