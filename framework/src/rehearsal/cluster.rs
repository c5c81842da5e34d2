//! The broker in memory: the log, who committed what, what the test lets go wrong.

use std::{cell::RefCell, collections::BTreeMap, collections::VecDeque, rc::Rc, sync::Arc};

use super::{
    clock::Clock,
    fault::Fault,
    journal::{Happening, Journal},
    log::{Committed, Log},
    random::Random,
    record::{Body, LogRecord},
    retrying::Retrying,
};

/// How many partitions a topic has if the test does not say.
pub(crate) const DEFAULT_PARTITIONS: usize = 3;

/// The one broker of a rehearsal. Only its own thread touches it.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) log: Log,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) journal: Journal,
    /// Whether the broker is away.
    pub(crate) down: bool,
    /// Every record in the order in which it was written.
    written: Vec<LogRecord>,
    /// Every attempt that was to be made again.
    pub(crate) retries: Vec<Retrying>,
    /// What goes wrong next, by topic.
    faults: BTreeMap<String, VecDeque<Fault>>,
}

/// The broker as its ports share it.
pub(crate) type Shared = Rc<RefCell<Cluster>>;

impl Cluster {
    pub(crate) fn new(seed: u64, clock: Clock) -> Self {
        Self {
            log: Log::default(),
            clock,
            random: Random::new(seed),
            journal: Journal::default(),
            down: false,
            written: Vec::new(),
            retries: Vec::new(),
            faults: BTreeMap::new(),
        }
    }

    /// Where a record with this key will lie. Names the topic into being.
    pub(crate) fn place(&mut self, topic: &str, key: Option<&[u8]>) -> i32 {
        self.log.ensure(topic, DEFAULT_PARTITIONS);
        let chance = if key.is_none() { self.random.next() } else { 0 };
        self.log.place(topic, key, chance)
    }

    /// Writes a record; `None` where the partition is not there.
    pub(crate) fn write(
        &mut self,
        who: &Arc<str>,
        topic: &str,
        partition: i32,
        body: Body,
    ) -> Option<LogRecord> {
        let record = self.log.append(topic, partition, self.clock.now().0, body)?;
        self.written.push(record.clone());
        self.note(Happening::Wrote { who: Arc::clone(who), record: record.clone() });
        Some(record)
    }

    /// Notes a group's progress.
    pub(crate) fn commit(
        &mut self,
        group: &Arc<str>,
        topic: &Arc<str>,
        partition: i32,
        committed: Committed,
    ) {
        let offset = committed.offset;
        self.log.commit(group, topic, partition, committed);
        self.note(Happening::Committed {
            who: Arc::clone(group),
            topic: Arc::clone(topic),
            partition,
            offset,
        });
    }

    /// Every record in the order in which it was written.
    pub(crate) fn written(&self) -> &[LogRecord] {
        &self.written
    }

    pub(crate) fn note(&mut self, happening: Happening) {
        let at = self.clock.elapsed();
        self.journal.note(at, happening);
    }

    pub(crate) fn will_fail(&mut self, topic: &str, fault: Fault) {
        self.faults.entry(topic.to_owned()).or_default().push_back(fault);
    }

    /// What goes wrong with the publish to `topic` that is being made.
    pub(crate) fn next_fault(&mut self, topic: &str) -> Option<Fault> {
        if self.faults.is_empty() {
            return None;
        }
        let fault = self.faults.get_mut(topic)?.pop_front()?;
        self.note(Happening::Did(format!("a publish to {topic} fails: {fault:?}")));
        Some(fault)
    }
}
