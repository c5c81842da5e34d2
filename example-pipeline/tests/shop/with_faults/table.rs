//! The table: each fault, how many orders it befell, how many were named rightly, how many came to their end.

use std::collections::BTreeSet;

use super::judge::Truth;
use super::orders::{Fault, Order, Verdict};
use super::page::Told;
use super::shop::Shop;
use super::sight::{Sight, where_is_right};

/// The document that shows the table.
const DOCUMENT: &str = include_str!("../../../../observability/README.md");

/// What stands in the table for what nobody looked at.
const NOT_LOOKED_AT: &str = "–";

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) fault: Fault,
    orders: usize,
    by_where: usize,
    by_http: usize,
    /// Nothing where no page was opened.
    on_page: Option<usize>,
    ended: usize,
    /// What was wrong.
    pub(crate) wrong: Vec<String>,
}

impl Row {
    /// Asks for every order of one fault by itself; `seen` is what its page told.
    pub(crate) fn of(fault: Fault, all: &[Order], shop: &Shop, sight: &Sight, seen: Option<&Told>) -> Self {
        let on_page = seen.map(|_| 0);
        let mut row =
            Self { fault, orders: 0, by_where: 0, by_http: 0, on_page, ended: 0, wrong: Vec::new() };
        let verdict = fault.verdict();
        let listed = listed(&verdict, sight);
        for order in all.iter().filter(|order| order.fault == fault) {
            row.orders += 1;
            let told = where_is_right(order, shop, sight, &verdict);
            row.by_where += row.count("where", order, told);
            let found = listed.as_ref().map_err(Clone::clone).and_then(|listed| {
                if listed.contains(&order.id) { Ok(()) } else { Err("the list leaves it out".to_owned()) }
            });
            row.by_http += row.count("HTTP", order, found.and_then(|()| sight.is_right(order)));
            if let Some(seen) = seen {
                let right = row.count("page", order, seen.is_right(order));
                row.on_page = row.on_page.map(|count| count + right);
            }
        }
        row
    }

    /// Asks for the same orders again, after everything was repaired.
    pub(crate) fn ended(
        mut self,
        all: &[Order],
        shop: &Shop,
        sight: &Sight,
        truth: &Truth,
        seen: Option<&Told>,
    ) -> Self {
        let fault = self.fault;
        for order in all.iter().filter(|order| order.fault == fault) {
            let told = where_is_right(order, shop, sight, &Verdict::COMPLETED);
            let shown = seen.map_or(Ok(()), |seen| seen.is_right(order));
            self.ended += self.count("end", order, told.and_then(|()| truth.is_as_fated(order)).and(shown));
        }
        self
    }

    fn count(&mut self, who: &str, order: &Order, right: Result<(), String>) -> usize {
        match right {
            Ok(()) => 1,
            Err(wrong) => {
                self.wrong.push(format!("{who}: {}: {wrong}", order.key));
                0
            }
        }
    }

    /// It as a line of Markdown.
    fn told(&self) -> String {
        let verdict = self.fault.verdict();
        let state = verdict.state.word();
        let said = match (verdict.step, verdict.reason) {
            (Some(step), Some(reason)) => format!("{state}, `{}`, at `{step}`", reason.word()),
            _ => state.to_owned(),
        };
        let (what, by) = words(self.fault);
        let Self { orders, by_where, by_http, on_page, ended, .. } = self;
        let on_page = on_page.map_or_else(|| NOT_LOOKED_AT.to_owned(), |count| count.to_string());
        format!("| {what} | {orders} | {said} | {by_where} | {by_http} | {on_page} | {ended}{by} |")
    }

    /// Whether all was right.
    pub(crate) fn is_right(&self) -> bool {
        let right = [self.by_where, self.by_http, self.on_page.unwrap_or(self.orders), self.ended];
        right.iter().all(|right| *right == self.orders)
    }
}

/// What the list shows when it is asked for just this verdict.
fn listed(verdict: &Verdict, sight: &Sight) -> Result<BTreeSet<String>, String> {
    let state = verdict.state.word();
    match (verdict.reason, verdict.step) {
        (Some(reason), Some(step)) => {
            sight.filtered(&format!("state={state}&reason={}&step={step}", reason.word()))
        }
        _ => sight.filtered(&format!("state={state}")),
    }
}

/// The table in Markdown.
pub(crate) fn told(rows: &[Row]) -> String {
    lines(rows).join("\n")
}

fn lines(rows: &[Row]) -> Vec<String> {
    let head = "| what is wrong | orders | what has to be said | by `where` | by the HTTP interface | on the page | at their end |";
    let head = [head.to_owned(), "|---|---|---|---|---|---|---|".to_owned()];
    head.into_iter().chain(rows.iter().map(Row::told)).collect()
}

/// What is wrong, and what is done about it.
fn words(fault: Fault) -> (&'static str, &'static str) {
    match fault {
        Fault::None => ("nothing, and ended before", ""),
        Fault::Beside => ("nothing, amid all the others", ""),
        Fault::Stopped => ("a service is not running", ", the service was started"),
        Fault::Poisoned => ("a step panics over the event", ", by `dlq replay`"),
        Fault::Garbled => ("the event cannot be read", ", by `dlq edit`, and `dlq discard` for side steps"),
        Fault::Swallowed => ("a step swallows the event", ", the group's offsets were set back"),
        Fault::Slow => ("a step is slow, within its deadline", ""),
        Fault::Hanging => ("a step hangs, beyond its deadline", ", the good version was started"),
        Fault::Contract => ("an event breaks its contract", ", by `dlq edit`; a replay as it was is refused"),
    }
}

/// Holds the table against the one that people read, but for what nobody looked at.
#[track_caller]
pub(crate) fn is_documented(rows: &[Row]) {
    let documented: Vec<&str> = DOCUMENT.lines().collect();
    let found = documented
        .windows(rows.len() + 2)
        .any(|shown| lines(rows).iter().zip(shown).all(|(told, shown)| says(shown, told)));
    assert!(found, "observability/README.md has another table than this:\n{}", told(rows));
}

/// Whether a line has what was told, cell by cell.
fn says(line: &str, told: &str) -> bool {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let (shown, told) = (cells(line), cells(told));
    shown.len() == told.len()
        && shown.iter().zip(&told).all(|(shown, told)| told == NOT_LOOKED_AT || shown == told)
}
