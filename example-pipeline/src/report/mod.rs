//! What became of every order: the table a person reads, and the object a script reads.

mod latency;
mod table;

pub use self::latency::{Histogram, Latencies};

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use self::table::Table;

/// What one run of the shop did, counting only what this run started. As JSON it is what `--json` prints.
///
/// `rows_read = rows_ordered + rows_returned + rows_refused + rows_not_fed`, and
/// `orders = delivered + cancelled + unfinished`.
///
/// ```
/// use example_pipeline::report::Report;
///
/// let report = Report { orders: 3, delivered: 2, cancelled: 1, ..Report::default() };
/// assert!(report.is_as_expected());
/// assert!(report.to_string().contains("delivered"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// The run's id, with which its order ids begin.
    pub run: String,
    /// The namespace of its topics and groups.
    pub namespace: String,
    /// Rows of the files, as far as they were read: to their end unless the run ended early.
    pub rows_read: u64,
    /// Rows that became part of an order that was placed.
    pub rows_ordered: u64,
    /// Rows that became part of a return that was announced.
    pub rows_returned: u64,
    /// Rows refused with a reason.
    pub rows_refused: u64,
    /// Rows read whose order was not placed, for the run was interrupted or failed.
    pub rows_not_fed: u64,
    /// Refused rows by reason.
    pub refused_by_reason: BTreeMap<&'static str, u64>,
    /// The file that lists the refused rows.
    pub refused_file: String,
    /// Orders placed.
    pub orders: u64,
    /// Orders that reached the door.
    pub delivered: u64,
    /// Orders cancelled, for either reason.
    pub cancelled: u64,
    /// Orders cancelled, for the payment was declined.
    pub cancelled_declined: u64,
    /// Orders refunded and cancelled, for the stock ran out.
    pub cancelled_out_of_stock: u64,
    /// Orders of which no end was seen.
    pub unfinished: u64,
    /// Orders that ended otherwise than the rules of [`world`](crate::world) say.
    pub unexpected: u64,
    /// Returns announced.
    pub returns: u64,
    /// Returns whose money went back.
    pub returns_refunded: u64,
    /// Customer changes sent to the statistics.
    pub customer_changes: u64,
    /// Of them, those that the statistics counted.
    pub customer_changes_counted: u64,
    /// Mails sent.
    pub mails: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// Dead letters that the rules say: what the broken till wrote.
    pub dead_letters_expected: u64,
    /// Dead letters by reason.
    pub dead_letters_by_reason: BTreeMap<String, u64>,
    /// Events by type.
    pub events: BTreeMap<String, u64>,
    /// From an order's placing to its end.
    pub latency: Latencies,
    /// How long the run took, from the first order to the end.
    pub seconds: f64,
    /// Whether the run was interrupted.
    pub interrupted: bool,
    /// Why the run could not come to its end; none if it did, or was interrupted.
    pub failure: Option<String>,
}

impl Report {
    /// Whether everything that was read was fed, and came to the end that the rules say.
    pub fn is_as_expected(&self) -> bool {
        self.failure.is_none()
            && self.rows_not_fed == 0
            && self.unfinished == 0
            && self.unexpected == 0
            && self.returns == self.returns_refunded
            && self.customer_changes == self.customer_changes_counted
            && self.dead_letters == self.dead_letters_expected
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::default();
        table.title("rows");
        table.row("read", self.rows_read);
        table.row("ordered", self.rows_ordered);
        table.row("returned", self.rows_returned);
        table.row("refused", self.rows_refused);
        table.row_unless_zero("not fed", self.rows_not_fed);
        table.rows_below(&self.refused_by_reason);
        table.title("orders");
        table.row("placed", self.orders);
        table.row("delivered", self.delivered);
        table.row("cancelled", self.cancelled);
        table.row_below("payment declined", self.cancelled_declined);
        table.row_below("out of stock, refunded", self.cancelled_out_of_stock);
        table.row("unfinished", self.unfinished);
        table.row_unless_zero("ended otherwise than the rules say", self.unexpected);
        table.title("beside them");
        table.row("returns announced", self.returns);
        table.row("returns refunded", self.returns_refunded);
        table.row("customer changes", self.customer_changes);
        table.row("customer changes counted", self.customer_changes_counted);
        table.row("mails", self.mails);
        table.title("events");
        table.rows(&self.events);
        table.title("dead letters");
        table.row("all", self.dead_letters);
        table.row("by intent", self.dead_letters_expected);
        table.rows_below(&self.dead_letters_by_reason);
        table.title("from placed to delivered or cancelled");
        table.text("p50", &format!("{} ms", self.latency.p50_ms));
        table.text("p99", &format!("{} ms", self.latency.p99_ms));
        table.text("longest", &format!("{} ms", self.latency.max_ms));
        table.text("whole run", &format!("{:.1} s", self.seconds));
        table.fmt(formatter)?;
        match &self.failure {
            Some(failure) => writeln!(formatter, "the run could not come to its end: {failure}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_the_promised_fields() {
        let json = serde_json::to_value(Report::default()).expect("a report is JSON");
        for field in [
            "rows_read",
            "rows_refused",
            "orders",
            "returns",
            "delivered",
            "cancelled",
            "unfinished",
            "dead_letters",
            "mails",
            "seconds",
        ] {
            assert!(json[field].is_number(), "{field} is missing");
        }
    }

    #[test]
    fn what_is_missing_or_surplus_is_not_as_expected() {
        assert!(Report::default().is_as_expected());
        for wrong in [
            Report { failure: Some("the disk is full".to_owned()), ..Report::default() },
            Report { rows_not_fed: 1, ..Report::default() },
            Report { unfinished: 1, ..Report::default() },
            Report { unexpected: 1, ..Report::default() },
            Report { returns: 1, ..Report::default() },
            Report { customer_changes: 1, ..Report::default() },
            Report { dead_letters: 1, ..Report::default() },
        ] {
            assert!(!wrong.is_as_expected());
        }
    }

    #[test]
    fn the_table_names_every_reason_and_event() {
        let report = Report {
            refused_by_reason: [("bad_debt", 2)].into(),
            events: [("order.placed".to_owned(), 7)].into(),
            dead_letters_by_reason: [("undecodable".to_owned(), 3)].into(),
            failure: Some("the disk is full".to_owned()),
            ..Report::default()
        };
        let table = report.to_string();
        for name in ["bad_debt", "order.placed", "undecodable", "the disk is full"] {
            assert!(table.contains(name), "{name} is missing in {table}");
        }
        let columns: std::collections::HashSet<usize> =
            table.lines().filter(|line| line.starts_with(' ')).map(str::len).collect();
        assert_eq!(columns.len(), 1, "the numbers stand below each other");
    }
}
