//! What a member stands in: the broker, the future, and chance.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{dice::Dice, log::Log, scenario::Scenario};
use crate::engine::{Ticket, Time};

/// Something that is going to happen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// A handler ends.
    Ends { member: usize, ticket: Ticket },
    /// The broker answers one publish.
    Answer { member: usize, ticket: Ticket, letter: bool },
    /// The broker answers a commit of the assignment `holding`.
    Result { member: usize, partition: usize, holding: u64, offset: i64, metadata: Option<String> },
    /// A member reads.
    Poll { member: usize },
    /// A partition finds an owner.
    Joins { partition: usize },
    /// The set-up is mended.
    Unblock { member: usize },
    /// Something goes wrong.
    Fault,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) scenario: Scenario,
    pub(super) dice: Dice,
    pub(super) now: Time,
    pub(super) logs: Vec<Log>,
    events: BinaryHeap<Reverse<(Time, u64, Event)>>,
    numbers: u64,
    aloud: bool,
}

impl Surroundings {
    pub(super) fn new(seed: u64, aloud: bool) -> Self {
        let mut dice = Dice::new(seed);
        let scenario = Scenario::new(&mut dice);
        let logs = (0..scenario.partitions).map(|_| Log::new(&scenario, &mut dice)).collect();
        // A clock that begins at nothing would hide times that are never set.
        Self { scenario, dice, now: Time(1_000_000), logs, events: BinaryHeap::new(), numbers: 0, aloud }
    }

    /// Prints what happens, where it is wanted.
    #[expect(clippy::disallowed_macros, reason = "what happened, for whoever asks a failing seed")]
    pub(super) fn tell(&self, what: impl FnOnce() -> String) {
        if self.aloud {
            println!("{} {}", self.now.0, what());
        }
    }

    /// A number never given before.
    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// Lets `event` happen in `wait` ms.
    pub(super) fn later(&mut self, wait: u64, event: Event) {
        let number = self.number();
        self.events.push(Reverse((Time(self.now.0 + wait), number, event)));
    }

    pub(super) fn next_event(&self) -> Option<Time> {
        self.events.peek().map(|Reverse((at, ..))| *at)
    }

    pub(super) fn due_event(&mut self) -> Option<Event> {
        if self.next_event()? > self.now {
            return None;
        }
        self.events.pop().map(|Reverse((.., event))| event)
    }

    /// Milliseconds since the beginning.
    pub(super) fn elapsed(&self) -> u64 {
        self.now.0 - 1_000_000
    }

    /// Whether faults have stopped.
    pub(super) fn is_calm(&self) -> bool {
        self.elapsed() >= self.scenario.calm_at
    }

    /// Whether something goes wrong that does so in `per_mille` cases.
    pub(super) fn goes_wrong(&mut self, per_mille: u64) -> bool {
        !self.is_calm() && self.dice.chance(per_mille)
    }

    /// How long until things are calm.
    pub(super) fn until_calm(&self) -> u64 {
        self.scenario.calm_at.saturating_sub(self.elapsed())
    }
}
