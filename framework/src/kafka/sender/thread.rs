//! What the sending thread does.

use std::sync::{PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use super::super::acknowledge::Report;
use super::super::client::StepProducer;
use super::batch::Batch;
use super::way::Way;
use super::{MAX_WAITING_BYTES, SPARES, Shared};
use crate::clock;
use crate::runner::port::{Delivery, Outgoing, PublishError, Tag};

/// Delivery reports are served after so many records at the latest.
const RECORDS_A_LOOK: usize = 64;
/// The first and the longest sleep while delivery reports are due, which wake nobody, in milliseconds.
const REPORT_NAP_MS: (u64, u64) = (2, 50);
/// The longest sleep: a dead producer is replaced when it is looked at.
const LONGEST_NAP_MS: u64 = 100;

/// The whole life of the thread. Answers how much was reported after the step had last looked.
pub(super) fn run(way: impl Way, shared: &Shared, wake: &Notify) -> usize {
    let mut sending = Sending::new(way, shared, wake);
    let mut nap = REPORT_NAP_MS.0;
    loop {
        let longest = if sending.way.unreported() > 0 { nap } else { LONGEST_NAP_MS };
        let (batch, close_by) = sending.next(Duration::from_millis(longest));
        nap = (nap * 2).min(REPORT_NAP_MS.1);
        if let Some(batch) = batch {
            sending.send_all(batch);
            nap = REPORT_NAP_MS.0;
        } else if let Some(deadline) = close_by {
            return sending.end(deadline);
        }
        if sending.look() {
            nap = REPORT_NAP_MS.0;
        }
    }
}

/// The thread's end. What it does that the step can see, it does between calls of its way.
pub(super) struct Sending<'s, W> {
    way: W,
    shared: &'s Shared,
    wake: &'s Notify,
    /// What was served and is not looked at; empty but for a moment.
    served: Vec<Report>,
    /// Reports of which the step was not told.
    untold: Vec<Report>,
    /// The producer of which the step was told.
    producer: Weak<StepProducer>,
    /// See [`State::recalls`](super::State::recalls), as of the last telling.
    recalls: bool,
    /// A record came back since then that has to be sent again.
    begins_recall: bool,
}

impl<'s, W: Way> Sending<'s, W> {
    pub(super) fn new(way: W, shared: &'s Shared, wake: &'s Notify) -> Self {
        let (served, untold) = (Vec::new(), Vec::new());
        Self {
            way,
            shared,
            wake,
            served,
            untold,
            producer: Weak::new(),
            recalls: false,
            begins_recall: false,
        }
    }

    /// The next batch, if one comes within `nap`. Without one, whether the end was asked for.
    pub(super) fn next(&mut self, nap: Duration) -> (Option<Batch>, Option<u64>) {
        let mut state = self.shared.state();
        if state.batches.is_empty() && state.close_by.is_none() {
            state.sleeps = true;
            let slept = self.shared.came.wait_timeout(state, nap);
            (state, _) = slept.unwrap_or_else(PoisonError::into_inner);
            state.sleeps = false;
        }
        (self.recalls, state.turned_at) = (state.recalls, clock::millis());
        (state.batches.pop_front(), state.close_by)
    }

    /// Comes to each record of a batch.
    pub(super) fn send_all(&mut self, mut batch: Batch) {
        let mut since_look = 0;
        batch.each(|record, tag| {
            self.send(record, tag);
            since_look += 1;
            if since_look == RECORDS_A_LOOK {
                since_look = 0;
                self.look();
            }
        });
        self.tell(batch.bytes());
        batch.clear();
        let mut state = self.shared.state();
        if state.spares.len() < SPARES {
            state.spares.push(batch);
        }
    }

    /// Hands one record to the producer, or reports why not. Waits while it cannot be taken.
    fn send(&mut self, record: &Outgoing<'_>, tag: Tag) {
        let mut nap = REPORT_NAP_MS.0;
        let delivery = loop {
            if self.recalls || self.begins_recall {
                break Some(Delivery::Unsent { record: Box::new(record.owned()) });
            }
            match self.way.send(record, tag) {
                Ok(()) => break None,
                Err(PublishError::Record(error)) => break Some(Delivery::Refused { error }),
                Err(_) if self.is_late() => self.begins_recall = true,
                Err(PublishError::QueueFull | PublishError::Producer(_)) => {
                    self.be_stuck();
                    self.look();
                    self.way.rest(Duration::from_millis(nap));
                    nap = (nap * 2).min(REPORT_NAP_MS.1);
                }
            }
        };
        if nap > REPORT_NAP_MS.0 {
            self.shared.state().is_stuck = false;
            self.wake.notify_one();
        }
        self.untold.extend(delivery.map(|delivery| (tag, delivery)));
    }

    /// The record in hand cannot be taken now.
    fn be_stuck(&self) {
        let mut state = self.shared.state();
        (state.is_stuck, state.turned_at) = (true, clock::millis());
    }

    /// Whether the time to end has passed.
    fn is_late(&self) -> bool {
        self.shared.state().close_by.is_some_and(|deadline| clock::millis() >= deadline)
    }

    /// Serves delivery reports, and tells the step of them. Answers whether there were any.
    pub(super) fn look(&mut self) -> bool {
        self.way.poll(&mut self.served);
        self.begins_recall |= self.served.iter().any(|(_, delivery)| is_to_be_sent_again(delivery));
        self.untold.append(&mut self.served);
        let producer = self.way.producer();
        let is_new = !Weak::ptr_eq(&self.producer, &producer);
        if is_new {
            self.producer.clone_from(&producer);
            self.shared.state().producer = producer;
        }
        let any = !self.untold.is_empty();
        if any {
            self.tell(0);
        }
        any
    }

    /// Tells the step of reports, and that it came to so many bytes of records: at once, so that a step which hears that
    /// nothing is left here has heard of all that is turned back.
    fn tell(&mut self, done: usize) {
        let mut state = self.shared.state();
        let refuses = done > 0 && (state.recalls || state.waiting > MAX_WAITING_BYTES);
        state.waiting = state.waiting.saturating_sub(done);
        if self.untold.is_empty() {
            drop(state);
            // The step may wait for this to be told that it may send again.
            if refuses {
                self.wake.notify_one();
            }
            return;
        }
        state.reports.append(&mut self.untold);
        state.recalls |= std::mem::take(&mut self.begins_recall);
        self.recalls = state.recalls;
        drop(state);
        self.wake.notify_one();
    }

    fn end(mut self, deadline: u64) -> usize {
        self.look();
        let untold = self.shared.state().reports.len();
        untold + self.way.close(deadline).len()
    }
}

fn is_to_be_sent_again(delivery: &Delivery) -> bool {
    matches!(delivery, Delivery::Unsent { .. } | Delivery::Setup { .. })
}
