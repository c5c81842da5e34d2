//! Why a row is refused.

use std::fmt;

/// Why a row became part of no order and no return. Its text is stable and stands in the refused file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// The file's first line does not name the eight columns, so that none of its rows can be read.
    NoHeader,
    /// The line is longer than [`MAX_LINE_BYTES`](super::MAX_LINE_BYTES).
    LineTooLong,
    /// The row has not eight columns.
    WrongColumns,
    /// A field is longer than [`MAX_FIELD_BYTES`](super::MAX_FIELD_BYTES).
    FieldTooLong,
    /// The invoice's number is not one.
    InvoiceNumber,
    /// An invoice `A…`: a debt written off.
    BadDebt,
    /// The stock code is empty or holds characters that no stock code has.
    StockCode,
    /// A fee or sample of the shop's own books, nothing a customer ordered.
    Bookkeeping,
    /// The quantity is no whole number up to [`MAX_QUANTITY`](super::MAX_QUANTITY), or zero.
    Quantity,
    /// A negative quantity outside a return.
    StockCorrection,
    /// A positive quantity in a return.
    PositiveReturn,
    /// The price is no decimal from 0 to [`MAX_PRICE`](super::MAX_PRICE), or has too many decimals.
    UnitPrice,
    /// Price zero and no customer: an adjustment.
    Adjustment,
    /// The date is not `YYYY-MM-DD HH:MM:SS`.
    InvoiceDate,
    /// The customer's number is not one.
    CustomerId,
    /// The row names another customer or country than the first row of its invoice.
    InvoiceConflict,
    /// The invoice already has [`MAX_INVOICE_LINES`](super::MAX_INVOICE_LINES) rows, or with this one would be over
    /// [`MAX_INVOICE_BYTES`](super::MAX_INVOICE_BYTES).
    InvoiceTooLong,
    /// No row of the order is a product.
    NoProduct,
}

impl Reason {
    /// The reason's stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoHeader => "no_header",
            Self::LineTooLong => "line_too_long",
            Self::WrongColumns => "wrong_columns",
            Self::FieldTooLong => "field_too_long",
            Self::InvoiceNumber => "invoice_number",
            Self::BadDebt => "bad_debt",
            Self::StockCode => "stock_code",
            Self::Bookkeeping => "bookkeeping",
            Self::Quantity => "quantity",
            Self::StockCorrection => "stock_correction",
            Self::PositiveReturn => "positive_return",
            Self::UnitPrice => "unit_price",
            Self::Adjustment => "adjustment",
            Self::InvoiceDate => "invoice_date",
            Self::CustomerId => "customer_id",
            Self::InvoiceConflict => "invoice_conflict",
            Self::InvoiceTooLong => "invoice_too_long",
            Self::NoProduct => "no_product",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
