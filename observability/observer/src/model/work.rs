//! Counts, in tests, how many things of one instance are looked at: an answer about ten thousand events may not look at
//! all of them for each.

#[cfg(test)]
thread_local! {
    static LOOKED: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// So many things are looked at.
#[cfg(test)]
pub(super) fn looks_at(things: usize) {
    LOOKED.set(LOOKED.get() + things as u64);
}

/// So many things are looked at: nobody counts.
#[cfg(not(test))]
pub(super) fn looks_at(_: usize) {}

/// How many were since this was last asked.
#[cfg(test)]
pub(super) fn looked_at() -> u64 {
    LOOKED.take()
}
