//! Numbers for the observer's own metrics.

use std::sync::Arc;

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
    /// By group and topic.
    pub groups: Vec<GroupGauge>,
}

/// What is known of a group on one topic, all partitions together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupGauge {
    /// The group.
    pub group: Arc<str>,
    /// The topic.
    pub topic: Arc<str>,
    /// `workflow.group.lag`: records that it has not committed.
    pub lag: u64,
    /// `workflow.group.committed`: records that it committed since the observer knows it; it only grows.
    pub committed: u64,
}
