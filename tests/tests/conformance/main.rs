//! One suite for everything that runs services: the rehearsal, the embedded broker, Apache Kafka.
//!
//! A [`Case`] is a small drama with services of the [`lab`], told on any [`Platform`]; it names the [`Promise`]s it holds
//! the platform to. [`run`] runs them all and prints which promise the platform keeps and which it cannot. What a
//! rehearsal shows is worth something because the same cases pass on Kafka.

mod cases;
mod kafka;
mod lab;
mod platform;
mod promise;
mod rehearsal;
mod suite;

use kafka::OnKafka;
use lab::Lab;
use platform::{Platform, Raw, WITHIN, settled};
use promise::Promise;
use rehearsal::InRehearsal;
use suite::Case;

/// Schedules that the rehearsal is put through.
const SEEDS: u64 = 12;

/// The rehearsal keeps every promise, whatever the schedule.
#[test]
fn in_the_rehearsal() {
    for seed in 0..SEEDS {
        suite::run(&format!("the rehearsal, seed {seed},"), |_| Box::new(InRehearsal::new(seed)))
            .assert_kept();
    }
}

/// Apache Kafka keeps every promise.
#[test]
fn on_kafka() {
    suite::run("Apache Kafka", |case| Box::new(OnKafka::real(case))).assert_kept();
}

/// The broker in the process keeps what its kind can.
#[test]
fn on_the_embedded_broker() {
    suite::run("the embedded broker", |_| Box::new(OnKafka::embedded())).assert_kept();
}
