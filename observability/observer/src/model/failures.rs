//! Dead letters, and the contracts in use.

use std::collections::BTreeMap;

use super::declared::Emitter;
use super::filter::{Cursor, FailureFilter, page};
use super::id::Id;
use super::letters::Letter;
use super::state::Model;
use crate::answer::{ContractUse, Contracts, FailureGroup, Failures, VersionUse};
use crate::fact::Millis;

/// The most groups of dead letters that are told.
const MAX_GROUPS: usize = 500;

/// By version: how many events were seen in it, and when the last.
type Versions = BTreeMap<(u16, u16), (u64, Millis)>;

impl Model {
    /// The dead letters that fit.
    pub fn failures(&self, filter: &FailureFilter, now: Millis) -> Failures {
        let error = filter.error.as_ref().map(|error| error.to_lowercase());
        let fits = |letter: &Letter| {
            filter.step.as_ref().is_none_or(|step| self.names.steps.text(letter.step) == step)
                && filter
                    .reason
                    .as_ref()
                    .is_none_or(|reason| self.names.reasons.text(letter.reason) == reason)
                && filter.open.is_none_or(|open| letter.is_open() == open)
                && error.as_ref().is_none_or(|error| letter.error.to_lowercase().contains(error))
        };
        let limit = page(filter.limit);
        let (mut total, mut items, mut last, mut more) = (0, Vec::new(), None, false);
        let mut groups: BTreeMap<(u16, u16, &str), FailureGroup> = BTreeMap::new();
        // Places within one millisecond are counted, so that a cursor tells dead letters of the same time apart.
        let (mut at, mut place) = (0, 0_u32);
        for (_, letter) in self.letters.newest_first().filter(|(_, letter)| fits(letter)) {
            total += 1;
            (at, place) = (letter.failed_at, if letter.failed_at == at { place + 1 } else { 0 });
            let cursor = Cursor { at, place };
            let behind = |begin: Cursor| (at, u32::MAX - place) < (begin.at, u32::MAX - begin.place);
            if filter.cursor.is_none_or(behind) {
                if items.len() < limit {
                    items.push(self.dead_letter_told(letter));
                    last = Some(cursor);
                } else {
                    more = true;
                }
            }
            if letter.is_open() {
                self.add_to_group(&mut groups, letter);
            }
        }
        let mut groups: Vec<FailureGroup> = groups.into_values().collect();
        groups.sort_by(|a, b| b.open.cmp(&a.open).then_with(|| a.step.cmp(&b.step)));
        groups.truncate(MAX_GROUPS);
        let next = last.filter(|_| more).map(|cursor| cursor.to_string());
        Failures { as_of: self.as_of(now), groups, items, total, next }
    }

    /// Where a dead letter lies: topic without the namespace, partition and offset.
    pub fn place_of_letter(&self, id: &str) -> Option<(String, i32, i64)> {
        let letter = self.letters.get(Id::of(id))?;
        Some((self.names.topics.text(letter.topic).to_owned(), letter.partition, letter.offset))
    }

    fn add_to_group<'m>(&self, groups: &mut BTreeMap<(u16, u16, &'m str), FailureGroup>, letter: &'m Letter) {
        let group =
            groups.entry((letter.step, letter.reason, &letter.kind)).or_insert_with(|| FailureGroup {
                step: self.names.steps.text(letter.step).to_owned(),
                reason: self.names.reasons.text(letter.reason).to_owned(),
                error: letter.kind.to_string(),
                open: 0,
                oldest: letter.failed_at,
                newest: letter.failed_at,
            });
        group.open += 1;
        group.oldest = group.oldest.min(letter.failed_at);
        group.newest = group.newest.max(letter.failed_at);
    }

    /// The contracts in use.
    pub fn contracts(&self, now: Millis) -> Contracts {
        let mut seen: BTreeMap<u16, Versions> = BTreeMap::new();
        for ((_, _, number, version), sight) in &self.flows.emitted {
            let use_of = seen.entry(*number).or_default().entry(*version).or_default();
            *use_of = (use_of.0 + sight.count, use_of.1.max(sight.last));
        }
        let mut types: Vec<ContractUse> = self
            .declared
            .types()
            .map(|(number, _)| self.contract_use(number, seen.remove(&number)))
            .collect();
        types.extend(
            seen.into_iter()
                .filter(|(number, _)| *number != 0)
                .map(|(number, versions)| self.contract_use(number, Some(versions))),
        );
        types.sort_by(|a, b| a.event_type.cmp(&b.event_type));
        Contracts { as_of: self.as_of(now), types }
    }

    fn contract_use(&self, number: u16, seen: Option<BTreeMap<(u16, u16), (u64, Millis)>>) -> ContractUse {
        let decl = self.declared.event_type(number);
        let mut versions: BTreeMap<(u16, u16), VersionUse> = BTreeMap::new();
        let entry = |version: (u16, u16)| VersionUse {
            version: format!("{}.{}", version.0, version.1),
            declared_by: Vec::new(),
            seen: 0,
            last_seen: None,
        };
        for (who, version) in decl.map_or(&[][..], |decl| &decl.emitters) {
            let name = match who {
                Emitter::Step(step) => self.names.steps.text(*step).to_owned(),
                Emitter::Service(name) => name.to_string(),
            };
            versions.entry(*version).or_insert_with(|| entry(*version)).declared_by.push(name);
        }
        for (version, (count, last)) in seen.into_iter().flatten().filter(|(version, _)| version.0 > 0) {
            let use_of = versions.entry(version).or_insert_with(|| entry(version));
            (use_of.seen, use_of.last_seen) = (count, Some(last));
        }
        ContractUse {
            event_type: self.names.types.text(number).to_owned(),
            topic: decl.map_or_else(String::new, |decl| self.names.topics.text(decl.topic).to_owned()),
            versions: versions.into_values().collect(),
            consumers: decl
                .map_or(&[][..], |decl| &decl.consumers)
                .iter()
                .map(|step| self.names.steps.text(*step).to_owned())
                .collect(),
        }
    }
}
