//! What one pass over an event knows, and what it found.

use std::cell::{Cell, RefCell};

use crate::program::{ANY, Atom, Node, NodeId, Program, TagValues, Verdict};
use crate::tape::Cursor;
use crate::{MAX_DEPTH, Tape, tape};

/// One pass over one event.
pub(crate) struct State<'s> {
    pub(super) program: &'s Program,
    /// Set once something may break the contract; never taken back.
    suspect: Cell<bool>,
    /// How many more objects and arrays may stand inside each other here.
    depth_left: Cell<usize>,
    /// The node that the last tag chose.
    tag: Cell<Option<NodeId>>,
    tape: RefCell<&'s mut Tape>,
    /// How many bytes are written, on the way out.
    pub(super) written: Cell<usize>,
}

/// Bytes that were written and are still to be checked as a whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unchecked {
    buffer: usize,
    start: usize,
    end: usize,
    depth_left: usize,
}

impl<'s> State<'s> {
    pub(super) fn new(program: &'s Program, tape: &'s mut Tape) -> Self {
        tape.names_seen.clear();
        tape.unchecked.clear();
        Self {
            program,
            suspect: Cell::new(false),
            depth_left: Cell::new(MAX_DEPTH),
            tag: Cell::new(None),
            tape: RefCell::new(tape),
            written: Cell::new(0),
        }
    }

    pub(super) fn suspect(&self) {
        self.suspect.set(true);
    }

    pub(super) fn is_suspect(&self) -> bool {
        self.suspect.get()
    }

    /// Whether `atom` may stand at `node`.
    #[inline]
    pub(super) fn atom(&self, node: &Node, atom: Atom<'_>) -> bool {
        if let Some(tag) = &node.tag {
            return self.take_tag(tag, atom);
        }
        node.atoms.check(atom) == Verdict::Valid || self.refused()
    }

    fn take_tag(&self, tag: &TagValues, atom: Atom<'_>) -> bool {
        let Atom::Text(text) = atom else { return self.refused() };
        let other = || {
            let (node, rules) = tag.other.as_ref()?;
            (rules.check(atom) == Verdict::Valid).then_some(*node)
        };
        let chosen = tag.known.get(text).copied().or_else(other);
        self.tag.set(chosen);
        chosen.is_some() || self.refused()
    }

    /// The node that the tag which was just read chooses.
    pub(super) fn chosen(&self) -> Option<NodeId> {
        self.tag.take()
    }

    #[cold]
    pub(super) fn refused(&self) -> bool {
        self.suspect();
        false
    }

    /// Goes one level down.
    #[inline]
    pub(super) fn enter(&self) -> bool {
        match self.depth_left.get().checked_sub(1) {
            Some(left) => {
                self.depth_left.set(left);
                true
            }
            None => self.refused(),
        }
    }

    /// Goes up again.
    #[inline]
    pub(super) fn leave(&self) {
        self.depth_left.set(self.depth_left.get() + 1);
    }

    /// Notes the hash of a name that its object does not declare.
    #[inline]
    pub(super) fn note(&self, hash: u64) {
        self.tape.borrow_mut().names_seen.push(hash);
    }

    pub(super) fn noted(&self) -> usize {
        self.tape.borrow().names_seen.len()
    }

    /// Forgets the names noted since there were `before`; whether no two of them may be the same.
    pub(super) fn distinct_since(&self, before: usize) -> bool {
        /// More names than this are sorted, not compared pairwise.
        const PAIRWISE: usize = 24;
        let mut tape = self.tape.borrow_mut();
        let Some(hashes) = tape.names_seen.get_mut(before..) else { return false };
        let distinct = if hashes.len() <= PAIRWISE {
            hashes.iter().enumerate().all(|(at, hash)| !hashes[..at].contains(hash))
        } else {
            hashes.sort_unstable();
            hashes.windows(2).all(|pair| pair[0] != pair[1])
        };
        tape.names_seen.truncate(before);
        distinct
    }

    /// Whether a whole value keeps what its place asks.
    pub(super) fn whole(&self, buffer: usize, text: &str) -> bool {
        let mut tape = self.tape.borrow_mut();
        let kept = tape::read_within(&mut tape, text.as_bytes(), self.depth_left.get())
            .is_ok_and(|document| self.program.buffer(buffer).validator.is_valid(Cursor::root(&document)));
        kept || self.refused()
    }

    /// Notes that what was written from `start` on must still be checked as a whole.
    pub(super) fn check_later(&self, buffer: usize, start: usize) {
        let unchecked =
            Unchecked { buffer, start, end: self.written.get(), depth_left: self.depth_left.get() };
        self.tape.borrow_mut().unchecked.push(unchecked);
    }

    /// Checks what was noted for later.
    pub(super) fn checked_later(&self, bytes: &[u8]) -> bool {
        let mut at = 0;
        loop {
            let Some(later) = self.tape.borrow().unchecked.get(at).copied() else { return true };
            at += 1;
            self.depth_left.set(later.depth_left);
            let text = bytes.get(later.start..later.end).and_then(|bytes| std::str::from_utf8(bytes).ok());
            if !text.is_some_and(|text| self.whole(later.buffer, text)) {
                return false;
            }
        }
    }

    /// Writes `value` into a text that is used again, and hands it to `then`.
    pub(super) fn with_text<T>(
        &self,
        value: &(impl std::fmt::Display + ?Sized),
        then: impl FnOnce(Option<&str>) -> T,
    ) -> T {
        use std::fmt::Write as _;
        let mut text = std::mem::take(&mut self.tape.borrow_mut().text);
        text.clear();
        let written = write!(text, "{value}").is_ok();
        let result = then(written.then_some(text.as_str()));
        self.tape.borrow_mut().text = text;
        result
    }

    /// No frame, for what cannot be looked into.
    pub(super) fn refused_frame<F>(&self) -> Option<F> {
        self.suspect();
        None
    }

    pub(super) fn any(&self) -> &'s Node {
        self.program.node(ANY)
    }
}
