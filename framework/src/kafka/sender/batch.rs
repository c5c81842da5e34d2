//! Records on their way from the step's thread to the one that sends them: copied one behind the other, so that what crosses
//! from one processor to another is a few blocks of memory for hundreds of records.

use std::sync::Arc;

use rdkafka::types::RDKafkaErrorCode;

use super::super::words::protocol_name;
use super::BATCH_BYTES;
use crate::runner::port::{HeaderList, HeaderRef, Outgoing, PublishError, SameHeaders, Tag};

/// The most bytes that an empty batch keeps room for.
const KEPT_BYTES: usize = 4 * BATCH_BYTES;
/// The most bytes that are packed of a record: what is more than Kafka's protocol can say is refused here.
const MAX_RECORD_BYTES: usize = i32::MAX as usize;
/// In place of a length: there is nothing.
const NULL: u32 = u32::MAX;

/// Records in the order in which they are to be sent. As each line of memory is fetched twice, by the processor that writes it
/// and by the one that reads it, there is as little as can be: what all records of a kind have in common is not copied.
#[derive(Debug, Default)]
pub(super) struct Batch {
    records: Vec<Packed>,
    headers: Vec<PackedHeader>,
    /// The headers of each kind of its records. As many as the step has kinds of events.
    kinds: Vec<SameHeaders>,
    /// Topics and names of headers.
    text: String,
    /// Keys, values and values of headers.
    bytes: Vec<u8>,
}

/// What is packed of one record, by its lengths.
#[derive(Debug)]
struct Packed {
    tag: Tag,
    topic: u32,
    key: u32,
    value: u32,
    /// Which of [`Batch::kinds`].
    kind: u32,
    /// How many headers of its own.
    headers: u32,
}

#[derive(Debug)]
struct PackedHeader {
    name: u32,
    value: u32,
}

impl Batch {
    /// Puts a record behind the others.
    pub(super) fn push(&mut self, record: &Outgoing<'_>, tag: Tag) -> Result<(), PublishError> {
        if size(record) > MAX_RECORD_BYTES {
            return Err(PublishError::Record(protocol_name(RDKafkaErrorCode::MessageSizeTooLarge)));
        }
        let Outgoing { topic, key, value, headers } = *record;
        let kind = headers.same.map_or(NULL, |same| self.kind(same));
        self.text.push_str(topic);
        let (key, value) = (self.put(key), self.put(value));
        for (name, value) in headers.own {
            self.text.push_str(name);
            let value = self.put(*value);
            self.headers.push(PackedHeader { name: name.len() as u32, value });
        }
        let headers = headers.own.len() as u32;
        self.records.push(Packed { tag, topic: topic.len() as u32, key, value, kind, headers });
        Ok(())
    }

    /// Which of the kinds has these headers.
    fn kind(&mut self, same: &SameHeaders) -> u32 {
        let known = self.kinds.iter().position(|kind| Arc::ptr_eq(kind, same));
        let kind = known.unwrap_or_else(|| {
            self.kinds.push(Arc::clone(same));
            self.kinds.len() - 1
        });
        kind as u32
    }

    fn put(&mut self, bytes: Option<&[u8]>) -> u32 {
        let Some(bytes) = bytes else { return NULL };
        self.bytes.extend_from_slice(bytes);
        bytes.len() as u32
    }

    /// How many bytes its records take here.
    pub(super) fn bytes(&self) -> usize {
        let lengths = size_of_val(&*self.records) + size_of_val(&*self.headers);
        self.text.len() + self.bytes.len() + lengths
    }

    /// How many bytes it has room for.
    fn room(&self) -> usize {
        let lengths = size_of::<Packed>() * self.records.capacity()
            + size_of::<PackedHeader>() * self.headers.capacity();
        self.text.capacity() + self.bytes.capacity() + lengths
    }

    /// Whether it holds no record.
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Makes it empty, to be filled again. Memory for a large record is not kept.
    pub(super) fn clear(&mut self) {
        if self.room() > KEPT_BYTES {
            *self = Self::default();
        }
        self.records.clear();
        self.headers.clear();
        self.text.clear();
        self.bytes.clear();
    }

    /// Hands each record to `take`, with its tag.
    pub(super) fn each(&self, mut take: impl FnMut(&Outgoing<'_>, Tag)) {
        let (mut text, mut bytes, mut packed) =
            (self.text.as_str(), self.bytes.as_slice(), self.headers.iter());
        let mut own: Vec<HeaderRef<'_>> = Vec::new();
        for record in &self.records {
            let topic = next_text(&mut text, record.topic);
            let key = next_bytes(&mut bytes, record.key);
            let value = next_bytes(&mut bytes, record.value);
            own.clear();
            for header in packed.by_ref().take(record.headers as usize) {
                let name = next_text(&mut text, header.name);
                own.push((name, next_bytes(&mut bytes, header.value)));
            }
            let headers = HeaderList { same: self.kinds.get(record.kind as usize), own: &own };
            take(&Outgoing { topic, key, value, headers }, record.tag);
        }
    }
}

/// How many bytes are packed of a record.
fn size(record: &Outgoing<'_>) -> usize {
    let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let headers: usize = record.headers.own.iter().map(|(name, value)| name.len() + length(*value)).sum();
    record.topic.len() + length(record.key) + length(record.value) + headers
}

/// The next bytes of what was packed, which holds as many.
fn next_bytes<'b>(rest: &mut &'b [u8], length: u32) -> Option<&'b [u8]> {
    if length == NULL {
        return None;
    }
    debug_assert!(length as usize <= rest.len());
    let (next, behind) = rest.split_at_checked(length as usize).unwrap_or_default();
    *rest = behind;
    Some(next)
}

/// The next text of what was packed, which holds as much.
fn next_text<'b>(rest: &mut &'b str, length: u32) -> &'b str {
    debug_assert!(length as usize <= rest.len());
    let (next, behind) = rest.split_at_checked(length as usize).unwrap_or_default();
    *rest = behind;
    next
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::runner::port::OwnedOutgoing;

    fn any_record() -> impl Strategy<Value = OwnedOutgoing> {
        let bytes = || prop::option::of(prop::collection::vec(any::<u8>(), 0..40));
        let headers = prop::collection::vec(("[a-zé]{0,9}", bytes()), 0..6);
        ("[a-zü.]{0,9}", bytes(), bytes(), headers).prop_map(|(topic, key, value, headers)| OwnedOutgoing {
            topic,
            key,
            value,
            headers,
        })
    }

    /// Headers that all records of a kind have.
    fn kinds() -> [SameHeaders; 2] {
        let header = |name, value: &[u8]| (name, value.into());
        [[header("a", b"1"), header("", b"")].into(), [header("b", b"\xff")].into()]
    }

    proptest! {
        #[test]
        fn records_are_as_they_were(records in prop::collection::vec((any_record(), 0..3_usize), 0..20)) {
            let mut batch = Batch::default();
            let kinds = kinds();
            for round in 0..2 {
                let mut put = Vec::new();
                for ((record, kind), tag) in records.iter().zip(round..) {
                    let own: Vec<_> = record.headers.iter().map(|(n, v)| (n.as_str(), v.as_deref())).collect();
                    let (key, value) = (record.key.as_deref(), record.value.as_deref());
                    let headers = HeaderList { same: kinds.get(*kind), own: &own };
                    let record = Outgoing { topic: &record.topic, key, value, headers };
                    batch.push(&record, Tag(tag)).unwrap();
                    put.push((record.owned(), tag));
                }
                let mut read = Vec::new();
                batch.each(|record, tag| read.push((record.owned(), tag.0)));
                prop_assert_eq!(read, put);
                batch.clear();
                prop_assert!(batch.is_empty());
            }
        }
    }

    #[test]
    fn headers_without_text_take_room_too() {
        let mut batch = Batch::default();
        let headers = vec![("", None); 1_000];
        let headers = HeaderList::of(&headers);
        batch.push(&Outgoing { topic: "", key: None, value: None, headers }, Tag(0)).unwrap();
        assert!(batch.bytes() >= 1_000 * size_of::<PackedHeader>());
    }

    #[test]
    fn memory_for_a_large_record_is_not_kept() {
        let mut batch = Batch::default();
        let large = vec![0; 2 * KEPT_BYTES];
        let headers = HeaderList::of(&[]);
        batch.push(&Outgoing { topic: "a", key: None, value: Some(&large), headers }, Tag(0)).unwrap();
        assert!(batch.bytes() > KEPT_BYTES);
        batch.clear();
        assert_eq!((batch.bytes(), batch.room()), (0, 0));
    }
}
