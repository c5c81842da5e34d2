//! One fact in several majors: a record each, side by side, and still one event.
//!
//! The records of a fact have key, correlation, cause, source and topic in common, and `majors` in the header `wf` names
//! all of them. Each has an id of its own, and what a step emits names the one that the step handled. Here they are tied
//! into a chain, each to the one in the next later major; the latest stands for the fact.

use std::collections::BTreeMap;

use choreograph_topology::EventId;

use super::id::Id;
use super::kept::{COPY, Kept, Row, TWIN};
use super::slab::NOWHERE;
use super::state::Model;

/// The most majors of one fact.
const MAX_MAJORS: usize = 16;
/// In an instance of so many events nothing more is tied: each record counts as an event of its own.
const MAX_EVENTS: u32 = 1_000;

impl Model {
    /// Ties an event to the records of the same fact in other majors that were read before. Whether there are any.
    pub(super) fn tie(&mut self, number: u32) -> bool {
        let row = &self.store.rows[number];
        let slot = row.instance;
        let events = self.store.instances[slot].events;
        if row.flags & (TWIN | COPY) != TWIN || row.later != NOWHERE || events > MAX_EVENTS {
            return false;
        }
        let Some((name, major)) = self.type_of(row) else { return false };
        let mut facts: BTreeMap<(i64, u32), Vec<(u32, u32)>> = BTreeMap::new();
        for other in self.store.rows_of(slot).filter(|other| *other != number) {
            let it = &self.store.rows[other];
            if self.are_alike(row, it)
                && let Some((_, major)) = self.type_of(it).filter(|(it, _)| *it == name)
            {
                let latest = self.store.latest(other);
                facts.entry((self.store.rows[latest].offset, latest)).or_default().push((major, other));
            }
        }
        // A step that emits several facts for one event writes them in one order, whatever their majors.
        let lacks =
            |fact: &Vec<(u32, u32)>| fact.len() < MAX_MAJORS && fact.iter().all(|(it, _)| *it != major);
        let Some(mut chain) = facts.into_values().find(lacks) else { return false };
        chain.push((major, number));
        chain.sort_unstable();
        for pair in chain.windows(2) {
            self.store.rows[pair[0].1].later = pair[1].1;
        }
        self.store.count_twin(slot);
        true
    }

    fn are_alike(&self, one: &Row, two: &Row) -> bool {
        let topic = |row: &Row| self.places.get(row.place).topic;
        two.flags & TWIN != 0
            && two.flags & COPY == 0
            && (one.cause, one.source, one.key) == (two.cause, two.source, two.key)
            && topic(one) == topic(two)
    }

    /// The name of a type, and the major.
    fn type_of(&self, row: &Row) -> Option<(String, u32)> {
        EventId::parse(self.names.types.text(row.event_type)).map(|id| (id.name, id.major))
    }

    /// The id of the fact that an event is, or is one major of.
    pub(super) fn fact_of(&self, row: &Row) -> Id {
        if row.later == NOWHERE { row.id } else { self.store.rows[self.store.latest(row.later)].id }
    }

    /// The ids of an instance's events that stand for another one, each with that one's, ascending.
    pub(super) fn ties(&self, slot: u32) -> Vec<(Id, Id)> {
        if self.store.instances[slot].twins() == 0 {
            return Vec::new();
        }
        let rows = self.store.rows_of(slot).map(|row| &self.store.rows[row]);
        let mut ties: Vec<(Id, Id)> =
            rows.filter(|row| row.later != NOWHERE).map(|row| (row.id, self.fact_of(row))).collect();
        ties.sort_unstable();
        ties
    }

    /// Whether a step reads the same fact in a later major, and so settles this one.
    pub(super) fn is_read_later(&self, row: &Row, step: u16) -> bool {
        self.store.chain(row.later).any(|later| {
            let event_type = self.store.rows[later].event_type;
            self.declared.event_type(event_type).is_some_and(|decl| decl.consumers.contains(&step))
        })
    }
}

/// The id of the fact that an id belongs to.
pub(super) fn fact(ties: &[(Id, Id)], id: Id) -> Id {
    ties.binary_search_by_key(&id, |(older, _)| *older).map_or(id, |at| ties[at].1)
}

impl super::store::Store {
    /// An event, and the same fact in later majors.
    fn chain(&self, first: u32) -> impl Iterator<Item = u32> {
        let mut next = first;
        let chain = std::iter::from_fn(move || {
            let row = next;
            (row != NOWHERE).then(|| {
                next = self.rows[row].later;
                row
            })
        });
        chain.take(MAX_MAJORS)
    }

    /// The same fact in its latest major.
    pub(super) fn latest(&self, row: u32) -> u32 {
        self.chain(row).last().unwrap_or(row)
    }

    fn count_twin(&mut self, slot: u32) {
        self.more(slot).twins += 1;
        self.twins += 1;
    }
}

impl Kept {
    /// How many of its events are another one in an older major.
    pub(super) fn twins(&self) -> u32 {
        self.more.as_ref().map_or(0, |more| more.twins)
    }

    /// How many facts its events are.
    pub(super) fn facts(&self) -> u32 {
        self.events.saturating_sub(self.twins())
    }
}
