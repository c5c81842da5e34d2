//! Seeded bugs: each breaks one law on purpose, so that a test can show that the law's check notices.
//!
//! Outside debug test builds [`seeded`] is a constant `false` and nothing of this remains in the machine code.

/// One way of getting a law wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Commits behind the last settled record, although one before it is not settled.
    CommitPastGap,
    /// Commits one record less than the last commit said, now and then.
    CommitBackwards,
    /// Commits a partition that was lost.
    CommitAfterLoss,
    /// Settles a record when its handler returned, without waiting for acknowledgements.
    SettleBeforeAcknowledged,
    /// Settles a record when its dead letter was handed over, without waiting for the acknowledgement.
    SettleBeforeDeadLetter,
    /// Takes a refused publish for an acknowledged one.
    SwallowRefusal,
    /// Sends a second dead letter when a second publish of one run is refused.
    DoubleDeadLetter,
    /// Lets the next record of a key start while an earlier one waits for its next attempt.
    FreeLaneOnFailure,
    /// Gives every record a lane of its own.
    IgnoreKeys,
    /// Starts handlers without counting them.
    IgnoreConcurrency,
    /// Never says that too many records wait.
    IgnoreWaiting,
    /// Never says that the committed offset is too far behind.
    IgnoreDistance,
    /// Serves one partition until it has nothing left.
    Greedy,
    /// Keeps the whole step waiting for one full partition.
    NeverPause,
    /// Leaves a paused partition paused.
    NeverResume,
    /// Lists running records as settled.
    ListUnsettled,
    /// Writes metadata of any length.
    ListTooMuch,
    /// Tells of a record that failed again as of one that is settled.
    TellOfFailed,
    /// Forgets what the last owner's metadata listed as settled.
    ForgetSettled,
    /// Forgets how many attempts the last owner had spent.
    ForgetAttempts,
    /// Spends attempts during an outage.
    SpendInOutage,
    /// Probes with as many records as fit, at once.
    ProbeStorm,
    /// Tries again at once.
    NoBackOff,
    /// Starts one attempt more than the policy allows.
    OneAttemptMore,
    /// Forgets the time of an attempt that is due.
    LoseWakeUp,
    /// Gives a partition up while acknowledgements are missing.
    ReleaseEarly,
    /// Waits for a drain without end.
    DrainForever,
    /// Starts records of a partition that is being given up.
    StartWhileDraining,
    /// Never ends an attempt that takes too long.
    UnlimitedAttempts,
    /// Goes on counting records that were left to the next owner.
    UncountedDrop,
    /// Believes news about a partition's former life.
    IgnoreEpoch,
    /// Settles a record whose fact comes in another major without waiting for that one.
    SettleTwinAtOnce,
    /// Settles it when that one was taken, before it is settled.
    SettleTwinEarly,
    /// Lists a fact's other major as settled that was read behind the one that counts.
    ListPassed,
    /// Does not notice that the awaited major came.
    ForgetTie,
    /// Waits without end for a major that does not come.
    EndlessPatience,
}

/// Whether this thread runs with `bug` switched on.
#[cfg(all(test, debug_assertions))]
pub(super) fn seeded(bug: Bug) -> bool {
    switch::SEEDED.get() == Some(bug)
}

/// Whether this thread runs with `bug` switched on: never, outside debug test builds.
#[cfg(not(all(test, debug_assertions)))]
#[inline]
pub(super) const fn seeded(_: Bug) -> bool {
    false
}

#[cfg(all(test, debug_assertions))]
pub(super) mod switch {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        pub(super) static SEEDED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Runs `body` with `bug` switched on in this thread.
    pub(in crate::engine) fn with<T>(bug: Option<Bug>, body: impl FnOnce() -> T) -> T {
        struct Off;
        impl Drop for Off {
            fn drop(&mut self) {
                SEEDED.set(None);
            }
        }
        SEEDED.set(bug);
        let _off = Off;
        body()
    }
}
