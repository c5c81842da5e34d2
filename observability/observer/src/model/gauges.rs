//! Numbers for the observer's own metrics.

use std::sync::Arc;

use super::room::Forgotten;
use crate::answer::{Drift, InstanceState, StallReason};
use crate::fact::Millis;

/// The numbers of section "metrics": what only an observer can know. Names of workflows and steps are declared ones.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gauges {
    /// `workflow.instances`: by workflow and state.
    pub instances: Vec<(String, InstanceState, u64)>,
    /// `workflow.instances.waiting`: by workflow, step, and where the event is at the step (`queued`, `handling`,
    /// `retrying`, …), path steps and side steps alike.
    pub waiting: Vec<(String, String, &'static str, u64)>,
    /// `workflow.instances.stalled`: by workflow, step and reason.
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
