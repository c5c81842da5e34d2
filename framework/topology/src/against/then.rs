//! What a writer or a reader was before.

use std::collections::BTreeMap;

use crate::choreography::{Consumer, Emitter, Flow, Way};

/// Where an emitter writes, and how it comes to.
type Place<'a> = ((&'a str, Option<&'a str>), Way, &'a str);

/// What one side of an event was.
#[derive(Debug)]
pub(super) enum Then<T> {
    /// It was not there.
    Nothing,
    /// It, or one beside it, had the same schema.
    Same,
    /// It had another schema.
    Other(T),
}

impl<T> Then<T> {
    /// What had another schema.
    pub(super) fn other(self) -> Option<T> {
        match self {
            Self::Other(other) => Some(other),
            Self::Nothing | Self::Same => None,
        }
    }

    /// What had the place: `itself`, if its schema is what one there had.
    pub(super) fn or(self, itself: T) -> Option<T> {
        match self {
            Self::Nothing => None,
            Self::Same => Some(itself),
            Self::Other(other) => Some(other),
        }
    }
}

/// The writers of before, by place: one may have several, in two versions of a service or in two minors.
#[derive(Debug)]
pub(super) struct Writers<'b, 'a>(BTreeMap<Place<'a>, Vec<&'b Emitter<'a>>>);

impl<'b, 'a> Writers<'b, 'a> {
    pub(super) fn of(then: &'b Flow<'a>) -> Self {
        let mut by_place: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for emitter in &then.emitters {
            by_place.entry(place(emitter)).or_default().push(emitter);
        }
        Self(by_place)
    }

    /// What `now` was: of several the one of the same version, otherwise the latest.
    pub(super) fn of_now(&self, now: &Emitter<'a>) -> Then<&'b Emitter<'a>> {
        let Some(all) = self.0.get(&place(now)) else { return Then::Nothing };
        if all.iter().any(|old| old.event.schema == now.event.schema) {
            return Then::Same;
        }
        let nearest =
            all.iter().max_by_key(|old| (old.event.version == now.event.version, old.event.version));
        nearest.map_or(Then::Nothing, |old| Then::Other(*old))
    }
}

fn place<'a>(emitter: &Emitter<'a>) -> Place<'a> {
    (emitter.code(), emitter.way, emitter.event.topic.as_str())
}

/// The readers of before, by step and topic. Those that read through upcasters have no schema of their own.
#[derive(Debug)]
pub(super) struct Readers<'b, 'a>(BTreeMap<((&'a str, &'a str), &'a str), Vec<&'b Consumer<'a>>>);

impl<'b, 'a> Readers<'b, 'a> {
    pub(super) fn of(then: &'b Flow<'a>) -> Self {
        let mut by_place: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for reader in then.consumers.iter().filter(|it| !it.upcasts) {
            by_place.entry((reader.code(), reader.event.topic.as_str())).or_default().push(reader);
        }
        Self(by_place)
    }

    /// What `now` was: of several the last.
    pub(super) fn of_now(&self, now: &Consumer<'a>) -> Then<&'b Consumer<'a>> {
        let Some(all) = self.0.get(&(now.code(), now.event.topic.as_str())) else { return Then::Nothing };
        if all.iter().any(|old| old.event.schema == now.event.schema) {
            return Then::Same;
        }
        all.last().map_or(Then::Nothing, |old| Then::Other(*old))
    }
}
