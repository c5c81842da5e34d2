//! The errand thread of a step: questions to brokers that take their time, one after the other.
//!
//! The poll thread asks and goes on; answers wait until it looks, and wake it. At most one errand of a kind is
//! on its way, so both queues are bounded by the number of kinds.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::consumer::{Consumer, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::producer::Producer;
use tokio::sync::Notify;

use super::assign::{Begin, Start, starts};
use super::begin::{Unsettled, begin_at_ends};
use super::client::{Connection, StepProducer};
use super::commit::{CommitResult, Sent, confirm};
use super::context::StepConsumer;
use super::marks::{Marks, marks};
use super::partition::Partition;
use super::topics::{TopicPlan, look};
use crate::engine::Slot;
use crate::ops::Missing;

/// The kinds of errands, and so the most that wait.
const KINDS: usize = 4;
/// The longest wait for a sign of life.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// A question.
pub(super) enum Errand {
    /// Whether the step's topics are there.
    Topics,
    /// Where to start reading partitions.
    Start(Vec<(Slot, Partition)>),
    /// What became of commits.
    Confirm(Vec<Sent>),
    /// How things stand.
    Watch {
        /// The partitions held.
        partitions: Vec<(Slot, Partition)>,
        /// A producer which has to show that it reaches a broker.
        producer: Option<Arc<StepProducer>>,
    },
}

/// An answer. An error means that no broker answered in time.
#[derive(Debug)]
pub(super) enum Answer {
    Topics(Result<Vec<Missing>, KafkaError>),
    Start(Result<Vec<Start>, KafkaError>),
    Confirm(Vec<CommitResult>),
    Watch {
        /// Where the logs of the partitions held begin and end, as far as anybody knows.
        marks: Result<Vec<Marks>, KafkaError>,
        /// The group knows this member.
        joined: bool,
        /// The producer that was asked about reaches a broker.
        producer: bool,
    },
}

/// The errand thread's handle.
#[derive(Debug)]
pub(super) struct Errands {
    questions: Option<SyncSender<Errand>>,
    answers: Receiver<Answer>,
    thread: Option<JoinHandle<()>>,
}

/// The errand thread is gone, which only a panic on it can bring about.
#[derive(Debug, thiserror::Error)]
#[error("the thread that asks the brokers has ended")]
pub(super) struct Gone;

/// What the errand thread needs to know.
pub(super) struct Clerk {
    pub(super) connection: Connection,
    pub(super) topics: TopicPlan,
    pub(super) begin: Begin,
    /// Notified with each answer.
    pub(super) wake: Arc<Notify>,
}

impl Errands {
    /// Starts the thread; `consumer` is let go when the thread ends.
    pub(super) fn start(name: &str, consumer: Arc<StepConsumer>, clerk: Clerk) -> std::io::Result<Self> {
        let (questions, asked) = sync_channel(KINDS);
        let (answer, answers) = sync_channel(KINDS);
        let thread = std::thread::Builder::new().name(format!("{name} errands")).spawn(move || {
            let mut unsettled = Unsettled::default();
            while let Ok(errand) = asked.recv() {
                if answer.send(clerk.run(&consumer, errand, &mut unsettled)).is_err() {
                    break;
                }
                clerk.wake.notify_one();
            }
        })?;
        Ok(Self { questions: Some(questions), answers, thread: Some(thread) })
    }

    /// Asks. The caller has no other errand of this kind on its way.
    pub(super) fn ask(&self, errand: Errand) -> Result<(), Gone> {
        self.questions.as_ref().ok_or(Gone)?.try_send(errand).map_err(|_| Gone)
    }

    /// The next answer, if there is one.
    pub(super) fn answer(&self) -> Result<Option<Answer>, Gone> {
        match self.answers.try_recv() {
            Ok(answer) => Ok(Some(answer)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(Gone),
        }
    }

    /// Ends the thread and waits for the errand it is on, which is bounded by the errand's own limits.
    pub(super) fn end(mut self) {
        self.questions = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that asks the brokers panicked");
        }
    }
}

impl Clerk {
    /// `unsettled` keeps what was found with the topics.
    fn run(&self, consumer: &StepConsumer, errand: Errand, unsettled: &mut Unsettled) -> Answer {
        match errand {
            Errand::Topics => Answer::Topics(self.topics(consumer, unsettled)),
            Errand::Start(partitions) => Answer::Start(starts(consumer, &partitions, self.begin, unsettled)),
            Errand::Confirm(sent) => Answer::Confirm(confirm(consumer, &sent)),
            Errand::Watch { partitions, producer } => Answer::Watch {
                marks: self
                    .sign_of_life(consumer, &partitions)
                    .and_then(|()| marks(consumer, &partitions, ANSWER_WITHIN)),
                joined: !matches!(consumer.rebalance_protocol(), RebalanceProtocol::None),
                producer: producer.is_some_and(|producer| {
                    producer.client().fetch_metadata(self.any_topic(), ANSWER_WITHIN).is_ok()
                }),
            },
        }
    }

    fn topics(&self, consumer: &StepConsumer, unsettled: &mut Unsettled) -> KafkaResult<Vec<Missing>> {
        let missing = look(consumer, &self.connection, &self.topics)?;
        if missing.is_empty() && self.begin == Begin::Latest {
            return begin_at_ends(consumer, self.topics.read(), unsettled);
        }
        Ok(missing)
    }

    /// Without partitions there are no marks to ask for; the broker has to answer all the same.
    fn sign_of_life(&self, consumer: &StepConsumer, partitions: &[(Slot, Partition)]) -> KafkaResult<()> {
        if partitions.is_empty() {
            consumer.fetch_metadata(self.any_topic(), ANSWER_WITHIN)?;
        }
        Ok(())
    }

    /// One of the step's topics, to ask about no more than that.
    fn any_topic(&self) -> Option<&str> {
        self.topics.topics.first().map(|(_, topic)| topic.as_str())
    }
}
