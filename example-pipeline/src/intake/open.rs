//! The invoices whose rows may still come.

use super::row::{Item, Row};
use super::{Charge, Invoice, Kind, Line, Reason};

/// How many invoices are held open at once. Rows of one invoice nearly always follow each other; this many others may come
/// between. Beyond it the invoice that was touched longest ago is closed.
pub const OPEN_INVOICES: usize = 16;
/// The most rows of one invoice. The longest in the published data has 1,114.
pub const MAX_INVOICE_LINES: usize = 5_000;
/// The most bytes that the rows of one invoice may come to as JSON. Kafka takes events of 1 MiB; the rest is for what an event
/// says beside its lines, and for the headers of a dead letter.
pub const MAX_INVOICE_BYTES: usize = 768 * 1_024;
/// What a row comes to beside its code and description: names, quotes, and the longest numbers.
const ROW_BYTES: usize = 128;

/// An invoice with the lines of the file that it is made of.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) invoice: Invoice,
    /// Line numbers in the file, for refusals that are known only once the invoice is whole.
    pub(super) numbers: Vec<u64>,
    /// What its rows come to as JSON, at most.
    bytes: usize,
}

/// The invoices held open, the one touched last at the end.
#[derive(Debug, Default)]
pub(super) struct OpenInvoices {
    open: Vec<Open>,
}

impl OpenInvoices {
    /// Adds a row to its invoice, opening it if need be. Gives back the invoice that had to be closed for it.
    pub(super) fn add(&mut self, row: Row, number: u64) -> Result<Option<Open>, Reason> {
        let Some(index) = self.open.iter().position(|open| open.invoice.number == row.invoice) else {
            let closed = (self.open.len() >= OPEN_INVOICES).then(|| self.open.remove(0));
            self.open.push(begin(row, number));
            return Ok(closed);
        };
        let mut open = self.open.remove(index);
        let added = open.add(row, number);
        self.open.push(open);
        added.map(|()| None)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes the invoice that was touched longest ago; `None` once all are taken.
    pub(super) fn close_next(&mut self) -> Option<Open> {
        (!self.open.is_empty()).then(|| self.open.remove(0))
    }
}

fn begin(row: Row, number: u64) -> Open {
    let invoice = Invoice {
        number: row.invoice.clone(),
        kind: row.kind,
        customer: row.customer,
        country: row.country.clone(),
        placed_at: row.placed_at.clone(),
        lines: Vec::new(),
        charges: Vec::new(),
        rows: 0,
    };
    let mut open = Open { invoice, numbers: Vec::new(), bytes: 0 };
    open.push(row, number);
    open
}

impl Open {
    fn add(&mut self, row: Row, number: u64) -> Result<(), Reason> {
        let invoice = &self.invoice;
        if self.numbers.len() >= MAX_INVOICE_LINES || self.bytes + json_bytes(&row) > MAX_INVOICE_BYTES {
            return Err(Reason::InvoiceTooLong);
        }
        if row.customer != invoice.customer || row.country != invoice.country {
            return Err(Reason::InvoiceConflict);
        }
        self.push(row, number);
        Ok(())
    }

    fn push(&mut self, row: Row, number: u64) {
        self.bytes += json_bytes(&row);
        let Row { item, code, description, quantity, unit_price, pence, .. } = row;
        match item {
            Item::Product => self.invoice.lines.push(Line { code, description, quantity, unit_price, pence }),
            Item::Charge => self.invoice.charges.push(Charge { code, pence }),
        }
        self.invoice.rows += 1;
        self.numbers.push(number);
    }

    /// Whether there is something to send: an order of charges only has nothing.
    pub(super) fn is_whole(&self) -> bool {
        self.invoice.kind == Kind::Return || !self.invoice.lines.is_empty()
    }
}

/// The most bytes that a row comes to in an event. Text has no control characters, so that nothing takes a longer escape than
/// a quote does.
fn json_bytes(row: &Row) -> usize {
    let escaped = |text: &str| text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    ROW_BYTES + escaped(&row.code) + escaped(&row.description)
}
