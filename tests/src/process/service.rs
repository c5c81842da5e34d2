//! One process, seen from the test.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use super::{Leader, Signal, tail};
use crate::folder::Folder;

/// Settings of the tests' own environment that a service must not inherit by chance.
const NOT_INHERITED: [&str; 3] = ["CHOREOGRAPH_", "KAFKA_", "OTEL_"];

/// Why a process could not be started, signalled or waited for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The operating system refused.
    #[error("process {name}: {source}")]
    Io {
        /// The process's name.
        name: String,
        /// What was refused.
        source: io::Error,
    },
    /// It did not end in time; the text ends with the tail of its log.
    #[error("process {name} still runs after {within:?}; its log ends with:\n{log}")]
    StillRunning {
        /// The process's name.
        name: String,
        /// The time given.
        within: Duration,
        /// The end of its log.
        log: String,
    },
}

/// A process of the test's own: its output goes to a file, and it is killed when dropped.
#[derive(Debug)]
pub struct Service {
    name: String,
    leader: Leader,
    log: PathBuf,
    _folder: Folder,
}

impl Service {
    /// Starts `command` as `name`, which only messages use.
    ///
    /// Standard input is empty, standard output and error go to the log. Variables of this process that begin
    /// with `CHOREOGRAPH_`, `KAFKA_` or `OTEL_` are not inherited; those that `command` itself sets are.
    ///
    /// # Errors
    ///
    /// When the operating system starts no process or gives no file for the log.
    pub fn start(name: &str, command: Command) -> Result<Self, ServiceError> {
        start(name, command).map_err(|source| ServiceError::Io { name: name.to_owned(), source })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.leader.id()
    }

    /// Whether it has not ended. A paused one runs.
    pub fn is_running(&mut self) -> Result<bool, ServiceError> {
        let ended = self.leader.ended();
        self.named(ended).map(|status| status.is_none())
    }

    /// Asks it to end: SIGTERM.
    pub fn terminate(&mut self) -> Result<(), ServiceError> {
        self.send(Signal::Terminate)
    }

    /// What Ctrl-C at its terminal does: SIGINT.
    pub fn interrupt(&mut self) -> Result<(), ServiceError> {
        self.send(Signal::Interrupt)
    }

    /// Ends it at once, with all it started: SIGKILL. Returns when it is gone.
    pub fn kill(&mut self) -> Result<(), ServiceError> {
        let killed = self.leader.kill();
        self.named(killed)
    }

    /// Stands it still: SIGSTOP.
    pub fn pause(&mut self) -> Result<(), ServiceError> {
        self.send(Signal::Stop)
    }

    /// Lets a paused one go on: SIGCONT.
    pub fn resume(&mut self) -> Result<(), ServiceError> {
        self.send(Signal::Continue)
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// [`ServiceError::StillRunning`] when it has not ended `within` the time; it is left running.
    pub fn wait(&mut self, within: Duration) -> Result<ExitStatus, ServiceError> {
        let ended = self.leader.wait(within);
        self.named(ended)?.ok_or_else(|| ServiceError::StillRunning {
            name: self.name.clone(),
            within,
            log: tail(&self.log),
        })
    }

    /// All it has printed so far, on both outputs; bytes that are no UTF-8 replaced.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn log(&self) -> Result<String, ServiceError> {
        let bytes = self.named(fs::read(&self.log))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn send(&mut self, what: Signal) -> Result<(), ServiceError> {
        let sent = self.leader.signal(what);
        self.named(sent)
    }

    fn named<T>(&self, result: io::Result<T>) -> Result<T, ServiceError> {
        result.map_err(|source| ServiceError::Io { name: self.name.clone(), source })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("log of {} ends with:\n{}", self.name, tail(&self.log));
        }
    }
}

fn start(name: &str, mut command: Command) -> io::Result<Service> {
    let folder = Folder::new()?;
    let log = folder.join("log");
    let out = OpenOptions::new().create(true).append(true).open(&log)?;
    forget_settings(&mut command);
    let leader = Leader::spawn(command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out))?;
    Ok(Service { name: name.to_owned(), leader, log, _folder: folder })
}

/// Removes what `command` would inherit of [`NOT_INHERITED`] and does not set itself.
fn forget_settings(command: &mut Command) {
    let set: Vec<_> = command.get_envs().map(|(name, _)| name.to_owned()).collect();
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if NOT_INHERITED.iter().any(|prefix| text.starts_with(prefix)) && !set.contains(&name) {
            command.env_remove(&name);
        }
    }
}
