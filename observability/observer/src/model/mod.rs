//! The projection: it is told facts and answers questions. It has no I/O and no clock.
mod filter;
mod gauges;
mod settings;
pub use filter::{BadCursor, Cursor, DEFAULT_PAGE, FailureFilter, InstanceFilter, MAX_PAGE};
pub use gauges::{Gauges, GroupGauge};
pub use settings::*;

use std::io::{self, Read, Write};
use std::sync::Arc;

use choreograph_topology::Manifest;

use crate::answer::{AsOf, Contracts, Drifts, Failures, Instance, Instances, Overview, WorkflowGraph};
use crate::fact::{self, Millis};

/// The projection of facts.
#[derive(Debug)]
pub struct Model {
    settings: ModelSettings,
    generation: u64,
}

/// A snapshot that cannot be read: the observer begins from the beginning.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// It could not be read.
    #[error("cannot read the snapshot: {0}")]
    Io(#[from] io::Error),
    /// It is none, or of another version.
    #[error("no snapshot of this version: {0}")]
    Form(String),
}

impl Model {
    /// A model that was told nothing yet.
    pub fn new(settings: ModelSettings) -> Self {
        Self { settings, generation: 0 }
    }

    /// Tells all that is declared now; it replaces what was declared before. Steps that are declared no longer owe
    /// nothing.
    pub fn manifests(&mut self, _manifests: &[Manifest], _now: Millis) {}

    /// The topics to read: declared inputs and outputs, retry and dead-letter topics, the audit topic. Without the
    /// namespace, ordered.
    pub fn topics(&self) -> Vec<Arc<str>> {
        Vec::new()
    }

    /// The groups to ask about, and the topics (retry topics too) for which their committed offsets are wanted.
    pub fn groups_wanted(&self) -> Vec<(Arc<str>, Vec<Arc<str>>)> {
        Vec::new()
    }

    /// The offset at which reading goes on; `None` where nothing was read yet: begin at the log's start.
    pub fn next_offset(&self, _topic: &str, _partition: i32) -> Option<i64> {
        None
    }

    /// Tells a record. One that was told before (its offset lies before [`next_offset`](Self::next_offset)) changes
    /// nothing.
    pub fn record(&mut self, _record: &fact::Record<'_>, _now: Millis) {}

    /// Tells that everything below `next` was read, whether there was a record or not: the marks of transactions take
    /// offsets too, and without this the model would wait for a record that never comes. To be told at each end of a
    /// partition.
    pub fn read_to(&mut self, _topic: &str, _partition: i32, _next: i64) {}

    /// Tells the ends of all partitions, fetched after the groups that were told last.
    pub fn ends(&mut self, _ends: &fact::Ends) {}

    /// Tells committed offsets and the states of groups.
    pub fn groups(&mut self, _groups: &fact::Groups) {}

    /// Tells what the driver cannot see now, each in a sentence, for [`Overview::problems`]; it replaces what was told
    /// before. At most [`MAX_PROBLEMS`] are kept.
    pub fn problems(&mut self, _problems: Vec<String>) {}

    /// Ages out, decides stalls, counts. To be called after each round of facts, at least every two seconds; lists and
    /// counts are as of the last call.
    pub fn tick(&mut self, _now: Millis) {}

    /// Grows with every change of anything that can be asked for.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The fleet at a glance.
    pub fn overview(&self, now: Millis) -> Overview {
        Overview {
            as_of: as_of(now),
            workflows: Vec::new(),
            dead_letters_open: 0,
            events: 0,
            instances: 0,
            unreadable: 0,
            problems: Vec::new(),
        }
    }

    /// One workflow as a picture; `None` where nobody declares or has seen it.
    pub fn workflow(&self, _name: &str, _now: Millis) -> Option<WorkflowGraph> {
        None
    }

    /// The instances that fit, those that changed last first.
    pub fn instances(&self, _filter: &InstanceFilter, now: Millis) -> Instances {
        Instances {
            as_of: as_of(now),
            items: Vec::new(),
            total: 0,
            next: None,
            by_state: Vec::new(),
            by_reason: Vec::new(),
            by_step: Vec::new(),
        }
    }

    /// One instance; `None` where nobody knows it.
    pub fn instance(&self, _id: &str, _now: Millis) -> Option<Instance> {
        None
    }

    /// The instances that a text names: an id, a business key, or the id of any event.
    pub fn find(&self, _text: &str, now: Millis) -> Instances {
        self.instances(&InstanceFilter::default(), now)
    }

    /// The dead letters that fit.
    pub fn failures(&self, _filter: &FailureFilter, now: Millis) -> Failures {
        Failures { as_of: as_of(now), groups: Vec::new(), items: Vec::new(), total: 0, next: None }
    }

    /// The contracts in use.
    pub fn contracts(&self, now: Millis) -> Contracts {
        Contracts { as_of: as_of(now), types: Vec::new() }
    }

    /// The differences between what is declared and what is seen.
    pub fn drifts(&self, now: Millis) -> Drifts {
        Drifts { as_of: as_of(now), window_ms: self.settings.drift_window_ms, drifts: Vec::new() }
    }

    /// Numbers for the observer's own metrics.
    pub fn gauges(&self, _now: Millis) -> Gauges {
        Gauges::default()
    }

    /// Writes all that the model knows, versioned and with a checksum.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_snapshot(&self, mut out: impl Write) -> io::Result<()> {
        out.flush()
    }

    /// Reads what [`write_snapshot`](Self::write_snapshot) wrote. The manifests are not in it: tell them next.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] where it cannot be read, is of another version, cut off or changed: begin from the beginning.
    pub fn read_snapshot(_input: impl Read, _settings: ModelSettings) -> Result<Self, SnapshotError> {
        Err(SnapshotError::Form("not written yet".to_owned()))
    }
}

/// The most problems that are kept.
pub const MAX_PROBLEMS: usize = 100;

fn as_of(now: Millis) -> AsOf {
    AsOf { now, behind_ms: 0, caught_up: false }
}
