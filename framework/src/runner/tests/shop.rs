//! The step under test: what an order says happens to it.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Emits, Event, In, State, StepError};

#[derive(Debug, Deserialize, JsonSchema, Event)]
#[event(view, type = "order.placed", major = 1, topic = "orders")]
pub(super) struct OrderPlaced {
    order_id: String,
    /// What the handler shall do.
    #[serde(default)]
    act: Act,
    #[serde(default, deserialize_with = "unlucky")]
    #[expect(dead_code, reason = "only its contract matters")]
    small: Option<u8>,
}

/// A team's own code, which panics.
fn unlucky<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    let small = Option::deserialize(deserializer)?;
    assert!(small != Some(13), "thirteen");
    Ok(small)
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Act {
    #[default]
    Confirm,
    Ask,
    Twice,
    Fail,
    FailOnce,
    Away,
    AwayOnce,
    Reject,
    Panic,
    Wait,
    BadEmit,
    /// Waits, and fails in words of its own.
    FailLater,
    /// Waits, with something that panics where it is dropped.
    Bomb,
    /// Panics with something that panics where it is dropped.
    PanicBomb,
    /// Has itself polled again and again.
    Spin,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(type = "payment.confirmed", version = "1.2", topic = "payments", key = "order_id", terminal)]
pub(super) struct PaymentConfirmed {
    order_id: String,
    #[schemars(length(max = 5))]
    note: String,
}

/// One that does not end its workflow.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(type = "payment.asked", version = "1.0", topic = "payments", key = "order_id")]
pub(super) struct PaymentAsked {
    order_id: String,
}

#[derive(Debug, Emits)]
pub(super) enum Payment {
    Asked(PaymentAsked),
    One(PaymentConfirmed),
    Two((PaymentConfirmed, PaymentConfirmed)),
}

#[derive(Clone, Default)]
pub(super) struct Shop {
    pub(super) seen: Arc<Mutex<Vec<(String, u32)>>>,
    pub(super) gate: Arc<tokio::sync::Notify>,
    pub(super) failures: Arc<AtomicU32>,
    /// How often handlers that spin were polled.
    pub(super) spins: Arc<AtomicU32>,
    /// One reference for each shop, of which each handler that waits has one.
    pub(super) shops: Arc<()>,
}

impl Shop {
    /// How many handlers are there and wait.
    pub(super) fn waiting(&self) -> usize {
        // The bench and the service have one each.
        Arc::strong_count(&self.shops) - 2
    }
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a bomb");
    }
}

pub(super) async fn charge(order: In<OrderPlaced>, State(shop): State<Shop>) -> Result<Payment, StepError> {
    shop.seen.lock().unwrap().push((order.order_id.clone(), order.metadata().attempt()));
    let confirmed = |note: &str| PaymentConfirmed { order_id: order.order_id.clone(), note: note.to_owned() };
    match order.act {
        Act::Twice => return Ok(Payment::Two((confirmed("a"), confirmed("b")))),
        Act::Ask => return Ok(Payment::Asked(PaymentAsked { order_id: order.order_id.clone() })),
        Act::Fail => return Err(StepError::retry("no luck")),
        Act::FailOnce if shop.failures.fetch_add(1, Ordering::Relaxed) == 0 => {
            return Err(StepError::retry("once"));
        }
        Act::AwayOnce if shop.failures.fetch_add(1, Ordering::Relaxed) == 0 => {
            return Err(StepError::unavailable("the bank was away"));
        }
        Act::Confirm | Act::FailOnce | Act::AwayOnce => {}
        Act::Away => return Err(StepError::unavailable("the bank is away")),
        Act::Reject => return Err(StepError::reject("too_poor", "no money")),
        Act::Panic => panic!("a literal"),
        Act::Wait => shop.gate.notified().await,
        Act::FailLater => {
            shop.gate.notified().await;
            if order.order_id == "bank" {
                return Err(StepError::unavailable("the bank is away"));
            }
            return Err(StepError::retry(format!("no luck for {}", order.order_id)));
        }
        Act::Bomb => {
            let _bomb = Bomb;
            std::future::pending::<()>().await;
        }
        Act::PanicBomb => std::panic::panic_any(Bomb),
        Act::Spin => {
            std::future::poll_fn(|cx| {
                shop.spins.fetch_add(1, Ordering::Relaxed);
                cx.waker().wake_by_ref();
                std::task::Poll::<()>::Pending
            })
            .await;
        }
        Act::BadEmit => return Ok(Payment::One(confirmed("far too long"))),
    }
    Ok(Payment::One(confirmed("ok")))
}
