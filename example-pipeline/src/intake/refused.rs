//! Where refused rows are written down.

use std::io::Write;
use std::path::Path;

use super::Reason;

/// A CSV file with the columns `file,line,reason`: one line for each refused row. It holds nothing of the row itself, which
/// may be anything; file and line say where to look.
#[derive(Debug)]
pub struct Refused<W: Write> {
    output: csv::Writer<W>,
}

impl<W: Write> Refused<W> {
    /// Writes to `output`, beginning with the header.
    ///
    /// # Errors
    /// What `output` answers.
    pub fn new(output: W) -> Result<Self, csv::Error> {
        let mut output = csv::Writer::from_writer(output);
        output.write_record(["file", "line", "reason"])?;
        Ok(Self { output })
    }

    pub(super) fn write(&mut self, file: &Path, line: u64, reason: Reason) -> Result<(), csv::Error> {
        self.output.write_record([file.to_string_lossy().as_ref(), &line.to_string(), reason.name()])
    }

    pub(super) fn flush(&mut self) -> Result<(), csv::Error> {
        Ok(self.output.flush()?)
    }
}
