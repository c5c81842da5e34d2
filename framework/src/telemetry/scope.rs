//! What a handler's own spans and log lines hang on while its future is polled.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, LazyLock};

use opentelemetry::Context;
use opentelemetry::trace::TraceId;

/// Longer ids are cut in log lines, never on the wire.
const MAX_ID: usize = 64;

/// What spans in a handler see whose record is not sampled: nothing they build is recorded. Made once, so
/// that attaching it allocates nothing.
static UNSAMPLED: LazyLock<Context> = LazyLock::new(|| Context::new().with_telemetry_suppressed());

thread_local! {
    /// The ids of the record whose handler this thread polls.
    static CURRENT: RefCell<Option<Ids>> = const { RefCell::new(None) };
}

/// The ids that a log line of a handler carries.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    pub(super) trace_id: Option<TraceId>,
    pub(super) workflow_id: Short,
    pub(super) event_id: Short,
    /// `service/step`.
    pub(super) step: Arc<str>,
}

/// A short text held in place, so that a handler's scope allocates nothing.
#[derive(Clone, Copy)]
pub(super) struct Short {
    bytes: [u8; MAX_ID],
    length: u8,
}

impl Short {
    /// Holds the first bytes of `text`.
    pub(super) fn new(text: &str) -> Self {
        let length = text.floor_char_boundary(MAX_ID);
        let mut bytes = [0; MAX_ID];
        bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
        Self { bytes, length: length as u8 }
    }

    /// The text.
    pub(super) fn as_str(&self) -> &str {
        // Cut at the boundary of a character, so it is text.
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl fmt::Debug for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// Where a handler runs: its spans nest below the step's, its log lines carry the record's ids.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// The context of the handler's span; `None` where the record is not sampled.
    pub(super) context: Option<Context>,
    pub(super) ids: Ids,
}

impl Scope {
    /// Enters the scope until the guard is dropped. To be done around every poll of a handler's future, never
    /// over an await.
    pub(crate) fn enter(&self) -> Entered {
        let context = self.context.as_ref().unwrap_or(&UNSAMPLED).clone();
        let before = CURRENT.with_borrow_mut(|current| {
            // Ids are many bytes: nearly always there is nothing to move away.
            let before = if current.is_some() { current.take().map(Box::new) } else { None };
            *current = Some(self.ids.clone());
            before
        });
        Entered { _context: context.attach(), before }
    }
}

/// The scope is entered as long as this lives.
#[derive(Debug)]
#[must_use = "the scope is left when this is dropped"]
pub(crate) struct Entered {
    _context: opentelemetry::ContextGuard,
    before: Option<Box<Ids>>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.before.take();
        CURRENT.with_borrow_mut(|current| match before {
            Some(before) => *current = Some(*before),
            None => *current = None,
        });
    }
}

/// Whether this thread polls a handler in its scope.
pub(crate) fn is_in_scope() -> bool {
    with_current(|ids| ids.is_some())
}

/// Calls `see` with the ids of the record whose handler this thread polls.
pub(super) fn with_current<T>(see: impl FnOnce(Option<&Ids>) -> T) -> T {
    CURRENT.with_borrow(|current| see(current.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_nest_and_end() {
        let scope = |event: &str| Scope {
            context: None,
            ids: Ids {
                trace_id: None,
                workflow_id: Short::new("w"),
                event_id: Short::new(event),
                step: "s/t".into(),
            },
        };
        let current = || with_current(|ids| ids.map(|ids| ids.event_id.as_str().to_owned()));
        let outer = scope("outer");
        let entered = outer.enter();
        {
            let inner = scope("inner");
            let _entered = inner.enter();
            assert_eq!(current().as_deref(), Some("inner"));
        }
        assert_eq!(current().as_deref(), Some("outer"));
        assert!(Context::current().is_telemetry_suppressed());
        drop(entered);
        assert_eq!(current(), None);
        assert!(!Context::current().is_telemetry_suppressed());
    }

    #[test]
    fn long_ids_are_cut_between_characters() {
        let long = "ä".repeat(MAX_ID);
        assert_eq!(Short::new(&long).as_str(), "ä".repeat(MAX_ID / 2));
        assert_eq!(Short::new("").as_str(), "");
    }
}
