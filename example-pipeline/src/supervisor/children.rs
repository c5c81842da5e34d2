//! The services as processes of their own.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Set for a service that the supervisor started: it leaves when its standard input ends.
pub const SUPERVISED: &str = "SHOP_SUPERVISED";

/// The longest wait for a service to leave: a little more than its own deadline.
pub(crate) const LEAVE: Duration = Duration::from_secs(35);
/// How often it is looked whether a process has ended.
const EVERY: Duration = Duration::from_millis(50);
/// How much of a failed service's log is shown, in bytes.
const MAX_SHOWN: u64 = 4 * 1024;

/// The processes of one run. Dropped, they are killed.
#[derive(Debug)]
pub(crate) struct Children {
    children: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

/// A service that ended although nobody asked it to.
#[derive(Debug, thiserror::Error)]
#[error("the service {name} ended ({status}); the end of its log {}:\n{end}", log.display())]
pub struct Ended {
    name: &'static str,
    status: ExitStatus,
    log: PathBuf,
    end: String,
}

impl Children {
    /// Starts each service by executing this program again, with `environment` beside its own. Their logs go to `folder`.
    ///
    /// # Errors
    /// If a log cannot be written or a process not be started; those already started are ended.
    pub(crate) fn start(
        names: &[&'static str],
        environment: &[(OsString, OsString)],
        folder: &Path,
    ) -> io::Result<Self> {
        let program = std::env::current_exe()?;
        let mut children = Self { children: Vec::new() };
        for name in names {
            let log = folder.join(format!("{name}.log"));
            let child = Command::new(&program)
                .args(["service", name, "run"])
                .envs(environment.iter().map(|(name, value)| (name, value)))
                .env(SUPERVISED, "1")
                // Our end closes when this process ends, however it ends; the service leaves then.
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(File::create(&log)?)
                // A Ctrl-C at the terminal is for the supervisor, which lets the services finish first.
                .process_group(0)
                .spawn()?;
            children.children.push(Running { name, child, log });
        }
        Ok(children)
    }

    /// Looks whether one has ended.
    pub(crate) fn check(&mut self) -> Result<(), Ended> {
        for running in &mut self.children {
            if let Ok(Some(status)) = running.child.try_wait() {
                let end = tail(&running.log).unwrap_or_default();
                return Err(Ended { name: running.name, status, log: running.log.clone(), end });
            }
        }
        Ok(())
    }

    /// Asks all to leave, and kills those that have not after `deadline`, or once in a hurry. Returns the names of those that
    /// failed.
    pub(crate) fn stop(mut self, deadline: Duration, is_hurried: &AtomicBool) -> Vec<&'static str> {
        for running in &mut self.children {
            drop(running.child.stdin.take());
        }
        let until = Instant::now() + deadline;
        let mut failed = Vec::new();
        for mut running in self.children.drain(..) {
            let status = wait_until(&mut running.child, until, is_hurried);
            if !status.is_some_and(|status| status.success()) {
                kill(&mut running.child);
                failed.push(running.name);
            }
        }
        failed
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        self.children.iter_mut().for_each(|running| kill(&mut running.child));
    }
}

fn kill(child: &mut Child) {
    // Both fail only if it has ended already, which is what is wanted.
    drop(child.kill());
    drop(child.wait());
}

fn wait_until(child: &mut Child, until: Instant, is_hurried: &AtomicBool) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < until && !is_hurried.load(Ordering::Relaxed) => thread::sleep(EVERY),
            Ok(None) | Err(_) => return None,
        }
    }
}

/// The last bytes of a log.
fn tail(log: &Path) -> io::Result<String> {
    use std::io::Seek as _;
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(io::SeekFrom::Start(length.saturating_sub(MAX_SHOWN)))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    Ok(String::from_utf8_lossy(&end).into_owned())
}

/// For a service: leaves in order, as on SIGTERM, when standard input ends; after `LEAVE` in any case.
///
/// # Errors
/// If no thread can be started.
pub fn leave_with_the_supervisor() -> io::Result<()> {
    thread::Builder::new().name("supervised".to_owned()).spawn(|| {
        // Whatever comes, and whatever goes wrong, means the same: the supervisor is gone.
        drop(io::copy(&mut io::stdin().lock(), &mut io::sink()));
        if rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).is_ok() {
            thread::sleep(LEAVE);
        }
        // Nobody is left who would end a service that cannot leave.
        std::process::abort();
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_hurry_a_service_that_does_not_leave_is_killed() {
        let child = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().expect("starts");
        let children = Children { children: vec![Running { name: "mail", child, log: PathBuf::new() }] };
        assert_eq!(children.stop(LEAVE * 10, &AtomicBool::new(true)), ["mail"]);
    }
}
