//! What a page may ask to be done, where the program that embeds the observer offers it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// Dead letters in one request.
pub const MAX_LETTERS: usize = 1_000;

/// Carries out what operators ask for. The observer itself only reads: without an operator it has no such routes.
///
/// One call at a time for each request, on a thread that may block.
pub trait Operator: Send + Sync + fmt::Debug {
    /// Carries out `action`, and says what came of it, as JSON for the page: in `outcomes`, how many dead letters had which
    /// outcome.
    ///
    /// # Errors
    ///
    /// When it cannot be carried out, in a sentence for the operator.
    fn act(&self, action: &Action) -> Result<Value, String>;
}

/// What an operator asks for: the body of `POST /api/dead-letters/replay` and its like.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Action {
    /// What is to be done; said by the path.
    #[serde(skip_deserializing)]
    pub kind: ActionKind,
    /// The dead letters, by their places.
    pub letters: Vec<Letter>,
    /// Who asks for it.
    pub actor: String,
    /// The new value, of an edit: JSON byte by byte as it was written, for numbers that were taken apart lose digits.
    #[serde(default, deserialize_with = "as_written")]
    pub value: Option<Box<RawValue>>,
    /// Why, of a discard.
    #[serde(default)]
    pub because: Option<String>,
    /// Whether only to say what would be done.
    #[serde(default)]
    pub dry_run: bool,
}

/// A value that is there, be it `null`.
fn as_written<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(from).map(Some)
}

/// What is done with dead letters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// They go to the step that set them aside once more.
    #[default]
    Replay,
    /// The same with another value.
    Edit,
    /// They are given up.
    Discard,
}

/// The place of a dead letter, as [`crate::answer::DeadLetter`] tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Its own id.
    pub id: String,
    /// The dead-letter topic, without the namespace.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}
