//! Who may come in.

use choreograph_tests::kafka::{Security, Setup};

use crate::casting::{
    PASSWORD, USER, answered, documented, errors, keeps, leave, order, says, shared, stage, start,
};

/// A password that is not the right one, and may not be shown either.
const WRONG: &str = "canary-Zq9-mistyped";

const REFUSED: &str = "the broker refused the login; check KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and \
                       KAFKA_SASL_PASSWORD";

#[test]
fn a_refused_login_is_told_and_what_waited_is_handled_once_the_password_is_right() {
    let cluster = shared();
    let stage = stage(cluster);
    cluster.grant(USER, &documented(&stage)).expect("granted");
    order(&stage, "orders", "a", 1);
    let mistaken = start(&stage, cluster, &[("KAFKA_SASL_PASSWORD", WRONG)]);
    says(&mistaken, &[REFUSED]);
    keeps(&mistaken, WRONG);
    let log = leave(mistaken);
    assert_eq!(errors(&log, REFUSED), 1, "one line:\n{log}");
    assert!(!log.contains(WRONG), "{log}");

    let right = start(&stage, cluster, &[]);
    right.ready();
    answered(&stage, "payments", &["a"]);
    leave(right);
}

#[test]
fn it_comes_in_without_a_restart_once_the_broker_knows_its_password() {
    let security = |password| Security::new().user(USER, password);
    let mut cluster = Setup::nodes(1).secured(security("another")).start().expect("a node with logins");
    let stage = stage(&cluster);
    cluster.grant(USER, &documented(&stage)).expect("granted");
    order(&stage, "orders", "a", 1);
    let service = start(&stage, &cluster, &[]);
    says(&service, &[REFUSED]);
    cluster.stop(1).expect("stopped");
    cluster.change_logins(1, &security(PASSWORD)).expect("written");
    cluster.start_again(1).expect("started");
    service.ready();
    answered(&stage, "payments", &["a"]);
    let log = leave(service);
    assert_eq!(errors(&log, REFUSED), 1, "one line:\n{log}");
}

#[test]
fn what_librdkafka_says_of_itself_shows_no_password() {
    let cluster = shared();
    let stage = stage(cluster);
    cluster.grant(USER, &documented(&stage)).expect("granted");
    let service = start(&stage, cluster, &[("KAFKA_DEBUG", "all"), ("CHOREOGRAPH_LOG", "trace")]);
    service.ready();
    order(&stage, "orders", "a", 1);
    answered(&stage, "payments", &["a"]);
    assert!(service.log().contains("sasl.mechanisms"), "it says much:\n{}", service.log());
    leave(service);
}
