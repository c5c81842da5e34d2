//! Panics are told by the log, in its form, with the record's ids where they are a handler's, and without the payload.

use std::{
    panic::{self, PanicHookInfo},
    sync::Once,
};

use crate::{
    runner::{current, panicked::Panicked},
    telemetry,
};

/// Makes the process tell every panic by its log.
pub(super) fn tell() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| panic::set_hook(Box::new(told)));
}

fn told(panic: &PanicHookInfo<'_>) {
    let panicked = Panicked::seen(panic);
    match current::current() {
        Some(plan) if telemetry::is_in_scope() => panicked.tell(&plan.source, None),
        Some(plan) => panicked.keep(&plan.source),
        None => panicked.tell_of_thread(),
    }
}
