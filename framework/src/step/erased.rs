//! The boundary at which a step's types end: the runner sees bytes, an outbox and an outcome.

use std::fmt::Write as _;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::consumes::Consumes;
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
/// panic, in [`start`](Self::start) as in [`poll`](Self::poll). After a panic drop the slot, or [`clear`](Self::clear) it.
pub(crate) trait HandlerSlot: Send {
    /// Decodes the value into what the step consumes and puts the handler's future here.
    fn start(self: Pin<&mut Self>, route: usize, value: &[u8], metadata: Metadata) -> Result<(), Unreadable>;

    /// Polls the handler. When it is ready the slot is empty, and the outbox holds the emits of this run and no other.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>, outbox: &mut Outbox) -> Poll<Result<(), StepError>>;

    /// Drops the handler's future, if there is one.
    fn clear(self: Pin<&mut Self>);
}

/// A value that fits its contract but not the Rust type. It says where, and never quotes the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(crate) struct Unreadable {
    text: String,
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
        Box::pin(Slot { bound: Arc::clone(&self.0), future: Box::pin(None) })
    }
}

struct Slot<H: Handler<Args>, Args, S> {
    bound: Arc<Bound<H, Args, S>>,
    /// Allocated once: a future is put in place and dropped in place.
    future: Pin<Box<Option<H::Future>>>,
}

// The future is pinned in its own box: a slot may move.
impl<H: Handler<Args>, Args, S> Unpin for Slot<H, Args, S> {}

impl<S, H, Args> HandlerSlot for Slot<H, Args, S>
where
    S: Send + Sync + 'static,
    Args: 'static,
    H: Handler<Args> + Send + Sync + 'static,
    H::Input: Input,
    H::Extractors: Extract<S>,
    H::Future: Future<Output: Returns> + Send + 'static,
{
    fn start(self: Pin<&mut Self>, route: usize, value: &[u8], metadata: Metadata) -> Result<(), Unreadable> {
        let slot = self.get_mut();
        let event =
            <H::Input as Input>::Consumes::decode(route, value).map_err(|error| unreadable(&error))?;
        let input = H::Input::receive(event, metadata);
        let extractors = H::Extractors::extract(&slot.bound.state);
        slot.future.set(Some(slot.bound.handler.call(input, extractors)));
        Ok(())
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

    fn clear(self: Pin<&mut Self>) {
        self.get_mut().future.set(None);
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
    let mut text = what.to_owned();
    if error.line() > 0 {
        // Writing to a string does not fail.
        let _: std::fmt::Result = write!(text, " (line {}, column {})", error.line(), error.column());
    }
    Unreadable { text }
}
