//! All that the model knows, as bytes.

use std::io::{self, BufReader, Read, Write};

use super::cut::{Cut, Saved as SavedCut};
use super::id::Id;
use super::kept::{Kept, List, More, Row, Standing};
use super::save::{In, Out, Saved};
use super::settings::ModelSettings;
use super::slab::NOWHERE;
use super::state::Model;
use super::words::STATES;
use crate::fact::Millis;

/// What a snapshot begins with.
pub(super) const MARK: u64 = u64::from_le_bytes(*b"chor-obs");
/// The version of the form; another one is not read.
pub(super) const FORM: u32 = 7;

/// A snapshot that cannot be read: the observer begins from the beginning.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// It could not be read, or ends too early.
    #[error("the snapshot cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is none, or of another version.
    #[error("this is no snapshot of form {FORM}; an observer of another version wrote it, or something else")]
    Other,
    /// It is of another environment.
    #[error("the snapshot is of {of}, and this observer follows {here}: give each its own folder")]
    Elsewhere {
        /// The namespace of which it is.
        of: String,
        /// The namespace that is followed.
        here: String,
    },
    /// It was changed after it was written.
    #[error("the snapshot's checksum does not fit: it was changed after it was written")]
    Changed,
    /// Something in it cannot be.
    #[error("the snapshot says something that cannot be: {0}")]
    Form(&'static str),
}

/// An environment in words.
fn environment(namespace: &str) -> String {
    if namespace.is_empty() { "no namespace".to_owned() } else { format!("the namespace {namespace}") }
}

impl Model {
    /// The namespace, empty where there is none.
    fn namespace(&self) -> Box<str> {
        self.settings.namespace.as_deref().unwrap_or_default().into()
    }

    /// Writes all that the model knows, versioned and with a checksum, at once: see
    /// [`begin_snapshot`](Self::begin_snapshot) for one that is written while facts come in.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_snapshot(&self, mut out: impl Write) -> io::Result<()> {
        let mut out = Out::new(&mut out);
        MARK.save(&mut out)?;
        FORM.save(&mut out)?;
        self.save_small(&mut out)?;
        for slot in self.store.slots() {
            self.save_instance(slot, &mut out)?;
        }
        out.finish()
    }

    /// All but the instances, and how many of these there are.
    pub(super) fn save_small(&self, out: &mut Out<'_>) -> io::Result<()> {
        self.namespace().save(out)?;
        self.cluster.save(out)?;
        self.names.save(out)?;
        self.declared_since.save(out)?;
        self.was_declared.save(out)?;
        self.fingerprint.save(out)?;
        self.places.save(out)?;
        self.groups.save(out)?;
        self.cut.saved().save(out)?;
        self.letters.save(out)?;
        self.flows.save(out)?;
        self.sketches.save(out)?;
        self.lately.save(out)?;
        (self.unreadable, self.generation, self.looked_at, self.watching_since).save(out)?;
        (self.store.instances.len() as u32).save(out)
    }

    /// Reads what [`write_snapshot`](Self::write_snapshot) wrote. The manifests are not in it: tell them next.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] where it cannot be read, is of another version or namespace, cut off or changed: begin from the
    /// beginning.
    pub fn read_snapshot(input: impl Read, settings: ModelSettings) -> Result<Self, SnapshotError> {
        let mut input = BufReader::new(input);
        let mut input = In::new(&mut input);
        if u64::load(&mut input)? != MARK || u32::load(&mut input)? != FORM {
            return Err(SnapshotError::Other);
        }
        let mut model = Self::new(settings);
        let (of, here) = (Box::<str>::load(&mut input)?, model.namespace());
        if of != here {
            return Err(SnapshotError::Elsewhere { of: environment(&of), here: environment(&here) });
        }
        model.cluster = Saved::load(&mut input)?;
        model.names = Saved::load(&mut input)?;
        model.declared_since = Saved::load(&mut input)?;
        model.was_declared = Saved::load(&mut input)?;
        model.fingerprint = Saved::load(&mut input)?;
        model.places = Saved::load(&mut input)?;
        model.groups = Saved::load(&mut input)?;
        model.cut = Cut::restored(&SavedCut::load(&mut input)?);
        model.letters = Saved::load(&mut input)?;
        model.flows = Saved::load(&mut input)?;
        model.sketches = Saved::load(&mut input)?;
        model.lately = Saved::load(&mut input)?;
        (model.unreadable, model.generation, model.looked_at, model.watching_since) =
            Saved::load(&mut input)?;
        for _ in 0..u32::load(&mut input)? {
            model.load_instance(&mut input)?;
        }
        input.finish()?;
        Ok(model)
    }

    pub(super) fn save_instance(&self, slot: u32, out: &mut Out<'_>) -> io::Result<()> {
        let it = &self.store.instances[slot];
        (it.id, it.started, it.updated, it.read, it.finished).save(out)?;
        (it.key.clone(), it.trace, it.workflow, it.standing, list_number(it.list)).save(out)?;
        let rows: Vec<u32> = self.store.rows_of(slot).collect();
        let more = it.more.as_ref().map(|more| {
            let mut more = More::clone(more);
            for note in &mut more.notes {
                note.row = rows.iter().position(|row| *row == note.row).map_or(NOWHERE, |at| at as u32);
            }
            more
        });
        more.save(out)?;
        (rows.len() as u32).save(out)?;
        rows.iter().try_for_each(|row| {
            let row = &self.store.rows[*row];
            let later = if row.later == NOWHERE { None } else { rows.iter().position(|it| *it == row.later) };
            Row { later: later.map_or(NOWHERE, |at| at as u32), ..row.clone() }.save(out)
        })
    }

    fn load_instance(&mut self, input: &mut In<'_>) -> Result<(), SnapshotError> {
        let (id, started, updated, read, finished): (Id, Millis, Millis, Millis, Millis) =
            Saved::load(input)?;
        let (key, trace, workflow, standing, list): (_, _, _, Standing, u8) = Saved::load(input)?;
        let mut more: Option<More> = Saved::load(input)?;
        if usize::from(standing.state) >= STATES {
            return Err(SnapshotError::Form("no state of an instance"));
        }
        let kept = Kept { started, updated, read, finished, key, trace, workflow, standing, ..Kept::new(id) };
        let slot = self.store.add_instance(kept);
        let (mut numbers, mut later) = (Vec::new(), Vec::new());
        for _ in 0..u32::load(input)? {
            let row = Row::load(input)?;
            if row.place != NOWHERE && !self.places.knows(row.place) {
                return Err(SnapshotError::Form("an event in a partition that is not in it"));
            }
            later.push(row.later);
            numbers.push(self.store.add_row(Row { instance: slot, next: NOWHERE, later: NOWHERE, ..row }));
        }
        for (at, later) in later.into_iter().enumerate().filter(|(_, later)| *later != NOWHERE) {
            let Some(&later) = numbers.get(later as usize) else {
                return Err(SnapshotError::Form("an event beside one that is not in it"));
            };
            self.store.rows[numbers[at]].later = later;
        }
        self.store.twins += more.as_ref().map_or(0, |more| u64::from(more.twins));
        if let Some(more) = &mut more {
            more.notes.retain(|note| (note.row as usize) < numbers.len() && self.places.knows(note.place));
            for note in &mut more.notes {
                note.row = numbers[note.row as usize];
            }
        }
        self.store.instances[slot].more = more.map(Box::new);
        self.store.extra += self.store.instances[slot].extra_bytes();
        match list {
            0 => self.reopen(slot),
            1 => {
                self.store.instances[slot].list = List::Aside;
                self.put_aside(slot);
            }
            _ => self.store.instances[slot].list = List::Closed,
        }
        Ok(())
    }
}

fn list_number(list: List) -> u8 {
    match list {
        List::Open | List::Free => 0,
        List::Aside => 1,
        List::Closed => 2,
    }
}
