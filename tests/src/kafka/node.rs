//! One broker: a JVM, its property file, its data and its log.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::KafkaError;
use super::error::Doing;
use super::jvm::Jvm;
use super::ready::Readiness;
use crate::process::{Leader, Signal, tail};

/// Time the formatting of a node's folder may take.
const FORMAT_WITHIN: Duration = Duration::from_mins(1);
/// Time a broker may take to be ready.
const READY_WITHIN: Duration = Duration::from_mins(2);
/// Time a broker may take to end after SIGTERM.
const STOP_WITHIN: Duration = Duration::from_mins(2);
const LOGGING: &str = "\
rootLogger.level=INFO
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{HH:mm:ss.SSS} %p %m (%c{1})%n%ex{8}
";

#[derive(Debug)]
pub(crate) struct Node {
    number: u16,
    port: u16,
    jvm: Jvm,
    folder: PathBuf,
    running: Option<Leader>,
}

impl Node {
    /// Writes the node's files into `folder`, which must not exist.
    pub(crate) fn new(
        number: u16,
        port: u16,
        jvm: Jvm,
        folder: PathBuf,
        properties: &str,
    ) -> Result<Self, KafkaError> {
        let node = Self { number, port, jvm, folder, running: None };
        fs::create_dir(&node.folder).doing("make a node's folder")?;
        fs::write(node.file("properties"), properties).doing("write a node's properties")?;
        fs::write(node.file("log4j2.properties"), LOGGING).doing("write a node's log settings")?;
        Ok(node)
    }

    /// Formats the node's data folder for the cluster of this id: with `checkpoint`, the file that Kafka's own tool
    /// would write, or else by that tool, which also notes the users `scram`.
    pub(crate) fn format(
        &mut self,
        cluster: &str,
        checkpoint: Option<&Path>,
        scram: &[String],
    ) -> Result<(), KafkaError> {
        match checkpoint {
            Some(checkpoint) => self.copy_format(cluster, checkpoint).doing("format a node's folder"),
            None => self.run_format(cluster, scram),
        }
    }

    fn copy_format(&self, cluster: &str, checkpoint: &Path) -> io::Result<()> {
        let data = self.data();
        fs::create_dir(&data)?;
        fs::copy(checkpoint, data.join("bootstrap.checkpoint"))?;
        let meta = format!("version=1\ncluster.id={cluster}\nnode.id={}\n", self.number);
        fs::write(data.join("meta.properties"), meta)
    }

    /// Adds lines to the node's properties, of which the last of two counts; for the next start.
    pub(crate) fn add_properties(&self, lines: &str) -> Result<(), KafkaError> {
        let file = OpenOptions::new().append(true).open(self.file("properties"));
        file.and_then(|mut file| file.write_all(lines.as_bytes())).doing("write a node's properties")
    }

    fn run_format(&mut self, cluster: &str, scram: &[String]) -> Result<(), KafkaError> {
        let mut command = self.jvm.format(&self.file("log4j2.properties"));
        command.args(["-t", cluster, "-c"]).arg(self.file("properties"));
        for user in scram {
            command.args(["--add-scram", user]);
        }
        self.spawn(command)?;
        let ended = self.leader()?.wait(FORMAT_WITHIN).doing("wait for Kafka's format")?;
        self.running = None;
        match ended {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(self.not_ready(format!("format ended with {status}"))),
            None => Err(self.not_ready(format!("format took longer than {FORMAT_WITHIN:?}"))),
        }
    }

    /// Begins to run the broker.
    pub(crate) fn launch(&mut self) -> Result<(), KafkaError> {
        let mut command = self.jvm.broker(&self.file("log4j2.properties"));
        command.arg(self.file("properties"));
        self.spawn(command)
    }

    /// Waits until the broker answers with a cluster of at least `nodes` brokers, itself among them.
    pub(crate) fn ready(&mut self, nodes: usize) -> Result<(), KafkaError> {
        let readiness = Readiness::of(self.port);
        let seen = readiness.wait(self.number, nodes, READY_WITHIN, || {
            let ended = self.leader()?.ended().doing("look at a broker")?;
            ended.map_or(Ok(()), |status| Err(self.not_ready(format!("it ended with {status}"))))
        })?;
        seen.map_err(|why| self.not_ready(format!("{why} after {READY_WITHIN:?}")))
    }

    /// SIGTERM, and waits for the end.
    pub(crate) fn stop(&mut self) -> Result<(), KafkaError> {
        let leader = self.leader()?;
        leader.signal(Signal::Terminate).doing("stop a broker")?;
        if leader.wait(STOP_WITHIN).doing("wait for a broker's end")?.is_none() {
            let log = tail(&self.log());
            return Err(KafkaError::StillRunning { node: self.number, within: STOP_WITHIN, log });
        }
        self.running = None;
        Ok(())
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) -> Result<(), KafkaError> {
        self.leader()?.kill().doing("kill a broker")?;
        self.running = None;
        Ok(())
    }

    pub(crate) fn signal(&mut self, signal: Signal) -> Result<(), KafkaError> {
        self.leader()?.signal(signal).doing("signal a broker")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.file("log")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.file("data")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn leader(&mut self) -> Result<&mut Leader, KafkaError> {
        let node = self.number;
        self.running
            .as_mut()
            .ok_or_else(|| io::Error::other(format!("node {node} does not run")))
            .doing("reach a broker")
    }

    fn spawn(&mut self, mut command: Command) -> Result<(), KafkaError> {
        let out = self.open_log().doing("open a node's log")?;
        let err = out.try_clone().doing("share a node's log")?;
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        self.running = Some(Leader::spawn(&mut command).doing("run a JVM")?);
        Ok(())
    }

    fn open_log(&self) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).open(self.log())
    }

    fn not_ready(&self, why: String) -> KafkaError {
        KafkaError::NotReady { node: self.number, why, log: tail(&self.log()) }
    }
}
