//! Everything the engine knows about one partition while it owns it.

use std::collections::{BTreeMap, VecDeque};

use super::{
    bug::{Bug, seeded},
    command::Time,
    commit::Commits,
    lanes::Lanes,
    ledger::{Ledger, State},
    metadata::{self, Left, Recalled},
    pause::{Pressure, Use},
    repeated::{Lately, Repeated},
    retry::Trouble,
    settings::Settings,
};

/// A partition that is being given up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draining {
    /// When it is given up whatever is missing.
    pub(super) deadline: Time,
    /// The last commit, with what is left behind, was sent.
    pub(super) final_sent: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Partition<R> {
    pub(super) epoch: u32,
    pub(super) ledger: Ledger<R>,
    pub(super) lanes: Lanes,
    /// Records that may start, the one that may longest first.
    pub(super) ready: VecDeque<u64>,
    /// The partition stands in the engine's ring.
    pub(super) in_ring: bool,
    /// Records in lanes, behind others, ready or held.
    pub(super) waiting: usize,
    /// Those of them that wait for the time of their next attempt.
    pub(super) held: usize,
    /// Records in handlers.
    pub(super) running: usize,
    /// Records handed over whose acknowledgements are missing.
    pub(super) publishing: usize,
    /// What is known about unsettled records with a failed attempt, by number.
    pub(super) troubles: BTreeMap<u64, Trouble>,
    /// What the last owner left, until it was read again.
    pub(super) left: Option<Box<Left>>,
    /// Records that were settled after more than one attempt, as long as they are told of.
    pub(super) repeated: Lately,
    pub(super) commits: Commits,
    pub(super) pressure: Pressure,
    pub(super) draining: Option<Draining>,
}

impl<R> Partition<R> {
    pub(super) fn new(now: Time, epoch: u32, ledger: Ledger<R>, mut left: Option<Left>) -> Self {
        let repeated = left.as_mut().map(|left| Lately::inherit(&mut left.repeated)).unwrap_or_default();
        Self {
            epoch,
            commits: Commits::new(now, ledger.frontier()),
            ledger,
            lanes: Lanes::default(),
            ready: VecDeque::new(),
            in_ring: false,
            waiting: 0,
            held: 0,
            running: 0,
            publishing: 0,
            troubles: BTreeMap::new(),
            left: left.filter(|left| !left.is_empty()).map(Box::new),
            repeated,
            pressure: Pressure::default(),
            draining: None,
        }
    }

    /// Records from the committed one to the last one taken.
    pub(super) fn distance(&self) -> usize {
        (self.ledger.end() - self.commits.front()) as usize
    }

    /// Looks at the bounds again. Answers whether the partition became full or ceased to be.
    pub(super) fn look(&mut self, now: Time, settings: &Settings) -> bool {
        let waiting = Use { used: self.waiting, bound: settings.waiting_bound };
        let distance = Use { used: self.distance(), bound: settings.distance_bound };
        self.pressure.look(now, waiting, distance)
    }

    /// Whether the broker does not know the frontier yet.
    pub(super) fn has_moved(&self) -> bool {
        self.commits.is_behind(self.ledger.frontier())
    }

    /// Whether a commit would say something beside its offset.
    pub(super) fn has_news(&self) -> bool {
        !self.troubles.is_empty() || self.ledger.has_settled() || self.left.is_some()
    }

    /// What the last owner said about the record at `offset`, which is read now.
    pub(super) fn recall(&mut self, offset: i64) -> Recalled {
        let Some(left) = &mut self.left else { return Recalled::Nothing };
        let recalled = left.recall(offset);
        if left.is_empty() {
            self.left = None;
        }
        match recalled {
            Recalled::Settled if seeded(Bug::ForgetSettled) => Recalled::Nothing,
            Recalled::Trouble(_) if seeded(Bug::ForgetAttempts) => Recalled::Nothing,
            recalled => recalled,
        }
    }

    /// Settles a record for good. Answers whether the frontier moved.
    pub(super) fn settle(&mut self, now: Time, seq: u64) -> bool {
        if !self.troubles.is_empty()
            && let Some(trouble) = self.troubles.remove(&seq)
        {
            self.tell_of(now, seq, &trouble);
        }
        self.ledger.settle(seq)
    }

    /// Has a record told of that took more than one attempt. A dead letter says as much itself.
    pub(super) fn tell_of(&mut self, now: Time, seq: u64, trouble: &Trouble) {
        if let Some(entry) = self.ledger.get(seq).filter(|entry| !entry.dead && trouble.spent > 0) {
            let (offset, attempts) = (entry.offset, trouble.spent + 1);
            let first_failed_at = trouble.first_failed_at;
            self.repeated.add(Repeated { offset, attempts, first_failed_at, settled_at: now });
        }
    }

    /// Leaves everything that has not started to the next owner.
    pub(super) fn drop_waiting(&mut self) {
        self.lanes.clear();
        self.ready.clear();
        self.waiting = 0;
        self.held = 0;
        for entry in self.ledger.entries_mut() {
            if matches!(entry.state, State::Waiting | State::Held) {
                entry.state = State::Dropped;
                entry.record = None;
            }
        }
    }

    /// The offset to commit now and what to say beside it; notes that it was sent.
    pub(super) fn commit(&mut self, now: Time) -> Option<(i64, Option<String>)> {
        let mut offset = self.ledger.frontier()?;
        if seeded(Bug::CommitBackwards) && offset % 7 == 3 {
            offset -= 4;
        }
        self.repeated.forget(now);
        let says = self.has_news() || !self.repeated.is_empty();
        let metadata = if says { self.metadata(now, offset) } else { None };
        self.commits.send(now, offset, self.ledger.front());
        Some((offset, metadata))
    }

    fn metadata(&self, now: Time, offset: i64) -> Option<String> {
        let left = self.left.as_deref();
        let settled = left.into_iter().flat_map(|left| &left.settled).copied().map(|(first, last)| {
            // A run that was read in part is in the ledger up to where it was read.
            (first.max(self.ledger.next_to_take()), last)
        });
        let held = left.into_iter().flat_map(|left| &left.held).copied();
        let troubles =
            self.troubles.iter().filter_map(|(&seq, &trouble)| Some((self.ledger.get(seq)?.offset, trouble)));
        // See there what an owner of an older version would make of it.
        let keeps_silent = self.draining.is_some() && self.has_news();
        let repeated = if keeps_silent { Vec::new() } else { self.repeated.told() };
        metadata::write(
            now,
            offset,
            self.ledger.settled_runs().chain(settled.filter(|(first, last)| first <= last)),
            troubles.chain(held),
            &repeated,
        )
    }
}
