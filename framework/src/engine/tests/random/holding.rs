//! What the world knows about one partition in the hands of one member.

use std::collections::VecDeque;

use rapidhash::{RapidHashMap, RapidHashSet};

use super::{
    invariant::{Invariant, Verdict, hold},
    log::Log,
};
use crate::engine::{Time, metadata, retry::Trouble};

/// One assignment of a partition. Records are named by their index in the log.
#[derive(Debug)]
pub(super) struct Holding {
    /// Unique over the run.
    pub(super) id: u64,
    /// The next record to read.
    pub(super) next: usize,
    pub(super) paused: bool,
    /// Being given up, with the deadline.
    pub(super) draining: Option<Time>,
    /// By key: records taken and not handed over.
    queues: RapidHashMap<u64, VecDeque<usize>>,
    /// The same for records without a key.
    loose: RapidHashSet<usize>,
    /// Records in handlers.
    pub(super) running: RapidHashSet<usize>,
    /// Records handed over whose acknowledgements are missing.
    pub(super) publishing: usize,
    /// Records taken, not started or held back.
    pub(super) waiting: usize,
    /// Attempts spent, by record.
    pub(super) spent: RapidHashMap<usize, u32>,
    /// When the next attempt may start.
    pub(super) due: RapidHashMap<usize, Time>,
    /// What the last owner listed as settled.
    inherited: RapidHashSet<usize>,
    /// What the last owner said about records held back.
    troubles: RapidHashMap<usize, Trouble>,
    /// Records read and settled in these hands.
    done: RapidHashSet<usize>,
    /// Those of them that no commit lists: they say facts in majors that do not count here.
    unlisted: RapidHashSet<usize>,
    /// The first record that is not.
    undone: usize,
    /// How many records the acknowledged commit covers.
    pub(super) covered: usize,
    pub(super) last_commit: i64,
    /// Commits whose result has not arrived.
    pub(super) commits: usize,
    /// How often others were served while this one was ready and had nothing running.
    pub(super) passed: usize,
}

impl Holding {
    pub(super) fn new(id: u64, log: &Log, readable: bool) -> Self {
        let (base, left) = match &log.committed {
            Some((base, text)) => {
                (*base, text.as_deref().filter(|_| readable).and_then(|text| metadata::read(text, *base)))
            }
            None => (i64::MIN, None),
        };
        let first = log.index_of(base);
        let mut holding = Self {
            id,
            next: first,
            paused: false,
            draining: None,
            queues: RapidHashMap::default(),
            loose: RapidHashSet::default(),
            running: RapidHashSet::default(),
            publishing: 0,
            waiting: 0,
            spent: RapidHashMap::default(),
            due: RapidHashMap::default(),
            inherited: RapidHashSet::default(),
            troubles: RapidHashMap::default(),
            done: RapidHashSet::default(),
            unlisted: RapidHashSet::default(),
            undone: first,
            covered: first,
            last_commit: base,
            commits: 0,
            passed: 0,
        };
        if let Some(left) = left {
            for (from, to) in left.settled {
                holding.inherited.extend(log.index_of(from)..log.index_of(to + 1));
            }
            holding
                .troubles
                .extend(left.held.into_iter().map(|(offset, trouble)| (log.index_of(offset), trouble)));
        }
        holding
    }

    /// Whether the last owner listed the record as settled.
    pub(super) fn is_inherited(&self, index: usize) -> bool {
        self.inherited.contains(&index)
    }

    /// A record is settled: skipped, inherited, or everything it caused is acknowledged.
    pub(super) fn settles(&mut self, index: usize) {
        self.done.insert(index);
        self.spent.remove(&index);
        while self.done.contains(&self.undone) {
            self.undone += 1;
        }
    }

    /// A record is read that says a fact in a major that does not count here.
    pub(super) fn leaves_out(&mut self, index: usize) {
        self.unlisted.insert(index);
        self.settles(index);
    }

    /// Records from the committed one to the last one read.
    pub(super) fn distance(&self) -> usize {
        self.next - self.covered
    }

    /// A record is read that has to run. `attempts` and `latest` bound what a former owner may have said.
    pub(super) fn takes(&mut self, index: usize, key: Option<u64>, attempts: u32, latest: Time) {
        self.waiting += 1;
        match key {
            Some(key) => self.queues.entry(key).or_default().push_back(index),
            None => {
                self.loose.insert(index);
            }
        }
        if let Some(trouble) = self.troubles.get(&index) {
            self.spent.insert(index, trouble.spent.min(attempts - 1));
            self.due.insert(index, trouble.due.min(latest));
        }
    }

    /// A record starts.
    pub(super) fn starts(&mut self, now: Time, index: usize, key: Option<u64>, attempt: u32) -> Verdict {
        hold(!self.is_inherited(index), Invariant::Inheritance, || {
            format!("record {index} was settled already")
        })?;
        let first = match key {
            Some(key) => self.queues.get(&key).and_then(VecDeque::front) == Some(&index),
            None => self.loose.contains(&index),
        };
        hold(first, Invariant::Order, || format!("record {index} of key {key:?} starts before its turn"))?;
        hold(self.running.insert(index), Invariant::Order, || format!("record {index} runs twice at once"))?;
        let spent = self.spent.get(&index).copied().unwrap_or(0);
        let inherits = self.troubles.contains_key(&index) && attempt == 1;
        let invariant = if inherits { Invariant::Inheritance } else { Invariant::Attempts };
        hold(attempt == spent + 1, invariant, || {
            format!("attempt {attempt} of record {index} after {spent} spent")
        })?;
        let due = self.due.get(&index).copied().unwrap_or_default();
        hold(due <= now, Invariant::BackOff, || format!("record {index} starts at {now:?}, due {due:?}"))?;
        self.waiting = self.waiting.saturating_sub(1);
        self.passed = 0;
        Ok(())
    }

    /// A record leaves its key's order.
    pub(super) fn hands_over(&mut self, index: usize, key: Option<u64>) {
        match key {
            Some(key) => {
                if let Some(queue) = self.queues.get_mut(&key) {
                    queue.retain(|&other| other != index);
                }
            }
            None => {
                self.loose.remove(&index);
            }
        }
    }

    /// Whether a record might start now.
    pub(super) fn is_ready(&self, now: Time) -> bool {
        let ready =
            |index: &usize| !self.running.contains(index) && self.due.get(index).is_none_or(|&due| due < now);
        self.loose.iter().any(ready) || self.queues.values().filter_map(VecDeque::front).any(ready)
    }

    /// What a commit may say. What is held back is `fresh` unless handlers ended since the commit was decided.
    pub(super) fn commits(&mut self, log: &Log, offset: i64, text: Option<&str>, fresh: bool) -> Verdict {
        let frontier = log.records.get(self.undone).map_or(log.end(), |record| record.offset);
        hold(offset <= frontier, Invariant::Settled, || {
            format!("{offset} is committed, {frontier} is not settled")
        })?;
        hold(offset >= self.last_commit, Invariant::Monotone, || {
            format!("{offset} is committed after {}", self.last_commit)
        })?;
        self.last_commit = offset;
        self.commits += 1;
        let Some(text) = text else { return Ok(()) };
        hold(text.len() <= metadata::MAX_BYTES, Invariant::Metadata, || format!("{} bytes", text.len()))?;
        let left = metadata::read(text, offset);
        hold(left.is_some(), Invariant::Metadata, || format!("it cannot be read: {text}"))?;
        let left = left.unwrap_or_default();
        for (from, to) in left.settled {
            for index in log.index_of(from)..log.index_of(to + 1) {
                let settled = self.done.contains(&index) || (index >= self.next && self.is_inherited(index));
                hold(settled, Invariant::Metadata, || {
                    format!("record {index} is listed as settled and is not: {text}")
                })?;
            }
        }
        for it in left.repeated {
            let index = log.index_of(it.offset);
            let settled = it.offset < offset || self.done.contains(&index) || self.is_inherited(index);
            hold(settled && it.attempts > 1, Invariant::Metadata, || {
                format!("{} is told to have taken {} attempts: {text}", it.offset, it.attempts)
            })?;
        }
        for (held, trouble) in left.held {
            let index = log.index_of(held);
            let record = &log.records[index];
            let spent =
                self.spent.get(&index).copied().or(self.troubles.get(&index).map(|trouble| trouble.spent));
            let right = record.offset == held && !self.done.contains(&index) && spent == Some(trouble.spent);
            hold(right || !fresh, Invariant::Metadata, || {
                format!("{held} is listed as held back: {text}, spent {spent:?}")
            })?;
        }
        Ok(())
    }

    /// Whether nothing of what was done is lost on the next owner.
    pub(super) fn leaves(&self, log: &Log) -> Verdict {
        let running = self.running.len();
        hold(running + self.publishing + self.commits == 0, Invariant::Drain, || {
            format!(
                "given up with {running} running, {} unacknowledged, {} commits",
                self.publishing, self.commits
            )
        })?;
        let (base, left) = match &log.committed {
            Some((base, text)) => (*base, text.as_deref().and_then(|text| metadata::read(text, *base))),
            None => (i64::MIN, None),
        };
        let left = left.unwrap_or_default();
        // A longer list may have been cut.
        let whole = left.settled.len() + left.held.len() < 50;
        let listed = self.done.difference(&self.unlisted);
        for &index in listed.filter(|&&index| log.records[index].offset >= base) {
            let offset = log.records[index].offset;
            let listed = left.settled.iter().any(|&(from, to)| from <= offset && offset <= to);
            hold(listed || !whole, Invariant::Drain, || {
                format!("the next owner does not hear that {offset} is settled")
            })?;
        }
        Ok(())
    }
}
