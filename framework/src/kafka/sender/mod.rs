//! The sending thread of a step: it hands records to the producer and serves its delivery reports.
//!
//! To hand a record to librdkafka, and to free it when it is acknowledged, takes a fifth of what a record costs a step. The
//! step's thread packs records into a [`Batch`] instead and goes on with the next one; and what is allocated for
//! a record is freed where it was allocated.
//!
//! The order is kept. A record goes to the producer behind all that were sent before it; where the producer cannot take one,
//! the thread waits with it. Where one comes back that has to be sent again, the thread *recalls* what was sent behind it:
//! all that it has not come to is turned back, and nothing more is taken until the step has heard of all of them.

mod batch;
#[cfg(test)]
mod by_hand;
#[cfg(test)]
#[cfg(feature = "embedded")]
mod tests;
mod thread;
mod way;

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;

use tokio::sync::Notify;

use self::batch::Batch;
use self::way::Way;
use super::acknowledge::Report;
use super::client::StepProducer;
use super::publish::Outlet;
use crate::clock;
use crate::runner::port::{Outgoing, PublishError, Tag};

/// In a turn that goes on, what was taken is handed over once its first record is so many milliseconds old. With each batch
/// the two processors fetch each other's memory and wake each other, so there are to be few of them.
const HAND_OVER_MS: u64 = 4;
/// A batch of so many bytes is handed over at once, so that a turn which emits much need not end first.
const BATCH_BYTES: usize = 256 * 1024;
/// Bytes of records handed over and not come to, as they are packed, beyond which no more are taken.
const MAX_WAITING_BYTES: usize = 16 * 1024 * 1024;
/// A thread that has not turned for so long, in milliseconds, hangs: to replace a producer takes a quarter of it.
const LONGEST_TURN_MS: u64 = 10_000;
/// The most empty batches that are kept to be filled again.
const SPARES: usize = 4;

/// What both threads share.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Tells the sending thread that there is something to do.
    came: Condvar,
}

#[derive(Default)]
struct State {
    /// Records handed over. Bounded by [`MAX_WAITING_BYTES`].
    batches: VecDeque<Batch>,
    /// Bytes of all records to which the sending thread has not come, with those of the batch in its hands.
    waiting: usize,
    /// At most [`SPARES`].
    spares: Vec<Batch>,
    /// What became of records. Bounded by the publishes under way.
    reports: Vec<Report>,
    /// A record came back that has to be sent again, and the step may not have heard of all that was sent behind it.
    recalls: bool,
    /// The sending thread waits with a record that the producer cannot take.
    is_stuck: bool,
    /// The sending thread sleeps.
    sleeps: bool,
    /// When it last turned, on the steady clock.
    turned_at: u64,
    /// The producer. Who keeps it is the sending thread, which has to see it end, and an errand while it asks.
    producer: Weak<StepProducer>,
    /// The end was asked for: how long the producer may take, on the steady clock.
    close_by: Option<u64>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The step's end of its sending thread.
pub(super) struct Sender {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<usize>>,
    filling: Batch,
    /// As of the last meeting: bytes of what the thread has not come to, and whether it waits or recalls.
    waiting: usize,
    is_stuck: bool,
    recalls: bool,
    /// When the thread had last turned then.
    turned_at: u64,
    /// When the first record that is not handed over was taken, in milliseconds.
    taken_at: u64,
}

impl Sender {
    /// Starts the thread, which wakes the step with each report.
    pub(super) fn start(name: &str, outlet: Outlet, wake: Arc<Notify>) -> std::io::Result<Self> {
        let mut sender = Self::idle();
        let shared = Arc::clone(&sender.shared);
        // The step may ask for it before the thread looks for the first time.
        shared.state().producer = Way::producer(&outlet);
        shared.state().turned_at = sender.turned_at;
        let thread = std::thread::Builder::new()
            .name(format!("{name} sender"))
            .spawn(move || thread::run(outlet, &shared, &wake))?;
        sender.thread = Some(thread);
        Ok(sender)
    }

    /// The step's end without a thread.
    fn idle() -> Self {
        let (shared, filling) = (Arc::default(), Batch::default());
        let turned_at = clock::millis();
        let (waiting, is_stuck, recalls, taken_at) = (0, false, false, 0);
        Self { shared, thread: None, filling, waiting, is_stuck, recalls, turned_at, taken_at }
    }

    /// Whether the thread has ended, which only a panic on it can bring about.
    pub(super) fn is_gone(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Whether the thread turned lately, as of the last meeting.
    pub(super) fn turns(&self, now: u64) -> bool {
        now < self.turned_at.saturating_add(LONGEST_TURN_MS)
    }

    /// The producer, to be asked whether it reaches a broker.
    pub(super) fn producer(&self) -> Option<Arc<StepProducer>> {
        self.shared.state().producer.upgrade()
    }

    /// Takes a record to be sent. What becomes of it is reported under its tag, the producer's refusal too; one that is longer
    /// than Kafka's protocol can say is refused at once.
    ///
    /// It is handed over when the turn ends, with all that were taken before it, or [`before`](Self::hand_over_older) where
    /// the turn takes long: it waits for [`HAND_OVER_MS`] and for the handler that then runs, at most. So where records come by
    /// the hundred in a millisecond, the sending thread is woken once for all of them. `now` is in milliseconds of any clock,
    /// and need not be new.
    pub(super) fn send(&mut self, record: &Outgoing<'_>, tag: Tag, now: u64) -> Result<(), PublishError> {
        if !self.takes() {
            return Err(PublishError::QueueFull);
        }
        if self.filling.is_empty() {
            self.taken_at = now;
        }
        self.filling.push(record, tag)?;
        if self.filling.bytes() >= BATCH_BYTES {
            self.hand_over();
        }
        Ok(())
    }

    /// Whether a record would be taken, as of the last meeting.
    pub(super) fn takes(&self) -> bool {
        let is_full = self.waiting + self.filling.bytes() > MAX_WAITING_BYTES;
        !(is_full || self.is_stuck || self.recalls)
    }

    /// Hands over what was taken if the first of it is [`HAND_OVER_MS`] old.
    #[inline]
    pub(super) fn hand_over_older(&mut self, now: u64) {
        if now.abs_diff(self.taken_at) >= HAND_OVER_MS {
            self.hand_over();
        }
    }

    /// Hands over what was taken: to be called before the step sleeps.
    pub(super) fn hand_over(&mut self) {
        if !self.filling.is_empty() {
            self.meet(None);
        }
    }

    /// Moves what has been reported into `reports`, which must be empty. Once all of it is done, [`heard`](Self::heard) is
    /// to be called.
    pub(super) fn poll(&mut self, reports: &mut Vec<Report>) {
        debug_assert!(reports.is_empty());
        self.meet(Some(reports));
    }

    /// The step knows of everything that it was told. Ends a recall of which it knew as it was told: of one that began since,
    /// it may have packed records that have to be turned back.
    pub(super) fn heard(&mut self) {
        if !self.recalls {
            return;
        }
        let mut state = self.shared.state();
        if state.waiting == 0 && state.reports.is_empty() {
            state.recalls = false;
            self.recalls = false;
        }
    }

    /// Takes the reports where there is somewhere to put them, or else hands over what was taken. In a recall it does both, so
    /// that nothing is left here when the recall ends.
    fn meet(&mut self, reports: Option<&mut Vec<Report>>) {
        let mut state = self.shared.state();
        let hands_over = reports.is_none() || state.recalls;
        if hands_over && !self.filling.is_empty() {
            let empty = state.spares.pop().unwrap_or_default();
            state.waiting += self.filling.bytes();
            state.batches.push_back(std::mem::replace(&mut self.filling, empty));
        }
        if let Some(reports) = reports {
            std::mem::swap(reports, &mut state.reports);
        }
        (self.waiting, self.is_stuck, self.recalls) = (state.waiting, state.is_stuck, state.recalls);
        self.turned_at = state.turned_at;
        let wakes = state.sleeps && !state.batches.is_empty();
        state.sleeps &= !wakes;
        drop(state);
        if wakes {
            self.shared.came.notify_one();
        }
    }

    /// Sends what was taken, waits for what is on its way until `deadline` on the steady clock, then takes the rest back.
    /// Answers how much was reported after the last look.
    pub(super) fn close(mut self, deadline: u64) -> usize {
        self.meet(None);
        self.shared.state().close_by = Some(deadline);
        self.shared.came.notify_one();
        let Some(Ok(reported)) = self.thread.take().map(JoinHandle::join) else {
            tracing::error!("the thread that sends records panicked");
            return 0;
        };
        reported
    }
}

/// Where it is not closed, as the step's thread panicked, the sending thread ends by itself, and its producer with it.
impl Drop for Sender {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.shared.state().close_by = Some(clock::millis());
            self.shared.came.notify_one();
        }
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender")
            .field("waiting", &self.waiting)
            .field("is_stuck", &self.is_stuck)
            .field("recalls", &self.recalls)
            .finish_non_exhaustive()
    }
}
