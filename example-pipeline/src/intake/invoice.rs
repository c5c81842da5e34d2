//! What comes out of the intake: an invoice with its lines.

use rust_decimal::Decimal;

/// Whether goods go to the customer or come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The customer buys.
    Order,
    /// The customer sends back: the invoice's number begins with `C`.
    Return,
}

/// The rows that share one `InvoiceNo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// The invoice's number as in the file, such as `536365` or `C536379`.
    pub number: String,
    /// An order or a return.
    pub kind: Kind,
    /// The customer's number; `None` for a guest.
    pub customer: Option<u32>,
    /// The customer's country; `Unspecified` where the file names none.
    pub country: String,
    /// When the customer ordered, in RFC 3339; the file says no zone, so UTC is assumed.
    pub placed_at: String,
    /// Products, in the file's order; an order has at least one.
    pub lines: Vec<Line>,
    /// Postage, discounts and manual corrections.
    pub charges: Vec<Charge>,
    /// How many rows of the file went into it: `lines.len() + charges.len()`.
    pub rows: u64,
}

impl Invoice {
    /// What the invoice comes to, in pence. Bounded by the intake to less than 2^53, so that every JSON reader keeps it exact.
    pub fn total_pence(&self) -> i64 {
        let lines: i64 = self.lines.iter().map(|line| line.pence).sum();
        let charges: i64 = self.charges.iter().map(|charge| charge.pence).sum();
        lines + charges
    }
}

/// A product of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The product's stock code, in capitals, such as `85123A`.
    pub code: String,
    /// The product's description; empty where the file has none.
    pub description: String,
    /// How many; never zero. In a return: how many come back.
    pub quantity: u32,
    /// Price of one in pounds, exact, with up to [`PRICE_DECIMALS`](super::PRICE_DECIMALS) decimals.
    pub unit_price: Decimal,
    /// Quantity times unit price in pence, rounded half to even.
    pub pence: i64,
}

/// Money on an invoice that is no product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The code it has in the file: `POST`, `DOT`, `C2`, `M` or `D`.
    pub code: String,
    /// The amount in pence.
    pub pence: i64,
}
