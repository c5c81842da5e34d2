//! The folder of the state file: whose it is, and what becomes of a file of no use.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use redb::{Database, DatabaseError, StorageError};

use crate::Shared;
use crate::clock;
use crate::model::{Model, ModelSettings};
use crate::state_file::{self, LoadError, SaveError, Saved};

/// The state file's name in its folder.
const NAME: &str = "observer.redb";
/// What one becomes that cannot be used: whoever wrote it may still read it.
const REFUSED: &str = "observer.redb.refused";
/// What whoever keeps state in a folder holds locked: two would write over each other.
const LOCK: &str = "observer.lock";
/// The memory that the store takes for pages, in bytes: half of it at most for what a save has not written yet.
const CACHE_BYTES: usize = 32 << 20;

/// Why one is of no use whose times lie ahead: by them everything would seem to have waited, or nothing.
const FROM_THE_FUTURE: &str =
    "it was written at a time that is still to come: the machine's clock was set back since";

/// Where the model is kept over restarts: a folder with a file that an embedded store keeps.
///
/// Each save is one transaction and of one moment, also while facts come in. It writes what changed since the last; a
/// crash leaves the last whole one.
#[derive(Debug)]
pub struct StateFolder {
    folder: PathBuf,
    /// `None` before the first load, and where the last access failed: the store has to be opened anew then.
    database: Mutex<Option<Database>>,
    _lock: Lock,
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

impl StateFolder {
    /// Takes `folder`, which is made where it is missing, and sees that nobody else keeps state there.
    ///
    /// # Errors
    ///
    /// When it cannot be made or written to, or another observer has it.
    pub fn new(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let lock = File::create(folder.join(LOCK))?;
        // A file system without locks is no reason not to keep anything.
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(busy());
        }
        Ok(Self { folder: folder.to_owned(), database: Mutex::new(None), _lock: Lock(lock) })
    }

    /// The model of the last save; a new one where there is none, with the reason where the file cannot be used. That one
    /// is set aside, not written over.
    ///
    /// # Errors
    ///
    /// When the file can be neither read nor made, or one of no use not set aside.
    pub fn load(&self, settings: &ModelSettings) -> io::Result<(Model, Option<String>)> {
        let mut kept = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        // An open store lets nobody else open its file, not even this process.
        *kept = None;
        let why = match self.open()? {
            Ok(database) => match load(&database, settings)? {
                Ok(model) => {
                    *kept = Some(database);
                    return Ok((model, None));
                }
                Err(why) => why,
            },
            Err(why) => why,
        };
        let notice = self.set_aside(&why)?;
        *kept = Some(self.open()?.map_err(io::Error::other)?);
        Ok((Model::new(settings.clone()), Some(notice)))
    }

    /// Saves the model as it is now, while it goes on.
    ///
    /// # Errors
    ///
    /// When the disk fails or is too slow; what was saved before is still there.
    pub fn save(&self, shared: &Shared) -> io::Result<Saved> {
        let mut kept = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let database = match kept.take() {
            Some(database) => database,
            None => self.open_anew()?,
        };
        match state_file::save(&database, shared) {
            Ok(saved) => {
                *kept = Some(database);
                Ok(saved)
            }
            Err(error @ SaveError::TooSlow(_)) => {
                *kept = Some(database);
                Err(io::Error::other(error))
            }
            Err(SaveError::Storage(error)) => Err(io_error(error)),
        }
    }

    /// Opens the file with every page looked at, or makes it; or says why it is of no use.
    fn open(&self) -> io::Result<Result<Database, String>> {
        let opened = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .set_check_integrity_on_open(true)
            .create(self.folder.join(NAME));
        match opened {
            Ok(database) => Ok(Ok(database)),
            Err(DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch) => Err(busy()),
            Err(DatabaseError::Storage(StorageError::Io(error))) if !is_of_no_use(&error) => Err(error),
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    /// Opens the file after the store has failed.
    fn open_anew(&self) -> io::Result<Database> {
        match self.open()? {
            Ok(database) => Ok(database),
            Err(why) => {
                tracing::warn!("{}", self.set_aside(&why)?);
                self.open()?.map_err(io::Error::other)
            }
        }
    }

    /// Sets a file of no use aside, and tells so.
    fn set_aside(&self, why: &str) -> io::Result<String> {
        let (path, place) = (self.folder.join(NAME), self.folder.join(REFUSED));
        fs::rename(&path, &place)?;
        let (path, place) = (path.display(), place.display());
        Ok(format!(
            "the state file {path} is of no use, so everything is read anew: {why}; it is kept as {place}"
        ))
    }
}

/// Whether this says that the file holds something else, or its beginning only.
fn is_of_no_use(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

/// The model that a file holds, a new one where it is empty; or why it is of no use.
fn load(database: &Database, settings: &ModelSettings) -> io::Result<Result<Model, String>> {
    match state_file::load(database, settings) {
        Ok(Some(model)) if model.looked_at() > clock::now() => Ok(Err(FROM_THE_FUTURE.to_owned())),
        Ok(model) => Ok(Ok(model.unwrap_or_else(|| Model::new(settings.clone())))),
        Err(LoadError::Storage(redb::Error::Io(error))) => Err(error),
        Err(error) => Ok(Err(error.to_string())),
    }
}

fn busy() -> io::Error {
    io::Error::new(io::ErrorKind::ResourceBusy, "another observer keeps its own there")
}

fn io_error(error: redb::Error) -> io::Error {
    match error {
        redb::Error::Io(error) => error,
        error => io::Error::other(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Write as _};

    use super::*;

    fn settings() -> ModelSettings {
        ModelSettings::default()
    }

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

    /// A folder with the state of a model that knows one instance.
    fn folder() -> (tempfile::TempDir, StateFolder, Shared) {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::new(folder.path()).unwrap();
        let shared = Shared::new(state.load(&settings()).unwrap().0);
        tell(&shared, 0);
        state.save(&shared).unwrap();
        (folder, state, shared)
    }

    fn knows(state: &StateFolder) -> (bool, Option<String>) {
        let (model, notice) = state.load(&settings()).unwrap();
        (model.instance("i-0", 2_000).is_some(), notice)
    }

    #[test]
    fn what_was_saved_is_loaded() {
        let (folder, state, _) = folder();
        assert_eq!(knows(&state), (true, None));
        drop(state);
        assert_eq!(knows(&StateFolder::new(folder.path()).unwrap()), (true, None));
    }

    #[test]
    fn a_save_costs_what_changed() {
        const INSTANCES: usize = 5_000;
        let (_folder, state, shared) = folder();
        (1..INSTANCES).for_each(|number| tell(&shared, number));
        let many = state.save(&shared).unwrap();
        assert_eq!((many.instances, many.letters, many.forgotten), (INSTANCES as u64 - 1, 0, 0));
        let none = state.save(&shared).unwrap();
        assert_eq!((none.instances, none.letters, none.forgotten), (0, 0, 0));
        (INSTANCES..INSTANCES + 3).for_each(|number| tell(&shared, number));
        let few = state.save(&shared).unwrap();
        assert_eq!((few.instances, few.letters, few.forgotten), (3, 0, 0));
        assert!(few.bytes < many.bytes / 100, "{few:?}, {many:?}");
        // What is loaded is what the file holds.
        let (model, _) = state.load(&settings()).unwrap();
        assert_eq!(state.save(&Shared::new(model)).unwrap().instances, 0);
        assert_eq!(held(&state), INSTANCES + 3);
    }

    #[test]
    fn a_model_that_is_not_of_the_file_takes_its_place() {
        let (_folder, state, shared) = folder();
        tell(&shared, 1);
        state.save(&shared).unwrap();
        let other = Shared::new(Model::new(settings()));
        assert_eq!(state.save(&other).unwrap().instances, 0);
        assert_eq!(knows(&state), (false, None));
        let all = state.save(&shared).unwrap();
        assert_eq!((all.instances, held(&state)), (2, 2), "whatever it saved elsewhere");
    }

    #[test]
    fn one_from_the_future_is_refused() {
        let (_folder, state, shared) = folder();
        let heard = |at| crate::fact::Groups { at, committed: Vec::new(), states: Vec::new() };
        shared.write(|model| model.groups(&heard(clock::now())));
        state.save(&shared).unwrap();
        assert_eq!(knows(&state), (true, None));
        shared.write(|model| model.groups(&heard(clock::now() + 60_000)));
        state.save(&shared).unwrap();
        let (known, notice) = knows(&state);
        assert!(!known && notice.is_some_and(|notice| notice.contains("a time that is still to come")));
    }

    #[test]
    fn two_observers_do_not_keep_theirs_in_one_folder() {
        let (folder, state, _) = folder();
        let refused = StateFolder::new(folder.path()).unwrap_err();
        assert!(refused.to_string().contains("another observer"), "{refused}");
        assert_eq!(knows(&state), (true, None));
        drop(state);
        StateFolder::new(folder.path()).unwrap();
    }

    /// Where a process of the next test keeps its state, and how many instances it is to find there.
    const KILLED: &str = "TEST_KILLED_STATE";
    /// Instances of the first save.
    const FIRST: usize = 500;
    /// After how many lines that it writes the writer is killed: before a save, amid it, or after it.
    const KILLED_AFTER: [usize; 6] = [1, 2, 3, 4, 9, 20];

    /// How many instances a file holds, each of which has to be there.
    fn held(state: &StateFolder) -> usize {
        let (model, notice) = state.load(&settings()).unwrap();
        assert_eq!(notice, None);
        let known = model.next_offset("t", 0).map_or(0, |next| usize::try_from(next).unwrap());
        let all = (0..known).all(|number| model.instance(&format!("i-{number}"), 2_000).is_some());
        assert!(all && model.overview(2_000).instances == known as u64, "of {known}");
        known
    }

    /// Saves again and again, each time with an instance more, and says so, until it is killed.
    fn save_on(folder: &Path, mut known: usize) -> ! {
        let state = StateFolder::new(folder).unwrap();
        assert_eq!(held(&state), known);
        let shared = Shared::new(state.load(&settings()).unwrap().0);
        loop {
            tell(&shared, known);
            known += 1;
            writeln!(io::stdout(), "saving").unwrap();
            state.save(&shared).unwrap();
            writeln!(io::stdout(), "saved {known}").unwrap();
        }
    }

    #[test]
    fn whenever_its_writer_is_killed_the_last_whole_one_is_there() {
        use std::io::BufRead as _;
        use std::process::{Command, Stdio};

        if let Ok(told) = std::env::var(KILLED) {
            let (known, folder) = told.split_once(' ').unwrap();
            save_on(Path::new(folder), known.parse().unwrap());
        }
        let folder = tempfile::tempdir().unwrap();
        let shared = Shared::new(Model::new(settings()));
        (0..FIRST).for_each(|number| tell(&shared, number));
        StateFolder::new(folder.path()).unwrap().save(&shared).unwrap();
        let mut known = FIRST;
        for after in KILLED_AFTER {
            let name = "state_folder::tests::whenever_its_writer_is_killed_the_last_whole_one_is_there";
            let mut writer = Command::new(std::env::current_exe().unwrap())
                .args([name, "--exact", "--nocapture"])
                .env(KILLED, format!("{known} {}", folder.path().display()))
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
            let mut told = lines.map_while(Result::ok).filter(|line| line.starts_with("sav"));
            let mut seen: Vec<String> = told.by_ref().take(after).collect();
            assert_eq!((seen.len(), writer.try_wait().unwrap()), (after, None), "it ended by itself");
            writer.kill().unwrap();
            writer.wait().unwrap();
            seen.extend(told);
            let mut numbers = seen.iter().filter_map(|line| line.strip_prefix("saved ")?.parse().ok());
            let last = numbers.next_back().unwrap_or(known);
            known = held(&StateFolder::new(folder.path()).unwrap());
            assert!(known == last || known == last + 1, "{known} are held, and {last} were saved");
        }
    }

    #[test]
    fn a_file_of_no_use_is_said_and_kept() {
        let (folder, state, shared) = folder();
        let path = folder.path().join(NAME);
        drop(state);
        let whole = fs::read(&path).unwrap();
        let (begin, middle) = (&whole[..whole.len() / 2], whole.len() / 4);
        let torn = [&whole[..middle], &[0x41; 8_192], &whole[middle + 8_192..]].concat();
        for bytes in [b"no state at all".as_slice(), begin, &torn] {
            fs::write(&path, bytes).unwrap();
            let state = StateFolder::new(folder.path()).unwrap();
            let (known, notice) = knows(&state);
            if bytes == torn.as_slice() && known {
                // Nothing of use lay there.
                continue;
            }
            let notice = notice.unwrap();
            assert!(!known && notice.contains("everything is read anew"), "{notice}");
            assert!(notice.contains(REFUSED), "{notice}");
            assert_eq!(knows(&state), (false, None), "another one is begun");
            state.save(&shared).unwrap();
            assert_eq!(knows(&state), (true, None));
            fs::read(folder.path().join(REFUSED)).unwrap();
        }
    }

    #[test]
    fn a_file_of_another_environment_is_said_and_kept() {
        let (folder, state, _) = folder();
        let other = ModelSettings { namespace: Some("staging".to_owned()), ..settings() };
        let (_, notice) = state.load(&other).unwrap();
        assert!(notice.is_some_and(|notice| notice.contains("follows the namespace staging")));
        drop(state);
        fs::rename(folder.path().join(REFUSED), folder.path().join(NAME)).unwrap();
        assert_eq!(knows(&StateFolder::new(folder.path()).unwrap()), (true, None), "nothing is lost");
    }

    #[test]
    fn a_folder_that_cannot_be_written_to_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        StateFolder::new(&file).unwrap_err();
        // Also where rights do not matter: the name of what is written is taken by a folder.
        fs::create_dir(folder.path().join(NAME)).unwrap();
        StateFolder::new(folder.path()).unwrap().load(&settings()).unwrap_err();
    }
}
