//! Where declaration and sight differ.

use std::collections::{BTreeMap, BTreeSet};

use super::declared::Emitter;
use super::flows::{Emitted, Taken};
use super::names::NONE;
use super::state::Model;
use super::words::duration;
use crate::answer::{Drift, DriftKind, Drifts};
use crate::fact::Millis;

/// The most differences that are told.
const MAX_DRIFTS: usize = 1_000;

impl Model {
    /// The differences between what is declared and what is seen.
    pub fn drifts(&self, now: Millis) -> Drifts {
        let mut drifts = Vec::new();
        self.undeclared(now, &mut drifts);
        self.skewed(now, &mut drifts);
        self.silent(now, &mut drifts);
        let left_off = drifts.len().saturating_sub(MAX_DRIFTS) as u64;
        drifts.truncate(MAX_DRIFTS);
        Drifts { as_of: self.as_of(now), window_ms: self.settings.drift_window_ms, drifts, left_off }
    }

    /// Whether a source may emit a type, for all that is declared.
    pub(super) fn declares_emit(&self, source: u16, number: u16) -> bool {
        let Some(decl) = self.declared.event_type(number) else { return false };
        let text = self.names.steps.text(source);
        let service = text.split_once('/').map_or(text, |(service, _)| service);
        let starts = |step: u16| {
            self.declared.step(step).is_some_and(|decl| decl.starts.iter().any(|it| it.event_type == number))
        };
        // What comes from outside has no manifest that could name its source, unless a service owns the type and lets it in.
        source == NONE
            || (decl.external && decl.emitters.is_empty())
            || starts(source)
            || decl.emitters.iter().any(|(who, _)| match who {
                Emitter::Step(step) => *step == source,
                Emitter::Service(name) => **name == *service,
            })
    }

    /// Whether a workflow is declared, or none.
    pub(super) fn declares_workflow(&self, workflow: u16) -> bool {
        workflow == NONE || self.declared.workflows.contains(&workflow)
    }

    /// Whether it is declared that an event goes this way: who emits it in a workflow, and in which version.
    pub(super) fn declares_way(&self, (workflow, source, number, version): Emitted) -> bool {
        self.declares_workflow(workflow)
            && self.declared.event_type(number).is_some()
            && (self.declared.step(source).is_some() || self.is_declared_source(source))
            && !self.is_skewed(number, version)
    }

    /// Whether it is declared that a step takes such an event in a workflow.
    pub(super) fn declares_taking(&self, (workflow, number, step): Taken) -> bool {
        self.declares_workflow(workflow)
            && self.declared.event_type(number).is_some()
            && self.declared.step(step).is_some()
    }

    /// Whether a source that was seen is a service which declares something.
    pub(super) fn is_declared_source(&self, source: u16) -> bool {
        let text = self.names.steps.text(source);
        let service = text.split_once('/').map_or(text, |(service, _)| service);
        self.declared.types().any(|(_, decl)| {
            decl.emitters.iter().any(|(who, _)| matches!(who, Emitter::Service(name) if **name == *service))
        })
    }

    /// Whether a source was seen to emit a type in a version that nobody declares.
    pub(super) fn has_skew(&self, source: u16, number: u16) -> bool {
        let seen =
            self.flows.emitted.keys().filter(|(_, from, event, _)| (*from, *event) == (source, number));
        seen.map(|(.., version)| *version).any(|version| self.is_skewed(number, version))
    }

    fn is_skewed(&self, number: u16, version: (u16, u16)) -> bool {
        let Some(decl) = self.declared.event_type(number) else { return false };
        version.0 != 0
            && !decl.emitters.is_empty()
            && !decl.emitters.iter().any(|(_, declared)| *declared == version)
    }

    /// Whether nothing was seen for as long as the observer looks back, and it has looked for so long.
    pub(super) fn is_silent(&self, last: Millis, now: Millis) -> bool {
        let window = self.settings.drift_window_ms;
        self.watching_since > 0
            // Before, what was read is old, and nothing is known of what came since.
            && self.cut.caught_up
            && now.saturating_sub(self.watching_since) >= window
            && now.saturating_sub(last) >= window
    }

    fn is_recent(&self, last: Millis, now: Millis) -> bool {
        now.saturating_sub(last) < self.settings.drift_window_ms
    }

    fn undeclared(&self, now: Millis, drifts: &mut Vec<Drift>) {
        let emitted = self.flows.emitted.iter().filter(|(_, sight)| self.is_recent(sight.last, now));
        let ways: BTreeSet<(u16, u16)> =
            emitted.map(|((_, source, number, _), _)| (*source, *number)).collect();
        for (source, number) in ways {
            if !self.declares_emit(source, number) {
                let (from, event) = (self.names.steps.text(source), self.names.types.text(number));
                let from = if source == NONE { None } else { Some(from) };
                let who = from.unwrap_or("somebody");
                let sentence = format!("{who} emits {event}, which no manifest says");
                drifts.push(drift(DriftKind::Undeclared, from, event, None, None, sentence));
            }
        }
        let taken = self.flows.taken.iter().filter(|(_, sight)| self.is_recent(sight.last, now));
        let ways: BTreeSet<(u16, u16)> = taken.map(|((_, number, step), _)| (*number, *step)).collect();
        for (number, step) in ways {
            let decl = self.declared.step(step);
            if step != NONE && !decl.is_some_and(|decl| decl.consumes.iter().any(|(it, _)| *it == number)) {
                let (event, to) = (self.names.types.text(number), self.names.steps.text(step));
                let sentence = format!("{to} consumes {event}, which no manifest says");
                drifts.push(drift(DriftKind::Undeclared, None, event, Some(to), None, sentence));
            }
        }
    }

    fn skewed(&self, now: Millis, drifts: &mut Vec<Drift>) {
        let emitted = self.flows.emitted.iter().filter(|(_, sight)| self.is_recent(sight.last, now));
        let seen: BTreeSet<_> =
            emitted.map(|((_, source, number, version), _)| (*source, *number, *version)).collect();
        for (source, number, version) in seen {
            if self.is_skewed(number, version) {
                let (from, event) = (self.names.steps.text(source), self.names.types.text(number));
                let text = format!("{}.{}", version.0, version.1);
                let sentence = format!("{from} emits {event} in version {text}, which nobody declares");
                drifts.push(drift(DriftKind::VersionSkew, Some(from), event, None, Some(text), sentence));
            }
        }
    }

    fn silent(&self, now: Millis, drifts: &mut Vec<Drift>) {
        let mut last: BTreeMap<(u16, u16), Millis> = BTreeMap::new();
        let mut last_of: BTreeMap<u16, Millis> = BTreeMap::new();
        for ((_, source, number, _), sight) in &self.flows.emitted {
            let latest = last.entry((*source, *number)).or_default();
            *latest = (*latest).max(sight.last);
            let latest = last_of.entry(*number).or_default();
            *latest = (*latest).max(sight.last);
        }
        let window = duration(self.settings.drift_window_ms);
        for (step, decl) in self.declared.steps() {
            let name = self.names.steps.text(step);
            for emit in decl.emits.iter().chain(&decl.starts) {
                let seen = last.get(&(step, emit.event_type)).copied().unwrap_or(0);
                if self.is_silent(seen, now) {
                    let event = self.names.types.text(emit.event_type);
                    let sentence = format!("{name} declares to emit {event}, and none was seen for {window}");
                    drifts.push(drift(DriftKind::Silent, Some(name), event, None, None, sentence));
                }
            }
            for (number, _) in &decl.consumes {
                let emitted = last_of.get(number).copied().unwrap_or(0);
                if emitted > 0 && !self.has_committed(step) && self.is_silent(0, now) {
                    let event = self.names.types.text(*number);
                    let sentence =
                        format!("{name} declares to consume {event}, and has never committed anything");
                    drifts.push(drift(DriftKind::Silent, None, event, Some(name), None, sentence));
                }
            }
        }
    }
}

fn drift(
    kind: DriftKind,
    from: Option<&str>,
    event_type: &str,
    to: Option<&str>,
    contract_version: Option<String>,
    sentence: String,
) -> Drift {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Drift {
        kind,
        from: owned(from),
        event_type: event_type.to_owned(),
        to: owned(to),
        contract_version,
        sentence,
    }
}
