//! What an answer about a large instance costs.

use choreograph_topology::Manifest;

use super::cut::JOINED;
use super::log::Log;
use crate::answer::InstanceState;
use crate::fact::GroupState;
use crate::model::tick::PIECE;
use crate::model::work::looked_at;
use crate::model::{InstanceFilter, ModelSettings};

/// The most things that are looked at for one more event: by a tick and by an answer together.
const EACH: u64 = 200;
/// Events that were replayed, where some were.
const REPLAYED: usize = 900;

/// What is played.
#[derive(Debug, Clone, Copy)]
enum Play {
    /// Events that a step takes, and of which nothing comes.
    Swallowed,
    /// Events that a join takes, while the other branch never comes.
    Joined,
    /// As the first, and some are replayed.
    Replayed,
}

/// Plays one instance of so many events that lead nowhere, and counts what a tick and an answer look at.
fn work(events: usize, play: Play) -> u64 {
    let (topic, event_type) = match play {
        Play::Joined => ("payments", "payment.confirmed.v1"),
        Play::Swallowed | Play::Replayed => ("orders", "order.placed.v1"),
    };
    let manifests = JOINED.map(|text| Manifest::read("m.json", text.as_bytes()).unwrap());
    let mut log = match play {
        Play::Joined => Log::of(ModelSettings::default(), &manifests),
        Play::Swallowed | Play::Replayed => Log::new(),
    };
    log.look();
    for number in 0..events {
        let id = format!("e-{number}");
        let headers = [("ce_id", id.as_str()), ("ce_type", event_type), ("ce_correlationid", "one")];
        let offset = log.put(topic, "one", &headers).to_string();
        if matches!(play, Play::Replayed) && number < REPLAYED {
            let origin = [
                ("wf-origin-topic", topic),
                ("wf-origin-partition", "0"),
                ("wf-origin-offset", &offset),
                ("dlq-replay-count", "1"),
            ];
            log.put("payment.charge.retry", "one", &[&headers[..], &origin].concat());
        }
        log.wait(1);
    }
    log.commit_all();
    log.wait(5);
    looked_at();
    log.look();
    let instance = log.model.instance("one", log.now).unwrap();
    let looked = looked_at();
    assert_eq!((instance.events.len(), instance.summary.state), (events, InstanceState::Lost), "{play:?}");
    looked
}

#[test]
fn one_more_event_costs_the_same_however_many_there_are() {
    for play in [Play::Swallowed, Play::Joined, Play::Replayed] {
        let (few, many) = (work(1_000, play), work(3_000, play));
        assert!(few > 0);
        let each = (many - few) / 2_000;
        assert!(each <= EACH, "{each} for each further event, {play:?}");
    }
}

/// How often a tick looks at one event.
const LOOKED_AT: u64 = 3;
/// Orders that are open at once.
const OPEN: usize = 10_000;

/// Ticks once, and holds what each piece looks at against its bound; how many pieces there were.
fn tick_in_pieces(log: &mut Log) -> usize {
    log.look_at_groups();
    log.look_at_ends();
    looked_at();
    let mut pieces = 0;
    loop {
        let is_done = log.model.tick_some(log.now);
        let looked = looked_at();
        assert!(looked <= PIECE as u64 * LOOKED_AT, "{looked} looked at while nobody else is let in");
        pieces += 1;
        if is_done {
            return pieces;
        }
    }
}

#[test]
fn a_tick_lets_others_in_however_many_instances_are_open() {
    let mut log = Log::new();
    log.look();
    for order in 0..OPEN {
        log.place(&format!("o-{order}"));
    }
    let stalled = |log: &Log| {
        let states = vec![InstanceState::Stalled];
        log.model.instances(&InstanceFilter { states, ..InstanceFilter::default() }, log.now).total
    };
    log.state("payment.charge", GroupState::Empty);
    let pieces = tick_in_pieces(&mut log);
    assert!(pieces >= 2 * OPEN / PIECE, "{pieces}");
    log.wait(66_000);
    log.look();
    assert_eq!(stalled(&log), OPEN as u64);
    // What is told between two pieces belongs to the next tick.
    log.look_at_groups();
    log.look_at_ends();
    assert!(!log.model.tick_some(log.now));
    log.place("between");
    while !log.model.tick_some(log.now) {}
    log.wait(66_000);
    log.look();
    assert_eq!(stalled(&log), OPEN as u64 + 1);

    // At rest there is nothing to look at, until what is declared changes.
    log.commit_all();
    log.look();
    log.look();
    assert_eq!(log.is("o-1").0, InstanceState::Lost);
    assert_eq!(tick_in_pieces(&mut log), 1);
    log.model.unseen(["payments"]);
    let pieces = tick_in_pieces(&mut log);
    assert!(pieces >= 2 * OPEN / PIECE, "{pieces}");
    assert_eq!(log.is("o-1").0, InstanceState::Running, "what it led to may lie where nothing is read");
}
