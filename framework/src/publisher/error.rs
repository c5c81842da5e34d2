//! Why a workflow was not started.

use super::{MAX_IDEMPOTENCY_ID, START_TIMEOUT};
use crate::emits::EmitError;

/// Why a workflow was not started, or not known to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The publisher's service has no legal name. Ids derive from it, and every event bears it.
    #[error("{0:?} is no service's name: names match [a-z][a-z0-9-]{{0,62}}")]
    Service(String),
    /// No Kafka client can be made from the settings.
    #[error("no publisher can be made from these settings: {0}")]
    Settings(String),
    /// The event has no key, or cannot be written.
    #[error(transparent)]
    Event(#[from] EmitError),
    /// The event breaks its own contract. Nothing was published.
    #[error("the event {event_type} breaks its contract: {problem}")]
    Contract {
        /// The type with its major.
        event_type: String,
        /// What is wrong, without the event's text.
        problem: String,
    },
    /// The idempotency id is empty or longer than 256 bytes.
    #[error("an idempotency id has 1 to {MAX_IDEMPOTENCY_ID} bytes, not {0}")]
    IdempotencyId(usize),
    /// A handler may start only what its step declares.
    #[error(
        "the step {step} does not declare that it starts {event_type}: say `.starts::<..>()` on the step, or emit it"
    )]
    Undeclared {
        /// `service/step`.
        step: String,
        /// The type with its major.
        event_type: String,
    },
    /// The broker refuses the event or the topic. Nothing was published.
    #[error("the broker refuses {event_type} on the topic `{topic}`: {error}")]
    Refused {
        /// The type with its major.
        event_type: String,
        /// The topic's name on the broker.
        topic: String,
        /// The broker's error code.
        error: String,
    },
    /// The fact is written in several majors: this one the broker refuses, or the topic, and another is on the log. With an
    /// idempotency id it is safe to start it again; without one it is another fact to whoever reads the major that was
    /// taken.
    #[error(
        "the broker refuses {event_type} on the topic `{topic}`, but took the same fact in another major: {error}"
    )]
    RefusedInPart {
        /// The type with its major.
        event_type: String,
        /// The topic's name on the broker.
        topic: String,
        /// The broker's error code.
        error: String,
    },
    /// The publisher holds as much as it may (`queue.buffering.max.kbytes`, `queue.buffering.max.messages`), or 10,000 starts
    /// wait for their acknowledgement and this one waited 30 seconds or more for its turn; no broker takes them. Nothing was
    /// published.
    #[error(
        "{event_type} was not published: what was started before fills the publisher's queue, for no broker takes it"
    )]
    QueueFull {
        /// The type with its major.
        event_type: String,
    },
    /// No acknowledgement came within 30 seconds of handing the event to the producer. The event may be on the log or not; with an idempotency id it
    /// is safe to start it again.
    #[error("no broker acknowledged {event_type} within {} s; it may be published or not ({error})", START_TIMEOUT.as_secs())]
    Unacknowledged {
        /// The type with its major.
        event_type: String,
        /// What the client says.
        error: String,
    },
}
