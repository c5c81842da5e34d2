//! What one seed makes of the world: sizes, bounds, and how often what goes wrong.

use std::time::Duration;

use super::{dice::Dice, facts::Versions};
use crate::engine::{Retry, Settings, settings::OutageRule};

/// One seed's world. Chances are per mille.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) settings: Settings,
    pub(super) members: usize,
    pub(super) versions: Versions,
    pub(super) partitions: usize,
    /// Records of one partition.
    pub(super) records: usize,
    pub(super) keys: u64,
    pub(super) keyless: u64,
    /// Records that the step does not consume.
    pub(super) routed: u64,
    /// Gaps between offsets.
    pub(super) gaps: u64,
    pub(super) fails: u64,
    pub(super) unavailable: u64,
    pub(super) rejects: u64,
    pub(super) hangs: u64,
    pub(super) refusals: u64,
    pub(super) failed_commits: u64,
    /// Handlers that are ready at once end before the engine's next command is heard.
    pub(super) inline: bool,
    /// Handlers that are ready at once.
    pub(super) immediate: u64,
    /// The longest handler and acknowledgement, in ms.
    pub(super) slowest: u64,
    pub(super) slowest_ack: u64,
    /// The longest time between two reads, in ms.
    pub(super) poll_every: u64,
    /// Faults of the surroundings come at most so far apart, in ms; none with 0.
    pub(super) fault_every: u64,
    /// When faults stop, in ms.
    pub(super) calm_at: u64,
    /// Windows in which every attempt fails, in ms.
    pub(super) outages: Vec<(u64, u64)>,
}

impl Scenario {
    pub(super) fn new(dice: &mut Dice) -> Self {
        if dice.chance(8) {
            return Self::wide(dice);
        }
        let calm_at = dice.between(1_000, 15_000);
        let outages = if dice.chance(400) {
            let begin = dice.between(0, calm_at);
            vec![(begin, begin + dice.between(100, 10_000))]
        } else {
            Vec::new()
        };
        let mut others = Dice::new(dice.clone().roll());
        let versions = if others.chance(400) { Versions::new(&mut others) } else { Versions::one() };
        let often = |dice: &mut Dice, most| if dice.chance(500) { dice.between(0, most) } else { 0 };
        Self {
            settings: settings(dice, &versions),
            members: dice.one_of(&[1, 2, 2, 3]),
            versions,
            partitions: dice.one_of(&[1, 2, 3, 5]),
            records: dice.between(5, 60) as usize,
            keys: dice.one_of(&[1, 2, 5, 50]),
            keyless: dice.one_of(&[0, 0, 100, 1_000]),
            routed: dice.one_of(&[0, 0, 100, 700]),
            gaps: dice.one_of(&[0, 100, 500]),
            fails: often(dice, 600),
            unavailable: if dice.chance(200) { dice.between(1, 100) } else { 0 },
            rejects: often(dice, 200),
            hangs: if dice.chance(200) { dice.between(1, 50) } else { 0 },
            refusals: often(dice, 200),
            failed_commits: often(dice, 500),
            inline: dice.chance(500),
            immediate: dice.one_of(&[0, 500, 1_000]),
            slowest: dice.one_of(&[1, 20, 300, 3_000]),
            slowest_ack: dice.one_of(&[0, 5, 100, 1_500]),
            poll_every: dice.one_of(&[2, 20, 200]),
            fault_every: dice.one_of(&[0, 500, 3_000, 10_000]),
            calm_at,
            outages,
        }
    }

    /// Many records in flight, so that the metadata does not fit.
    fn wide(dice: &mut Dice) -> Self {
        Self {
            settings: Settings {
                concurrency: 2_000,
                waiting_bound: 3_000,
                distance_bound: 5_000,
                drain_deadline: Duration::from_secs(2),
                seed: dice.roll(),
                ..Settings::default()
            },
            members: 2,
            versions: Versions::one(),
            partitions: 1,
            records: 1_500,
            keys: 10_000,
            keyless: 0,
            routed: 0,
            gaps: 100,
            fails: dice.one_of(&[0, 300]),
            unavailable: 0,
            rejects: 0,
            hangs: 100,
            refusals: 0,
            failed_commits: 0,
            inline: false,
            immediate: 500,
            slowest: 3_000,
            slowest_ack: 5,
            poll_every: 2,
            fault_every: 2_000,
            calm_at: 5_000,
            outages: Vec::new(),
        }
    }

    /// Whether every attempt fails at `now`.
    pub(super) fn is_away(&self, now: u64) -> bool {
        self.outages.iter().any(|&(begin, end)| begin <= now && now < end)
    }
}

fn settings(dice: &mut Dice, versions: &Versions) -> Settings {
    let patience = versions.patience();
    let least = if versions.has_twins() { 2 * (patience as usize + 2) } else { 0 };
    Settings {
        concurrency: dice.one_of(&[1, 2, 3, 8]),
        waiting_bound: dice.one_of(&[1, 2, 5, 20, 1_000]),
        distance_bound: dice.one_of(&[2, 5, 20, 1_000]).max(least),
        twin_patience: patience,
        retry: Retry {
            attempts: dice.one_of(&[1, 2, 3, 5]),
            first: Duration::from_millis(dice.one_of(&[10, 100])),
            cap: Duration::from_millis(dice.one_of(&[200, 2_000, 10_000])),
        },
        attempt_timeout: dice.one_of(&[None, Some(100), Some(1_000)]).map(Duration::from_millis),
        commit_every: Duration::from_millis(200),
        held_commit_every: Duration::from_secs(2),
        pause_after: Duration::from_millis(dice.one_of(&[100, 1_000])),
        outage: OutageRule { attempts: dice.one_of(&[3, 8, 20]), keys: dice.one_of(&[1, 2, 5]) },
        drain_deadline: Duration::from_millis(dice.one_of(&[500, 3_000, 20_000])),
        seed: dice.roll(),
    }
}
