//! What a failed run leaves behind for the retry, the dead letter and the log.

use choreograph_contracts::Violations;

/// The most bytes of a failure's text; the header `dlq-error` holds no more.
pub(crate) const MAX_TEXT_BYTES: usize = crate::envelope::dead_letter::MAX_OWN_HEADER_BYTES;

/// Why a run came to nothing. Holds no piece of the payload: it ends in headers and logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
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
        Self { text, error_type, violations: None, contract: None, path: None }
    }

    /// A value that broke `contract`.
    pub(crate) fn violated(
        error_type: &'static str,
        contract: &str,
        text: impl Into<String>,
        violations: &Violations,
    ) -> Self {
        Self {
            violations: Some(violations.to_json()),
            contract: Some(contract.to_owned()),
            path: violations.as_slice().first().map(|first| first.instance_path.clone()),
            ..Self::new(error_type, text)
        }
    }
}
