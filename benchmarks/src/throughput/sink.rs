//! Where spans go: a receiver in a process of its own, so that its work is not counted as the client's.

use std::env;
use std::io;
use std::process::Command;

use choreograph_tests::otlp::Receiver;

use super::child::Running;
use super::{Doing as _, Failure};

/// A receiver of spans in its own process.
#[derive(Debug)]
pub struct Sink {
    process: Running,
    address: String,
}

impl Sink {
    /// Starts one.
    ///
    /// # Errors
    ///
    /// When the process cannot be started.
    pub fn start() -> Result<Self, Failure> {
        let doing = "start the receiver of spans";
        let mut command = Command::new(env::current_exe().doing(doing)?);
        command.arg("sink");
        let mut process = Running::spawn("the receiver of spans", command)?;
        let address = process.line()?;
        Ok(Self { process, address })
    }

    /// For `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Ends it, and answers how many spans it received.
    ///
    /// # Errors
    ///
    /// When it does not end, or says nothing.
    pub fn stop(self) -> Result<u64, Failure> {
        let said = self.process.end()?;
        said.trim().parse().map_err(|_| Failure::Wrong(format!("the receiver of spans said {said:?}")))
    }
}

/// What the process does: receives until its standard input ends, and says how many spans came.
///
/// # Errors
///
/// When there is no port to be had.
pub fn run() -> io::Result<()> {
    let receiver = Receiver::start()?;
    println!("{}", receiver.http());
    io::copy(&mut io::stdin().lock(), &mut io::sink())?;
    println!("{}", receiver.received());
    Ok(())
}
