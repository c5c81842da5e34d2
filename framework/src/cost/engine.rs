//! The engine alone.

use super::{BATCH, NOW};
use crate::engine::{Command, Engine, Finish, Settings, Slot, Ticket, Time};

/// Take, run, done with one publish, acknowledged, one record after the other; `keys` different keys.
pub fn engine(keys: u64, n: usize) {
    let mut engine: Engine<(), ()> = Engine::new(Settings::default());
    let mut now = Time(NOW);
    let slot = Slot(0);
    engine.assigned(now, slot, Some(0), None);
    for offset in 0..n as u64 {
        engine.take(now, slot, offset as i64, Some(offset % keys), ());
        while let Some(command) = engine.next_command() {
            if let Command::Run { ticket, .. } = command {
                engine.finished(now, ticket, Finish::Done { publishes: 1 });
                engine.acknowledged(now, ticket);
            } else if let Command::Commit { slot, offset, .. } = command {
                engine.committed(now, slot, offset, true);
            }
        }
        if offset % BATCH as u64 == 0 {
            now.0 += 1;
            engine.tick(now);
        }
    }
}

/// The same with a batch under way at once, so that records wait in lanes and for handlers: records of `keys` keys in
/// turn, from `partitions` partitions in turn.
pub fn engine_under_way(keys: u64, partitions: u32, n: usize) {
    let mut engine = UnderWay::new(keys, partitions);
    for _ in 0..n / BATCH {
        engine.batch();
    }
}

/// An engine that takes a batch at once.
struct UnderWay {
    engine: Engine<(), ()>,
    now: Time,
    keys: u64,
    partitions: u32,
    /// Records taken so far.
    taken: u64,
    running: Vec<Ticket>,
    publishing: Vec<Ticket>,
}

impl UnderWay {
    fn new(keys: u64, partitions: u32) -> Self {
        let mut engine = Engine::new(Settings::default());
        let now = Time(NOW);
        for slot in 0..partitions {
            engine.assigned(now, Slot(slot), Some(0), None);
        }
        Self { engine, now, keys, partitions, taken: 0, running: Vec::new(), publishing: Vec::new() }
    }

    fn batch(&mut self) {
        let Self { engine, now, running, publishing, .. } = self;
        for number in self.taken..self.taken + BATCH as u64 {
            let slot = Slot((number % u64::from(self.partitions)) as u32);
            let offset = number / u64::from(self.partitions);
            engine.take(*now, slot, offset as i64, Some(number % self.keys), ());
        }
        self.taken += BATCH as u64;
        obey(engine, *now, running);
        while !running.is_empty() {
            for ticket in std::mem::take(running) {
                engine.finished(*now, ticket, Finish::Done { publishes: 1 });
                publishing.push(ticket);
            }
            obey(engine, *now, running);
        }
        for ticket in publishing.drain(..) {
            engine.acknowledged(*now, ticket);
        }
        now.0 += 1;
        engine.tick(*now);
    }
}

fn obey(engine: &mut Engine<(), ()>, now: Time, running: &mut Vec<Ticket>) {
    while let Some(command) = engine.next_command() {
        match command {
            Command::Run { ticket, .. } => running.push(ticket),
            Command::Commit { slot, offset, .. } => engine.committed(now, slot, offset, true),
            _ => {}
        }
    }
}
