//! A process that leads a group: signals to it, and waiting for it.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Guard;

/// Pause between two looks whether a process has ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Time a killed process may take to be gone.
const KILLED_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Kill,
    Terminate,
    Interrupt,
    Stop,
    Continue,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Kill => "KILL",
            Self::Terminate => "TERM",
            Self::Interrupt => "INT",
            Self::Stop => "STOP",
            Self::Continue => "CONT",
        }
    }
}

/// The leader of a process group. Dropped, or when this process ends, the whole group is killed.
#[derive(Debug)]
pub(crate) struct Leader {
    child: Child,
    _guard: Guard,
}

impl Leader {
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let mut child = command.process_group(0).spawn()?;
        match Guard::over_group(child.id()) {
            Ok(guard) => Ok(Self { child, _guard: guard }),
            Err(e) => {
                child.kill()?;
                child.wait()?;
                Err(e)
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended; `None` while it runs.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Signals the group, unless the leader has ended: then its number may be another's.
    pub(crate) fn signal(&mut self, signal: Signal) -> io::Result<()> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        let status = Command::new("sh")
            .args(["-c", r#"kill -s "$1" -- "-$2""#, "sh", signal.name(), &self.id().to_string()])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if status.success() || self.ended()?.is_some() {
            return Ok(());
        }
        Err(io::Error::other(format!("process group {} did not take {}", self.id(), signal.name())))
    }

    /// Waits for the leader's end; `None` when it still runs after `within`.
    pub(crate) fn wait(&mut self, within: Duration) -> io::Result<Option<ExitStatus>> {
        let end = Instant::now() + within;
        loop {
            if let Some(status) = self.ended()? {
                return Ok(Some(status));
            }
            if Instant::now() >= end {
                return Ok(None);
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Kills the group and waits until the leader is gone.
    pub(crate) fn kill(&mut self) -> io::Result<()> {
        self.signal(Signal::Kill)?;
        match self.wait(KILLED_WITHIN)? {
            Some(_) => Ok(()),
            None => Err(io::Error::other(format!("process {} survived SIGKILL", self.id()))),
        }
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        if let Err(e) = self.kill() {
            eprintln!("{e}");
        }
    }
}
