//! What the framework promises, one name a promise.

use std::fmt;

/// A promise of the runtime, which some cases of the suite hold a platform to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Promise {
    /// Every record is handled, or set aside with a reason.
    NothingLost,
    /// Records of one key are handled in their order, one at a time, across the types of a topic.
    OrderPerKey,
    /// A committed offset never passes an unsettled record: what was not finished is handled again.
    Redelivery,
    /// A record handled again emits the same ids.
    SameIds,
    /// What leaves in order hands over what it finished: nothing of it is handled again.
    Drain,
    /// A service that was away catches up, and a new one sees history.
    CatchingUp,
    /// Every group sees every record of its topics.
    Groups,
    /// What cannot be handled becomes a dead letter with its reason, bytes untouched, and stops nobody else.
    DeadLetters,
    /// Records of types that a step does not consume are settled and never set aside.
    Indifference,
    /// A failed attempt is made again, and blocks its own key alone.
    Retries,
    /// While what a step needs is away nothing is spent, lost or set aside, and it goes on by itself.
    Outages,
    /// The broker may go and come back; the steps go on without a restart.
    BrokerOutage,
    /// Correlation and causation go from event to event; a stranger's record starts a workflow.
    Identity,
}

impl Promise {
    /// All of them, in the order in which they are printed.
    pub(crate) const ALL: [Self; 13] = [
        Self::NothingLost,
        Self::OrderPerKey,
        Self::Redelivery,
        Self::SameIds,
        Self::Drain,
        Self::CatchingUp,
        Self::Groups,
        Self::DeadLetters,
        Self::Indifference,
        Self::Retries,
        Self::Outages,
        Self::BrokerOutage,
        Self::Identity,
    ];
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NothingLost => "nothing lost",
            Self::OrderPerKey => "order per key",
            Self::Redelivery => "redelivery",
            Self::SameIds => "same ids again",
            Self::Drain => "drain",
            Self::CatchingUp => "catching up",
            Self::Groups => "groups apart",
            Self::DeadLetters => "dead letters",
            Self::Indifference => "indifference",
            Self::Retries => "retries",
            Self::Outages => "outages",
            Self::BrokerOutage => "broker outage",
            Self::Identity => "identity",
        })
    }
}
