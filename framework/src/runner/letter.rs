//! A dead letter on its way, and what is logged once it lies there.

use std::sync::Arc;

use super::port::OwnedOutgoing;
use crate::{
    engine::Reason,
    telemetry::{
        TraceParent,
        events::{DeadLettered, RecordIds},
    },
};

/// A dead letter that the broker has not acknowledged. Kept so that it can go without its value if the broker refuses it,
/// and so that nobody is told of it before it is there.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(super) record: OwnedOutgoing,
    pub(super) about: About,
}

/// What was set aside, and why.
#[derive(Debug)]
pub(super) struct About {
    pub(super) topic: Arc<str>,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) workflow_id: String,
    pub(super) event_id: String,
    pub(super) traceparent: Option<TraceParent>,
    /// The type as the step declares it.
    pub(super) event_type: String,
    pub(super) reason: Reason,
    pub(super) attempts: u32,
    /// Whether its workflow has failed with it: the step would have ended it. What earlier steps set aside, and that a
    /// replay may mend it, is for those to say who see the whole.
    pub(super) fails: bool,
    /// What is wrong, without the payload's own text.
    pub(super) detail: String,
}

impl Letter {
    /// Says that it lies there, set aside by `step`.
    pub(super) fn log(&self, step: &str) {
        let About { topic, workflow_id, event_id, event_type, detail, .. } = &self.about;
        let record = RecordIds {
            step,
            topic,
            partition: self.about.partition,
            offset: self.about.offset,
            workflow_id,
            event_id,
            trace_id: self.about.traceparent.map(|parent| parent.trace_id()),
        };
        DeadLettered {
            record,
            event_type,
            reason: self.about.reason.as_str(),
            attempts: self.about.attempts,
            dead_letter_topic: &self.record.topic,
            detail,
        }
        .emit();
    }
}
