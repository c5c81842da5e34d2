//! Stage *handle*: the team's function, polled once in place and, where it waits, on this thread until it is done.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use choreograph_contracts::{Contract, Tape};

use super::{Plan, current, panicked::take_untold, woken::Woken};
use crate::{
    emits::Outbox,
    engine::{Slot, Ticket},
    envelope::Metadata,
    step::{HandlerSlot, StepError, Unread},
    telemetry::HandleSpan,
};

/// Seats that are kept for reuse; more are made when more handlers wait at once.
const MAX_IDLE_SEATS: usize = 1_024;
/// Of these many may have room for large emits, so that a burst leaves tens of megabytes behind, not gigabytes.
const MAX_LARGE_SEATS: usize = 64;

/// A place for one running handler, and room for what it emits. Reused from record to record.
pub(crate) struct Seat {
    /// The place in which its handler waits, if it must.
    place: usize,
    slot: Pin<Box<dyn HandlerSlot>>,
    pub(crate) outbox: Outbox,
    /// The span of the attempt that runs, below which the team's own spans nest.
    pub(crate) handle: Option<HandleSpan>,
}

/// Why a value is not in a seat.
pub(crate) enum Refused {
    Unread(Box<Unread>),
    /// As [`Ended::Panicked`].
    Panicked(String),
}

/// How a handler ended.
pub(crate) enum Ended {
    /// It returned; its emits are in the seat's outbox.
    Returned(Result<(), StepError>, Box<Seat>),
    /// It panicked; the text is the panic's message where that is a literal.
    Panicked(String, Option<Box<HandleSpan>>),
    /// It took longer than the step's timeout and was dropped.
    TimedOut(Option<Box<HandleSpan>>),
}

/// The handlers of one step.
pub(crate) struct Handlers {
    plan: Arc<Plan>,
    #[expect(clippy::vec_box, reason = "a seat is handed from place to place with each record")]
    idle: Vec<Box<Seat>>,
    /// The handlers that wait, each in its seat's place: at most the step's concurrency.
    waiting: Vec<Option<(Ticket, Box<Seat>)>>,
    /// The places of seats that are gone.
    vacant: Vec<usize>,
    woken: Woken,
}

impl Handlers {
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        Self { plan, idle: Vec::new(), waiting: Vec::new(), vacant: Vec::new(), woken: Woken::new() }
    }

    /// Reads a value into a seat and asserts the contract on it.
    pub(crate) fn read(
        &mut self,
        route: usize,
        contract: Option<&Contract>,
        tape: &mut Tape,
        value: &[u8],
    ) -> Result<Box<Seat>, Refused> {
        let mut seat = self.idle.pop().unwrap_or_else(|| self.new_seat());
        // Decoding is the team's code too.
        let read = guarded(&self.plan, &mut seat, |slot, _| slot.decode(route, contract, tape, value));
        match read {
            Ok(Ok(())) => Ok(seat),
            Ok(Err(unread)) => {
                self.give_back(seat);
                Err(Refused::Unread(unread))
            }
            // What a panic left in its slot is not used again.
            Err(panic) => {
                self.discard(seat);
                Err(Refused::Panicked(panic))
            }
        }
    }

    /// Says that the team's code runs on this thread, until the guard is dropped.
    pub(crate) fn enter(&self) -> current::Guard {
        current::enter(&self.plan)
    }

    /// How many seats are kept for reuse.
    #[cfg(test)]
    pub(crate) fn idle(&self) -> usize {
        self.idle.len()
    }

    fn new_seat(&mut self) -> Box<Seat> {
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.waiting.push(None);
            self.waiting.len() - 1
        });
        let (slot, outbox) = (self.plan.erased.new_slot(), self.plan.new_outbox());
        Box::new(Seat { place, slot, outbox, handle: None })
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
        let mut cx = Context::from_waker(self.woken.waker(seat.place));
        // What a handler does before its future is the team's code too.
        let begun = guarded(&self.plan, &mut seat, |mut slot, outbox| {
            slot.as_mut().start(metadata);
            slot.poll(&mut cx, outbox)
        });
        self.polled(ticket, seat, begun)
    }

    /// Begins a round of those that were woken; `cx` is woken for the next.
    pub(crate) fn gather(&mut self, cx: &Context<'_>) {
        self.woken.gather(cx);
    }

    /// Polls the next handler of the round, if there is one, and answers how it ended, if it did.
    pub(crate) fn poll(&mut self) -> Option<(Ticket, Option<Ended>)> {
        while let Some(place) = self.woken.next() {
            // It may have ended before the wake-up was come to.
            let Some((ticket, mut seat)) = self.waiting[place].take() else { continue };
            let mut cx = Context::from_waker(self.woken.waker(place));
            let polled = guarded(&self.plan, &mut seat, |slot, outbox| slot.poll(&mut cx, outbox));
            return Some((ticket, self.polled(ticket, seat, polled)));
        }
        None
    }

    /// What a poll came to. `None`: the handler waits.
    fn polled(
        &mut self,
        ticket: Ticket,
        mut seat: Box<Seat>,
        polled: Result<Poll<Result<(), StepError>>, String>,
    ) -> Option<Ended> {
        match polled {
            Ok(Poll::Ready(result)) => Some(Ended::Returned(result, seat)),
            Ok(Poll::Pending) => {
                let place = seat.place;
                self.waiting[place] = Some((ticket, seat));
                None
            }
            Err(panic) => {
                let handle = seat.handle.take().map(Box::new);
                self.discard(seat);
                Some(Ended::Panicked(panic, handle))
            }
        }
    }

    /// Drops a handler that waits on the record of `ticket` and took too long. `None`: none does, as it ended meanwhile.
    pub(crate) fn time_out(&mut self, ticket: Ticket) -> Option<Ended> {
        let is_it = |waiting: &Option<(Ticket, _)>| waiting.as_ref().is_some_and(|(of, _)| *of == ticket);
        let place = self.waiting.iter().position(is_it)?;
        let (_, mut seat) = self.waiting[place].take()?;
        let handle = seat.handle.take().map(Box::new);
        self.discard(seat);
        Some(Ended::TimedOut(handle))
    }

    /// Drops the waiting handlers of partitions that are given up: their next owner runs the same records.
    pub(crate) fn abort_of(&mut self, slots: &[Slot]) {
        self.abort_where(|waiting| slots.contains(&waiting.slot));
    }

    fn abort_where(&mut self, is_over: impl Fn(Ticket) -> bool) {
        for place in 0..self.waiting.len() {
            if let Some((_, mut seat)) = self.waiting[place].take_if(|(ticket, _)| is_over(*ticket)) {
                if let Some(handle) = seat.handle.take() {
                    handle.abandon();
                }
                self.discard(seat);
            }
        }
    }

    /// Drops a seat with what a handler left in it.
    fn discard(&mut self, seat: Box<Seat>) {
        self.vacant.push(seat.place);
        discard(&self.plan, seat);
    }

    /// Takes a seat back whose handler ended.
    pub(crate) fn give_back(&mut self, mut seat: Box<Seat>) {
        let has_room = match self.idle.len() {
            ..MAX_LARGE_SEATS => true,
            MAX_LARGE_SEATS..MAX_IDLE_SEATS => seat.outbox.is_small(),
            _ => false,
        };
        if has_room {
            seat.outbox.clear();
            seat.handle = None;
            self.idle.push(seat);
        } else {
            self.discard(seat);
        }
    }
}

impl Drop for Handlers {
    fn drop(&mut self) {
        self.abort_where(|_| true);
    }
}

/// Drops a seat with what a handler left in it. Destructors are the team's code too, and may panic.
fn discard(plan: &Arc<Plan>, seat: Box<Seat>) {
    let _in_handler = current::enter(plan);
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(seat))) {
        dispose(panic);
        if let Some(panicked) = take_untold() {
            panicked.tell(&plan.source, None);
        }
        tracing::warn!(workflow_step = plan.source, "what a handler left panicked as it was dropped");
    }
}

/// Runs the team's code inside its span; a panic is the end of its run, not of the step.
fn guarded<T>(
    plan: &Arc<Plan>,
    seat: &mut Seat,
    run: impl FnOnce(Pin<&mut dyn HandlerSlot>, &mut Outbox) -> T,
) -> Result<T, String> {
    let _in_handler = current::enter(plan);
    let Seat { slot, outbox, handle, .. } = seat;
    HandleSpan::within(handle, || {
        catch_unwind(AssertUnwindSafe(|| run(slot.as_mut(), outbox))).map_err(|panic| {
            let text = panic_text(panic.as_ref());
            dispose(panic);
            text
        })
    })
}

/// Drops what a panic carried, which is the team's too and may panic in its turn. What that carries is left alone.
pub(crate) fn dispose(panic: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
}

/// A panic's message may hold anything, so only literals are shown. The log says where it happened.
fn panic_text(panic: &(dyn Any + Send)) -> String {
    match panic.downcast_ref::<&'static str>() {
        Some(literal) => format!("the handler panicked: {literal}"),
        None => "the handler panicked; the log says where".to_owned(),
    }
}
