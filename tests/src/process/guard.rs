//! The watchdog.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Waits for the end of standard input, then kills the group `$1`.
const KILL: &str = r#"read -r _; kill -s KILL -- "-$1""#;
/// Waits for the end of standard input, then removes the folder `$1`, again while dying processes still write.
const REMOVE: &str =
    r#"read -r _; for _ in 1 2 3 4 5; do rm -rf -- "$1"; sleep 1; [ -e "$1" ] || exit 0; done"#;

/// A shell that acts when this process ends, however it ends. Dropped, it ends without acting.
#[derive(Debug)]
pub(crate) struct Guard(Child);

impl Guard {
    /// Kills the process group `leader` when this process ends.
    pub(crate) fn over_group(leader: u32) -> io::Result<Self> {
        Self::new(KILL, leader.to_string().as_ref())
    }

    /// Removes `folder` when this process ends.
    pub(crate) fn over_folder(folder: &Path) -> io::Result<Self> {
        Self::new(REMOVE, folder.as_ref())
    }

    fn new(script: &str, argument: &std::ffi::OsStr) -> io::Result<Self> {
        Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(argument)
            .stdin(Stdio::piped()) // Our end closes with this process.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0) // A Ctrl-C at the terminal is not for the watchdog.
            .spawn()
            .map(Self)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Its standard input is still open here, so it cannot have begun to act.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
