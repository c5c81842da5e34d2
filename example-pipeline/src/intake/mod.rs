//! Orders from files in the *Online Retail* format, streamed, with every row accounted for.
//!
//! A file begins with a header of the eight columns `InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice,
//! CustomerID, Country`, in any order. After it one line is one row (a quoted field does not span lines), and the rows that
//! share an `InvoiceNo` are one [`Invoice`]: an order, or a return where the number begins with `C`. What is wrong with a row
//! decides about that row alone: it is refused with a [`Reason`], and the rest of its invoice goes on.
//!
//! Each row that was read is ordered, returned or refused, once: [`Counts`] says how many.
//!
//! What was decided where the format leaves it open:
//!
//! | in the data | what happens |
//! |---|---|
//! | no `CustomerID` | a guest's order |
//! | `17850.0` | customer 17850 |
//! | `POST`, `DOT`, `C2`, `M`, `D` | a charge of the order or return: money, no product |
//! | `AMAZONFEE`, `BANK CHARGES`, `CRUK`, `B`, `S` | the shop's own books, refused as `bookkeeping` |
//! | invoices `A…` | written-off debts, refused as `bad_debt` |
//! | negative quantity outside a return | a stock correction, refused |
//! | price 0 for a guest | an adjustment, refused; for a customer it is a gift and stays |
//! | no description | the product has none; the order stays |
//! | text that is not UTF-8 | read as Latin-1, which older exports are |
//! | an order of charges only | nothing to send: its rows are refused as `no_product` |
//! | rows of other invoices between | [`OPEN_INVOICES`] invoices are held open; a row that comes later begins a second order of that invoice |
//!
//! Memory is bounded whatever the file's size: a line is held up to [`MAX_LINE_BYTES`], an invoice up to
//! [`MAX_INVOICE_LINES`] rows and [`MAX_INVOICE_BYTES`], and [`OPEN_INVOICES`] invoices at once.

mod files;
mod invoice;
mod lines;
mod open;
mod reader;
mod reason;
mod refused;
mod row;
#[cfg(test)]
mod tests;

pub use self::files::{files, is_same};
pub use self::invoice::{Charge, Invoice, Kind, Line};
pub use self::lines::MAX_LINE_BYTES;
pub use self::open::{MAX_INVOICE_BYTES, MAX_INVOICE_LINES, OPEN_INVOICES};
pub use self::reader::{Counts, Error, Intake};
pub use self::reason::Reason;
pub use self::refused::Refused;
pub use self::row::{MAX_FIELD_BYTES, MAX_PRICE, MAX_QUANTITY, PRICE_DECIMALS};
