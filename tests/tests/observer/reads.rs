//! What lies on topics beside events: the marks of transactions, transactions that were given up, bytes of strangers.

use choreograph_observer::answer::InstanceState;
use choreograph_tests::eventually;
use choreograph_tests::kafka::Cluster;
use choreograph_tests::topics::{self, Record};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use crate::cast::Fate;
use crate::sight::Verdict;
use crate::stage::{Stage, WITHIN};

/// A producer with a transaction that has begun, and one record in it.
fn transaction(stage: &Stage, topic: &str) -> BaseProducer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", stage.kafka()).set("transactional.id", stage.full("writer"));
    let producer: BaseProducer = config.create().expect("a client");
    producer.init_transactions(WITHIN).expect("a transactional id");
    producer.begin_transaction().expect("a transaction");
    let topic = stage.full(topic);
    let record: BaseRecord<'_, str, str> = BaseRecord::to(&topic).key("key").payload("{}").partition(0);
    producer.send(record).map_err(|(error, _)| error).expect("sent");
    producer.flush(WITHIN).expect("written");
    producer
}

#[test]
fn the_marks_of_transactions_are_waited_for_by_nobody() {
    let stage = Stage::new();
    let _services = stage.start_all();
    let sight = stage.observe(&[]);
    let before = stage.order(Fate::Fine, 5);
    sight.says(&before, &Verdict::completed());

    // Given up: neither the record nor the mark is ever read, and both lie before the end.
    transaction(&stage, "orders").abort_transaction(WITHIN).expect("given up");
    transaction(&stage, "payment.charge.dlq").commit_transaction(WITHIN).expect("committed");
    let after = stage.order(Fate::Fine, 5);
    sight.says(&after, &Verdict::completed());
    eventually("the observer sees all of it", WITHIN, || {
        let as_of = sight.overview().as_of;
        if as_of.caught_up && as_of.behind_ms < 10_000 { Ok(()) } else { Err(format!("{as_of:?}")) }
    });

    // Swallowed behind a mark: called lost only when everything before is known to hold nothing more.
    let lost = stage.order(Fate::Swallowed, 1);
    eventually("it is lost", WITHIN, || {
        let verdict = sight.verdict(&lost[0])?;
        if verdict.state == InstanceState::Lost { Ok(()) } else { Err(format!("{verdict:?}")) }
    });

    // No record lies behind the last that was committed, and marks are none that wait.
    transaction(&stage, "orders").abort_transaction(WITHIN).expect("given up");
    let given_up = sight.overview().as_of.now;
    eventually("nothing waits", WITHIN, || {
        let as_of = sight.overview().as_of;
        if as_of.now - as_of.behind_ms <= given_up {
            return Err(format!("the mark was not seen yet: {as_of:?}"));
        }
        let (_, metrics) = sight.ask("/metrics", &[])?;
        let of_orders = |line: &&str| line.starts_with("workflow_group_lag{") && line.contains("\"orders\"");
        let lags: Vec<&str> = metrics.lines().filter(of_orders).collect();
        let waits = lags.is_empty() || lags.iter().any(|line| !line.ends_with(" 0"));
        if waits { Err(format!("{lags:?}")) } else { Ok(()) }
    });
}

#[test]
fn bytes_of_strangers_harm_nobody() {
    let stage = Stage::new();
    let _services = stage.start_all();
    let sight = stage.observe(&[]);
    let orders = stage.full("orders");
    let mut many = Record::to(&orders).value("{}");
    for number in 0..2_000 {
        many = many.header(&format!("header-{number}"), vec![b'x'; 10]);
    }
    let evil = "\u{1b}]0;evil\u{7}\u{202e}";
    let strange = [
        Record::to(&orders),
        Record::to(&orders)
            .key([0xff, 0xfe])
            .value([0xff])
            .header("ce_id", [0xff])
            .header("ce_type", [0xc3, 0x28]),
        Record::to(&orders)
            .value("{}")
            .header("ce_id", "")
            .header("ce_type", "")
            .header("wf", "name=;started=x;hops=-1"),
        Record::to(&orders).value("{}").null_header("ce_id").header("ce_type", "order.placed.v1"),
        Record::to(&orders)
            .value("{}")
            .header("ce_id", vec![b'i'; 200_000])
            .header("ce_type", "order.placed.v1"),
        Record::to(&orders)
            .key(evil)
            .value("{}")
            .header("ce_id", evil)
            .header("ce_correlationid", evil)
            .header("ce_type", "order.placed.v1")
            .header("wf", format!("name={evil};started=99999999999999999999;hops=99999")),
        many,
    ];
    topics::write(stage.kafka(), &strange).expect("written");
    let fine = stage.order(Fate::Fine, 5);
    sight.says(&fine, &Verdict::completed());
    let log = sight.process.log().expect("a log");
    assert!(!log.contains("panicked"), "{log}");
    let (code, text) = stage.ask(Some(&sight), &["instances"]);
    assert!(code <= 1, "{code}: {text}");
    assert!(!text.chars().any(|character| character.is_control() && character != '\n'), "{text:?}");
}

#[test]
fn brokers_that_never_answered_prove_nothing() {
    // Nobody listens there.
    let stage = Stage::bare_on("127.0.0.1:1");
    let sight = stage.observe(&[]);
    eventually("it says that no broker answers", WITHIN, || {
        let overview = sight.overview();
        let told = overview.problems.iter().any(|problem| problem.contains("no broker tells of topics"));
        assert!(!overview.as_of.caught_up, "nothing was read: {overview:?}");
        if told { Ok(()) } else { Err(format!("{:?}", overview.problems)) }
    });
    let (code, text) = stage.ask(Some(&sight), &["where", "anything"]);
    assert!(code == 3 && text.contains("the observer still reads"), "{code}: {text}");
}

#[test]
fn brokers_that_are_away_are_told_of() {
    let mut cluster = Cluster::start(1, &[]).expect("a broker");
    let stage = Stage::bare_on(&cluster.bootstrap());
    stage.create();
    let sight = stage.observe(&[]);
    sight.caught_up();
    let is_blind = || sight.overview().problems.iter().any(|problem| problem.contains("no broker"));
    cluster.kill(1).expect("killed");
    eventually("it says that no broker answers", WITHIN, || {
        if is_blind() { Ok(()) } else { Err("it does not") }
    });
    assert_eq!(
        sight.ask("/live", &[]).expect("an answer").0,
        200,
        "a broker that is away is no fault of the process"
    );
    eventually("it is not ready", WITHIN, || match sight.ask("/ready", &[])? {
        (503, _) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    cluster.start_again(1).expect("a broker");
    eventually("it sees again", WITHIN, || if is_blind() { Err("it does not") } else { Ok(()) });
    eventually("it is ready", WITHIN, || match sight.ask("/ready", &[])? {
        (200, _) => Ok(()),
        other => Err(format!("{other:?}")),
    });
}
