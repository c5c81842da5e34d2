//! The decision.

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::thread;

use jsonschema::Draft;
use serde_json::Value;

use super::aside::is_plain;
use super::dialect;
use super::document::{Document, same_but_names, without_names};
use super::error::CompareError;
use super::judge::{Judge, Judged};
use super::options::{Options, Semantics};
use super::prepare::{Part, Prepared, has_more_values};
use super::rules::RuleId;
use super::verdict::{Bump, Comparison, Finding, Place, Proof, Severity, Verdict};
use crate::meaning::{ANNOTATIONS, difference_of_normal};
use crate::schema::{for_each_mut, has_key};
use crate::views::OPEN_ENUM;

/// Schemas with more values than this are compared for annotations by their structure alone.
const MAX_READ_CLOSELY: usize = 10_000;

/// Compares two versions of a contract in both directions.
///
/// Large documents are looked at in both directions at once, on two threads.
///
/// # Errors
///
/// [`CompareError`], if a document is no usable schema, or their dialects cannot be brought together.
pub fn compare(old: &Document, new: &Document, options: &Options) -> Result<Comparison, CompareError> {
    if is_unchanged(old, new, options.semantics) {
        return unchanged(old, new, options);
    }
    let forward = || judge(new, old, Part::Reader, false, options);
    let backward = || judge(old, new, Part::Reader, true, options);
    let (backward, forward) = if is_large(old) && is_large(new) {
        side_by_side(backward, forward)?
    } else {
        (backward()?, forward()?)
    };
    let bump = bump(old, new, &backward, &forward);
    let changes = match bump {
        // Where the meaning is the same, what the walks found is the writer's being closed and the reader's not.
        Bump::None => Vec::new(),
        Bump::Patch => reworded(old, new).into_iter().collect(),
        Bump::Minor | Bump::Major => unbroken(old, new, &backward, &forward),
    };
    Ok(Comparison {
        semantics: options.semantics,
        backward: backward.verdict,
        forward: forward.verdict,
        bump,
        changes,
    })
}

/// Keywords that may say less of a value where a schema inside them says more: where schemas have names, a schema with one of
/// them that is closed may take what the schema takes not.
const TURNING: [&str; 12] = [
    OPEN_ENUM,
    "oneOf",
    "not",
    "if",
    "contains",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
    "dependentSchemas",
    "dependencies",
    "$dynamicRef",
    "$recursiveRef",
];

/// Whether two documents say the same, and a reader of one reads what a writer of it writes, seen without looking into them.
fn is_unchanged(old: &Document, new: &Document, semantics: Semantics) -> bool {
    let is_same = old.value() == new.value()
        || !is_large(old) && !is_large(new) && old.draft() == new.draft() && bare(old) == bare(new);
    is_same && (semantics == Semantics::Plain || reads_itself(old.value()))
}

/// Whether a contract's reader takes what its writer may write, as far as that is seen without looking into it.
///
/// The writer's is closed, which takes away from what the schema takes, and the reader's is opened, which adds to it. Where a
/// schema inside is turned round, both have the same copy of it, unless names forbid copies.
pub(super) fn reads_itself(schema: &Value) -> bool {
    !has_key(schema, &TURNING) || is_plain(schema)
}

/// The comparison of documents that say the same, if they can be read.
fn unchanged(old: &Document, new: &Document, options: &Options) -> Result<Comparison, CompareError> {
    Judge::read(old, (new, Part::Reader), options.semantics, true)?;
    let is_reworded = old.value() != new.value() && !same_but_names(old.value(), new.value());
    Ok(Comparison {
        semantics: options.semantics,
        backward: Verdict::holds(),
        forward: Verdict::holds(),
        bump: if is_reworded { Bump::Patch } else { Bump::None },
        changes: is_reworded.then(|| reworded(old, new)).into_iter().flatten().collect(),
    })
}

/// Whether `reader` reads every event that `writer` allows. In [`Semantics::Contract`](super::Semantics) the
/// writer is closed first; the reader is taken as it stands, so that one that is closed is found out.
///
/// # Errors
///
/// [`CompareError`], as for [`compare`].
pub fn covers(reader: &Document, writer: &Document, options: &Options) -> Result<Verdict, CompareError> {
    Ok(judge(writer, reader, Part::OwnReader, true, options)?.verdict)
}

fn judge(
    writer: &Document,
    reader: &Document,
    part: Part,
    writer_is_old: bool,
    options: &Options,
) -> Result<Judged, CompareError> {
    let drafts = [writer.draft()?, reader.draft()?];
    if drafts[0] != drafts[1] && drafts.contains(&Draft::Draft4) {
        let asks = |document, part| {
            let prepared = Prepared::new(document, part, options.semantics)?;
            Ok::<_, CompareError>(dialect::asks_for_integers(&prepared.schema))
        };
        if asks(writer, Part::Writer)? || asks(reader, part)? {
            return Err(CompareError::Dialects {
                old: writer.name().to_owned(),
                old_dialect: dialect::name(drafts[0]),
                new: reader.name().to_owned(),
                new_dialect: dialect::name(drafts[1]),
                problem: "draft 4 takes 1.0 for no integer, the other takes it for one: write both in one draft",
            });
        }
    }
    Judge::read(writer, (reader, part), options.semantics, writer_is_old)?.judge(options)
}

fn is_large(document: &Document) -> bool {
    has_more_values(document.value(), MAX_READ_CLOSELY)
}

/// Both directions of large documents, each on a thread of its own.
fn side_by_side(
    backward: impl FnOnce() -> Result<Judged, CompareError> + Send,
    forward: impl FnOnce() -> Result<Judged, CompareError> + Send,
) -> Result<(Judged, Judged), CompareError> {
    thread::scope(|scope| {
        let forward = scope.spawn(forward);
        let backward = backward();
        // A panic over there is one here.
        let forward = forward.join().unwrap_or_else(|panic| resume_unwind(panic));
        Ok((backward?, forward?))
    })
}

/// The version step that a change needs.
fn bump(old: &Document, new: &Document, backward: &Judged, forward: &Judged) -> Bump {
    // The same words say something else in another draft.
    let is_one_draft = old.draft() == new.draft();
    if is_one_draft && same_but_names(old.value(), new.value()) {
        return Bump::None;
    }
    if !backward.verdict.compatible || !forward.verdict.compatible {
        return Bump::Major;
    }
    let same = if is_large(old) || is_large(new) {
        is_one_draft && bare(old) == bare(new) || backward.same && forward.same
    } else {
        difference_of_normal(old.normal(), new.normal()).is_none()
    };
    if same { Bump::Patch } else { Bump::Minor }
}

/// The changes that break nobody in either direction.
fn unbroken(old: &Document, new: &Document, backward: &Judged, forward: &Judged) -> Vec<Finding> {
    let breaks = || backward.verdict.findings.iter().chain(&forward.verdict.findings);
    let mut known: HashSet<_> = breaks().map(identity).collect();
    let notes = backward.notes.iter().chain(&forward.notes);
    let mut changes: Vec<Finding> = notes.filter(|note| known.insert(identity(note))).cloned().collect();
    if changes.is_empty() && breaks().next().is_none() && !is_large(old) && !is_large(new) {
        changes = as_they_stand(old, new);
    }
    changes
}

/// What makes two findings of one comparison tell of the same change.
fn identity(finding: &Finding) -> (RuleId, &str, &str, &str) {
    (finding.rule, &finding.old.pointer, &finding.new.pointer, &finding.message)
}

/// What changed that neither a closed writer nor an open reader shows: a contract that closes itself, say.
fn as_they_stand(old: &Document, new: &Document) -> Vec<Finding> {
    let told = |writer, reader, writer_is_old| {
        Judge::read(writer, (reader, Part::Reader), Semantics::Plain, writer_is_old).map(Judge::told)
    };
    // Documents that were read in one way and cannot be in the other have no more to tell.
    let found: Vec<Finding> =
        [told(old, new, true), told(new, old, false)].into_iter().flatten().flatten().collect();
    let mut known = HashSet::new();
    found.iter().filter(|note| known.insert(identity(note))).cloned().collect()
}

/// A schema without names and words for people.
fn bare(document: &Document) -> Value {
    let mut schema = without_names(document.value());
    for_each_mut(&mut schema, &mut |object| object.retain(|key, _| !ANNOTATIONS.contains(&key.as_str())));
    schema
}

/// What changed where nothing changed in meaning.
fn reworded(old: &Document, new: &Document) -> Option<Finding> {
    let (left, right) = (bare(old), bare(new));
    let definitions = |schema: &Value| -> Vec<String> {
        let named = schema.get("$defs").or_else(|| schema.get("definitions")).and_then(Value::as_object);
        named.into_iter().flat_map(|named| named.keys().cloned()).collect()
    };
    let (rule, message) = if left == right {
        ("ANNOTATION_CHANGED", "only words for people changed")
    } else if definitions(&left).len() == definitions(&right).len()
        && definitions(&left) != definitions(&right)
    {
        ("DEFS_RENAMED", "definitions have other names")
    } else if left.to_string().contains("\"$ref\"") || right.to_string().contains("\"$ref\"") {
        ("REF_MOVED", "schemas moved behind a `$ref`, or out of it")
    } else {
        return None;
    };
    let place = |document: &Document| Place { pointer: String::new(), line: document.line("") };
    Some(Finding {
        rule,
        severity: Severity::Note,
        old: place(old),
        new: place(new),
        message: message.to_owned(),
        witness: None,
        proof: Proof::Proved,
    })
}
