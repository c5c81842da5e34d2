//! The site's till: what a customer's invoice becomes.

use super::events::{Charge, Line, OrderPlaced, ReturnAnnounced};
use crate::intake::{self, Invoice};

/// The order that an invoice is, under an id of its own.
pub fn order(order_id: String, invoice: &Invoice) -> OrderPlaced {
    OrderPlaced {
        order_id,
        invoice: invoice.number.clone(),
        customer_id: invoice.customer,
        country: invoice.country.clone(),
        placed_at: invoice.placed_at.clone(),
        total_pence: invoice.total_pence(),
        lines: invoice.lines.iter().map(line).collect(),
        charges: invoice
            .charges
            .iter()
            .map(|charge| Charge { code: charge.code.clone(), pence: charge.pence })
            .collect(),
    }
}

/// The return that an invoice is, under an id of its own.
pub fn returned(return_id: String, invoice: &Invoice) -> ReturnAnnounced {
    ReturnAnnounced {
        return_id,
        invoice: invoice.number.clone(),
        customer_id: invoice.customer,
        total_pence: invoice.total_pence(),
        lines: invoice.lines.iter().map(line).collect(),
    }
}

fn line(line: &intake::Line) -> Line {
    Line {
        stock_code: line.code.clone(),
        description: line.description.clone(),
        quantity: line.quantity,
        unit_price: line.unit_price.to_string(),
        pence: line.pence,
    }
}
