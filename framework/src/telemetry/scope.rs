//! What a handler's own spans and log lines hang on while its future is polled.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, LazyLock};

use opentelemetry::Context;

use super::record::Incoming;
use super::trace_parent::TraceParent;
use crate::envelope::head::{Head, Known};

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
#[derive(Debug)]
pub(super) struct Ids {
    /// The context that the record's events carry on.
    pub(super) trace: Option<TraceParent>,
    pub(super) record: RecordIds,
    /// `service/step`.
    pub(super) step: Arc<str>,
}

/// The ids of a record: in its headers, which are shared and not copied, or where those do not say them, on their own.
pub(super) enum RecordIds {
    Headers(Arc<Head>),
    Own(Box<Own>),
}

/// Ids that no headers say.
pub(super) struct Own {
    workflow_id: String,
    event_id: String,
}

impl RecordIds {
    /// The ids of `record`.
    pub(super) fn of(record: &Incoming<'_>) -> Self {
        let says = |head: &&Arc<Head>| {
            let is = |known, id| head.text(known).is_some_and(|text| std::ptr::eq(text, id));
            is(Known::CorrelationId, record.workflow_id) && is(Known::Id, record.event_id)
        };
        match record.head.filter(says) {
            Some(head) => Self::Headers(Arc::clone(head)),
            None => Self::Own(Box::new(Own {
                workflow_id: record.workflow_id.to_owned(),
                event_id: record.event_id.to_owned(),
            })),
        }
    }

    /// The workflow instance, cut for a log line.
    pub(super) fn workflow_id(&self) -> &str {
        short(match self {
            Self::Headers(head) => head.text(Known::CorrelationId).unwrap_or_default(),
            Self::Own(ids) => &ids.workflow_id,
        })
    }

    /// The event, cut for a log line.
    pub(super) fn event_id(&self) -> &str {
        short(match self {
            Self::Headers(head) => head.text(Known::Id).unwrap_or_default(),
            Self::Own(ids) => &ids.event_id,
        })
    }
}

/// The ids alone: other headers may say anything.
impl fmt::Debug for RecordIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecordIds").field(&self.workflow_id()).field(&self.event_id()).finish()
    }
}

fn short(id: &str) -> &str {
    &id[..id.floor_char_boundary(MAX_ID)]
}

/// Where a handler runs: its spans nest below the step's, its log lines carry the record's ids.
#[derive(Debug)]
pub(super) struct Scope {
    /// The context of the handler's span; `None` where the record is not sampled.
    pub(super) context: Option<Context>,
    /// While the scope is entered, those that the thread had before.
    ids: Option<Ids>,
}

impl Scope {
    pub(super) fn new(context: Option<Context>, ids: Ids) -> Self {
        Self { context, ids: Some(ids) }
    }

    /// Runs `poll` in the scope: to be done around every poll of a handler's future, never over an await.
    pub(super) fn within<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        let context = self.context.as_ref().unwrap_or(&UNSAMPLED).clone();
        let _attached = context.attach();
        let _entered = Entered::new(&mut self.ids);
        poll()
    }
}

/// As long as this lives a scope's ids are the thread's, and the scope keeps those that were: to share them would cost more
/// than all the rest.
struct Entered<'s>(&'s mut Option<Ids>);

impl<'s> Entered<'s> {
    fn new(ids: &'s mut Option<Ids>) -> Self {
        CURRENT.with_borrow_mut(|current| std::mem::swap(current, ids));
        Self(ids)
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        CURRENT.with_borrow_mut(|current| std::mem::swap(current, self.0));
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
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::super::tests::kept::record;
    use super::*;

    #[test]
    fn scopes_nest_and_end() {
        let scope = |event_id: &str| {
            let record = RecordIds::of(&Incoming { event_id, ..record(None) });
            Scope::new(None, Ids { trace: None, record, step: "s/t".into() })
        };
        let current = || with_current(|ids| ids.map(|ids| ids.record.event_id().to_owned()));
        let (mut outer, mut inner) = (scope("outer"), scope("inner"));
        for _ in 0..2 {
            outer.within(|| {
                assert_eq!(current().as_deref(), Some("outer"));
                inner.within(|| assert_eq!(current().as_deref(), Some("inner")));
                let panicked = catch_unwind(AssertUnwindSafe(|| inner.within(|| panic!("by intent"))));
                assert!(panicked.is_err());
                assert_eq!(current().as_deref(), Some("outer"));
                assert!(Context::current().is_telemetry_suppressed());
            });
            assert_eq!(current(), None);
            assert!(!Context::current().is_telemetry_suppressed());
        }
    }

    #[test]
    fn ids_are_those_of_the_record_whether_headers_say_them_or_not() {
        let headers = [("ce_id", Some(&b"e-1"[..])), ("ce_correlationid", Some(b"w-1"))];
        for (count, own) in [(2, false), (1, true), (0, true)] {
            let head = Head::of(count, headers.into_iter().take(count));
            let said = |known, made| head.text(known).unwrap_or(made);
            let (event_id, workflow_id) = (said(Known::Id, "made"), said(Known::CorrelationId, "made"));
            let ids = RecordIds::of(&Incoming { event_id, workflow_id, head: Some(&head), ..record(None) });
            assert_eq!((ids.event_id(), ids.workflow_id()), (event_id, workflow_id));
            assert_eq!(matches!(ids, RecordIds::Own(_)), own);
        }
    }

    #[test]
    fn long_ids_are_cut_between_characters() {
        let long = "ä".repeat(MAX_ID);
        let ids = RecordIds::of(&Incoming { workflow_id: &long, event_id: "", ..record(None) });
        assert_eq!((ids.workflow_id(), ids.event_id()), (&*"ä".repeat(MAX_ID / 2), ""));
    }
}
