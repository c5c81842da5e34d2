//! What was seen to go which way.

use std::collections::BTreeMap;

use super::rate::Rate;
use super::save::saved;
use crate::fact::Millis;

/// The most ways that are kept apart; declared ones are far fewer.
const MAX_WAYS: usize = 20_000;
/// Where so many are kept, only declared ones come to them: whatever the wire has brought, there is room for them.
const MAX_STRAY: usize = MAX_WAYS / 2;

/// How often something was seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Sight {
    pub(super) count: u64,
    pub(super) last: Millis,
    pub(super) rate: Rate,
}

saved!(Sight { count, last, rate });

impl Sight {
    fn add(&mut self, at: Millis) {
        self.count += 1;
        self.last = self.last.max(at);
        self.rate.add(1, at);
    }

    /// Adds another's.
    pub(super) fn join(&mut self, other: &Self, now: Millis) {
        self.count += other.count;
        self.last = self.last.max(other.last);
        self.rate.add(u32::try_from(other.rate.last_minute(now)).unwrap_or(u32::MAX), now);
    }
}

/// An event that was emitted: workflow, source, type, version.
pub(super) type Emitted = (u16, u16, u16, (u16, u16));
/// An event that was seen to have an effect: workflow, its type, who took it.
pub(super) type Taken = (u16, u16, u16);

/// What was seen to go which way.
#[derive(Debug, Default)]
pub(super) struct Flows {
    pub(super) emitted: BTreeMap<Emitted, Sight>,
    pub(super) taken: BTreeMap<Taken, Sight>,
}

saved!(Flows { emitted, taken });

impl Flows {
    /// Whether there is room for a way on which an event was emitted, declared or not.
    pub(super) fn has_room_to_emit(&self, way: &Emitted) -> bool {
        self.emitted.len() < MAX_STRAY || self.emitted.contains_key(way)
    }

    /// Whether there is room for a way on which an event was taken, declared or not.
    pub(super) fn has_room_to_take(&self, way: Taken) -> bool {
        self.taken.len() < MAX_STRAY || self.taken.contains_key(&way)
    }

    /// An event was emitted.
    pub(super) fn emit(&mut self, way: Emitted, at: Millis) {
        add(&mut self.emitted, way, at);
    }

    /// An event was seen to have an effect.
    pub(super) fn take(&mut self, way: Taken, at: Millis) {
        add(&mut self.taken, way, at);
    }
}

fn add<K: Ord>(ways: &mut BTreeMap<K, Sight>, way: K, at: Millis) {
    if let Some(sight) = ways.get_mut(&way) {
        sight.add(at);
    } else if ways.len() < MAX_WAYS {
        ways.entry(way).or_default().add(at);
    }
}
