//! An observer that ends, is killed, comes early or is blind for a while: its answers last.

use choreograph_observer::answer::{Instance, InstanceState, StallReason};
use choreograph_tests::{eventually, topics};

use crate::cast::Fate;
use crate::sight::{Sight, Verdict};
use crate::stage::{Stage, WITHIN};

/// What an observer says of an instance that does not move any more, but for the time that passes.
fn told(sight: &Sight, id: &str) -> String {
    let Instance { summary, frontier, events, dead_letters, .. } = sight.instance(id).expect("known");
    // What a mail still waits for may be done meanwhile.
    let owed: Vec<_> = (frontier.iter().filter(|owing| owing.path))
        .map(|owing| (&owing.event, &owing.step, &owing.state, owing.stalled, owing.since))
        .collect();
    let events: Vec<_> =
        events.iter().map(|event| (&event.id, &event.event_type, event.offset, event.duplicates)).collect();
    let letters: Vec<_> =
        dead_letters.iter().map(|letter| (&letter.id, &letter.reason, letter.open)).collect();
    format!("{:?} {:?} {:?} {owed:?} {events:?} {letters:?}", summary.state, summary.reason, summary.key)
}

/// How many orders it says are in each state.
fn counts(sight: &Sight) -> Vec<(String, [u64; 5])> {
    let of = sight.overview().workflows.into_iter();
    of.map(|of| (of.name, [of.running, of.completed, of.failed, of.stalled, of.lost])).collect()
}

/// Takes every record off the topics of orders and payments, as retention does in time.
fn retention(stage: &Stage) {
    for topic in ["orders", "payments"] {
        topics::empty(stage.kafka(), &stage.full(topic)).expect("emptied");
    }
}

#[test]
fn answers_outlast_the_observer_and_the_records() {
    let stage = Stage::new();
    let _services = stage.start_all();
    let kept = stage.state();
    let kept = ["--state", kept.to_str().expect("UTF-8")];
    let mut first = stage.observe(&kept);
    let fine = stage.order(Fate::Fine, 20);
    let rejected = stage.order(Fate::Rejected, 2);
    first.says(&fine, &Verdict::completed());
    first.says(&rejected, &Verdict::at(InstanceState::Failed, StallReason::DeadLetter, "payment/charge"));
    let known = [&fine[0], &fine[19], &rejected[1]];
    let before = known.map(|id| told(&first, id));
    assert_eq!(counts(&first), [("order".to_owned(), [0, 20, 2, 0, 0])]);
    first.process.terminate().expect("told to end");
    let status = first.process.wait(WITHIN).expect("ended");
    assert!(status.success(), "{status}");

    retention(&stage);
    let mut second = stage.observe(&kept);
    second.caught_up();
    assert_eq!(known.map(|id| told(&second, id)), before, "from the state file, for the records are gone");
    assert_eq!(counts(&second), [("order".to_owned(), [0, 20, 2, 0, 0])]);
    let more = stage.order(Fate::Fine, 5);
    second.says(&more, &Verdict::completed());
    second.process.kill().expect("killed");

    let third = stage.observe(&kept);
    third.caught_up();
    assert_eq!(known.map(|id| told(&third, id)), before);
    third.says(&more, &Verdict::completed());
}

#[test]
fn a_state_file_of_no_use_is_said_and_everything_is_read_anew() {
    let stage = Stage::new();
    let _services = stage.start_all();
    std::fs::create_dir(stage.state()).expect("a folder");
    std::fs::write(stage.state().join("observer.redb"), b"no state").expect("written");
    let sight = stage.observe(&["--state", stage.state().to_str().expect("UTF-8")]);
    let fine = stage.order(Fate::Fine, 5);
    sight.says(&fine, &Verdict::completed());
    assert!(sight.process.log().expect("a log").contains("everything is read anew"));
}

#[test]
fn an_observer_that_comes_before_the_topics_says_what_is_missing() {
    let stage = Stage::bare();
    let sight = stage.observe(&[]);
    eventually("the missing topics are named", WITHIN, || {
        let problems = sight.overview().problems;
        let orders = format!("topic {}: it does not exist", stage.full("orders"));
        if problems.contains(&orders) { Ok(()) } else { Err(format!("{problems:?}")) }
    });
    stage.create();
    let _services = stage.start_all();
    let fine = stage.order(Fate::Fine, 5);
    sight.says(&fine, &Verdict::completed());
    eventually("nothing is missing", WITHIN, || {
        let problems = sight.overview().problems;
        if problems.is_empty() { Ok(()) } else { Err(format!("{problems:?}")) }
    });
}
