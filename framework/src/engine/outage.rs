//! Outage: what the step needs is away, so it waits instead of wearing its records out (law 5).
//!
//! A step goes into an outage when a handler says so, or when many attempts over several keys failed with no success
//! between. Then nothing new starts, no attempt counts, and one record at a time probes at the pace of the back-off's
//! cap. One success ends it. A dead letter says nothing about the outage: the next record probes at once.

use std::time::Duration;

use super::{
    bug::{Bug, seeded},
    command::{Slot, Ticket, Time},
    settings::OutageRule,
};

/// Which key failed: the partition with the lane's hash, or the record's own number where it has no key.
type Key = (Slot, bool, u64);

/// See the module.
#[derive(Debug)]
pub(super) struct Outage {
    rule: OutageRule,
    /// The time between two probes.
    pace: Duration,
    /// Attempts that failed since the last success.
    failures: u32,
    /// Distinct keys among them, no more than the rule asks for.
    keys: Vec<Key>,
    since: Option<Time>,
    probe_at: Time,
    probe: Option<Ticket>,
    /// A probe is due and there is no record to probe with: the step takes records again until it has one.
    pub(super) hungry: bool,
}

impl Outage {
    pub(super) fn new(rule: OutageRule, pace: Duration) -> Self {
        Self {
            rule,
            pace,
            failures: 0,
            keys: Vec::with_capacity(rule.keys),
            since: None,
            probe_at: Time(0),
            probe: None,
            hungry: false,
        }
    }

    /// Since when the step is in outage.
    pub(super) fn since(&self) -> Option<Time> {
        self.since
    }

    /// When the next record may probe.
    pub(super) fn probe_at(&self) -> Time {
        self.probe_at
    }

    /// Whether a record may start now, as far as the outage is concerned.
    pub(super) fn lets_start(&self, now: Time) -> bool {
        self.since.is_none()
            || (self.probe.is_none() && now >= self.probe_at)
            || (seeded(Bug::ProbeStorm) && now >= self.probe_at)
    }

    /// Whether the only thing missing for a probe is its time or a record.
    pub(super) fn awaits_probe(&self) -> bool {
        self.since.is_some() && self.probe.is_none()
    }

    /// A record started.
    pub(super) fn started(&mut self, ticket: Ticket) {
        if self.since.is_some() {
            self.probe = Some(ticket);
        }
    }

    /// An attempt succeeded. Answers whether that ended an outage.
    pub(super) fn succeeded(&mut self) -> bool {
        self.failures = 0;
        self.keys.clear();
        self.probe = None;
        self.hungry = false;
        self.since.take().is_some()
    }

    /// An attempt failed; `said` when the handler called it an outage. Answers whether that began an outage.
    pub(super) fn failed(&mut self, now: Time, ticket: Ticket, key: Option<u64>, said: bool) -> bool {
        if self.since.is_some() {
            if self.probe == Some(ticket) {
                self.probe = None;
                self.probe_at = now.after(self.pace);
            }
            return false;
        }
        self.failures = self.failures.saturating_add(1);
        let key = (ticket.slot, key.is_some(), key.unwrap_or(ticket.seq));
        if self.keys.len() < self.rule.keys && !self.keys.contains(&key) {
            self.keys.push(key);
        }
        let many = self.failures >= self.rule.attempts && self.keys.len() >= self.rule.keys;
        if said || many {
            self.since = Some(now);
            self.probe_at = now.after(self.pace);
            self.probe = None;
            return true;
        }
        false
    }

    /// A record came to a dead letter: no verdict, so that the next one probes.
    pub(super) fn set_aside(&mut self, ticket: Ticket) {
        if self.probe == Some(ticket) {
            self.probe = None;
        }
    }

    /// A partition is gone, and a probe of it with it.
    pub(super) fn forget(&mut self, slot: Slot) {
        if self.probe.is_some_and(|probe| probe.slot == slot) {
            self.probe = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Duration = Duration::from_millis(10);

    fn outage() -> Outage {
        Outage::new(OutageRule { attempts: 4, keys: 2 }, PACE)
    }

    fn ticket(seq: u64) -> Ticket {
        Ticket { slot: Slot(0), epoch: 0, seq }
    }

    #[test]
    fn many_failures_of_one_key_are_no_outage() {
        let mut outage = outage();
        for seq in 0..100 {
            assert!(!outage.failed(Time(1), ticket(seq), Some(7), false));
        }
        assert!(outage.failed(Time(2), ticket(200), Some(8), false));
        assert_eq!(outage.since(), Some(Time(2)));
    }

    #[test]
    fn records_without_a_key_count_each() {
        let mut outage = outage();
        let began: Vec<_> = (0..4).map(|seq| outage.failed(Time(1), ticket(seq), None, false)).collect();
        assert_eq!(began, [false, false, false, true]);
    }

    #[test]
    fn a_success_between_starts_the_count_again() {
        let mut outage = outage();
        for seq in 0..3 {
            assert!(!outage.failed(Time(1), ticket(seq), Some(seq), false));
        }
        assert!(!outage.succeeded());
        for seq in 0..3 {
            assert!(!outage.failed(Time(1), ticket(seq), Some(seq), false));
        }
    }

    #[test]
    fn one_record_probes_at_the_pace_and_one_success_ends_it() {
        let mut outage = outage();
        assert!(outage.failed(Time(5), ticket(0), Some(1), true));
        assert!(!outage.lets_start(Time(14)));
        assert!(outage.lets_start(Time(15)));
        outage.started(ticket(0));
        assert!(!outage.lets_start(Time(99)));
        outage.failed(Time(20), ticket(0), Some(1), false);
        assert!(!outage.lets_start(Time(29)));
        assert!(outage.lets_start(Time(30)));
        outage.started(ticket(1));
        outage.set_aside(ticket(1));
        assert!(outage.lets_start(Time(30)));
        outage.started(ticket(2));
        assert!(outage.succeeded());
        assert!(outage.lets_start(Time(30)));
    }
}
