//! The boundary at which a step's types end: the runner sees bytes, an outbox and an outcome.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use choreograph_contracts::{CheckError, Contract, DecodeError, Tape};

use crate::consumes::OnRoute;
use crate::emits::{Emits, Outbox};
use crate::envelope::Metadata;
use crate::step::error::emit_failed;
use crate::step::{Extract, Handler, Input, Returns, StepError};

/// A step whose types are erased; its service's state is inside.
pub(crate) trait ErasedStep: Send + Sync {
    /// A place in which one handler's future can live, used for one record after another.
    fn new_slot(&self) -> Pin<Box<dyn HandlerSlot>>;
}

/// The place of one handler's future. Decoding, extracting and the handler are the team's code: any of them may
/// panic, in each of these. After a panic, or to end a handler early, drop the slot.
pub(crate) trait HandlerSlot: Send {
    /// Decodes the value into what the step consumes, asserts the contract if there is one, and keeps the event here. What is
    /// wrong is boxed, as mostly nothing is.
    fn decode(
        self: Pin<&mut Self>,
        route: usize,
        contract: Option<&Contract>,
        tape: &mut Tape,
        value: &[u8],
    ) -> Result<(), Box<Unread>>;

    /// Puts the handler's future for the event here. Without an event the slot stays empty.
    fn start(self: Pin<&mut Self>, metadata: Metadata);

    /// Polls the handler. When it is ready the slot is empty, and the outbox holds the emits of this run and no other.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>, outbox: &mut Outbox) -> Poll<Result<(), StepError>>;
}

/// Why a value was not decoded.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It is no JSON within the bounds, or breaks its contract.
    Check(CheckError),
    /// Its type refuses it.
    Type(Unreadable),
}

/// A value that fits its contract but not the Rust type. It says where, and never quotes the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(crate) struct Unreadable {
    text: String,
}

impl Unreadable {
    /// In the words of whoever refused the value.
    pub(crate) fn new(text: String) -> Self {
        Self { text }
    }
}

/// A function bound to its service's state.
pub(crate) struct Bound<H, Args, S> {
    handler: H,
    state: Arc<S>,
    arguments: PhantomData<fn(Args)>,
}

/// The step of a function and a state.
pub(crate) fn erase<S, H, Args>(handler: H, state: Arc<S>) -> Arc<dyn ErasedStep>
where
    S: Send + Sync + 'static,
    Args: 'static,
    H: Handler<Args> + Send + Sync + 'static,
    H::Input: Input,
    H::Extractors: Extract<S>,
    H::Future: Future<Output: Returns> + Send + 'static,
{
    Arc::new(Shared(Arc::new(Bound { handler, state, arguments: PhantomData })))
}

struct Shared<H, Args, S>(Arc<Bound<H, Args, S>>);

impl<S, H, Args> ErasedStep for Shared<H, Args, S>
where
    S: Send + Sync + 'static,
    Args: 'static,
    H: Handler<Args> + Send + Sync + 'static,
    H::Input: Input,
    H::Extractors: Extract<S>,
    H::Future: Future<Output: Returns> + Send + 'static,
{
    fn new_slot(&self) -> Pin<Box<dyn HandlerSlot>> {
        Box::pin(Slot { bound: Arc::clone(&self.0), event: None, future: Box::pin(None) })
    }
}

struct Slot<H: Handler<Args, Input: Input>, Args, S> {
    bound: Arc<Bound<H, Args, S>>,
    /// The event, between decoding it and starting its handler.
    event: Option<<H::Input as Input>::Consumes>,
    /// Allocated once: a future is put in place and dropped in place.
    future: Pin<Box<Option<H::Future>>>,
}

// The future is pinned in its own box: a slot may move.
impl<H: Handler<Args, Input: Input>, Args, S> Unpin for Slot<H, Args, S> {}

impl<S, H, Args> HandlerSlot for Slot<H, Args, S>
where
    S: Send + Sync + 'static,
    Args: 'static,
    H: Handler<Args> + Send + Sync + 'static,
    H::Input: Input,
    H::Extractors: Extract<S>,
    H::Future: Future<Output: Returns> + Send + 'static,
{
    fn decode(
        self: Pin<&mut Self>,
        route: usize,
        contract: Option<&Contract>,
        tape: &mut Tape,
        value: &[u8],
    ) -> Result<(), Box<Unread>> {
        let slot = self.get_mut();
        slot.event = None;
        let seed = OnRoute::new(route);
        let event = match contract {
            Some(contract) => contract.decode_seed(tape, value, seed),
            None => Contract::decode_unchecked(value, seed).map_err(DecodeError::Unreadable),
        };
        slot.event = Some(event.map_err(|error| Box::new(unread(error)))?);
        Ok(())
    }

    fn start(self: Pin<&mut Self>, metadata: Metadata) {
        let slot = self.get_mut();
        let Some(event) = slot.event.take() else { return };
        let input = H::Input::receive(event, metadata);
        let extractors = H::Extractors::extract(&slot.bound.state);
        slot.future.set(Some(slot.bound.handler.call(input, extractors)));
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>, outbox: &mut Outbox) -> Poll<Result<(), StepError>> {
        let slot = self.get_mut();
        let Some(future) = slot.future.as_mut().as_pin_mut() else {
            return Poll::Ready(Err(StepError::retry("the slot was polled without a handler in it")));
        };
        let Poll::Ready(returned) = future.poll(cx) else { return Poll::Pending };
        slot.future.set(None);
        outbox.clear();
        Poll::Ready(returned.outcome().and_then(|emits| emits.emit(outbox).map_err(emit_failed)))
    }
}

#[cold]
fn unread(error: DecodeError) -> Unread {
    match error {
        DecodeError::Check(error) => Unread::Check(error),
        DecodeError::Unreadable(error) => Unread::Type(unreadable(&error)),
    }
}

/// Category and position. What serde says beyond that may quote the value.
fn unreadable(error: &serde_json::Error) -> Unreadable {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Data => "the value fits its contract but not the step's type",
        Category::Syntax => "the value is not JSON",
        Category::Eof => "the value ends before its JSON does",
        Category::Io => "the value could not be read",
    };
    if error.line() == 0 {
        return Unreadable { text: what.to_owned() };
    }
    Unreadable { text: format!("{what} (line {}, column {})", error.line(), error.column()) }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Waker;

    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::envelope::head::tests::TestRecord;
    use crate::envelope::metadata::Identity;
    use crate::step::StepDef;
    use crate::step::error::Failure;
    use crate::{Consumes, Event, In, Service, State, step};

    #[derive(Event, Serialize, Deserialize, JsonSchema)]
    #[event(type = "order.placed", version = "1.0", topic = "orders", key = "order_id", subject = "invoice")]
    struct OrderPlaced {
        order_id: u64,
        invoice: String,
    }

    #[derive(Event, Deserialize, JsonSchema)]
    #[event(view, type = "order.cancelled", major = 1, topic = "orders")]
    struct OrderCancelled {
        order_id: u64,
    }

    #[derive(Consumes)]
    enum OrderEvent {
        Placed(OrderPlaced),
        Cancelled(OrderCancelled),
    }

    type Runs = Arc<AtomicUsize>;

    /// Emits each placed order twice after one wait; refuses cancelled ones.
    async fn copy(event: In<OrderEvent>, State(runs): State<Runs>) -> Result<Vec<OrderPlaced>, StepError> {
        tokio::task::yield_now().await;
        runs.fetch_add(1, Ordering::Relaxed);
        match event.into_inner() {
            OrderEvent::Placed(order) => {
                let again = OrderPlaced { order_id: order.order_id + 1, invoice: order.invoice.clone() };
                Ok(vec![order, again])
            }
            OrderEvent::Cancelled(order) => Err(StepError::reject("cancelled", order.order_id)),
        }
    }

    fn defined(runs: &Runs) -> StepDef {
        let service = Service::new("shop", Arc::clone(runs)).step(step("copy", copy));
        service.into_definition().steps.pop().expect("one step")
    }

    fn metadata() -> Metadata {
        let record = TestRecord::with(&[]);
        let mut stranger = [0; uuid::fmt::Hyphenated::LENGTH];
        let identity = Identity::of(&record, None, &mut stranger);
        Metadata::of(&record, &identity, 1)
    }

    fn begin(slot: &mut Pin<Box<dyn HandlerSlot>>, route: usize, value: &[u8]) {
        slot.as_mut().decode(route, None, &mut Tape::new(), value).expect("readable");
        slot.as_mut().start(metadata());
    }

    fn finish(slot: &mut Pin<Box<dyn HandlerSlot>>, outbox: &mut Outbox) -> (usize, Result<(), StepError>) {
        let mut context = Context::from_waker(Waker::noop());
        let mut polls = 0;
        loop {
            polls += 1;
            if let Poll::Ready(done) = slot.as_mut().poll(&mut context, outbox) {
                return (polls, done);
            }
        }
    }

    fn texts(outbox: &Outbox) -> Vec<(String, String, Option<String>)> {
        let text = |range| String::from_utf8_lossy(outbox.bytes(range)).into_owned();
        let emits = outbox.emits().iter();
        emits.map(|it| (text(&it.key), text(&it.value), it.subject.as_ref().map(text))).collect()
    }

    #[test]
    fn one_slot_handles_record_after_record() {
        let runs = Runs::default();
        let step = defined(&runs);
        let mut slot = step.erased.new_slot();
        let mut outbox = Outbox::new(&step.emits);
        for run in 1..=3 {
            let value = br#"{"order_id":7,"invoice":"A1","unknown":true}"#;
            begin(&mut slot, 0, value);
            let (polls, done) = finish(&mut slot, &mut outbox);
            assert!(done.is_ok());
            assert_eq!((polls, runs.load(Ordering::Relaxed)), (2, run));
            let invoice = Some("A1".to_owned());
            let emitted = [
                ("7".to_owned(), r#"{"order_id":7,"invoice":"A1"}"#.to_owned(), invoice.clone()),
                ("8".to_owned(), r#"{"order_id":8,"invoice":"A1"}"#.to_owned(), invoice),
            ];
            assert_eq!(texts(&outbox), emitted);
        }
        begin(&mut slot, 1, br#"{"order_id":7}"#);
        let (_, done) = finish(&mut slot, &mut outbox);
        let error = done.expect_err("it rejects");
        assert_eq!(error.failure(), &Failure::Rejected { code: "cancelled".into() });
        assert!(outbox.emits().is_empty(), "a failed run leaves nothing of the run before");
    }

    #[test]
    fn what_cannot_be_read_is_told_without_its_value() {
        let step = defined(&Runs::default());
        let mut slot = step.erased.new_slot();
        let mut start = |value: &[u8]| match slot.as_mut().decode(0, None, &mut Tape::new(), value) {
            Err(unread) => match *unread {
                Unread::Type(unreadable) => Err(unreadable.to_string()),
                check @ Unread::Check(_) => Ok(Err(check)),
            },
            Ok(()) => Ok(Ok(())),
        };
        let secret = start(br#"{"order_id":"secret","invoice":""}"#).expect_err("no number");
        assert_eq!(secret, "the value fits its contract but not the step's type (line 1, column 20)");
        assert!(start(b"{").expect_err("no JSON").starts_with("the value ends before"));
        assert!(start(b"}").expect_err("no JSON").starts_with("the value is not JSON"));
    }

    #[test]
    fn an_empty_slot_settles_nothing_and_stays_usable() {
        let runs = Runs::default();
        let step = defined(&runs);
        let (mut slot, mut outbox) = (step.erased.new_slot(), Outbox::new(&step.emits));
        assert!(finish(&mut slot, &mut outbox).1.is_err(), "an empty slot settles nothing");
        assert_eq!(runs.load(Ordering::Relaxed), 0);
        begin(&mut slot, 0, br#"{"order_id":7,"invoice":"A1"}"#);
        assert!(finish(&mut slot, &mut outbox).1.is_ok());
    }
}
