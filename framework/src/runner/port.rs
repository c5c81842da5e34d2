//! What a driver owes the runner: the only place where the two meet.
//!
//! A driver (Kafka, the rehearsal) reads records, publishes, commits. It decides nothing: it calls the
//! [`Runner`](super::Runner) with what happened and does what the runner asks of its [`Port`].

use std::sync::Arc;

use crate::{
    clock::Wall,
    engine::{Slot, Time},
    envelope::head::Head,
};

/// One record as a driver read it.
pub(crate) trait RawRecord {
    /// The topic's name on the broker, with the namespace.
    fn topic(&self) -> &Arc<str>;
    /// The partition the record was read from.
    fn partition(&self) -> i32;
    /// The record's offset in its partition.
    fn offset(&self) -> i64;
    /// Milliseconds since the Unix epoch, where the record has a timestamp.
    fn timestamp(&self) -> Option<i64>;
    /// The record's key bytes; `None` for a record without a key.
    fn key(&self) -> Option<&[u8]>;
    /// The record's value bytes; `None` for a tombstone.
    fn value(&self) -> Option<&[u8]>;
    /// The record's headers. A name which is not UTF-8 is the empty name.
    fn head(&self) -> &Arc<Head>;
    /// Makes key, value and headers readable again that [`Port::shelve`] put away.
    fn take_back(&mut self) {}
}

/// One header to be written.
pub(crate) type HeaderRef<'a> = (&'a str, Option<&'a [u8]>);

/// Headers that are the same on every record of a kind, and kept once for all of them.
pub(crate) type SameHeaders = Arc<[(&'static str, Box<[u8]>)]>;

/// The headers of a record, in the order in which they are written: those of its kind, and behind them its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeaderList<'a> {
    pub(crate) same: Option<&'a SameHeaders>,
    pub(crate) own: &'a [HeaderRef<'a>],
}

impl<'a> HeaderList<'a> {
    /// Headers that are all the record's own.
    pub(crate) const fn of(own: &'a [HeaderRef<'a>]) -> Self {
        Self { same: None, own }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.same.map_or(0, |same| same.len()) + self.own.len()
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = HeaderRef<'a>> + use<'a> {
        let same = self.same.map(|same| &**same).unwrap_or_default();
        same.iter().map(|(name, value)| (*name, Some(&**value))).chain(self.own.iter().copied())
    }
}

/// A record to be published, borrowed: the driver copies what it must keep.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    /// The topic's name on the broker, with the namespace.
    pub(crate) topic: &'a str,
    /// The key bytes.
    pub(crate) key: Option<&'a [u8]>,
    /// The value bytes.
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) headers: HeaderList<'a>,
}

impl Outgoing<'_> {
    /// A copy of its own.
    pub(crate) fn owned(&self) -> OwnedOutgoing {
        OwnedOutgoing {
            topic: self.topic.to_owned(),
            key: self.key.map(<[u8]>::to_vec),
            value: self.value.map(<[u8]>::to_vec),
            headers: self.headers.iter().map(|(n, v)| (n.to_owned(), v.map(<[u8]>::to_vec))).collect(),
        }
    }
}

/// The same, owned: kept while it cannot be handed to the producer, or has to be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnedOutgoing {
    /// The topic's name on the broker, with the namespace.
    pub(crate) topic: String,
    /// The key bytes.
    pub(crate) key: Option<Vec<u8>>,
    /// The value bytes.
    pub(crate) value: Option<Vec<u8>>,
    /// The headers in the order in which they are written.
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
}

/// The runner's number for one publish. Increases with every publish of a step, so that publishes which
/// have to be sent again can be put back into their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Tag(pub(crate) u64);

/// Why a record could not be handed to the producer now. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublishError {
    /// The driver takes nothing now, as its queue is full or something has to be sent again first: try again, in order, after
    /// the next deliveries.
    QueueFull,
    /// The record itself is at fault (too large): it will never be taken.
    Record(String),
    /// The producer can take nothing more (fatal error): the driver replaces it; try again, in order.
    Producer(String),
}

/// What became of a publish that the driver had taken. Small, as there is one for each record: what rarely comes is
/// boxed.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// Acknowledged by the broker, durably.
    Acknowledged {
        /// Where it lies.
        partition: i32,
        /// Where it lies in the partition.
        offset: i64,
    },
    /// The record's own fault, as the broker or its client says (too large, invalid): it will never be taken.
    Refused {
        /// The broker's error code as text, for example `MSG_SIZE_TOO_LARGE`.
        error: String,
    },
    /// The set-up's fault: no such topic, no right. To be sent again once the set-up is mended.
    Setup {
        /// The topic at fault.
        topic: Box<str>,
        /// The broker's error code as text, for example `TOPIC_AUTHORIZATION_FAILED`.
        error: Box<str>,
        /// What has to be sent again.
        record: Box<OwnedOutgoing>,
    },
    /// The producer died with the record unacknowledged, or the record was behind one that has to be sent again: to be sent
    /// again in order, before anything new.
    Unsent {
        /// What has to be sent again.
        record: Box<OwnedOutgoing>,
    },
}

/// What the runner asks of a driver. None of these blocks.
pub(crate) trait Port {
    /// A record as this driver reads it.
    type Record: RawRecord;

    /// Hands a record to the driver. On `Ok` the driver reports the [`Delivery`] under `tag` later.
    fn publish(&mut self, record: &Outgoing<'_>, tag: Tag) -> Result<(), PublishError>;
    /// Stops reading one partition; what was prefetched may be thrown away and read again.
    fn pause(&mut self, slot: Slot);
    /// Reads a paused partition again, from the record after the last one taken.
    fn resume(&mut self, slot: Slot);
    /// Commits `offset` (the next record to read) without waiting; the result is reported with
    /// [`Runner::committed`](super::Runner::committed).
    fn commit(&mut self, slot: Slot, offset: i64, metadata: Option<String>);
    /// Gives partitions up: everything they held is settled or left to the next owner.
    fn release(&mut self, slots: &[Slot]);
    /// What the record brought about is under way: its key, value and headers are not read before
    /// [`RawRecord::take_back`], and mostly never again.
    fn shelve(&mut self, _record: &mut Self::Record) {}
    /// The attempt at a record failed, and `attempt` is to be made at `due`. Only told.
    fn retrying(&mut self, _slot: Slot, _offset: i64, _attempt: u32, _due: Time) {}
    /// The clock for measuring how long things take, at the turn's time `now`. A driver on real time reads a
    /// finer one.
    fn wall(&mut self, now: Time) -> Wall {
        self.read_wall(now)
    }
    /// The same, read anew: after something that may have taken long.
    fn read_wall(&mut self, now: Time) -> Wall {
        Wall::at_ms(now.0)
    }
}
