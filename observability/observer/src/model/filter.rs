//! What may be asked of lists.

use std::fmt;
use std::str::FromStr;

use crate::answer::{InstanceState, StallReason};
use crate::fact::Millis;

/// The items of a page where nothing is said.
pub const DEFAULT_PAGE: usize = 50;
/// The most items of a page.
pub const MAX_PAGE: usize = 1_000;

/// Which instances are wanted. What is `None` or empty excludes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InstanceFilter {
    /// The workflow's name.
    pub workflow: Option<String>,
    /// One of these states.
    pub states: Vec<InstanceState>,
    /// `service/step`: a step that owes it something or has failed it, on its way or beside it.
    pub step: Option<String>,
    /// Why it stands still: at the step that is asked for, else at any.
    pub reason: Option<StallReason>,
    /// Whether a step of it is stuck: the one that is asked for, else any.
    pub stuck: Option<Stuck>,
    /// At least so many attempts at one of its events: spent where it waits, or taken by a step that has done with it.
    pub attempts: Option<u32>,
    /// A part of the error of one of its open dead letters; upper and lower case are one.
    pub error: Option<String>,
    /// Started at least so many milliseconds ago.
    pub older_ms: Option<Millis>,
    /// The business key, whole.
    pub key: Option<String>,
    /// Where the page begins: [`Instances::next`](crate::answer::Instances::next) of the one before.
    pub cursor: Option<Cursor>,
    /// The items of a page: at most [`MAX_PAGE`]; zero means [`DEFAULT_PAGE`].
    pub limit: usize,
}

/// Where an instance is stuck: a step stands still, has set an event aside, or has swallowed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stuck {
    /// At any step.
    Any,
    /// On its way to its end.
    Path,
    /// At a side step.
    Side,
}

/// Which dead letters are wanted. What is `None` excludes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FailureFilter {
    /// `service/step`.
    pub step: Option<String>,
    /// The reason, one word.
    pub reason: Option<String>,
    /// A part of the error; upper and lower case are one.
    pub error: Option<String>,
    /// Only those that are open, or only those that are not.
    pub open: Option<bool>,
    /// Where the page begins: [`Failures::next`](crate::answer::Failures::next) of the one before.
    pub cursor: Option<Cursor>,
    /// The items of a page: at most [`MAX_PAGE`]; zero means [`DEFAULT_PAGE`].
    pub limit: usize,
}

/// Where a page of a list begins: behind the item with this time and place.
///
/// ```
/// use choreograph_observer::model::Cursor;
///
/// let cursor: Cursor = "1767225600000-12".parse()?;
/// assert_eq!(cursor.to_string(), "1767225600000-12");
/// assert!("12".parse::<Cursor>().is_err());
/// # Ok::<(), choreograph_observer::model::BadCursor>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    pub(super) at: Millis,
    pub(super) place: u32,
}

/// The text is no cursor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no place in a list: {0:?}: pass on what the page before says as `next`, or nothing for the first page"
)]
pub struct BadCursor(String);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.at, self.place)
    }
}

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        text.split_once('-')
            .filter(|(at, place)| digits(at) && digits(place))
            .and_then(|(at, place)| Some(Self { at: at.parse().ok()?, place: place.parse().ok()? }))
            .ok_or_else(|| BadCursor(text.chars().take(80).collect()))
    }
}

/// The items of a page for a limit that was asked for.
pub(super) fn page(limit: usize) -> usize {
    if limit == 0 { DEFAULT_PAGE } else { limit.min(MAX_PAGE) }
}
