//! What really became of every order, read from the topics.

use std::collections::{BTreeMap, BTreeSet};

use choreograph_tests::topics::Message;
use example_pipeline::world::Ending;

use super::orders::{CODES, Fault, Order};
use super::shop::Shop;

/// The topics on which an order leaves something.
const TOPICS: [&str; 4] = ["orders", "payments", "stock", "mails"];

/// The deadline that payment declares, in milliseconds, with something off for a look from outside that comes late.
const DEADLINE_MS: i64 = 9_000;

/// All events by workflow and type: the ids, each with the bytes it came with, and when the first was written.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    events: BTreeMap<String, BTreeMap<String, Events>>,
}

#[derive(Debug, Default)]
struct Events {
    ids: BTreeMap<String, BTreeSet<Option<Vec<u8>>>>,
    first: Option<i64>,
}

impl Truth {
    /// Reads everything.
    pub(crate) fn read(shop: &Shop) -> Self {
        let mut truth = Self::default();
        for message in TOPICS.iter().flat_map(|topic| shop.read(topic)) {
            truth.see(&message);
        }
        truth
    }

    fn see(&mut self, message: &Message) {
        let header = |name| message.header(name).unwrap_or_default().to_owned();
        let of_workflow = self.events.entry(header("ce_correlationid")).or_default();
        let events = of_workflow.entry(header("ce_type")).or_default();
        events.ids.entry(header("ce_id")).or_default().insert(message.value.clone());
        events.first = events.first.into_iter().chain(message.timestamp).min();
    }

    /// Whether the order came to just the end that the world decides: each event of its way once, and no other; a mail
    /// for each that customers hear of; each product off its shelf once.
    pub(crate) fn is_as_fated(&self, order: &Order) -> Result<(), String> {
        let none = BTreeMap::new();
        let events = self.events.get(&order.id).unwrap_or(&none);
        let found: BTreeMap<&str, usize> =
            events.iter().map(|(name, events)| (name.as_str(), events.ids.len())).collect();
        let expected = fated(order);
        if found != expected {
            return Err(format!("{}: {found:?} instead of {expected:?}", order.key));
        }
        for (name, events) in events {
            // The good warehouse said again, and rightly, what the bad one had said: its input came again with the
            // swallowed ones.
            let set_right = order.fault == Fault::Contract && name == "order.dispatched.v1";
            if !set_right && events.ids.values().any(|values| values.len() > 1) {
                return Err(format!("{}: one {name} says different things", order.key));
            }
        }
        Ok(())
    }

    /// Whether the charge really took longer than payment's deadline: on a machine that had no time for it.
    pub(crate) fn was_late(&self, order: &Order) -> bool {
        let first = |name: &str| self.events.get(&order.id)?.get(name)?.first;
        let (asked, answered) = (first("order.reserved.v1"), first("payment.declined.v1"));
        asked.zip(answered).is_none_or(|(asked, answered)| answered - asked > DEADLINE_MS)
    }
}

/// How many events of each type an order comes to.
fn fated(order: &Order) -> BTreeMap<&'static str, usize> {
    let (way, mails): (&[&str], usize) = match order.ending {
        Ending::Delivered => (
            &[
                "payment.confirmed.v1",
                "order.created.v1",
                "order.dispatched.v1",
                "order.shipped.v1",
                "order.delivered.v1",
            ],
            6,
        ),
        Ending::Declined => (&["payment.declined.v1", "order.cancelled.v1"], 3),
        Ending::OutOfStock => (
            &[
                "payment.confirmed.v1",
                "order.created.v1",
                "order.out-of-stock.v1",
                "payment.refunded.v1",
                "order.cancelled.v1",
            ],
            5,
        ),
    };
    let mut fated: BTreeMap<&str, usize> =
        ["order.placed.v1", "order.reserved.v1"].iter().chain(way).map(|name| (*name, 1)).collect();
    // The mail that an order was placed is given up with the garbage that said so.
    fated.insert("mail.sent.v1", mails - usize::from(order.fault == Fault::Garbled));
    if order.ending == Ending::Delivered {
        fated.insert("stock.changed.v1", CODES.len());
    }
    fated
}
