//! A panic of a service's own code, from the hook that sees it to the log.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::Cell;
use std::panic::PanicHookInfo;

use crate::telemetry::events::{HandlerPanicked, RecordIds, ThreadPanicked};

thread_local! {
    /// The panic of code that reads a record: who reads it knows the record, the hook does not.
    static UNTOLD: Cell<Option<Panicked>> = const { Cell::new(None) };
}

/// A panic as the log tells it: what it says beyond a literal may hold anything, so it is not shown.
#[derive(Debug)]
pub(crate) struct Panicked {
    /// File, line and column.
    at: String,
    literal: Option<&'static str>,
    backtrace: Option<String>,
}

impl Panicked {
    /// What a hook is shown.
    pub(crate) fn seen(panic: &PanicHookInfo<'_>) -> Self {
        // Caught only where `RUST_BACKTRACE` asks for it.
        let trace = Backtrace::capture();
        Self {
            at: panic.location().map_or_else(String::new, ToString::to_string),
            literal: panic.payload().downcast_ref::<&'static str>().copied(),
            backtrace: (trace.status() == BacktraceStatus::Captured).then(|| trace.to_string()),
        }
    }

    /// Tells of it as the step's own. Without `record` the ids are those of the scope around it, if there is one.
    pub(crate) fn tell(&self, step: &str, record: Option<&RecordIds<'_>>) {
        let (at, panic, backtrace) = (&*self.at, self.literal, self.backtrace.as_deref());
        HandlerPanicked { step, record, at, panic, backtrace }.emit();
    }

    /// Tells of it as that of a thread or task of nobody's that is known.
    pub(crate) fn tell_of_thread(&self) {
        let thread = std::thread::current();
        let (at, panic, backtrace) = (&*self.at, self.literal, self.backtrace.as_deref());
        ThreadPanicked { thread: thread.name().unwrap_or_default(), at, panic, backtrace }.emit();
    }

    /// Keeps it for [`take_untold`]; one that was kept before is told of now.
    pub(crate) fn keep(self, step: &str) {
        if let Some(before) = UNTOLD.replace(Some(self)) {
            before.tell(step, None);
        }
    }
}

/// The panic that was kept on this thread, if there was one.
pub(crate) fn take_untold() -> Option<Panicked> {
    UNTOLD.take()
}
