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
    let mut engine: Engine<(), ()> = Engine::new(Settings::default());
    let mut now = Time(NOW);
    for slot in 0..partitions {
        engine.assigned(now, Slot(slot), Some(0), None);
    }
    let (mut running, mut publishing) = (Vec::new(), Vec::new());
    for number in 0..n as u64 {
        let slot = Slot((number % u64::from(partitions)) as u32);
        let offset = number / u64::from(partitions);
        engine.take(now, slot, offset as i64, Some(number % keys), ());
        if number % BATCH as u64 != BATCH as u64 - 1 {
            continue;
        }
        obey(&mut engine, now, &mut running);
        while !running.is_empty() {
            for ticket in std::mem::take(&mut running) {
                engine.finished(now, ticket, Finish::Done { publishes: 1 });
                publishing.push(ticket);
            }
            obey(&mut engine, now, &mut running);
        }
        for ticket in publishing.drain(..) {
            engine.acknowledged(now, ticket);
        }
        now.0 += 1;
        engine.tick(now);
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
