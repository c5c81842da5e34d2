//! The model on disk, written so that a crash leaves the last whole one.

use std::fs::{self, File};
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

use crate::Shared;
use crate::model::{Model, ModelSettings};

/// The snapshot's name in its folder.
const NAME: &str = "observer.snapshot";
/// What one becomes that is being written.
const NEW: &str = "observer.snapshot.new";
/// What one becomes that cannot be used: whoever wrote it may still read it.
const REFUSED: &str = "observer.snapshot.refused";

/// Where the model is kept over restarts.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    folder: PathBuf,
}

impl Snapshot {
    /// Keeps snapshots in `folder`, which is made where it is missing, and sees that it can be written to.
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        File::create(folder.join(NEW))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The model of the last whole snapshot; a new one where there is none, with the reason where one cannot be used.
    /// That one is set aside, not written over.
    pub(crate) fn load(&self, settings: &ModelSettings) -> (Model, Option<String>) {
        let path = self.folder.join(NAME);
        let read = File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => None,
            _ => Some(error.to_string()),
        });
        let why = match read {
            Ok(file) => match Model::read_snapshot(BufReader::new(file), settings.clone()) {
                Ok(model) => return (model, None),
                Err(error) => Some(error.to_string()),
            },
            Err(why) => why,
        };
        let notice = why.map(|why| {
            let place = self.folder.join(REFUSED);
            let kept = match fs::rename(&path, &place) {
                Ok(()) => format!("it is kept as {}", place.display()),
                Err(error) => format!("it cannot be set aside ({error}) and will be written over"),
            };
            format!("the snapshot {} is of no use, so everything is read anew: {why}; {kept}", path.display())
        });
        (Model::new(settings.clone()), notice)
    }

    /// Writes the model as it is now, while it goes on: beside the last snapshot first, and over it once it is on the
    /// disk.
    pub(crate) fn save(&self, shared: &Shared) -> io::Result<()> {
        let (path, new) = (self.folder.join(NAME), self.folder.join(NEW));
        let written = Self::write(&new, shared);
        shared.write(Model::give_snapshot_up);
        written?;
        fs::rename(&new, &path)?;
        // The name is on the disk once the folder is.
        File::open(&self.folder)?.sync_all()
    }

    fn write(new: &Path, shared: &Shared) -> io::Result<()> {
        let mut file = File::create(new)?;
        let mut digest = Xxh3::new();
        let mut bytes = shared.write(Model::begin_snapshot);
        loop {
            digest.update(&bytes);
            file.write_all(&bytes)?;
            match shared.write(Model::next_of_snapshot).map_err(io::Error::other)? {
                Some(next) => bytes = next,
                None => break,
            }
        }
        file.write_all(&digest.digest().to_le_bytes())?;
        file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> ModelSettings {
        ModelSettings::default()
    }

    /// A folder with the snapshot of a model that knows one workflow of its own.
    fn folder() -> (tempfile::TempDir, Snapshot, Shared) {
        let folder = tempfile::tempdir().unwrap();
        let snapshot = Snapshot::new(folder.path()).unwrap();
        let mut model = Model::new(settings());
        let headers = [("ce_id", "a"), ("ce_type", "x.v1"), ("ce_correlationid", "a")];
        model.record(
            &crate::fact::Record {
                topic: "t",
                partition: 0,
                offset: 0,
                timestamp: None,
                key: None,
                headers: &headers,
                value_bytes: 0,
                tombstone: false,
            },
            1_000,
        );
        let shared = Shared::new(model);
        snapshot.save(&shared).unwrap();
        (folder, snapshot, shared)
    }

    fn knows(snapshot: &Snapshot) -> (bool, Option<String>) {
        let (model, notice) = snapshot.load(&settings());
        (model.instance("a", 2_000).is_some(), notice)
    }

    #[test]
    fn what_was_written_is_read() {
        let (_folder, snapshot, _) = folder();
        assert_eq!(knows(&snapshot), (true, None));
    }

    #[test]
    fn one_that_was_being_written_when_the_process_died_leaves_the_last_whole_one() {
        let (folder, snapshot, _) = folder();
        let whole = fs::read(folder.path().join(NAME)).unwrap();
        fs::write(folder.path().join(NEW), &whole[..whole.len() / 2]).unwrap();
        let again = Snapshot::new(folder.path()).unwrap();
        assert_eq!((knows(&snapshot), knows(&again)), ((true, None), (true, None)));
    }

    #[test]
    fn one_that_cannot_be_used_is_said_and_kept() {
        let (folder, snapshot, shared) = folder();
        let path = folder.path().join(NAME);
        let whole = fs::read(&path).unwrap();
        let mut newer = whole.clone();
        newer[8] += 1;
        for (bytes, why) in [
            (newer.as_slice(), "another version"),
            (&whole[..whole.len() - 9], "cannot be read"),
            (b"", "cannot be read"),
        ] {
            fs::write(&path, bytes).unwrap();
            let (known, notice) = knows(&snapshot);
            let notice = notice.unwrap();
            assert!(!known && notice.contains(why) && notice.contains("everything is read anew"), "{notice}");
            assert!(notice.contains(REFUSED), "{notice}");
            snapshot.save(&shared).unwrap();
            assert_eq!(fs::read(folder.path().join(REFUSED)).unwrap(), bytes, "nothing is lost");
            assert_eq!(knows(&snapshot), (true, None));
        }
    }

    #[test]
    fn a_folder_that_cannot_be_written_to_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        Snapshot::new(&file).unwrap_err();
        // Also where rights do not matter: the name of what is written is taken by a folder.
        fs::create_dir(folder.path().join(NEW)).unwrap();
        Snapshot::new(folder.path()).unwrap_err();
    }

    #[test]
    fn a_write_that_fails_leaves_the_last_one_and_the_next_succeeds() {
        let (folder, snapshot, shared) = folder();
        fs::remove_file(folder.path().join(NEW)).ok();
        fs::create_dir(folder.path().join(NEW)).unwrap();
        snapshot.save(&shared).unwrap_err();
        assert_eq!(knows(&snapshot), (true, None));
        fs::remove_dir(folder.path().join(NEW)).unwrap();
        snapshot.save(&shared).unwrap();
    }
}
