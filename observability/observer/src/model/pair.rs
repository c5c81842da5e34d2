//! Where one event is at one step.

use super::declared::{Emitter, From, StepDecl};
use super::groups::Commit;
use super::id::Id;
use super::kept::{DISCARDED, Kept, NOTED, Note, OPEN, Row, TOMBSTONE};
use super::slab::NOWHERE;
use super::state::Model;
use super::twins::fact;
use crate::answer::StallReason;
use crate::fact::{GroupState, Held, Millis};

/// How long after its last progress a group is still said to be moving, in milliseconds.
const MOVING_MS: Millis = 10_000;

/// How long after an event was settled a commit may still not say so, in milliseconds: a step whose mark is held up says
/// what is settled above it every two seconds. Until then nothing is known to be late.
const SETTLING_SEEN_MS: Millis = 2_500;

/// Where an event is at a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum At {
    /// Settled, and everything that followed was read.
    Done,
    /// Settled; what followed may not have been read yet.
    Settling,
    /// What it caused is seen, and it is not settled yet.
    Emitting,
    /// Waiting in the partition.
    Queued,
    /// First of those that are not settled.
    Handling,
    /// Held back for its next attempt.
    Held(Held),
    /// Set aside: a dead letter that is open.
    Dead,
    /// Set aside, and given up by a person.
    Discarded,
    /// Replayed by a person, and the record on the retry topic is not read yet.
    Awaited,
    /// Replayed by a person, and the record on the retry topic was gone before it was read: what came of it is not known.
    Gone,
    /// Nothing is said about it.
    Unknown(Unsaid),
    /// The step does not owe it.
    NotOwed,
}

/// Why nothing is known of where an event is at a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Unsaid {
    /// What the group has committed was never told.
    Commits,
    /// More is settled out of order than a commit can list.
    Beyond,
    /// It lies behind a record that blocks the partition, and the step lists nothing beside its offset.
    Behind,
}

/// One event at one step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) row: u32,
    pub(super) step: u16,
    /// Whether a terminal event can follow.
    pub(super) path: bool,
    pub(super) at: At,
    /// Since when it waits.
    pub(super) since: Millis,
    /// The partition in which it waits: the step's input, or its retry topic.
    pub(super) place: u32,
    pub(super) offset: i64,
    /// Whether that is the retry topic.
    pub(super) again: bool,
    /// Attempts that were spent.
    pub(super) attempts: u32,
    /// Among the instance's notes: the dead letter.
    pub(super) note: Option<usize>,
    pub(super) stalled: Option<StallReason>,
    /// When the first thing that the step emitted for the event was written.
    pub(super) effect_at: Option<Millis>,
}

impl Pair {
    /// Whether the step still has something to do.
    pub(super) fn is_owed(&self) -> bool {
        !matches!(self.at, At::Done | At::Dead | At::Discarded | At::Gone | At::NotOwed)
    }
}

/// What an instance's events caused: the fact that is the cause, source, whether the instance can go on after it, and when
/// it was written.
pub(super) type Effects = Vec<(Id, u16, bool, Millis)>;

/// What a step was seen to emit for an event.
fn effects_of(effects: &Effects, cause: Id, source: u16) -> impl Iterator<Item = &(Id, u16, bool, Millis)> {
    let first = effects.partition_point(|(id, step, ..)| (*id, *step) < (cause, source));
    effects[first..].iter().take_while(move |(id, step, ..)| (*id, *step) == (cause, source))
}

/// Whether a step was seen to emit something for an event after which the instance can go on.
pub(super) fn goes_on(effects: &Effects, cause: Id, source: u16) -> bool {
    effects_of(effects, cause, source).any(|(_, _, onward, _)| *onward)
}

impl Model {
    /// What an instance's events caused.
    pub(super) fn effects(&self, slot: u32, effects: &mut Effects) {
        effects.clear();
        let ties = self.ties(slot);
        for row in self.store.rows_of(slot) {
            let row = &self.store.rows[row];
            if !row.cause.is_none() {
                let (cause, onward) = (fact(&ties, row.cause), self.declared.may_end(row.event_type));
                effects.push((cause, row.source, onward, row.at));
                self.renamed(row, |step| effects.push((cause, step, onward, row.at)));
            }
        }
        effects.sort_unstable();
    }

    /// The steps that may have emitted an event under a name that they bear no longer: where its source is declared no
    /// more, those of the same service that emit such events now.
    fn renamed(&self, row: &Row, mut each: impl FnMut(u16)) {
        if self.declared.step(row.source).is_some() {
            return;
        }
        let service_of = |step: u16| self.names.steps.text(step).split_once('/').map(|(service, _)| service);
        let Some(service) = service_of(row.source) else { return };
        let emitters = self.declared.event_type(row.event_type).map_or(&[][..], |decl| &decl.emitters);
        for (emitter, _) in emitters {
            if let Emitter::Step(step) = emitter
                && service_of(*step) == Some(service)
            {
                each(*step);
            }
        }
    }

    /// An event at every step that is declared to consume it, and at those that set it aside.
    pub(super) fn pairs(
        &self,
        instance: &Kept,
        row_number: u32,
        effects: &Effects,
        mut each: impl FnMut(Pair),
    ) {
        let row = &self.store.rows[row_number];
        let consumers = self.declared.event_type(row.event_type).map_or(&[][..], |decl| &decl.consumers);
        for &step in consumers {
            if let Some(decl) = self.declared.step(step).filter(|_| !self.is_read_later(row, step)) {
                each(self.pair(instance, (row_number, row), (step, decl), effects));
            }
        }
        let mut others: Vec<u16> = instance
            .notes_of(row_number, row)
            .map(|note| note.step)
            .filter(|step| !consumers.contains(step))
            .collect();
        others.sort_unstable();
        others.dedup();
        for step in others {
            if let Some(decl) = self.declared.step(step) {
                each(self.pair(instance, (row_number, row), (step, decl), effects));
            }
        }
    }

    fn pair(
        &self,
        instance: &Kept,
        (number, row): (u32, &Row),
        (step, decl): (u16, &StepDecl),
        effects: &Effects,
    ) -> Pair {
        let mut pair = Pair {
            row: number,
            step,
            path: decl.may_end && !self.declared.event_type(row.event_type).is_some_and(|decl| decl.terminal),
            at: At::NotOwed,
            since: row.since,
            place: row.place,
            offset: row.offset,
            again: false,
            attempts: 0,
            note: None,
            stalled: None,
            effect_at: effects_of(effects, self.fact_of(row), step).map(|(.., at)| *at).min(),
        };
        let caused = pair.effect_at.is_some();
        if row.flags & NOTED != 0 && !place_by_notes(instance.notes(), &mut pair) {
            if pair.at == At::Awaited && self.replay_is_gone(instance, decl) {
                pair.at = At::Gone;
            }
            return self.with_stall(pair, decl);
        }
        if !pair.again && !self.is_owed(row, (step, decl), caused) {
            return pair;
        }
        pair.at = self.locate(row, &mut pair, decl, caused);
        self.with_stall(pair, decl)
    }

    /// Whether the record on the retry topic is there no longer, of which an operator's mark tells. The mark and the record
    /// are one transaction: what was not read once all was read that was written before the mark, retention took.
    fn replay_is_gone(&self, instance: &Kept, decl: &StepDecl) -> bool {
        let is_read = decl.retry_topic.is_none_or(|topic| !self.unseen.contains(&topic));
        is_read && self.cut.knows_all && self.cut.whole_at > instance.read
    }

    /// Whether the step owes anything for the event at all.
    fn is_owed(&self, row: &Row, (_, decl): (u16, &StepDecl), caused: bool) -> bool {
        if row.flags & TOMBSTONE != 0 || row.place == NOWHERE {
            return false;
        }
        let topic = self.places.get(row.place).topic;
        let reads = decl.consumes.contains(&(row.event_type, topic));
        if caused || !reads {
            return caused;
        }
        let begin = self.group(decl.group).and_then(|group| group.commits.get(&row.place));
        let skipped_at_start = match (decl.from, begin.and_then(|commit| commit.begin)) {
            (From::Earliest, _) => false,
            (From::At(time), _) => row.at < time,
            (From::Latest, None) => true,
            (From::Latest, Some(begin)) => row.offset < begin,
        };
        row.since >= decl.since && !skipped_at_start
    }

    /// What offsets and metadata say.
    fn locate(&self, row: &Row, pair: &mut Pair, decl: &StepDecl, caused: bool) -> At {
        let Some(commit) = self.commit(decl.group, pair.place) else {
            return if caused { At::Emitting } else { At::Unknown(Unsaid::Commits) };
        };
        debug_assert!(pair.again || row.place == pair.place);
        if commit.settles(pair.offset) {
            return if commit.proves(pair.offset) { At::Done } else { At::Settling };
        }
        if let Some(held) = commit.held(pair.offset) {
            pair.attempts = pair.attempts.max(held.attempts);
            return At::Held(*held);
        }
        if caused && !pair.again {
            return At::Emitting;
        }
        let state = self.group(decl.group).and_then(|group| group.state).map(|(state, _)| state);
        if commit.is_silent_about(pair.offset) {
            return At::Unknown(Unsaid::Beyond);
        }
        if self.is_first(commit, pair) {
            return match state {
                Some(GroupState::Stable | GroupState::Unknown) | None => At::Handling,
                _ => At::Queued,
            };
        }
        let has_member = !matches!(state, Some(GroupState::Empty | GroupState::Dead));
        if has_member && self.is_still(commit, pair) && !commit.denies(pair.offset) {
            return At::Unknown(Unsaid::Behind);
        }
        At::Queued
    }

    /// What the group of a step committed for a partition; `None` where that was never told.
    pub(super) fn commit(&self, group: u16, place: u32) -> Option<&Commit> {
        self.group(group)?.commits.get(&place)
    }

    /// Whether the event is the first that is not settled: no record lies between it and the committed offset.
    pub(super) fn is_first(&self, commit: &Commit, pair: &Pair) -> bool {
        let place = self.places.get(pair.place);
        let from = commit.offset.unwrap_or(place.start);
        pair.offset >= from && place.is_empty_between(from, pair.offset)
    }

    /// Whether the partition has not moved for as long as the step may take for one event.
    fn is_still(&self, commit: &Commit, pair: &Pair) -> bool {
        self.still_for(commit, pair) > self.deadline(pair.step)
    }

    /// How long the partition has not moved while the event waits there.
    pub(super) fn still_for(&self, commit: &Commit, pair: &Pair) -> Millis {
        self.waited_since(commit.still_since, pair)
    }

    /// How long the event that is the first has been so.
    fn first_for(&self, commit: &Commit, pair: &Pair) -> Millis {
        self.waited_since(commit.mark_since, pair)
    }

    fn waited_since(&self, since: Millis, pair: &Pair) -> Millis {
        let asked_at = self.declared.step(pair.step).map_or(0, |decl| self.asked_at(decl.group));
        asked_at.saturating_sub(since.max(pair.since))
    }

    /// When the newest commits of a group were fetched: what waits there is as old as it was then.
    pub(super) fn asked_at(&self, group: u16) -> Millis {
        self.group(group).map_or(0, |group| group.looked_at)
    }

    /// Whether the partition moves, as far as is known.
    pub(super) fn is_moving(&self, commit: &Commit, pair: &Pair) -> bool {
        self.still_for(commit, pair) < MOVING_MS
    }

    /// How long the step's group has had no member.
    pub(super) fn without_member(&self, group: u16) -> Option<Millis> {
        let group = self.group(group)?;
        match group.state? {
            (GroupState::Empty | GroupState::Dead, since) => Some(group.looked_at.saturating_sub(since)),
            _ => None,
        }
    }

    fn with_stall(&self, mut pair: Pair, decl: &StepDecl) -> Pair {
        let asked_at = self.asked_at(decl.group);
        pair.stalled = match pair.at {
            At::Dead => Some(StallReason::DeadLetter),
            At::Done | At::Settling | At::Discarded | At::NotOwed | At::Awaited | At::Gone => None,
            _ if asked_at.saturating_sub(pair.since) <= self.deadline(pair.step) + SETTLING_SEEN_MS => None,
            // By then a rebalance or a rolling restart would be over.
            _ if self.without_member(decl.group).is_some() => Some(StallReason::NoConsumer),
            At::Held(_) => Some(StallReason::Retrying),
            At::Unknown(_) => None,
            At::Emitting | At::Queued | At::Handling => self.why_waiting(&pair, decl),
        };
        pair
    }

    /// Why an event waits longer than it may, where its group is alive.
    fn why_waiting(&self, pair: &Pair, decl: &StepDecl) -> Option<StallReason> {
        let commit = self.commit(decl.group, pair.place)?;
        let first = self.is_first(commit, pair);
        let proved = first || commit.denies(pair.offset);
        if pair.at == At::Emitting && !proved {
            // What it caused is seen, and that it is not done with is not.
            return None;
        }
        if commit.in_outage() {
            return Some(StallReason::Retrying);
        }
        if first && self.first_for(commit, pair) > self.deadline(pair.step) {
            // Nothing is before it, so nothing else takes so long, though others may go past it.
            return Some(StallReason::NotProgressing);
        }
        if !self.is_still(commit, pair) {
            // Not long enough watched to know is no reason, and what moved before it came says nothing.
            return (commit.moved_at > pair.since).then_some(StallReason::Backlog);
        }
        proved.then_some(StallReason::NotProgressing)
    }
}

/// What retries and dead letters say; `false` where that is all there is to say.
fn place_by_notes(notes: &[Note], pair: &mut Pair) -> bool {
    let mine = || notes.iter().enumerate().filter(|(_, note)| note.row == pair.row && note.step == pair.step);
    let letter = mine().filter(|(_, note)| !note.letter.is_none()).max_by_key(|(_, note)| note.replays);
    let visit = mine().filter(|(_, note)| note.letter.is_none()).max_by_key(|(_, note)| note.replays);
    if let Some((at, letter)) = letter
        && visit.is_none_or(|(_, visit)| visit.replays <= letter.replays)
    {
        pair.note = Some(at);
        (pair.since, pair.attempts) = (letter.since, letter.attempts);
        pair.at = match letter.action {
            OPEN => At::Dead,
            DISCARDED => At::Discarded,
            _ => At::Awaited,
        };
        return false;
    }
    if let Some((_, visit)) = visit {
        (pair.place, pair.offset, pair.since) = (visit.place, visit.offset, visit.since);
        (pair.again, pair.attempts) = (true, visit.attempts);
    }
    true
}
