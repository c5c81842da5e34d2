//! Dead letters as a test reads them.

use super::{
    record::LogRecord,
    written::{Written, trace_id},
};
use crate::{envelope::names, runner::port::RawRecord};

/// A record that a step set aside, with the reason.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The service whose step set it aside.
    pub service: String,
    /// The step that set it aside.
    pub step: String,
    /// Why, as the header `dlq-reason` says, for example `contract_violation`.
    pub reason: String,
    /// What went wrong, in words.
    pub error: String,
    /// The places that break the contract, as JSON; `None` where the reason is another one.
    pub violations: Option<String>,
    /// The attempt that failed, counted from 1.
    pub attempt: u32,
    /// Where the record came from: topic, partition and offset.
    pub origin: (String, i32, i64),
    /// The dead letter as it lies on its topic: key, value and headers of the record untouched, the framework's own beside.
    pub record: Written,
}

impl DeadLetter {
    /// The id of the trace in which the last attempt failed: that of the record, unless the record waited for long.
    pub fn trace_id(&self) -> Option<&str> {
        trace_id(self.record.header(names::TRACEPARENT)?)
    }

    /// The record as a dead letter; `None` where it is none.
    pub(crate) fn read(record: &LogRecord) -> Option<Self> {
        let written = Written::new(record);
        let text = |name| written.header(name).unwrap_or_default().to_owned();
        let own_topic = format!("{}.dlq", written.header(names::WF_ORIGIN_GROUP)?);
        if **record.topic() != *own_topic {
            return None;
        }
        Some(Self {
            service: text(names::DLQ_SERVICE),
            step: text(names::DLQ_STEP),
            reason: written.header(names::DLQ_REASON)?.to_owned(),
            error: text(names::DLQ_ERROR),
            violations: written.header(names::DLQ_VIOLATIONS).map(str::to_owned),
            attempt: number(&written, names::WF_ATTEMPT).unwrap_or(1),
            origin: (
                text(names::WF_ORIGIN_TOPIC),
                number(&written, names::WF_ORIGIN_PARTITION).unwrap_or(-1),
                number(&written, names::WF_ORIGIN_OFFSET).unwrap_or(-1),
            ),
            record: written,
        })
    }
}

fn number<N: std::str::FromStr>(written: &Written, name: &str) -> Option<N> {
    written.header(name)?.parse().ok()
}
