//! Saves: the model as the state file holds it.

use super::id::Id;
use super::kept_bytes::BadState;
use super::save::In;
use super::settings::ModelSettings;
use super::state::Model;
use super::turns::MAX_EARLY;

/// Names one save.
pub(crate) type Stamp = u128;

/// What a save begins with.
#[derive(Debug)]
pub(crate) struct Beginning {
    /// Whether what the file held before is no part of it: it is to be emptied.
    pub(crate) everything: bool,
    /// All but instances and dead letters.
    pub(crate) small: Vec<u8>,
}

/// Where a part of the model stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// An instance.
    Instance(u32),
    /// A dead letter, or what was done with one that was not seen.
    Letter(u128),
}

/// What is saved of one part: its bytes, or that there is nothing any more.
pub(crate) type Change = (Key, Option<Vec<u8>>);

/// Why a save was given up.
#[derive(Debug, thiserror::Error)]
#[error("more than {} MiB changed while it waited to be written: the disk is too slow", MAX_EARLY >> 20)]
pub(crate) struct TooSlow;

impl Model {
    /// Begins a save of this moment into a file that holds the save `held`; one that was under way is given up. What
    /// changed since comes from [`next_to_save`](Self::next_to_save). Where the file holds another save than the last one,
    /// everything does.
    pub(crate) fn begin_save(&mut self, held: Option<Stamp>) -> Beginning {
        self.give_save_up();
        let everything = held.is_none() || held != self.saved_as;
        if everything {
            self.store.all_changed();
            self.letters.all_changed();
        }
        self.store.turns.begin();
        self.letters.turns.begin();
        let mut small = Vec::new();
        self.save_small(&mut small);
        Beginning { everything, small }
    }

    /// The next changes of the save under way; `None` at its end.
    ///
    /// # Errors
    ///
    /// [`TooSlow`] where too much has changed since the last piece: the save is to be given up.
    pub(crate) fn next_to_save(&mut self) -> Result<Option<Vec<Change>>, TooSlow> {
        let instances = self.store.next_to_save().ok_or(TooSlow)?;
        if !instances.is_empty() {
            let changes = instances.into_iter().map(|(slot, bytes)| (Key::Instance(slot), bytes));
            return Ok(Some(changes.collect()));
        }
        let letters = self.letters.next_to_save().ok_or(TooSlow)?;
        let changes = letters.into_iter().map(|(id, bytes)| (Key::Letter(id.number()), bytes));
        Ok(Some(changes.collect()).filter(|changes: &Vec<Change>| !changes.is_empty()))
    }

    /// What was under way is on the disk, as the save `stamp`.
    pub(crate) fn is_saved(&mut self, stamp: Stamp) {
        self.store.turns.saved();
        self.letters.turns.saved();
        self.saved_as = Some(stamp);
    }

    /// Gives the save under way up.
    pub(crate) fn give_save_up(&mut self) {
        self.store.turns.give_up();
        self.letters.turns.give_up();
    }

    /// The model that a save begins with; its instances and dead letters are [added](Self::restore) next, the instances in
    /// the order of their numbers.
    ///
    /// # Errors
    ///
    /// [`BadState`] where it is of another version or namespace, or says something that cannot be.
    pub(crate) fn of_save(small: &[u8], settings: ModelSettings) -> Result<(Self, Held), BadState> {
        Self::load_small(&mut In::new(small), settings)
    }

    /// Adds what the file holds of one part.
    ///
    /// # Errors
    ///
    /// [`BadState::Form`] where it says something that cannot be.
    pub(crate) fn restore(&mut self, key: Key, bytes: &[u8]) -> Result<(), BadState> {
        let mut input = In::new(bytes);
        match key {
            Key::Instance(slot) => self.load_instance(slot, &mut input)?,
            Key::Letter(id) => self.letters.restore(Id::from_number(id), &mut input)?,
        }
        input.finish()
    }

    /// Everything was added: it is the save `stamp`.
    ///
    /// # Errors
    ///
    /// [`BadState::Form`] where it is not as much as was saved.
    pub(crate) fn restored(&mut self, held: &Held, stamp: Stamp) -> Result<(), BadState> {
        if *held != self.held() {
            return Err(BadState::Form("something is missing"));
        }
        self.saved_as = Some(stamp);
        Ok(())
    }

    /// How much there is of what is saved part by part.
    pub(super) fn held(&self) -> Held {
        Held { instances: self.store.instances.len() as u32, letters: self.letters.len() as u32 }
    }
}

/// How much a save holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Held {
    instances: u32,
    letters: u32,
}

super::save::saved!(Held { instances, letters });
