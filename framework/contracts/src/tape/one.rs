//! One value outside any document, for a validator to look at.

use super::{Cursor, Document, Entry};
use crate::program::Atom;

/// Calls `look` on a cursor at `atom`. `None` for a float: what a parser made of it may not be what was written.
pub(crate) fn one_value<T>(atom: Atom<'_>, look: impl FnOnce(Cursor<'_>) -> T) -> Option<T> {
    let entry = match atom {
        Atom::Text(text) => return Some(look(Cursor::Name(text))),
        Atom::Null => Entry::Null,
        Atom::Bool(value) => Entry::Bool(value),
        Atom::Integer(value) => match u64::try_from(value) {
            Ok(value) => Entry::Unsigned(value),
            Err(_) => Entry::Signed(i64::try_from(value).ok()?),
        },
        Atom::Float(_) => return None,
    };
    let entries = [entry];
    let document = Document { source: "", resolved: "", entries: &entries };
    Some(look(Cursor::root(&document)))
}
