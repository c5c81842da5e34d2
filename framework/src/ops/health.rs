//! What is known about each step, written by its threads and read by the probes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::verdict::{Report, judge};
use crate::clock;

/// The most lost ranges kept for a step; older ones are in the log and the counter.
pub(super) const MAX_LOST_RANGES: usize = 20;

/// How all steps of a process are. Cheap to clone; every clone is the same.
#[derive(Debug, Clone)]
pub struct Health(Arc<Shared>);

/// What the clones share.
#[derive(Debug)]
struct Shared {
    /// When this was made: the times of the steps count from here.
    began: Instant,
    /// Whether the process is ending in order.
    leaving: AtomicBool,
    /// The steps in the order in which they were added. Bounded by the number of declared steps.
    steps: Mutex<Vec<Arc<StepHealth>>>,
}

/// How one step is: its threads write, the probes read.
#[derive(Debug)]
pub struct StepHealth {
    /// `service/step`.
    name: String,
    began: Instant,
    /// When the step last turned, in milliseconds since `began`.
    turned: AtomicU64,
    state: Mutex<StepState>,
}

/// What a step's threads say about it. A new step has joined nothing and reached nobody.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct StepState {
    /// Whether the step is a member of its group, with or without partitions.
    pub group_joined: bool,
    /// Whether the producer has reached a broker.
    pub producer_reached: bool,
    /// Topics and rights that are needed and were not found.
    pub missing: Vec<Missing>,
    /// Rights that the brokers refuse while the step runs.
    pub refused: Vec<Missing>,
    /// Partitions, `topic [number]`, that cannot be read, as no broker answers for them.
    pub silent: Vec<String>,
    /// Something that was published has long been waiting for its acknowledgement, while records go one by one.
    pub overdue: bool,
    /// The step takes no new records, because what its handler needs is away.
    pub outage: Option<Outage>,
    /// The newest ranges that retention took unread.
    pub lost: VecDeque<LostRange>,
    /// What the Kafka client last complained about, in words. It clears when the client recovers.
    pub client_error: Option<String>,
    /// An error after which the client can do nothing more, in words.
    pub fatal: Option<String>,
    /// The step has ended, and why. Ending in order is no failure while the process leaves.
    pub ended: Option<String>,
}

impl StepState {
    /// Adds a lost range, and forgets the oldest where there are too many.
    pub fn lose(&mut self, range: LostRange) {
        if self.lost.len() == MAX_LOST_RANGES {
            self.lost.pop_front();
        }
        self.lost.push_back(range);
    }
}

/// A topic or a group, and what is not found of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The topic's name on the broker, several joined by commas, or `group` and its name.
    pub topic: String,
    /// What is missing, for example `the topic`, `the right to read`, `the right to write`.
    pub what: String,
}

/// Why a step takes no new records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// Since when.
    pub since: SystemTime,
    /// What is away, in the handler's words.
    pub why: String,
}

/// Records that retention took before the step had read them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LostRange {
    /// The topic's name on the broker.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The first offset lost.
    pub from: i64,
    /// The first offset that is there again.
    pub to: i64,
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Health {
    /// A process without steps. Add all of them before the probes are served, for a process without steps
    /// is ready.
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            began: clock::instant(),
            leaving: AtomicBool::new(false),
            steps: Mutex::new(Vec::new()),
        }))
    }

    /// Adds a step, `service/step`, and gives back the handle that its threads write to.
    pub fn step(&self, name: impl Into<String>) -> Arc<StepHealth> {
        let step = Arc::new(StepHealth {
            name: name.into(),
            began: self.0.began,
            turned: AtomicU64::new(elapsed_ms(self.0.began)),
            state: Mutex::default(),
        });
        lock(&self.0.steps).push(Arc::clone(&step));
        step
    }

    /// Says that the process is ending in order: it is no longer ready, and a step that ends is no failure.
    pub fn leave(&self) {
        self.0.leaving.store(true, Ordering::Relaxed);
    }

    /// How all steps are now.
    pub fn report(&self) -> Report {
        let leaving = self.0.leaving.load(Ordering::Relaxed);
        let now = elapsed_ms(self.0.began);
        let steps = lock(&self.0.steps);
        let steps = steps.iter().map(|step| {
            let turned = step.turned.load(Ordering::Relaxed);
            let silence = Duration::from_millis(now.saturating_sub(turned));
            judge(&step.name, &lock(&step.state), silence, leaving)
        });
        Report::of(steps.collect(), leaving)
    }
}

impl StepHealth {
    /// The step's name, `service/step`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Says that the step has turned once more. Costs a clock reading and a store.
    pub fn turned(&self) {
        self.turned.store(elapsed_ms(self.began), Ordering::Relaxed);
    }

    /// Writes down what has changed.
    pub fn update<T>(&self, change: impl FnOnce(&mut StepState) -> T) -> T {
        change(&mut lock(&self.state))
    }
}

/// Milliseconds since `began`.
fn elapsed_ms(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The state is plain data: one that a panicking thread left is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
