//! Feeding the shop: invoices become orders and returns, customers fill in forms, suppliers deliver.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use choreograph::{Manifest, Publisher, StartError, StartingEvent};
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::task::JoinSet;

use super::kafka::{self, BrokenTill};
use super::tally::Started;
use super::window::{self, Window};
use crate::intake::{Invoice, Kind};
use crate::services::catalogue::MAX_PRODUCTS;
use crate::services::customers::CustomerForm;
use crate::services::site;
use crate::services::warehouse::StockDelivered;
use crate::world::{self, Garbage};

/// The most customers the desk remembers; of further ones no form is sent. The published data has about 4,400.
pub const MAX_CUSTOMERS: usize = 200_000;
/// How often a workflow's start is tried while no broker acknowledges it; each attempt takes up to half a minute.
const MAX_ATTEMPTS: u32 = 3;
/// How many pieces of a product its supplier delivers.
const DELIVERY: u32 = 10_000;

/// What the feed did.
#[derive(Debug)]
pub(crate) enum Fed {
    /// A workflow was started, and the broker has it.
    Started {
        /// The workflow's id.
        correlation: String,
        /// What it is.
        started: Started,
        /// What it took of the window.
        weight: u32,
        /// How many rows went into it.
        rows: u64,
    },
    /// Garbage was written that must become so many dead letters.
    Garbage(u64),
}

/// Why the feed ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The framework's publisher could not start a workflow.
    #[error("a workflow could not be started")]
    Start(#[from] StartError),
    /// The broken till could not write.
    #[error("the broken till could not write")]
    Till(#[from] kafka::Error),
}

/// Where the outside world meets the shop.
#[derive(Clone)]
pub(crate) struct Outside {
    /// The site's till.
    pub(crate) till: Publisher,
    /// The customer desk.
    pub(crate) desk: Publisher,
    /// The warehouse's loading dock.
    pub(crate) dock: Publisher,
    /// The till that writes garbage.
    pub(crate) broken_till: BrokenTill,
}

impl std::fmt::Debug for Outside {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Outside").field("broken_till", &self.broken_till).finish_non_exhaustive()
    }
}

/// What every invoice's task needs.
#[derive(Debug)]
struct Shop {
    run: String,
    outside: Outside,
    dead_letters: DeadLetters,
    fed: Sender<Fed>,
}

/// How many dead letters each kind of garbage comes to.
#[derive(Debug)]
struct DeadLetters {
    /// Steps that consume placed orders.
    consumers: u64,
    /// Steps that read the orders' topic, whatever they consume of it.
    readers: u64,
}

/// Feeds one run.
#[derive(Debug)]
pub(crate) struct Feed {
    shop: Arc<Shop>,
    window: Window,
    /// Where each customer was seen last.
    customers: HashMap<u32, String>,
    products: HashSet<String>,
    numbers: u64,
}

impl Feed {
    /// A feed for the run with this id. What it does is told through `fed`.
    pub(crate) fn new(
        run: &str,
        outside: Outside,
        manifests: &[Manifest],
        window: Window,
        fed: Sender<Fed>,
    ) -> Self {
        let dead_letters = DeadLetters::of(manifests);
        let shop = Arc::new(Shop { run: run.to_owned(), outside, dead_letters, fed });
        Self { shop, window, customers: HashMap::new(), products: HashSet::new(), numbers: 0 }
    }

    /// Feeds every invoice, each once there is room for it, until there are none left or `no_more` is set.
    ///
    /// # Errors
    /// The first [`Error`]; what was fed before, or was under way then, is told nevertheless.
    pub(crate) async fn run(
        mut self,
        mut invoices: Receiver<Invoice>,
        no_more: &AtomicBool,
    ) -> Result<(), Error> {
        let mut tasks = JoinSet::new();
        let mut ended = self.feed(&mut invoices, no_more, &mut tasks).await;
        while let Some(done) = tasks.join_next().await {
            ended = ended.and(finished(done));
        }
        ended
    }

    async fn feed(
        &mut self,
        invoices: &mut Receiver<Invoice>,
        no_more: &AtomicBool,
        tasks: &mut JoinSet<Result<(), Error>>,
    ) -> Result<(), Error> {
        while let Some(invoice) = invoices.recv().await {
            let form = self.form(&invoice);
            let products = self.new_products(&invoice);
            let small = products.len() + usize::from(form.is_some());
            let mut room = self.window.enter(window::weight(&invoice, small)).await;
            if no_more.load(Ordering::Relaxed) {
                break;
            }
            self.numbers += 1;
            if let Some(form) = form {
                self.customer(&form, room.share(window::SMALL)).await?;
            }
            let products: Vec<_> =
                products.into_iter().map(|code| (code, room.share(window::SMALL))).collect();
            let (shop, number, weight) = (Arc::clone(&self.shop), self.numbers, room.rest());
            tasks.spawn(async move { shop.invoice(&invoice, number, weight, products).await });
            while let Some(done) = tasks.try_join_next() {
                finished(done)?;
            }
        }
        Ok(())
    }

    /// A customer seen for the first time, or elsewhere, fills in a form.
    fn form(&mut self, invoice: &Invoice) -> Option<CustomerForm> {
        let (customer_id, country) = (invoice.customer?, invoice.country.clone());
        let old_country = self.customers.get(&customer_id).cloned();
        let is_known = old_country.as_ref() == Some(&country);
        if is_known || (old_country.is_none() && self.customers.len() >= MAX_CUSTOMERS) {
            return None;
        }
        self.customers.insert(customer_id, country.clone());
        Some(CustomerForm { customer_id, country, old_country })
    }

    /// Sends a form. The next one waits for it, so that the forms of one customer are in order.
    async fn customer(&self, form: &CustomerForm, weight: u32) -> Result<(), Error> {
        let counts = if form.old_country.is_some() { 2 } else { 1 };
        let id = format!("{}-form-{:06}", self.shop.run, self.numbers);
        self.shop.start(&self.shop.outside.desk, (&id, form), Started::Customer { counts }, (weight, 0)).await
    }

    /// The invoice's products that nobody has ordered before.
    fn new_products(&mut self, invoice: &Invoice) -> Vec<String> {
        let mut new = Vec::new();
        for line in &invoice.lines {
            if self.products.len() < MAX_PRODUCTS && self.products.insert(line.code.clone()) {
                new.push(line.code.clone());
            }
        }
        new
    }
}

/// A task that panicked takes the feed with it: nobody would know what it left undone.
fn finished(done: Result<Result<(), Error>, tokio::task::JoinError>) -> Result<(), Error> {
    match done {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Ok(()),
        },
    }
}

impl Shop {
    async fn invoice(
        &self,
        invoice: &Invoice,
        number: u64,
        weight: u32,
        products: Vec<(String, u32)>,
    ) -> Result<(), Error> {
        for (stock_code, weight) in products {
            let id = format!("{}-{stock_code}", self.run);
            let delivered = StockDelivered { stock_code, quantity: DELIVERY };
            self.start(&self.outside.dock, (&id, &delivered), Started::Supply, (weight, 0)).await?;
        }
        let id = format!("{}-{number:06}", self.run);
        let (till, took) = (&self.outside.till, (weight, invoice.rows));
        if invoice.kind == Kind::Return {
            let returned = site::returned(id, invoice);
            return self.start(till, (&returned.return_id, &returned), Started::Return, took).await;
        }
        let codes = invoice.lines.iter().map(|line| line.code.as_str());
        let fate = world::expected(world::Order::new(&invoice.number, codes));
        if let Some(garbage) = fate.garbage {
            self.outside.broken_till.write(garbage, &id).await?;
            self.tell(Fed::Garbage(self.dead_letters.from(garbage))).await;
        }
        let order = site::order(id, invoice);
        self.start(till, (&order.order_id, &order), Started::Order(fate), took).await
    }

    /// Starts a workflow under an id of its own, so that it is the same one where a broker that was away is asked again.
    async fn start<E: StartingEvent>(
        &self,
        publisher: &Publisher,
        (id, event): (&str, &E),
        started: Started,
        (weight, rows): (u32, u64),
    ) -> Result<(), Error> {
        let mut attempts = 1;
        let begun = loop {
            match publisher.start_with_id(id, event).await {
                Err(StartError::Unacknowledged { .. }) if attempts < MAX_ATTEMPTS => attempts += 1,
                answer => break answer?,
            }
        };
        let correlation = begun.correlation_id().to_string();
        self.tell(Fed::Started { correlation, started, weight, rows }).await;
        Ok(())
    }

    /// Nobody listens only once the run has ended.
    async fn tell(&self, fed: Fed) {
        drop(self.fed.send(fed).await);
    }
}

impl DeadLetters {
    fn of(manifests: &[Manifest]) -> Self {
        let steps = || manifests.iter().flat_map(|manifest| &manifest.steps);
        let consumers =
            steps().filter(|step| step.consumes.iter().any(|event| event.event_type == "order.placed"));
        let readers = steps().filter(|step| step.consumes.iter().any(|event| event.topic == "orders"));
        Self { consumers: consumers.count() as u64, readers: readers.count() as u64 }
    }

    fn from(&self, garbage: Garbage) -> u64 {
        match garbage {
            Garbage::Cut | Garbage::BreaksContract | Garbage::FutureVersion => self.consumers,
            Garbage::NoType => self.readers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_reaches_those_who_read_it() {
        let dead_letters = DeadLetters::of(&crate::services::manifests("test"));
        assert_eq!((dead_letters.consumers, dead_letters.readers), (3, 8));
        assert_eq!((dead_letters.from(Garbage::Cut), dead_letters.from(Garbage::NoType)), (3, 8));
    }
}
