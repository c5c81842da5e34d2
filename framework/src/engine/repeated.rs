//! Records that were settled after more than one attempt: told beside the commits for a while, since whoever looks on may
//! have seen none of the attempts. Nothing follows from it for the engine, or for the next owner.

use std::{collections::VecDeque, time::Duration};

use super::command::Time;

/// How long a record is told of after it was settled: longer than anybody who looks every two seconds needs.
const TOLD_FOR: Duration = Duration::from_secs(10);
/// The most records of a partition that are told of at a time; the oldest go first.
const MAX_TOLD: usize = 128;

/// A record that was settled after more than one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Repeated {
    pub(crate) offset: i64,
    /// How many attempts it took.
    pub(crate) attempts: u32,
    /// When the first one failed.
    pub(crate) first_failed_at: Time,
    /// When it was settled.
    pub(crate) settled_at: Time,
}

/// Those of one partition that are told of, in the order in which they were settled.
#[derive(Debug, Default)]
pub(super) struct Lately(VecDeque<Repeated>);

impl Lately {
    /// What the last owner told goes on being told.
    pub(super) fn inherit(told: &mut Vec<Repeated>) -> Self {
        let mut told = std::mem::take(told);
        told.sort_by_key(|repeated| repeated.settled_at);
        Self(told.into())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, repeated: Repeated) {
        if self.0.len() >= MAX_TOLD {
            self.0.pop_front();
        }
        self.0.push_back(repeated);
    }

    /// Forgets those that were told of for long enough.
    pub(super) fn forget(&mut self, now: Time) {
        while self.0.pop_front_if(|repeated| repeated.settled_at.after(TOLD_FOR) < now).is_some() {}
    }

    /// In the order of their offsets, each once.
    pub(super) fn told(&self) -> Vec<Repeated> {
        let mut told: Vec<Repeated> = self.0.iter().rev().copied().collect();
        // Of equals the first stays, which was settled last.
        told.sort_by_key(|repeated| repeated.offset);
        told.dedup_by_key(|repeated| repeated.offset);
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeated(offset: i64, settled_at: u64) -> Repeated {
        Repeated { offset, attempts: 2, first_failed_at: Time(0), settled_at: Time(settled_at) }
    }

    fn offsets(lately: &Lately) -> Vec<i64> {
        lately.told().iter().map(|it| it.offset).collect()
    }

    #[test]
    fn each_is_told_for_its_time_in_the_order_of_offsets() {
        let mut lately = Lately::default();
        for (offset, at) in [(9, 1_000), (3, 2_000), (9, 3_000)] {
            lately.add(repeated(offset, at));
        }
        assert_eq!(lately.told(), [repeated(3, 2_000), repeated(9, 3_000)]);
        lately.forget(Time(12_000));
        assert_eq!(offsets(&lately), [3, 9]);
        lately.forget(Time(12_001));
        assert_eq!(offsets(&lately), [9]);
        let mut left = lately.told();
        let next = Lately::inherit(&mut left);
        assert_eq!((offsets(&next), left.len()), (vec![9], 0));
    }

    #[test]
    fn of_too_many_the_oldest_go() {
        let mut lately = Lately::default();
        (0..=MAX_TOLD as i64).for_each(|offset| lately.add(repeated(offset, 0)));
        assert_eq!((offsets(&lately).len(), offsets(&lately)[0]), (MAX_TOLD, 1));
    }
}
