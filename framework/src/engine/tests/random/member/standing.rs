//! What has to hold of a member between any two inputs.

use super::super::{
    holding::Holding,
    invariant::{Invariant, Verdict, hold},
    surroundings::Surroundings,
};
use super::Member;
use crate::engine::Time;

impl Member {
    /// What has to hold at any time.
    pub(in super::super) fn stands(&mut self, around: &Surroundings) -> Verdict {
        let now = around.now;
        for (partition, holding) in self.holdings.iter().enumerate() {
            let Some(holding) = holding else { continue };
            let late = holding.draining.is_some_and(|deadline| now > deadline);
            hold(!late, Invariant::Drain, || {
                format!("partition {partition} is not given up at its deadline")
            })?;
            let most = self.settings.waiting_bound + self.settings.concurrency;
            hold(holding.waiting <= most, Invariant::Bounds, || format!("{} records wait", holding.waiting))?;
        }
        let late = !self.gone && self.stops_by.is_some_and(|deadline| now > deadline);
        hold(!late, Invariant::Drain, || "not stopped at the deadline".to_owned())?;
        self.stands_within_time(now)?;
        self.is_silent_for_a_reason(now)?;
        self.tells_the_truth()
    }

    fn stands_within_time(&self, now: Time) -> Verdict {
        let Some(limit) = self.settings.attempt_timeout else { return Ok(()) };
        let late = self.flights.values().find(|flight| flight.running && flight.started.after(limit) < now);
        hold(late.is_none(), Invariant::Timeouts, || format!("{late:?} is not cut off at {now:?}"))
    }

    /// The whole step may wait for its partitions to be paused, one after the other, and no longer.
    fn is_silent_for_a_reason(&mut self, now: Time) -> Verdict {
        // With a smaller bound the records that fail and start again make a partition full and easy by themselves.
        let judged = self.settings.waiting_bound > 2 * self.settings.concurrency;
        if !judged || self.engine.wants_records() || self.stops_by.is_some() {
            self.silent_since = None;
            return Ok(());
        }
        let since = *self.silent_since.get_or_insert(now);
        let longest = self.settings.pause_after * (self.holdings.len() as u32 + 1);
        hold(now <= since.after(longest), Invariant::Fairness, || format!("nothing is read since {since:?}"))
    }

    fn tells_the_truth(&self) -> Verdict {
        let status = self.engine.status();
        let sum = |count: fn(&Holding) -> usize| -> usize { self.holdings.iter().flatten().map(count).sum() };
        let told = (status.running, status.waiting, status.publishing, status.outage_since.is_some());
        let seen = (
            sum(|holding| holding.running.len()),
            sum(|holding| holding.waiting),
            sum(|holding| holding.publishing),
            self.outage.since.is_some(),
        );
        hold(told == seen, Invariant::Status, || format!("told {told:?}, seen {seen:?}"))
    }

    /// Whether nothing of what was read is left to do.
    pub(in super::super) fn rests(&self) -> bool {
        let status = self.engine.status();
        status.running + status.waiting + status.publishing + status.held == 0
            && self.engine.next_wake().is_none()
    }
}
