//! Records: what each says of an event and its instance.

use std::borrow::Cow;

use super::declared::Role;
use super::head::{self, Head};
use super::id::{Id, of_stranger};
use super::kept::{COPY, Kept, NO_INDEX, NOTED, Row, TOMBSTONE, TWIN};
use super::list::UNKNOWN_WORKFLOW;
use super::names::NONE;
use super::places::CLOCK_OFF_MS;
use super::slab::NOWHERE;
use super::state::Model;
use crate::fact::{self, Millis};

/// In an instance of so many events nobody looks any more whether an event was seen to have an effect before.
const MAX_SIBLINGS: u32 = 1_000;

/// An event as a record shows it: the record itself, or a copy of it on a retry or dead-letter topic.
struct Sighting<'a> {
    head: &'a Head<'a>,
    id: Cow<'a, str>,
    /// Where the record itself lies; [`NOWHERE`] where a copy does not tell.
    place: u32,
    offset: i64,
    at: Millis,
    since: Millis,
    key: Option<&'a [u8]>,
    traceparent: Option<&'a str>,
    flags: u8,
}

impl Sighting<'_> {
    /// Whether this is what started a workflow, written by somebody whose clock is wrong: then so is the time at which it
    /// says that it started.
    fn starts_by_a_wrong_clock(&self) -> bool {
        self.flags & COPY == 0 && self.head.causation.is_none() && self.at.abs_diff(self.since) > CLOCK_OFF_MS
    }
}

impl Model {
    /// Tells a record. One that was told before (its offset lies before [`next_offset`](Self::next_offset)) changes
    /// nothing.
    pub fn record(&mut self, record: &fact::Record<'_>, now: Millis) {
        let topic = self.names.topics.of(record.topic);
        let Some(place) = self.places.of(topic, record.partition).filter(|_| record.offset >= 0) else {
            self.unreadable += 1;
            return;
        };
        let Some(since) = self.places.get_mut(place).read(record.offset, record.timestamp, now) else {
            return;
        };
        self.generation += 1;
        if self.watching_since == 0 || since < self.watching_since {
            self.watching_since = since.max(1);
        }
        let head = Head::of(record.headers);
        match self.declared.role(topic) {
            Role::Audit => self.audit(&head, since, now),
            Role::Events => self.event(record, &head, (place, since), now),
            Role::Retry(step) => self.retry(record, &head, (place, since), step, now),
            Role::DeadLetters(step) => self.dead_letter(record, &head, (place, since), step, now),
        }
    }

    fn event(
        &mut self,
        record: &fact::Record<'_>,
        head: &Head<'_>,
        (place, since): (u32, Millis),
        now: Millis,
    ) {
        let id = match head.id {
            Some(id) => Cow::Borrowed(id),
            None => of_stranger(&self.namespaced(record.topic), record.partition, record.offset).into(),
        };
        let sighting = Sighting {
            head,
            id,
            place,
            offset: record.offset,
            at: record.timestamp.unwrap_or(since),
            since,
            key: record.key,
            traceparent: head.traceparent,
            flags: if record.tombstone { TOMBSTONE } else { 0 } | if head.has_twins() { TWIN } else { 0 },
        };
        self.sight(&sighting, now);
    }

    /// The event of which a record on a retry or dead-letter topic is a copy.
    pub(super) fn copy(
        &mut self,
        record: &fact::Record<'_>,
        head: &Head<'_>,
        since: Millis,
        now: Millis,
    ) -> Option<u32> {
        let origin = head.origin();
        let (place, offset) = self.origin(head);
        let id = match (head.id, origin) {
            (Some(id), _) => Cow::Borrowed(id),
            (None, Some((topic, partition, offset))) => of_stranger(topic, partition, offset).into(),
            (None, None) => return None,
        };
        let at = head.origin_timestamp.and_then(|text| text.parse().ok()).unwrap_or(since);
        let sighting = Sighting {
            head,
            id,
            place,
            offset,
            at,
            since: at.min(since),
            key: record.key,
            traceparent: head.origin_traceparent,
            flags: COPY | if head.has_twins() { TWIN } else { 0 },
        };
        self.sight(&sighting, now)
    }

    /// Takes an event down, or recognises it. `None` where it says too little, or the bounds are reached.
    fn sight(&mut self, seen: &Sighting<'_>, now: Millis) -> Option<u32> {
        let head = seen.head;
        let event_type = head.event_type.map_or(NONE, |text| self.names.types.of(text));
        let is_known = self.declared.event_type(event_type).is_some();
        if !is_known && seen.flags & COPY == 0 {
            self.unreadable += 1;
        }
        if !is_known && head.correlation.is_none() {
            return None;
        }
        let id = Id::of(&seen.id);
        if let Some(row) = self.store.find_row(id) {
            self.recognise(row, seen, now);
            self.note_emitter(self.store.rows[row].instance, head, seen.at);
            return Some(row);
        }
        self.make_room(0, now);
        let correlation = head.correlation.unwrap_or(&seen.id);
        let slot = self.instance_of(correlation, seen, event_type, now);
        if slot == NOWHERE {
            return None;
        }
        self.touch(slot, seen.since, now);
        self.note_emitter(slot, head, seen.at);
        if self.store.instances[slot].events as usize >= self.settings.max_events_of_one {
            let more = self.store.more(slot);
            more.dropped = more.dropped.saturating_add(1);
            return None;
        }
        Some(self.add(slot, id, seen, event_type, now)).filter(|row| *row != NOWHERE)
    }

    /// An event that is known was seen again.
    fn recognise(&mut self, row: u32, seen: &Sighting<'_>, now: Millis) {
        self.store.before_change(self.store.rows[row].instance);
        let event = &mut self.store.rows[row];
        let same_place = event.place == seen.place && event.offset == seen.offset;
        match (event.flags & COPY != 0, seen.flags & COPY != 0) {
            // Before there was only a copy: this is the record.
            (true, false) => {
                (event.place, event.offset, event.at, event.since) =
                    (seen.place, seen.offset, seen.at, seen.since);
                event.flags = seen.flags | event.flags & NOTED;
                self.tie(row);
            }
            (false, false) if !same_place => event.duplicates = event.duplicates.saturating_add(1),
            _ => {}
        }
        let slot = self.store.rows[row].instance;
        self.touch(slot, seen.since, now);
    }

    fn instance_of(&mut self, correlation: &str, seen: &Sighting<'_>, event_type: u16, now: Millis) -> u32 {
        let said = seen.head.workflow().filter(|_| seen.head.correlation.is_some());
        let starts = self.declared.event_type(event_type).map_or(NONE, |decl| decl.starts);
        // One that bears the word for those without a name has none.
        let workflow = match said {
            Some((UNKNOWN_WORKFLOW, ..)) => NONE,
            Some((name, ..)) => self.names.workflows.of(name),
            None => starts,
        };
        let id = Id::of(correlation);
        if let Some(slot) = self.store.find_instance(id) {
            self.store.before_change(slot);
            if self.store.instances[slot].workflow == NONE && workflow != NONE {
                self.store.set_workflow(slot, workflow);
            }
            if seen.starts_by_a_wrong_clock() {
                self.store.instances[slot].started = seen.since;
            }
            return slot;
        }
        self.make_room(1, now);
        let started = said.map_or(0, |(_, started, _)| started);
        let started =
            if started == 0 || seen.starts_by_a_wrong_clock() { seen.since } else { started.min(now) };
        let slot = self.store.add_instance(Kept { started, workflow, ..Kept::new(id) });
        if slot != NOWHERE {
            self.store.keep_text(slot, id, correlation);
            self.lately.entry(workflow).or_default().started.add(1, started);
        }
        slot
    }

    fn add(&mut self, slot: u32, id: Id, seen: &Sighting<'_>, event_type: u16, now: Millis) -> u32 {
        let head = seen.head;
        let key = self.store.key_number(slot, seen.key, head.causation.is_none());
        let own = seen.key.filter(|_| head.causation.is_none()).map(String::from_utf8_lossy);
        for key in own.as_deref().into_iter().chain(head.subject) {
            self.store.keep_further_key(slot, key);
        }
        let (trace, span) = match head::trace(seen.traceparent) {
            Some((trace, span)) => (self.store.trace_number(slot, trace), span),
            None => (NO_INDEX, 0),
        };
        let cause = head.causation.map_or(Id::NONE, Id::of);
        self.store.keep_text(slot, id, &seen.id);
        if let Some(text) = head.causation {
            self.store.keep_text(slot, cause, text);
        }
        let source = head.source.map_or(NONE, |text| self.names.steps.of(text));
        let (major, minor) = head.version();
        let hops = head.workflow().map_or(0, |(_, _, hops)| u8::try_from(hops).unwrap_or(u8::MAX));
        let row = Row {
            id,
            cause,
            at: seen.at,
            since: seen.since,
            offset: seen.offset,
            span,
            place: seen.place,
            instance: slot,
            next: NOWHERE,
            later: NOWHERE,
            event_type,
            source,
            major,
            minor,
            trace,
            key,
            duplicates: 0,
            hops,
            flags: seen.flags,
        };
        let number = self.store.add_row(row);
        let again = number != NOWHERE && self.tie(number);
        self.note_flow(slot, (cause, source), (event_type, (major, minor)), again, seen.since, now);
        number
    }

    /// Counts who emitted the event for what, how long that took, and whether a workflow ended. What a fact is counted
    /// for is counted once: not `again` for another of its majors.
    fn note_flow(
        &mut self,
        slot: u32,
        (cause, source): (Id, u16),
        (event_type, version): (u16, (u16, u16)),
        again: bool,
        since: Millis,
        now: Millis,
    ) {
        let workflow = self.store.instances[slot].workflow;
        let way = (workflow, source, event_type, version);
        if self.flows.has_room_to_emit(&way) || self.declares_way(way) {
            self.flows.emit(way, since);
        }
        if let Some(cause) = (!cause.is_none() && !again).then(|| self.store.find_row(cause)).flatten() {
            let (id, taken) = (self.store.rows[cause].id, self.store.rows[cause].event_type);
            if self.is_first_effect(slot, (id, source)) {
                let way = (workflow, taken, source);
                if self.flows.has_room_to_take(way) || self.declares_taking(way) {
                    self.flows.take(way, since);
                }
            }
            self.learn(source, cause, since);
        }
        if self.declared.event_type(event_type).is_some_and(|decl| decl.terminal) {
            let instance = &mut self.store.instances[slot];
            if instance.finished == 0 {
                instance.finished = since;
                let lately = self.lately.entry(workflow).or_default();
                lately.finished.add(1, since.min(now));
                lately.durations.add(since.saturating_sub(instance.started));
            }
        }
    }

    /// Whether the newest event of an instance is the first that `source` was seen to emit for `cause`: an event is
    /// taken once, whatever follows from it. Where an instance has too many to look through, it is taken for a later one.
    fn is_first_effect(&self, slot: u32, (cause, source): (Id, u16)) -> bool {
        let alike = |row: &u32| {
            let row = &self.store.rows[*row];
            (row.cause, row.source) == (cause, source)
        };
        self.store.instances[slot].events <= MAX_SIBLINGS
            && self.store.rows_of(slot).filter(alike).take(2).count() == 1
    }

    /// An instance gave a sign.
    pub(super) fn touch(&mut self, slot: u32, since: Millis, now: Millis) {
        self.store.before_change(slot);
        let instance = &mut self.store.instances[slot];
        instance.updated = instance.updated.max(since);
        instance.read = instance.read.max(now);
        self.reopen(slot);
    }

    fn namespaced(&self, topic: &str) -> String {
        match &self.settings.namespace {
            Some(namespace) => format!("{namespace}.{topic}"),
            None => topic.to_owned(),
        }
    }
}
