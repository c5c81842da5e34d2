//! What a step's loop is told, and what it drives.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Context;
use std::time::Duration;

use rdkafka::error::KafkaError;
use tokio::sync::Notify;

use super::assign::Begin;
use super::client::{ClientError, Connection};
use super::errands::Gone;
use super::port::KafkaPort;
use super::status::Status;
use super::topics::TopicPlan;
use crate::engine::{Slot, Time};
use crate::runner::port::{Delivery, Port, Tag};

/// What drives a step's records: the runner, or a test's stand-in.
pub(crate) trait Driven<P: Port> {
    /// See [`Runner`](crate::runner::Runner).
    fn wants_records(&self) -> bool;
    /// A partition is ours.
    fn assigned(&mut self, now: Time, slot: Slot, committed: Option<i64>, metadata: Option<&str>);
    /// A record was read.
    fn take(&mut self, now: Time, slot: Slot, record: P::Record, port: &mut P);
    /// Handlers and timers may go on; answers whether anything happened.
    fn turn(&mut self, now: Time, cx: &mut Context<'_>, port: &mut P) -> bool;
    /// What became of a publish.
    fn delivered(&mut self, now: Time, tag: Tag, delivery: Delivery, port: &mut P);
    /// What became of a commit.
    fn committed(&mut self, now: Time, slot: Slot, offset: i64, ok: bool);
    /// When the first record was written that was taken and is not settled, in milliseconds since the Unix epoch.
    fn oldest(&self, slot: Slot) -> Option<i64>;
    /// Partitions are to be released.
    fn revoked(&mut self, now: Time, slots: &[Slot]);
    /// Partitions are gone.
    fn lost(&mut self, slots: &[Slot]);
    /// The step ends.
    fn shutdown(&mut self, now: Time);
    /// When the next timer is due.
    fn next_wake(&self) -> Option<Time>;
    /// Everything is settled or given up after [`shutdown`](Self::shutdown).
    fn stopped(&self) -> bool;
    /// Of how many partitions work was given up unsettled since then.
    fn left_behind(&self) -> usize;
}

/// Makes the driven part once the consumer is there, which its port borrows.
pub(crate) trait Drive: Send + 'static {
    /// The driven part.
    type Driven<'c>: Driven<KafkaPort<'c>>;
    /// Makes it.
    fn drive<'c>(self) -> Self::Driven<'c>;
}

/// What the loop of one step needs to know.
#[derive(Debug)]
pub(crate) struct StepSetup {
    /// `service.step`: the thread's and the clients' name.
    pub(crate) name: String,
    /// The consumer group on the broker.
    pub(crate) group: String,
    /// The topics to subscribe to.
    pub(crate) subscription: Vec<String>,
    /// The topics that must be there.
    pub(crate) topics: TopicPlan,
    /// Where a group without commits begins.
    pub(crate) begin: Begin,
    /// How long the runner may take to leave.
    pub(crate) drain: Duration,
    pub(crate) connection: Connection,
    pub(crate) status: Arc<Status>,
}

/// Ends a step's loop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    asked: Arc<AtomicBool>,
    /// What wakes the loop, whoever wants it to turn.
    pub(super) wake: Arc<Notify>,
}

impl Stop {
    /// Asks the loop to drain and end.
    pub(crate) fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
        self.wake.notify_one();
    }

    /// Whether the loop was asked to end.
    pub(super) fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

/// Why a step's loop ended before it was asked to, or before everything was settled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LoopError {
    /// A client could not be made.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A thread could not be started.
    #[error("no thread for the step: {0}")]
    Thread(#[from] std::io::Error),
    /// The consumer is beyond help.
    #[error("the consumer can do nothing more: {0}")]
    Fatal(#[source] KafkaError),
    /// The topics cannot be subscribed to.
    #[error("the topics cannot be subscribed to: {0}")]
    Subscription(#[source] KafkaError),
    /// The errand thread ended.
    #[error("the thread that asks the brokers has ended")]
    Errands,
    /// The sending thread ended.
    #[error("the thread that sends records has ended")]
    Sender,
    /// It was asked to end, and work was left unsettled when the drain deadline passed.
    #[error("the drain deadline passed with work unsettled, which is read again")]
    Unsettled,
    /// The step's thread panicked, which is an error of the framework: handlers' panics become dead letters.
    #[error("the step's thread panicked")]
    Panicked,
}

impl From<Gone> for LoopError {
    fn from(_: Gone) -> Self {
        Self::Errands
    }
}
