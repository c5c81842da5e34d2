//! The decision.

use super::document::Document;
use super::error::CompareError;
use super::options::Options;
use super::verdict::{Bump, Comparison, Finding, Place, Proof, Severity, Verdict};
use crate::meaning::same_meaning;

/// Compares two versions of a contract in both directions.
///
/// # Errors
///
/// [`CompareError`], if a document is no usable schema, or their dialects cannot be brought together.
pub fn compare(old: &Document, new: &Document, options: &Options) -> Result<Comparison, CompareError> {
    let backward = covers(new, old, options)?;
    let forward = covers(old, new, options)?;
    let bump = if old.value() == new.value() {
        Bump::None
    } else if same_meaning(old.value(), new.value()) {
        Bump::Patch
    } else if backward.compatible && forward.compatible {
        Bump::Minor
    } else {
        Bump::Major
    };
    Ok(Comparison { semantics: options.semantics, backward, forward, bump, changes: Vec::new() })
}

/// Whether `reader` reads every event that `writer` allows. In [`Semantics::Contract`](super::Semantics) the
/// writer is closed first; the reader is taken as it stands, so that one that is closed is found out.
///
/// # Errors
///
/// [`CompareError`], as for [`compare`].
pub fn covers(reader: &Document, writer: &Document, _options: &Options) -> Result<Verdict, CompareError> {
    if same_meaning(reader.value(), writer.value()) {
        return Ok(Verdict::holds());
    }
    let place = |document: &Document| Some(Place { pointer: String::new(), line: document.line("") });
    Ok(Verdict::breaks(vec![Finding {
        rule: "COMBINATOR_CHANGED",
        severity: Severity::Error,
        old: place(writer),
        new: place(reader),
        message: "the two differ, and nothing proves that the reader reads what the writer allows".to_owned(),
        witness: None,
        proof: Proof::Unproven,
    }]))
}
