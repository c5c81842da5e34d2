//! Headers of a record, as far as their names are text.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rdkafka::message::Headers as Foreign;

use crate::record::Headers;

/// The most headers of one record whose names cannot be read before the rest is left unread.
const MAX_UNREADABLE: usize = 16;

/// All headers in their order, without those whose name is no UTF-8: Kafka takes any bytes for a name, and rdkafka 0.39
/// can neither read nor write one that is no text, but panics, which is dear: behind [`MAX_UNREADABLE`] of them none is
/// read.
pub(super) fn read(foreign: &impl Foreign) -> Headers {
    let count = foreign.count();
    let mut read = Headers::with_capacity(count);
    let (mut index, mut unreadable) = (0, 0);
    while index < count && unreadable < MAX_UNREADABLE {
        // The rest in one go, up to a name that cannot be read: looking changes nothing that a panic could leave half
        // changed.
        let rest = catch_unwind(AssertUnwindSafe(|| {
            while index < count {
                if let Some(header) = foreign.try_get(index) {
                    read.push((header.key.to_owned(), header.value.map(<[u8]>::to_vec)));
                }
                index += 1;
            }
        }));
        if rest.is_err() {
            index += 1;
            unreadable += 1;
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use rdkafka::message::Header;

    use super::*;

    /// Headers as rdkafka has them: a name that is no text is a panic.
    struct Hostile(Vec<Option<&'static str>>, Cell<usize>);

    impl Foreign for Hostile {
        fn count(&self) -> usize {
            self.0.len()
        }

        fn try_get(&self, index: usize) -> Option<Header<'_, &[u8]>> {
            let name = *self.0.get(index)?;
            self.1.set(self.1.get() + usize::from(name.is_none()));
            Some(Header { key: name.expect("a name that is text"), value: None })
        }
    }

    #[test]
    fn names_that_cannot_be_read_are_left_out_and_cost_little() {
        let hostile = Hostile(vec![Some("a"), None, None, Some("b")], Cell::default());
        assert_eq!(read(&hostile), [("a".to_owned(), None), ("b".to_owned(), None)]);
        let hostile = Hostile(vec![None; 100_000], Cell::default());
        assert_eq!((read(&hostile).len(), hostile.1.get()), (0, MAX_UNREADABLE));
    }
}
