//! What it may do, once it is in.

use choreograph_tests::kafka::{Operation, Right};

use crate::casting::{POOR, USER, answered, documented, errors, leave, order, says, shared, stage, start};
use crate::stage::Stage;

#[test]
fn the_documented_rights_are_enough() {
    let cluster = shared();
    let stage = stage(cluster);
    cluster.grant(USER, &documented(&stage)).expect("granted");
    let service = start(&stage, cluster, &[]);
    service.ready();
    order(&stage, "orders", "paid", 1);
    order(&stage, "payment.charge.retry", "replayed", 1);
    order(&stage, "orders", "rejected", 0);
    answered(&stage, "payments", &["paid", "replayed"]);
    answered(&stage, "payment.charge.dlq", &["rejected"]);
    stage.settled("payment.charge", "orders");
    let log = leave(service);
    assert_eq!(errors(&log, "_AUTHORIZATION_FAILED"), 0, "{log}");
}

/// All documented rights but the one on `resource`: the service says so, and goes on once it is granted.
fn withheld(resource: &str, withheld: impl Fn(&str) -> Right, words: &str) {
    let cluster = shared();
    let stage = stage(cluster);
    let missing = withheld(&stage.full(resource));
    let (given, kept): (Vec<_>, Vec<_>) = documented(&stage).into_iter().partition(|right| *right != missing);
    assert_eq!(kept, std::slice::from_ref(&missing), "it is documented");
    cluster.grant(USER, &given).expect("granted");
    order(&stage, "orders", "paid", 1);
    order(&stage, "orders", "rejected", 0);
    let service = start(&stage, cluster, &[]);
    let words = words.replace("RESOURCE", &stage.full(resource));
    says(&service, &[&words, "_AUTHORIZATION_FAILED", "grant it to this service's user"]);
    cluster.grant(USER, &[missing]).expect("granted");
    service.ready();
    answered(&stage, "payments", &["paid"]);
    answered(&stage, "payment.charge.dlq", &["rejected"]);
    stage.settled("payment.charge", "orders");
    let log = leave(service);
    assert_eq!(errors(&log, "_AUTHORIZATION_FAILED"), 1, "one line:\n{log}");
}

#[test]
fn the_right_to_read_the_input_is_missing() {
    withheld("orders", |name| Right::topic(name, Operation::Read), "missing: RESOURCE (the right to read");
}

#[test]
fn the_right_to_read_the_retry_topic_is_missing() {
    let right = |name: &str| Right::topic(name, Operation::Read);
    withheld("payment.charge.retry", right, "missing: RESOURCE (the right to read");
}

#[test]
fn the_right_to_write_the_output_is_missing() {
    withheld(
        "payments",
        |name| Right::topic(name, Operation::Write),
        "missing: RESOURCE (the right to write",
    );
}

#[test]
fn the_right_to_write_dead_letters_is_missing() {
    let right = |name: &str| Right::topic(name, Operation::Write);
    withheld("payment.charge.dlq", right, "missing: RESOURCE (the right to write");
}

#[test]
fn the_right_on_the_group_is_missing() {
    let right = |name: &str| Right::group(name, Operation::Read);
    withheld("payment.charge", right, "missing: group RESOURCE (the right to read");
}

/// It may know that its input is there, so that nothing is amiss until it reads.
#[test]
fn an_input_that_is_known_but_may_not_be_read() {
    let cluster = shared();
    let stage = stage(cluster);
    let input = stage.full("orders");
    let read = Right::topic(&input, Operation::Read);
    let given: Vec<_> = documented(&stage).into_iter().filter(|right| *right != read).collect();
    cluster.grant(USER, &given).expect("granted");
    cluster.grant(USER, &[Right::topic(&input, Operation::Describe)]).expect("granted");
    order(&stage, "orders", "a", 1);
    let service = start(&stage, cluster, &[]);
    let words =
        format!("missing: {input}, {} (the right to read each of them", stage.full("payment.charge.retry"));
    says(&service, &[&words]);
    cluster.grant(USER, &[read]).expect("granted");
    service.ready();
    answered(&stage, "payments", &["a"]);
    let log = leave(service);
    assert_eq!(errors(&log, "_AUTHORIZATION_FAILED"), 1, "one line:\n{log}");
}

/// The right is taken away under way: what was read before waits, and nothing is set aside.
#[test]
fn the_right_to_write_the_output_is_withdrawn() {
    let cluster = shared();
    let stage = stage(cluster);
    cluster.grant(USER, &documented(&stage)).expect("granted");
    let output = stage.full("payments");
    let (write, describe) =
        (Right::topic(&output, Operation::Write), Right::topic(&output, Operation::Describe));
    cluster.grant(USER, &[describe]).expect("granted");
    let service = start(&stage, cluster, &[]);
    order(&stage, "orders", "before", 1);
    answered(&stage, "payments", &["before"]);
    cluster.withdraw(USER, std::slice::from_ref(&write)).expect("withdrawn");
    order(&stage, "orders", "meanwhile", 1);
    says(&service, &[&format!("missing: {output} (the right to write (TOPIC_AUTHORIZATION_FAILED)")]);
    order(&stage, "orders", "later", 1);
    cluster.grant(USER, &[write]).expect("granted");
    service.ready();
    answered(&stage, "payments", &["before", "meanwhile", "later"]);
    stage.settled("payment.charge", "orders");
    answered(&stage, "payment.charge.dlq", &[]);
    let log = leave(service);
    assert_eq!(errors(&log, "_AUTHORIZATION_FAILED"), 1, "one line:\n{log}");
}

/// The right on the group is taken away under way: nothing is lost, and the work goes on once it is given back.
#[test]
fn the_right_on_the_group_is_withdrawn() {
    let cluster = shared();
    let stage = stage(cluster);
    cluster.grant(USER, &documented(&stage)).expect("granted");
    let service = start(&stage, cluster, &[]);
    order(&stage, "orders", "before", 1);
    answered(&stage, "payments", &["before"]);
    let group = stage.full("payment.charge");
    let read = Right::group(&group, Operation::Read);
    cluster.withdraw(USER, std::slice::from_ref(&read)).expect("withdrawn");
    says(&service, &[&format!("missing: group {group} (the right to read (GROUP_AUTHORIZATION_FAILED)")]);
    order(&stage, "orders", "meanwhile", 1);
    cluster.grant(USER, &[read]).expect("granted");
    service.ready();
    order(&stage, "orders", "later", 1);
    stage.settled("payment.charge", "orders");
    answered_at_least_once(&stage, &["before", "meanwhile", "later"]);
    answered(&stage, "payment.charge.dlq", &[]);
    let log = leave(service);
    assert_eq!(errors(&log, "_AUTHORIZATION_FAILED"), 1, "one line:\n{log}");
}

/// What could not be committed may be handled once more.
fn answered_at_least_once(stage: &Stage, orders: &[&str]) {
    let records = stage.read("payments");
    let causes: std::collections::BTreeSet<_> =
        records.iter().filter_map(|record| record.header("ce_causationid")).map(str::to_owned).collect();
    assert_eq!(causes, orders.iter().map(|id| format!("event-of-{id}")).collect());
}

/// Who may write nowhere cannot even be an idempotent producer.
#[test]
fn without_any_right_to_write_there_is_no_idempotent_producer() {
    let cluster = shared();
    let stage = stage(cluster);
    let own = ["payments", "payment.charge.dlq"].map(|topic| stage.full(topic));
    let writes = own.clone().map(|topic| Right::topic(&topic, Operation::Write));
    let given: Vec<_> = documented(&stage).into_iter().filter(|right| !writes.contains(right)).collect();
    cluster.grant(POOR, &given).expect("granted");
    let describes = own.clone().map(|topic| Right::topic(&topic, Operation::Describe));
    cluster.grant(POOR, &describes).expect("granted");
    order(&stage, "orders", "a", 1);
    let service = start(&stage, cluster, &[("KAFKA_SASL_USERNAME", POOR)]);
    let words =
        format!("missing: {} (the right to write, without which no producer is idempotent", own.join(", "));
    says(&service, &[&words, "CLUSTER_AUTHORIZATION_FAILED"]);
    cluster.grant(POOR, &writes).expect("granted");
    service.ready();
    answered(&stage, "payments", &["a"]);
    let log = leave(service);
    assert_eq!(errors(&log, "_AUTHORIZATION_FAILED"), 1, "one line:\n{log}");
}
