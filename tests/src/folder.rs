//! Folders that vanish with the test.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::process::Guard;

/// Memory as a file system: a broker there does not wait for a disk.
const MEMORY: &str = "/dev/shm";
/// Space below which [`MEMORY`] is not used: containers often have 64 MiB there.
const MEMORY_KIB: u64 = 2 * 1024 * 1024;

/// A folder of its own, in memory where there is room. Removed on drop, or by a watchdog when the process ends.
#[derive(Debug)]
pub(crate) struct Folder {
    folder: TempDir,
    _guard: Guard,
}

impl Folder {
    pub(crate) fn new() -> io::Result<Self> {
        let mut name = tempfile::Builder::new();
        name.prefix("choreograph-test-");
        let folder = if room_in_memory() { name.tempdir_in(MEMORY)? } else { name.tempdir()? };
        let guard = Guard::over_folder(folder.path())?;
        Ok(Self { folder, _guard: guard })
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn room_in_memory() -> bool {
    let Ok(output) = Command::new("df").args(["-Pk", MEMORY]).output() else { return false };
    let text = String::from_utf8_lossy(&output.stdout);
    let available = text.lines().nth(1).and_then(|line| line.split_whitespace().nth(3));
    available.and_then(|kib| kib.parse::<u64>().ok()).is_some_and(|kib| kib >= MEMORY_KIB)
}
