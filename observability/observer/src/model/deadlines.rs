//! How long a step may take: what it declares, else what it was seen to take.

use super::declared::StepDecl;
use super::state::Model;
use crate::fact::Millis;

/// A learned deadline is this many times what takes the slowest of a hundred.
const DEADLINE_FACTOR: Millis = 5;
/// So many samples make a deadline.
const DEADLINE_SAMPLES: u32 = 50;
/// The longest learned deadline of a step whose manifest says nothing of how it retries, in milliseconds.
const LONGEST_UNSAID_MS: Millis = 10 * 60 * 1_000;

impl StepDecl {
    /// The longest that a step may be learned to take: as long as a record may block its key.
    fn longest_learned(&self) -> Millis {
        self.longest_block.unwrap_or(LONGEST_UNSAID_MS)
    }
}

impl Model {
    /// Sets every step's deadline by what is declared and learned until now.
    pub(super) fn set_deadlines(&mut self) {
        let floor = self.settings.deadline_floor_ms;
        let mut deadlines = std::mem::take(&mut self.deadlines);
        deadlines.clear();
        for (number, step) in self.declared.steps() {
            deadlines.resize(usize::from(number), floor);
            let seen = self.sketches.get(&number).filter(|sketch| sketch.samples() >= DEADLINE_SAMPLES);
            let slowest = seen.and_then(|sketch| sketch.quantile(0.99));
            let learned = slowest.map(|slowest| (slowest * DEADLINE_FACTOR).min(step.longest_learned()));
            // Until it was seen how long it takes, it may take as long as one attempt may.
            let usual = learned.or(step.timeout).unwrap_or(0).max(floor);
            deadlines.push(step.deadline.unwrap_or(usual));
        }
        self.deadlines = deadlines;
    }

    /// Learns how long a step takes from an event that it emitted `since`. What was late teaches nothing, nor what was
    /// set aside or replayed: after an hour's outage a step takes no longer than before.
    pub(super) fn learn(&mut self, step: u16, cause: u32, since: Millis) {
        let Some(decl) = self.declared.step(step) else { return };
        let row = &self.store.rows[cause];
        let (took, longest) = (since.saturating_sub(row.since), decl.longest_learned());
        let has_learned = self.sketches.get(&step).is_some_and(|it| it.samples() >= DEADLINE_SAMPLES);
        let in_time = if has_learned { longest.min(self.deadline(step)) } else { longest };
        let is_noted = self.store.instances[row.instance].notes_of(cause, row).any(|note| note.step == step);
        if took <= in_time && !is_noted {
            self.sketches.entry(step).or_default().add(took);
        }
    }
}
