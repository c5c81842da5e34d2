//! One instance.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::attempts::MAX_TOLD;
use super::head::trace_text;
use super::id::Id;
use super::kept::{Kept, Note, Row};
use super::pair::{Effects, Pair};
use super::slab::NOWHERE;
use super::standing::Scratch;
use super::state::Model;
use super::twins::fact;
use crate::answer::{AtStep, DeadLetter, Event, Instance, Owing, Trace, Twin};
use crate::fact::Millis;

impl Model {
    /// One instance; `None` where nobody knows it.
    pub fn instance(&self, id: &str, now: Millis) -> Option<Instance> {
        let id = id.trim();
        let slot = self
            .store
            .find_instance(Id::of(id))
            .or_else(|| self.store.find_instance(Id::of(&id.to_ascii_lowercase())))?;
        let instance = &self.store.instances[slot];
        let mut scratch = Scratch::default();
        let judged = self.judge(slot, &mut scratch);
        let mut left: Vec<Pair> = std::mem::take(&mut scratch.left);
        left.retain(|pair| pair.is_owed() || pair.at == super::pair::At::Dead);
        left.sort_by_key(|pair| (!pair.path, pair.stalled.is_none(), pair.since));
        let order = self.causes_first(slot);
        Some(Instance {
            as_of: self.as_of(now),
            summary: self.summary(slot, &judged, &scratch.seats, now),
            frontier: left.iter().map(|pair| self.owing(instance, pair, now)).collect(),
            events: self.events(slot, &order),
            dead_letters: self.dead_letters_of(instance),
            traces: self.traces(instance, &order),
        })
    }

    fn owing(&self, instance: &Kept, pair: &Pair, now: Millis) -> Owing {
        let row = &self.store.rows[pair.row];
        Owing {
            event: instance.id_text(self.fact_of(row)),
            event_type: self.names.types.text(row.event_type).to_owned(),
            step: self.names.steps.text(pair.step).to_owned(),
            path: pair.path,
            state: self.step_state(instance, pair),
            since: pair.since,
            deadline_ms: self.deadline(pair.step),
            stalled: pair.stalled,
            sentence: self.pair_sentence(instance, pair, now),
            evidence: self.evidence(instance, pair, now),
        }
    }

    /// The instance's facts: causes before effects, else by time.
    fn causes_first(&self, slot: u32) -> Vec<u32> {
        let mut children: HashMap<Id, BTreeSet<(Millis, u32)>> = HashMap::new();
        let mut ready: BTreeSet<(Millis, u32)> = BTreeSet::new();
        let ties = self.ties(slot);
        let facts = || self.store.rows_of(slot).filter(|row| self.store.rows[*row].later == NOWHERE);
        let ids: BTreeSet<Id> = facts().map(|row| self.store.rows[row].id).collect();
        for number in facts() {
            let row = &self.store.rows[number];
            let cause = fact(&ties, row.cause);
            if cause != row.id && ids.contains(&cause) {
                children.entry(cause).or_default().insert((row.at, number));
            } else {
                ready.insert((row.at, number));
            }
        }
        let mut order = Vec::with_capacity(ids.len());
        // Causes that go round (a hostile record) are never ready: they come last.
        let mut circular: BTreeMap<u32, Millis> = facts().map(|row| (row, self.store.rows[row].at)).collect();
        while let Some((_, number)) = ready.pop_first() {
            order.push(number);
            circular.remove(&number);
            ready.extend(children.remove(&self.store.rows[number].id).into_iter().flatten());
        }
        let mut rest: Vec<(Millis, u32)> = circular.into_iter().map(|(row, at)| (at, row)).collect();
        rest.sort_unstable();
        order.extend(rest.into_iter().map(|(_, row)| row));
        order
    }

    fn events(&self, slot: u32, order: &[u32]) -> Vec<Event> {
        let instance = &self.store.instances[slot];
        let mut effects = Effects::new();
        self.effects(slot, &mut effects);
        let ties = self.ties(slot);
        let mut twins: HashMap<u32, Vec<u32>> = HashMap::new();
        for row in self.store.rows_of(slot).filter(|row| self.store.rows[*row].later != NOWHERE) {
            twins.entry(self.store.latest(row)).or_default().push(row);
        }
        let none = Vec::new();
        let mut room = MAX_TOLD;
        let told = |row: &u32| {
            let twins = twins.get(row).unwrap_or(&none);
            self.event_told(instance, (*row, twins), &effects, &ties, &mut room)
        };
        order.iter().map(told).collect()
    }

    fn event_told(
        &self,
        instance: &Kept,
        (number, older): (u32, &[u32]),
        effects: &Effects,
        ties: &[(Id, Id)],
        room: &mut usize,
    ) -> Event {
        let row = &self.store.rows[number];
        let mut steps = Vec::new();
        for number in std::iter::once(&number).chain(older) {
            self.pairs(instance, *number, effects, |pair| {
                let state = self.step_state(instance, &pair);
                let step = self.names.steps.text(pair.step).to_owned();
                let row = (pair.row, &self.store.rows[pair.row]);
                let (attempts, attempts_left_out) = self.attempts(instance, row, pair.step, room);
                steps.push(AtStep { step, path: pair.path, state, attempts, attempts_left_out });
            });
        }
        let twins = older.iter().map(|number| self.twin_told(instance, &self.store.rows[*number]));
        let duplicates =
            older.iter().map(|number| u32::from(self.store.rows[*number].duplicates)).sum::<u32>();
        let place = (row.place != NOWHERE).then(|| self.places.get(row.place));
        let trace = instance.trace_id(row.trace);
        Event {
            id: instance.id_text(row.id),
            event_type: self.names.types.text(row.event_type).to_owned(),
            source: (row.source != 0).then(|| self.names.steps.text(row.source).to_owned()),
            causation: (!row.cause.is_none()).then(|| instance.id_text(fact(ties, row.cause))),
            hops: u32::from(row.hops),
            at: row.at,
            topic: place.map_or_else(String::new, |place| self.names.topics.text(place.topic).to_owned()),
            partition: place.map_or(-1, |place| place.partition),
            offset: row.offset,
            key: self.store.key_text(instance, row.key).map(str::to_owned),
            contract_version: (row.major > 0).then(|| format!("{}.{}", row.major, row.minor)),
            trace: trace.map(trace_text),
            span: trace.map(|_| format!("{:016x}", row.span)),
            duplicates: u32::from(row.duplicates) + duplicates,
            twins: twins.collect(),
            steps,
        }
    }

    /// The same fact in an older major.
    fn twin_told(&self, instance: &Kept, row: &Row) -> Twin {
        let place = self.places.get(row.place);
        Twin {
            id: instance.id_text(row.id),
            event_type: self.names.types.text(row.event_type).to_owned(),
            partition: place.partition,
            offset: row.offset,
        }
    }

    fn dead_letters_of(&self, instance: &Kept) -> Vec<DeadLetter> {
        let letters = instance.notes().iter().filter(|note| !note.letter.is_none());
        letters
            .filter_map(|note| self.letters.get(note.letter))
            .map(|letter| self.dead_letter_told(letter))
            .collect()
    }

    fn traces(&self, instance: &Kept, order: &[u32]) -> Vec<Trace> {
        let mut traces: BTreeMap<u16, (Millis, Millis, u32)> = BTreeMap::new();
        for row in order.iter().map(|row| &self.store.rows[*row]) {
            if instance.trace_id(row.trace).is_some() {
                let (from, to, events) = traces.entry(row.trace).or_insert((row.at, row.at, 0));
                (*from, *to) = ((*from).min(row.at), (*to).max(row.at));
                *events += 1;
            }
        }
        let mut told: Vec<Trace> = traces
            .into_iter()
            .filter_map(|(number, (from, to, events))| {
                let id = trace_text(instance.trace_id(number)?);
                let url = self.trace_url(&id);
                Some(Trace { id, from, to, events, url, replayed_by: None })
            })
            .collect();
        for replay in self.replays(instance) {
            if told.iter().all(|trace| trace.id != replay.id) {
                told.push(replay);
            }
        }
        told.sort_by_key(|trace| trace.from);
        told
    }

    /// The traces of operators who sent one of its events again. Who traces nothing leaves that of the failed attempt.
    fn replays(&self, instance: &Kept) -> Vec<Trace> {
        let traced = instance.notes().iter().filter(|note| note.trace != (0, 0));
        let told = traced.filter_map(|replay| {
            let of_replay = |it: &&Note| {
                it.may_be_of(replay)
                    && it.has_origin_of(replay) != Some(false)
                    && it.replays + 1 == replay.replays
            };
            let letter =
                instance.notes().iter().find(of_replay).and_then(|note| self.letters.get(note.letter));
            if letter.is_some_and(|letter| letter.trace == Some(replay.trace)) {
                return None;
            }
            let by = letter.and_then(|letter| letter.actions.last()).map_or("unknown", |action| &action.by);
            let id = trace_text(replay.trace);
            let url = self.trace_url(&id);
            let (from, to) = (replay.since, replay.since);
            Some(Trace { id, from, to, events: 0, url, replayed_by: Some(by.to_owned()) })
        });
        told.collect()
    }

    /// Where a trace can be looked at.
    pub(super) fn trace_url(&self, id: &str) -> Option<String> {
        self.settings.trace_url.as_ref().map(|url| url.replace("{trace}", id))
    }
}
