//! The metrics of a process: each instrument once, with its unit and its buckets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter, UpDownCounter};

use super::names::metric;

/// Buckets of what takes milliseconds to minutes, in seconds: those of the semantic conventions, and three longer.
const DURATIONS: [f64; 17] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// Buckets of the time a record waits, in seconds.
const WAITS: [f64; 15] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 600.0, 3600.0];
/// Buckets of the age of a workflow, in seconds.
const AGES: [f64; 14] =
    [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0];

/// Every instrument of a process.
#[derive(Debug)]
pub(super) struct Instruments {
    pub(super) process_duration: Histogram<f64>,
    pub(super) consumed: Counter<u64>,
    pub(super) sent: Counter<u64>,
    pub(super) client_duration: Histogram<f64>,
    pub(super) queue_time: Histogram<f64>,
    pub(super) age: Histogram<f64>,
    pub(super) duration: Histogram<f64>,
    pub(super) started: Counter<u64>,
    pub(super) finished: Counter<u64>,
    pub(super) in_flight: UpDownCounter<i64>,
    pub(super) edge: Counter<u64>,
    pub(super) retries: Counter<u64>,
    pub(super) dead_letters: Counter<u64>,
    pub(super) violations: Counter<u64>,
    pub(super) rebalances: Counter<u64>,
    pub(super) lost: Counter<u64>,
    pub(super) skipped: Counter<u64>,
    pub(super) malformed: Counter<u64>,
    pub(super) lags: Arc<Lags>,
}

impl Instruments {
    /// Makes every instrument.
    pub(super) fn new(meter: &Meter) -> Self {
        let seconds = |name, description, buckets: &[f64]| {
            meter
                .f64_histogram(name)
                .with_unit("s")
                .with_description(description)
                .with_boundaries(buckets.to_vec())
                .build()
        };
        let counter = |name, unit, description| {
            meter.u64_counter(name).with_unit(unit).with_description(description).build()
        };
        let lags = Arc::new(Lags::default());
        lags.observe_with(meter);
        Self {
            process_duration: seconds(
                metric::PROCESS_DURATION,
                "From taking a record to its last attempt.",
                &DURATIONS,
            ),
            consumed: counter(metric::CONSUMED, "{message}", "Records taken."),
            sent: counter(metric::SENT, "{message}", "Records published."),
            client_duration: seconds(
                metric::CLIENT_DURATION,
                "From publishing a record to its acknowledgement.",
                &DURATIONS,
            ),
            queue_time: seconds(metric::QUEUE_TIME, "From a record's timestamp to taking it.", &WAITS),
            age: seconds(metric::AGE, "From a workflow's start to taking one of its records.", &AGES),
            duration: seconds(metric::DURATION, "From a workflow's start to its end.", &AGES),
            started: counter(metric::STARTED, "{instance}", "Workflows started."),
            finished: counter(metric::FINISHED, "{instance}", "Workflows finished."),
            in_flight: meter
                .i64_up_down_counter(metric::IN_FLIGHT)
                .with_unit("{message}")
                .with_description("Records taken and not yet finished with.")
                .build(),
            edge: counter(metric::EDGE, "{message}", "Records from one step to another."),
            retries: counter(metric::RETRIES, "{retry}", "Attempts after the first."),
            dead_letters: counter(metric::DEAD_LETTERS, "{message}", "Records set aside."),
            violations: counter(
                metric::VIOLATIONS,
                "{violation}",
                "Records and emits that broke their contract.",
            ),
            rebalances: counter(metric::REBALANCES, "{rebalance}", "Changes of the partitions a step reads."),
            lost: counter(metric::LOST, "{message}", "Records that retention took unread."),
            skipped: counter(
                metric::SKIPPED,
                "{message}",
                "Records of a type that the step does not consume.",
            ),
            malformed: counter(
                metric::MALFORMED,
                "{header}",
                "Headers that counted as absent because they were malformed.",
            ),
            lags,
        }
    }
}

/// How far behind one partition is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lag {
    /// Records not yet committed.
    pub(super) records: u64,
    /// Age of the first record not yet committed, in seconds.
    pub(super) seconds: f64,
}

/// How far behind each partition is that a step of this process reads. A gauge would go on telling the last
/// value of a partition that was given up; this forgets it.
#[derive(Debug, Default)]
pub(super) struct Lags(Mutex<BTreeMap<LagKey, (Vec<KeyValue>, Lag)>>);

/// Group, topic and partition.
type LagKey = (Box<str>, Box<str>, i32);

impl Lags {
    /// Writes down how far behind a partition is; `labels` are made where it is new.
    pub(super) fn set(
        &self,
        group: &str,
        topic: &str,
        partition: i32,
        lag: Lag,
        labels: impl FnOnce() -> Vec<KeyValue>,
    ) {
        let mut lags = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lags.entry((group.into(), topic.into(), partition))
            .and_modify(|(_, known)| *known = lag)
            .or_insert_with(|| (labels(), lag));
    }

    /// Forgets a partition that this process no longer reads.
    pub(super) fn forget(&self, group: &str, topic: &str, partition: i32) {
        let mut lags = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lags.remove(&(group.into(), topic.into(), partition));
    }

    /// Makes the two gauges, which read what was written down.
    fn observe_with(self: &Arc<Self>, meter: &Meter) {
        let records = Arc::downgrade(self);
        meter
            .u64_observable_gauge(metric::LAG)
            .with_unit("{message}")
            .with_description("Records not yet committed, read or not.")
            .with_callback(move |observer| {
                for (labels, lag) in records.upgrade().iter().flat_map(|lags| lags.all()) {
                    observer.observe(lag.records, &labels);
                }
            })
            .build();
        let seconds = Arc::downgrade(self);
        meter
            .f64_observable_gauge(metric::LAG_TIME)
            .with_unit("s")
            .with_description("Age of the first record not yet committed.")
            .with_callback(move |observer| {
                for (labels, lag) in seconds.upgrade().iter().flat_map(|lags| lags.all()) {
                    observer.observe(lag.seconds, &labels);
                }
            })
            .build();
    }

    /// Every partition's labels and lag.
    fn all(&self) -> Vec<(Vec<KeyValue>, Lag)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}
