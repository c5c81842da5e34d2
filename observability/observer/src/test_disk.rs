//! A disk in memory, which can be looked at and copied whatever is being written to it.

use std::io;
use std::sync::{Arc, Mutex};

use redb::{Database, StorageBackend};

use crate::model::{Model, ModelSettings};
use crate::state_file::{self, Save, Saved};

/// One access that changes something.
#[derive(Debug, Clone)]
pub(crate) enum Access {
    /// Bytes were written.
    Write(usize, Vec<u8>),
    /// The file became longer or shorter.
    Length(usize),
    /// Everything before lasts.
    Sync,
}

/// The file of a store. A clone is the same file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    bytes: Vec<u8>,
    accesses: Vec<Access>,
}

impl Disk {
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Inner { bytes, accesses: Vec::new() })))
    }

    /// What is on it now.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().bytes.clone()
    }

    /// Another disk with the same on it: what there is after a crash.
    pub(crate) fn copy(&self) -> Self {
        Self::of(self.bytes())
    }

    /// What was done with it since it was last asked.
    pub(crate) fn accesses(&self) -> Vec<Access> {
        std::mem::take(&mut self.0.lock().unwrap().accesses)
    }

    /// Does this with it.
    pub(crate) fn apply(&self, access: &Access) {
        let bytes = &mut self.0.lock().unwrap().bytes;
        match access {
            Access::Write(at, written) => bytes[*at..*at + written.len()].copy_from_slice(written),
            Access::Length(length) => bytes.resize(*length, 0),
            Access::Sync => {}
        }
    }

    /// Opens the store on it, as the observer does.
    pub(crate) fn open(&self) -> Result<Database, redb::DatabaseError> {
        let mut builder = Database::builder();
        builder.set_cache_size(1 << 20).set_check_integrity_on_open(true).create_with_backend(self.clone())
    }

    /// The model of the last save on it.
    pub(crate) fn load(&self, settings: &ModelSettings) -> Option<Model> {
        state_file::load(&self.open().unwrap(), settings).unwrap()
    }

    /// Saves a model on it.
    pub(crate) fn save(&self, model: &mut Model) -> Saved {
        let mut save = Save::begin(&self.open().unwrap()).unwrap();
        save.write_beginning(&model.begin_save(save.held)).unwrap();
        while let Some(changes) = model.next_to_save().unwrap() {
            save.write(changes).unwrap();
        }
        let (saved, stamp) = save.commit().unwrap();
        model.is_saved(stamp);
        saved
    }

    fn change(&self, access: Access) {
        self.apply(&access);
        self.0.lock().unwrap().accesses.push(access);
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let bytes = &self.0.lock().unwrap().bytes;
        let read = bytes.get(offset as usize..offset as usize + out.len());
        out.copy_from_slice(read.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.change(Access::Length(length as usize));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.change(Access::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Access::Write(offset as usize, data.to_vec()));
        Ok(())
    }
}

/// The same model after a restart.
pub(crate) fn restarted(model: &mut Model, settings: &ModelSettings) -> Model {
    let disk = Disk::default();
    disk.save(model);
    disk.load(settings).unwrap()
}
