//! Runs of a step that took more than one attempt: told by what they emitted, or by their dead letter.

use choreograph::wire::Retried;

use super::head::Head;
use super::id::Id;
use super::save::saved;
use super::state::Model;
use crate::fact::Millis;

/// Two reports of one run may differ by so much in when its first attempt failed, in milliseconds: each is counted back
/// from the moment at which it was written.
const SAME_RUN_MS: Millis = 1_000;

/// A run that took more than one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// The event that was handled.
    pub(super) event: Id,
    pub(super) step: u16,
    /// How often the record was replayed before; known of those that failed.
    pub(super) replays: u32,
    /// How many attempts it took.
    pub(super) attempts: u32,
    /// When the first one failed; zero where nobody says.
    pub(super) first_failed_at: Millis,
    /// When the last one ended.
    pub(super) ended: Millis,
    /// Whether the last one failed too: the record became a dead letter.
    pub(super) failed: bool,
}

saved!(Run { event, step, replays, attempts, first_failed_at, ended, failed });

/// Those of one instance, the oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs {
    pub(super) list: Vec<Run>,
}

saved!(Runs { list });

impl Run {
    /// Whether both tell of one run: each of its emits does.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (self.event, self.step, self.replays, self.attempts, self.failed)
            == (other.event, other.step, other.replays, other.attempts, other.failed)
            && self.first_failed_at.abs_diff(other.first_failed_at) <= SAME_RUN_MS
    }
}

impl Model {
    /// Takes down what an event says of the run that emitted it, `at` then.
    pub(super) fn note_emitter(&mut self, slot: u32, head: &Head<'_>, at: Millis) {
        let Some(retried) = head.retried.and_then(Retried::read) else { return };
        let (Some(cause), Some(source)) = (head.causation, head.source) else { return };
        let run = Run {
            event: Id::of(cause),
            step: self.names.steps.of(source),
            replays: 0,
            attempts: retried.attempt,
            first_failed_at: retried.first_failed_at.min(at),
            ended: at,
            failed: false,
        };
        self.keep_run(slot, run);
    }

    /// Takes down a run; one that is told again changes nothing.
    pub(super) fn keep_run(&mut self, slot: u32, run: Run) {
        self.store.before_change(slot);
        if self.store.keep_run(slot, run) {
            self.generation += 1;
        }
    }
}
