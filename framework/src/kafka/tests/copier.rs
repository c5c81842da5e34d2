//! The stand-in for the runner, and what it tells its test.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::Context;

use super::super::driven::{Drive, Driven};
use super::super::port::KafkaPort;
use super::super::record::KafkaRecord;
use crate::engine::{Slot, Time};
use crate::runner::port::{
    Delivery, HeaderList, Outgoing, OwnedOutgoing, Port, PublishError, RawRecord, Tag,
};

const COMMIT_EVERY_MS: u64 = 50;

/// What a stand-in tells its test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    Assigned(i64),
    Acknowledged(String),
    Committed(i64),
    Revoked(usize),
    Setup(String),
    Unsent(u64),
    /// Partitions were taken away with work unsettled.
    Lost(usize),
    /// The stand-in is gone, and whether everything it took was settled and committed.
    Ended(bool),
}

/// One partition of the stand-in.
#[derive(Default)]
struct Ledger {
    /// Taken and not acknowledged.
    open: BTreeSet<i64>,
    next: Option<i64>,
    sent: Option<i64>,
    confirmed: Option<i64>,
    leaving: bool,
}

/// The stand-in for a runner.
pub(super) struct Copier {
    to: String,
    tell: mpsc::Sender<Told>,
    ledgers: HashMap<Slot, Ledger>,
    flying: BTreeMap<u64, (Slot, i64, String)>,
    again: Vec<(u64, OwnedOutgoing)>,
    /// Records that are never let go of before the end, as an engine keeps them.
    kept: Vec<KafkaRecord>,
    next_tag: u64,
    wants: Arc<Mutex<bool>>,
    commit_at: u64,
    stopping: bool,
}

impl Copier {
    fn send(tag: u64, record: &OwnedOutgoing, port: &mut KafkaPort<'_>) -> bool {
        let headers: Vec<_> =
            record.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let outgoing = Outgoing {
            topic: &record.topic,
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            headers: HeaderList::of(&headers),
        };
        match port.publish(&outgoing, Tag(tag)) {
            Ok(()) => true,
            Err(PublishError::Record(error)) => panic!("refused: {error}"),
            Err(_) => false,
        }
    }

    fn settled(ledger: &Ledger) -> Option<i64> {
        ledger.open.first().copied().or(ledger.next)
    }
}

impl<'c> Driven<KafkaPort<'c>> for Copier {
    fn wants_records(&self) -> bool {
        !self.stopping && self.again.is_empty() && *self.wants.lock().unwrap()
    }

    fn assigned(&mut self, _: Time, slot: Slot, committed: Option<i64>, _: Option<&str>) {
        self.ledgers.insert(slot, Ledger::default());
        self.tell.send(Told::Assigned(committed.unwrap_or(-1))).ok();
    }

    fn take(&mut self, _: Time, slot: Slot, record: KafkaRecord, port: &mut KafkaPort<'c>) {
        let ledger = self.ledgers.get_mut(&slot).expect("only partitions that were assigned bring records");
        assert!(!ledger.leaving, "nothing comes from a partition that is being left");
        let offset = record.offset();
        ledger.open.insert(offset);
        ledger.next = Some(offset + 1);
        let value = record.value().map(<[u8]>::to_vec);
        let text = String::from_utf8(value.clone().unwrap_or_default()).unwrap();
        let headers = record.head().iter();
        let headers = headers.map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec))).collect();
        let copy =
            OwnedOutgoing { topic: self.to.clone(), key: record.key().map(<[u8]>::to_vec), value, headers };
        let tag = self.next_tag;
        self.next_tag += 1;
        self.flying.insert(tag, (slot, offset, text));
        if !Self::send(tag, &copy, port) {
            self.again.push((tag, copy));
        }
        if self.kept.len() < 100 {
            self.kept.push(record);
        }
    }

    fn turn(&mut self, now: Time, _: &mut Context<'_>, port: &mut KafkaPort<'_>) -> bool {
        self.again.sort_by_key(|(tag, _)| *tag);
        while let Some((tag, record)) = self.again.first().cloned() {
            if !Self::send(tag, &record, port) {
                break;
            }
            self.again.remove(0);
        }
        let leaving = self.stopping || self.ledgers.values().any(|ledger| ledger.leaving);
        if now.0 >= self.commit_at || leaving {
            self.commit_at = now.0 + COMMIT_EVERY_MS;
            let mut released = Vec::new();
            for (slot, ledger) in &mut self.ledgers {
                if let Some(offset) = Self::settled(ledger)
                    && ledger.sent < Some(offset)
                {
                    ledger.sent = Some(offset);
                    port.commit(*slot, offset, Some("ours".to_owned()));
                }
                if ledger.leaving && ledger.open.is_empty() && ledger.confirmed >= ledger.next {
                    released.push(*slot);
                }
            }
            self.ledgers.retain(|slot, _| !released.contains(slot));
            if !released.is_empty() {
                port.release(&released);
            }
        }
        false
    }

    fn delivered(&mut self, _: Time, tag: Tag, delivery: Delivery, _: &mut KafkaPort<'c>) {
        match delivery {
            Delivery::Acknowledged { .. } => {
                let (slot, offset, text) = self.flying.remove(&tag.0).expect("each publish is reported once");
                if let Some(ledger) = self.ledgers.get_mut(&slot) {
                    ledger.open.remove(&offset);
                }
                self.tell.send(Told::Acknowledged(text)).ok();
            }
            Delivery::Refused { error } => panic!("refused: {error}"),
            Delivery::Setup { topic, record, .. } => {
                self.tell.send(Told::Setup(topic.into())).ok();
                self.again.push((tag.0, *record));
            }
            Delivery::Unsent { record } => {
                self.tell.send(Told::Unsent(tag.0)).ok();
                self.again.push((tag.0, *record));
            }
        }
    }

    fn committed(&mut self, _: Time, slot: Slot, offset: i64, ok: bool) {
        let Some(ledger) = self.ledgers.get_mut(&slot) else { return };
        if ok {
            ledger.confirmed = ledger.confirmed.max(Some(offset));
            self.tell.send(Told::Committed(offset)).ok();
        } else {
            ledger.sent = None;
        }
    }

    fn oldest(&self, _: Slot) -> Option<i64> {
        None
    }

    fn revoked(&mut self, _: Time, slots: &[Slot]) {
        self.tell.send(Told::Revoked(slots.len())).ok();
        for slot in slots {
            if let Some(ledger) = self.ledgers.get_mut(slot) {
                ledger.leaving = true;
            }
        }
    }

    fn lost(&mut self, slots: &[Slot]) {
        self.tell.send(Told::Lost(slots.len())).ok();
        self.ledgers.retain(|slot, _| !slots.contains(slot));
    }

    fn shutdown(&mut self, _: Time) {
        self.stopping = true;
    }

    fn next_wake(&self) -> Option<Time> {
        Some(Time(self.commit_at))
    }

    fn stopped(&self) -> bool {
        self.stopping
            && self.again.is_empty()
            && self.ledgers.values().all(|ledger| ledger.open.is_empty() && ledger.confirmed >= ledger.next)
    }

    fn left_behind(&self) -> usize {
        0
    }
}

impl Drop for Copier {
    fn drop(&mut self) {
        self.tell.send(Told::Ended(self.stopped())).ok();
    }
}

/// Makes a [`Copier`].
pub(super) struct Copy {
    pub(super) to: String,
    pub(super) tell: mpsc::Sender<Told>,
    pub(super) wants: Arc<Mutex<bool>>,
}

impl Drive for Copy {
    type Driven<'c> = Copier;

    fn drive<'c>(self) -> Self::Driven<'c> {
        Copier {
            to: self.to,
            tell: self.tell,
            ledgers: HashMap::new(),
            flying: BTreeMap::new(),
            again: Vec::new(),
            kept: Vec::new(),
            next_tag: 0,
            wants: self.wants,
            commit_at: 0,
            stopping: false,
        }
    }
}
