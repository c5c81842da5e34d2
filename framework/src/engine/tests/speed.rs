//! What the engine costs a record.
//!
//! `cargo test --release -p choreograph --lib engine::tests::speed -- --ignored --nocapture`

#![expect(clippy::disallowed_macros, clippy::disallowed_methods, reason = "it measures and prints")]

use std::{collections::VecDeque, time::Instant};

use crate::engine::{Command, Engine, Finish, Settings, Slot, Ticket, Time};

const RECORDS: u64 = 4_000_000;
/// Records whose acknowledgements arrive together.
const BATCH: usize = 64;
/// Milliseconds pass every so many records: 250,000 records a second.
const RECORDS_PER_MILLISECOND: u64 = 250;

/// Handlers that are ready at once, one publish each, acknowledged in batches; then the same with handlers that stay
/// pending for a batch.
#[test]
#[ignore = "measures, and proves nothing"]
fn nanoseconds_a_record() {
    println!("| keys | partitions | ready at once, ns | pending, ns |\n|--:|--:|--:|--:|");
    for keys in [1, 100_000] {
        for partitions in [1, 64] {
            let ready = measure(keys, partitions, 0);
            let pending = measure(keys, partitions, BATCH / 2);
            println!("| {keys} | {partitions} | {ready:.1} | {pending:.1} |");
        }
    }
}

fn measure(keys: u64, partitions: u64, pending: usize) -> f64 {
    let settings = Settings { concurrency: 512, ..Settings::default() };
    let mut engine: Engine<[u64; 8], ()> = Engine::new(settings);
    for slot in 0..partitions {
        engine.assigned(Time(0), Slot(slot as u32), None, None);
    }
    let pending = pending.min((keys * partitions / 2) as usize);
    let mut running: VecDeque<Ticket> = VecDeque::with_capacity(BATCH);
    let mut unacknowledged: Vec<Ticket> = Vec::with_capacity(2 * BATCH);
    let mut offsets = vec![0; partitions as usize];
    let begin = Instant::now();
    for record in 0..RECORDS {
        let now = Time(record / RECORDS_PER_MILLISECOND);
        let key = record.wrapping_mul(0x9e37_79b9_7f4a_7c15) % keys;
        let slot = (key % partitions).max(if keys == 1 { record % partitions } else { 0 });
        let offset = &mut offsets[slot as usize];
        assert!(engine.wants_records());
        assert!(engine.take(now, Slot(slot as u32), *offset, Some(key), [record; 8]));
        *offset += 1;
        obey(&mut engine, now, &mut running);
        while running.len() > pending {
            let Some(ticket) = running.pop_front() else { break };
            engine.finished(now, ticket, Finish::Done { publishes: 1 });
            unacknowledged.push(ticket);
            obey(&mut engine, now, &mut running);
        }
        if unacknowledged.len() >= BATCH {
            for ticket in unacknowledged.drain(..) {
                engine.acknowledged(now, ticket);
            }
            engine.tick(now);
            obey(&mut engine, now, &mut running);
        }
    }
    begin.elapsed().as_nanos() as f64 / RECORDS as f64
}

fn obey(engine: &mut Engine<[u64; 8], ()>, now: Time, running: &mut VecDeque<Ticket>) {
    while let Some(command) = engine.next_command() {
        match command {
            Command::Run { ticket, .. } => running.push_back(ticket),
            Command::Commit { slot, offset, .. } => engine.committed(now, slot, offset, true),
            other => panic!("{other:?}"),
        }
    }
}
