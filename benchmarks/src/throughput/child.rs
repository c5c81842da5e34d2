//! One variant in a process of its own: this binary again, with a hidden command.
//!
//! The process works until its standard input ends, so that it never outlives the one that started it; then it says
//! on standard output what it used.

use std::env;
use std::io::{self, Read as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::expert::{self, Job};
use super::meter::{self, Usage};
use super::variant::Variant;
use super::{Doing as _, Failure, framework};

/// How long a process may take to end.
const END_WITHIN: Duration = Duration::from_mins(1);
/// How often its end is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Records handled at once where handling waits, on both sides.
pub const CONCURRENCY: usize = 512;

/// What a variant's process is told.
#[derive(Debug, Clone, clap::Args)]
pub struct Work {
    /// Which variant.
    #[arg(long)]
    pub variant: Variant,
    /// The brokers.
    #[arg(long)]
    pub bootstrap: String,
    /// The prefix of its topics and its group.
    #[arg(long)]
    pub namespace: String,
    /// Its consumer group, without the prefix.
    #[arg(long)]
    pub group: String,
    /// How long its producer gathers a batch, in milliseconds.
    #[arg(long)]
    pub linger: u32,
    /// Where its spans go.
    #[arg(long)]
    pub spans: String,
}

impl Work {
    /// Starts a process that does it.
    ///
    /// # Errors
    ///
    /// When there is no process to be had.
    pub fn start(&self) -> Result<Running, Failure> {
        let doing = "start a process";
        let mut command = Command::new(env::current_exe().doing(doing)?);
        command.arg("work");
        for (name, value) in [
            ("--variant", self.variant.word()),
            ("--bootstrap", &self.bootstrap),
            ("--namespace", &self.namespace),
            ("--group", &self.group),
            ("--linger", &self.linger.to_string()),
            ("--spans", &self.spans),
        ] {
            command.args([name, value]);
        }
        Running::spawn(self.variant.label(), command)
    }

    /// Does it in this process, until standard input ends, and says on standard output what was used.
    ///
    /// # Errors
    ///
    /// When the work could not be done; in words.
    pub fn run(&self) -> Result<(), String> {
        let stop = Stop::at_the_end_of_input();
        if self.variant.is_framework() {
            framework::run(self, &stop)?;
        } else {
            let topic = |name| format!("{}.{name}", self.namespace);
            let job = Job {
                bootstrap: self.bootstrap.clone(),
                input: topic("orders"),
                output: topic("payments"),
                group: topic(&self.group),
                linger_ms: self.linger,
                checked: self.variant == Variant::ExpertChecked,
            };
            let done = match self.variant {
                Variant::ExpertWaiting => expert::run_waiting(&job, CONCURRENCY, &stop),
                _ => expert::run(&job, &stop),
            };
            done.map_err(|error| error.to_string())?;
        }
        let usage = serde_json::to_string(&meter::usage()).map_err(|error| error.to_string())?;
        println!("{usage}");
        Ok(())
    }
}

/// Whether the work is to end.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    wake: Arc<Notify>,
}

impl Stop {
    fn at_the_end_of_input() -> Self {
        let stop = Self::default();
        let asks = stop.clone();
        thread::spawn(move || {
            // However it ends, whoever held the other end wants no more.
            let _ended = io::copy(&mut io::stdin().lock(), &mut io::sink());
            meter::end();
            asks.asked.store(true, Ordering::Relaxed);
            asks.wake.notify_one();
        });
        stop
    }

    /// Whether it was asked.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Waits until it is asked. For one waiter.
    pub async fn wait(&self) {
        while !self.asked() {
            self.wake.notified().await;
        }
    }
}

/// A process that works. Killed when dropped.
#[derive(Debug)]
pub struct Running {
    name: &'static str,
    child: Child,
    input: Option<ChildStdin>,
}

impl Running {
    /// Starts `command` with its standard input and output held here.
    pub(crate) fn spawn(name: &'static str, mut command: Command) -> Result<Self, Failure> {
        for (variable, _) in env::vars_os() {
            let text = variable.to_string_lossy();
            if ["CHOREOGRAPH_", "KAFKA_", "OTEL_"].iter().any(|prefix| text.starts_with(prefix)) {
                command.env_remove(&variable);
            }
        }
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.doing("start a process")?;
        let input = child.stdin.take();
        Ok(Self { name, child, input })
    }

    /// The next of its standard output: as much as there is up to the end of a line.
    pub(crate) fn line(&mut self) -> Result<String, Failure> {
        let mut line = Vec::new();
        let mut byte = [0];
        if let Some(output) = self.child.stdout.as_mut() {
            while output.read(&mut byte).doing("read what a process says")? == 1 && byte != *b"\n" {
                line.extend_from_slice(&byte);
            }
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    /// Whether it has ended by itself.
    ///
    /// # Errors
    ///
    /// [`Failure::Wrong`] when it has: nobody asked it to.
    pub fn check(&mut self) -> Result<(), Failure> {
        match self.child.try_wait().doing("look at a process")? {
            None => Ok(()),
            Some(status) => Err(Failure::Wrong(format!("{} ended by itself ({status})", self.name))),
        }
    }

    /// Asks it to end, and answers the last line that it said.
    ///
    /// # Errors
    ///
    /// When it does not end in time, or badly.
    pub(crate) fn end(mut self) -> Result<String, Failure> {
        drop(self.input.take());
        let deadline = Instant::now() + END_WITHIN;
        let status = loop {
            match self.child.try_wait().doing("look at a process")? {
                Some(status) => break status,
                None if Instant::now() >= deadline => {
                    return Err(Failure::Late(format!("{} has not ended within {END_WITHIN:?}", self.name)));
                }
                None => thread::sleep(LOOK_EVERY),
            }
        };
        if !status.success() {
            return Err(Failure::Wrong(format!("{} ended badly ({status})", self.name)));
        }
        self.line()
    }

    /// Asks it to end, and answers what it used.
    ///
    /// # Errors
    ///
    /// When it does not end in time, or badly, or says nothing.
    pub fn stop(self) -> Result<Usage, Failure> {
        let name = self.name;
        let said = self.end()?;
        serde_json::from_str(&said).map_err(|error| Failure::Wrong(format!("{name} said {said:?}: {error}")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
