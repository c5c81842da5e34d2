//! When a step is in outage, told once more and in other words than the engine's.

use rapidhash::RapidHashSet;

use super::invariant::{Invariant, Verdict, hold};
use crate::engine::{Settings, Slot, Ticket, Time};

/// The rule of law 5.
#[derive(Debug, Default)]
pub(super) struct OutageModel {
    failures: u32,
    keys: RapidHashSet<(Slot, Option<u64>, u64)>,
    pub(super) since: Option<Time>,
    pub(super) probe_at: Time,
    probe: Option<Ticket>,
    /// The engine has said so: what starts from here on was decided in the outage.
    pub(super) told: bool,
}

impl OutageModel {
    /// A record starts.
    pub(super) fn starts(&mut self, now: Time, ticket: Ticket) -> Verdict {
        if self.since.is_none() || !self.told {
            return Ok(());
        }
        let free = self.probe.replace(ticket).is_none();
        hold(free, Invariant::Outage, || "two records probe at once".to_owned())?;
        hold(now >= self.probe_at, Invariant::Outage, || {
            format!("a probe at {now:?}, before {:?}", self.probe_at)
        })
    }

    pub(super) fn succeeds(&mut self) {
        *self = Self { told: self.told, ..Self::default() };
    }

    /// An attempt fails. Answers whether it counts.
    pub(super) fn fails(
        &mut self,
        now: Time,
        ticket: Ticket,
        key: Option<u64>,
        said: bool,
        settings: &Settings,
    ) -> bool {
        if self.since.is_some() {
            if self.probe == Some(ticket) {
                self.probe = None;
                self.probe_at = now.after(settings.retry.cap);
            }
            return false;
        }
        self.failures += 1;
        let keyless = if key.is_none() { ticket.seq } else { 0 };
        self.keys.insert((ticket.slot, key, keyless));
        if said || (self.failures >= settings.outage.attempts && self.keys.len() >= settings.outage.keys) {
            self.since = Some(now);
            self.probe_at = now.after(settings.retry.cap);
            return false;
        }
        true
    }

    pub(super) fn sets_aside(&mut self, ticket: Ticket) {
        self.probe.take_if(|probe| *probe == ticket);
    }

    pub(super) fn forgets(&mut self, slot: Slot) {
        self.probe.take_if(|probe| probe.slot == slot);
    }
}
