//! What was set aside, was sent again, or was acted upon: what records of retry, dead-letter and audit topics say.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::head::{self, Head};
use super::id::Id;
use super::kept::{DISCARDED, Note, OPEN, REPLAYED};
use super::letters::{Action, Bounds, Letter, kind_of};
use super::names::NONE;
use super::runs::Run;
use super::settings::ModelSettings;
use super::slab::NOWHERE;
use super::state::Model;
use crate::fact::{self, Millis};

/// The share of all bytes that dead letters may take: one in so many.
const LETTERS_SHARE: usize = 4;
/// The longest error that is kept, in bytes: as long as a step writes it.
const MAX_ERROR: usize = 1_024;
/// The longest list of violations that is kept, in bytes: as long as a step writes it.
const MAX_VIOLATIONS: usize = 4 * 1_024;
/// The longest other text that is kept, in bytes.
const MAX_TEXT: usize = 256;

impl Model {
    pub(super) fn retry(
        &mut self,
        record: &fact::Record<'_>,
        head: &Head<'_>,
        (place, since): (u32, Millis),
        step: u16,
        now: Millis,
    ) {
        let Some(row) = self.copy(record, head, since, now) else {
            self.unreadable += 1;
            return;
        };
        let trace = head.replay.and_then(|_| head::trace(head.traceparent));
        let note = Note {
            row,
            step,
            replays: number(head.replays),
            since,
            place,
            offset: record.offset,
            attempts: number(head.attempt),
            letter: Id::NONE,
            reason: NONE,
            action: OPEN,
            origin: self.origin(head),
            trace: trace.map_or((0, 0), |(trace, _)| trace),
        };
        let slot = self.store.rows[row].instance;
        self.touch(slot, since, now);
        let replayed = replayed_by(&note, &mut self.store.more(slot).notes);
        self.store.keep_note(slot, note);
        for letter in replayed {
            let by = head.replayed_by.unwrap_or("unknown");
            let action = action(head.replay.unwrap_or_default(), "replayed", by, since);
            self.letters.act(letter, action, self.letter_bounds());
        }
    }

    pub(super) fn dead_letter(
        &mut self,
        record: &fact::Record<'_>,
        head: &Head<'_>,
        (place, since): (u32, Millis),
        step: u16,
        now: Millis,
    ) {
        // What is none of the framework's nobody can replay or discard.
        let id = head.letter.filter(|id| Uuid::parse_str(id).is_ok());
        let (Some(id_text), Some(service), Some(said), Some(reason)) =
            (id, head.service, head.step, head.reason)
        else {
            self.unreadable += 1;
            return;
        };
        let said = self.names.steps.find(&format!("{service}/{said}"));
        // Whose name is declared no longer was renamed: the letters on its topic are those of the step that has it now.
        let step = said.filter(|said| self.declared.step(*said).is_some()).unwrap_or(step);
        let row = self.copy(record, head, since, now);
        let slot = row.map(|row| self.store.rows[row].instance);
        let id = Id::of(id_text);
        let reason = self.names.reasons.of(head::cut(reason, MAX_TEXT));
        let failed_at = head.failed_at.and_then(rfc3339).unwrap_or(since).min(now);
        let letter = Letter {
            id: id_text.into(),
            step,
            workflow: slot.map_or(NONE, |slot| self.store.instances[slot].workflow),
            instance: slot
                .map(|slot| self.store.instances[slot].id_text(self.store.instances[slot].id).into()),
            event: slot
                .zip(row)
                .map(|(slot, row)| self.store.instances[slot].id_text(self.store.rows[row].id).into()),
            event_type: head.event_type.map(Into::into),
            key: record.key.map(|key| head::cut(&String::from_utf8_lossy(key), MAX_TEXT).into()),
            reason,
            error: head::cut(head.error.unwrap_or_default(), MAX_ERROR).into(),
            kind: kind_of(head::cut(head.error.unwrap_or_default(), MAX_ERROR)).into(),
            violations: head.violations.filter(|text| text.len() <= MAX_VIOLATIONS).map(Into::into),
            contract: head.contract.map(|text| head::cut(text, MAX_TEXT).into()),
            failed_at,
            attempts: number(head.attempt),
            replays: number(head.replays),
            topic: self.places.get(place).topic,
            partition: record.partition,
            offset: record.offset,
            origin: head.origin().map(|(topic, partition, offset)| {
                format!("{}/{partition}/{offset}", head::cut(topic, MAX_TEXT)).into()
            }),
            trace: head::trace(head.traceparent).map(|(trace, _)| trace),
            actions: Vec::new(),
        };
        let (attempts, replays) = (letter.attempts, letter.replays);
        let is_new = self.letters.insert(id, letter, self.letter_bounds());
        let (Some(row), Some(slot)) = (row, slot) else { return };
        self.touch(slot, since, now);
        let known = self.store.instances[slot].notes().iter().any(|note| note.letter == id);
        if !is_new && known {
            return;
        }
        let mut note = Note {
            row,
            step,
            replays,
            since,
            place,
            offset: record.offset,
            attempts,
            letter: id,
            reason,
            action: OPEN,
            origin: self.origin(head),
            trace: (0, 0),
        };
        let is_replay = |it: &Note| note.may_be_of(it) && note.has_origin_of(it).unwrap_or(true);
        let replayed = self.store.instances[slot].notes().iter().any(is_replay);
        if replayed {
            // The replay was read first. Who did it is told by the audit topic.
            self.letters.act(id, action("", "replayed", "unknown", since), self.letter_bounds());
        }
        let said = self.letters.get(id).map_or(OPEN, |letter| outcome(&letter.actions));
        note.action = if replayed { REPLAYED } else { said };
        self.store.keep_note(slot, note);
        if attempts > 1 {
            let event = self.store.rows[row].id;
            // What a replay carries is of the first delivery.
            let first = head.first_failed_at.filter(|_| replays == 0).and_then(rfc3339);
            let first_failed_at = first.unwrap_or(0).min(failed_at);
            let run = Run { event, step, replays, attempts, first_failed_at, ended: failed_at, failed: true };
            self.keep_run(slot, run);
        }
    }

    /// An operator did something with a dead letter.
    pub(super) fn audit(&mut self, head: &Head<'_>, at: Millis, now: Millis) {
        let (Some(letter), Some(word)) = (head.letter, head.action) else {
            self.unreadable += 1;
            return;
        };
        if word == "value" {
            // Of an edit, whose own record tells it.
            return;
        }
        if !matches!(word, "replayed" | "edited" | "discarded") {
            self.unreadable += 1;
            return;
        }
        let id = Id::of(letter);
        let by = head.replayed_by.unwrap_or("unknown");
        let deed = action(head.replay.unwrap_or_default(), word, by, at);
        self.letters.act(id, deed, self.letter_bounds());
        let instance = self.letters.get(id).and_then(|letter| letter.instance.as_deref());
        let instance = instance.or(head.correlation).map(Id::of);
        let Some(slot) = instance.and_then(|id| self.store.find_instance(id)) else { return };
        self.store.before_change(slot);
        let kept = &mut self.store.instances[slot];
        kept.updated = kept.updated.max(at);
        kept.read = kept.read.max(now);
        for note in kept.more.iter_mut().flat_map(|more| &mut more.notes).filter(|note| note.letter == id) {
            note.action = if word == "discarded" { DISCARDED } else { REPLAYED };
        }
        self.reopen(slot);
    }

    /// Where a record on a retry or dead-letter topic was first delivered; [`NOWHERE`] in place of what it does not tell.
    pub(super) fn origin(&mut self, head: &Head<'_>) -> (u32, i64) {
        let Some((topic, partition, offset)) = head.origin() else { return (NOWHERE, -1) };
        let prefix = self.settings.namespace.as_ref().map(|namespace| format!("{namespace}."));
        let topic = prefix.and_then(|prefix| topic.strip_prefix(&prefix)).unwrap_or(topic);
        let place = self.names.topics.find(topic).and_then(|topic| self.places.of(topic, partition));
        (place.unwrap_or(NOWHERE), offset)
    }

    fn letter_bounds(&self) -> Bounds {
        let ModelSettings { max_dead_letters: letters, max_bytes, .. } = self.settings;
        Bounds { letters, bytes: max_bytes / LETTERS_SHARE }
    }
}

/// Marks the dead letters that were replayed by it, and gives their ids: those that were first delivered where it was, for an
/// event may be written twice, and each record of it set aside. Where none of them tells, it is one that is open.
fn replayed_by(replay: &Note, notes: &mut [Note]) -> Vec<Id> {
    let is_known = notes.iter().any(|it| it.may_be_of(replay) && it.has_origin_of(replay) == Some(true));
    let is_its = |it: &&mut Note| {
        let origin = it.has_origin_of(replay);
        it.may_be_of(replay)
            && if is_known { origin == Some(true) } else { origin.is_none() && it.action == OPEN }
    };
    let its = notes.iter_mut().filter(is_its).take(if is_known { usize::MAX } else { 1 });
    its.map(|letter| {
        letter.action = REPLAYED;
        letter.letter
    })
    .collect()
}

fn action(id: &str, word: &str, by: &str, at: Millis) -> Action {
    Action { id: id.into(), deed: word.into(), by: head::cut(by, MAX_TEXT).into(), at }
}

fn outcome(actions: &[Action]) -> u8 {
    match actions.last() {
        None => OPEN,
        Some(action) if &*action.deed == "discarded" => DISCARDED,
        Some(_) => REPLAYED,
    }
}

fn number(text: Option<&str>) -> u32 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn rfc3339(text: &str) -> Option<Millis> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    u64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()
}
