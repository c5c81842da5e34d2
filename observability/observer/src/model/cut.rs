//! The consistent cut.
//!
//! A step acknowledges its emits and its dead letter before it commits. So an offset that was committed when the
//! groups were asked proves, once everything below ends that were fetched *after* that was read, that what has not
//! been seen does not exist. Before, "nothing was emitted" may only mean that it was not read yet.

use super::places::Places;
use crate::fact::Millis;

/// What was committed for one partition: group, partition, offset, settled runs.
type Settled = (u16, u32, Option<i64>, Vec<(i64, i64)>);

/// What was committed at one moment, and how far everything must be read for that to prove anything.
#[derive(Debug, Clone)]
pub(super) struct Round {
    /// When fetching the commits began.
    groups_at: Millis,
    /// When fetching the ends began; zero before.
    ends_at: Millis,
    /// Whether the partitions were asked for after the commits: only then each is among the ends to which a step may have
    /// written before it committed.
    knows_all: bool,
    pub(super) commits: Vec<Settled>,
    targets: Vec<(u32, i64)>,
}

impl Round {
    fn is_read(&self, places: &Places) -> bool {
        self.targets.iter().all(|&(place, end)| places.get(place).next().is_some_and(|next| next >= end))
    }
}

/// How far the cut has come.
#[derive(Debug, Default)]
pub(super) struct Cut {
    /// Commits without their ends.
    told: Option<Round>,
    /// What is being read up to.
    reading: Option<Round>,
    /// What comes then: the newest.
    next: Option<Round>,
    /// When the commits of the newest cut were fetched; zero before the first.
    pub(super) proved_at: Millis,
    /// When the ends of the newest cut were fetched: every record that was read before, and all that was written
    /// before such a record, is known. Zero before the first, and after new topics were declared.
    pub(super) whole_at: Millis,
    /// Whether everything that was there at the start was read.
    pub(super) caught_up: bool,
    /// Whether the newest cut knew every partition to which a step may have written before it committed.
    pub(super) knows_all: bool,
}

super::save::saved!(Saved { proved_at, whole_at });

/// What of it outlives a restart.
#[derive(Debug)]
pub(super) struct Saved {
    proved_at: Millis,
    whole_at: Millis,
}

impl Cut {
    pub(super) fn saved(&self) -> Saved {
        Saved { proved_at: self.proved_at, whole_at: self.whole_at }
    }

    pub(super) fn restored(saved: &Saved) -> Self {
        Self { proved_at: saved.proved_at, whole_at: saved.whole_at, ..Self::default() }
    }

    /// Tells commits.
    pub(super) fn groups(&mut self, at: Millis, commits: Vec<Settled>) {
        self.told = Some(Round { groups_at: at, ends_at: 0, knows_all: false, commits, targets: Vec::new() });
    }

    /// Tells the ends fetched after them, of the partitions that were asked for at `partitions_at`.
    pub(super) fn ends(&mut self, at: Millis, partitions_at: Millis, targets: Vec<(u32, i64)>) {
        let Some(mut round) = self.told.take_if(|round| at >= round.groups_at) else { return };
        round.ends_at = at;
        round.knows_all = partitions_at >= round.groups_at;
        round.targets = targets;
        if self.reading.is_none() {
            self.reading = Some(round);
        } else if round.knows_all || self.next.as_ref().is_none_or(|next| !next.knows_all) {
            // One that proves more is not given up for a newer one, or where reading lags none such would ever be read.
            self.next = Some(round);
        }
    }

    /// The newest round up to whose ends everything was read.
    pub(super) fn proved(&mut self, places: &Places) -> Option<Round> {
        let mut proved = None;
        while let Some(round) = self.reading.take_if(|round| round.is_read(places)) {
            (self.proved_at, self.whole_at) = (round.groups_at, round.ends_at);
            self.knows_all = round.knows_all;
            self.caught_up = true;
            proved = Some(round);
            self.reading = self.next.take();
        }
        proved
    }

    /// These logs are gone: nothing is read up to their ends any more.
    pub(super) fn let_go(&mut self, is_gone: impl Fn(u32) -> bool) {
        for round in [&mut self.told, &mut self.reading, &mut self.next].into_iter().flatten() {
            round.targets.retain(|(place, _)| !is_gone(*place));
        }
    }

    /// Other topics are declared: nothing is known about what lies in them until the next cut.
    pub(super) fn begin_again(&mut self) {
        (self.told, self.reading, self.next) = (None, None, None);
        (self.whole_at, self.knows_all) = (0, false);
    }
}
