//! What ends a workflow is on the log: its terminal event, or the dead letter of a step that would have emitted one.

use uuid::fmt::Hyphenated;

use super::{
    Runner,
    port::{Port, RawRecord},
    publish::{InFlight, Kind},
};
use crate::{
    engine::Time,
    telemetry::{End, SendSpan, events::WorkflowEnded},
};

impl<P: Port> Runner<P> {
    /// Tells that a workflow has ended, where what the broker has taken says so, and once for all that one run of a record
    /// publishes. A record that is not ours any more is handled again by its partition's next owner, who tells it then.
    pub(super) fn tell_end(&self, now: Time, of: &mut InFlight<SendSpan>, port: &mut P) {
        let end = match &of.kind {
            Kind::Emit { ends: true, .. } => End::Completed,
            Kind::DeadLetter(letter) if letter.about.fails => End::Failed,
            Kind::Emit { .. } | Kind::DeadLetter(_) => return,
        };
        let Some(taken) = self.engine.record(of.ticket) else { return };
        if taken.told_end.replace(true) {
            return;
        }
        let mut stranger = [0; Hyphenated::LENGTH];
        let identity = taken.identity(&self.plan, &mut stranger);
        let workflow = identity.workflow;
        let took =
            self.telemetry.finished(&mut of.span, taken.raw.topic(), workflow.started(), end, port.wall(now));
        let mut record = taken.ids(&self.plan, &identity);
        record.trace_id = of.span.traceparent().map(|parent| parent.trace_id());
        WorkflowEnded { record, workflow: workflow.name(), end, took }.emit();
    }
}
