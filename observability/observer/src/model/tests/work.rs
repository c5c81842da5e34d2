//! What an answer about a large instance costs.

use choreograph_topology::Manifest;

use super::cut::JOINED;
use super::log::Log;
use crate::answer::InstanceState;
use crate::model::ModelSettings;
use crate::model::work::looked_at;

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
