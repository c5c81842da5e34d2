//! What a check answers when an event does not keep its contract.

use std::fmt;

use serde::Serialize;

use crate::{MAX_PATH_BYTES, MAX_REPORT_BYTES, MAX_VIOLATIONS};

/// Why bytes are not a JSON document that this crate takes. No variant carries any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UndecodableReason {
    /// Nothing, or only white space.
    Empty,
    /// More bytes than the [`Tape`](crate::Tape) takes.
    TooLarge,
    /// Not UTF-8.
    NotUtf8,
    /// More than [`MAX_DEPTH`](crate::MAX_DEPTH) objects and arrays inside each other.
    TooDeep,
    /// The document ends too early.
    UnexpectedEnd,
    /// A byte that JSON does not allow there.
    UnexpectedByte,
    /// Something follows the document.
    TrailingData,
    /// A malformed number, such as `01` or `1.`.
    InvalidNumber,
    /// A number beyond the range of `f64`.
    NumberOutOfRange,
    /// A malformed escape.
    InvalidEscape,
    /// Half of a UTF-16 surrogate pair, which is no character.
    LoneSurrogate,
    /// A control character that should have been escaped.
    ControlCharacter,
    /// An object holds one name twice. Readers disagree on which of the two counts, so none is taken.
    DuplicateMember,
}

impl fmt::Display for UndecodableReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty value",
            Self::TooLarge => "too large",
            Self::NotUtf8 => "not UTF-8",
            Self::TooDeep => "nested too deep",
            Self::UnexpectedEnd => "ends too early",
            Self::UnexpectedByte => "unexpected byte",
            Self::TrailingData => "data after the document",
            Self::InvalidNumber => "malformed number",
            Self::NumberOutOfRange => "number out of range",
            Self::InvalidEscape => "malformed escape",
            Self::LoneSurrogate => "half of a surrogate pair",
            Self::ControlCharacter => "control character in a text",
            Self::DuplicateMember => "name twice in one object",
        })
    }
}

/// Why an event was refused. Neither text nor fields carry anything of the event's values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The bytes are no JSON document, or go beyond a limit.
    #[error("not a readable JSON document: {reason} at byte {at}")]
    Undecodable {
        /// What is wrong.
        reason: UndecodableReason,
        /// Offset of the byte where it shows, from 0. For [`UndecodableReason::TooLarge`] the limit.
        at: usize,
    },
    /// The document breaks its contract.
    #[error("breaks its contract: {0}")]
    Violations(Violations),
}

/// Why an event was not read into its type.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It is no JSON document, or breaks its contract.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// It keeps its contract, and its type does not take it: `1.0` for an integer, say. The error's text may repeat
    /// what the event holds.
    #[error("keeps its contract and cannot be read into its type")]
    Unreadable(#[source] serde_json::Error),
}

/// Why an event was not written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// Its own serializer failed.
    #[error("cannot be written as JSON")]
    Unwritable(#[source] serde_json::Error),
    /// What it writes breaks the contract.
    #[error(transparent)]
    Check(#[from] CheckError),
}

/// One rule that an event breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// JSON Pointer to the value at fault. Names that the contract does not declare (the keys of a map, say) are
    /// shown as `*`: they may be somebody's data. For `required` it ends in the missing name.
    pub instance_path: String,
    /// JSON Pointer to the rule in the contract, `$ref`s followed.
    pub schema_path: String,
    /// The rule's keyword: `type`, `required`, `enum` …
    pub keyword: String,
}

/// The rules that an event breaks: at least one, at most [`MAX_VIOLATIONS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violations {
    list: Vec<Violation>,
    more: bool,
}

impl Violations {
    pub(crate) fn collect(mut found: impl Iterator<Item = Violation>, more: bool) -> Self {
        let list: Vec<_> = found.by_ref().take(MAX_VIOLATIONS).collect();
        let more = more || found.next().is_some();
        Self { list, more }
    }

    /// The violations, in the order of the contract's rules.
    pub fn as_slice(&self) -> &[Violation] {
        &self.list
    }

    /// Whether there are, or may be, more than are listed.
    pub fn has_more(&self) -> bool {
        self.more
    }

    /// The list as a JSON array of at most [`MAX_REPORT_BYTES`] bytes; what does not fit is left out.
    pub fn to_json(&self) -> String {
        let mut json = String::from("[");
        for violation in &self.list {
            // Three texts: nothing in them can fail to serialise.
            let Ok(entry) = serde_json::to_string(violation) else { continue };
            if json.len() + entry.len() + 2 > MAX_REPORT_BYTES {
                break;
            }
            if json.len() > 1 {
                json.push(',');
            }
            json.push_str(&entry);
        }
        json.push(']');
        json
    }
}

/// The first violation in words, and how many others are listed.
impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.list.first() else { return f.write_str("unknown rule") };
        let path = if first.instance_path.is_empty() { "/" } else { &first.instance_path };
        write!(f, "`{}` at {path}", first.keyword)?;
        match (self.list.len() - 1, self.more) {
            (0, false) => Ok(()),
            (others, false) => write!(f, " and {others} more"),
            (others, true) => write!(f, " and at least {} more", others + 1),
        }
    }
}

/// `path` in at most [`MAX_PATH_BYTES`] bytes.
pub(crate) fn shorten(mut path: String) -> String {
    const MARK: &str = "…";
    if path.len() > MAX_PATH_BYTES {
        let mut end = MAX_PATH_BYTES - MARK.len();
        while !path.is_char_boundary(end) {
            end -= 1;
        }
        path.truncate(end);
        path.push_str(MARK);
    }
    path
}
