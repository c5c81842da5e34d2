//! The model on disk, written so that a crash leaves the last whole one.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use crate::Shared;
use crate::model::{Model, ModelSettings};

/// The snapshot's name in its folder.
const NAME: &str = "observer.snapshot";

/// Where the model is kept over restarts.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    folder: PathBuf,
}

impl Snapshot {
    /// Keeps snapshots in `folder`, which is made where it is missing.
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The model of the last whole snapshot; a new one where there is none, with the reason where one cannot be used.
    pub(crate) fn load(&self, settings: &ModelSettings) -> (Model, Option<String>) {
        let path = self.folder.join(NAME);
        let new = |why: Option<String>| (Model::new(settings.clone()), why);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return new(None),
            Err(error) => {
                return new(Some(format!("the snapshot {} cannot be read: {error}", path.display())));
            }
        };
        match Model::read_snapshot(BufReader::new(file), settings.clone()) {
            Ok(model) => (model, None),
            Err(error) => new(Some(format!(
                "the snapshot {} is of no use, so everything is read anew: {error}",
                path.display()
            ))),
        }
    }

    /// Writes the model: beside the last snapshot first, and over it once it is on the disk.
    pub(crate) fn save(&self, shared: &Shared) -> io::Result<()> {
        let (path, new) = (self.folder.join(NAME), self.folder.join(format!("{NAME}.new")));
        let mut writer = BufWriter::new(File::create(&new)?);
        shared.read(|model| model.write_snapshot(&mut writer))?;
        writer.flush()?;
        writer.get_ref().sync_all()?;
        fs::rename(&new, &path)?;
        // The name is on the disk once the folder is.
        File::open(&self.folder)?.sync_all()
    }
}
