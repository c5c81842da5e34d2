//! What an operator needs to look at dead letters and to act on them, and what is said where it is missing.

use choreograph::settings::Settings;
use choreograph_dead_letters::{DeadLetters, Error, Filter, Order, What};
use choreograph_tests::eventually;
use choreograph_tests::kafka::{Cluster, Operation, Right};
use choreograph_tests::topics::{self, Record};

use crate::casting::{OPERATOR, PASSWORD, shared, stage};
use crate::stage::{Stage, WITHIN};

const ID: &str = "2ea4cd0f-e49b-84c0-9fcd-c5c6d3e6cf85";

/// The rights that the documentation gives who replays, in the order in which they are needed, and what is said where
/// each is missing.
fn documented(stage: &Stage) -> Vec<(Right, String)> {
    let (dead, retry, audit) = (
        stage.full("payment.charge.dlq"),
        stage.full("payment.charge.retry"),
        stage.full("choreograph.audit"),
    );
    let transactional = stage.full("choreograph.dlq.payment.charge.dlq");
    let topic = |name: &str, operation| Right::topic(name, operation);
    vec![
        (topic(&audit, Operation::Read), format!("READ on topic {audit}")),
        (topic(&dead, Operation::Read), format!("READ on topic {dead}")),
        (
            Right::transactional_id(&transactional, Operation::Write),
            format!("WRITE on transactional id {transactional}"),
        ),
        (topic(&retry, Operation::Write), format!("WRITE on topic {retry}")),
        (topic(&audit, Operation::Write), format!("WRITE on topic {audit}")),
    ]
}

/// As the operator, one look and one replay of everything.
fn replay(stage: &Stage, cluster: &Cluster) -> Result<u64, Error> {
    let secured = cluster.secured_bootstrap();
    let settings = Settings::read([
        ("KAFKA_BOOTSTRAP_SERVERS", secured.as_str()),
        ("KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT"),
        ("KAFKA_SASL_MECHANISM", "PLAIN"),
        ("KAFKA_SASL_USERNAME", OPERATOR),
        ("KAFKA_SASL_PASSWORD", PASSWORD),
        ("CHOREOGRAPH_NAMESPACE", stage.namespace()),
    ]);
    let letters = DeadLetters::open(&settings.expect("settings"), &[])?;
    let chosen = letters.choose(&Filter::default(), &mut ())?;
    let what = What::Replay { force: false };
    let order =
        Order { by: "ada".to_owned(), what, dry_run: false, rate: None, unchecked: true, forgetful: false };
    Ok(letters.act(&chosen, &order, &mut ())?.done)
}

#[test]
fn each_missing_right_of_an_operator_is_named_and_all_of_them_are_enough() {
    let cluster = shared();
    let stage = stage(cluster);
    stage.create(&[stage.topic("choreograph.audit", 1)]);
    let dead_letter = Record::to(&stage.full("payment.charge.dlq"))
        .key("k")
        .value("{}")
        .header("ce_id", "e1")
        .header("dlq-id", ID)
        .header("dlq-reason", "rejected")
        .header("dlq-service", "payment")
        .header("dlq-step", "charge");
    // Of an empty topic nothing is fetched, so that nobody asks for the right to.
    let earlier = Record::to(&stage.full("choreograph.audit")).key("e0").value("{}").header("ce_id", "e0");
    topics::write(stage.kafka(), &[dead_letter, earlier]).expect("acknowledged");
    let written = |topic: &str| stage.read(topic).len();
    // Who may not even know of a topic is told of none.
    let known =
        ["payment.charge.dlq", "payment.charge.retry", "choreograph.audit"].map(|topic| stage.full(topic));
    let describe = known.map(|topic| Right::topic(&topic, Operation::Describe));
    cluster.grant(OPERATOR, &describe).expect("granted");
    let documented = documented(&stage);
    for (right, told) in &documented {
        eventually(told, WITHIN, || match replay(&stage, cluster) {
            Err(error @ Error::Right { .. }) if error.to_string().contains(told) => Ok(()),
            other => Err(format!("{other:?}")),
        });
        assert_eq!((written("payment.charge.retry"), written("choreograph.audit")), (0, 1));
        cluster.grant(OPERATOR, std::slice::from_ref(right)).expect("granted");
    }
    assert_eq!(eventually("all rights", WITHIN, || replay(&stage, cluster)), 1);
    assert_eq!((written("payment.charge.retry"), written("choreograph.audit")), (1, 2));
}
