//! What `contracts check` has to say.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::compat;

/// One thing that is wrong with the contract files, and what to do about it.
///
/// As text it is one line: the file, what is wrong, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

impl Finding {
    pub(super) fn new(path: &Path, problem: Problem) -> Self {
        Self { path: path.to_owned(), problem }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.problem)
    }
}

/// What can be wrong with a contract file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The code has a version that is not written.
    #[error("not written yet: run `contracts write` of the service that emits this event")]
    Missing,
    /// The code's schema has another meaning than the published file.
    #[error(
        "the code means something else than this published version, first at `{at}`: \
         undo the change, or raise the event's minor (its major, if readers of the old one would break)"
    )]
    Drift {
        /// JSON Pointer into the code's schema, through `$ref`s.
        at: String,
    },
    /// The file cannot be read, or is no JSON.
    #[error("cannot be read: {0}; restore it from the version that was published")]
    Unreadable(String),
    /// The schema cannot be compiled.
    #[error("cannot be asserted: {0}")]
    Unusable(String),
    /// `$id` and path disagree.
    #[error("its `$id` is not `{expected}`: a file is copied or moved with its `$id`; restore or correct it")]
    IdMismatch {
        /// What the path says.
        expected: String,
    },
    /// A file in an event type's folder that is no version.
    #[error("is no version: only `<major>.<minor>.json` belongs here; move it elsewhere")]
    Stray,
    /// A view of an event that nobody published in this major.
    #[error(
        "no version {major}.x is published here: check type and major of the view, \
         or run `contracts write` of the service that emits the event"
    )]
    NeverPublished {
        /// The view's major.
        major: u32,
    },
    /// A published writer may emit what the reader view refuses.
    #[error(
        "the view does not cover this writer: {0}; loosen the view, or agree on a new major with the owner"
    )]
    NotCovered(Box<Gap>),
}

/// What a published writer may emit and a view refuses, or what nobody could prove that it does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap(compat::Finding);

impl Eq for Gap {}

impl Gap {
    pub(super) fn new(finding: compat::Finding) -> Self {
        Self(finding)
    }

    /// The break: its rule, its place in the writer's schema (`old`) and in the view's (`new`), and the event that
    /// shows it, if one was found.
    pub fn finding(&self) -> &compat::Finding {
        &self.0
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let compat::Finding { rule, message, new, witness, .. } = &self.0;
        let place = if new.pointer.is_empty() { "/" } else { &new.pointer };
        write!(f, "from this version to the view, at {place}, {message} ({rule})")?;
        match witness {
            Some(event) => write!(f, "; this version allows {event}, and the view refuses it"),
            None => f.write_str("; nothing proves that the view takes all that this version allows"),
        }
    }
}
