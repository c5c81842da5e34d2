//! The ledger of one partition: what was taken, what is settled, and so what may be committed.
//!
//! Records are numbered in the order in which they are taken. A gap between offsets (compaction, transaction
//! marks) costs nothing, and every look-up is one index into a ring buffer.

use std::collections::VecDeque;

use super::bug::{Bug, seeded};

/// Where a record is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// In its lane: behind another record, or ready to start.
    Waiting,
    /// Waits for the time of its next attempt; its lane waits with it.
    Held,
    /// In a handler.
    Running,
    /// Handed over: its lane goes on, its acknowledgements are missing.
    Publishing,
    /// Done for good.
    Settled,
    /// Done for good, and no commit lists it: to another version of the step it may be what counts.
    Passed,
    /// Done as soon as the record is that says the same fact in the major that the step reads.
    Twin,
    /// Left to the next owner of the partition.
    Dropped,
}

/// Marks the end of a lane's chain.
pub(super) const LAST: u32 = 0;

/// One record from taken to settled.
#[derive(Debug)]
pub(super) struct Entry<R> {
    /// The record; `None` once settled or dropped.
    pub(super) record: Option<R>,
    pub(super) offset: i64,
    /// The lane's hash; meaningless without `keyed`.
    pub(super) lane: u64,
    /// How many records later the next one of the lane was taken, or what a [`State::Twin`] waits for; [`LAST`] while
    /// there is none.
    pub(super) next: u32,
    /// Acknowledgements still missing. Below zero while they arrive before the handler is said to be done.
    pub(super) missing: i32,
    /// The place among the running attempts that have a time limit.
    pub(super) limit: u32,
    pub(super) state: State,
    pub(super) keyed: bool,
    /// There is a [`Trouble`](super::retry::Trouble) about it.
    pub(super) troubled: bool,
    /// Its dead letter was asked for.
    pub(super) dead: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Ledger<R> {
    entries: VecDeque<Entry<R>>,
    /// The number of the first entry.
    front: u64,
    /// Settled entries that an unsettled one keeps in the ledger.
    settled: usize,
    /// Twins for which the record they wait for was not taken yet, as fact and number, the oldest first.
    awaiting: VecDeque<(u64, u64)>,
    /// After how many records they are let go.
    patience: u64,
    /// The next offset to read if the partition were given up now; `None` before anything is known.
    frontier: Option<i64>,
    /// The last offset that was taken.
    last: Option<i64>,
}

impl<R> Ledger<R> {
    /// The ledger of a partition whose last owner committed `committed`, with the patience for twins.
    pub(super) fn new(committed: Option<i64>, patience: u64) -> Self {
        Self {
            entries: VecDeque::new(),
            front: 0,
            settled: 0,
            awaiting: VecDeque::new(),
            patience,
            frontier: committed,
            last: committed.map(|next| next - 1),
        }
    }

    /// Whether `offset` lies behind everything taken before.
    pub(super) fn accepts(&self, offset: i64) -> bool {
        self.last.is_none_or(|last| offset > last)
    }

    /// Enters a record that is to be handled.
    pub(super) fn take(&mut self, offset: i64, lane: Option<u64>, record: R) -> u64 {
        self.push(offset, lane, Some(record), State::Waiting)
    }

    /// Enters a record that is settled already.
    pub(super) fn skip(&mut self, offset: i64) {
        self.enter_settled(offset, State::Settled);
    }

    /// Enters a record that is settled already, and that no commit shall list.
    pub(super) fn pass(&mut self, offset: i64) {
        let state = if seeded(Bug::ListPassed) { State::Settled } else { State::Passed };
        self.enter_settled(offset, state);
    }

    fn enter_settled(&mut self, offset: i64, state: State) {
        if self.entries.is_empty() {
            self.front += 1;
            self.last = Some(offset);
            self.frontier = Some(offset + 1);
        } else {
            self.settled += usize::from(state == State::Settled);
            self.push(offset, None, None, state);
        }
    }

    /// Enters a record that is settled together with the one that says the same `fact` and comes later.
    pub(super) fn await_twin(&mut self, offset: i64, fact: u64) {
        if seeded(Bug::SettleTwinAtOnce) {
            return self.pass(offset);
        }
        let seq = self.push(offset, None, None, State::Twin);
        self.awaiting.push_back((fact, seq));
    }

    /// The record taken last says `fact`: what waits for it is settled when it is.
    pub(super) fn tie(&mut self, fact: u64) {
        if seeded(Bug::ForgetTie) {
            return;
        }
        let Some(last) = self.end().checked_sub(1) else { return };
        // Nothing is taken out while nobody waits, which is nearly always.
        while let Some(at) = self.awaiting.iter().position(|(awaited, _)| *awaited == fact) {
            let Some((_, seq)) = self.awaiting.remove(at) else { return };
            if let Some(entry) = self.get_mut(seq) {
                // Bounded by the patience.
                entry.next = (last - seq) as u32;
            }
        }
        self.advance();
    }

    /// Lets go of twins whose record did not come.
    fn lose_patience(&mut self) {
        if seeded(Bug::EndlessPatience) {
            return;
        }
        let (end, patience) = (self.end(), self.patience);
        while let Some((_, seq)) = self.awaiting.pop_front_if(|(_, seq)| end - *seq > patience) {
            if let Some(entry) = self.get_mut(seq) {
                entry.state = State::Passed;
            }
        }
        self.advance();
    }

    fn push(&mut self, offset: i64, lane: Option<u64>, record: Option<R>, state: State) -> u64 {
        let seq = self.end();
        self.last = Some(offset);
        if self.frontier.is_none() {
            self.frontier = Some(offset);
        }
        self.entries.push_back(Entry {
            record,
            offset,
            lane: lane.unwrap_or(0),
            next: LAST,
            missing: 0,
            limit: 0,
            state,
            keyed: lane.is_some(),
            troubled: false,
            dead: false,
        });
        if !self.awaiting.is_empty() {
            self.lose_patience();
        }
        seq
    }

    /// The entry with number `seq`, while it is not settled for good.
    pub(super) fn get(&self, seq: u64) -> Option<&Entry<R>> {
        self.entries.get(usize::try_from(seq.checked_sub(self.front)?).ok()?)
    }

    /// The entry with number `seq`, while it is not settled for good.
    pub(super) fn get_mut(&mut self, seq: u64) -> Option<&mut Entry<R>> {
        self.entries.get_mut(usize::try_from(seq.checked_sub(self.front)?).ok()?)
    }

    /// Settles an entry, and everything at the front that is settled leaves. Answers whether the frontier moved.
    pub(super) fn settle(&mut self, seq: u64) -> bool {
        let Some(entry) = self.get_mut(seq) else { return false };
        if matches!(entry.state, State::Settled | State::Passed) {
            return false;
        }
        entry.state = State::Settled;
        entry.record = None;
        self.settled += 1;
        if seeded(Bug::CommitPastGap) {
            let behind = self.get(seq).map(|entry| entry.offset + 1);
            self.frontier = self.frontier.max(behind);
        }
        self.advance()
    }

    /// Lets everything at the front that is settled leave. Answers whether the frontier moved.
    fn advance(&mut self) -> bool {
        let before = self.front;
        while self.entries.front().is_some_and(|entry| self.is_done(entry)) {
            if let Some(entry) = self.entries.pop_front() {
                self.front += 1;
                self.settled -= usize::from(entry.state == State::Settled);
                self.frontier = self.frontier.max(Some(entry.offset + 1));
            }
        }
        self.front > before
    }

    /// Whether the entry at the front is settled, by itself or by what it waits for.
    fn is_done(&self, front: &Entry<R>) -> bool {
        match front.state {
            State::Settled | State::Passed => true,
            State::Twin if front.next != LAST => {
                let awaited = self.get(self.front + u64::from(front.next));
                awaited.is_some_and(|awaited| awaited.state == State::Settled || seeded(Bug::SettleTwinEarly))
            }
            _ => false,
        }
    }

    /// The next offset to read, were the partition given up now.
    pub(super) fn frontier(&self) -> Option<i64> {
        self.frontier
    }

    /// The smallest offset that may still be taken.
    pub(super) fn next_to_take(&self) -> i64 {
        self.last.map_or(i64::MIN, |last| last.saturating_add(1))
    }

    /// The number of the first unsettled record, or of the next one to be taken.
    pub(super) fn front(&self) -> u64 {
        self.front
    }

    /// The number of the next record to be taken.
    pub(super) fn end(&self) -> u64 {
        self.front + self.entries.len() as u64
    }

    /// Whether settled records wait for an unsettled one.
    pub(super) fn has_settled(&self) -> bool {
        self.settled > 0
    }

    /// The first unsettled entry that is not a mere twin.
    pub(super) fn oldest(&self) -> Option<&Entry<R>> {
        self.entries.iter().find(|entry| !matches!(entry.state, State::Settled | State::Passed | State::Twin))
    }

    /// Every entry with its number.
    pub(super) fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry<R>> {
        self.entries.iter_mut()
    }

    /// The places of the running records among the attempts with a time limit.
    pub(super) fn running_limits(&self) -> impl Iterator<Item = u32> {
        self.entries.iter().filter(|entry| entry.state == State::Running).map(|entry| entry.limit)
    }

    /// Runs of settled offsets behind the frontier, as (first, last), ascending.
    ///
    /// A run goes over offsets that were never delivered between two settled records: the log has no record there.
    pub(super) fn settled_runs(&self) -> impl Iterator<Item = (i64, i64)> {
        let mut left = self.settled;
        let mut entries = self.entries.iter().peekable();
        std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let first = entries.find(|entry| is_listed(entry))?;
            left = left.saturating_sub(1);
            let mut last = first.offset;
            while let Some(entry) = entries.next_if(|entry| is_listed(entry)) {
                last = entry.offset;
                left = left.saturating_sub(1);
            }
            Some((first.offset, last))
        })
    }
}

fn is_listed<R>(entry: &Entry<R>) -> bool {
    entry.state == State::Settled || (seeded(Bug::ListUnsettled) && entry.state == State::Running)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: u64 = 10;

    fn ledger(offsets: &[i64]) -> Ledger<()> {
        let mut ledger = Ledger::new(None, PATIENCE);
        for &offset in offsets {
            assert!(ledger.accepts(offset));
            ledger.take(offset, None, ());
        }
        ledger
    }

    #[test]
    fn the_frontier_stops_at_the_first_unsettled_record() {
        let mut ledger = ledger(&[3, 4, 9]);
        assert_eq!(ledger.frontier(), Some(3));
        assert!(!ledger.settle(1));
        assert_eq!(ledger.frontier(), Some(3));
        assert!(ledger.settle(0));
        assert_eq!(ledger.frontier(), Some(5));
        assert!(ledger.settle(2));
        assert_eq!(ledger.frontier(), Some(10));
        assert_eq!(ledger.front(), ledger.end());
    }

    #[test]
    fn settling_twice_changes_nothing() {
        let mut ledger = ledger(&[0, 1, 2]);
        ledger.settle(1);
        assert!(!ledger.settle(1));
        ledger.settle(0);
        assert!(!ledger.settle(0));
        assert_eq!(ledger.frontier(), Some(2));
        assert!(!ledger.has_settled());
    }

    #[test]
    fn what_is_skipped_is_settled_at_once_but_passes_nobody() {
        let mut ledger = ledger(&[]);
        ledger.skip(7);
        assert_eq!(ledger.frontier(), Some(8));
        let seq = ledger.take(8, None, ());
        ledger.skip(9);
        assert_eq!(ledger.frontier(), Some(8));
        ledger.settle(seq);
        assert_eq!(ledger.frontier(), Some(10));
    }

    #[test]
    fn what_is_passed_is_settled_and_listed_by_no_commit() {
        let mut ledger = ledger(&[1]);
        ledger.skip(2);
        ledger.pass(3);
        ledger.skip(4);
        assert_eq!(ledger.settled_runs().collect::<Vec<_>>(), [(2, 2), (4, 4)]);
        ledger.settle(0);
        assert_eq!((ledger.frontier(), ledger.has_settled()), (Some(5), false));
        ledger.pass(5);
        assert_eq!(ledger.frontier(), Some(6));
    }

    #[test]
    fn a_twin_is_settled_with_the_record_that_says_the_same() {
        let mut ledger = ledger(&[]);
        ledger.await_twin(1, 77);
        assert_eq!(ledger.frontier(), Some(1));
        ledger.skip(2);
        let other = ledger.take(3, None, ());
        ledger.tie(78);
        ledger.settle(other);
        assert_eq!(ledger.frontier(), Some(1), "another fact settles nothing");
        // Written again by an emitter that ended between the two.
        ledger.await_twin(4, 77);
        let awaited = ledger.take(5, None, ());
        ledger.tie(77);
        assert_eq!(ledger.oldest().map(|oldest| oldest.offset), Some(5));
        assert_eq!(ledger.settled_runs().collect::<Vec<_>>(), [(2, 3)], "no twin is listed");
        assert!(ledger.settle(awaited));
        assert_eq!((ledger.frontier(), ledger.has_settled()), (Some(6), false));
    }

    #[test]
    fn a_twin_whose_record_the_last_owner_settled_is_settled_too() {
        let mut ledger = ledger(&[]);
        ledger.await_twin(1, 77);
        ledger.skip(2);
        ledger.tie(77);
        assert_eq!(ledger.frontier(), Some(3));
    }

    #[test]
    fn a_twin_whose_record_does_not_come_waits_so_long_and_no_longer() {
        let mut ledger = ledger(&[]);
        ledger.await_twin(0, 77);
        for offset in 1..PATIENCE as i64 {
            ledger.skip(offset);
        }
        assert_eq!(ledger.frontier(), Some(0));
        ledger.skip(PATIENCE as i64);
        assert_eq!(ledger.frontier(), Some(PATIENCE as i64 + 1));
        assert!(ledger.awaiting.is_empty());
    }

    #[test]
    fn runs_go_over_offsets_that_do_not_exist() {
        let mut ledger = ledger(&[1, 2, 5, 6, 9, 12]);
        for seq in [1, 2, 4] {
            ledger.settle(seq);
        }
        assert_eq!(ledger.settled_runs().collect::<Vec<_>>(), [(2, 5), (9, 9)]);
    }

    #[test]
    fn offsets_go_forwards_only() {
        let mut ledger = Ledger::new(Some(10), PATIENCE);
        assert!(!ledger.accepts(9));
        assert!(ledger.accepts(10));
        ledger.take(12, None, ());
        assert!(!ledger.accepts(12));
        assert_eq!(ledger.frontier(), Some(10));
    }
}
