//! The names of a struct's members, in the order of its type, in which they are most likely written.

use std::cell::Cell;

/// Of so many structs at most it is remembered whether their names can be compared as they stand.
const REMEMBERED: usize = 64;
/// So many names are looked at for one that was not the expected one: a text may hold as many of those as it likes.
const LOOK_AHEAD: usize = 16;

/// Where a struct's names lie, and how many there are.
type Place = (*const &'static str, usize);

/// A struct, and whether JSON writes all its names without an escape.
type Remembered = Cell<(Place, bool)>;

thread_local! {
    /// Each where its names lie, so that two may take turns in one place.
    static STRUCTS: [Remembered; REMEMBERED] =
        const { [const { Cell::new(((std::ptr::null(), 0), false)) }; REMEMBERED] };
}

/// The names of a struct's members.
pub(super) struct Names {
    names: &'static [&'static str],
    /// Which of them is expected next.
    next: usize,
}

impl Names {
    /// No name is expected.
    pub(super) const NONE: Self = Self { names: &[], next: 0 };

    /// These are expected, one after the other, unless JSON writes one of them with an escape.
    #[inline]
    pub(super) fn of(names: &'static [&'static str]) -> Self {
        let place: Place = (names.as_ptr(), names.len());
        let is_plain = STRUCTS.with(|structs| {
            let remembered = &structs[(place.0.addr() / size_of::<&str>()) % REMEMBERED];
            match remembered.get() {
                (known, is_plain) if known == place => is_plain,
                _ => remember(remembered, names, place),
            }
        });
        if is_plain { Self { names, next: 0 } } else { Self::NONE }
    }

    /// The name that is expected next.
    #[inline]
    pub(super) fn expected(&self) -> Option<&'static str> {
        self.names.get(self.next).copied()
    }

    /// The one that was expected came.
    #[inline]
    pub(super) fn came(&mut self) {
        self.next += 1;
    }

    /// Another one came. Where it is one of the next, those before it are left out, and the one behind it is expected.
    pub(super) fn other(&mut self, name: &str) {
        let mut ahead = self.names.iter().skip(self.next).take(LOOK_AHEAD);
        if let Some(place) = ahead.position(|known| *known == name) {
            self.next += place + 1;
        }
    }
}

/// Looks whether each name stands for itself, remembers it and answers it.
#[cold]
fn remember(remembered: &Remembered, names: &[&str], place: Place) -> bool {
    let stands = |name: &&str| !name.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\');
    let is_plain = names.iter().all(stands);
    remembered.set((place, is_plain));
    is_plain
}
