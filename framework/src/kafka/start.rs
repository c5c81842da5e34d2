//! From a step's plan to its running loop.

use std::io;
use std::sync::Arc;
use std::task::Context;
use std::thread::JoinHandle;
use std::time::UNIX_EPOCH;

use super::assign::Begin;
use super::client::Connection;
use super::driven::{Drive, Driven, LoopError, StepSetup, Stop};
use super::port::KafkaPort;
use super::rights::Needs;
use super::status::Status;
use super::thread::spawn;
use super::topics::{Creation, Role, TopicPlan};
use crate::engine::{Slot, Time};
use crate::ops::{Health, StepHealth};
use crate::runner::port::{Delivery, Port, Tag};
use crate::runner::{Plan, Runner};
use crate::settings::Settings;
use crate::step::StartFrom;
use crate::telemetry::{StepTelemetry, Telemetry};

/// A step that runs on Kafka.
#[derive(Debug)]
pub(crate) struct RunningStep {
    stop: Stop,
    thread: JoinHandle<Result<(), LoopError>>,
}

impl RunningStep {
    /// Starts the step on a thread of its own. What becomes of it is told to `health` and `telemetry`.
    pub(crate) fn start(
        plan: Arc<Plan>,
        settings: &Settings,
        health: &Health,
        telemetry: &Telemetry,
    ) -> io::Result<Self> {
        let stop = Stop::default();
        let health = health.step(plan.source.clone());
        let telemetry = Arc::new(telemetry.step(&plan.service, &plan.step, &plan.group));
        let subscription = [plan.inputs.as_slice(), std::slice::from_ref(&plan.retry_topic)].concat();
        let needs = Needs {
            group: plan.group.clone(),
            reads: subscription.clone(),
            writes: [plan.outputs.as_slice(), std::slice::from_ref(&plan.dead_letter_topic)].concat(),
        };
        let status = Status::new(Arc::clone(&health), Arc::clone(&telemetry), needs);
        let setup = StepSetup {
            name: format!("{}.{}", plan.service, plan.step),
            group: plan.group.clone(),
            subscription,
            topics: topics(&plan, settings),
            begin: begin(plan.from),
            drain: plan.drain_deadline,
            connection: Connection::new(&settings.kafka),
            status: Arc::new(status),
        };
        let thread = spawn(setup, RunPlan { plan, telemetry, health }, stop.clone())?;
        Ok(Self { stop, thread })
    }

    /// Asks the step to take no more records, to settle what it has, and to leave its group.
    pub(crate) fn stop(&self) {
        self.stop.ask();
    }

    /// Whether the step's thread has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the end of the step's thread. Blocks; after [`stop`](Self::stop) for the drain deadline and a
    /// few seconds at most.
    pub(crate) fn join(self) -> Result<(), LoopError> {
        self.thread.join().unwrap_or(Err(LoopError::Panicked))
    }
}

/// The topics that the step needs.
fn topics(plan: &Plan, settings: &Settings) -> TopicPlan {
    let inputs = plan.inputs.iter().map(|topic| (Role::Input, topic));
    let outputs = plan.outputs.iter().map(|topic| (Role::Output, topic));
    let own = [(Role::Retry, &plan.retry_topic), (Role::DeadLetters, &plan.dead_letter_topic)];
    let mut topics: Vec<(Role, String)> = Vec::new();
    for (role, topic) in inputs.chain(own).chain(outputs) {
        // A step may emit to a topic that it reads: one look is enough.
        if topics.iter().all(|(_, known)| known != topic) {
            topics.push((role, topic.clone()));
        }
    }
    let creation = settings.create_topics.then_some(Creation {
        partitions: settings.topic_partitions,
        replication: settings.topic_replication,
    });
    TopicPlan { topics, creation }
}

/// Where a group without commits begins, as the driver counts time.
fn begin(from: StartFrom) -> Begin {
    match from {
        StartFrom::Earliest => Begin::Earliest,
        StartFrom::Latest => Begin::Latest,
        StartFrom::At(time) => {
            let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
            Begin::At(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
        }
    }
}

/// Makes the runner of a plan on the step's thread.
struct RunPlan {
    plan: Arc<Plan>,
    telemetry: Arc<StepTelemetry>,
    health: Arc<StepHealth>,
}

impl Drive for RunPlan {
    type Driven<'c> = Runner<KafkaPort<'c>>;

    fn drive<'c>(self) -> Runner<KafkaPort<'c>> {
        Runner::watched(self.plan, self.telemetry, self.health)
    }
}

impl<P: Port> Driven<P> for Runner<P> {
    fn wants_records(&self) -> bool {
        self.wants_records()
    }

    fn assigned(&mut self, now: Time, slot: Slot, committed: Option<i64>, metadata: Option<&str>) {
        self.assigned(now, slot, committed, metadata);
    }

    fn take(&mut self, now: Time, slot: Slot, record: P::Record, port: &mut P) {
        self.take(now, slot, record, port);
    }

    fn turn(&mut self, now: Time, cx: &mut Context<'_>, port: &mut P) -> bool {
        self.turn(now, cx, port)
    }

    fn delivered(&mut self, now: Time, tag: Tag, delivery: Delivery, port: &mut P) {
        self.delivered(now, tag, delivery, port);
    }

    fn committed(&mut self, now: Time, slot: Slot, offset: i64, ok: bool) {
        self.committed(now, slot, offset, ok);
    }

    fn oldest(&self, slot: Slot) -> Option<i64> {
        self.oldest(slot)
    }

    fn revoked(&mut self, now: Time, slots: &[Slot]) {
        self.revoked(now, slots);
    }

    fn lost(&mut self, slots: &[Slot]) {
        self.lost(slots);
    }

    fn shutdown(&mut self, now: Time) {
        self.shutdown(now);
    }

    fn next_wake(&self) -> Option<Time> {
        self.next_wake()
    }

    fn stopped(&self) -> bool {
        self.stopped()
    }

    fn left_behind(&self) -> usize {
        self.left_behind()
    }
}
