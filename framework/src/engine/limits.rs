//! The time limits of running attempts, in the order in which they started.
//!
//! Every attempt may run equally long, so the order of starting is the order of ending: a list threaded through a
//! slab, as long as the step's concurrency. Starting and finishing are a few writes.

use super::command::{Slot, Ticket, Time};

/// No place: the end of the list.
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Limit {
    ticket: Ticket,
    ends: Time,
    before: u32,
    after: u32,
    /// In the list: not over, not finished.
    listed: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Limits {
    slab: Vec<Limit>,
    free: Vec<u32>,
    first: u32,
    last: u32,
}

impl Limits {
    pub(super) fn new() -> Self {
        Self { slab: Vec::new(), free: Vec::new(), first: NONE, last: NONE }
    }

    /// Adds an attempt that ends behind all others. Answers its place.
    pub(super) fn start(&mut self, ticket: Ticket, ends: Time) -> u32 {
        let limit = Limit { ticket, ends, before: self.last, after: NONE, listed: true };
        let place = if let Some(place) = self.free.pop() {
            self.slab[place as usize] = limit;
            place
        } else {
            self.slab.push(limit);
            (self.slab.len() - 1) as u32
        };
        match self.last {
            NONE => self.first = place,
            last => self.slab[last as usize].after = place,
        }
        self.last = place;
        place
    }

    /// The attempt finished: its place is free.
    pub(super) fn finish(&mut self, place: u32) {
        self.unlist(place);
        self.free.push(place);
    }

    fn unlist(&mut self, place: u32) {
        let Limit { before, after, listed, .. } = self.slab[place as usize];
        if !listed {
            return;
        }
        self.slab[place as usize].listed = false;
        match before {
            NONE => self.first = after,
            before => self.slab[before as usize].after = after,
        }
        match after {
            NONE => self.last = before,
            after => self.slab[after as usize].before = before,
        }
    }

    /// When the first limit is over.
    pub(super) fn next(&self) -> Option<Time> {
        (self.first != NONE).then(|| self.slab[self.first as usize].ends)
    }

    /// The first attempt whose time is over; told once. Its place stays until it is finished.
    pub(super) fn over(&mut self, now: Time) -> Option<Ticket> {
        let place = self.first;
        if self.next()? > now {
            return None;
        }
        self.unlist(place);
        Some(self.slab[place as usize].ticket)
    }

    /// Forgets the attempts of a partition, whose places `places` says.
    pub(super) fn forget(&mut self, slot: Slot, places: impl Iterator<Item = u32>) {
        for place in places {
            debug_assert_eq!(self.slab[place as usize].ticket.slot, slot);
            self.finish(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(seq: u64) -> Ticket {
        Ticket { slot: Slot(0), epoch: 0, seq }
    }

    #[test]
    fn attempts_end_in_the_order_of_their_start() {
        let mut limits = Limits::new();
        let places: Vec<_> = (0..4).map(|seq| limits.start(ticket(seq), Time(10 + seq))).collect();
        limits.finish(places[0]);
        limits.finish(places[2]);
        assert_eq!(limits.next(), Some(Time(11)));
        assert_eq!(limits.over(Time(10)), None);
        assert_eq!(limits.over(Time(20)), Some(ticket(1)));
        assert_eq!(limits.over(Time(20)), Some(ticket(3)));
        assert_eq!(limits.over(Time(20)), None);
        limits.finish(places[1]);
        limits.finish(places[3]);
        assert_eq!(limits.next(), None);
    }

    #[test]
    fn places_are_used_again() {
        let mut limits = Limits::new();
        for seq in 0..1_000 {
            let place = limits.start(ticket(seq), Time(seq));
            limits.finish(place);
        }
        assert_eq!(limits.slab.len(), 1);
    }
}
