//! Words of the answers, and numbers of what is kept.

use crate::answer::{InstanceState, StallReason};
use crate::fact::{GroupState, Millis};

/// How many states an instance can be in.
pub(super) const STATES: usize = 5;
/// The number of [`InstanceState::Running`].
pub(super) const RUNNING: u8 = 4;

/// The states by their numbers, in the order of their precedence.
pub(super) const ALL_STATES: [InstanceState; STATES] = [
    InstanceState::Failed,
    InstanceState::Lost,
    InstanceState::Stalled,
    InstanceState::Completed,
    InstanceState::Running,
];

/// The reasons by their numbers.
pub(super) const ALL_REASONS: [StallReason; 8] = [
    StallReason::NoConsumer,
    StallReason::NotProgressing,
    StallReason::Backlog,
    StallReason::Retrying,
    StallReason::DeadLetter,
    StallReason::WaitingJoin,
    StallReason::Outbox,
    StallReason::Lost,
];

impl InstanceState {
    /// The word for it, as in the JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Lost => "lost",
            Self::Stalled => "stalled",
            Self::Completed => "completed",
            Self::Running => "running",
        }
    }

    pub(super) fn number(self) -> u8 {
        ALL_STATES.iter().position(|state| *state == self).map_or(RUNNING, |at| at as u8)
    }
}

impl StallReason {
    /// The word for it, as in the JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoConsumer => "no_consumer",
            Self::NotProgressing => "not_progressing",
            Self::Backlog => "backlog",
            Self::Retrying => "retrying",
            Self::DeadLetter => "dead_letter",
            Self::WaitingJoin => "waiting_join",
            Self::Outbox => "outbox",
            Self::Lost => "lost",
        }
    }

    pub(super) fn number(self) -> u8 {
        ALL_REASONS.iter().position(|reason| *reason == self).map_or(u8::MAX, |at| at as u8)
    }
}

/// The word for a group's state; `None` where nobody asked yet.
pub(super) fn group_word(state: Option<GroupState>) -> &'static str {
    match state {
        Some(GroupState::Stable) => "stable",
        Some(GroupState::Rebalancing) => "rebalancing",
        Some(GroupState::Empty) => "empty",
        Some(GroupState::Dead) => "dead",
        Some(GroupState::Unknown) | None => "unknown",
    }
}

/// A duration as people say it: `4 min`.
pub(super) fn duration(ms: Millis) -> String {
    const SECOND: Millis = 1_000;
    const MINUTE: Millis = 60 * SECOND;
    const HOUR: Millis = 60 * MINUTE;
    const DAY: Millis = 24 * HOUR;
    match ms {
        0..SECOND => "less than a second".to_owned(),
        SECOND..MINUTE => format!("{} s", ms / SECOND),
        MINUTE..HOUR => format!("{} min", ms / MINUTE),
        HOUR..DAY => format!("{} h", ms / HOUR),
        _ => format!("{} d", ms / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL_REASONS, ALL_STATES, duration};

    #[test]
    fn words_are_those_of_the_json() {
        for state in ALL_STATES {
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        }
        for reason in ALL_REASONS {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.word());
        }
    }

    #[test]
    fn durations_are_said_in_one_unit() {
        for (ms, text) in [
            (0, "less than a second"),
            (1_999, "1 s"),
            (59_999, "59 s"),
            (240_000, "4 min"),
            (3_600_000, "1 h"),
            (172_800_001, "2 d"),
        ] {
            assert_eq!(duration(ms), text);
        }
    }
}
