//! How to run Kafka's classes.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Starts quickly, stays small.
const FLAGS: [&str; 4] = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"];

/// The JVM's archive of parsed classes.
#[derive(Debug, Clone)]
pub(crate) enum Archive {
    Make(PathBuf),
    Use(PathBuf),
}

#[derive(Debug, Clone)]
pub(crate) struct Jvm {
    pub(crate) java: PathBuf,
    pub(crate) jars: PathBuf,
    pub(crate) archive: Archive,
}

impl Jvm {
    /// Runs Kafka's tool that formats a node's folder.
    pub(crate) fn format(&self, logging: &Path) -> Command {
        let mut command = self.java(logging);
        command.args(["kafka.tools.StorageTool", "format"]);
        command
    }

    /// Runs a broker.
    pub(crate) fn broker(&self, logging: &Path) -> Command {
        let mut command = self.java(logging);
        command.arg("kafka.Kafka");
        command
    }

    fn java(&self, logging: &Path) -> Command {
        let mut command = Command::new(&self.java);
        command.args(FLAGS).arg(match &self.archive {
            Archive::Make(path) => format!("-XX:ArchiveClassesAtExit={}", path.display()),
            Archive::Use(path) => format!("-XX:SharedArchiveFile={}", path.display()),
        });
        command.arg(format!("-Dlog4j2.configurationFile={}", logging.display()));
        command.arg("-cp").arg(self.jars.join("*"));
        command
    }
}
