//! Random schedules: a simulated group of engines on a simulated broker, judged by what the world itself saw.

#[cfg(debug_assertions)]
mod bugs;
mod dice;
mod facts;
mod holding;
mod invariant;
mod log;
mod member;
mod outage;
mod scenario;
mod surroundings;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::world::live;

/// How many seeds the ordinary test run lives through.
const SEEDS: u64 = 10_000;
/// Lives through this one seed instead.
const REPLAY: &str = "CHOREOGRAPH_ENGINE_SEED";

#[test]
fn every_promise_holds_on_random_schedules() {
    if let Ok(seed) = std::env::var(REPLAY) {
        let seed = seed.parse().expect("the seed is a number");
        return live(seed, true).unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
    }
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for seed in (thread..SEEDS).step_by(threads as usize) {
                    judge(seed);
                }
            });
        }
    });
}

fn judge(seed: u64) {
    let verdict = catch_unwind(AssertUnwindSafe(|| live(seed, false))).map_err(|_| "it panicked".to_owned());
    if let Err(broken) = verdict.and_then(|verdict| verdict.map_err(|broken| broken.to_string())) {
        panic!("seed {seed}: {broken}\nreplay with {REPLAY}={seed}");
    }
}
