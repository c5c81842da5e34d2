//! Where records wait, packed, until what they brought about is acknowledged.
//!
//! A record whose emits are under way is needed once more only if the broker refuses one of them, and thousands are under
//! way together: more memory than a processor's cache holds. To free a block of it so much later is to wait for memory,
//! and so is to write the next record there. So a record is packed on a *board*, behind the one before it, and its own
//! blocks are freed, or are the next record's, while they are still warm. A board is freed as a whole, with the last
//! record on it.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use crate::envelope::head::Head;

/// Bytes of one board. One record that waits for long keeps so much.
const BOARD_BYTES: usize = 16 * 1024;
/// The most bytes of a record that is packed. A larger one would be dear to copy, and few are under way together.
const MAX_BYTES: usize = BOARD_BYTES / 4;

/// Bytes that say how long the payload behind them is; what is packed behind that says by itself where it ends.
const LENGTH_BYTES: usize = 4;

/// What is written from front to back, and never changed.
type Board = Rc<RefCell<Vec<u8>>>;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    board: Board,
}

/// The place of one record on a shelf: two words, which are handed on in registers.
#[derive(Debug)]
pub(crate) struct Shelved {
    board: Board,
    start: usize,
}

impl Shelf {
    /// Packs a record's payload and headers, if it is small enough.
    pub(crate) fn put(&mut self, payload: &[u8], head: &Head) -> Option<Shelved> {
        let bytes = LENGTH_BYTES + payload.len() + head.packed_bytes();
        if bytes > MAX_BYTES {
            return None;
        }
        let room = self.board.borrow().capacity() - self.board.borrow().len();
        if room < bytes {
            self.board = Rc::new(RefCell::new(Vec::with_capacity(BOARD_BYTES)));
        }
        let mut board = self.board.borrow_mut();
        let start = board.len();
        board.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        board.extend_from_slice(payload);
        head.pack(&mut board);
        drop(board);
        Some(Shelved { board: Rc::clone(&self.board), start })
    }
}

impl Shelved {
    /// The payload and the headers, as they were.
    pub(crate) fn take_back(&self) -> (Vec<u8>, Arc<Head>) {
        let board = self.board.borrow();
        let packed = board.get(self.start..).unwrap_or_default();
        let (length, packed) =
            packed.split_first_chunk::<LENGTH_BYTES>().unwrap_or((&[0; LENGTH_BYTES], &[]));
        let length = u32::from_le_bytes(*length) as usize;
        let (payload, head) = packed.split_at_checked(length).unwrap_or_default();
        (payload.to_vec(), Head::unpack(head))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::runner::port::HeaderRef;

    #[test]
    fn a_record_is_as_it_was() {
        let headers: [HeaderRef<'_>; 6] = [
            ("ce_type", Some(b"a.v1")),
            ("empty", Some(b"")),
            ("", None),
            ("odd", Some(b"\xff\x00")),
            ("ce_id", None),
            ("ce_type", Some("ü".as_bytes())),
        ];
        let mut shelf = Shelf::default();
        let first = shelf.put(b"kvalue", &Head::of(headers.len(), headers)).unwrap();
        let second = shelf.put(&[], &Head::default()).unwrap();
        let (payload, head) = first.take_back();
        assert_eq!(payload, b"kvalue");
        assert_eq!(head.iter().collect::<Vec<_>>(), headers);
        let (payload, head) = second.take_back();
        assert_eq!((payload.len(), head.len()), (0, 0));
    }

    #[test]
    fn a_large_one_is_not_packed() {
        let mut shelf = Shelf::default();
        let large = vec![0; MAX_BYTES + 1];
        assert!(shelf.put(&large, &Head::default()).is_none());
        let header: HeaderRef<'_> = ("x", Some(&large));
        assert!(shelf.put(&[], &Head::of(1, [header])).is_none());
        let many = vec![("x", None); MAX_BYTES];
        assert!(shelf.put(&[], &Head::of(many.len(), many)).is_none());
    }

    #[test]
    fn boards_never_grow_and_are_freed_with_their_last_record() {
        let mut shelf = Shelf::default();
        let payload = vec![7; 1_000];
        let mut kept: Vec<_> = (0..1_000).map(|_| shelf.put(&payload, &Head::default()).unwrap()).collect();
        for shelved in &kept {
            assert_eq!(shelved.board.borrow().capacity(), BOARD_BYTES);
        }
        let first = Rc::downgrade(&kept[0].board);
        let on_first = kept.iter().filter(|shelved| Rc::ptr_eq(&shelved.board, &kept[0].board)).count();
        assert_eq!(on_first, BOARD_BYTES / (LENGTH_BYTES + 1_000 + 8));
        kept.drain(..on_first - 1);
        assert!(first.upgrade().is_some());
        kept.remove(0);
        assert!(first.upgrade().is_none());
    }

    /// Payload and headers.
    type Parts = (Vec<u8>, Vec<(String, Option<Vec<u8>>)>);

    fn any_record() -> impl Strategy<Value = Parts> {
        let bytes = || prop::collection::vec(any::<u8>(), 0..40);
        let name = prop_oneof![Just("ce_id".to_owned()), Just("wf".to_owned()), "[a-zé]{0,9}"];
        let header =
            (name, prop::option::of(prop_oneof![bytes(), "[a-z0-9é]{0,60}".prop_map(String::into_bytes)]));
        (bytes(), prop::collection::vec(header, 0..20))
    }

    proptest! {
        #[test]
        fn any_record_is_as_it_was(records in prop::collection::vec(any_record(), 1..40)) {
            let mut shelf = Shelf::default();
            let kept: Vec<_> = records.iter().map(|(payload, headers)| {
                let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_deref()));
                let head = Head::of(headers.len(), headers);
                (shelf.put(payload, &head).expect("it is small"), head)
            }).collect();
            for ((payload, _), (shelved, head)) in records.iter().zip(kept) {
                let (back, again) = shelved.take_back();
                prop_assert_eq!(payload, &back);
                prop_assert!(head.iter().eq(again.iter()));
            }
        }
    }
}
