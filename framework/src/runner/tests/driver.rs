//! A driver that only writes down what it is asked.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use super::super::port::{Delivery, Outgoing, OwnedOutgoing, Port, PublishError, RawRecord, Tag};
use crate::{
    clock::Wall,
    engine::{Slot, Time},
    envelope::head::Head,
};

#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    pub(super) offset: i64,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) topic: Arc<str>,
    pub(super) head: Arc<Head>,
    /// Nobody may read it.
    pub(super) is_away: bool,
}

impl Record {
    fn in_hand(&self) -> &Self {
        assert!(!self.is_away, "a record is read that was put away");
        self
    }
}

impl RawRecord for Record {
    fn topic(&self) -> &Arc<str> {
        &self.topic
    }
    fn partition(&self) -> i32 {
        0
    }
    fn offset(&self) -> i64 {
        self.offset
    }
    fn timestamp(&self) -> Option<i64> {
        Some(1_000)
    }
    fn key(&self) -> Option<&[u8]> {
        self.in_hand().key.as_deref()
    }
    fn value(&self) -> Option<&[u8]> {
        self.in_hand().value.as_deref()
    }
    fn head(&self) -> &Arc<Head> {
        &self.in_hand().head
    }
    fn take_back(&mut self) {
        self.is_away = false;
    }
}

#[derive(Default)]
pub(super) struct Driver {
    pub(super) sent: Vec<(Tag, OwnedOutgoing)>,
    pub(super) commits: Vec<i64>,
    /// How many of the commits' results were told.
    pub(super) told: usize,
    pub(super) paused: bool,
    /// Publishes to these topics fail.
    pub(super) faults: HashMap<String, PublishError>,
    /// These topics are missing, as the broker says later.
    pub(super) missing: HashSet<String>,
    /// What the broker says later.
    pub(super) reports: Vec<(Tag, Delivery)>,
    /// The most bytes of a record, key, value and headers together.
    pub(super) max_bytes: Option<usize>,
    /// How many records were put away.
    pub(super) put_away: usize,
    /// How far the wall clock is ahead of the steady one.
    pub(super) ahead: Duration,
    /// How much time passes whenever the wall clock is read.
    pub(super) pace: Duration,
}

impl Port for Driver {
    type Record = Record;

    fn publish(&mut self, record: &Outgoing<'_>, tag: Tag) -> Result<(), PublishError> {
        if let Some(fault) = self.faults.get(record.topic) {
            return Err(fault.clone());
        }
        let record_bytes = size(&record.owned());
        if self.max_bytes.is_some_and(|max| record_bytes > max) {
            return Err(PublishError::Record("MSG_SIZE_TOO_LARGE".to_owned()));
        }
        if self.missing.contains(record.topic) {
            let fault = Delivery::Setup {
                topic: record.topic.into(),
                error: "UNKNOWN_TOPIC".into(),
                record: record.owned().into(),
            };
            self.reports.push((tag, fault));
            return Ok(());
        }
        self.sent.push((tag, record.owned()));
        Ok(())
    }
    fn pause(&mut self, _: Slot) {
        self.paused = true;
    }
    fn resume(&mut self, _: Slot) {}
    fn commit(&mut self, _: Slot, offset: i64, _: Option<String>) {
        self.commits.push(offset);
    }
    fn release(&mut self, _: &[Slot]) {}
    fn shelve(&mut self, record: &mut Record) {
        record.is_away = true;
        self.put_away += 1;
    }
    fn read_wall(&mut self, now: Time) -> Wall {
        self.ahead += self.pace;
        Wall::at_ms(now.0) + self.ahead
    }
}

/// The bytes of a record.
pub(super) fn size(record: &OwnedOutgoing) -> usize {
    let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
    let headers: usize = record.headers.iter().map(|(name, value)| name.len() + length(value)).sum();
    length(&record.key) + length(&record.value) + headers
}
