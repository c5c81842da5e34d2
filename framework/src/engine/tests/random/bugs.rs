//! Every invariant is shown able to fail: a seeded bug is switched on, and the world has to notice.
//!
//! How many seeds it took to break the invariant, as measured (`engine::tests::random::bugs`, printed with
//! `--nocapture`):
//!
//! | bug | invariant | seeds |
//! |---|---|--:|
//! | `CommitPastGap` | `Settled` | 4 |
//! | `SettleBeforeAcknowledged` | `Settled` | 2 |
//! | `SettleBeforeDeadLetter` | `Settled` | 2 |
//! | `IgnoreEpoch` | `Settled` | 603 |
//! | `SettleTwinAtOnce` | `Facts` | 1 |
//! | `SettleTwinEarly` | `Facts` | 1 |
//! | `ListPassed` | `Facts` | 18 |
//! | `ForgetTie` | `Liveness` | 1 |
//! | `EndlessPatience` | `Liveness` | 9 |
//! | `CommitBackwards` | `Monotone` | 2 |
//! | `CommitAfterLoss` | `Ownership` | 2 |
//! | `IgnoreKeys` | `Order` | 2 |
//! | `FreeLaneOnFailure` | `Order` | 2 |
//! | `IgnoreConcurrency` | `Bounds` | 2 |
//! | `IgnoreWaiting` | `Bounds` | 4 |
//! | `IgnoreDistance` | `Bounds` | 2 |
//! | `Greedy` | `Fairness` | 4 |
//! | `NeverPause` | `Fairness` | 2 |
//! | `ListUnsettled` | `Metadata` | 4 |
//! | `ListTooMuch` | `Metadata` | 89 |
//! | `ForgetSettled` | `Inheritance` | 6 |
//! | `ForgetAttempts` | `Inheritance` | 4 |
//! | `OneAttemptMore` | `DeadLetters` | 2 |
//! | `SpendInOutage` | `Attempts` | 1 |
//! | `NoBackOff` | `BackOff` | 2 |
//! | `ProbeStorm` | `Outage` | 4 |
//! | `SwallowRefusal` | `DeadLetters` | 1 |
//! | `DoubleDeadLetter` | `DeadLetters` | 11 |
//! | `ReleaseEarly` | `Drain` | 19 |
//! | `DrainForever` | `Drain` | 25 |
//! | `StartWhileDraining` | `Drain` | 949 |
//! | `LoseWakeUp` | `Liveness` | 2 |
//! | `NeverResume` | `Liveness` | 1 |
//! | `UnlimitedAttempts` | `Timeouts` | 4 |
//! | `UncountedDrop` | `Status` | 1 |

use super::{
    invariant::Invariant::{self, *},
    world::live,
};
use crate::engine::bug::{
    Bug,
    Bug::{
        CommitAfterLoss, CommitBackwards, CommitPastGap, DoubleDeadLetter, DrainForever, EndlessPatience,
        ForgetAttempts, ForgetSettled, ForgetTie, FreeLaneOnFailure, Greedy, IgnoreConcurrency,
        IgnoreDistance, IgnoreEpoch, IgnoreKeys, IgnoreWaiting, ListPassed, ListTooMuch, ListUnsettled,
        LoseWakeUp, NeverPause, NeverResume, NoBackOff, OneAttemptMore, ProbeStorm, ReleaseEarly,
        SettleBeforeAcknowledged, SettleBeforeDeadLetter, SettleTwinAtOnce, SettleTwinEarly, SpendInOutage,
        StartWhileDraining, SwallowRefusal, TellOfFailed, UncountedDrop, UnlimitedAttempts,
    },
    switch,
};

/// A bug is found within so many seeds.
const SEEDS: u64 = 1_000;

/// Which invariant notices which bug.
const BUGS: [(Bug, Invariant); 36] = [
    (CommitPastGap, Settled),
    (SettleBeforeAcknowledged, Settled),
    (SettleBeforeDeadLetter, Settled),
    (IgnoreEpoch, Settled),
    (SettleTwinAtOnce, Facts),
    (SettleTwinEarly, Facts),
    (ListPassed, Facts),
    (ForgetTie, Liveness),
    (EndlessPatience, Liveness),
    (CommitBackwards, Monotone),
    (CommitAfterLoss, Ownership),
    (IgnoreKeys, Order),
    (FreeLaneOnFailure, Order),
    (IgnoreConcurrency, Bounds),
    (IgnoreWaiting, Bounds),
    (IgnoreDistance, Bounds),
    (Greedy, Fairness),
    (NeverPause, Fairness),
    (ListUnsettled, Metadata),
    (ListTooMuch, Metadata),
    (TellOfFailed, Metadata),
    (ForgetSettled, Inheritance),
    (ForgetAttempts, Inheritance),
    (OneAttemptMore, DeadLetters),
    (SpendInOutage, Attempts),
    (NoBackOff, BackOff),
    (ProbeStorm, Outage),
    (SwallowRefusal, DeadLetters),
    (DoubleDeadLetter, DeadLetters),
    (ReleaseEarly, Drain),
    (DrainForever, Drain),
    (StartWhileDraining, Drain),
    (LoseWakeUp, Liveness),
    (NeverResume, Liveness),
    (UnlimitedAttempts, Timeouts),
    (UncountedDrop, Status),
];

#[test]
#[expect(clippy::disallowed_macros, reason = "the table of what was found, for whoever runs the test")]
fn every_invariant_can_fail() {
    for (bug, invariant) in BUGS {
        let found = switch::with(Some(bug), || (0..SEEDS).find(|&seed| breaks(seed, invariant)));
        println!(
            "//! | `{bug:?}` | `{invariant:?}` | {} |",
            found.map_or(String::from("none"), |seed| (seed + 1).to_string())
        );
        assert!(found.is_some(), "{bug:?} goes unnoticed by {invariant:?} for {SEEDS} seeds");
    }
}

fn breaks(seed: u64, invariant: Invariant) -> bool {
    live(seed, false).is_err_and(|broken| broken.invariant == invariant)
}
