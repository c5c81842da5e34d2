//! Why a dead letter is not replayed.

use crate::limits::MAX_REPLAYS;

/// Why a dead letter is not replayed, though it was chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It went round too often.
    #[error("it was replayed {0} times and came back each time; the limit is {MAX_REPLAYS}")]
    LoopGuard(u32),
    /// The step would set it aside again at once.
    #[error("it is {0} events deep in its workflow, and steps take {limit} at most", limit = choreograph::wire::MAX_HOPS)]
    HopLimit(u32),
    /// No manifest declares the step.
    #[error("no manifest has a step whose dead letters are on {0}, so nothing says what the value must be")]
    StepUnknown(String),
    /// The step as it is declared now does not read such events.
    #[error("the step does not read {0}")]
    NotConsumed(String),
    /// The value breaks what the step reads now.
    #[error("the value still fails the step's contract: {0}")]
    Violates(String),
    /// The value was left out of the dead letter, and where the record first lay it is no more.
    #[error("its value was too large for the dead letter, and is not to be had where it first lay: {0}")]
    ValueGone(String),
    /// The value was left out of the dead letter, and what lies where the record first lay is another one.
    #[error(
        "its value was too large for the dead letter, and what lies at {0} now is another one (by its SHA-256)"
    )]
    ValueDiffers(String),
    /// The brokers do not take it.
    #[error("the brokers refuse it: {0}")]
    Refused(String),
}

impl Refusal {
    /// One word for each kind.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::LoopGuard(_) => "loop_guard",
            Self::HopLimit(_) => "hop_limit",
            Self::StepUnknown(_) => "step_unknown",
            Self::NotConsumed(_) => "not_consumed",
            Self::Violates(_) => "still_violates",
            Self::ValueGone(_) => "value_gone",
            Self::ValueDiffers(_) => "value_differs",
            Self::Refused(_) => "refused_by_brokers",
        }
    }

    /// Whether a person who knows better may have it replayed all the same.
    pub const fn can_be_forced(&self) -> bool {
        !matches!(self, Self::ValueGone(_) | Self::ValueDiffers(_) | Self::Refused(_))
    }
}
