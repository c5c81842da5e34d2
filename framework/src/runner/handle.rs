//! Stage *handle*: the team's function, polled once in place and, where it waits, on this thread until it is done.

use std::{
    any::Any,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use choreograph_contracts::{Contract, Tape};
use futures_util::{
    future::{AbortHandle, Abortable},
    stream::{FuturesUnordered, Stream},
};

use rapidhash::RapidHashMap;

use super::{Plan, current};
use crate::{
    emits::Outbox,
    engine::{Slot, Ticket},
    envelope::Metadata,
    step::{HandlerSlot, StepError, Unread},
    telemetry::HandleSpan,
};

/// Seats that are kept for reuse; more are made when more handlers wait at once.
const MAX_IDLE_SEATS: usize = 1_024;

/// A place for one running handler, and room for what it emits. Reused from record to record.
pub(crate) struct Seat {
    slot: Pin<Box<dyn HandlerSlot>>,
    pub(crate) outbox: Outbox,
    /// The span of the attempt that runs, below which the team's own spans nest.
    pub(crate) handle: Option<HandleSpan>,
}

/// Why a value is not in a seat.
pub(crate) enum Refused {
    Unread(Unread),
    /// As [`Ended::Panicked`].
    Panicked(String),
}

/// How a handler ended.
pub(crate) enum Ended {
    /// It returned; its emits are in the seat's outbox.
    Returned(Result<(), StepError>, Box<Seat>),
    /// It panicked; the text is the panic's message where that is a literal.
    Panicked(String, Option<HandleSpan>),
    /// It took longer than the step's timeout and was dropped.
    TimedOut,
}

/// The handlers of one step.
pub(crate) struct Handlers {
    plan: Arc<Plan>,
    #[expect(clippy::vec_box, reason = "a seat is handed from place to place with each record")]
    idle: Vec<Box<Seat>>,
    waiting: FuturesUnordered<Abortable<Waiting>>,
    /// One handle a waiting handler, for those that time out: at most the step's concurrency.
    aborts: RapidHashMap<Ticket, AbortHandle>,
}

impl Handlers {
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        Self { plan, idle: Vec::new(), waiting: FuturesUnordered::new(), aborts: RapidHashMap::default() }
    }

    /// Reads a value into a seat and asserts the contract on it.
    pub(crate) fn read(
        &mut self,
        route: usize,
        contract: Option<&Contract>,
        tape: &mut Tape,
        value: &[u8],
    ) -> Result<Box<Seat>, Refused> {
        let mut seat = self.idle.pop().unwrap_or_else(|| {
            let (slot, outbox) = (self.plan.erased.new_slot(), self.plan.new_outbox());
            Box::new(Seat { slot, outbox, handle: None })
        });
        // Decoding is the team's code too.
        let read =
            guarded(&self.plan, &mut seat, |seat| seat.slot.as_mut().decode(route, contract, tape, value));
        match read {
            Ok(Ok(())) => Ok(seat),
            Ok(Err(unread)) => {
                self.give_back(seat);
                Err(Refused::Unread(unread))
            }
            // What a panic left in its slot is not used again.
            Err(panic) => {
                discard(&self.plan, seat);
                Err(Refused::Panicked(panic))
            }
        }
    }

    /// Starts the handler on the event in the seat and polls it once. `None`: it waits, and [`poll`](Self::poll) will
    /// hand out its end.
    pub(crate) fn start(
        &mut self,
        ticket: Ticket,
        mut seat: Box<Seat>,
        metadata: Metadata,
        handle: HandleSpan,
    ) -> Option<Ended> {
        seat.handle = Some(handle);
        // What a handler does before its future is the team's code too. The waker does nothing: a handler that waits
        // is polled again as soon as it lies with the others.
        let begun = guarded(&self.plan, &mut seat, |seat| {
            seat.slot.as_mut().start(metadata);
            let mut cx = Context::from_waker(std::task::Waker::noop());
            seat.slot.as_mut().poll(&mut cx, &mut seat.outbox)
        });
        match begun {
            Ok(Poll::Ready(result)) => Some(Ended::Returned(result, seat)),
            Err(panic) => Some(panicked(&self.plan, panic, seat)),
            Ok(Poll::Pending) => {
                let waiting = Waiting { ticket, plan: Arc::clone(&self.plan), seat: Some(seat) };
                let (abort, registration) = AbortHandle::new_pair();
                self.waiting.push(Abortable::new(waiting, registration));
                self.aborts.insert(ticket, abort);
                None
            }
        }
    }

    /// The next waiting handler that ended, if one did.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Option<(Ticket, Ended)> {
        loop {
            match Pin::new(&mut self.waiting).poll_next(cx) {
                Poll::Ready(Some(Ok((ticket, ended)))) => {
                    self.aborts.remove(&ticket);
                    return Some((ticket, ended));
                }
                // Aborted: its end was told when it was aborted.
                Poll::Ready(Some(Err(_))) => {}
                Poll::Ready(None) | Poll::Pending => return None,
            }
        }
    }

    /// Drops a waiting handler: it does not run again, and is gone after the next [`poll`](Self::poll).
    pub(crate) fn abort(&mut self, ticket: Ticket) -> bool {
        self.aborts.remove(&ticket).inspect(AbortHandle::abort).is_some()
    }

    /// Drops the waiting handlers of partitions that are given up: their next owner runs the same records.
    pub(crate) fn abort_of(&mut self, slots: &[Slot]) {
        self.aborts.retain(|ticket, abort| {
            let stays = !slots.contains(&ticket.slot);
            if !stays {
                abort.abort();
            }
            stays
        });
    }

    /// Takes a seat back whose handler ended.
    pub(crate) fn give_back(&mut self, mut seat: Box<Seat>) {
        if self.idle.len() < MAX_IDLE_SEATS {
            seat.outbox.clear();
            seat.handle = None;
            self.idle.push(seat);
        }
    }
}

/// A handler that waits for something.
struct Waiting {
    ticket: Ticket,
    plan: Arc<Plan>,
    seat: Option<Box<Seat>>,
}

impl Future for Waiting {
    type Output = (Ticket, Ended);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let ended = match this.seat.as_mut().map(|seat| poll_seat(&this.plan, seat, cx)) {
            Some(Poll::Pending) => return Poll::Pending,
            Some(Poll::Ready(Ok(result))) => this.seat.take().map(|seat| Ended::Returned(result, seat)),
            Some(Poll::Ready(Err(panic))) => this.seat.take().map(|seat| panicked(&this.plan, panic, seat)),
            None => None,
        };
        // The seat is there until the handler ended, and an ended future is not polled again.
        Poll::Ready((this.ticket, ended.unwrap_or(Ended::TimedOut)))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(seat) = self.seat.take() {
            discard(&self.plan, seat);
        }
    }
}

/// The end of a handler that panicked.
fn panicked(plan: &Arc<Plan>, panic: String, mut seat: Box<Seat>) -> Ended {
    let handle = seat.handle.take();
    discard(plan, seat);
    Ended::Panicked(panic, handle)
}

/// Drops a seat with what a handler left in it. Destructors are the team's code too, and may panic.
fn discard(plan: &Arc<Plan>, seat: Box<Seat>) {
    let _in_handler = current::enter(plan);
    if catch_unwind(AssertUnwindSafe(|| drop(seat))).is_err() {
        tracing::warn!(workflow_step = plan.source, "what a handler left panicked as it was dropped");
    }
}

/// Polls a handler.
fn poll_seat(
    plan: &Arc<Plan>,
    seat: &mut Seat,
    cx: &mut Context<'_>,
) -> Poll<Result<Result<(), StepError>, String>> {
    match guarded(plan, seat, |seat| seat.slot.as_mut().poll(cx, &mut seat.outbox)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(result)) => Poll::Ready(Ok(result)),
        Err(panic) => Poll::Ready(Err(panic)),
    }
}

/// Runs the team's code inside its span; a panic is the end of its run, not of the step.
fn guarded<T>(plan: &Arc<Plan>, seat: &mut Seat, run: impl FnOnce(&mut Seat) -> T) -> Result<T, String> {
    let _in_handler = current::enter(plan);
    let _in_span = seat.handle.as_ref().map(|handle| handle.scope().enter());
    catch_unwind(AssertUnwindSafe(|| run(seat))).map_err(|panic| panic_text(panic.as_ref()))
}

/// Where a panic happened is in the log; its message may hold anything, so only literals are shown.
fn panic_text(panic: &(dyn Any + Send)) -> String {
    match panic.downcast_ref::<&'static str>() {
        Some(literal) => format!("the handler panicked: {literal}"),
        None => "the handler panicked; its message is in the log".to_owned(),
    }
}
