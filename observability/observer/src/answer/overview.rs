//! The fleet at a glance.

use serde::{Deserialize, Serialize};

use super::{AsOf, Count};

/// All workflows, and the observer itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// How far the observer has read.
    pub as_of: AsOf,
    /// Every workflow that was declared or seen, by name.
    pub workflows: Vec<WorkflowSummary>,
    /// Dead letters that nobody replayed or discarded yet.
    pub dead_letters_open: u64,
    /// Events kept.
    pub events: u64,
    /// Instances kept, of all workflows.
    pub instances: u64,
    /// Records of declared topics that carry no known type, or nothing that can be read.
    pub unreadable: u64,
    /// What is wrong with the observer's own sight, each in a sentence: a topic that is missing, a group that cannot be
    /// asked about, a broker that is away.
    pub problems: Vec<String>,
}

/// One workflow's instances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkflowSummary {
    /// Its name.
    pub name: String,
    /// Instances that go on.
    pub running: u64,
    /// Instances that came to their end.
    pub completed: u64,
    /// Instances of which a step on the way to the end has set an event aside.
    pub failed: u64,
    /// Those of the failed ones that a person gave up: nobody need do anything about them.
    #[serde(default)]
    pub given_up: u64,
    /// Instances that stand still.
    pub stalled: u64,
    /// Instances that nobody owes anything and that never came to an end.
    pub lost: u64,
    /// The stalled ones by reason.
    pub stalled_by: Vec<Count>,
    /// Instances of which a side step is stuck, whatever their state: it stands still, or has set an event aside.
    #[serde(default)]
    pub side_stuck: u64,
    /// These by reason. One of which side steps are stuck for several counts under each.
    #[serde(default)]
    pub side_stuck_by: Vec<Count>,
    /// Instances by the steps that owe them something, side steps too. One to which several do counts under each.
    pub waiting_at: Vec<Count>,
    /// How long the oldest unfinished instance has been waiting where it is, in milliseconds.
    pub oldest_waiting_ms: Option<u64>,
    /// Instances started in the last minute.
    pub started_last_minute: u64,
    /// Instances ended in the last minute.
    pub finished_last_minute: u64,
    /// The time from start to end of those that ended lately: median and 95th percentile, in milliseconds.
    pub duration_ms: Option<(u64, u64)>,
}
