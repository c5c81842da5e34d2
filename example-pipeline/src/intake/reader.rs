//! The stream of invoices over all files.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::lines::{Found, Lines};
use super::open::{Open, OpenInvoices};
use super::row::{Columns, Row};
use super::{Invoice, Kind, Reason, Refused, files};

/// Why the intake cannot go on. What is wrong with a single row is no error: see [`Reason`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder cannot be opened or read.
    #[error("cannot read `{}`: check that it exists and may be read", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// A folder without orders.
    #[error("`{}` holds no orders: no file that ends in .csv", path.display())]
    NoFiles {
        /// The folder.
        path: PathBuf,
    },
    /// The refused file cannot be written.
    #[error("cannot write down a refused row")]
    Refused(#[from] csv::Error),
}

/// What became of the rows. Once the intake is at its end, `read = ordered + returned + refused`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Lines that are neither a header nor blank.
    pub read: u64,
    /// Rows that became part of an order.
    pub ordered: u64,
    /// Rows that became part of a return.
    pub returned: u64,
    /// Rows that were refused.
    pub refused: u64,
    /// Refused rows by the name of their reason.
    pub refused_by_reason: BTreeMap<&'static str, u64>,
}

/// An iterator over the invoices of a file or folder.
///
/// ```
/// use example_pipeline::intake::{Intake, Refused};
///
/// let file = std::env::temp_dir().join("one-order.csv");
/// std::fs::write(&file, "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
///     536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n")?;
/// let mut intake = Intake::open(&file, Refused::new(std::io::sink())?)?;
/// let order = intake.next().expect("the file has one order")?;
/// assert_eq!((order.customer, order.total_pence()), (Some(17850), 1530));
/// assert!(intake.next().is_none());
/// assert_eq!(intake.counts().read, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Intake<W: Write> {
    /// Files not yet begun.
    files: VecDeque<PathBuf>,
    /// The file being read.
    current: Option<Current>,
    open: OpenInvoices,
    counts: Counts,
    refused: Refused<W>,
    /// The line being read, kept for its memory.
    line: Vec<u8>,
    stop: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Current {
    path: PathBuf,
    lines: Lines<BufReader<File>>,
    /// `None` if the file has no header: its rows are all refused.
    columns: Option<Columns>,
    ended: bool,
}

impl<W: Write> Intake<W> {
    /// Opens a file, or the `.csv` files of a folder in the order of their names.
    ///
    /// # Errors
    /// See [`files`].
    pub fn open(path: &Path, refused: Refused<W>) -> Result<Self, Error> {
        Ok(Self::of(files(path)?, refused))
    }

    /// Opens these files, to be read one after the other.
    pub fn of(files: Vec<PathBuf>, refused: Refused<W>) -> Self {
        Self {
            files: files.into(),
            current: None,
            open: OpenInvoices::default(),
            counts: Counts::default(),
            refused,
            line: Vec::new(),
            stop: Arc::default(),
        }
    }

    /// Ends early, as if there were no more rows, once this is set. What was read of invoices still open is counted as read
    /// alone.
    #[must_use]
    pub fn until(self, stop: Arc<AtomicBool>) -> Self {
        Self { stop, ..self }
    }

    /// What became of the rows so far. Rows of invoices still open are read, and nothing else yet.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The next invoice, or `None` at the end of the last file.
    fn next_invoice(&mut self) -> Result<Option<Invoice>, Error> {
        while !self.stop.load(Ordering::Relaxed) {
            let Some(mut current) = self.current.take() else {
                let Some(path) = self.files.pop_front() else { break };
                self.current = Some(self.begin(path)?);
                continue;
            };
            let closed = self.advance(&mut current)?;
            let invoice = closed.map(|open| self.close(&current.path, open)).transpose()?.flatten();
            if !(current.ended && self.open.is_empty()) {
                self.current = Some(current);
            }
            if invoice.is_some() {
                return Ok(invoice);
            }
        }
        self.refused.flush()?;
        Ok(None)
    }

    /// Opens a file and reads its header. A first line that is none is a row like the others, and refused with them.
    fn begin(&mut self, path: PathBuf) -> Result<Current, Error> {
        let failed = |source| Error::Read { path: path.clone(), source };
        let mut lines = Lines::new(BufReader::new(File::open(&path).map_err(failed)?));
        let found = lines.next_into(&mut self.line).map_err(failed)?;
        let columns = Columns::from_header(&self.line);
        if let Some(found) = found
            && columns.is_none()
            && !self.is_blank(found)
        {
            self.counts.read += 1;
            self.refuse(&path, lines.number(), Reason::NoHeader)?;
        }
        Ok(Current { path, lines, columns, ended: found.is_none() })
    }

    /// Reads one line, or closes one invoice once the file is at its end.
    fn advance(&mut self, current: &mut Current) -> Result<Option<Open>, Error> {
        if current.ended {
            return Ok(self.open.close_next());
        }
        let read = current.lines.next_into(&mut self.line);
        let Some(found) = read.map_err(|source| Error::Read { path: current.path.clone(), source })? else {
            current.ended = true;
            return Ok(None);
        };
        if self.is_blank(found) {
            return Ok(None);
        }
        self.counts.read += 1;
        let number = current.lines.number();
        let added = self.row(found, current.columns.as_ref()).and_then(|row| self.open.add(row, number));
        match added {
            Ok(closed) => Ok(closed),
            Err(reason) => self.refuse(&current.path, number, reason).map(|()| None),
        }
    }

    fn is_blank(&self, found: Found) -> bool {
        found == Found::Line && self.line.iter().all(u8::is_ascii_whitespace)
    }

    fn row(&self, found: Found, columns: Option<&Columns>) -> Result<Row, Reason> {
        let columns = columns.ok_or(Reason::NoHeader)?;
        if found == Found::TooLong {
            return Err(Reason::LineTooLong);
        }
        Row::parse(&self.line, columns)
    }

    /// Counts a closed invoice's rows; one with nothing to send is refused row by row.
    fn close(&mut self, path: &Path, open: Open) -> Result<Option<Invoice>, Error> {
        if !open.is_whole() {
            for &number in &open.numbers {
                self.refuse(path, number, Reason::NoProduct)?;
            }
            return Ok(None);
        }
        match open.invoice.kind {
            Kind::Order => self.counts.ordered += open.invoice.rows,
            Kind::Return => self.counts.returned += open.invoice.rows,
        }
        Ok(Some(open.invoice))
    }

    fn refuse(&mut self, path: &Path, line: u64, reason: Reason) -> Result<(), Error> {
        self.counts.refused += 1;
        *self.counts.refused_by_reason.entry(reason.name()).or_default() += 1;
        Ok(self.refused.write(path, line, reason)?)
    }
}

impl<W: Write> Iterator for Intake<W> {
    type Item = Result<Invoice, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_invoice().transpose()
    }
}
