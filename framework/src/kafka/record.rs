//! A record as the step keeps it: copied out of librdkafka once, when it is taken.
//!
//! A record lives until its emits are acknowledged, which is thousands of records later. librdkafka's own copy would
//! keep the whole fetched batch alive for so long, and one small allocation for each header.

use std::sync::{Arc, LazyLock};

use rdkafka::message::{BorrowedMessage, Headers, Message};

use super::foreign::foreign;
use crate::envelope::head::{Head, HeadCopy};
use crate::runner::port::RawRecord;
use crate::runner::shelf::{Shelf, Shelved};

/// The most headers of one record whose names cannot be read before the rest is left unread.
const MAX_UNREADABLE: usize = 16;

/// Payloads and headers whose memory has more bytes are not the memory of the next record, which may wait for long.
const MAX_SPENT_BYTES: usize = 4 * 1024;

/// What is read of a record that is put away.
static NOTHING: LazyLock<Arc<Head>> = LazyLock::new(Arc::default);

/// One record. It keeps few blocks of memory, as all that are under way together are more than a processor's cache holds,
/// so that each block is one that it has to wait for.
#[derive(Debug)]
pub(crate) struct KafkaRecord {
    topic: Arc<str>,
    partition: i32,
    offset: i64,
    timestamp: Option<i64>,
    /// `None` where there is no key.
    key: Option<usize>,
    /// Whether there is a value.
    has_value: bool,
    body: Body,
}

/// The memory of a record that was put away, for the next one: it is warm.
#[derive(Debug, Default)]
pub(super) struct Spent {
    payload: Vec<u8>,
    head: Arc<Head>,
}

impl Spent {
    /// A record's bytes in this memory. Nothing stays of the one before.
    fn fill(self, key: Option<&[u8]>, value: Option<&[u8]>, headers: Option<&impl Headers>) -> Body {
        let Self { mut payload, head: spent } = self;
        payload.clear();
        payload.reserve(key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len));
        payload.extend_from_slice(key.unwrap_or_default());
        payload.extend_from_slice(value.unwrap_or_default());
        Body::InHand { payload, head: head(headers, spent) }
    }
}

/// Where a record's bytes are.
#[derive(Debug)]
enum Body {
    InHand {
        /// Key and value, one after the other.
        payload: Vec<u8>,
        head: Arc<Head>,
    },
    PutAway(Shelved),
}

impl KafkaRecord {
    /// Copies a record of `topic` into memory that was spent on one before.
    pub(super) fn copy(message: &BorrowedMessage<'_>, topic: &Arc<str>, spent: Spent) -> Self {
        let (key, value) = (message.key(), message.payload());
        Self {
            topic: Arc::clone(topic),
            partition: message.partition(),
            offset: message.offset(),
            timestamp: message.timestamp().to_millis(),
            key: key.map(<[u8]>::len),
            has_value: value.is_some(),
            body: spent.fill(key, value, message.headers()),
        }
    }

    /// Puts the record's bytes away, unless they are many. Answers what memory that left.
    pub(super) fn shelve(&mut self, on: &mut Shelf) -> Option<Spent> {
        let Body::InHand { payload, head } = &self.body else { return None };
        let place = on.put(payload, head)?;
        let put_away = std::mem::replace(&mut self.body, Body::PutAway(place));
        let Body::InHand { payload, head } = put_away else { return None };
        let is_little = payload.capacity() <= MAX_SPENT_BYTES && head.room() <= MAX_SPENT_BYTES;
        is_little.then_some(Spent { payload, head })
    }

    /// Key and value.
    fn payload(&self) -> &[u8] {
        match &self.body {
            Body::InHand { payload, .. } => payload,
            Body::PutAway(_) => {
                debug_assert!(false, "a record is read that is put away");
                &[]
            }
        }
    }
}

/// Copies the headers. One whose name is no text has the empty name and no value: rdkafka does not read it, and says so
/// by a panic, which is dear. Where there are too many of them the rest is not read either.
fn head(headers: Option<&impl Headers>, spent: Arc<Head>) -> Arc<Head> {
    let Some(headers) = headers else { return Head::copied_over(spent, 0, |_| ()) };
    Head::copied_over(spent, headers.count(), |head| copy_headers(headers, head))
}

fn copy_headers(headers: &impl Headers, head: &mut HeadCopy<'_>) {
    let count = headers.count();
    let (mut index, mut unreadable) = (0, 0);
    while index < count && unreadable < MAX_UNREADABLE {
        // The rest in one go, up to a name that cannot be read.
        let read = foreign(|| {
            while let Some(header) = headers.try_get(index) {
                head.push(header.key, header.value);
                index += 1;
            }
        });
        if read.is_none() {
            head.push("", None);
            index += 1;
            unreadable += 1;
        }
    }
    for _ in index..count {
        head.push("", None);
    }
}

impl RawRecord for KafkaRecord {
    fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    fn partition(&self) -> i32 {
        self.partition
    }

    fn offset(&self) -> i64 {
        self.offset
    }

    fn timestamp(&self) -> Option<i64> {
        self.timestamp
    }

    fn key(&self) -> Option<&[u8]> {
        self.payload().get(..self.key?)
    }

    fn value(&self) -> Option<&[u8]> {
        self.payload().get(self.key.unwrap_or(0)..).filter(|_| self.has_value)
    }

    fn head(&self) -> &Arc<Head> {
        match &self.body {
            Body::InHand { head, .. } => head,
            Body::PutAway(_) => {
                debug_assert!(false, "a record is read that is put away");
                &NOTHING
            }
        }
    }

    fn take_back(&mut self) {
        if let Body::PutAway(place) = &self.body {
            let (payload, head) = place.take_back();
            self.body = Body::InHand { payload, head };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use rdkafka::message::Header;

    use super::*;

    /// Headers as rdkafka has them: a name that is no text is a panic.
    struct Hostile {
        names: Vec<Option<&'static str>>,
        panics: Cell<usize>,
    }

    impl Hostile {
        fn of(names: impl IntoIterator<Item = Option<&'static str>>) -> Self {
            Self { names: names.into_iter().collect(), panics: Cell::new(0) }
        }
    }

    impl Headers for Hostile {
        fn count(&self) -> usize {
            self.names.len()
        }

        fn try_get(&self, index: usize) -> Option<Header<'_, &[u8]>> {
            let name = *self.names.get(index)?;
            if name.is_none() {
                self.panics.set(self.panics.get() + 1);
            }
            Some(Header { key: name.expect("a name that is text"), value: Some(b"value") })
        }
    }

    #[test]
    fn a_name_that_cannot_be_read_is_empty_and_those_around_it_are_kept() {
        let head = head(Some(&Hostile::of([Some("a"), None, None, Some("b")])), Arc::default());
        let read: Vec<_> = head.iter().collect();
        assert_eq!(read, [("a", Some(&b"value"[..])), ("", None), ("", None), ("b", Some(b"value"))]);
    }

    /// A record of these parts.
    fn record(
        spent: Spent,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: Option<&Hostile>,
    ) -> KafkaRecord {
        let (has_value, body) = (value.is_some(), spent.fill(key, value, headers));
        let key = key.map(<[u8]>::len);
        KafkaRecord { topic: "t".into(), partition: 0, offset: 0, timestamp: None, key, has_value, body }
    }

    #[test]
    fn nothing_is_left_of_the_record_whose_memory_it_was() {
        let mut shelf = Shelf::default();
        let headers = Hostile::of([Some("ce_id"), Some("own")]);
        let mut first = record(Spent::default(), Some(b"a long key"), Some(b"a long value"), Some(&headers));
        let spent = first.shelve(&mut shelf).expect("it is small");
        let mut second = record(spent, Some(b"k"), Some(b"v"), None);
        assert_eq!((second.key(), second.value()), (Some(&b"k"[..]), Some(&b"v"[..])));
        assert_eq!(second.head().len(), 0);
        let third = record(second.shelve(&mut shelf).expect("it is small"), None, None, Some(&headers));
        assert_eq!((third.key(), third.value(), third.head().len()), (None, None, 2));
        first.take_back();
        assert_eq!((first.key(), first.value()), (Some(&b"a long key"[..]), Some(&b"a long value"[..])));
        assert_eq!(first.head().iter().map(|(name, _)| name).collect::<Vec<_>>(), ["ce_id", "own"]);
    }

    #[test]
    fn much_memory_is_not_used_again() {
        let mut shelf = Shelf::default();
        let mut spent = Spent::default();
        spent.payload.reserve(2 * MAX_SPENT_BYTES);
        assert!(record(spent, None, Some(b"v"), None).shelve(&mut shelf).is_none());
        let many = Hostile::of([Some(""); 400]);
        assert!(record(Spent::default(), None, None, Some(&many)).shelve(&mut shelf).is_none());
    }

    #[test]
    fn a_record_full_of_names_that_cannot_be_read_costs_few_panics() {
        let hostile = Hostile::of([Some("a"), None].into_iter().cycle().take(100_000));
        let head = head(Some(&hostile), Arc::default());
        assert_eq!(hostile.panics.get(), MAX_UNREADABLE);
        assert_eq!(head.iter().count(), 100_000, "none is hidden");
        assert_eq!(head.iter().filter(|(name, _)| *name == "a").count(), MAX_UNREADABLE);
    }
}
