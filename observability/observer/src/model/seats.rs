//! At which steps an instance is: those that owe it something, and those that have failed it.

use std::collections::{BTreeMap, BTreeSet};

use super::filter::Stuck;
use super::kept::NO_REASON;
use super::pair::{At, Pair};
use super::save::saved;
use super::standing::Judged;
use super::words::ALL_REASONS;
use crate::answer::{InstanceState, StallReason};

/// A step that owes an instance something, or has failed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Seat {
    pub(super) step: u16,
    /// Whether nothing that leads to an end can follow from it.
    pub(super) side: bool,
    /// Why the instance stands still there, by its number; [`NO_REASON`] and [`GIVEN_UP`] for no reason.
    reason: u8,
}

/// A person gave up what the step has set aside.
const GIVEN_UP: u8 = NO_REASON - 1;

saved!(Seat { step, side, reason });

impl Seat {
    fn of(pair: &Pair, reason: u8) -> Self {
        Self { step: pair.step, side: !pair.path, reason }
    }

    /// Why the instance stands still there.
    pub(super) fn reason(self) -> Option<StallReason> {
        ALL_REASONS.get(usize::from(self.reason)).copied()
    }

    /// Whether a person gave up what the step has set aside.
    pub(super) fn is_given_up(self) -> bool {
        self.reason == GIVEN_UP
    }

    /// Whether the step still has something to do.
    pub(super) fn is_waiting(self) -> bool {
        !self.is_given_up() && !matches!(self.reason(), Some(StallReason::DeadLetter | StallReason::Lost))
    }
}

/// Where an instance is: `left` are the pairs that are not done.
pub(super) fn seats_of(judged: &Judged, left: &[Pair], seats: &mut Vec<Seat>) {
    seats.clear();
    let is_here = |pair: &&Pair| pair.is_owed() || pair.at == At::Dead;
    let why = |pair: &Pair| pair.stalled.map_or(NO_REASON, StallReason::number);
    seats.extend(left.iter().filter(is_here).map(|pair| Seat::of(pair, why(pair))));
    match (judged.state, judged.reason, &judged.decides) {
        (InstanceState::Failed, None, Some(pair)) => seats.push(Seat::of(pair, GIVEN_UP)),
        (InstanceState::Lost, Some(reason), Some(pair)) => {
            let to_blame = std::iter::once(pair).chain(&judged.beside[..judged.to_blame]);
            seats.extend(to_blame.map(|pair| Seat::of(pair, reason.number())));
        }
        _ => {}
    }
    seats.sort_unstable();
    seats.dedup();
}

/// Which steps of an instance are asked about. What is `None` excludes none.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) step: Option<u16>,
    pub(super) reason: Option<StallReason>,
    pub(super) stuck: Option<Stuck>,
}

/// What is seen of the steps that are asked about: instances.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) by_step: BTreeMap<u16, u64>,
    pub(super) by_reason: BTreeMap<StallReason, u64>,
    /// Those that are stuck at a step on their way.
    pub(super) stuck: u64,
    /// Those that are stuck at a side step.
    pub(super) side_stuck: u64,
}

impl View {
    /// Whether a set has a step that is asked about, or all sets are.
    pub(super) fn fits(&self, seats: &[Seat]) -> bool {
        let is_whole = self.step.is_none() && self.reason.is_none() && self.stuck.is_none();
        is_whole || seats.iter().any(|seat| self.shows(*seat))
    }

    fn shows(&self, seat: Seat) -> bool {
        let is_stuck = seat.reason().is_some();
        self.step.is_none_or(|step| seat.step == step)
            && self.reason.is_none_or(|reason| seat.reason() == Some(reason))
            && match self.stuck {
                None => true,
                Some(Stuck::Any) => is_stuck,
                Some(Stuck::Path) => is_stuck && !seat.side,
                Some(Stuck::Side) => is_stuck && seat.side,
            }
    }

    /// Counts instances by the steps that are asked about. Each counts once under each step and reason.
    pub(super) fn count<'s>(&self, sets: impl Iterator<Item = (&'s [Seat], u64)>) -> Seen {
        let mut seen = Seen::default();
        for (seats, instances) in sets.filter(|(_, instances)| *instances > 0) {
            let shown = || seats.iter().filter(|seat| self.shows(**seat));
            let steps: BTreeSet<u16> = shown().map(|seat| seat.step).collect();
            let reasons: BTreeSet<StallReason> = shown().filter_map(|seat| seat.reason()).collect();
            for step in steps {
                *seen.by_step.entry(step).or_default() += instances;
            }
            for reason in reasons {
                *seen.by_reason.entry(reason).or_default() += instances;
            }
            let is_stuck = |side| shown().any(|seat| seat.side == side && seat.reason().is_some());
            seen.stuck += if is_stuck(false) { instances } else { 0 };
            seen.side_stuck += if is_stuck(true) { instances } else { 0 };
        }
        seen
    }
}
