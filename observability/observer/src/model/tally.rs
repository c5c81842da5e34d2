//! What is counted at each tick.

use rapidhash::RapidHashMap;

use super::pair::{At, Pair};
use super::standing::Judged;
use crate::answer::{InstanceState, StallReason};
use crate::fact::Millis;

/// Counts over the instances that are not at rest.
#[derive(Debug, Default, Clone)]
pub(super) struct Tally {
    /// Events at each step, by where they are.
    pub(super) waiting: RapidHashMap<(u16, u16, &'static str), u64>,
    /// Since when the oldest has been there, by workflow and step.
    pub(super) oldest: RapidHashMap<(u16, u16), Millis>,
    /// Stalled instances of a workflow by the reason of the step that decides.
    pub(super) stalled: RapidHashMap<(u16, StallReason), u64>,
    /// Since when the oldest unfinished instance of a workflow has been where it is.
    pub(super) oldest_of: RapidHashMap<u16, Millis>,
}

/// The word for where an event is.
pub(super) fn word(at: At) -> &'static str {
    match at {
        At::Done => "done",
        At::Settling | At::Emitting => "emitting",
        At::Queued => "queued",
        At::Handling => "handling",
        At::Held(_) => "retrying",
        At::Dead => "dead_lettered",
        At::Discarded => "skipped",
        At::Awaited | At::Gone | At::Unknown(_) => "unknown",
        At::NotOwed => "not_owed",
    }
}

impl Tally {
    /// Counts an instance.
    pub(super) fn add(&mut self, workflow: u16, judged: &Judged, left: &[Pair]) {
        for pair in left.iter().filter(|pair| pair.is_owed()) {
            *self.waiting.entry((workflow, pair.step, word(pair.at))).or_default() += 1;
            if pair.at != At::Settling {
                let oldest = self.oldest.entry((workflow, pair.step)).or_insert(pair.since);
                *oldest = (*oldest).min(pair.since);
            }
        }
        let going_on = matches!(judged.state, InstanceState::Running | InstanceState::Stalled);
        let Some(pair) = judged.decides.filter(|_| going_on) else { return };
        let oldest = self.oldest_of.entry(workflow).or_insert(pair.since);
        *oldest = (*oldest).min(pair.since);
        if let Some(reason) = judged.reason {
            *self.stalled.entry((workflow, reason)).or_default() += 1;
        }
    }
}
