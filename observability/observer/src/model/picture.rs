//! One workflow as a picture.

use std::collections::{BTreeMap, BTreeSet};

use super::declared::{Emitter, StepDecl};
use super::flows::Sight;
use super::list::UNKNOWN_WORKFLOW;
use super::overview::counted;
use super::state::Model;
use super::words::group_word;
use crate::answer::{DriftKind, Edge, EventNode, StallReason, StepNode, WorkflowGraph};
use crate::fact::Millis;

/// Instances that are stuck at steps.
struct Troubles {
    /// Those that stand still, by workflow, step and reason.
    stalled: BTreeMap<(u16, u16, StallReason), u64>,
    /// Those of the workflow that were lost, by step.
    lost: BTreeMap<u16, u64>,
}

impl Model {
    /// One workflow as a picture; `None` where nobody declares or has seen it.
    pub fn workflow(&self, name: &str, now: Millis) -> Option<WorkflowGraph> {
        let workflow = if name == UNKNOWN_WORKFLOW { 0 } else { self.names.workflows.find(name)? };
        if !self.workflows().contains(&workflow) {
            return None;
        }
        let types = self.types_of(workflow);
        let mut steps: BTreeSet<u16> = BTreeSet::new();
        for number in &types {
            if let Some(decl) = self.declared.event_type(*number) {
                steps.extend(&decl.consumers);
            }
        }
        let seen = self.flows.emitted.iter().filter(|((it, ..), _)| *it == workflow);
        steps.extend(seen.map(|((_, source, ..), _)| *source).filter(|source| *source != 0));
        let sets = &self.store.sets;
        let troubles = Troubles { stalled: sets.stalled(), lost: sets.lost(workflow) };
        Some(WorkflowGraph {
            as_of: self.as_of(now),
            name: name.to_owned(),
            steps: steps.iter().map(|step| self.step_node(workflow, *step, &types, &troubles, now)).collect(),
            events: types.iter().map(|number| self.event_node(workflow, *number, now)).collect(),
            edges: self.edges(workflow, &types, now),
        })
    }

    /// The types that a workflow starts with, all that may follow, and what was seen in it.
    fn types_of(&self, workflow: u16) -> BTreeSet<u16> {
        let starts = self.declared.types().filter(|(_, decl)| workflow != 0 && decl.starts == workflow);
        let mut new: Vec<u16> = starts.map(|(number, _)| number).collect();
        let seen = self.flows.emitted.keys().filter(|(it, ..)| *it == workflow);
        new.extend(seen.map(|(_, _, number, _)| *number));
        let mut types = BTreeSet::new();
        while let Some(number) = new.pop() {
            if number == 0 || !types.insert(number) {
                continue;
            }
            let consumers = self.declared.event_type(number).map_or(&[][..], |decl| &decl.consumers);
            let steps = consumers.iter().filter_map(|step| self.declared.step(*step));
            new.extend(steps.flat_map(|step| step.emits.iter().map(|emit| emit.event_type)));
        }
        types
    }

    fn step_node(
        &self,
        workflow: u16,
        step: u16,
        types: &BTreeSet<u16>,
        troubles: &Troubles,
        now: Millis,
    ) -> StepNode {
        let decl = self.declared.step(step);
        let mut owing: BTreeMap<&str, u64> = BTreeMap::new();
        let mut oldest: Option<Millis> = None;
        for tally in self.tallies() {
            for ((it, at, word), count) in &tally.waiting {
                if (*it, *at) == (workflow, step) {
                    *owing.entry(word).or_default() += count;
                }
            }
            if let Some(since) = tally.oldest.get(&(workflow, step)) {
                oldest = Some(oldest.map_or(*since, |oldest| oldest.min(*since)));
            }
        }
        let lag = decl.map_or(0, |decl| self.lag_of(decl, now).0);
        let of_its_types = |(number, _): &(u16, u16)| self.taken(workflow, *number, step, now).1;
        let lately = decl.map_or(0, |decl| {
            decl.consumes.iter().filter(|(it, _)| types.contains(it)).map(of_its_types).sum()
        });
        let stalled = troubles.stalled.iter().filter(|((it, at, _), _)| (*it, *at) == (workflow, step));
        let stalled: Vec<(StallReason, u64)> =
            stalled.map(|((_, _, reason), count)| (*reason, *count)).collect();
        let most = stalled.iter().max_by_key(|(reason, count)| (*count, reason.word()));
        let is_path = |decl: &StepDecl| {
            decl.consumes.iter().any(|(it, _)| types.contains(it) && self.declared.is_path(*it, step))
        };
        let letters = self.letters.open().find(|(seat, _)| *seat == (workflow, step));
        StepNode {
            step: self.names.steps.text(step).to_owned(),
            owner: decl.and_then(|decl| decl.owner.clone()),
            path: decl.is_some_and(is_path),
            declared: decl.is_some() || self.is_declared_source(step),
            group_state: group_word(
                decl.and_then(|decl| self.group(decl.group))
                    .and_then(|group| group.state)
                    .map(|(state, _)| state),
            )
            .to_owned(),
            owing: counted(owing),
            lag,
            committed_last_minute: lately,
            oldest_waiting_ms: oldest.map(|since| now.saturating_sub(since)),
            dead_letters: letters.map_or(0, |(_, open)| open),
            stalled: most.map(|(reason, _)| *reason),
            stalled_by: counted(stalled.iter().map(|(reason, count)| (reason.word(), *count)).collect()),
            lost: troubles.lost.get(&step).copied().unwrap_or(0),
        }
    }

    /// Records of a step's inputs that its group has not committed, and those that it committed in the last minute.
    fn lag_of(&self, decl: &StepDecl, now: Millis) -> (u64, u64) {
        let Some(group) = self.group(decl.group) else { return (0, 0) };
        let (mut lag, mut committed) = (0, 0);
        for (place, commit) in &group.commits {
            let place = self.places.get(*place);
            if decl.reads(place.topic) {
                lag += decl.lag(commit.offset, place);
                committed += commit.rate.last_minute(now);
            }
        }
        (lag, committed)
    }

    fn event_node(&self, workflow: u16, number: u16, now: Millis) -> EventNode {
        let decl = self.declared.event_type(number);
        let sight = self.seen_of(workflow, number, None, now);
        EventNode {
            event_type: self.names.types.text(number).to_owned(),
            topic: decl.map_or_else(String::new, |decl| self.names.topics.text(decl.topic).to_owned()),
            terminal: decl.is_some_and(|decl| decl.terminal),
            external: decl.is_some_and(|decl| decl.external),
            outbound: decl.is_some_and(|decl| decl.outbound),
            seen: sight.count,
            seen_last_minute: sight.rate.last_minute(now),
        }
    }

    /// How often a type was seen in a workflow, from one source or from all.
    fn seen_of(&self, workflow: u16, number: u16, source: Option<u16>, now: Millis) -> Sight {
        let mut sum = Sight::default();
        for ((it, from, event_type, _), sight) in &self.flows.emitted {
            if *it == workflow && *event_type == number && source.is_none_or(|source| source == *from) {
                sum.join(sight, now);
            }
        }
        sum
    }

    fn edges(&self, workflow: u16, types: &BTreeSet<u16>, now: Millis) -> Vec<Edge> {
        let mut edges = Vec::new();
        for &number in types {
            let decl = self.declared.event_type(number);
            let mut from: BTreeSet<u16> = decl
                .map_or(&[][..], |decl| &decl.emitters)
                .iter()
                .filter_map(|(who, _)| if let Emitter::Step(step) = who { Some(*step) } else { None })
                .collect();
            let seen =
                self.flows.emitted.keys().filter(|(it, _, event, _)| (*it, *event) == (workflow, number));
            from.extend(seen.map(|(_, source, ..)| *source).filter(|source| *source != 0));
            for source in from {
                edges.push(self.emit_edge(workflow, source, number, now));
            }
            let mut to: BTreeSet<u16> =
                decl.map_or(&[][..], |decl| &decl.consumers).iter().copied().collect();
            let taken = self.flows.taken.keys().filter(|(it, event, _)| (*it, *event) == (workflow, number));
            to.extend(taken.map(|(_, _, step)| *step).filter(|step| *step != 0));
            for step in to {
                edges.push(self.take_edge(workflow, number, step, now));
            }
        }
        edges
    }

    fn emit_edge(&self, workflow: u16, source: u16, number: u16, now: Millis) -> Edge {
        let sight = self.seen_of(workflow, number, Some(source), now);
        let drift = if !self.declares_emit(source, number) {
            Some(DriftKind::Undeclared)
        } else if self.has_skew(source, number) {
            Some(DriftKind::VersionSkew)
        } else {
            self.is_silent(sight.last, now).then_some(DriftKind::Silent)
        };
        Edge {
            from: Some(self.names.steps.text(source).to_owned()),
            event_type: self.names.types.text(number).to_owned(),
            to: None,
            seen: sight.count,
            seen_last_minute: sight.rate.last_minute(now),
            drift,
        }
    }

    fn take_edge(&self, workflow: u16, number: u16, step: u16, now: Millis) -> Edge {
        let (seen, lately) = self.taken(workflow, number, step, now);
        let decl = self.declared.step(step);
        let declared = decl.is_some_and(|decl| decl.consumes.iter().any(|(it, _)| *it == number));
        let last = self.flows.taken.get(&(workflow, number, step)).map_or(0, |caused| caused.last);
        let emitted = self.seen_of(workflow, number, None, now).count;
        let silent = seen == 0 && emitted > 0 && self.is_silent(last, now);
        let drift = if declared { silent.then_some(DriftKind::Silent) } else { Some(DriftKind::Undeclared) };
        Edge {
            from: None,
            event_type: self.names.types.text(number).to_owned(),
            to: Some(self.names.steps.text(step).to_owned()),
            seen,
            seen_last_minute: lately,
            drift,
        }
    }

    /// How many events of a type a step has taken, and how many in the last minute. No record of its own tells that: it
    /// is what was emitted less what waits there, and no less than what was seen to have an effect; where the group has
    /// never committed, only that. What its group commits counts the other types of the topic too, and so is a bound.
    fn taken(&self, workflow: u16, number: u16, step: u16, now: Millis) -> (u64, u64) {
        let caused = self.flows.taken.get(&(workflow, number, step)).cloned().unwrap_or_default();
        let caused_lately = caused.rate.last_minute(now);
        let emitted = self.seen_of(workflow, number, None, now);
        let decl = self.declared.step(step).filter(|_| self.has_committed(step));
        let Some(decl) = decl else { return (caused.count.min(emitted.count), caused_lately) };
        let (_, committed) = self.lag_of(decl, now);
        let left = emitted.count.saturating_sub(self.waiting_at(workflow, step));
        (
            left.max(caused.count).min(emitted.count),
            emitted.rate.last_minute(now).min(committed).max(caused_lately),
        )
    }

    /// How many events of a workflow a step still owes something for.
    fn waiting_at(&self, workflow: u16, step: u16) -> u64 {
        let here = |(it, at, _): &(u16, u16, &str)| (*it, *at) == (workflow, step);
        let waiting = self.tallies().into_iter().flat_map(|tally| &tally.waiting);
        waiting.filter(|(place, _)| here(place)).map(|(_, count)| count).sum()
    }

    /// Whether a step's group has committed anything on its inputs.
    pub(super) fn has_committed(&self, step: u16) -> bool {
        let group = self.declared.step(step).and_then(|decl| self.group(decl.group));
        group.is_some_and(|group| group.commits.values().any(|commit| commit.offset.is_some()))
    }
}
