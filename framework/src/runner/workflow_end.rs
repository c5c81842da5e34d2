//! What ends a workflow is on the log: its terminal event, or the dead letter of a step that would have emitted one.

use uuid::fmt::Hyphenated;

use super::{
    Runner,
    port::{Port, RawRecord},
    publish::{InFlight, Kind},
};
use crate::{
    engine::Time,
    telemetry::{End, SendSpan},
};

impl<P: Port> Runner<P> {
    /// Tells that a workflow has ended, where what the broker has taken says so. A record that is not ours any more is
    /// handled again by its partition's next owner, who tells it then.
    pub(super) fn tell_end(&self, now: Time, of: &mut InFlight<SendSpan>, port: &mut P) {
        let end = match &of.kind {
            Kind::Emit { ends: true, .. } => End::Completed,
            Kind::DeadLetter(letter) if letter.about.fails => End::Failed,
            Kind::Emit { .. } | Kind::DeadLetter(_) => return,
        };
        let Some(taken) = self.engine.record(of.ticket) else { return };
        let mut stranger = [0; Hyphenated::LENGTH];
        let started = taken.identity(&self.plan, &mut stranger).workflow.started();
        self.telemetry.finished(&mut of.span, taken.raw.topic(), started, end, port.wall(now));
    }
}
