//! What is kept of an event and of an instance: small, for there are millions.

use super::id::Id;
use super::runs::{Run, Runs};
use super::save::saved;
use super::sets::NO_SEATS;
use super::slab::NOWHERE;
use crate::fact::Millis;

/// An event. 96 bytes, for ten million of them are kept.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) id: Id,
    /// The event whose handling emitted it; [`Id::NONE`] for none.
    pub(super) cause: Id,
    /// The record's timestamp.
    pub(super) at: Millis,
    /// Since when it has been there by the observer's clock.
    pub(super) since: Millis,
    pub(super) offset: i64,
    pub(super) span: u64,
    pub(super) place: u32,
    pub(super) instance: u32,
    /// The next event of the instance, in the order in which they were read.
    pub(super) next: u32,
    /// The same fact in the next later major; [`NOWHERE`] for none.
    pub(super) later: u32,
    pub(super) event_type: u16,
    pub(super) source: u16,
    pub(super) major: u16,
    pub(super) minor: u16,
    /// Among the instance's traces.
    pub(super) trace: u16,
    /// Among the instance's keys.
    pub(super) key: u16,
    pub(super) duplicates: u16,
    pub(super) hops: u8,
    pub(super) flags: u8,
}

saved!(Row {
    id,
    cause,
    at,
    since,
    offset,
    span,
    place,
    instance,
    next,
    later,
    event_type,
    source,
    major,
    minor,
    trace,
    key,
    duplicates,
    hops,
    flags
});

/// The record has no value: nothing is owed for it.
pub(super) const TOMBSTONE: u8 = 1;
/// Only a copy was seen, on a retry or dead-letter topic; the record itself not yet, or not any more.
pub(super) const COPY: u8 = 2;
/// The fact is written in several majors.
pub(super) const TWIN: u8 = 4;
/// There are notes of it.
pub(super) const NOTED: u8 = 8;

/// No trace, no key.
pub(super) const NO_INDEX: u16 = u16::MAX;

/// An instance.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) id: Id,
    pub(super) started: Millis,
    /// The newest sign of it.
    pub(super) updated: Millis,
    /// When the newest of its records was read.
    pub(super) read: Millis,
    /// When its terminal event was emitted; zero for not yet.
    pub(super) finished: Millis,
    /// Its business key among [`Keys`](super::keys::Keys): that of the event which started it, as far as it was read, else
    /// that of its first record.
    pub(super) key: u32,
    /// The last of the further keys by which it is found, see [`Store::keep_further_key`](super::store::Store::keep_further_key).
    pub(super) further: u32,
    /// Its first trace; zeros for none.
    pub(super) trace: (u64, u64),
    /// What most instances have not.
    pub(super) more: Option<Box<More>>,
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) events: u32,
    pub(super) workflow: u16,
    pub(super) standing: Standing,
    /// The number of the [set](super::sets::Set) of steps at which it is.
    pub(super) seats: u32,
    /// In which list it is.
    pub(super) list: List,
    /// In which list it was when it was last looked at or told of: one that is looked at again, and comes to the same, has
    /// not changed.
    pub(super) settled: List,
    /// Which of its places in the list of those aside counts: the newest.
    pub(super) turn: u32,
}

/// What few instances have.
#[derive(Debug, Clone, Default)]
pub(super) struct More {
    /// Further keys of its events than the first.
    pub(super) keys: Vec<Box<str>>,
    /// Further traces than the first.
    pub(super) traces: Vec<(u64, u64)>,
    /// The texts of ids that are no UUIDs, by these.
    pub(super) texts: Vec<(Id, Box<str>)>,
    /// Retries and dead letters.
    pub(super) notes: Vec<Note>,
    /// Runs that took more than one attempt.
    pub(super) runs: Option<Box<Runs>>,
    /// Events beyond the bound, which are not kept.
    pub(super) dropped: u32,
    /// Events that are another one in an older major.
    pub(super) twins: u32,
}

saved!(More { keys, traces, texts, notes, runs, dropped, twins });

/// Something that happened to an event at a step, beside its being handled.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) row: u32,
    pub(super) step: u16,
    /// How often the record was replayed before.
    pub(super) replays: u32,
    /// Since when.
    pub(super) since: Millis,
    /// Where the record lies.
    pub(super) place: u32,
    pub(super) offset: i64,
    pub(super) attempts: u32,
    /// The dead letter's id; [`Id::NONE`] for a record on the step's retry topic.
    pub(super) letter: Id,
    /// Why it was set aside.
    pub(super) reason: u16,
    /// What an operator did with it.
    pub(super) action: u8,
    /// Where the record was first delivered, which a dead letter and its replays have in common; [`NOWHERE`] where it is not
    /// told.
    pub(super) origin: (u32, i64),
    /// The trace in which an operator sent it again; zeros for none.
    pub(super) trace: (u64, u64),
}

saved!(Note { row, step, replays, since, place, offset, attempts, letter, reason, action, origin, trace });

impl Note {
    /// Whether it is an earlier dead letter of the event than a replay of it, as far as that can be told without knowing where
    /// the two were first delivered.
    pub(super) fn may_be_of(&self, replay: &Self) -> bool {
        let is_letter = !self.letter.is_none() && replay.letter.is_none();
        is_letter && (self.row, self.step) == (replay.row, replay.step) && self.replays < replay.replays
    }

    /// Whether what it tells of was first delivered where the other was; `None` where one of them does not tell.
    pub(super) fn has_origin_of(&self, other: &Self) -> Option<bool> {
        (self.origin.0 != NOWHERE && other.origin.0 != NOWHERE).then(|| self.origin == other.origin)
    }
}

/// Nobody has done anything with a dead letter.
pub(super) const OPEN: u8 = 0;
/// It was written to the step's retry topic again, edited or not.
pub(super) const REPLAYED: u8 = 1;
/// Somebody gave it up.
pub(super) const DISCARDED: u8 = 2;

/// What an instance has come to, as of the last tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// [`InstanceState`](crate::answer::InstanceState) by its number.
    pub(super) state: u8,
    /// [`StallReason`](crate::answer::StallReason) by its number, [`NO_REASON`] for none.
    pub(super) reason: u8,
    /// The step that owes the next event; zero for none.
    pub(super) step: u16,
    /// Attempts spent there.
    pub(super) attempts: u16,
}

saved!(Standing { state, reason, step, attempts });

/// Nothing stands still.
pub(super) const NO_REASON: u8 = u8::MAX;

/// Who looks after an instance at each tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// The place is free.
    Free,
    /// It goes on: looked at each time.
    Open,
    /// Its path is at rest and side steps still owe: looked at in turns.
    Aside,
    /// Nothing changes without a new fact.
    Closed,
}

/// Where the text of an id is, or belongs.
pub(super) fn text_at(texts: &[(Id, Box<str>)], id: Id) -> Result<usize, usize> {
    texts.binary_search_by(|(it, _)| {
        super::work::looks_at(1);
        it.cmp(&id)
    })
}

impl Kept {
    /// An instance of which nothing is known.
    pub(super) fn new(id: Id) -> Self {
        Self {
            id,
            started: 0,
            updated: 0,
            read: 0,
            finished: 0,
            key: NOWHERE,
            further: NOWHERE,
            trace: (0, 0),
            more: None,
            first: NOWHERE,
            last: NOWHERE,
            events: 0,
            workflow: 0,
            standing: Standing { state: super::words::RUNNING, reason: NO_REASON, step: 0, attempts: 0 },
            seats: NO_SEATS,
            list: List::Free,
            settled: List::Open,
            turn: 0,
        }
    }

    /// What few have, made where it is absent.
    pub(super) fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// Retries and dead letters of an event: most have none, and are not looked for.
    pub(super) fn notes_of(&self, number: u32, row: &Row) -> impl Iterator<Item = &Note> {
        let notes = if row.flags & NOTED == 0 { &[][..] } else { self.notes() };
        notes.iter().filter(move |note| note.row == number)
    }

    /// Retries and dead letters.
    pub(super) fn notes(&self) -> &[Note] {
        let notes = self.more.as_ref().map_or(&[][..], |more| &more.notes);
        super::work::looks_at(notes.len());
        notes
    }

    /// Runs that took more than one attempt.
    pub(super) fn runs(&self) -> &[Run] {
        let runs = self.more.as_ref().and_then(|more| more.runs.as_ref());
        runs.map_or(&[][..], |runs| &runs.list)
    }

    /// The most attempts of those; zero where there are none.
    pub(super) fn most_attempts(&self) -> u32 {
        self.runs().iter().map(|run| run.attempts).max().unwrap_or(0)
    }

    /// The number of a further key, if it is one.
    pub(super) fn key_number_of(&self, key: &str) -> Option<u16> {
        let at = self.more.as_ref()?.keys.iter().position(|it| **it == *key)?;
        u16::try_from(at + 1).ok()
    }

    /// A trace of one of its events.
    pub(super) fn trace_id(&self, number: u16) -> Option<(u64, u64)> {
        match number {
            NO_INDEX => None,
            0 => Some(self.trace),
            _ => self.more.as_ref()?.traces.get(usize::from(number) - 1).copied(),
        }
    }

    /// The text of an id.
    pub(super) fn id_text(&self, id: Id) -> String {
        if !id.is_digest() {
            return id.text();
        }
        let texts = self.more.as_ref().map_or(&[][..], |more| &more.texts);
        match text_at(texts, id) {
            Ok(at) => texts[at].1.to_string(),
            Err(_) => id.text(),
        }
    }
}
