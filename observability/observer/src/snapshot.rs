//! The model on disk, written so that a crash leaves the last whole one.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use crate::Shared;
use crate::clock;
use crate::model::{Model, ModelSettings};

/// The snapshot's name in its folder.
const NAME: &str = "observer.snapshot";
/// What one becomes that is being written.
const NEW: &str = "observer.snapshot.new";
/// What one becomes that cannot be used: whoever wrote it may still read it.
const REFUSED: &str = "observer.snapshot.refused";
/// What whoever keeps snapshots in a folder holds locked: two would write over each other.
const LOCK: &str = "observer.lock";

/// Why one is of no use whose times lie ahead: by them everything would seem to have waited, or nothing.
const FROM_THE_FUTURE: &str =
    "it was written at a time that is still to come: the machine's clock was set back since";

/// Where the model is kept over restarts.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    folder: PathBuf,
    _lock: Arc<Lock>,
}

/// A file that is locked until this is gone. Whatever ends the process ends that too.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Said, since a process that is being started may have the file open a moment longer. What fails here ends with
        // the file all the same.
        let _unlocked = self.0.unlock();
    }
}

impl Snapshot {
    /// Keeps snapshots in `folder`, which is made where it is missing, and sees that it can be written to and that
    /// nobody else does so.
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let lock = File::create(folder.join(LOCK))?;
        // A file system without locks is no reason not to keep anything.
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "another observer keeps its own there"));
        }
        File::create(folder.join(NEW))?;
        Ok(Self { folder: folder.to_owned(), _lock: Arc::new(Lock(lock)) })
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
                Ok(model) if model.looked_at() > clock::now() => Some(FROM_THE_FUTURE.to_owned()),
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
    fn one_from_the_future_is_refused() {
        let (_folder, snapshot, shared) = folder();
        let heard = |at| crate::fact::Groups { at, committed: Vec::new(), states: Vec::new() };
        shared.write(|model| model.groups(&heard(clock::now())));
        snapshot.save(&shared).unwrap();
        assert_eq!(knows(&snapshot), (true, None));
        shared.write(|model| model.groups(&heard(clock::now() + 60_000)));
        snapshot.save(&shared).unwrap();
        let (known, notice) = knows(&snapshot);
        assert!(!known && notice.is_some_and(|notice| notice.contains("a time that is still to come")));
    }

    #[test]
    fn one_that_was_being_written_when_the_process_died_leaves_the_last_whole_one() {
        let (folder, snapshot, _) = folder();
        drop(snapshot);
        let whole = fs::read(folder.path().join(NAME)).unwrap();
        for length in 0..=whole.len() {
            fs::write(folder.path().join(NEW), &whole[..length]).unwrap();
            let again = Snapshot::new(folder.path()).unwrap();
            assert_eq!(knows(&again), (true, None), "after {length} of {} bytes", whole.len());
        }
    }

    #[test]
    fn of_the_first_that_was_being_written_nothing_is_read_and_nothing_said() {
        let (other, ..) = folder();
        let whole = fs::read(other.path().join(NAME)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NEW), &whole[..whole.len() / 2]).unwrap();
        let snapshot = Snapshot::new(folder.path()).unwrap();
        assert_eq!(knows(&snapshot), (false, None));
        snapshot.save(&Shared::new(Model::new(settings()))).unwrap();
        assert_eq!(knows(&snapshot), (false, None));
    }

    #[test]
    fn two_observers_do_not_keep_theirs_in_one_folder() {
        let (folder, snapshot, _) = folder();
        let refused = Snapshot::new(folder.path()).unwrap_err();
        assert!(refused.to_string().contains("another observer"), "{refused}");
        assert_eq!(knows(&snapshot), (true, None));
        drop(snapshot);
        Snapshot::new(folder.path()).unwrap();
    }

    /// Where a process of the next test keeps its snapshots, and how many instances it is to find there.
    const KILLED: &str = "TEST_KILLED_SNAPSHOTS";
    /// Instances of the first snapshot: enough for several pieces.
    const FIRST: usize = 5_000;
    /// How far the file that is being written has come when its writer is killed, in hundredths of a whole one; beyond
    /// that it has its new name, or the next one is begun.
    const KILLED_AT: [u64; 6] = [0, 1, 30, 60, 99, 100];

    fn tell(shared: &Shared, number: usize) {
        let id = format!("i-{number}");
        let headers = [("ce_id", id.as_str()), ("ce_type", "x.v1"), ("ce_correlationid", id.as_str())];
        let record = crate::fact::Record {
            topic: "t",
            partition: 0,
            offset: number as i64,
            timestamp: None,
            key: Some(id.as_bytes()),
            headers: &headers,
            value_bytes: 0,
            tombstone: false,
        };
        shared.write(|model| model.record(&record, 1_000));
    }

    /// How many instances a snapshot holds, each of which has to be there.
    fn held(snapshot: &Snapshot) -> usize {
        let (model, notice) = snapshot.load(&settings());
        assert_eq!(notice, None);
        let known = model.next_offset("t", 0).map_or(0, |next| usize::try_from(next).unwrap());
        assert!(
            (0..known).all(|number| model.instance(&format!("i-{number}"), 2_000).is_some()),
            "of {known}"
        );
        known
    }

    /// Writes one snapshot after another, each with an instance more, and says so, until it is killed.
    fn write_on(folder: &Path, mut known: usize) -> ! {
        let snapshot = Snapshot::new(folder).unwrap();
        assert_eq!(held(&snapshot), known);
        let (model, _) = snapshot.load(&settings());
        let shared = Shared::new(model);
        loop {
            tell(&shared, known);
            known += 1;
            snapshot.save(&shared).unwrap();
            writeln!(io::stdout(), "saved {known}").unwrap();
        }
    }

    #[test]
    fn whenever_its_writer_is_killed_the_last_whole_one_is_there() {
        use std::io::BufRead as _;
        use std::process::{Command, Stdio};

        if let Ok(told) = std::env::var(KILLED) {
            let (known, folder) = told.split_once(' ').unwrap();
            write_on(Path::new(folder), known.parse().unwrap());
        }
        let folder = tempfile::tempdir().unwrap();
        let shared = Shared::new(Model::new(settings()));
        (0..FIRST).for_each(|number| tell(&shared, number));
        Snapshot::new(folder.path()).unwrap().save(&shared).unwrap();
        let whole = fs::metadata(folder.path().join(NAME)).unwrap().len();
        let mut known = FIRST;
        for percent in KILLED_AT {
            let name = "snapshot::tests::whenever_its_writer_is_killed_the_last_whole_one_is_there";
            let mut writer = Command::new(std::env::current_exe().unwrap())
                .args([name, "--exact", "--nocapture"])
                .env(KILLED, format!("{known} {}", folder.path().display()))
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
            let mut saved = lines.filter_map(|line| line.ok()?.strip_prefix("saved ")?.parse::<usize>().ok());
            let first = saved.next().unwrap();
            // The next one is being written.
            let length = || fs::metadata(folder.path().join(NEW)).map_or(0, |file| file.len());
            while length() * 100 < whole * percent {
                assert_eq!(writer.try_wait().unwrap(), None, "it ended by itself");
                std::thread::yield_now();
            }
            writer.kill().unwrap();
            writer.wait().unwrap();
            let last = saved.last().unwrap_or(first);
            known = held(&Snapshot::new(folder.path()).unwrap());
            assert!(known == last || known == last + 1, "{known} are held, and {last} were written");
        }
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
