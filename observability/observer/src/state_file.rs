//! The embedded store: a save of the model is one transaction, of one moment, that writes what changed since the last.

use redb::{
    Database, ReadableDatabase as _, ReadableTable as _, TableDefinition, TableError, WriteTransaction,
};
use uuid::Uuid;

use crate::Shared;
use crate::model::{BadState, Beginning, Change, Key, Model, ModelSettings, Stamp, TooSlow};

/// All but instances and dead letters, in one value.
const SMALL: TableDefinition<'_, (), &[u8]> = TableDefinition::new("small");
/// The name of the last save.
const STAMP: TableDefinition<'_, (), Stamp> = TableDefinition::new("stamp");
/// Instances with their events, by their numbers.
const INSTANCES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("instances");
/// Dead letters, and what was done with unseen ones, by their ids.
const LETTERS: TableDefinition<'_, u128, &[u8]> = TableDefinition::new("letters");

/// Why nothing could be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The file cannot be read, or is damaged.
    #[error(transparent)]
    Storage(#[from] redb::Error),
    /// What it holds is of no use.
    #[error(transparent)]
    State(#[from] BadState),
}

/// Why nothing was saved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveError {
    /// The file cannot be written.
    #[error(transparent)]
    Storage(#[from] redb::Error),
    /// The disk does not keep up.
    #[error(transparent)]
    TooSlow(#[from] TooSlow),
}

/// What a save wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Saved {
    /// Instances that were new or had changed.
    pub instances: u64,
    /// Dead letters that were, and what was done with unseen ones.
    pub letters: u64,
    /// What was taken out: instances and dead letters that were forgotten.
    pub forgotten: u64,
    /// The bytes of all of it.
    pub bytes: u64,
}

/// The model of the last save; `None` where there was none yet.
pub(crate) fn load(database: &Database, settings: &ModelSettings) -> Result<Option<Model>, LoadError> {
    let transaction = database.begin_read().map_err(redb::Error::from)?;
    let stamp = match transaction.open_table(STAMP) {
        Ok(table) => table.get(()).map_err(redb::Error::from)?.map(|stamp| stamp.value()),
        Err(TableError::TableDoesNotExist(_)) => None,
        Err(error) => return Err(redb::Error::from(error).into()),
    };
    let Some(stamp) = stamp else { return Ok(None) };
    let small = transaction.open_table(SMALL).map_err(redb::Error::from)?;
    let small = small.get(()).map_err(redb::Error::from)?.ok_or(BadState::Other)?;
    let (mut model, held) = Model::of_save(small.value(), settings.clone())?;
    let instances = transaction.open_table(INSTANCES).map_err(redb::Error::from)?;
    for entry in instances.iter().map_err(redb::Error::from)? {
        let (slot, bytes) = entry.map_err(redb::Error::from)?;
        model.restore(Key::Instance(slot.value()), bytes.value())?;
    }
    let letters = transaction.open_table(LETTERS).map_err(redb::Error::from)?;
    for entry in letters.iter().map_err(redb::Error::from)? {
        let (id, bytes) = entry.map_err(redb::Error::from)?;
        model.restore(Key::Letter(id.value()), bytes.value())?;
    }
    model.restored(&held, stamp)?;
    Ok(Some(model))
}

/// Saves the model as it is now, while it goes on.
pub(crate) fn save(database: &Database, shared: &Shared) -> Result<Saved, SaveError> {
    let saved = save_all(database, shared);
    if saved.is_err() {
        shared.write(Model::give_save_up);
    }
    saved
}

fn save_all(database: &Database, shared: &Shared) -> Result<Saved, SaveError> {
    let mut save = Save::begin(database)?;
    let beginning = shared.write(|model| model.begin_save(save.held));
    save.write_beginning(&beginning)?;
    while let Some(changes) = shared.write(Model::next_to_save)? {
        save.write(changes)?;
    }
    let (saved, stamp) = save.commit()?;
    shared.write(|model| model.is_saved(stamp));
    Ok(saved)
}

/// A save under way. Dropped, it never was.
pub(crate) struct Save {
    transaction: WriteTransaction,
    /// The save that the file holds.
    pub(crate) held: Option<Stamp>,
    saved: Saved,
}

impl Save {
    pub(crate) fn begin(database: &Database) -> Result<Self, redb::Error> {
        let transaction = database.begin_write()?;
        let held = transaction.open_table(STAMP)?.get(())?.map(|stamp| stamp.value());
        Ok(Self { transaction, held, saved: Saved::default() })
    }

    pub(crate) fn write_beginning(&mut self, beginning: &Beginning) -> Result<(), redb::Error> {
        if beginning.everything {
            self.transaction.delete_table(INSTANCES)?;
            self.transaction.delete_table(LETTERS)?;
        }
        self.transaction.open_table(SMALL)?.insert((), beginning.small.as_slice())?;
        self.saved.bytes += beginning.small.len() as u64;
        // Whoever loads finds them, however few there are.
        self.transaction.open_table(INSTANCES)?;
        self.transaction.open_table(LETTERS)?;
        Ok(())
    }

    pub(crate) fn write(&mut self, changes: Vec<Change>) -> Result<(), redb::Error> {
        let mut instances = self.transaction.open_table(INSTANCES)?;
        let mut letters = self.transaction.open_table(LETTERS)?;
        for (key, bytes) in changes {
            self.saved.bytes += bytes.as_ref().map_or(0, Vec::len) as u64;
            match (key, bytes) {
                (Key::Instance(slot), Some(bytes)) => {
                    instances.insert(slot, bytes.as_slice())?;
                    self.saved.instances += 1;
                }
                (Key::Letter(id), Some(bytes)) => {
                    letters.insert(id, bytes.as_slice())?;
                    self.saved.letters += 1;
                }
                (Key::Instance(slot), None) => {
                    self.saved.forgotten += u64::from(instances.remove(slot)?.is_some());
                }
                (Key::Letter(id), None) => {
                    self.saved.forgotten += u64::from(letters.remove(id)?.is_some());
                }
            }
        }
        Ok(())
    }

    /// Has it on the disk.
    pub(crate) fn commit(self) -> Result<(Saved, Stamp), redb::Error> {
        let stamp = Uuid::now_v7().as_u128();
        self.transaction.open_table(STAMP)?.insert((), stamp)?;
        self.transaction.commit()?;
        Ok((self.saved, stamp))
    }
}
