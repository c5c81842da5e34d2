//! How to run Kafka's classes.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Starts quickly.
const FLAGS: [&str; 3] = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"];
/// Stays small.
const SMALL: [&str; 1] = ["-Xmx256m"];
/// Collects seldom: what is new has most of the room.
const ROOMY: [&str; 3] = ["-Xms1g", "-Xmx1g", "-Xmn700m"];

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
    /// Whether a broker shall seldom stop for a collection.
    pub(crate) roomy: bool,
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
        command.args(FLAGS).args(if self.roomy { &ROOMY[..] } else { &SMALL }).arg(match &self.archive {
            Archive::Make(path) => format!("-XX:ArchiveClassesAtExit={}", path.display()),
            Archive::Use(path) => format!("-XX:SharedArchiveFile={}", path.display()),
        });
        command.arg(format!("-Dlog4j2.configurationFile={}", logging.display()));
        command.arg("-cp").arg(self.jars.join("*"));
        command
    }
}
