//! Records on their way from the step's thread to the one that sends them: copied one behind the other, so that what crosses
//! from one processor to another is a few blocks of memory for hundreds of records.

use super::BATCH_BYTES;
use crate::runner::port::{HeaderRef, Outgoing, Tag};

/// The most bytes that an empty batch keeps room for.
const KEPT_BYTES: usize = 4 * BATCH_BYTES;

/// Records in the order in which they are to be sent.
#[derive(Debug, Default)]
pub(super) struct Batch {
    records: Vec<Packed>,
    headers: Vec<PackedHeader>,
    /// Topics and names of headers.
    text: String,
    /// Keys, values and values of headers.
    bytes: Vec<u8>,
}

/// What is packed of one record, by its lengths.
#[derive(Debug)]
struct Packed {
    tag: Tag,
    topic: usize,
    key: Option<usize>,
    value: Option<usize>,
    headers: usize,
}

#[derive(Debug)]
struct PackedHeader {
    name: usize,
    value: Option<usize>,
}

impl Batch {
    /// Puts a record behind the others.
    pub(super) fn push(&mut self, record: &Outgoing<'_>, tag: Tag) {
        let Outgoing { topic, key, value, headers } = *record;
        self.text.push_str(topic);
        let (key, value) = (self.put(key), self.put(value));
        for (name, value) in headers {
            self.text.push_str(name);
            let value = self.put(*value);
            self.headers.push(PackedHeader { name: name.len(), value });
        }
        self.records.push(Packed { tag, topic: topic.len(), key, value, headers: headers.len() });
    }

    fn put(&mut self, bytes: Option<&[u8]>) -> Option<usize> {
        self.bytes.extend_from_slice(bytes?);
        bytes.map(<[u8]>::len)
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
        let mut headers: Vec<HeaderRef<'_>> = Vec::new();
        for record in &self.records {
            let topic = next_text(&mut text, record.topic);
            let key = record.key.map(|length| next_bytes(&mut bytes, length));
            let value = record.value.map(|length| next_bytes(&mut bytes, length));
            headers.clear();
            for header in packed.by_ref().take(record.headers) {
                let name = next_text(&mut text, header.name);
                headers.push((name, header.value.map(|length| next_bytes(&mut bytes, length))));
            }
            take(&Outgoing { topic, key, value, headers: &headers }, record.tag);
        }
    }
}

/// The next bytes of what was packed, which holds as many.
fn next_bytes<'b>(rest: &mut &'b [u8], length: usize) -> &'b [u8] {
    debug_assert!(length <= rest.len());
    let (next, behind) = rest.split_at_checked(length).unwrap_or_default();
    *rest = behind;
    next
}

/// The next text of what was packed, which holds as much.
fn next_text<'b>(rest: &mut &'b str, length: usize) -> &'b str {
    debug_assert!(length <= rest.len());
    let (next, behind) = rest.split_at_checked(length).unwrap_or_default();
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

    proptest! {
        #[test]
        fn records_are_as_they_were(records in prop::collection::vec(any_record(), 0..20)) {
            let mut batch = Batch::default();
            for round in 0..2 {
                for (record, tag) in records.iter().zip(round..) {
                    let headers: Vec<_> = record.headers.iter().map(|(n, v)| (n.as_str(), v.as_deref())).collect();
                    let (key, value) = (record.key.as_deref(), record.value.as_deref());
                    batch.push(&Outgoing { topic: &record.topic, key, value, headers: &headers }, Tag(tag));
                }
                let mut read = Vec::new();
                batch.each(|record, tag| read.push((record.owned(), tag.0)));
                prop_assert!(read.into_iter().eq(records.iter().cloned().zip(round..)));
                batch.clear();
                prop_assert!(batch.is_empty());
            }
        }
    }

    #[test]
    fn headers_without_text_take_room_too() {
        let mut batch = Batch::default();
        let headers = vec![("", None); 1_000];
        batch.push(&Outgoing { topic: "", key: None, value: None, headers: &headers }, Tag(0));
        assert!(batch.bytes() >= 1_000 * size_of::<PackedHeader>());
    }

    #[test]
    fn memory_for_a_large_record_is_not_kept() {
        let mut batch = Batch::default();
        let large = vec![0; 2 * KEPT_BYTES];
        batch.push(&Outgoing { topic: "a", key: None, value: Some(&large), headers: &[] }, Tag(0));
        assert!(batch.bytes() > KEPT_BYTES);
        batch.clear();
        assert_eq!((batch.bytes(), batch.room()), (0, 0));
    }
}
