//! What became of everything that one run started: a fold over the records it sees.

use std::collections::{HashMap, HashSet, VecDeque};

use super::seen::{Seen, What};
use crate::report::{Histogram, Report};
use crate::world::{Ending, Fate};

/// How many records of workflows not (yet) known to be this run's are kept to be looked at again: a record can be seen before
/// the publisher has said that its workflow began.
pub const MAX_UNKNOWN: usize = 20_000;
/// How many ended workflows, and how many dead letters, are remembered: what comes late is still counted as this run's, and what
/// is said twice is counted once.
pub const MAX_ENDED: usize = 200_000;

/// A workflow that this run started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// An order that must end so.
    Order(Fate),
    /// A return.
    Return,
    /// A change of a customer, which is counted so often.
    Customer {
        /// One for a new customer, two for a move.
        counts: usize,
    },
    /// A supplier's delivery; nothing follows.
    Supply,
}

/// An unfinished workflow.
#[derive(Debug)]
struct Open {
    started: Started,
    /// When its first event was written, in milliseconds since the Unix epoch.
    placed_ms: Option<i64>,
    /// How the order ended.
    ending: Option<Ending>,
    /// What the customer was told, each once; or ids of what was counted.
    told: HashSet<String>,
}

/// Counts for one run. Everything is known by correlation id, garbage by its key, which begins with the run's id.
#[derive(Debug)]
pub struct Tally {
    run: String,
    open: HashMap<String, Open>,
    ended: Recent,
    dead: Recent,
    unknown: VecDeque<Seen>,
    latencies: Histogram,
    report: Report,
    /// Correlations that ended since [`Tally::take_ended`].
    just_ended: Vec<String>,
}

impl Tally {
    /// A tally for the run with this id.
    pub fn new(run: &str) -> Self {
        Self {
            run: run.to_owned(),
            open: HashMap::new(),
            ended: Recent::default(),
            dead: Recent::default(),
            unknown: VecDeque::new(),
            latencies: Histogram::default(),
            report: Report { run: run.to_owned(), ..Report::default() },
            just_ended: Vec::new(),
        }
    }

    /// Takes down that this run started a workflow.
    pub fn started(&mut self, correlation: &str, started: Started) {
        match &started {
            Started::Order(_) => self.report.orders += 1,
            Started::Return => self.report.returns += 1,
            Started::Customer { .. } => self.report.customer_changes += 1,
            Started::Supply => {}
        }
        if started == Started::Supply {
            self.end(correlation.to_owned());
        } else {
            let open = Open { started, placed_ms: None, ending: None, told: HashSet::new() };
            self.open.insert(correlation.to_owned(), open);
        }
    }

    /// Takes down that garbage was written, which must become so many dead letters.
    pub fn garbage(&mut self, dead_letters: u64) {
        self.report.dead_letters_expected += dead_letters;
    }

    /// Counts a record if it is this run's; one that is not, or not yet, is kept for [`Tally::look_again`].
    pub fn see(&mut self, seen: Seen) {
        if !self.is_ours(&seen) {
            if self.unknown.len() == MAX_UNKNOWN {
                self.unknown.pop_front();
            }
            self.unknown.push_back(seen);
            return;
        }
        match &seen.what {
            // A step that was interrupted may write a dead letter again, under the same id.
            What::DeadLetter(reason) => {
                if self.dead.insert(seen.id) {
                    self.report.dead_letters += 1;
                    *self.report.dead_letters_by_reason.entry(reason.clone()).or_default() += 1;
                }
            }
            What::Event { name, detail } => {
                *self.report.events.entry(name.clone()).or_default() += 1;
                self.event(&seen, name, detail.as_deref());
            }
        }
    }

    /// Looks again at the records that belonged to no known workflow.
    pub fn look_again(&mut self) {
        for seen in std::mem::take(&mut self.unknown) {
            self.see(seen);
        }
    }

    /// How many workflows have not ended.
    pub fn unfinished(&self) -> usize {
        self.open.len()
    }

    /// The workflows that ended since this was asked last.
    pub fn take_ended(&mut self) -> Vec<String> {
        std::mem::take(&mut self.just_ended)
    }

    /// Whether every dead letter that must come has come.
    pub fn has_expected_dead_letters(&self) -> bool {
        self.report.dead_letters >= self.report.dead_letters_expected
    }

    /// The counts so far.
    pub fn report(&self) -> Report {
        let mut report = self.report.clone();
        report.cancelled = report.cancelled_declined + report.cancelled_out_of_stock;
        report.unfinished = report.orders - report.delivered - report.cancelled;
        report.latency = self.latencies.latencies();
        report
    }

    fn is_ours(&self, seen: &Seen) -> bool {
        self.open.contains_key(&seen.correlation)
            || self.ended.contains(&seen.correlation)
            || matches!(seen.what, What::DeadLetter(_)) && self.is_our_key(&seen.key)
    }

    /// Keys of this run begin with its id and a dash.
    fn is_our_key(&self, key: &str) -> bool {
        key.strip_prefix(&self.run).is_some_and(|rest| rest.starts_with('-'))
    }

    fn event(&mut self, seen: &Seen, name: &str, detail: Option<&str>) {
        let Some(open) = self.open.get_mut(&seen.correlation) else { return };
        match (name, detail) {
            ("order.placed", _) => open.placed_ms = Some(seen.at_ms),
            ("order.delivered", _) => self.order_ended(seen, Ending::Delivered),
            ("order.cancelled", Some("payment_declined")) => self.order_ended(seen, Ending::Declined),
            ("order.cancelled", _) => self.order_ended(seen, Ending::OutOfStock),
            ("mail.sent", Some(about)) => {
                if open.told.insert(about.to_owned()) {
                    self.report.mails += 1;
                }
            }
            ("return.refunded", _) => {
                self.report.returns_refunded += 1;
                return self.finish(&seen.correlation);
            }
            ("country.counted", _) => _ = open.told.insert(seen.id.clone()),
            _ => return,
        }
        self.finish_if_whole(&seen.correlation);
    }

    fn order_ended(&mut self, seen: &Seen, ending: Ending) {
        let Some(open) = self.open.get_mut(&seen.correlation) else { return };
        if open.ending.replace(ending).is_some() {
            // Said again by a step that was interrupted: it counts once.
            return;
        }
        if let Some(took) = open.placed_ms.and_then(|placed| u64::try_from(seen.at_ms - placed).ok()) {
            self.latencies.add(std::time::Duration::from_millis(took));
        }
        if !matches!(open.started, Started::Order(fate) if fate.ending == ending) {
            self.report.unexpected += 1;
        }
        match ending {
            Ending::Delivered => self.report.delivered += 1,
            Ending::Declined => self.report.cancelled_declined += 1,
            Ending::OutOfStock => self.report.cancelled_out_of_stock += 1,
        }
    }

    /// An order is whole when it ended and its customer was told everything, a customer's change when it was counted.
    fn finish_if_whole(&mut self, correlation: &str) {
        let Some(open) = self.open.get(correlation) else { return };
        let whole = match (&open.started, open.ending) {
            (Started::Order(_), Some(ending)) => open.told.len() >= mails(ending),
            (Started::Customer { counts }, _) => open.told.len() >= *counts,
            _ => false,
        };
        if whole {
            if matches!(open.started, Started::Customer { .. }) {
                self.report.customer_changes_counted += 1;
            }
            self.finish(correlation);
        }
    }

    fn finish(&mut self, correlation: &str) {
        if let Some((correlation, _)) = self.open.remove_entry(correlation) {
            self.end(correlation);
        }
    }

    fn end(&mut self, correlation: String) {
        self.just_ended.push(correlation.clone());
        self.ended.insert(correlation);
    }
}

/// The last [`MAX_ENDED`] texts.
#[derive(Debug, Default)]
struct Recent {
    known: HashSet<String>,
    /// The same, the oldest first.
    order: VecDeque<String>,
}

impl Recent {
    fn contains(&self, text: &str) -> bool {
        self.known.contains(text)
    }

    /// Remembers a text; says whether it is new.
    fn insert(&mut self, text: String) -> bool {
        if !self.known.insert(text.clone()) {
            return false;
        }
        self.order.push_back(text);
        if self.order.len() > MAX_ENDED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

/// How many mails an order with this ending comes to: one for each of its events.
pub fn mails(ending: Ending) -> usize {
    match ending {
        // Placed, reserved, created, dispatched, shipped, delivered.
        Ending::Delivered => 6,
        // Placed, reserved, cancelled.
        Ending::Declined => 3,
        // Placed, reserved, created, out of stock, cancelled.
        Ending::OutOfStock => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELIVERED: Fate =
        Fate { ending: Ending::Delivered, payment_attempts: 1, shipping_attempts: 1, garbage: None };
    const MAILS: [&str; 6] = [
        "order.placed",
        "order.reserved",
        "order.created",
        "order.dispatched",
        "order.shipped",
        "order.delivered",
    ];

    fn event(correlation: &str, name: &str, detail: Option<&str>, at_ms: i64) -> Seen {
        let what = What::Event { name: name.to_owned(), detail: detail.map(str::to_owned) };
        let id = format!("{correlation}/{name}/{at_ms}");
        Seen { correlation: correlation.to_owned(), key: String::new(), at_ms, id, what }
    }

    fn dead_letter(key: &str) -> Seen {
        let what = What::DeadLetter("undecodable".to_owned());
        Seen { correlation: "stranger".to_owned(), key: key.to_owned(), at_ms: 0, id: key.to_owned(), what }
    }

    fn delivered(tally: &mut Tally) {
        tally.see(event("a", "order.placed", None, 100));
        tally.see(event("a", "order.delivered", None, 350));
        for about in MAILS {
            tally.see(event("a", "mail.sent", Some(about), 400));
        }
    }

    #[test]
    fn an_order_ends_once_its_customer_was_told_everything() {
        let mut tally = Tally::new("r");
        tally.started("a", Started::Order(DELIVERED));
        tally.see(event("a", "order.placed", None, 100));
        tally.see(event("a", "order.delivered", None, 350));
        assert_eq!((tally.report().delivered, tally.report().unfinished, tally.unfinished()), (1, 0, 1));
        for about in MAILS {
            tally.see(event("a", "mail.sent", Some(about), 400));
        }
        assert_eq!((tally.unfinished(), tally.take_ended()), (0, vec!["a".to_owned()]));
        assert_eq!((tally.report().latency.p50_ms, tally.report().mails), (250, 6));
        assert!(tally.report().is_as_expected());
    }

    #[test]
    fn what_is_said_twice_counts_once() {
        let mut tally = Tally::new("r");
        tally.started("a", Started::Order(DELIVERED));
        tally.see(event("a", "order.delivered", None, 1));
        tally.see(event("a", "order.delivered", None, 2));
        tally.see(event("a", "mail.sent", Some("order.placed"), 3));
        tally.see(event("a", "mail.sent", Some("order.placed"), 4));
        let report = tally.report();
        assert_eq!((report.delivered, report.mails, report.unfinished), (1, 1, 0));
    }

    #[test]
    fn another_ending_than_the_rules_say_is_unexpected() {
        let mut tally = Tally::new("r");
        tally.started("a", Started::Order(DELIVERED));
        tally.see(event("a", "order.cancelled", Some("payment_declined"), 1));
        let report = tally.report();
        assert_eq!((report.unexpected, report.cancelled, report.cancelled_declined), (1, 1, 1));
        assert!(!report.is_as_expected());
    }

    #[test]
    fn what_is_seen_before_it_is_known_counts_all_the_same() {
        let mut tally = Tally::new("r");
        delivered(&mut tally);
        assert_eq!(tally.report().delivered, 0);
        tally.started("a", Started::Order(DELIVERED));
        tally.look_again();
        assert_eq!((tally.report().delivered, tally.unfinished()), (1, 0));
    }

    #[test]
    fn what_others_started_is_not_counted() {
        let mut tally = Tally::new("r1");
        delivered(&mut tally);
        tally.see(dead_letter("r12-1"));
        tally.see(dead_letter("r1-1"));
        tally.see(dead_letter("r1-1"));
        let report = tally.report();
        assert_eq!((report.delivered, report.events.len(), report.dead_letters), (0, 0, 1));
        for _ in 0..=MAX_UNKNOWN {
            tally.see(dead_letter("other"));
        }
        assert_eq!(tally.unknown.len(), MAX_UNKNOWN);
    }

    #[test]
    fn returns_and_customers_end_in_their_own_ways() {
        let mut tally = Tally::new("r");
        tally.started("return", Started::Return);
        tally.started("moved", Started::Customer { counts: 2 });
        tally.see(event("return", "return.refunded", None, 1));
        tally.see(event("moved", "country.counted", None, 1));
        tally.see(event("moved", "country.counted", None, 1));
        assert_eq!((tally.report().returns_refunded, tally.report().customer_changes_counted), (1, 0));
        tally.see(event("moved", "country.counted", None, 2));
        assert_eq!((tally.report().customer_changes_counted, tally.unfinished()), (1, 0));
    }
}
