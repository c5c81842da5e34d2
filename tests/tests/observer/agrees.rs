//! What befell each order is known, and the observer says just that.

use choreograph_observer::answer::{InstanceState, StallReason};
use choreograph_tests::eventually;
use choreograph_tests::topics::{self, Topic};

use crate::cast::Fate;
use crate::sight::Verdict;
use crate::stage::{Stage, WITHIN, ids, millis};

/// Orders to which nothing happens, beside those to which something does.
const MANY: usize = 300;

#[test]
fn every_order_is_where_its_fate_put_it() {
    let stage = Stage::new();
    let _services = stage.start_all();
    let sight = stage.observe(&[]);
    let fine = stage.order(Fate::Fine, MANY);
    let fails = stage.order(Fate::Fails, 5);
    let rejected = stage.order(Fate::Rejected, 5);
    let swallowed = stage.order(Fate::Swallowed, 5);
    let slow = stage.order(Fate::Slow, 5);

    // Never called anything but on its way, until it has come to its end.
    eventually("the slow ones come to their end", WITHIN, || {
        let mut running = 0;
        for id in &slow {
            match sight.verdict(id) {
                Ok(verdict) if verdict.state == InstanceState::Completed => {}
                Ok(verdict) => {
                    assert_eq!(verdict.state, InstanceState::Running, "{id}: {verdict:?}");
                    running += 1;
                }
                // Not seen yet.
                Err(_) => running += 1,
            }
        }
        if running == 0 { Ok(()) } else { Err(format!("{running} on their way")) }
    });
    sight.says(&fine, &Verdict::completed());
    sight.says(&swallowed, &Verdict::at(InstanceState::Lost, StallReason::Lost, "payment/charge"));
    for failed in [&fails, &rejected] {
        sight.says(failed, &Verdict::at(InstanceState::Failed, StallReason::DeadLetter, "payment/charge"));
    }

    let letters = sight.failures();
    assert_eq!(letters.total, 10, "{letters:?}");
    for (ids, reason, error) in [(&fails, "retries_exhausted", ""), (&rejected, "rejected", "no_credit")] {
        for id in ids {
            let letter =
                letters.items.iter().find(|letter| letter.instance.as_ref() == Some(id)).expect("a letter");
            assert!(letter.reason == reason && letter.error.contains(error), "{letter:?}");
            assert_eq!((letter.step.as_str(), letter.open), ("payment/charge", true));
        }
    }
    let order = sight
        .overview()
        .workflows
        .into_iter()
        .find(|workflow| workflow.name == "order")
        .expect("the workflow");
    let counts = (order.completed, order.failed, order.lost, order.stalled, order.running);
    assert_eq!(counts, (MANY as u64 + 5, 10, 5, 0, 0));

    let (code, text) = stage.ask(Some(&sight), &["where", &format!("key-of-{}", fine[0])]);
    assert!(code == 0 && text.contains("completed"), "{code}: {text}");
    let (code, text) = stage.ask(Some(&sight), &["where", &format!("invoice-of-{}", fine[1])]);
    assert!(
        code == 0 && text.contains(&format!("{} (key-of-{0}, invoice-of-{0})", fine[1])),
        "{code}: {text}"
    );
    let by_invoice = stage.ask(Some(&sight), &["instances", "--key", &format!("invoice-of-{}", fails[1])]);
    assert!(by_invoice.0 == 1 && by_invoice.1.contains("1 in all: 1 failed"), "{by_invoice:?}");
    let (code, text) = stage.ask(Some(&sight), &["where", &fails[0]]);
    assert!(code == 1 && text.contains("failed") && text.contains("payment/charge"), "{code}: {text}");
    let (code, text) = stage.ask(Some(&sight), &["instances", "--state", "lost"]);
    assert!(code == 1 && text.contains("5 in all"), "{code}: {text}");
    let (code, text) = stage.ask(Some(&sight), &["where", "nobody"]);
    assert!(code == 3 && text.contains("nobody knows `nobody`"), "{code}: {text}");
}

#[test]
fn a_service_that_is_away_is_named_until_it_is_back() {
    let stage = Stage::new();
    stage.expects_soon("shipping");
    let mut services = stage.start_all();
    let sight = stage.observe(&[]);
    let before = stage.order(Fate::Fine, 5);
    sight.says(&before, &Verdict::completed());
    let mut shipping = services.remove("shipping").expect("a service");
    shipping.kill().expect("killed");

    let stuck = stage.order(Fate::Fine, 5);
    let away = Verdict::at(InstanceState::Stalled, StallReason::NoConsumer, "shipping/ship");
    sight.says(&stuck, &away);
    let (code, text) = stage.ask(Some(&sight), &["where", &stuck[0]]);
    assert!(code == 1 && text.contains("no_consumer") && text.contains("shipping/ship"), "{code}: {text}");

    let _back = stage.start("shipping");
    sight.says(&stuck, &Verdict::completed());
}

#[test]
fn of_an_order_that_was_written_and_set_aside_twice_a_replay_settles_one_letter() {
    let stage = Stage::new();
    topics::create(stage.kafka(), &[Topic::kept(&stage.full("choreograph.audit"), 1)]).expect("a topic");
    let _services = stage.start_all();
    let sight = stage.observe(&[]);
    let id = ids(Fate::Rejected, 1).remove(0);
    let written = || stage.record(&id, Fate::Rejected, millis());
    topics::write(stage.kafka(), &[written(), written()]).expect("written");
    let letters = |count: u64| {
        eventually(&format!("{count} letters are seen"), WITHIN, || {
            let letters = sight.failures();
            if letters.total == count { Ok(letters.items) } else { Err(format!("{letters:?}")) }
        })
    };
    let replayed = letters(2).remove(0).id;
    let manifests = stage.manifests_argument();
    let replay = ["dlq", "replay", "--id", &replayed, "--by", "ada", "--manifests", &manifests];
    let (code, text) = stage.ask(None, &replay);
    assert_eq!(code, 0, "{text}");

    // What was replayed is rejected once more.
    let all = letters(3);
    let closed: Vec<&str> = all.iter().filter(|it| !it.open).map(|it| it.id.as_str()).collect();
    assert_eq!(closed, [replayed.as_str()], "{all:?}");
    let (code, text) = stage.ask(None, &["dlq", "list", "--manifests", &manifests]);
    assert!(code == 1 && text.contains("2 dead letters open"), "{code}: {text}");
}

#[test]
fn without_an_observer_the_command_finds_out_by_itself() {
    let stage = Stage::new();
    let _services = stage.start_all();
    let fine = stage.order(Fate::Fine, 5);
    let rejected = stage.order(Fate::Rejected, 1);
    for (group, topic) in
        [("payment.charge", "orders"), ("mail.thank", "orders"), ("shipping.ship", "payments")]
    {
        stage.settled(group, topic);
    }
    let manifests = stage.manifests_argument();
    let alone = |id: &str| stage.ask(None, &["where", id, "--manifests", &manifests]);
    let (code, text) = alone(&format!("invoice-of-{}", fine[0]));
    assert!(code == 0 && text.contains("completed"), "{code}: {text}");
    let (code, text) = alone(&rejected[0]);
    assert!(code == 1 && text.contains("failed") && text.contains("payment/charge"), "{code}: {text}");
    let (code, text) = alone("nobody");
    assert!(code == 3 && text.contains("nobody knows `nobody`"), "{code}: {text}");
}
