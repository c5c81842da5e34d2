//! What the site knows for its page: products it has sold, and how far each order has come.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::broadcast::{self, Receiver, Sender};

/// The most orders remembered; the oldest are forgotten first.
pub const MAX_ORDERS: usize = 10_000;
/// The most products remembered; further ones cannot be ordered on the page.
pub const MAX_PRODUCTS: usize = 100_000;
/// How many changes a slow page may be behind before it is told everything anew.
const MAX_BEHIND: usize = 256;

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The customer has ordered.
    Placed,
    /// A temporary order waits for its payment.
    Reserved,
    /// It is paid.
    Paid,
    /// The shelf was empty: the money goes back.
    OutOfStock,
    /// The goods left the warehouse.
    Dispatched,
    /// The parcel is under way.
    Shipped,
    /// It is at the customer's door.
    Delivered,
    /// It will not be sent.
    Cancelled,
}

/// An order as its customer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Order {
    /// Its id.
    pub order_id: String,
    /// The workflow's id, by which the shop's people find it.
    pub workflow_id: String,
    /// What has happened, in order: the stage, and when in milliseconds since the Unix epoch.
    pub stages: Vec<(Stage, u64)>,
}

/// A product as it was last sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Product {
    /// Its description.
    pub description: String,
    /// The price of one in pounds, an exact decimal.
    pub unit_price: String,
}

/// Orders and products. Clones share them.
#[derive(Debug, Clone)]
pub struct Orders {
    known: Arc<Mutex<Known>>,
    changed: Sender<Order>,
}

#[derive(Debug, Default)]
struct Known {
    orders: HashMap<String, Order>,
    /// The order's ids, the oldest first.
    ages: VecDeque<String>,
    products: HashMap<String, Product>,
}

impl Default for Orders {
    fn default() -> Self {
        Self { known: Arc::default(), changed: broadcast::channel(MAX_BEHIND).0 }
    }
}

impl Orders {
    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing is left half written by a panic under the lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The order has come to a stage. An event that is delivered again changes nothing.
    pub fn reached(&self, order_id: &str, workflow_id: &str, stage: Stage, at: u64) {
        let mut known = self.known();
        if !known.orders.contains_key(order_id) {
            if known.ages.len() == MAX_ORDERS
                && let Some(oldest) = known.ages.pop_front()
            {
                known.orders.remove(&oldest);
            }
            known.ages.push_back(order_id.to_owned());
            let order = Order {
                order_id: order_id.to_owned(),
                workflow_id: workflow_id.to_owned(),
                stages: Vec::new(),
            };
            known.orders.insert(order_id.to_owned(), order);
        }
        let Some(order) = known.orders.get_mut(order_id) else { return };
        if order.stages.iter().any(|(reached, _)| *reached == stage) {
            return;
        }
        order.stages.push((stage, at));
        let order = order.clone();
        drop(known);
        // Nobody may be looking.
        let _unseen = self.changed.send(order);
    }

    /// The product was sold. What has no description in words is not offered on the page.
    pub fn sold(&self, stock_code: &str, description: &str, unit_price: &str) {
        if !description.chars().any(char::is_alphabetic) {
            return;
        }
        let mut known = self.known();
        if known.products.contains_key(stock_code) || known.products.len() < MAX_PRODUCTS {
            let product = Product { description: description.to_owned(), unit_price: unit_price.to_owned() };
            known.products.insert(stock_code.to_owned(), product);
        }
    }

    /// An order; `None` for one that was never seen, or was forgotten.
    pub fn order(&self, order_id: &str) -> Option<Order> {
        self.known().orders.get(order_id).cloned()
    }

    /// A product by its stock code.
    pub fn product(&self, stock_code: &str) -> Option<Product> {
        self.known().products.get(stock_code).cloned()
    }

    /// Every product, by stock code.
    pub fn products(&self) -> std::collections::BTreeMap<String, Product> {
        self.known().products.iter().map(|(code, product)| (code.clone(), product.clone())).collect()
    }

    /// Every order that changes from now on.
    pub fn changes(&self) -> Receiver<Order> {
        self.changed.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_delivered_again_changes_nothing() {
        let orders = Orders::default();
        let mut changes = orders.changes();
        for (stage, at) in [(Stage::Placed, 1), (Stage::Reserved, 2), (Stage::Placed, 9)] {
            orders.reached("o-1", "w-1", stage, at);
        }
        let order = orders.order("o-1").expect("it was placed");
        assert_eq!(order.stages, [(Stage::Placed, 1), (Stage::Reserved, 2)]);
        assert_eq!(changes.try_recv().expect("placed").stages.len(), 1);
        assert_eq!(changes.try_recv().expect("reserved"), order);
        assert!(changes.try_recv().is_err());
    }

    #[test]
    fn the_oldest_order_is_forgotten() {
        let orders = Orders::default();
        for number in 0..=MAX_ORDERS {
            orders.reached(&number.to_string(), "w", Stage::Placed, 1);
        }
        assert_eq!(orders.order("0"), None);
        assert!(orders.order("1").is_some());
    }
}
