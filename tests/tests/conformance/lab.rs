//! The services of the suite and what a case sees of them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use choreograph::{Consumes, Event, In, Metadata, OwnedEvent, Retry, Service, State, StepError, step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Raw;

/// The topic of [`Placed`] and [`Cancelled`].
pub(crate) const ORDERS: &str = "orders";
/// The topic of [`Paid`].
pub(crate) const PAYMENTS: &str = "payments";
/// The group of the step that takes payments.
pub(crate) const CHARGE: &str = "payment.charge";
/// The group of the step that reads all order events.
pub(crate) const NOTIFY: &str = "mail.notify";
/// The group of a second step on the topic of orders.
pub(crate) const COUNT: &str = "statistics.count";
/// Attempts of [`CHARGE`].
pub(crate) const ATTEMPTS: u32 = 3;
/// The highest number that the contract of [`Paid`] allows.
pub(crate) const MAX_SEQ: u32 = 10_000;
/// How often a handler looks whether it may go on.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// An order was placed.
#[derive(Debug, Clone, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.placed", version = "1.0", topic = "orders", key = "order", starts = "order")]
pub(crate) struct Placed {
    /// The order's id, which is the key.
    pub(crate) order: String,
    /// Which event of the order it is, counted from 0.
    pub(crate) seq: u32,
    /// What the handler is to do about it.
    #[serde(default)]
    pub(crate) task: Task,
}

/// What the handler of an event is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Task {
    /// Succeed.
    #[default]
    Succeed,
    /// Wait for the barrier, then for some milliseconds, more or fewer by number.
    Dawdle,
    /// Fail on the first two attempts, then succeed.
    Stumble,
    /// Fail on every attempt.
    Fail,
    /// Reject the event.
    Reject,
    /// Panic.
    Panic,
    /// Emit an event that breaks its own contract.
    Break,
}

/// An order was cancelled.
#[derive(Debug, Clone, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "order.cancelled", version = "1.0", topic = "orders", key = "order")]
pub(crate) struct Cancelled {
    /// The order's id, which is the key.
    pub(crate) order: String,
    /// Which event of the order it is, counted from 0.
    pub(crate) seq: u32,
}

/// An order was paid.
#[derive(Debug, Clone, Event, Serialize, Deserialize, JsonSchema)]
#[event(type = "payment.confirmed", version = "1.0", topic = "payments", key = "order", terminal)]
pub(crate) struct Paid {
    /// The order's id, which is the key.
    pub(crate) order: String,
    /// The number of the event that it answers.
    #[schemars(range(max = 10_000))]
    pub(crate) seq: u32,
}

/// Everything on the topic of orders.
#[derive(Debug, Consumes)]
pub(crate) enum OrderEvent {
    /// An order was placed.
    Placed(Placed),
    /// An order was cancelled.
    Cancelled(Cancelled),
}

/// One attempt of a handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handled {
    /// The group of the step.
    pub(crate) group: &'static str,
    /// The type of the event.
    pub(crate) event_type: String,
    /// The order.
    pub(crate) order: String,
    /// The number of the event.
    pub(crate) seq: u32,
    /// The attempt, counted from 1.
    pub(crate) attempt: u32,
    /// Whether the handler came to its end.
    pub(crate) finished: bool,
}

#[derive(Debug, Default)]
struct Inner {
    handled: Vec<Handled>,
    gateway_away: bool,
    barred: bool,
    dawdle: Option<Duration>,
}

/// The state that all services of a case share: what their handlers did, and how the outside world is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lab(Arc<Mutex<Inner>>);

impl Lab {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every attempt in the order in which they began.
    pub(crate) fn handled(&self, group: &str) -> Vec<Handled> {
        self.inner().handled.iter().filter(|handled| handled.group == group).cloned().collect()
    }

    /// The numbers of the events that a step finished, by order, as they came to it.
    pub(crate) fn finished(&self, group: &str) -> BTreeMap<String, Vec<u32>> {
        let mut by_order = BTreeMap::<String, Vec<u32>>::new();
        for Handled { order, seq, .. } in self.handled(group).into_iter().filter(|handled| handled.finished) {
            by_order.entry(order).or_default().push(seq);
        }
        by_order
    }

    /// Takes the payment gateway away, or brings it back.
    pub(crate) fn set_gateway_away(&self, away: bool) {
        self.inner().gateway_away = away;
    }

    /// Holds whoever dawdles at a barrier, or lets all of them go on.
    pub(crate) fn set_barred(&self, barred: bool) {
        self.inner().barred = barred;
    }

    /// Waits while the barrier is down.
    async fn pass(&self) {
        while self.inner().barred {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// How long [`Task::Dawdle`] takes at the most.
    pub(crate) fn set_dawdle(&self, longest: Duration) {
        self.inner().dawdle = Some(longest);
    }

    fn dawdle(&self, seq: u32) -> Duration {
        let longest = self.inner().dawdle.unwrap_or(Duration::from_millis(4));
        longest * (seq % 4 + 1) / 4
    }

    fn begin(&self, group: &'static str, order: &str, seq: u32, metadata: &Metadata) -> usize {
        let mut inner = self.inner();
        inner.handled.push(Handled {
            group,
            event_type: metadata.event_type().to_owned(),
            order: order.to_owned(),
            seq,
            attempt: metadata.attempt(),
            finished: false,
        });
        inner.handled.len() - 1
    }

    fn finish(&self, at: usize) {
        if let Some(handled) = self.inner().handled.get_mut(at) {
            handled.finished = true;
        }
    }
}

async fn charge(order: In<Placed>, State(lab): State<Lab>) -> Result<Paid, StepError> {
    let (attempt, at) =
        (order.metadata().attempt(), lab.begin(CHARGE, &order.order, order.seq, order.metadata()));
    if lab.inner().gateway_away {
        return Err(StepError::unavailable("the gateway is away"));
    }
    let mut paid = Paid { order: order.order.clone(), seq: order.seq };
    match order.task {
        Task::Dawdle => {
            lab.pass().await;
            tokio::time::sleep(lab.dawdle(order.seq)).await;
        }
        Task::Stumble if attempt < ATTEMPTS => return Err(StepError::retry("stumbled")),
        Task::Succeed | Task::Stumble => {}
        Task::Fail => return Err(StepError::retry("fails always")),
        Task::Reject => return Err(StepError::reject("test", "the case asks for it")),
        Task::Panic => panic!("the case asks for it"),
        Task::Break => paid.seq = MAX_SEQ + 1,
    }
    lab.finish(at);
    Ok(paid)
}

async fn notify(event: In<OrderEvent>, State(lab): State<Lab>) {
    let (order, seq) = match &*event {
        OrderEvent::Placed(placed) => (&placed.order, placed.seq),
        OrderEvent::Cancelled(cancelled) => (&cancelled.order, cancelled.seq),
    };
    let at = lab.begin(NOTIFY, order, seq, event.metadata());
    tokio::time::sleep(lab.dawdle(seq)).await;
    lab.finish(at);
}

async fn count(order: In<Placed>, State(lab): State<Lab>) {
    let at = lab.begin(COUNT, &order.order, order.seq, order.metadata());
    lab.finish(at);
}

/// Takes payments: [`Placed`] in, [`Paid`] out. Three attempts, 20 ms apart at the most.
pub(crate) fn payment(lab: &Lab) -> Service<Lab> {
    let retry = Retry::exponential(ATTEMPTS).first(Duration::from_millis(20)).cap(Duration::from_millis(20));
    Service::new("payment", lab.clone()).step(step("charge", charge).retry(retry))
}

/// Reads every order event in one step, each for some milliseconds.
pub(crate) fn mail(lab: &Lab) -> Service<Lab> {
    Service::new("mail", lab.clone()).step(step("notify", notify))
}

/// Reads placed orders.
pub(crate) fn statistics(lab: &Lab) -> Service<Lab> {
    Service::new("statistics", lab.clone()).step(step("count", count))
}

/// The record of an event as a stranger would publish it: type and value, no more.
///
/// # Panics
///
/// Where the event cannot be encoded.
pub(crate) fn event<E: OwnedEvent>(event: &E) -> Raw {
    let mut key = Vec::new();
    event.write_key(&mut key).expect("the suite's keys are text");
    Raw {
        topic: E::TOPIC.to_owned(),
        key: Some(key),
        value: Some(serde_json::to_vec(event).expect("the suite's events are JSON")),
        headers: vec![header("ce_type", &format!("{}.v{}", E::NAME, E::MAJOR))],
    }
}

/// A header with text.
pub(crate) fn header(name: &str, value: &str) -> (String, Option<Vec<u8>>) {
    (name.to_owned(), Some(value.as_bytes().to_vec()))
}

/// The record of a placed order.
pub(crate) fn placed(order: &str, seq: u32, task: Task) -> Raw {
    event(&Placed { order: order.to_owned(), seq, task })
}

/// The record of a cancelled order.
pub(crate) fn cancelled(order: &str, seq: u32) -> Raw {
    event(&Cancelled { order: order.to_owned(), seq })
}

/// The payments on the platform's topic, by order, in the order of the log.
pub(crate) fn payments(records: &[Raw]) -> BTreeMap<String, Vec<u32>> {
    let mut by_order = BTreeMap::<String, Vec<u32>>::new();
    for record in records {
        let value = record.value.as_deref().unwrap_or_default();
        let paid: Paid = serde_json::from_slice(value).expect("only payments lie on their topic");
        by_order.entry(paid.order).or_default().push(paid.seq);
    }
    by_order
}
