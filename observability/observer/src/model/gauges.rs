//! Numbers for the observer's own metrics.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::room::Forgotten;
use super::state::Model;
use crate::answer::{Drift, InstanceState, StallReason};
use crate::fact::Millis;

/// The workflows that nobody declares and that have a label of their own.
const MAX_UNDECLARED: usize = 100;
/// The label of all others together.
const OTHER: &str = "other";

/// A workflow as metrics name it: declared ones come first, so that they are the last to be left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Label {
    undeclared: bool,
    name: Arc<str>,
}

impl Label {
    pub(super) fn text(&self) -> String {
        self.name.as_ref().to_owned()
    }
}

/// The labels of workflows: whatever names the wire brings, there are few.
#[derive(Debug)]
pub(super) struct Labels {
    by_number: BTreeMap<u16, Label>,
}

impl Labels {
    /// Those that are declared have their own, and of the others those that were seen first.
    pub(super) fn of(model: &Model) -> Self {
        let mut all = model.workflows();
        all.sort_unstable();
        let (declared, others): (Vec<u16>, Vec<u16>) =
            all.into_iter().partition(|number| model.declared.workflows.contains(number));
        let others = others.into_iter().take(MAX_UNDECLARED).map(|number| (number, true));
        let numbers = declared.into_iter().map(|number| (number, false)).chain(others);
        let label =
            |(number, undeclared)| (number, Label { undeclared, name: model.workflow_name(number).into() });
        Self { by_number: numbers.map(label).collect() }
    }

    /// The label of a workflow.
    pub(super) fn label(&self, workflow: u16) -> Label {
        let other = || Label { undeclared: true, name: OTHER.into() };
        self.by_number.get(&workflow).cloned().unwrap_or_else(other)
    }
}

/// The numbers of section "metrics": what only an observer can know. Names of steps are declared ones; of workflows that
/// nobody declares a hundred are told apart, and the rest together as `other`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gauges {
    /// `workflow.instances`: by workflow and state.
    pub instances: Vec<(String, InstanceState, u64)>,
    /// `workflow.instances.waiting`: by workflow, step, and where the event is at the step (`queued`, `handling`,
    /// `retrying`, …), path steps and side steps alike.
    pub waiting: Vec<(String, String, &'static str, u64)>,
    /// `workflow.instances.stalled`: by workflow, step and reason, path steps and side steps alike. One that stands still at
    /// two steps counts at both, and whatever its state; what is set aside or lost has metrics of its own.
    pub stalled: Vec<(String, String, StallReason, u64)>,
    /// `workflow.oldest.waiting.age`: by workflow and step, in milliseconds.
    pub oldest_waiting_ms: Vec<(String, String, Millis)>,
    /// `workflow.dead_letters.open`: by workflow and step.
    pub dead_letters_open: Vec<(String, String, u64)>,
    /// `workflow.topology.drift`: each difference is one.
    pub drift: Vec<Drift>,
    /// `workflow.observer.lag.time`: the age of the newest complete look, in milliseconds.
    pub observer_lag_ms: Millis,
    /// `workflow.observer.kept`: what events, instances and dead letters take, in bytes.
    pub kept_bytes: u64,
    /// `workflow.observer.forgotten`: since the observer started.
    pub forgotten: Forgotten,
    /// By group, topic and partition.
    pub groups: Vec<GroupGauge>,
}

/// What is known of a group on one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupGauge {
    /// The step whose group it is, `service/step`, as its manifest says.
    pub step: Arc<str>,
    /// The group.
    pub group: Arc<str>,
    /// The topic.
    pub topic: Arc<str>,
    /// The partition; `None` for all of the topic's together, which is told where partitions would be too many.
    pub partition: Option<i32>,
    /// `workflow.group.lag`: records that it has not committed.
    pub lag: u64,
    /// `workflow.group.committed`: records that it committed since the observer knows it; it only grows.
    pub committed: u64,
}
