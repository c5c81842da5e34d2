//! The loop where handling waits: futures on the loop's own thread, one lane for each key that is being handled.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use rapidhash::RapidHashMap;
use rdkafka::consumer::Consumer as _;
use rdkafka::message::{BorrowedMessage, Message as _};
use tokio::sync::Notify;
use xxhash_rust::xxh3::xxh3_64;

use super::{ExpertError, IDLE, Job, RECORDS_A_LOOK, Way, clients};
use crate::events::{self, OrderPlaced, PaymentConfirmed};
use crate::throughput::child::Stop;
use crate::throughput::framework::WAIT;
use crate::throughput::meter;

/// Records that may wait for their keys before no more are polled.
const WAITING: usize = 1_000;

/// A record, and the tag of its output.
struct Taken<'c> {
    message: BorrowedMessage<'c>,
    tag: usize,
    lane: u64,
}

/// Waits, then does the work.
async fn handle(taken: Taken<'_>, order: OrderPlaced) -> (Taken<'_>, PaymentConfirmed) {
    tokio::time::sleep(WAIT).await;
    (taken, events::pay(&order))
}

pub(super) fn run(job: &Job, concurrency: usize, stop: &Stop) -> Result<(), ExpertError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| ExpertError::Set(error.to_string()))?;
    runtime.block_on(tokio::task::unconstrained(turn(job, concurrency, stop)))
}

async fn turn(job: &Job, concurrency: usize, stop: &Stop) -> Result<(), ExpertError> {
    let mut consumer = clients::consumer(&job.bootstrap, &job.group)?;
    let wake = Arc::new(Notify::new());
    let waker = Arc::clone(&wake);
    consumer.set_nonempty_callback(move || waker.notify_one());
    consumer.subscribe(&[&job.input])?;
    let mut lanes = Lanes { way: Way::new(job)?, waiting: RapidHashMap::default(), count: 0 };
    let mut handled = FuturesUnordered::new();
    // Done while the loop slept.
    let mut done = None;
    loop {
        let mut idle = done.is_none();
        for _ in 0..RECORDS_A_LOOK {
            if handled.len() >= concurrency || lanes.count >= WAITING {
                break;
            }
            let Some(message) = consumer.poll(Duration::ZERO) else { break };
            idle = false;
            handled.extend(lanes.take(message?)?.map(|(taken, order)| handle(taken, order)));
        }
        while let Some((taken, payment)) = match done.take() {
            Some(done) => Some(done),
            None => poll_fn(|cx| Poll::Ready(now_or_none(handled.poll_next_unpin(cx)))).await,
        } {
            idle = false;
            handled.extend(lanes.finish(&taken, &payment)?.map(|(taken, order)| handle(taken, order)));
        }
        lanes.way.look(&consumer)?;
        if !idle {
            tokio::task::yield_now().await;
        } else if stop.asked() && handled.is_empty() {
            break;
        } else {
            let woken = async {
                tokio::select! {
                    () = wake.notified() => None,
                    next = handled.next(), if !handled.is_empty() => next,
                }
            };
            done = tokio::time::timeout(IDLE, woken).await.ok().flatten();
        }
    }
    drop(handled);
    lanes.way.end(&consumer)
}

fn now_or_none<T>(poll: Poll<Option<T>>) -> Option<T> {
    match poll {
        Poll::Ready(value) => value,
        Poll::Pending => None,
    }
}

/// Keys that are being handled, each with the records that wait for it.
struct Lanes<'c> {
    way: Way,
    waiting: RapidHashMap<u64, VecDeque<Taken<'c>>>,
    /// Records in all of them.
    count: usize,
}

impl<'c> Lanes<'c> {
    /// A record was polled. Answers it with its order if it can be handled now.
    fn take(
        &mut self,
        message: BorrowedMessage<'c>,
    ) -> Result<Option<(Taken<'c>, OrderPlaced)>, ExpertError> {
        meter::begin();
        let tag = self.way.ledger.take(message.partition(), message.offset());
        let lane = xxh3_64(message.key().unwrap_or_default());
        let taken = Taken { message, tag, lane };
        if let Some(queue) = self.waiting.get_mut(&lane) {
            queue.push_back(taken);
            self.count += 1;
            return Ok(None);
        }
        let Some(order) = self.read(&taken)? else { return Ok(None) };
        self.waiting.insert(lane, VecDeque::new());
        Ok(Some((taken, order)))
    }

    /// A record was handled: its payment goes out, and the next of its key may be handled.
    fn finish(
        &mut self,
        taken: &Taken<'c>,
        payment: &PaymentConfirmed,
    ) -> Result<Option<(Taken<'c>, OrderPlaced)>, ExpertError> {
        if let Some((incoming, _)) = self.way.expected(&taken.message, taken.tag) {
            self.way.send(&incoming, payment, taken.tag)?;
        }
        while let Some(next) = self.waiting.get_mut(&taken.lane).and_then(VecDeque::pop_front) {
            self.count -= 1;
            if let Some(order) = self.read(&next)? {
                return Ok(Some((next, order)));
            }
        }
        self.waiting.remove(&taken.lane);
        Ok(None)
    }

    fn read(&mut self, taken: &Taken<'c>) -> Result<Option<OrderPlaced>, ExpertError> {
        let Some((_, payload)) = self.way.expected(&taken.message, taken.tag) else { return Ok(None) };
        self.way.codec.read(payload).map(Some)
    }
}
