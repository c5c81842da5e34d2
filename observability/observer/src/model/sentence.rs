//! Where an event or an instance is, in words that a person understands.

use super::head::trace_text;
use super::kept::{DISCARDED, Kept};
use super::letters::Letter;
use super::pair::{At, Pair, Unsaid};
use super::standing::Judged;
use super::state::Model;
use super::words::{duration, group_word};
use crate::answer::{DeadLetter, InstanceState, Replay, StallReason, StepState};
use crate::fact::Millis;

/// The places beside the one at which an instance was lost that its sentence names.
const MAX_BESIDE: usize = 3;

impl Model {
    /// Where an event is at a step.
    pub(super) fn step_state(&self, instance: &Kept, pair: &Pair) -> StepState {
        match pair.at {
            At::Done => StepState::Done { at: pair.effect_at },
            At::Settling | At::Emitting => StepState::Emitting,
            At::Queued => {
                let (partition, ahead, moving) = self.queue(pair);
                StepState::Queued { partition, ahead, moving }
            }
            At::Handling => StepState::Handling,
            At::Held(held) => {
                StepState::Retrying { attempts: held.attempts, due: Some(held.due), outage: held.outage }
            }
            At::Dead => StepState::DeadLettered { reason: self.reason_of(instance, pair) },
            At::Discarded => StepState::Skipped { why: self.why_discarded(instance, pair) },
            At::Awaited | At::Gone | At::Unknown(_) => StepState::Unknown { why: self.why_unknown(pair) },
            At::NotOwed => StepState::NotOwed,
        }
    }

    /// Why it is not known where an event is at a step, in words.
    fn why_unknown(&self, pair: &Pair) -> String {
        let partition = self.places.get(pair.place).partition;
        match pair.at {
            At::Awaited => "replayed; the record on its retry topic has not been read yet".to_owned(),
            At::Gone => {
                "replayed; its retry topic keeps the record no longer, so what came of it is not known"
                    .to_owned()
            }
            At::Unknown(Unsaid::Commits) => {
                let group =
                    self.declared.step(pair.step).map_or("", |decl| self.names.groups.text(decl.group));
                format!("nothing is known of what group {group} has committed there")
            }
            At::Unknown(Unsaid::Beyond) => {
                format!("more is settled out of order in partition {partition} than a commit can list")
            }
            _ => format!("behind a record that blocks partition {partition}, nothing is said about this one"),
        }
    }

    fn queue(&self, pair: &Pair) -> (i32, u64, bool) {
        let place = self.places.get(pair.place);
        let commit = self.declared.step(pair.step).and_then(|decl| self.commit(decl.group, pair.place));
        let ahead = commit.map_or(0, |commit| {
            let gaps = place.gaps(commit.offset.unwrap_or(place.start), pair.offset);
            commit.ahead(pair.offset, place.start, &gaps)
        });
        (place.partition, ahead, commit.is_some_and(|commit| self.is_moving(commit, pair)))
    }

    fn reason_of(&self, instance: &Kept, pair: &Pair) -> String {
        let note = pair.note.and_then(|at| instance.notes().get(at));
        note.map_or("", |note| self.names.reasons.text(note.reason)).to_owned()
    }

    fn letter_of(&self, instance: &Kept, pair: &Pair) -> Option<&Letter> {
        self.letters.get(instance.notes().get(pair.note?)?.letter)
    }

    fn why_discarded(&self, instance: &Kept, pair: &Pair) -> String {
        let last = self.letter_of(instance, pair).and_then(|letter| letter.actions.last());
        match last {
            Some(action) => format!("discarded by {}", action.by),
            None => "discarded by a person".to_owned(),
        }
    }

    /// The last error told of an instance.
    pub(super) fn error_of(&self, instance: &Kept, pair: Option<&Pair>) -> Option<String> {
        let decided = pair.and_then(|pair| self.letter_of(instance, pair));
        let newest = || {
            let open = instance.notes().iter().rev().filter(|note| !note.letter.is_none());
            open.filter(|note| note.action != DISCARDED).find_map(|note| self.letters.get(note.letter))
        };
        decided.or_else(newest).map(|letter| letter.error.to_string())
    }

    /// Where an event is at a step, in words.
    pub(super) fn pair_sentence(&self, instance: &Kept, pair: &Pair, now: Millis) -> String {
        let step = self.names.steps.text(pair.step);
        let waited = duration(now.saturating_sub(pair.since));
        let again = if pair.again { ", replayed" } else { "" };
        let nobody = self.declared.step(pair.step).and_then(|decl| self.without_member(decl.group));
        if let (Some(StallReason::NoConsumer), Some(time)) = (pair.stalled, nobody) {
            let time = duration(time);
            return format!(
                "waiting {waited} at {step}{again}: nobody is there, its group has had no member for {time}"
            );
        }
        match pair.at {
            At::Done => format!("done at {step}"),
            At::Settling => format!("just done at {step}{again}; what followed is still being read"),
            At::Emitting => format!("at {step} for {waited}{again}: what it emits is coming in"),
            At::Queued => self.queued_sentence(pair, &waited, step, again),
            At::Handling if pair.stalled == Some(StallReason::NotProgressing) => {
                let (partition, _, moving) = self.queue(pair);
                let others = if moving { "others go past it" } else { "nothing moves" };
                format!("stuck {waited} at {step}{again}: first in partition {partition}, and {others}")
            }
            At::Handling => format!("at {step} for {waited}{again}: being handled"),
            At::Held(held) => {
                let due = duration(held.due.saturating_sub(now));
                let next =
                    if held.due > now { format!("the next in {due}") } else { "the next is due".to_owned() };
                if held.outage {
                    format!(
                        "waiting {waited} at {step}{again}: the step is in outage, what it needs is away; {next}"
                    )
                } else {
                    let times =
                        if held.attempts == 1 { "1 attempt" } else { &format!("{} attempts", held.attempts) };
                    format!("waiting {waited} at {step}{again}: {times} failed, {next}")
                }
            }
            At::Dead => {
                let reason = self.reason_of(instance, pair);
                let error = self.letter_of(instance, pair).map_or("", |letter| &letter.error);
                let error = if error.is_empty() { String::new() } else { format!(": {error}") };
                format!("set aside by {step} {waited} ago, {reason}{error}")
            }
            At::Discarded => format!("set aside by {step}, {}", self.why_discarded(instance, pair)),
            At::Awaited | At::Gone => format!("at {step}: {}", self.why_unknown(pair)),
            At::Unknown(_) => format!("at {step} for {waited}{again}: {}", self.why_unknown(pair)),
            At::NotOwed => format!("{step} owes nothing for it"),
        }
    }

    fn queued_sentence(&self, pair: &Pair, waited: &str, step: &str, again: &str) -> String {
        let (partition, ahead, moving) = self.queue(pair);
        let place = match ahead {
            0 => format!("next in partition {partition}"),
            _ => format!("{ahead} ahead of it in partition {partition}"),
        };
        let moves = if moving { "moving" } else { "not moving" };
        format!("waiting {waited} at {step}{again}: {place}, {moves}")
    }

    /// Where an instance is, in words.
    pub(super) fn sentence(&self, instance: &Kept, judged: &Judged, now: Millis) -> String {
        let ended = judged.finished.map(|at| duration(now.saturating_sub(at)));
        match (judged.state, &judged.decides) {
            (InstanceState::Completed, _) => {
                let took = judged.finished.map_or(0, |at| at.saturating_sub(instance.started));
                let side = match judged.side {
                    0 => String::new(),
                    1 => "; 1 side step still owes".to_owned(),
                    many => format!("; {many} side steps still owe"),
                };
                format!("came to its end {} ago, after {}{side}", ended.unwrap_or_default(), duration(took))
            }
            (InstanceState::Lost, Some(pair)) => {
                let row = &self.store.rows[pair.row];
                format!(
                    "lost at {}: it took {} {} ago, emitted nothing that leads to an end, and nobody owes anything{}",
                    self.names.steps.text(pair.step),
                    self.names.types.text(row.event_type),
                    duration(now.saturating_sub(row.since)),
                    self.beside_sentence(row.instance, &judged.beside),
                )
            }
            (_, Some(pair)) => self.pair_sentence(instance, pair, now),
            (_, None) => self.idle_sentence(judged, now),
        }
    }

    /// The others of which nothing came: one of them may be the one that lost it.
    fn beside_sentence(&self, slot: u32, beside: &[Pair]) -> String {
        let told = beside.iter().take(MAX_BESIDE).map(|pair| {
            let (step, row) = (self.names.steps.text(pair.step), &self.store.rows[pair.row]);
            let took = self.names.types.text(row.event_type);
            let waits = self.waits_for(slot, pair.step).map_or_else(String::new, |missing| {
                format!(", which may wait for {}", self.names.types.text(missing))
            });
            format!("; nothing came of {took} at {step} either{waits}")
        });
        let text = told.collect::<Vec<_>>().concat();
        match beside.len().saturating_sub(MAX_BESIDE) {
            0 => text,
            more => format!("{text}; nor in {more} more places"),
        }
    }

    fn idle_sentence(&self, judged: &Judged, now: Millis) -> String {
        if !judged.whole {
            return "just now something came in; what belongs to it is still being read".to_owned();
        }
        match judged.hanging.map(|row| &self.store.rows[row]) {
            Some(row) => format!(
                "{} was emitted {} ago, and no declared step consumes it",
                self.names.types.text(row.event_type),
                duration(now.saturating_sub(row.since)),
            ),
            None => "nothing is owed, as far as the topics still tell; no end was seen".to_owned(),
        }
    }

    /// What the place of an event at a step rests on.
    pub(super) fn evidence(&self, instance: &Kept, pair: &Pair, now: Millis) -> Vec<String> {
        let mut evidence = Vec::new();
        if let Some(note) = pair.note.and_then(|at| instance.notes().get(at)) {
            let place = self.places.get(note.place);
            let topic = self.names.topics.text(place.topic);
            evidence.push(format!("its dead letter is {topic}/{}/{}", place.partition, note.offset));
            return evidence;
        }
        let Some(decl) = self.declared.step(pair.step) else { return evidence };
        let place = self.places.get(pair.place);
        let topic = self.names.topics.text(place.topic);
        evidence.push(format!("it lies at {topic}/{}/{}", place.partition, pair.offset));
        let group = self.names.groups.text(decl.group);
        match self.commit(decl.group, pair.place) {
            None => evidence.push(format!("nothing is known about group {group} there")),
            Some(commit) => {
                evidence.push(match commit.offset {
                    Some(offset) => format!("group {group} has committed {offset} there"),
                    None => format!("group {group} has committed nothing there"),
                });
                if commit.held(pair.offset).is_some() {
                    evidence.push("the commit's metadata lists it as held back".to_owned());
                } else if commit.denies(pair.offset) {
                    evidence.push("the commit's metadata does not list it as settled".to_owned());
                }
                let still = self.asked_at(decl.group).saturating_sub(commit.still_since);
                if !self.is_moving(commit, pair) {
                    evidence.push(format!("the partition has not moved for {}", duration(still)));
                }
            }
        }
        let state = self.group(decl.group).and_then(|group| group.state);
        let word = group_word(state.map(|(state, _)| state));
        evidence.push(format!(
            "group {group} is {word}, as of {} ago",
            duration(now.saturating_sub(self.asked_at(decl.group)))
        ));
        if pair.at == At::Emitting {
            evidence.push("something that it emitted has been seen".to_owned());
        }
        evidence
    }

    /// A dead letter as it is told.
    pub(super) fn dead_letter_told(&self, letter: &Letter) -> DeadLetter {
        let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        let trace = letter.trace.map(trace_text);
        DeadLetter {
            id: letter.id.to_string(),
            step: self.names.steps.text(letter.step).to_owned(),
            instance: text(&letter.instance),
            event: text(&letter.event),
            event_type: text(&letter.event_type),
            key: text(&letter.key),
            reason: self.names.reasons.text(letter.reason).to_owned(),
            error: letter.error.to_string(),
            violations: letter.violations.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            contract: text(&letter.contract),
            failed_at: letter.failed_at,
            attempts: letter.attempts,
            replays: letter.replays,
            topic: self.names.topics.text(letter.topic).to_owned(),
            partition: letter.partition,
            offset: letter.offset,
            origin: text(&letter.origin),
            trace_url: trace.as_deref().and_then(|id| self.trace_url(id)),
            trace,
            open: letter.is_open(),
            actions: letter
                .actions
                .iter()
                .map(|action| Replay {
                    id: action.id.to_string(),
                    action: action.deed.to_string(),
                    by: action.by.to_string(),
                    at: action.at,
                })
                .collect(),
        }
    }
}
