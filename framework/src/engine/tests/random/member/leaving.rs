//! How a member leaves partitions, or everything.

use super::super::{
    invariant::{Invariant, Verdict, hold},
    surroundings::Surroundings,
};
use super::Member;
use crate::engine::{Slot, Time};

impl Member {
    /// The group takes partitions back.
    pub(in super::super) fn revoke(&mut self, around: &mut Surroundings, partitions: &[usize]) -> Verdict {
        let slots: Vec<Slot> = partitions.iter().map(|&partition| Slot(partition as u32)).collect();
        self.begins_drain(around.now, partitions);
        self.revokes.push(slots.clone());
        around.tell(|| format!("from member {} are revoked {slots:?}", self.name));
        self.engine.revoked(around.now, &slots);
        self.obey(around)
    }

    pub(in super::super) fn shut_down(&mut self, around: &mut Surroundings) -> Verdict {
        self.begins_drain(around.now, &(0..self.holdings.len()).collect::<Vec<_>>());
        self.stops_by = Some(around.now.after(self.settings.drain_deadline));
        self.engine.shutdown(around.now);
        self.obey(around)
    }

    fn begins_drain(&mut self, now: Time, partitions: &[usize]) {
        let deadline = now.after(self.settings.drain_deadline);
        for &partition in partitions {
            if let Some(holding) = &mut self.holdings[partition] {
                holding.draining = Some(holding.draining.map_or(deadline, |before| before.min(deadline)));
                holding.waiting = 0;
            }
        }
    }

    /// Other members have the partitions already.
    pub(in super::super) fn lose(&mut self, around: &mut Surroundings, partitions: &[usize]) -> Verdict {
        let slots: Vec<Slot> = partitions.iter().map(|&partition| Slot(partition as u32)).collect();
        for &partition in partitions {
            self.drops(partition);
        }
        for revoke in &mut self.revokes {
            revoke.retain(|slot| !slots.contains(slot));
        }
        self.revokes.retain(|revoke| !revoke.is_empty());
        around.tell(|| format!("member {} loses {slots:?}", self.name));
        self.engine.lost(&slots);
        self.obey(around)
    }

    /// Forgets a partition and what runs of it.
    fn drops(&mut self, partition: usize) {
        if self.holdings[partition].take().is_some() {
            self.flights.retain(|_, flight| flight.place.0 != partition);
            self.outage.forgets(Slot(partition as u32));
            self.released.push(partition);
        }
    }

    pub(super) fn releases(&mut self, around: &mut Surroundings, slots: &[Slot]) -> Verdict {
        let asked = self.revokes.iter().position(|revoke| revoke == slots);
        hold(asked.is_some(), Invariant::Drain, || format!("{slots:?} are given up and nobody asked"))?;
        self.revokes.remove(asked.unwrap_or_default());
        for slot in slots {
            self.gives_up(around, slot.index())?;
        }
        Ok(())
    }

    fn gives_up(&mut self, around: &Surroundings, partition: usize) -> Verdict {
        if let Some(holding) = &self.holdings[partition] {
            let deadline = holding.draining.unwrap_or(Time(u64::MAX));
            if around.now < deadline {
                holding.leaves(&around.logs[partition])?;
            }
        }
        self.drops(partition);
        Ok(())
    }

    pub(super) fn stops(&mut self, around: &Surroundings) -> Verdict {
        hold(self.stops_by.is_some() && !self.gone, Invariant::Drain, || {
            "stopped and nobody asked".to_owned()
        })?;
        self.gone = true;
        for partition in 0..self.holdings.len() {
            self.gives_up(around, partition)?;
        }
        Ok(())
    }
}
