//! Lists of instances, and what a text names.

use std::collections::{BTreeMap, BTreeSet};

use rapidhash::RapidHashMap;

use super::filter::{Cursor, InstanceFilter, page};
use super::id::Id;
use super::kept::{Kept, NO_REASON, OPEN};
use super::standing::{Judged, Scratch};
use super::state::Model;
use super::words::{ALL_REASONS, ALL_STATES};
use crate::answer::{Count, InstanceState, InstanceSummary, Instances, StallReason};
use crate::fact::Millis;

/// The most instances that a business key finds.
const MAX_FOUND: usize = 1_000;

/// A filter with its names looked up.
struct Wanted<'f> {
    filter: &'f InstanceFilter,
    workflow: Option<u16>,
    step: Option<u16>,
    states: [bool; ALL_STATES.len()],
    reason: Option<u8>,
    error: Option<String>,
    started_before: Millis,
}

impl Model {
    /// The instances that fit, those that changed last first.
    pub fn instances(&self, filter: &InstanceFilter, now: Millis) -> Instances {
        let Some(wanted) = self.wanted(filter, now) else { return self.listed(Vec::new(), filter, now) };
        let fitting: Vec<u32> = match &filter.key {
            Some(key) => {
                self.store.with_key(key).take(MAX_FOUND).filter(|&it| self.fits(it, &wanted)).collect()
            }
            None => self.store.slots().filter(|&slot| self.fits(slot, &wanted)).collect(),
        };
        self.listed(fitting, filter, now)
    }

    /// The instances that a text names: the one with this id, those with this business key, and the one with an event
    /// of this id.
    pub fn find(&self, text: &str, now: Millis) -> Instances {
        let text = text.trim();
        let mut found = BTreeSet::new();
        for id in [Id::of(text), Id::of(&text.to_ascii_lowercase())] {
            found.extend(self.store.find_instance(id));
            found.extend(self.store.find_row(id).map(|row| self.store.rows[row].instance));
        }
        found.extend(self.store.with_key(text).take(MAX_FOUND));
        self.listed(found.into_iter().collect(), &InstanceFilter::default(), now)
    }

    /// `None` where a name is asked for that nobody has.
    fn wanted<'f>(&self, filter: &'f InstanceFilter, now: Millis) -> Option<Wanted<'f>> {
        let workflow = match filter.workflow.as_deref() {
            Some(UNKNOWN_WORKFLOW) => Some(0),
            Some(name) => Some(self.names.workflows.find(name)?),
            None => None,
        };
        let step = match &filter.step {
            Some(name) => Some(self.names.steps.find(name)?),
            None => None,
        };
        let any = filter.states.is_empty();
        Some(Wanted {
            filter,
            workflow,
            step,
            states: ALL_STATES.map(|state| any || filter.states.contains(&state)),
            reason: filter.reason.map(StallReason::number),
            error: filter.error.as_ref().map(|error| error.to_lowercase()),
            started_before: filter.older_ms.map_or(Millis::MAX, |older| now.saturating_sub(older)),
        })
    }

    fn fits(&self, slot: u32, wanted: &Wanted<'_>) -> bool {
        let instance = &self.store.instances[slot];
        let standing = instance.standing;
        wanted.states[usize::from(standing.state)]
            && wanted.workflow.is_none_or(|workflow| instance.workflow == workflow)
            && wanted.step.is_none_or(|step| standing.step == step)
            && wanted.reason.is_none_or(|reason| standing.reason == reason)
            && wanted.filter.attempts.is_none_or(|attempts| {
                u32::from(standing.attempts) >= attempts || instance.most_attempts() >= attempts
            })
            && instance.started <= wanted.started_before
            && wanted.error.as_ref().is_none_or(|error| self.has_error(instance, error))
    }

    fn has_error(&self, instance: &Kept, error: &str) -> bool {
        let open = instance.notes().iter().filter(|note| !note.letter.is_none() && note.action == OPEN);
        open.filter_map(|note| self.letters.get(note.letter))
            .any(|letter| letter.error.to_lowercase().contains(error))
    }

    fn listed(&self, fitting: Vec<u32>, filter: &InstanceFilter, now: Millis) -> Instances {
        let mut states = [0_u64; ALL_STATES.len()];
        let mut reasons = [0_u64; ALL_REASONS.len()];
        let mut steps: RapidHashMap<u16, u64> = RapidHashMap::default();
        for &slot in &fitting {
            let standing = self.store.instances[slot].standing;
            states[usize::from(standing.state)] += 1;
            if standing.reason != NO_REASON {
                reasons[usize::from(standing.reason)] += 1;
            }
            if standing.step != 0 {
                *steps.entry(standing.step).or_default() += 1;
            }
        }
        let total = fitting.len() as u64;
        let mut keys: Vec<Cursor> = fitting
            .into_iter()
            .map(|slot| Cursor { at: self.store.instances[slot].updated, place: slot })
            .filter(|key| filter.cursor.is_none_or(|cursor| *key < cursor))
            .collect();
        let limit = page(filter.limit);
        let more = keys.len() > limit;
        if more {
            keys.select_nth_unstable_by(limit - 1, |a, b| b.cmp(a));
            keys.truncate(limit);
        }
        keys.sort_unstable_by(|a, b| b.cmp(a));
        let mut scratch = Scratch::default();
        let steps: BTreeMap<&str, u64> =
            steps.iter().map(|(step, count)| (self.names.steps.text(*step), *count)).collect();
        Instances {
            as_of: self.as_of(now),
            next: keys.last().filter(|_| more).map(Cursor::to_string),
            items: keys.iter().map(|key| self.summary_of(key.place, &mut scratch, now)).collect(),
            total,
            by_state: counts(ALL_STATES.map(InstanceState::word), &states),
            by_reason: counts(ALL_REASONS.map(StallReason::word), &reasons),
            by_step: steps.into_iter().map(|(name, count)| Count { name: name.to_owned(), count }).collect(),
        }
    }

    fn summary_of(&self, slot: u32, scratch: &mut Scratch, now: Millis) -> InstanceSummary {
        let judged = self.judge(slot, scratch);
        self.summary(slot, &judged, now)
    }

    /// An instance as it stands in a list.
    pub(super) fn summary(&self, slot: u32, judged: &Judged, now: Millis) -> InstanceSummary {
        let instance = &self.store.instances[slot];
        let notes = instance.notes().iter();
        let open = notes.filter(|note| !note.letter.is_none() && note.action == OPEN).count();
        InstanceSummary {
            id: instance.id_text(instance.id),
            workflow: self.workflow_name(instance.workflow),
            key: instance.key.as_deref().map(str::to_owned),
            state: judged.state,
            reason: judged.reason,
            step: judged.decides.map(|pair| self.names.steps.text(pair.step).to_owned()),
            sentence: self.sentence(instance, judged, now),
            attempts: judged.decides.map_or(0, |pair| pair.attempts).max(instance.most_attempts()),
            error: self.error_of(instance, judged.decides.as_ref()),
            started: instance.started,
            updated: instance.updated,
            finished: judged.finished,
            events: instance.facts() + instance.more.as_ref().map_or(0, |more| more.dropped),
            dead_letters: open as u32,
        }
    }

    /// The name of a workflow; those whose records name none are called `unknown`.
    pub(super) fn workflow_name(&self, workflow: u16) -> String {
        if workflow == 0 {
            UNKNOWN_WORKFLOW.to_owned()
        } else {
            self.names.workflows.text(workflow).to_owned()
        }
    }
}

/// What a workflow is called whose records name none.
pub(super) const UNKNOWN_WORKFLOW: &str = "unknown";

fn counts<const N: usize>(words: [&str; N], numbers: &[u64; N]) -> Vec<Count> {
    let both = words.iter().zip(numbers).filter(|(_, count)| **count > 0);
    both.map(|(name, count)| Count { name: (*name).to_owned(), count: *count }).collect()
}
