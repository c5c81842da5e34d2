//! Lists of instances, and what a text names.

use std::collections::{BTreeMap, BTreeSet};

use super::filter::{Cursor, InstanceFilter, page};
use super::id::Id;
use super::kept::{Kept, OPEN};
use super::overview::counted;
use super::seats::{Seat, View};
use super::standing::{Judged, Scratch};
use super::state::Model;
use super::words::ALL_STATES;
use crate::answer::{self, Count, InstanceState, InstanceSummary, Instances};
use crate::fact::Millis;

/// The most instances that a business key finds.
const MAX_FOUND: usize = 1_000;

/// A filter with its names looked up.
struct Wanted<'f> {
    filter: &'f InstanceFilter,
    workflow: Option<u16>,
    states: [bool; ALL_STATES.len()],
    view: View,
    /// By the number of a set of steps, whether one of them is in view.
    sets: Vec<bool>,
    error: Option<String>,
    started_before: Millis,
}

impl Model {
    /// The instances that fit, those that changed last first.
    pub fn instances(&self, filter: &InstanceFilter, now: Millis) -> Instances {
        let Some(wanted) = self.wanted(filter, now) else {
            return self.listed(Vec::new(), &View::default(), filter, now);
        };
        let fitting: Vec<u32> = match &filter.key {
            Some(key) => {
                self.store.keys.with(key).take(MAX_FOUND).filter(|&it| self.fits(it, &wanted)).collect()
            }
            None => self.store.slots().filter(|&slot| self.fits(slot, &wanted)).collect(),
        };
        self.listed(fitting, &wanted.view, filter, now)
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
        found.extend(self.store.keys.with(text).take(MAX_FOUND));
        self.listed(found.into_iter().collect(), &View::default(), &InstanceFilter::default(), now)
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
        let view = View { step, reason: filter.reason, stuck: filter.stuck };
        let sets = self.store.sets.all().iter().map(|set| view.fits(&set.seats)).collect();
        Some(Wanted {
            filter,
            workflow,
            states: ALL_STATES.map(|state| any || filter.states.contains(&state)),
            view,
            sets,
            error: filter.error.as_ref().map(|error| error.to_lowercase()),
            started_before: filter.older_ms.map_or(Millis::MAX, |older| now.saturating_sub(older)),
        })
    }

    fn fits(&self, slot: u32, wanted: &Wanted<'_>) -> bool {
        let instance = &self.store.instances[slot];
        let standing = instance.standing;
        wanted.states[usize::from(standing.state)]
            && wanted.workflow.is_none_or(|workflow| instance.workflow == workflow)
            && wanted.sets[instance.seats as usize]
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

    fn listed(&self, fitting: Vec<u32>, view: &View, filter: &InstanceFilter, now: Millis) -> Instances {
        let mut states = [0_u64; ALL_STATES.len()];
        let mut sets = vec![0_u64; self.store.sets.all().len()];
        for &slot in &fitting {
            let instance = &self.store.instances[slot];
            states[usize::from(instance.standing.state)] += 1;
            sets[instance.seats as usize] += 1;
        }
        let seen = view.count(self.store.sets.all().iter().map(|set| &*set.seats).zip(sets));
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
            seen.by_step.iter().map(|(step, count)| (self.names.steps.text(*step), *count)).collect();
        let reasons: BTreeMap<&str, u64> =
            seen.by_reason.iter().map(|(reason, count)| (reason.word(), *count)).collect();
        Instances {
            as_of: self.as_of(now),
            next: keys.last().filter(|_| more).map(Cursor::to_string),
            items: keys.iter().map(|key| self.summary_of(key.place, &mut scratch, now)).collect(),
            total,
            by_state: counts(ALL_STATES.map(InstanceState::word), &states),
            by_reason: counted(reasons),
            stuck: seen.stuck,
            side_stuck: seen.side_stuck,
            by_step: steps.into_iter().map(|(name, count)| Count { name: name.to_owned(), count }).collect(),
        }
    }

    fn summary_of(&self, slot: u32, scratch: &mut Scratch, now: Millis) -> InstanceSummary {
        let judged = self.judge(slot, scratch);
        self.summary(slot, &judged, &scratch.seats, now)
    }

    /// An instance as it stands in a list.
    pub(super) fn summary(&self, slot: u32, judged: &Judged, seats: &[Seat], now: Millis) -> InstanceSummary {
        let instance = &self.store.instances[slot];
        let notes = instance.notes().iter();
        let open = notes.filter(|note| !note.letter.is_none() && note.action == OPEN).count();
        InstanceSummary {
            id: instance.id_text(instance.id),
            workflow: self.workflow_name(instance.workflow),
            key: self.store.keys.text(instance.key).map(str::to_owned),
            keys: self.store.further_keys(slot).into_iter().map(str::to_owned).collect(),
            state: judged.state,
            reason: judged.reason,
            step: judged.decides.map(|pair| self.names.steps.text(pair.step).to_owned()),
            steps: seats.iter().map(|seat| self.seat_told(*seat)).collect(),
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

    fn seat_told(&self, seat: Seat) -> answer::Seat {
        let step = self.names.steps.text(seat.step).to_owned();
        answer::Seat { step, path: !seat.side, reason: seat.reason() }
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
