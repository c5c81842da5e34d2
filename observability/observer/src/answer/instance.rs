//! One instance of a workflow: where it is, how it came there, what it owes.

use serde::{Deserialize, Serialize};

use super::{AsOf, Count, DeadLetter};

/// A page of instances, and what further filters would leave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instances {
    /// How far the observer has read.
    pub as_of: AsOf,
    /// The instances, those that changed last first.
    pub items: Vec<InstanceSummary>,
    /// How many fit the filters, on all pages.
    pub total: u64,
    /// What to ask the next page with; absent on the last.
    pub next: Option<String>,
    /// The fitting ones by state.
    pub by_state: Vec<Count>,
    /// The fitting ones by the reason for which they stand still: at the step that is asked for, else at any. One that
    /// stands still for several counts under each.
    pub by_reason: Vec<Count>,
    /// The fitting ones by the steps that owe them something or have failed them. One of which that is true of several
    /// counts under each.
    pub by_step: Vec<Count>,
    /// The fitting ones that are stuck on their way: at the step that is asked for, else at any.
    #[serde(default)]
    pub stuck: u64,
    /// The fitting ones of which a side step is stuck, whatever their state: the one that is asked for, else any.
    #[serde(default)]
    pub side_stuck: u64,
}

/// An instance in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstanceSummary {
    /// The workflow's id: `ce_correlationid`.
    pub id: String,
    /// The workflow's name.
    pub workflow: String,
    /// The business key: the key of its first record.
    pub key: Option<String>,
    /// Further business keys by which it is found: what its events say to be theirs (`ce_subject`), and the keys of further
    /// ones without a cause.
    #[serde(default)]
    pub keys: Vec<String>,
    /// What it has come to.
    pub state: InstanceState,
    /// Why it stands still.
    pub reason: Option<StallReason>,
    /// The step that owes the next event, `service/step`: the one whose trouble decides the state, else the oldest.
    pub step: Option<String>,
    /// Every step that owes it something or has failed it, side steps too.
    #[serde(default)]
    pub steps: Vec<Seat>,
    /// Where it is, in words: `waiting 4 min at payment/charge: 312 ahead of it in partition 2, moving`.
    pub sentence: String,
    /// The most attempts that a step spent on one of its events, or took.
    pub attempts: u32,
    /// The last error told, of a dead letter.
    pub error: Option<String>,
    /// When it started.
    pub started: u64,
    /// The newest sign of it.
    pub updated: u64,
    /// When its terminal event was emitted.
    pub finished: Option<u64>,
    /// Its events.
    pub events: u32,
    /// Its open dead letters.
    pub dead_letters: u32,
}

/// A step that owes an instance something, or has failed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// `service/step`.
    pub step: String,
    /// Whether a terminal event can still follow from the step; else it is a side step.
    pub path: bool,
    /// Why the instance stands still there; `None` where it does not, and where a person gave it up.
    pub reason: Option<StallReason>,
}

/// What an instance has come to. Where more than one holds, the first of: failed, lost, stalled, completed, running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstanceState {
    /// A step on the way to its end has set its event aside.
    Failed,
    /// Nobody owes it anything, and it never came to an end: a step swallowed it.
    Lost,
    /// It stands still, for a [`StallReason`].
    Stalled,
    /// It came to its end.
    Completed,
    /// It goes on.
    Running,
}

/// Why an instance stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StallReason {
    /// The step's group has no member.
    NoConsumer,
    /// The group's committed offset does not move although records wait.
    NotProgressing,
    /// The group moves, and the event waits longer than the step's deadline.
    Backlog,
    /// The step tries again and again.
    Retrying,
    /// A step has set the event aside.
    DeadLetter,
    /// Another branch has not come yet. Nothing on the topics tells it as long as steps join in databases of their own: a
    /// word of the interface that no observer says yet.
    WaitingJoin,
    /// Written down and never sent. What lies in an outbox is on no topic: a word that no observer says yet.
    Outbox,
    /// Nobody owes anything, and no end was seen.
    Lost,
}

/// One instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// How far the observer has read.
    pub as_of: AsOf,
    /// What stands in a list.
    pub summary: InstanceSummary,
    /// What is owed, the worst first.
    pub frontier: Vec<Owing>,
    /// Its events: causes before effects, else by time. The tree is in `causation`.
    pub events: Vec<Event>,
    /// Its dead letters, open or not.
    pub dead_letters: Vec<DeadLetter>,
    /// The traces that it went through, oldest first.
    pub traces: Vec<Trace>,
}

/// An event that a step has not done with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Owing {
    /// The event's id.
    pub event: String,
    /// The type with the major in which the step reads it.
    pub event_type: String,
    /// `service/step`.
    pub step: String,
    /// Whether a terminal event can still follow from the step.
    pub path: bool,
    /// Where the event is at the step.
    pub state: StepState,
    /// Since when the event waits there.
    pub since: u64,
    /// How long it may, in milliseconds.
    pub deadline_ms: u64,
    /// Why it is called stalled, where it is.
    pub stalled: Option<StallReason>,
    /// In words.
    pub sentence: String,
    /// What this rests on, each in a sentence: offsets, metadata, records.
    pub evidence: Vec<String>,
}

/// Where an event is at one step that is declared to consume it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StepState {
    /// Not reached.
    Queued {
        /// The partition in which it waits.
        partition: i32,
        /// How many records are before it.
        ahead: u64,
        /// Whether the group's committed offset moves.
        moving: bool,
    },
    /// Being handled, as far as can be told.
    Handling,
    /// Waiting for another attempt.
    Retrying {
        /// Attempts spent.
        attempts: u32,
        /// When the next is due.
        due: Option<u64>,
        /// Whether the step is in outage: what it needs is away.
        outage: bool,
    },
    /// Set aside.
    DeadLettered {
        /// The reason, one word.
        reason: String,
    },
    /// Its emits are seen, and the step has not committed it yet.
    Emitting,
    /// Done.
    Done {
        /// When its first emit was written, or when it was first seen to be done.
        at: Option<u64>,
    },
    /// Nothing says where it is.
    Unknown {
        /// Why, in words: it lies behind a record that blocks the partition, say, or its group cannot be asked.
        #[serde(default)]
        why: String,
    },
    /// Dropped on purpose: a duplicate, a record that was discarded by a person.
    Skipped {
        /// Why, in words.
        why: String,
    },
    /// The step did not owe it: it was declared later than the event, or is declared no longer.
    NotOwed,
}

/// An event of an instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// Its type with the major: `order.placed.v1`.
    pub event_type: String,
    /// Who emitted it, `service/step`.
    pub source: Option<String>,
    /// The id of the event whose handling emitted it.
    pub causation: Option<String>,
    /// How deep it is: 0 for the one that started the workflow.
    pub hops: u32,
    /// The record's timestamp.
    pub at: u64,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The record's key as text.
    pub key: Option<String>,
    /// The contract's version: `1.3`.
    pub contract_version: Option<String>,
    /// The trace's id, 32 hexadecimal digits.
    pub trace: Option<String>,
    /// The span's id, 16 hexadecimal digits.
    pub span: Option<String>,
    /// How often the same event was seen again.
    pub duplicates: u32,
    /// The same fact in older majors, where it is written in several: one event, whichever of them a step handles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub twins: Vec<Twin>,
    /// Where it is at each step that is declared to consume it.
    pub steps: Vec<AtStep>,
}

/// A fact in an older major than its event's: a record of its own, beside it on the same topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Twin {
    /// Its id.
    pub id: String,
    /// Its type with the major.
    pub event_type: String,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

/// Where an event is at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AtStep {
    /// `service/step`.
    pub step: String,
    /// Whether a terminal event can still follow from the step.
    pub path: bool,
    /// Where.
    pub state: StepState,
    /// Its attempts, the oldest first, where there was more than one. Each that failed is there, and the one that
    /// succeeded where the step says so: by an event that it emitted, or beside its commits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// Attempts before them that are left out: one answer tells of 5,000.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts_left_out: u64,
}

/// An attempt of a step at an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Which one, counted from 1 and anew for each replay; of an outage, how many were spent before it.
    pub number: u32,
    /// How often the record was replayed before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub replays: u32,
    /// What it came to.
    pub outcome: AttemptOutcome,
    /// When: the first that failed, and the last one, to the moment; of others when they were first told of, at most a look
    /// and a commit later. `None` where it was not told of apart, since the next followed before the observer looked.
    pub at: Option<u64>,
    /// Where `at` is not known: it was not before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Where `at` is not known: it was before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// When the next was due, where that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<u64>,
}

/// What an attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// It failed.
    Failed,
    /// What the step needs was away: no attempt was spent.
    Outage,
    /// The event was handled.
    Succeeded,
}

/// A trace of an instance: one of several where a wait began a new one, or where an operator replayed something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// 32 hexadecimal digits.
    pub id: String,
    /// The time of its first event, or of the replay.
    pub from: u64,
    /// The time of its last event.
    pub to: u64,
    /// Its events.
    pub events: u32,
    /// Where it can be looked at, where a trace viewer is set up.
    pub url: Option<String>,
    /// Who replayed a dead letter in it, where it is the trace of an operator: what follows is a trace of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed_by: Option<String>,
}

fn is_zero<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
}
