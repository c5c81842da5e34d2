//! A snapshot that is taken while facts go on coming in.
//!
//! What is small is taken down at once. Instances follow piece by piece; one that changes before its turn is taken
//! down first, as it was. So the whole is of one moment, and who tells facts waits for one piece at most.

use std::io;

use super::save::{Out, Saved};
use super::snapshot::{FORM, MARK};
use super::state::Model;

/// The bytes of one piece: some milliseconds.
const PIECE: usize = 1 << 20;
/// The most bytes that are taken down before their turn and wait to be written: what is told while a disk stands still.
const MAX_EARLY: usize = 64 << 20;
/// The instances in one word of the marks.
const WORD: u32 = u64::BITS;

/// A snapshot under way.
#[derive(Debug)]
pub(super) struct Saving {
    /// The instance whose turn is next.
    next: u32,
    /// All that are in it lie below.
    bound: u32,
    /// Those that are in no later piece: taken down early, or no part of it.
    past: Vec<u64>,
    /// What was taken down early.
    early: Vec<u8>,
}

/// Why a snapshot was given up.
#[derive(Debug, thiserror::Error)]
#[error("more than {} MiB changed while it waited to be written: the disk is too slow", MAX_EARLY >> 20)]
pub struct TooSlow;

impl Saving {
    fn is_past(&self, slot: u32) -> bool {
        slot < self.next || slot >= self.bound || self.past[(slot / WORD) as usize] >> (slot % WORD) & 1 == 1
    }

    fn pass(&mut self, slot: u32) {
        self.past[(slot / WORD) as usize] |= 1 << (slot % WORD);
    }
}

impl Model {
    /// Begins a snapshot of this moment and gives its first bytes; one that was under way is given up. All others come
    /// from [`next_of_snapshot`](Self::next_of_snapshot). Behind them all belongs their XXH3-64, in eight bytes, the
    /// least significant first: together they are what [`write_snapshot`](Self::write_snapshot) writes.
    pub fn begin_snapshot(&mut self) -> Vec<u8> {
        let bound = self.store.instances.bound();
        let words = bound.div_ceil(WORD) as usize;
        let mut saving = Saving { next: 0, bound, past: vec![0; words], early: Vec::new() };
        for slot in (0..bound).filter(|&slot| !self.store.is_kept(slot)) {
            saving.pass(slot);
        }
        self.saving = Some(saving);
        to_memory(|out| {
            MARK.save(out)?;
            FORM.save(out)?;
            self.save_small(out)
        })
    }

    /// The next bytes of the snapshot under way; `None` at its end.
    ///
    /// # Errors
    ///
    /// [`TooSlow`] where too much has changed since the last piece: the snapshot is given up.
    pub fn next_of_snapshot(&mut self) -> Result<Option<Vec<u8>>, TooSlow> {
        let Some(mut saving) = self.saving.take() else { return Err(TooSlow) };
        let mut bytes = std::mem::take(&mut saving.early);
        bytes.append(&mut to_memory(|out| {
            while saving.next < saving.bound && out.written() < PIECE {
                if !saving.is_past(saving.next) {
                    self.save_instance(saving.next, out)?;
                }
                saving.next += 1;
            }
            Ok(())
        }));
        if bytes.is_empty() {
            return Ok(None);
        }
        self.saving = Some(saving);
        Ok(Some(bytes))
    }

    /// Gives the snapshot under way up.
    pub fn give_snapshot_up(&mut self) {
        self.saving = None;
    }

    /// To be called before an instance changes or is forgotten.
    pub(super) fn before_change(&mut self, slot: u32) {
        let Some(saving) = self.saving.as_mut().filter(|saving| !saving.is_past(slot)) else { return };
        saving.pass(slot);
        let mut bytes = to_memory(|out| self.save_instance(slot, out));
        if let Some(saving) = &mut self.saving {
            saving.early.append(&mut bytes);
            if saving.early.len() > MAX_EARLY {
                self.saving = None;
            }
        }
    }

    /// To be called when an instance has come.
    pub(super) fn after_coming(&mut self, slot: u32) {
        if let Some(saving) = self.saving.as_mut().filter(|saving| !saving.is_past(slot)) {
            saving.pass(slot);
        }
    }
}

/// The bytes that `save` writes.
fn to_memory(save: impl FnOnce(&mut Out<'_>) -> io::Result<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut out = Out::new(&mut bytes);
    // Memory takes everything.
    let _infallible = save(&mut out).and_then(|()| out.end());
    bytes
}
