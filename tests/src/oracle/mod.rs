//! A judge that knows what was acknowledged.
//!
//! The test tells it every input it sends ([`Oracle::issue`]) and every acknowledgement
//! ([`Oracle::acknowledge`]). What the system made of them, the test reads from topics and hands over as
//! [`Seen`]; [`Oracle::judge`] says what is wrong.
//!
//! # Examples
//!
//! ```
//! use choreograph_tests::oracle::{Effect, Oracle, Seen};
//! use choreograph_tests::topics::Placed;
//!
//! let mut oracle = Oracle::default();
//! oracle.issue("in-1", "order-1", 1, b"{}");
//! oracle.acknowledge("in-1", Placed { partition: 0, offset: Some(0) });
//! let effect = Effect::new("in-1", "out-1", b"{}");
//! oracle.judge(&Seen { effects: vec![effect], ..Seen::default() }).assert_kept();
//! ```

mod judge;
mod seen;
mod verdict;

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use crate::topics::Placed;

pub use seen::{Commit, DeadLetter, Effect, Seen};
pub use verdict::{PastUnsettled, Verdict};

type Hash = [u8; 32];

fn hash(payload: &[u8]) -> Hash {
    Sha256::digest(payload).into()
}

#[derive(Debug)]
struct Issued {
    key: String,
    seq: u64,
    payload: Hash,
    placed: Option<Placed>,
}

/// What was sent and what was acknowledged.
#[derive(Debug, Default)]
pub struct Oracle {
    issued: HashMap<String, Issued>,
}

impl Oracle {
    /// An input is about to be sent: the `seq`-th of `key`, in which order effects are expected.
    ///
    /// # Panics
    ///
    /// When `id` was issued before: the test's own mistake.
    pub fn issue(&mut self, id: &str, key: &str, seq: u64, payload: &[u8]) {
        let issued = Issued { key: key.to_owned(), seq, payload: hash(payload), placed: None };
        let before = self.issued.insert(id.to_owned(), issued);
        assert!(before.is_none(), "{id} was issued before");
    }

    /// The broker has acknowledged it: from now on it is owed.
    ///
    /// # Panics
    ///
    /// When `id` was not issued: the test's own mistake.
    pub fn acknowledge(&mut self, id: &str, placed: Placed) {
        let issued = self.issued.get_mut(id).unwrap_or_else(|| panic!("{id} was not issued"));
        issued.placed = Some(placed);
    }

    /// How many inputs were issued, acknowledged or not.
    pub fn issued(&self) -> usize {
        self.issued.len()
    }

    /// How many inputs are owed.
    pub fn acknowledged(&self) -> usize {
        self.issued.values().filter(|issued| issued.placed.is_some()).count()
    }

    /// Says what is wrong with what was `seen`.
    pub fn judge(&self, seen: &Seen) -> Verdict {
        judge::judge(&self.issued, seen)
    }
}
