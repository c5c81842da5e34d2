//! Encrypted connections. Needs the feature `ssl`, and OpenSSL's headers.

use std::path::Path;

use choreograph_tests::kafka::{Certificates, Cluster, Security, Setup};

use crate::casting::{PASSWORD, USER, answered, documented, errors, leave, order, says, stage, start};
use crate::stage::Actor;

/// How the brokers of the tests are reached.
const BROKER: &str = "127.0.0.1";

/// What is told of every connection that OpenSSL does not make.
const REFUSED: &str = "no encrypted connection could be made; check KAFKA_SSL_CA_LOCATION, the broker's name in its \
                       certificate";

fn certificates(broker: &str) -> Certificates {
    Certificates::of(broker, USER).expect("certificates")
}

fn cluster(security: Security) -> Cluster {
    Setup::nodes(1).secured(security).start().expect("a node with certificates")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

/// What follows once it is let in: its work, and an end in order.
fn works(stage: &crate::stage::Stage, service: Actor) {
    service.ready();
    order(stage, "orders", "a", 1);
    answered(stage, "payments", &["a"]);
    leave(service);
}

#[test]
fn with_the_right_authority_a_login_goes_over_an_encrypted_connection() {
    let made = certificates(BROKER);
    let cluster = cluster(Security::new().user(USER, PASSWORD).scram(USER, PASSWORD).encrypted(&made));
    let stage = stage(&cluster);
    cluster.grant(USER, &documented(&stage)).expect("granted");
    let authority = made.authority();
    let encrypted = [("KAFKA_SECURITY_PROTOCOL", "SASL_SSL"), ("KAFKA_SSL_CA_LOCATION", text(&authority))];
    works(&stage, start(&stage, &cluster, &encrypted));

    let scram = [&encrypted[..], &[("KAFKA_SASL_MECHANISM", "SCRAM-SHA-256")]].concat();
    let service = start(&stage, &cluster, &scram);
    service.ready();
    order(&stage, "orders", "b", 1);
    answered(&stage, "payments", &["a", "b"]);
    leave(service);

    let mistaken = [&scram[..], &[("KAFKA_SASL_PASSWORD", "canary-Zq9-mistyped")]].concat();
    let service = start(&stage, &cluster, &mistaken);
    says(&service, &["the broker refused the login"]);
    assert!(!leave(service).contains("canary-Zq9"));
}

#[test]
fn an_unknown_authority_is_told() {
    let cluster = cluster(Security::new().user(USER, PASSWORD).encrypted(&certificates(BROKER)));
    let stage = stage(&cluster);
    let stranger = certificates(BROKER);
    let authority = stranger.authority();
    let settings = [("KAFKA_SECURITY_PROTOCOL", "SASL_SSL"), ("KAFKA_SSL_CA_LOCATION", text(&authority))];
    let service = start(&stage, &cluster, &settings);
    says(&service, &[REFUSED, "certificate verify failed"]);
    let log = leave(service);
    assert_eq!(errors(&log, REFUSED), 1, "one line:\n{log}");
}

#[test]
fn a_certificate_of_another_host_is_told() {
    let made = certificates("elsewhere.example");
    let cluster = cluster(Security::new().user(USER, PASSWORD).encrypted(&made));
    let stage = stage(&cluster);
    let authority = made.authority();
    let settings = [("KAFKA_SECURITY_PROTOCOL", "SASL_SSL"), ("KAFKA_SSL_CA_LOCATION", text(&authority))];
    let service = start(&stage, &cluster, &settings);
    says(&service, &[REFUSED, "certificate verify failed"]);
    let log = leave(service);
    assert_eq!(errors(&log, REFUSED), 1, "one line:\n{log}");
}

#[test]
fn a_certificate_of_the_service_stands_for_a_login_and_its_lack_is_told() {
    let made = certificates(BROKER);
    let cluster = cluster(Security::new().demanding_certificate(&made));
    let stage = stage(&cluster);
    cluster.grant(&format!("CN={USER}"), &documented(&stage)).expect("granted");
    let (authority, (certificate, key)) = (made.authority(), made.client());
    let encrypted = [("KAFKA_SECURITY_PROTOCOL", "SSL"), ("KAFKA_SSL_CA_LOCATION", text(&authority))];
    let own =
        [("KAFKA_SSL_CERTIFICATE_LOCATION", text(&certificate)), ("KAFKA_SSL_KEY_LOCATION", text(&key))];
    let without = start(&stage, &cluster, &encrypted);
    says(&without, &[REFUSED, "KAFKA_SSL_CERTIFICATE_LOCATION and KAFKA_SSL_KEY_LOCATION"]);
    leave(without);
    works(&stage, start(&stage, &cluster, &[&encrypted[..], &own].concat()));
}
