//! The quantities as of now.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::broadcast::{self, Receiver, Sender};

/// The most products shown; the published data has about 4,000. Changes of further products are counted as not shown.
pub const MAX_PRODUCTS: usize = 100_000;
/// How many events of a product are remembered by id, so that one delivered again changes nothing.
pub const RECENT_EVENTS: usize = 32;

/// How many changes a slow page may be behind before it is told everything anew.
const MAX_BEHIND: usize = 1_024;

/// Quantities by product. Clones share them.
#[derive(Debug, Clone)]
pub struct Shelf {
    products: Arc<Mutex<BTreeMap<String, Product>>>,
    changed: Sender<Quantity>,
}

/// How many there are of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quantity {
    /// The product.
    pub stock_code: String,
    /// How many.
    pub quantity: i64,
}

impl Default for Shelf {
    fn default() -> Self {
        Self { products: Arc::default(), changed: broadcast::channel(MAX_BEHIND).0 }
    }
}

#[derive(Debug, Default)]
struct Product {
    quantity: i64,
    /// Ids of the events applied last, the newest at the end.
    recent: VecDeque<String>,
}

impl Shelf {
    /// Applies a change once; `event_id` tells a repeated one. Says whether it is shown: products beyond
    /// [`MAX_PRODUCTS`] are not.
    pub fn change(&self, event_id: &str, stock_code: &str, change: i64) -> bool {
        let mut products = self.products.lock().unwrap_or_else(PoisonError::into_inner);
        if !products.contains_key(stock_code) && products.len() >= MAX_PRODUCTS {
            return false;
        }
        let product = products.entry(stock_code.to_owned()).or_default();
        if product.recent.iter().any(|id| id == event_id) {
            return true;
        }
        if product.recent.len() == RECENT_EVENTS {
            product.recent.pop_front();
        }
        product.recent.push_back(event_id.to_owned());
        product.quantity += change;
        let quantity = Quantity { stock_code: stock_code.to_owned(), quantity: product.quantity };
        // Nobody may be looking.
        let _unseen = self.changed.send(quantity);
        true
    }

    /// Every quantity that changes from now on.
    pub fn changes(&self) -> Receiver<Quantity> {
        self.changed.subscribe()
    }

    /// How many there are of a product; `None` for one never seen.
    pub fn quantity(&self, stock_code: &str) -> Option<i64> {
        self.products
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(stock_code)
            .map(|product| product.quantity)
    }

    /// Every product with its quantity.
    pub fn quantities(&self) -> BTreeMap<String, i64> {
        let products = self.products.lock().unwrap_or_else(PoisonError::into_inner);
        products.iter().map(|(code, product)| (code.clone(), product.quantity)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_delivered_again_changes_nothing() {
        let shelf = Shelf::default();
        for (id, change) in [("a", 10), ("b", -3), ("a", 10), ("b", -3)] {
            assert!(shelf.change(id, "85123A", change));
        }
        assert_eq!(shelf.quantity("85123A"), Some(7));
        assert_eq!(shelf.quantity("71053"), None);
    }

    #[test]
    fn a_change_is_pushed_once() {
        let shelf = Shelf::default();
        let mut changes = shelf.changes();
        shelf.change("a", "85123A", 10);
        shelf.change("a", "85123A", 10);
        let quantity = Quantity { stock_code: "85123A".to_owned(), quantity: 10 };
        assert_eq!(changes.try_recv(), Ok(quantity));
        assert!(changes.try_recv().is_err());
    }

    #[test]
    fn memory_of_events_is_bounded() {
        let shelf = Shelf::default();
        for number in 0..=RECENT_EVENTS {
            shelf.change(&number.to_string(), "85123A", 1);
        }
        let products = shelf.products.lock().expect("not poisoned");
        assert_eq!(products["85123A"].recent.len(), RECENT_EVENTS);
    }
}
