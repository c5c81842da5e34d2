//! Panics of handlers are told by the log, in its form, with the record's ids and without the payload.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    panic::{self, PanicHookInfo},
    sync::Once,
};

use crate::{runner::current, telemetry::events::HandlerPanicked};

/// Makes the process tell panics of a step's own code by its log. All others go to the hook that was there before.
pub(super) fn tell() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| match current::current() {
            Some(plan) => told(&plan.source, panic),
            None => before(panic),
        }));
    });
}

/// What a panic says beyond a literal may hold anything, so it is not shown.
fn told(step: &str, panic: &PanicHookInfo<'_>) {
    let at = panic.location().map_or_else(String::new, ToString::to_string);
    let literal = panic.payload().downcast_ref::<&'static str>().copied();
    // Caught only where `RUST_BACKTRACE` asks for it.
    let trace = Backtrace::capture();
    let trace = (trace.status() == BacktraceStatus::Captured).then(|| trace.to_string());
    HandlerPanicked { step, at: &at, panic: literal, backtrace: trace.as_deref() }.emit();
}
