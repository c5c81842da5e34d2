//! The fleet at a glance, and the numbers of the observer's own metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::gauges::{Gauges, GroupGauge, Label, Labels};
use super::state::Model;
use super::tally::Tally;
use super::words::ALL_STATES;
use crate::answer::{Count, Overview, StallReason, WorkflowSummary};
use crate::fact::Millis;

/// The most problems of its own that the model tells.
const MAX_OWN_PROBLEMS: usize = 20;
/// The most partitions of groups that are told one by one: as many sets of labels as a metric may have.
const MAX_GROUP_GAUGES: usize = 2_000;
/// The groups have not been heard of for so long: nothing ages meanwhile.
const BLIND_MS: Millis = 30_000;

/// What is to be said of groups whose states the broker does not tell, of `all` that are asked about.
fn states_unknown(groups: &[&str], all: usize) -> Option<String> {
    let named = groups.iter().take(MAX_OWN_PROBLEMS).copied().collect::<Vec<_>>().join(", ");
    match groups.len() {
        0 => None,
        count if count == all => Some(
            "the broker tells the state of no group: a step that has stopped shows as one that does not progress"
                .to_owned(),
        ),
        1 => Some(format!("the state of group {named} is not known")),
        count if count > MAX_OWN_PROBLEMS => {
            let more = count - MAX_OWN_PROBLEMS;
            Some(format!("the states of these groups are not known: {named} and {more} more"))
        }
        _ => Some(format!("the states of these groups are not known: {named}")),
    }
}

/// What is to be said of open dead letters for which there was no room.
fn not_shown(letters: u64) -> Option<String> {
    let which = match letters {
        0 => return None,
        1 => "1 dead letter that was open is".to_owned(),
        _ => format!("{letters} dead letters that were open are"),
    };
    Some(format!("{which} neither shown nor counted, for want of room; `choreograph dlq list` knows"))
}

/// What is to be said of dead letters that are shown as open, and whose settling may have been forgotten.
fn doubtful(letters: u64) -> Option<String> {
    let which = match letters {
        0 => return None,
        1 => "1 dead letter that is shown as open".to_owned(),
        _ => format!("{letters} dead letters that are shown as open"),
    };
    Some(format!(
        "{which} may have been settled: more actions were read before their dead letters than are kept; \
         `choreograph dlq list` knows"
    ))
}

impl Model {
    /// The fleet at a glance.
    pub fn overview(&self, now: Millis) -> Overview {
        Overview {
            as_of: self.as_of(now),
            workflows: self
                .workflows()
                .into_iter()
                .map(|number| self.workflow_summary(number, now))
                .collect(),
            dead_letters_open: self.letters.open().map(|(_, open)| open).sum(),
            events: self.store.rows.len() as u64 - self.store.twins,
            instances: self.store.instances.len() as u64,
            unreadable: self.unreadable,
            problems: self.all_problems(now),
        }
    }

    /// Every workflow that was declared or of which an instance is kept, by name.
    pub(super) fn workflows(&self) -> Vec<u16> {
        let seen = self.store.counts.iter().enumerate();
        let seen =
            seen.filter(|(_, counts)| counts.iter().any(|count| *count > 0)).map(|(number, _)| number as u16);
        let mut all: BTreeSet<u16> = seen.collect();
        all.extend(&self.declared.workflows);
        let mut all: Vec<u16> = all.into_iter().collect();
        all.sort_by_key(|number| self.workflow_name(*number));
        all
    }

    fn workflow_summary(&self, number: u16, now: Millis) -> WorkflowSummary {
        let [failed, lost, stalled, completed, running] = self.counts_of(number);
        let mut by_reason: BTreeMap<&str, u64> = BTreeMap::new();
        for ((workflow, reason), count) in &self.tally.stalled {
            if *workflow == number {
                *by_reason.entry(reason.word()).or_default() += count;
            }
        }
        let sets = &self.store.sets;
        let at = sets.waiting(number).into_iter();
        let at = at.map(|(step, count)| (self.names.steps.text(step), count)).collect();
        let (side_stuck, side) = sets.side_stuck(number);
        let lately = self.lately.get(&number);
        let quantile = |share| lately.and_then(|lately| lately.durations.quantile(share));
        WorkflowSummary {
            name: self.workflow_name(number),
            running,
            completed,
            failed,
            given_up: sets.given_up(number),
            stalled,
            lost,
            stalled_by: counted(by_reason),
            side_stuck,
            side_stuck_by: counted(side.into_iter().map(|(reason, count)| (reason.word(), count)).collect()),
            waiting_at: counted(at),
            oldest_waiting_ms: self.tally.oldest_of.get(&number).map(|since| now.saturating_sub(*since)),
            started_last_minute: lately.map_or(0, |lately| lately.started.last_minute(now)),
            finished_last_minute: lately.map_or(0, |lately| lately.finished.last_minute(now)),
            duration_ms: quantile(0.5).zip(quantile(0.95)),
        }
    }

    /// The instances of a workflow by state.
    fn counts_of(&self, workflow: u16) -> [u64; ALL_STATES.len()] {
        self.store.counts.get(usize::from(workflow)).copied().unwrap_or_default()
    }

    fn all_problems(&self, now: Millis) -> Vec<String> {
        let mut problems = self.problems.clone();
        problems.extend(self.no_room(now));
        problems.extend(doubtful(self.letters.doubtful()));
        problems.extend(not_shown(self.letters.dropped_open()));
        if self.looked_at > 0 && now.saturating_sub(self.looked_at) > BLIND_MS {
            let time = super::words::duration(now - self.looked_at);
            problems.push(format!(
                "nothing was heard of the consumer groups for {time}: no new stall can be told"
            ));
        }
        if !self.cut.caught_up {
            problems.push(
                "still reading what was in the topics when the observer started: nothing is called lost yet"
                    .to_owned(),
            );
        }
        let mut unknown: Vec<&str> = Vec::new();
        for group in self.declared.groups.keys() {
            let state = self.names.groups.find(group).and_then(|number| self.group(number)?.state);
            if matches!(state, None | Some((crate::fact::GroupState::Unknown, _))) {
                unknown.push(group);
            }
        }
        if self.looked_at > 0 {
            problems.extend(states_unknown(&unknown, self.declared.groups.len()));
        }
        problems
    }

    /// Numbers for the observer's own metrics.
    pub fn gauges(&self, now: Millis) -> Gauges {
        let step = |number: u16| self.names.steps.text(number).to_owned();
        let labels = Labels::of(self);
        let mut instances: BTreeMap<(Label, usize), u64> = BTreeMap::new();
        for number in self.workflows() {
            for (state, count) in self.counts_of(number).into_iter().enumerate() {
                *instances.entry((labels.label(number), state)).or_default() += count;
            }
        }
        let mut waiting: BTreeMap<(Label, u16, &'static str), u64> = BTreeMap::new();
        let mut oldest: BTreeMap<(Label, u16), Millis> = BTreeMap::new();
        for tally in self.tallies() {
            for ((workflow, at, word), count) in &tally.waiting {
                *waiting.entry((labels.label(*workflow), *at, word)).or_default() += count;
            }
            for ((workflow, at), since) in &tally.oldest {
                let age = now.saturating_sub(*since);
                let slot = oldest.entry((labels.label(*workflow), *at)).or_default();
                *slot = (*slot).max(age);
            }
        }
        let mut stalled: BTreeMap<(Label, u16, StallReason), u64> = BTreeMap::new();
        for ((workflow, at, reason), count) in self.store.sets.stalled() {
            *stalled.entry((labels.label(workflow), at, reason)).or_default() += count;
        }
        let mut letters: BTreeMap<(Label, u16), u64> = BTreeMap::new();
        for ((workflow, at), open) in self.letters.open() {
            *letters.entry((labels.label(workflow), at)).or_default() += open;
        }
        Gauges {
            instances: instances
                .into_iter()
                .map(|((label, state), count)| (label.text(), ALL_STATES[state], count))
                .collect(),
            waiting: waiting
                .into_iter()
                .map(|((label, at, word), count)| (label.text(), step(at), word, count))
                .collect(),
            stalled: stalled
                .into_iter()
                .map(|((label, at, reason), count)| (label.text(), step(at), reason, count))
                .collect(),
            oldest_waiting_ms: oldest
                .into_iter()
                .map(|((label, at), age)| (label.text(), step(at), age))
                .collect(),
            dead_letters_open: letters
                .into_iter()
                .map(|((label, at), open)| (label.text(), step(at), open))
                .collect(),
            drift: self.drifts(now).drifts,
            observer_lag_ms: now.saturating_sub(self.cut.proved_at),
            kept_bytes: self.bytes() as u64,
            forgotten: self.forgetting.count,
            groups: self.group_gauges(),
        }
    }

    /// The counts of the instances that go on, and of those aside.
    pub(super) fn tallies(&self) -> [&Tally; 2] {
        [&self.tally, &self.aside_tally]
    }

    /// By partition, or by topic where there are too many partitions.
    fn group_gauges(&self) -> Vec<GroupGauge> {
        let mut gauges = Vec::new();
        for (step, decl) in self.declared.steps() {
            let Some(known) = self.group(decl.group) else { continue };
            let (step, group) = (self.names.steps.shared(step), self.names.groups.shared(decl.group));
            for (number, commit) in &known.commits {
                let place = self.places.get(*number);
                if !decl.reads(place.topic) {
                    continue;
                }
                gauges.push(GroupGauge {
                    step: Arc::clone(&step),
                    group: Arc::clone(&group),
                    topic: self.names.topics.shared(place.topic),
                    partition: Some(place.partition),
                    lag: decl.lag(commit.offset, place),
                    committed: commit.committed,
                });
            }
        }
        gauges.sort_by(|a, b| (&a.group, &a.topic, a.partition).cmp(&(&b.group, &b.topic, b.partition)));
        if gauges.len() <= MAX_GROUP_GAUGES {
            return gauges;
        }
        let mut together: Vec<GroupGauge> = Vec::new();
        for gauge in gauges {
            match together.last_mut().filter(|sum| (&sum.group, &sum.topic) == (&gauge.group, &gauge.topic)) {
                Some(sum) => {
                    sum.lag += gauge.lag;
                    sum.committed += gauge.committed;
                }
                None => together.push(GroupGauge { partition: None, ..gauge }),
            }
        }
        together
    }
}

/// Counts by name, as they are told.
pub(super) fn counted(counts: BTreeMap<&str, u64>) -> Vec<Count> {
    counts.into_iter().map(|(name, count)| Count { name: name.to_owned(), count }).collect()
}
