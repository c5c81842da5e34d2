//! What a failed run leaves behind for the retry, the dead letter and the log.

use std::ops::Deref;

use choreograph_contracts::Violations;

use crate::engine::{Finish, Reason};
use crate::step::StepError;

/// The most bytes of a failure's text; the header `dlq-error` holds no more.
pub(crate) const MAX_TEXT_BYTES: usize = crate::envelope::dead_letter::MAX_OWN_HEADER_BYTES;

/// Why a run came to nothing. One word, as what is handed from stage to stage for each record has room for it, and mostly
/// holds none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure(Box<Why>);

/// What a [`Failure`] says. Holds no piece of the payload: it ends in headers and logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Why {
    /// In words.
    pub(crate) text: String,
    /// Short and from a small set: the label `error.type`.
    pub(crate) error_type: &'static str,
    /// The violated contract places as JSON.
    pub(crate) violations: Option<String>,
    /// The contract that was asserted.
    pub(crate) contract: Option<String>,
    /// The first violated place, for telemetry.
    pub(crate) path: Option<String>,
}

impl Failure {
    /// A failure in words; cut to [`MAX_TEXT_BYTES`].
    pub(crate) fn new(error_type: &'static str, text: impl Into<String>) -> Self {
        let mut text = text.into();
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
        Self(Box::new(Why { text, error_type, violations: None, contract: None, path: None }))
    }

    /// A value that broke `contract`.
    pub(crate) fn violated(
        error_type: &'static str,
        contract: &str,
        text: impl Into<String>,
        violations: &Violations,
    ) -> Self {
        let mut failure = Self::new(error_type, text);
        failure.0.violations = Some(violations.to_json());
        failure.0.contract = Some(contract.to_owned());
        failure.0.path = violations.as_slice().first().map(|first| first.instance_path.clone());
        failure
    }
}

impl Deref for Failure {
    type Target = Why;

    fn deref(&self) -> &Why {
        &self.0
    }
}

/// What a handler's error means to the engine.
pub(super) fn failed(error: &StepError) -> Finish<Failure> {
    use crate::step::Failure as Kind;
    let text = error.text();
    let failure = |text: &str| Failure::new(error_type(error), text);
    match error.failure() {
        Kind::Retry => Finish::Failed(failure(text)),
        Kind::Unavailable => Finish::Unavailable(failure(text)),
        Kind::Rejected { code } => Finish::DeadLetter(Reason::Rejected, failure(&format!("{code}: {text}"))),
        Kind::Emit(_) => Finish::DeadLetter(Reason::EmitViolation, failure(text)),
        Kind::Panicked => Finish::DeadLetter(Reason::Panic, failure(text)),
    }
}

/// Its name in the label `error.type`.
pub(super) fn error_type(error: &StepError) -> &'static str {
    use crate::step::Failure as Kind;
    match error.failure() {
        Kind::Retry => "retry",
        Kind::Unavailable => "unavailable",
        Kind::Rejected { .. } => "rejected",
        Kind::Emit(_) => "emit_violation",
        Kind::Panicked => "panic",
    }
}
