//! Consumer groups: their states, and what they committed.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

use super::kept_bytes::BadState;
use super::rate::Rate;
use super::save::{In, Saved, saved};
use crate::fact::{self, GroupState, Held, Millis};

/// The most runs of settled offsets that are kept of one commit: more than metadata of 3 KiB can name.
const MAX_RUNS: usize = 2_000;
/// Metadata with at most so many runs and held records has room for more, so what it does not list is not so.
const ROOM_FOR_RUNS: usize = 100;
/// The same for records held back.
const ROOM_FOR_HELD: usize = 40;

/// For how long a state holds while none is told, in milliseconds: longer than brokers take to restart in turn.
const STATE_HOLDS_MS: Millis = 5 * 60 * 1_000;

/// Attempts that are remembered of one partition of one group; the oldest go first.
pub(super) const MAX_TRIED: usize = 512;

/// An attempt that a step told of: it failed, and the record waits for the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tried {
    pub(super) offset: i64,
    /// How many were spent then.
    pub(super) attempts: u32,
    /// When the commit that tells of it was fetched.
    pub(super) at: Millis,
    /// When the next was due.
    pub(super) due: Millis,
    /// Whether what the step needs was away.
    pub(super) outage: bool,
    /// When the first one failed.
    pub(super) first_failed_at: Millis,
}

saved!(Tried { offset, attempts, at, due, outage, first_failed_at });

/// One group.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    /// Its state and since when; `None` before it was asked about.
    pub(super) state: Option<(GroupState, Millis)>,
    /// When a state was last told that is not [`GroupState::Unknown`].
    state_told_at: Millis,
    /// Its commits by partition.
    pub(super) commits: BTreeMap<u32, Commit>,
    /// When the newest of them were fetched: what waits there is as old as it was then, so that nothing ages while a
    /// group cannot be asked about.
    pub(super) looked_at: Millis,
    /// Whether it was ever seen to say more than an offset: such a step lists within two seconds what it settles above
    /// its mark, so that where it lists nothing, nothing is settled there.
    pub(super) tells: bool,
}

saved!(Group { state, state_told_at, commits, looked_at, tells });

impl Group {
    /// Tells the state that was told at `at`. Not being told one, for a while, changes nothing. `moves` says that the group
    /// committed more than before: whoever does that has a member, whatever was told; and one of which offsets are known
    /// (`commits`) is never dead, but of a kind that this question tells nothing of.
    pub(super) fn told(&mut self, state: GroupState, moves: bool, commits: bool, at: Millis) {
        let has_member = |state: GroupState| !matches!(state, GroupState::Empty | GroupState::Dead);
        let state = if state == GroupState::Dead && commits { GroupState::Unknown } else { state };
        let before = self.state.filter(|(before, _)| has_member(*before) || !moves);
        if state == GroupState::Unknown {
            let holds = at.saturating_sub(self.state_told_at) <= STATE_HOLDS_MS;
            if before.is_some_and(|(before, _)| before != GroupState::Unknown) && holds {
                return;
            }
        } else {
            self.state_told_at = at;
        }
        let since = before.filter(|(before, _)| has_member(*before) == has_member(state));
        self.state = Some((state, since.map_or(at, |(_, since)| since)));
    }
}

/// What a group committed for one partition.
#[derive(Debug, Clone, Default)]
pub(super) struct Commit {
    /// The newest committed offset; `None` where it never committed.
    pub(super) offset: Option<i64>,
    /// Runs of settled offsets at or above it.
    settled: Vec<(i64, i64)>,
    /// Records held back.
    pub(super) held: Vec<Held>,
    /// What was told of records held back, each attempt once.
    tried: VecDeque<Tried>,
    /// Whether anything was said beside the offset, and whether all was.
    said: bool,
    said_all: bool,
    /// Of what lies below this offset all that is settled was said.
    said_to: i64,
    /// The last time at which the group was seen to get on, or to have nothing to do.
    pub(super) still_since: Millis,
    /// The same of its offset alone: since when the record there is the first that is not settled.
    pub(super) mark_since: Millis,
    /// When it was last seen to get on; zero for never.
    pub(super) moved_at: Millis,
    /// The first offset that it committed, where the observer saw that there was none before, or came later.
    pub(super) begin: Option<i64>,
    /// The offset at the newest consistent cut.
    proved: Option<i64>,
    /// The runs settled above it at that cut.
    proved_settled: Vec<(i64, i64)>,
    /// Records that it committed lately, and since the observer knows it.
    pub(super) rate: Rate,
    pub(super) committed: u64,
}

saved!(Commit {
    offset,
    settled,
    held,
    tried,
    said,
    said_all,
    said_to,
    still_since,
    mark_since,
    moved_at,
    begin,
    proved,
    proved_settled,
    rate,
    committed
});

impl Commit {
    /// Tells what was fetched at `at`; `reach` is the offset behind the last record that is there, and `tells` whether
    /// the group is one that says more than an offset where there is more to say. Whether more is settled than before.
    pub(super) fn told(&mut self, now: &fact::Committed, reach: i64, tells: bool, at: Millis) -> bool {
        let before = std::mem::replace(&mut self.offset, now.offset);
        let first = self.still_since == 0;
        let grown = match (before, now.offset) {
            (Some(before), Some(after)) if after >= before => {
                self.count((after - before) as u64, at);
                let grown = self.merge_settled(now, after);
                grown || after > before
            }
            (before, Some(after)) => {
                // The first commit, or offsets that somebody set back: nothing of before holds.
                self.settled.clear();
                self.merge_settled(now, after);
                self.begin = Some(self.begin.map_or(after, |begin| begin.min(after)));
                before.is_some() || !first
            }
            (_, None) => false,
        };
        let idle = now.offset.is_some_and(|offset| offset >= reach);
        if first || grown || idle {
            self.still_since = at;
        }
        if first || before != now.offset || idle {
            self.mark_since = at;
        }
        if grown && !first {
            self.moved_at = at;
        }
        self.said = now.progress.is_some() || tells;
        let progress = now.progress.as_ref();
        let last_run = progress.and_then(|it| it.settled.last()).map_or(0, |run| *run.end());
        self.said_to = last_run.max(now.offset.unwrap_or(0));
        let held = progress.map(|it| it.held.clone()).unwrap_or_default();
        self.note_tried(&held, at);
        self.held = held;
        let has_room =
            |it: &fact::Progress| it.settled.len() <= ROOM_FOR_RUNS && it.held.len() <= ROOM_FOR_HELD;
        self.said_all = progress.map_or(tells, has_room);
        grown && !first
    }

    /// Takes down the attempts that were not told of before.
    fn note_tried(&mut self, held: &[Held], at: Millis) {
        for now in held {
            let before = self.held(now.offset).map(|it| (it.attempts, it.outage));
            if before == Some((now.attempts, now.outage)) {
                continue;
            }
            if self.tried.len() >= MAX_TRIED {
                self.tried.pop_front();
            }
            let Held { offset, attempts, due, outage, first_failed_at } = *now;
            self.tried.push_back(Tried { offset, attempts, at, due, outage, first_failed_at });
        }
    }

    /// The attempts at a record that were told of, as far as they are remembered, the oldest first.
    pub(super) fn tried(&self, offset: i64) -> impl Iterator<Item = &Tried> {
        self.tried.iter().filter(move |tried| tried.offset == offset)
    }

    fn count(&mut self, records: u64, at: Millis) {
        self.committed = self.committed.saturating_add(records);
        self.rate.add(u32::try_from(records).unwrap_or(u32::MAX), at);
    }

    /// Adds what is listed to what was listed: a list that was cut short takes nothing back. Whether it grew.
    fn merge_settled(&mut self, now: &fact::Committed, committed: i64) -> bool {
        let listed = now.progress.as_ref().map_or(&[][..], |it| &it.settled);
        let before = covered(&self.settled, committed);
        self.settled = merged(&self.settled, listed, committed);
        covered(&self.settled, committed) > before
    }

    /// Whether the newest commit settles an offset.
    pub(super) fn settles(&self, offset: i64) -> bool {
        self.offset.is_some_and(|committed| offset < committed) || within(&self.settled, offset)
    }

    /// Whether an offset was settled at the newest consistent cut.
    pub(super) fn proves(&self, offset: i64) -> bool {
        self.proved.is_some_and(|committed| offset < committed) || within(&self.proved_settled, offset)
    }

    /// Whether what was said beside the commit proves that an offset at or above it is not settled.
    pub(super) fn denies(&self, offset: i64) -> bool {
        if !self.said || self.settles(offset) {
            return false;
        }
        self.said_all || offset < self.said_to
    }

    /// Whether a commit that could not say everything says nothing about an offset.
    pub(super) fn is_silent_about(&self, offset: i64) -> bool {
        self.said && !self.settles(offset) && !self.denies(offset)
    }

    /// What was said about a record held back.
    pub(super) fn held(&self, offset: i64) -> Option<&Held> {
        self.held.binary_search_by_key(&offset, |held| held.offset).ok().map(|at| &self.held[at])
    }

    /// Whether the step told that what it needs is away.
    pub(super) fn in_outage(&self) -> bool {
        self.held.iter().any(|held| held.outage)
    }

    /// How many records before `offset` are not settled, from `start` on where nothing is committed. `gaps` are no
    /// records.
    pub(super) fn ahead(&self, offset: i64, start: i64, gaps: &[RangeInclusive<i64>]) -> u64 {
        let from = self.offset.unwrap_or(start);
        let done = merged(&self.settled, gaps, from);
        let done: i64 =
            done.iter().map(|(first, last)| ((*last).min(offset - 1) - (*first).max(from) + 1).max(0)).sum();
        u64::try_from(offset - from - done).unwrap_or(0)
    }

    /// The offset and the settled runs, for a cut.
    pub(super) fn settled_now(&self) -> (Option<i64>, Vec<(i64, i64)>) {
        (self.offset, self.settled.clone())
    }

    /// A cut proves what was committed then.
    pub(super) fn prove(&mut self, offset: Option<i64>, settled: Vec<(i64, i64)>) {
        self.proved = offset;
        self.proved_settled = settled;
    }
}

fn within(runs: &[(i64, i64)], offset: i64) -> bool {
    let after = runs.partition_point(|(first, _)| *first <= offset);
    after > 0 && runs[after - 1].1 >= offset
}

/// How many offsets at or above `from` the runs name.
fn covered(runs: &[(i64, i64)], from: i64) -> i64 {
    runs.iter().map(|(first, last)| (last - (*first).max(from) + 1).max(0)).sum()
}

/// The union of runs at or above `from`, ascending and apart.
fn merged(old: &[(i64, i64)], new: &[RangeInclusive<i64>], from: i64) -> Vec<(i64, i64)> {
    let mut all: Vec<(i64, i64)> =
        old.iter().copied().chain(new.iter().map(|run| (*run.start(), *run.end()))).collect();
    all.retain(|(first, last)| *last >= from && first <= last);
    all.sort_unstable();
    let mut runs: Vec<(i64, i64)> = Vec::with_capacity(all.len().min(MAX_RUNS));
    for (first, last) in all {
        match runs.last_mut() {
            Some(run) if first <= run.1.saturating_add(1) => run.1 = run.1.max(last),
            _ => runs.push((first, last)),
        }
    }
    runs.truncate(MAX_RUNS);
    runs
}

impl Saved for GroupState {
    fn save(&self, out: &mut Vec<u8>) {
        let number: u8 = match self {
            Self::Stable => 0,
            Self::Rebalancing => 1,
            Self::Empty => 2,
            Self::Dead => 3,
            Self::Unknown => 4,
        };
        number.save(out);
    }

    fn load(input: &mut In<'_>) -> Result<Self, BadState> {
        Ok(match u8::load(input)? {
            0 => Self::Stable,
            1 => Self::Rebalancing,
            2 => Self::Empty,
            3 => Self::Dead,
            4 => Self::Unknown,
            _ => return Err(BadState::Form("no state of a group")),
        })
    }
}

saved!(Held { offset, attempts, due, first_failed_at, outage });

#[cfg(test)]
mod tests {
    use super::{Commit, MAX_TRIED};
    use crate::fact::{Committed, Held, Progress};

    fn committed(offset: i64, progress: Option<Progress>) -> Committed {
        Committed { group: "g".into(), topic: "t".into(), partition: 0, offset: Some(offset), progress }
    }

    fn held(offset: i64) -> Held {
        Held { offset, attempts: 1, due: 0, first_failed_at: 0, outage: false }
    }

    #[test]
    fn what_was_listed_once_stays_settled_though_the_list_is_cut_short() {
        let mut commit = Commit::default();
        let first = Progress { settled: vec![12..=14, 20..=20], held: vec![held(10)], ..Progress::default() };
        commit.told(&committed(10, Some(first)), 30, false, 1_000);
        commit.told(
            &committed(
                10,
                Some(Progress { settled: vec![15..=15], held: vec![held(10)], ..Progress::default() }),
            ),
            30,
            false,
            2_000,
        );
        let settled: Vec<i64> = (0..30).filter(|offset| commit.settles(*offset)).collect();
        assert_eq!(settled, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 20]);
        assert_eq!(commit.ahead(16, 0, &[]), 2);
        assert_eq!(commit.ahead(22, 0, &[11..=13, 21..=21]), 5);
        assert!(commit.denies(11) && commit.denies(25) && !commit.denies(12));
        assert!(commit.held(10).is_some() && commit.held(11).is_none());
    }

    #[test]
    fn what_a_list_that_was_cut_short_leaves_out_is_neither_settled_nor_not() {
        let mut commit = Commit::default();
        commit.told(
            &committed(10, Some(Progress { settled: vec![12..=900], held: vec![], ..Progress::default() })),
            2_000,
            false,
            1_000,
        );
        let runs = |last: i64| (0..last).map(|run| 11 + run * 2..=11 + run * 2).collect();
        let list = Progress { settled: runs(120), held: vec![held(10)], ..Progress::default() };
        commit.told(&committed(10, Some(list)), 2_000, false, 2_000);
        assert!(commit.settles(899), "it was said once");
        assert!(commit.denies(10) && commit.is_silent_about(901) && !commit.denies(901));
        assert!(!commit.is_silent_about(10));
    }

    #[test]
    fn without_metadata_nothing_is_denied() {
        let mut commit = Commit::default();
        commit.told(&committed(10, None), 30, false, 1_000);
        assert!(!commit.denies(12) && !commit.settles(12) && commit.settles(9));
    }

    #[test]
    fn it_stands_still_only_while_there_is_something_to_do() {
        let mut commit = Commit::default();
        commit.told(&committed(10, None), 10, false, 1_000);
        commit.told(&committed(10, None), 10, false, 9_000);
        assert_eq!((commit.still_since, commit.moved_at), (9_000, 0), "idle");
        commit.told(&committed(10, None), 11, false, 11_000);
        assert_eq!(commit.still_since, 9_000, "a record waits");
        commit.told(&committed(11, None), 12, false, 13_000);
        assert_eq!((commit.still_since, commit.moved_at), (13_000, 13_000));
        let progress = Progress { settled: vec![13..=13], held: Vec::new(), ..Progress::default() };
        commit.told(&committed(11, Some(progress)), 20, false, 15_000);
        assert_eq!(commit.still_since, 15_000, "what is settled above it grew");
    }

    #[test]
    fn each_attempt_is_remembered_once_and_the_oldest_go() {
        let mut commit = Commit::default();
        let told = |attempts, outage| {
            let held = Held { offset: 10, attempts, due: 9_000, first_failed_at: 0, outage };
            committed(10, Some(Progress { settled: vec![], held: vec![held], ..Progress::default() }))
        };
        for (at, attempts, outage) in
            [(1_000, 1, false), (3_000, 1, false), (5_000, 3, false), (7_000, 3, true), (9_000, 4, false)]
        {
            commit.told(&told(attempts, outage), 30, false, at);
        }
        commit.told(&committed(11, None), 30, false, 11_000);
        let tried: Vec<_> = commit.tried(10).map(|it| (it.at, it.attempts, it.outage)).collect();
        assert_eq!(tried, [(1_000, 1, false), (5_000, 3, false), (7_000, 3, true), (9_000, 4, false)]);
        for offset in 0..MAX_TRIED as i64 {
            let held = Progress { settled: vec![], held: vec![held(100 + offset)], ..Progress::default() };
            commit.told(&committed(100 + offset, Some(held)), 2_000, false, 12_000);
        }
        assert_eq!((commit.tried(10).count(), commit.tried.len()), (0, MAX_TRIED));
    }

    #[test]
    fn only_a_cut_proves() {
        let mut commit = Commit::default();
        commit.told(&committed(10, None), 10, false, 1_000);
        assert!(commit.settles(9) && !commit.proves(9));
        let (offset, settled) = commit.settled_now();
        commit.prove(offset, settled);
        assert!(commit.proves(9) && !commit.proves(10));
    }
}
