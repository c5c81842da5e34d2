//! What the driver owes the runner and the group.

use std::collections::BTreeSet;
use std::sync::Arc;

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::super::assign::Begin;
use super::super::commit::{Sent, commit_ends, confirm};
use super::super::context::StepContext;
use super::super::embedded::EmbeddedBroker;
use super::super::partition::Partition;
use super::copier::Told;
use super::running::{PATIENCE, Running, broker, eventually, feed, feed_to, numbers, output, setup};
use crate::clock::Wall;
use crate::engine::Slot;
use crate::ops::Health;

#[test]
fn everything_read_is_published_acknowledged_and_committed_and_the_step_ends_without_hanging() {
    let broker = broker(4);
    feed(&broker, numbers(0..2_000));
    let step = Running::start(&broker, Begin::Earliest);
    step.until_acknowledged(numbers(0..2_000));
    // The group says what became of a commit while the step runs, not only when it ends.
    step.until(|told| matches!(told, Told::Committed(offset) if offset > 0));
    eventually(&step, || step.health.report().ready);
    step.end();
    assert_eq!(output(&broker, 2_000).into_iter().collect::<BTreeSet<_>>().len(), 2_000);
    // What was committed is not read again.
    let again = Running::start(&broker, Begin::Earliest);
    let mut assigned = 0;
    again.until(|told| {
        assert!(!matches!(told, Told::Acknowledged(_)), "read again: {told:?}");
        if let Told::Assigned(committed) = told {
            assert!(committed > 0, "nothing was committed");
            assigned += 1;
        }
        assigned == 4
    });
    feed(&broker, ["new".to_owned()]);
    again.until(|told| match told {
        Told::Acknowledged(value) => {
            assert_eq!(value, "new");
            true
        }
        _ => false,
    });
    again.end();
}

#[test]
fn a_step_waits_for_a_broker_that_is_away_and_goes_on() {
    let broker = broker(2);
    let step = Running::start(&broker, Begin::Earliest);
    feed(&broker, numbers(0..10));
    step.until_acknowledged(numbers(0..10));
    broker.go_away().unwrap();
    // An outage shows on /ready.
    eventually(&step, || !step.health.report().ready);
    assert!(step.health.report().live, "a broker that is away never kills a process");
    broker.come_back().unwrap();
    feed(&broker, numbers(10..20));
    step.until_acknowledged(numbers(10..20));
    eventually(&step, || step.health.report().ready);
    step.end();
}

/// Has `step` settle `count` records of each partition, and waits until the group has its commits. The embedded broker
/// takes none while a member joins, and has one that it answered late join twice: what a member gives up is committed
/// before another comes, or it may never be.
fn settle(broker: &EmbeddedBroker, step: &Running, partitions: usize, count: usize) {
    for partition in 0..partitions {
        let first = partition * count;
        feed_to(broker, i32::try_from(partition).ok(), numbers(first..first + count));
    }
    let mut settled = 0;
    step.until(|told| {
        settled += usize::from(told == Told::Committed(i64::try_from(count).unwrap()));
        settled == partitions
    });
}

#[test]
fn a_second_member_takes_over_partitions_and_nothing_is_lost() {
    let broker = broker(4);
    let first = Running::start(&broker, Begin::Earliest);
    settle(&broker, &first, 4, 125);
    let second = Running::start(&broker, Begin::Earliest);
    first.until(|told| matches!(told, Told::Revoked(count) if count > 0));
    feed(&broker, numbers(500..1_000));
    let mut assigned = 0;
    second.until(|told| {
        if let Told::Assigned(committed) = told {
            assert!(committed > 0, "the first member committed before it left");
            assigned += 1;
        }
        assigned == 2
    });
    feed(&broker, numbers(1_000..1_500));
    // Both have acknowledged, one has left: the other is alone with all four.
    first.end();
    feed(&broker, numbers(1_500..2_000));
    assigned = 0;
    second.until(|told| {
        assigned += usize::from(matches!(told, Told::Assigned(_)));
        assigned == 2
    });
    let mut seen = BTreeSet::new();
    let mut count = 2_000;
    while seen.len() < 2_000 {
        seen = output(&broker, count).into_iter().collect();
        count += 2_000 - seen.len();
    }
    second.end();
}

#[test]
fn a_group_that_begins_at_the_end_keeps_its_place_before_it_reads_anything() {
    let broker = broker(1);
    feed(&broker, numbers(0..10));
    let step = Running::start(&broker, Begin::Latest);
    step.until(|told| told == Told::Assigned(10));
    step.end();
    // Nothing was read or settled: only the driver's own commit can hold the place.
    feed(&broker, numbers(10..20));
    let again = Running::start(&broker, Begin::Latest);
    again.until(|told| told == Told::Assigned(10));
    again.until_acknowledged(numbers(10..20));
    again.end();
}

#[test]
fn a_partition_that_came_while_others_ran_is_read_from_its_start_by_who_starts_later() {
    let broker = broker(2);
    feed_to(&broker, Some(0), numbers(0..10));
    feed_to(&broker, Some(1), numbers(10..20));
    // To the group there was one partition when it began.
    let others = setup(&broker, Begin::Latest, &Health::new());
    let context = StepContext::new(Arc::clone(&others.status));
    let member = others.connection.consumer(&others.name, &others.group, context, Arc::default()).unwrap();
    let partition = Partition { topic: "in".into(), number: 0 };
    commit_ends(&member, std::iter::once((&partition, 10))).unwrap();
    // One that asked before the group has this would begin at the end of both.
    let sent = [Sent { slot: Slot(0), partition, offset: 10, before: None, at: Wall::at_ms(0) }];
    let deadline = crate::clock::instant() + PATIENCE;
    while confirm(&member, &sent)[0].error.is_some() {
        assert!(crate::clock::instant() < deadline, "the group never has it");
    }
    let later = Running::start(&broker, Begin::Latest);
    later.until_acknowledged(numbers(10..20));
    later.end();
    assert_eq!(output(&broker, 10).len(), 10, "nothing from before");
}

#[test]
fn a_group_that_may_not_begin_is_named_until_it_may() {
    let broker = broker(1);
    broker.cluster().request_errors(
        RDKafkaApiKey::OffsetFetch,
        &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED],
    );
    let step = Running::start(&broker, Begin::Latest);
    eventually(&step, || {
        step.health.report().steps[0].reasons.join("\n").contains("GROUP_AUTHORIZATION_FAILED")
    });
    step.until(|told| matches!(told, Told::Assigned(_)));
    eventually(&step, || step.health.report().ready);
    step.end();
}

#[test]
fn a_producer_that_may_not_begin_is_replaced_until_it_may() {
    let broker = broker(1);
    broker.cluster().request_errors(
        RDKafkaApiKey::InitProducerId,
        &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED; 2],
    );
    feed(&broker, numbers(0..50));
    let step = Running::start(&broker, Begin::Earliest);
    step.until_acknowledged(numbers(0..50));
    step.end();
    let mut first_seen = Vec::new();
    for value in output(&broker, 50) {
        if !first_seen.contains(&value) {
            first_seen.push(value);
        }
    }
    assert_eq!(first_seen, numbers(0..50).collect::<Vec<_>>());
}

#[test]
fn while_the_runner_wants_nothing_the_group_is_served_and_nothing_is_lost() {
    let broker = broker(2);
    let first = Running::start(&broker, Begin::Earliest);
    settle(&broker, &first, 2, 5);
    *first.wants.lock().unwrap() = false;
    feed(&broker, numbers(10..1_000));
    // A rebalance gets through although records lie in front of it.
    let second = Running::start(&broker, Begin::Earliest);
    first.until(|told| matches!(told, Told::Revoked(1)));
    second.until(|told| matches!(told, Told::Acknowledged(_)));
    *first.wants.lock().unwrap() = true;
    let seen: BTreeSet<String> = output(&broker, 1_000).into_iter().collect();
    assert_eq!(seen.len(), 1_000, "each record once: nobody left with work unsettled");
    first.end();
    second.end();
}

#[test]
fn a_partition_without_a_leader_holds_up_no_other_and_is_named() {
    let broker = broker(2);
    broker.cluster().partition_leader("in", 0, None).unwrap();
    let step = Running::start(&broker, Begin::Earliest);
    feed_to(&broker, Some(1), numbers(0..10));
    step.until_acknowledged(numbers(0..10));
    let named = || step.health.report().steps[0].notes.join("\n").contains("no broker answers for in [0]");
    eventually(&step, named);
    broker.cluster().partition_leader("in", 0, Some(1)).unwrap();
    feed_to(&broker, Some(0), numbers(10..20));
    step.until_acknowledged(numbers(10..20));
    eventually(&step, || !named());
    step.end();
}

#[test]
fn a_missing_topic_is_named_and_waited_for() {
    let broker = EmbeddedBroker::start().unwrap();
    broker.create_topic("in", 1).unwrap();
    broker
        .cluster()
        .topic_error("out", RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        .unwrap();
    let step = Running::start(&broker, Begin::Earliest);
    eventually(&step, || {
        let reasons = step.health.report().steps[0].reasons.join("\n");
        reasons.contains("out") && reasons.contains("right to write")
    });
    broker.cluster().topic_error("out", RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR).unwrap();
    feed(&broker, numbers(0..5));
    step.until_acknowledged(numbers(0..5));
    step.end();
}
