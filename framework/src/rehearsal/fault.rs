//! What a test may let go wrong at the broker.

/// How the next publish to a topic fails; see [`Rehearsal::fail_next_publish`](super::Rehearsal::fail_next_publish).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The producer's queue is full at that moment. It has room the next time.
    QueueFull,
    /// The broker refuses the record as too large, for ever (`MSG_SIZE_TOO_LARGE`).
    TooLarge,
    /// The topic is not there at that moment (`UNKNOWN_TOPIC_OR_PART`), nor for what is under way to it beside this record.
    NoTopic,
    /// The right to write to the topic is missing at that moment (`TOPIC_AUTHORIZATION_FAILED`), likewise.
    NoRight,
    /// The producer dies with everything it has not yet got acknowledged; the step gets a new one.
    Fatal,
}
